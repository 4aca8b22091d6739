/* feed.c - see feed.h. Compressed or not is told by the first two bytes. */
#include "collector/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deflate.h"
#include "base/limits.h"
#include "base/mem.h"

enum { FEED_CHUNK = 256 * 1024 };

struct feed {
    int fd;
    char *name;
    uint64_t size, done;
    bool packed, looked;
    struct gunzip *gunzip;
    char chunk[FEED_CHUNK];
    struct str rest; /* of chunk, not yet inflated */
    bool end, within; /* within: a gzip member has begun and not ended */
};

static int spool(struct feed *f, const char *dir, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    ssize_t n;

    if (snprintf(path, sizeof path, "%s/stdin.XXXXXX", dir) >= (int)sizeof path)
        return err_set(err, ERR_LIMIT, "the path of the store is too long");
    if ((f->fd = mkstemp(path)) < 0)
        return err_errno(err, "cannot keep standard input in %s", dir);
    unlink(path);
    while ((n = read(STDIN_FILENO, f->chunk, sizeof f->chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "cannot read standard input");
        for (ssize_t at = 0; at < n;) {
            ssize_t w = write(f->fd, f->chunk + at, (size_t)(n - at));

            if (w < 0 && errno != EINTR)
                return err_errno(err, "cannot keep standard input in %s", dir);
            at += w > 0 ? w : 0;
        }
    }
    return 0;
}

int feed_open(struct feed **out, const char *path, const char *dir, struct err *err)
{
    struct feed *f = xcalloc(1, sizeof *f);
    struct stat st;
    int rc = 0;

    f->fd = -1;
    f->name = xstrdup(path);
    f->gunzip = gunzip_new();
    if (strcmp(path, "-") == 0)
        rc = spool(f, dir, err);
    else if ((f->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        rc = err_errno(err, "cannot open %s", path);
    if (rc == 0 && fstat(f->fd, &st) < 0)
        rc = err_errno(err, "cannot look at %s", path);
    if (rc == 0 && S_ISDIR(st.st_mode))
        rc = err_set(err, ERR_IO, "%s is a directory", path);
    if (rc == 0) {
        f->size = (uint64_t)st.st_size;
        rc = feed_rewind(f, err);
    }
    if (rc < 0) {
        feed_close(f);
        return rc;
    }
    *out = f;
    return 0;
}

void feed_close(struct feed *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    gunzip_free(f->gunzip);
    free(f->name);
    free(f);
}

int feed_rewind(struct feed *f, struct err *err)
{
    if (lseek(f->fd, 0, SEEK_SET) < 0)
        return err_errno(err, "cannot read %s twice (is it a pipe? give it as -)", f->name);
    gunzip_free(f->gunzip);
    f->gunzip = gunzip_new();
    f->rest.len = 0;
    f->done = 0;
    f->looked = f->end = f->within = false;
    return 0;
}

/* The next bytes of the file, up to a chunk, at `to`; *n is 0 at the end. */
static int read_file(struct feed *f, char *to, size_t *n, struct err *err)
{
    ssize_t got;

    do
        got = read(f->fd, to, FEED_CHUNK);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_errno(err, "cannot read %s", f->name);
    f->end = got == 0;
    f->done += (uint64_t)got;
    *n = (size_t)got;
    return 0;
}

static int fill(struct feed *f, struct err *err)
{
    int rc = read_file(f, f->chunk, &f->rest.len, err);

    f->rest.at = f->chunk;
    if (rc == 0 && !f->looked) {
        f->packed = f->rest.len >= 2 && (uint8_t)f->chunk[0] == 0x1f &&
                    (uint8_t)f->chunk[1] == 0x8b;
        f->looked = true;
    }
    return rc;
}

/* Content that is as it stands in the file goes right to where it is wanted. */
static int next_plain(struct feed *f, struct buf *out, struct err *err)
{
    size_t n = f->rest.len;
    int rc = 0;

    if (n > 0) {
        buf_put_str(out, f->rest);
        f->rest.len = 0;
        return 1;
    }
    if (!f->end && (rc = read_file(f, buf_reserve(out, FEED_CHUNK), &n, err)) == 0)
        out->len += n;
    return rc < 0 ? rc : n > 0;
}

int feed_next(struct feed *f, struct buf *out, struct err *err)
{
    size_t before = out->len;
    int rc;

    while (out->len == before) {
        if (f->looked && !f->packed)
            return next_plain(f, out, err);
        if (f->rest.len == 0 && !f->end && (rc = fill(f, err)) < 0)
            return rc;
        if (f->end && f->within)
            return err_set(err, ERR_INVALID, "%s: the gzip data end early; the records"
                           " before that are taken", f->name);
        if (f->end)
            break;
        if (!f->packed)
            continue;
        if ((rc = gunzip_next(f->gunzip, &f->rest, out, FEED_CHUNK, err)) < 0) {
            struct err inner = *err;

            return err_set(err, (enum err_code)rc, "%s: %s", f->name, inner.text);
        }
        f->within = rc > 0;
    }
    return out->len > before;
}

uint64_t feed_size(const struct feed *f)
{
    return f->size;
}

uint64_t feed_done(const struct feed *f)
{
    return f->done;
}
