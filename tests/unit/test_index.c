/* Whatever the index answers is what the records say: of ordinary traffic, of many shapes, of
 * the format's examples and of records with wrong values, whole stores and by each key. And an
 * index made by somebody who would hide a record, with our own code and good checksums: the
 * search that it misleads finds less, and verify says so, once, at its group. */
#include "base/bytes.h"
#include "base/hash.h"
#include "base/zone.h"
#include "record/nhs_number.h"
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
    struct indexed_group keys = {0};
    struct indexed_names names = {0};
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
        indexed_group_row(&keys, i, &j);
    }
    CHECK(index_open(&f, store, s->first_seq, true, &err) == 0 && f.entries == s->groups);
    f.entries--;
    CHECK(indexed_names_take(&names, &f, &err) == 0);
    indexed_group_encode(&entry, &keys, &names, g);
    f.entries++;
    CHECK(disk_truncate(f.file, f.entry[f.entries - 1].at, &err) == 0);
    CHECK(disk_write(f.file, buf_str(&entry), f.entry[f.entries - 1].at, &err) == 0);
    index_close(&f);
    indexed_group_release(&keys);
    indexed_names_release(&names);
    arena_release(&arena);
    buf_release(&entry);
    columns_free(columns);
    trail_close(t);
}

enum { HEAD = 168, LENGTHS = 112 };

/* Say that the first entry of the last segment is another group's, with good checksums. */
static void disown(void)
{
    struct index_file f;
    struct trail *t;
    uint8_t head[HEAD];
    struct err err;
    uint64_t first;

    CHECK(trail_open(&t, store, &err) == 0);
    first = trail_map(t)->segment[trail_map(t)->segments - 1].first_seq;
    trail_close(t);
    CHECK(index_open(&f, store, first, true, &err) == 0);
    CHECK(disk_read(f.file, head, sizeof head, 0, &err) == 0);
    head[20] ^= 1;
    put_le32(head + HEAD - 4, hash_crc32c(0, (struct str){(const char *)head, HEAD - 4}));
    CHECK(disk_write(f.file, (struct str){(const char *)head, sizeof head}, 0, &err) == 0);
    index_close(&f);
}

/* Move a byte from the odd rows to the untied ones, so that the first row is in neither. */
static void move_odd(void)
{
    struct index_file f;
    struct buf all = {0};
    struct err err;
    uint8_t *at;
    size_t from = HEAD;

    CHECK(index_open(&f, store, 0, true, &err) == 0 && f.entries == 1);
    CHECK(f.entry[0].len[LIST_UNTIED] == 5 && f.entry[0].len[LIST_ODD] == 6);
    CHECK(disk_read(f.file, buf_reserve(&all, f.size), f.size, 0, &err) == 0);
    all.len = (size_t)f.size;
    at = (uint8_t *)all.at;
    for (int i = 0; i < LIST_UNTIED; i++)
        from += f.entry[0].len[i];
    memcpy(at + from, "\0\1", 2);
    put_le32(at + from + 2, hash_crc32c(0, (struct str){all.at + from, 2}));
    at[from + 6] = 0;
    put_le32(at + from + 7, hash_crc32c(0, (struct str){all.at + from + 6, 1}));
    put_le32(at + LENGTHS + 4 * LIST_UNTIED, 6);
    put_le32(at + LENGTHS + 4 * LIST_ODD, 5);
    put_le32(at + HEAD - 8, hash_crc32c(0, (struct str){all.at + HEAD, all.len - HEAD}));
    put_le32(at + HEAD - 4, hash_crc32c(0, (struct str){all.at, HEAD - 4}));
    CHECK(disk_write(f.file, buf_str(&all), 0, &err) == 0);
    index_close(&f);
    buf_release(&all);
}

static void count_fault(void *ctx, const struct trail_fault *f)
{
    (*(size_t *)ctx)++;
    CHECK(strstr(f->file, ".idx") && strstr(f->text, "could hide them") && f->has_seq);
}

static size_t faults(void)
{
    struct trail_verdict v;
    struct err err;
    size_t n = 0;

    CHECK(trail_verify(store, NULL, zone, count_fault, &n, &v, &err) == 0 && v.faults == n);
    return n;
}

/* ---- answers ---- */

/* The columns that the index has, of a row as the scan gives it and as its record says. */
static void compare_row(const struct record *answer, const struct trail_row *row)
{
    struct arena arena = {0};
    struct record r;

    record_read(&r, &row->input, zone, &arena);
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (index_has((enum column)c) && c != COLUMN_PATIENT_REF &&
            !value_equal(&answer->column[c], &r.column[c])) {
            fprintf(stderr, "row %llu: %s\n", (unsigned long long)row->input.seq,
                    column_name((enum column)c));
            exit(1);
        }
    arena_release(&arena);
}

/* The rows that meet the filter, compared; with `whole` by reading every record. */
static size_t compare_rows(struct scan_filter f, bool whole, size_t *read)
{
    bool wanted[COLUMN_COUNT] = {false};
    struct trail *t, *records;
    struct record r;
    struct scan s;
    struct err err;
    size_t n = 0;

    for (int c = 0; c < COLUMN_COUNT; c++)
        wanted[c] = index_has((enum column)c);
    f.last_seq = UINT64_MAX;
    f.wanted = whole ? NULL : wanted;
    CHECK(trail_open(&t, store, &err) == 0 && trail_open(&records, store, &err) == 0);
    scan_begin(&s, t, &f, zone);
    CHECK(whole || s.by_index);
    *read = 0;
    for (; scan_next(&s, &r, &err) > 0; n++) {
        struct trail_row row;

        if (whole)
            continue;
        CHECK(trail_row(records, (uint64_t)r.column[COLUMN_SEQ].integer, &row, &err) == 0);
        compare_row(&r, &row);
        *read += r.column[COLUMN_HTTP_METHOD].kind != VALUE_MISSING; /* not of the index */
    }
    scan_end(&s);
    trail_close(t);
    trail_close(records);
    return n;
}

static void compare_key(struct scan_filter f)
{
    size_t read;

    CHECK(compare_rows(f, false, &read) == compare_rows(f, true, &read));
}

/* By the keys of some rows. */
static void compare_keys(void)
{
    struct trail *t;
    struct err err;

    CHECK(trail_open(&t, store, &err) == 0);
    for (uint64_t seq = 0; seq < trail_count(t); seq += 1 + trail_count(t) / 5) {
        struct arena arena = {0};
        struct trail_row row;
        struct record r;
        struct str patient;

        CHECK(trail_row(t, seq, &row, &err) == 0);
        record_read(&r, &row.input, zone, &arena);
        patient = nhs_number_plain(record_text(&r, COLUMN_PATIENT_NHS_NUMBER), &arena);
        if (patient.len > 0)
            compare_key((struct scan_filter){.patient = patient, .count_untied = true});
        compare_key((struct scan_filter){.user = record_text(&r, COLUMN_USER_KEY)});
        compare_key((struct scan_filter){.org = record_text(&r, COLUMN_ORG_ODS),
                                         .has_status = true, .status_max = 299});
        compare_key((struct scan_filter){.practice = record_text(&r, COLUMN_PRACTICE_ODS)});
        arena_release(&arena);
    }
    trail_close(t);
}

static void answers(const char *name, const char *make)
{
    char command[4096];
    size_t read, n;

    snprintf(command, sizeof command, "{ %s; } >$D/%s.in; GPCA_SEAL_ROWS=3000 $B/collector/collector "
             "ingest --store $D/%s $D/%s.in >/dev/null 2>&1; [ $? -le 1 ]", make, name, name,
             name);
    CHECK(run(command));
    snprintf(store, sizeof store, "%s/%s", dir, name);
    n = compare_rows((struct scan_filter){0}, false, &read);
    CHECK(n > 0 && (strcmp(name, "plain") != 0 || read == 0));
    compare_keys();
}

static void all_answers(void)
{
    answers("plain", "$B/bench/generate 9000 7");
    answers("hurt", "$B/bench/generate --hurt 1500 8");
    answers("chaos", "$B/bench/generate --chaos 800 9");
    answers("wrong",
            "awk 'NR % 11 == 1 {sub(/\"time\":\"20/, \"\\\"time\\\":\\\"2O\")}"
            "NR % 11 == 2 {sub(/\"source\":\"[^\"]*/, \"\\\"source\\\":\\\"\")}"
            "NR % 11 == 3 {sub(/\"status\":2/, \"\\\"status\\\":9.\")}"
            "NR % 11 == 4 {sub(/nhsNumber\":\"/, \"nhsNumber\\\":\\\"\\\\u0039\")}"
            "NR % 11 == 5 {sub(/gpconnect:/, \"gpconnect:x\")}"
            "NR % 11 == 0 {sub(/nhsNumber\":\"[^\"]*\"/, \"nhsNumber\\\":9990000018\")}"
            "NR % 22 == 5 {sub(/\"ods\":\"[^\"]*\"/, \"\\\"ods\\\":90020\")}"
            "NR % 11 == 6 {sub(/\"nhsNumber\":\"[^\"]*\"/, \"\\\"nhsNumber\\\":\\\"\\\"\")}"
            "NR % 11 == 7 {sub(/nhsNumber\":\"9/, \"nhsNumber\\\":\\\"9 \")}"
            "NR % 11 == 8 {sub(/Bearer /, \"Bearer  \")}"
            "NR % 11 == 9 {sub(/\"ods\":\"/, \"\\\"ods\\\":\\\"z\")}"
            "NR % 11 == 10 {s = sprintf(\"%300s\", \"\"); gsub(/ /, \"Q\", s);"
            " sub(/\"ods\":\"/, \"\\\"ods\\\":\\\"\" s)} {print}' $D/plain.in");
    answers("examples", "[ ! -e ../shared/format/examples/records.ndjson ] && head -n 50 "
            "$D/plain.in || cat ../shared/format/examples/records.ndjson");
    answers("csv", "cat ../shared/corpora/*/*ssptrans*.csv 2>/dev/null || head -n 50 $D/plain.in");
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
    all_answers();
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
    disown();
    CHECK(faults() == 1);
    CHECK(run("head -n 40 $D/in | sed '1s/\"nhsNumber\":\"\\(...\\)/\"nhsNumber\":\"\\1 /' >$D/odd; "
              "$B/collector/collector ingest --store $D/odd.s $D/odd >/dev/null 2>&1"));
    snprintf(store, sizeof store, "%s/odd.s", dir);
    CHECK(faults() == 0);
    move_odd();
    CHECK(faults() == 1);
    CHECK(run("rm -rf $D"));
    zone_free(zone);
    return 0;
}
