/* refer.c - `analyzer reference load | list | check`: a site's own lists, kept in the state.
 * Loading replaces a kind of file as a whole; what stood before is kept beside it. */
#include <sys/stat.h>

#include "analyzer/commands.h"
#include "analyzer/reference.h"
#include "analyzer/state.h"
#include "base/disk.h"
#include "base/limits.h"

enum { FILE_BYTES_MAX = 256 << 20 };

static void say_fault(void *ctx, const char *file, size_t line, const char *column,
                      const char *why)
{
    (void)ctx;
    printf("%s:%zu: %s%s%s\n", file, line, column, *column ? ": " : "", why);
}

static void say_kinds(const struct reference_data *r)
{
    for (size_t i = 0; i < reference_kinds(); i++) {
        bool used;
        const char *name = reference_kind(i, &used);

        if (reference_rows(r, i) > 0)
            printf("%-18s %8zu rows%s\n", name, reference_rows(r, i),
                   used ? "" : ", kept and not used yet");
    }
}

static int copy(const char *from, const char *to_dir, const char *name, struct err *err)
{
    char source[LIMIT_PATH_BYTES], target[LIMIT_PATH_BYTES], old[LIMIT_PATH_BYTES];
    struct buf text = {0}, before = {0};
    int rc;

    if (snprintf(source, sizeof source, "%s/%s", from, name) >= (int)sizeof source ||
        snprintf(target, sizeof target, "%s/%s", to_dir, name) >= (int)sizeof target ||
        snprintf(old, sizeof old, "%s/%s.%lld", to_dir, name,
                 (long long)disk_now_us()) >= (int)sizeof old)
        return err_set(err, ERR_LIMIT, "the path of the state is too long");
    rc = disk_read_all(source, FILE_BYTES_MAX, &text, err);
    if (rc == ERR_MISSING)
        return 0;
    if (rc == 0 && disk_read_all(target, FILE_BYTES_MAX, &before, err) == 0 &&
        !str_equal(buf_str(&before), buf_str(&text)))
        rc = disk_replace(to_dir, old, buf_str(&before), 0600, err);
    if (rc == 0)
        rc = disk_replace(to_dir, target, buf_str(&text), 0600, err);
    buf_release(&text);
    buf_release(&before);
    return rc;
}

static int keep(const char *from, const char *to_dir, struct err *err)
{
    int rc = disk_make_dir(to_dir, 0700, err);

    for (size_t i = 0; rc == 0 && i < reference_kinds(); i++) {
        bool used;

        rc = copy(from, to_dir, reference_kind(i, &used), err);
    }
    return rc;
}

int reference_run(const struct options *o)
{
    struct state *state = state_new(o);
    struct reference_data *r = reference_new();
    char kept[LIMIT_PATH_BYTES];
    bool load = strcmp(o->word, "load") == 0;
    size_t rows = 0, bad = 0;
    struct err err;
    int rc = 0;

    if (snprintf(kept, sizeof kept, "%s/reference", state_dir(state)) >= (int)sizeof kept)
        kept[0] = '\0';
    if (!load && strcmp(o->word, "list") != 0 && strcmp(o->word, "check") != 0) {
        complain("reference takes load DIR, list or check [DIR]");
        rc = 2;
    } else if (load && !o->other) {
        complain("reference load needs the directory with the files");
        rc = 2;
    } else if (*state_problem(state)) {
        rc = complain(state_problem(state));
    } else {
        rc = reference_read(r, o->other ? o->other : kept, say_fault, NULL, &rows, &bad, &err);
        if (rc == ERR_MISSING && !o->other)
            rc = 0; /* nothing was loaded yet */
        if (rc == 0 && load)
            rc = keep(o->other, kept, &err);
        if (rc < 0)
            rc = complain(err.text);
        else
            say_kinds(r);
        if (rc == 0)
            printf("%zu rows%s, %zu bad\n", rows, load ? " loaded" : "", bad);
        if (rc == 0 && bad > 0 && strcmp(o->word, "check") == 0)
            rc = 1;
    }
    reference_free(r);
    state_free(state);
    return rc;
}
