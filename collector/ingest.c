/* ingest.c - the inputs in order, directories walked by name; an input that cannot be read
 * does not stop the others, a store that fails does. */
#include "collector/ingest.h"

#include <sys/stat.h>

#include "base/disk.h"
#include "base/zone.h"
#include "base/limits.h"
#include "collector/intake.h"

enum { DIRECTORY_DEPTH = 64 };

struct run {
    struct intake intake;
    bool failed, store_failed;
};

static void ingest_file(struct run *r, const char *path)
{
    struct err err;
    int rc = intake_file(&r->intake, path, &r->store_failed, &err);

    if (rc < 0) {
        talk("%s", err.text);
        r->failed = true;
    }
}

static void ingest_path(struct run *r, const char *path, int depth)
{
    struct buf names = {0};
    const char *name;
    size_t count = 0;
    struct stat st;
    struct err err;

    if (r->store_failed || *r->intake.options->stop)
        return;
    if (strcmp(path, "-") == 0 || stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
        ingest_file(r, path);
        return;
    }
    if (depth > DIRECTORY_DEPTH || disk_list(path, &names, &count, &err) < 0) {
        talk("%s", depth > DIRECTORY_DEPTH ? "directories are nested too deep" : err.text);
        r->failed = true;
        count = 0;
    }
    name = names.at;
    for (size_t i = 0; i < count; i++, name += strlen(name) + 1) {
        char below[LIMIT_PATH_BYTES];

        if (name[0] == '.' ||
            snprintf(below, sizeof below, "%s/%s", path, name) >= (int)sizeof below ||
            lstat(below, &st) < 0 || S_ISLNK(st.st_mode))
            continue;
        ingest_path(r, below, depth + 1);
    }
    buf_release(&names);
}

static void greet(const struct trail_opened *what, const char *store)
{
    struct buf vkey = {0};

    if (what->created) {
        note_key_print(&vkey, &what->key);
        talk("made a new store in %s; its log is called %s", store, what->key.name);
        talk("verifier key: %.*s", STR_ARG(buf_str(&vkey)));
        talk("keep a copy of that key elsewhere: with `analyzer verify --vkey` it proves"
             " that nobody rewrote the log; keep %s/keys secret", store);
        buf_release(&vkey);
    }
    if (what->indexed > 0)
        talk("made the index of %llu records anew, which was missing",
             (unsigned long long)what->indexed);
    if (what->cut > 0)
        talk("cut %llu bytes of a write that was never finished or acknowledged",
             (unsigned long long)what->cut);
}

int ingest_run(const struct ingest_options *o)
{
    struct tally tally = {0};
    struct run r = {.intake = {.options = o, .tally = &tally}};
    struct trail_opened what;
    struct zone *zone = NULL;
    struct err err;
    double begun = talk_clock();
    bool ok = false;

    if (zone_load(&zone, "Europe/London", &err) < 0 ||
        trail_writer_open(&r.intake.writer, o->store, zone, &what, &err) < 0) {
        talk("%s", err.text);
        goto out;
    }
    tally.first_seq = what.rows;
    greet(&what, o->store);
    for (size_t i = 0; i < o->paths; i++)
        ingest_path(&r, o->path[i], 0);
    tally.records = trail_writer_rows(r.intake.writer) - what.rows;
    tally.bytes_stored = trail_writer_bytes(r.intake.writer);
    tally.seconds = talk_clock() - begun;
    if (*o->stop)
        talk("stopped; %llu records are committed, the same command goes on from there",
             (unsigned long long)tally.records);
    tally_talk(&tally);
    tally_print(&tally, o->json);
    ok = !r.failed && !r.store_failed && !*o->stop;
out:
    trail_writer_close(r.intake.writer);
    zone_free(zone);
    tally_release(&tally);
    return ok ? 0 : 1;
}
