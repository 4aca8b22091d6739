/* An index made by somebody who would hide a record, with our own code and good checksums:
 * the search that it misleads finds less, and verify says so, once, at its group. */
#include "base/zone.h"
#include "tests/test.h"
#include "trail/columns.h"
#include "trail/indexer.h"
#include "trail/scan.h"
#include "trail/trail.h"

static const char *build;
static char dir[4096], store[4200];
static struct zone *zone;

static bool run(const char *command)
{
    char line[9000];

    snprintf(line, sizeof line, "D='%s' B='%s'; %s", dir, build, command);
    return system(line) == 0;
}

/* Of which user the record is, NUL-terminated. */
static void user_of(uint64_t seq, char user[256])
{
    struct arena arena = {0};
    struct trail_row row;
    struct record r;
    struct trail *t;
    struct err err;

    CHECK(trail_open(&t, store, &err) == 0 && trail_row(t, seq, &row, &err) == 0);
    record_read(&r, &row.input, zone, &arena);
    snprintf(user, 256, "%.*s", STR_ARG(record_text(&r, COLUMN_USER_KEY)));
    arena_release(&arena);
    trail_close(t);
}

static size_t rows_of(const char *user)
{
    struct scan_filter f = {.last_seq = UINT64_MAX, .user = str_of(user)};
    struct record r;
    struct trail *t;
    struct scan s;
    struct err err;
    size_t n = 0;

    CHECK(trail_open(&t, store, &err) == 0);
    scan_begin(&s, t, &f, zone);
    while (scan_next(&s, &r, &err) > 0)
        n++;
    scan_end(&s);
    trail_close(t);
    return n;
}

/* The entry of the last group anew, without that user. */
static void forge(const char *user)
{
    struct columns *columns = indexer_columns(zone);
    struct index_group keys = {0};
    struct index_file f;
    struct arena arena = {0};
    struct buf entry = {0};
    struct trail *t;
    struct err err;
    const struct group *g;
    const struct segment *s;

    CHECK(trail_open(&t, store, &err) == 0);
    s = &trail_map(t)->segment[trail_map(t)->segments - 1];
    g = &trail_map(t)->group[s->first_group + s->groups - 1].head;
    for (uint32_t i = 0; i < g->rows; i++) {
        struct record r;
        struct judgement j;

        arena_reset(&arena);
        CHECK(trail_record(t, g->first_seq + i, columns, &r, &arena, &err) == 0);
        judge_full(&j, &r, &arena);
        if (str_equal(j.user, str_of(user)))
            j.user = STR("");
        index_group_row(&keys, i, &j);
    }
    CHECK(index_open(&f, store, s->first_seq, true, &err) == 0 && f.entries == s->groups);
    index_group_encode(&entry, &keys, g);
    CHECK(disk_truncate(f.file, f.entry[f.entries - 1].at, &err) == 0);
    CHECK(disk_write(f.file, buf_str(&entry), f.entry[f.entries - 1].at, &err) == 0);
    index_close(&f);
    index_group_release(&keys);
    arena_release(&arena);
    buf_release(&entry);
    columns_free(columns);
    trail_close(t);
}

static void count_fault(void *ctx, const struct trail_fault *f)
{
    (*(size_t *)ctx)++;
    CHECK(strstr(f->file, ".idx") && strstr(f->text, "could hide them") && f->has_seq &&
          f->last_seq == 4999);
}

static size_t faults(void)
{
    struct trail_verdict v;
    struct err err;
    size_t n = 0;

    CHECK(trail_verify(store, NULL, zone, count_fault, &n, &v, &err) == 0 && v.faults == n);
    return n;
}

int main(void)
{
    char user[256];
    size_t before;
    struct err err;

    build = getenv("B") ? getenv("B") : "build/cc";
    snprintf(dir, sizeof dir, "%s/gpca-index-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    CHECK(mkdtemp(dir) && zone_load(&zone, "Europe/London", &err) == 0);
    snprintf(store, sizeof store, "%s/s", dir);
    CHECK(run("$B/bench/generate 5000 7 >$D/in && $B/collector/collector ingest --store $D/s "
              "$D/in >/dev/null 2>&1"));
    user_of(4990, user);
    before = rows_of(user);
    CHECK(before > 0 && faults() == 0);
    forge(user);
    CHECK(rows_of(user) < before && faults() == 1);
    CHECK(run("rm $D/s/segments/*.idx && $B/collector/collector ingest --store $D/s "
              "$D/in >/dev/null 2>&1"));
    CHECK(rows_of(user) == before && faults() == 0);
    CHECK(run("rm -rf $D"));
    zone_free(zone);
    return 0;
}
