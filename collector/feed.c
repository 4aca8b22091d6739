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

static int fill(struct feed *f, struct err *err)
{
    ssize_t n;

    do
        n = read(f->fd, f->chunk, sizeof f->chunk);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_errno(err, "cannot read %s", f->name);
    f->end = n == 0;
    f->done += (uint64_t)n;
    f->rest = (struct str){f->chunk, (size_t)n};
    if (!f->looked)
        f->packed = n >= 2 && (uint8_t)f->chunk[0] == 0x1f && (uint8_t)f->chunk[1] == 0x8b;
    f->looked = true;
    return 0;
}

int feed_next(struct feed *f, struct buf *out, struct err *err)
{
    size_t before = out->len;
    int rc;

    while (out->len == before) {
        if (f->rest.len == 0 && !f->end && (rc = fill(f, err)) < 0)
            return rc;
        if (f->end && f->within)
            return err_set(err, ERR_INVALID, "%s: the gzip data end early; the records"
                           " before that are taken", f->name);
        if (f->end)
            break;
        if (!f->packed) {
            buf_put_str(out, f->rest);
            f->rest.len = 0;
            return 1;
        }
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
