/* Columns from parts are those of the records written down: every row of stores of ordinary
 * traffic, of many shapes, of the format's examples and of records with wrong values. */
#include "base/zone.h"
#include "tests/test.h"
#include "trail/columns.h"
#include "trail/trail.h"

static const char *build;
static char dir[4096];

static bool run(const char *command)
{
    char line[9000];

    snprintf(line, sizeof line, "D='%s' B='%s'; %s", dir, build, command);
    return system(line) == 0;
}

/* What numbers of values promise, in one pass over the store. */
struct numbered {
    struct value value[COLUMN_COUNT][64];
};

static void keep_promise(struct numbered *n, const struct record *r, struct arena *kept)
{
    for (int i = 0; i < COLUMN_COUNT; i++) {
        const struct value *v = &r->column[i];
        struct value *known = &n->value[i][v->same % 64];

        if (v->same == 0)
            continue;
        CHECK(v->kind != VALUE_MISSING);
        if (known->same == v->same)
            CHECK(value_equal(known, v));
        *known = *v;
        if (v->kind == VALUE_TEXT)
            known->text = arena_copy(kept, v->text);
        if (v->kind == VALUE_LIST) { /* of constant texts */
            struct str *at = arena_alloc(kept, (v->list.count + 1) * sizeof *at);

            memcpy(at, v->list.at, v->list.count * sizeof *at);
            known->list.at = at;
        }
    }
}

static void compare(const char *store, const bool wanted[COLUMN_COUNT], const struct zone *zone)
{
    struct trail *parts, *whole;
    struct columns *c = columns_new(wanted, false, zone);
    struct numbered *numbered = calloc(1, sizeof *numbered);
    struct arena arena = {0}, other = {0}, kept = {0};
    struct err err;

    CHECK(numbered && trail_open(&parts, store, &err) == 0);
    CHECK(trail_open(&whole, store, &err) == 0 && trail_count(whole) > 0);
    for (uint64_t seq = 0; seq < trail_count(whole); seq += 1 + seq % 11 / 10) {
        struct trail_row row;
        struct record a, b;

        arena_reset(&arena);
        arena_reset(&other);
        CHECK(trail_record(parts, seq, c, &a, &arena, &err) == 0);
        CHECK(trail_row(whole, seq, &row, &err) == 0);
        record_read(&b, &row.input, zone, &other);
        CHECK(a.reject == b.reject);
        for (int i = 0; i < COLUMN_COUNT; i++)
            if ((wanted[i] || a.column[i].kind != VALUE_MISSING) &&
                !value_equal(&a.column[i], &b.column[i])) {
                fprintf(stderr, "%s, row %llu: %s\n", store, (unsigned long long)seq,
                        column_name((enum column)i));
                exit(1);
            }
        keep_promise(numbered, &a, &kept);
    }
    trail_close(parts);
    trail_close(whole);
    columns_free(c);
    free(numbered);
    arena_release(&arena);
    arena_release(&other);
    arena_release(&kept);
}

/* All that can be had so, each third of these, and whatever there is. */
static void compare_all(const char *name, const struct zone *zone)
{
    static const enum column in_full[] = {COLUMN_HTTP_URL, COLUMN_HTTP_PATH,
                                          COLUMN_HTTP_QUERY, COLUMN_GPC_ASKED};
    bool wanted[COLUMN_COUNT];
    char store[4200];

    snprintf(store, sizeof store, "%s/%s", dir, name);
    for (int third = 0; third < 5; third++) {
        for (int i = 0; i < COLUMN_COUNT; i++)
            wanted[i] = third >= 3 || i % 3 == third;
        for (size_t i = 0; third < 4 && i < sizeof in_full / sizeof in_full[0]; i++)
            wanted[in_full[i]] = false;
        compare(store, wanted, zone);
    }
}

int main(void)
{
    struct zone *zone;
    struct err err;

    build = getenv("B") ? getenv("B") : "build/cc";
    snprintf(dir, sizeof dir, "%s/gpca-columns-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    CHECK(mkdtemp(dir) && zone_load(&zone, "Europe/London", &err) == 0);
    CHECK(run("$B/bench/generate 6000 7 >$D/plain.in && $B/bench/generate --hurt 1500 8 "
              ">$D/hurt.in && $B/bench/generate --chaos 800 9 >$D/chaos.in"));
    /* Values that make a record malformed, or other than its shape lets expect. */
    CHECK(run("awk 'NR % 9 == 1 {sub(/\"time\":\"20/, \"\\\"time\\\":\\\"2O\")}"
              "NR % 9 == 2 {sub(/\"source\":\"[^\"]*/, \"\\\"source\\\":\\\"\")}"
              "NR % 9 == 3 {sub(/\"status\":2/, \"\\\"status\\\":9.\")}"
              "NR % 9 == 4 {sub(/nhsNumber\":\"/, \"nhsNumber\\\":\\\"\\\\u0039\")}"
              "NR % 9 == 5 {sub(/gpconnect:/, \"gpconnect:x\")}"
              "NR % 9 == 6 {sub(/\"nhsNumber\":\"[^\"]*\"/, \"\\\"nhsNumber\\\":\\\"\\\"\")}"
              "NR % 9 == 7 {sub(/\"seq\":/, \"\\\"seq\\\":-\")}"
              "NR % 9 == 8 {sub(/Bearer /, \"Bearer  \")} {print}' $D/plain.in >$D/wrong.in"));
    CHECK(run("[ ! -e ../shared/format/examples/records.ndjson ] || "
              "cat ../shared/format/examples/records.ndjson >>$D/wrong.in"));
    for (int i = 0; i < 4; i++) {
        static const char *const sets[] = {"plain", "hurt", "chaos", "wrong"};
        char command[256];

        snprintf(command, sizeof command, "$B/collector/collector ingest --store $D/%s "
                 "$D/%s.in >/dev/null 2>$D/log; [ $? -le 1 ]", sets[i], sets[i]);
        CHECK(run(command));
        compare_all(sets[i], zone);
    }
    CHECK(run("rm -rf $D"));
    zone_free(zone);
    return 0;
}
