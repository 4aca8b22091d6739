/* state.c - see state.h. The log is locked for one append only; another analyzer that has
 * it is waited for. */
#include "analyzer/state.h"

#include <pwd.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "record/print.h"
#include "record/reference.h"
#include "record/timestamp.h"
#include "trail/writer.h"

enum { LOCK_TRIES = 100, LOCK_WAIT_US = 50000 };

struct state {
    char dir[LIMIT_PATH_BYTES];
    char access[LIMIT_PATH_BYTES];
    uint8_t key[HASH_BYTES];
    char problem[640];
};

static int load_key(struct state *s, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    struct buf bytes = {0};
    int rc;

    if (snprintf(path, sizeof path, "%s/pseudonym", s->dir) >= (int)sizeof path)
        return err_set(err, ERR_LIMIT, "the path of the state is too long");
    if ((rc = disk_make_dir(s->dir, 0700, err)) < 0)
        return rc;
    rc = disk_read_all(path, 4096, &bytes, err);
    if (rc == ERR_MISSING)
        rc = disk_replace(s->dir, path, (struct str){(char *)s->key, HASH_BYTES}, 0600, err);
    else if (rc == 0 && bytes.len != HASH_BYTES)
        rc = err_set(err, ERR_INVALID, "%s is no key: put it back from your copy", path);
    else if (rc == 0)
        memcpy(s->key, bytes.at, HASH_BYTES);
    buf_release(&bytes);
    return rc;
}

struct state *state_new(const struct options *o)
{
    struct state *s = xcalloc(1, sizeof *s);
    const char *below = o->state ? "" : "/analyzer";
    const char *base = o->state ? o->state : o->store;
    struct err err;

    hash_random(s->key, sizeof s->key);
    if (snprintf(s->dir, sizeof s->dir, "%s%s", base, below) >= (int)sizeof s->dir ||
        snprintf(s->access, sizeof s->access, "%s%s/access", base, below) >=
            (int)sizeof s->access)
        snprintf(s->problem, sizeof s->problem, "the path of the state is too long");
    else if (load_key(s, &err) < 0)
        snprintf(s->problem, sizeof s->problem, "%s; references of patients hold for this run"
                 " only, and who asked cannot be logged: give --state DIR", err.text);
    return s;
}

void state_free(struct state *s)
{
    free(s);
}

const char *state_problem(const struct state *s)
{
    return s->problem;
}

const char *state_dir(const struct state *s)
{
    return s->dir;
}

const char *state_access_dir(const struct state *s)
{
    return s->access;
}

struct str state_reference(const struct state *s, struct str number, struct arena *arena)
{
    return reference_of(s->key, number, arena);
}

static void put_text(struct buf *out, const char *name, struct str text)
{
    buf_printf(out, ",\"%s\":", name);
    print_json_text(out, text);
}

static void print_entry(struct buf *out, uint64_t seq, int64_t now_us, const char *action,
                        struct str scope, const char *reason, uint64_t rows)
{
    char time[TIMESTAMP_BYTES + 8];
    char host[65] = "";
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());

    timestamp_print(time, now_us);
    gethostname(host, sizeof host - 1);
    buf_printf(out, "{\"time\":\"%s\",\"source\":\"gpca-analyzer\",\"seq\":%llu,\"kind\":"
                    "\"event\",\"access\":{\"uid\":%u", time, (unsigned long long)seq,
               (unsigned)getuid());
    if (user)
        put_text(out, "login", str_of(user->pw_name));
    if (sudo)
        put_text(out, "sudo", str_of(sudo));
    put_text(out, "host", str_of(host));
    put_text(out, "version", STR("0.1.0"));
    put_text(out, "action", str_of(action));
    put_text(out, "scope", scope);
    put_text(out, "reason", str_of(reason ? reason : "none given"));
    if (rows != STATE_ROWS_UNKNOWN)
        buf_printf(out, ",\"rows\":%llu", (unsigned long long)rows);
    buf_put_text(out, "}}");
}

static int open_log(const struct state *s, struct trail_writer **w, struct err *err)
{
    struct trail_opened what;
    int rc = ERR_BUSY;

    for (int i = 0; rc == ERR_BUSY && i < LOCK_TRIES; i++) {
        if (i > 0)
            usleep(LOCK_WAIT_US);
        rc = trail_writer_open(w, s->access, NULL, &what, err);
    }
    return rc;
}

int state_log(const struct state *s, const char *action, struct str scope, const char *reason,
              uint64_t rows, struct err *err)
{
    struct trail_source source = {STR(""), STR(""), FORMAT_GPCA_ACCESS, STR("")};
    struct trail_writer *w = NULL;
    struct trail_new_row row = {.received_us = disk_now_us()};
    struct buf entry = {0};
    struct trail_taken taken;
    int rc;

    if (*s->problem)
        return err_set(err, ERR_IO, "%s", s->problem);
    if ((rc = open_log(s, &w, err)) < 0)
        return rc;
    print_entry(&entry, trail_writer_rows(w), row.received_us, action, scope, reason, rows);
    row.bytes = buf_str(&entry);
    row.full_len = entry.len;
    if ((rc = trail_writer_source(w, &source, err)) == 0 &&
        (rc = trail_writer_add(w, &row, &taken, err)) == 0)
        rc = trail_writer_commit(w, err);
    trail_writer_close(w);
    buf_release(&entry);
    return rc;
}
