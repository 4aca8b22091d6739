/* Records as messages, which may hold line feeds: JSONTestSuite's files that have some, each
 * as the extra member of a good record, through the writer of the store and back. Those that
 * must be rejected are malformed, their bytes intact; those that must be accepted are good. */
#include <dirent.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/zone.h"
#include "tests/test.h"
#include "trail/trail.h"
#include "trail/writer.h"

#define SUITE "../shared/corpora/json-test-suite/test_parsing"

static void wrap(struct buf *out, const char *name)
{
    char path[512];
    struct err err;

    snprintf(path, sizeof path, "%s/%s", SUITE, name);
    buf_clear(out);
    buf_put_text(out, "{\"time\":\"2026-03-10T09:15:30Z\",\"source\":\"s\",\"seq\":1,"
                      "\"kind\":\"heartbeat\",\"x\":");
    CHECK(disk_read_all(path, 1 << 20, out, &err) == 0);
    buf_put_text(out, "}");
}

static bool has_line_feed(const struct buf *b)
{
    return str_index(buf_str(b), '\n') < b->len;
}

static int check(const char *dir, const struct zone *zone)
{
    DIR *d = opendir(SUITE);
    struct trail_source source = {STR("file"), STR("-"), FORMAT_GPC_AUDIT, STR("")};
    struct trail_writer *w = NULL;
    struct trail_opened what;
    struct buf bytes = {0}, all = {0};
    size_t end[400];
    size_t n = 0;
    struct dirent *e;
    struct trail *t;
    struct err err;

    CHECK(trail_writer_open(&w, dir, zone, &what, &err) == 0);
    CHECK(trail_writer_source(w, &source, &err) == 0);
    while ((e = readdir(d)) && n < 400) {
        struct trail_new_row row = {.received_us = 1770000000000000};
        struct trail_taken taken;

        if (e->d_name[0] != 'y' && e->d_name[0] != 'n')
            continue;
        wrap(&bytes, e->d_name);
        if (!has_line_feed(&bytes))
            continue;
        row.bytes = buf_str(&bytes);
        row.full_len = bytes.len;
        CHECK(trail_writer_add(w, &row, &taken, &err) == 0);
        if ((taken.judgement.reject == REJECT_NONE) != (e->d_name[0] == 'y')) {
            fprintf(stderr, "%s: reject %d\n", e->d_name, (int)taken.judgement.reject);
            exit(1);
        }
        buf_put_str(&all, buf_str(&bytes));
        end[n++] = all.len;
    }
    closedir(d);
    CHECK(n >= 10);
    CHECK(trail_writer_commit(w, &err) == 0);
    trail_writer_close(w);
    CHECK(trail_open(&t, dir, &err) == 0);
    CHECK(trail_count(t) == n);
    for (size_t i = 0; i < n; i++) {
        struct trail_row row;
        size_t from = i ? end[i - 1] : 0;

        CHECK(trail_row(t, i, &row, &err) == 0);
        CHECK(str_equal(row.input.bytes, str_part(buf_str(&all), from, end[i])));
    }
    trail_close(t);
    buf_release(&bytes);
    buf_release(&all);
    printf("%zu messages with line feeds\n", n);
    return 0;
}

int main(void)
{
    char dir[512];
    char command[600];
    struct zone *zone = NULL;
    struct err err;
    DIR *d = opendir(SUITE);

    if (!d) {
        puts("the corpora are not there");
        return TEST_SKIPPED;
    }
    closedir(d);
    snprintf(dir, sizeof dir, "%s/gpca-messages.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    CHECK(mkdtemp(dir));
    CHECK(zone_load(&zone, "Europe/London", &err) == 0);
    check(dir, zone);
    zone_free(zone);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) != 0;
}
