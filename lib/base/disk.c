/* disk.c - the POSIX disk.
 *
 * fsync of a file does not make its name durable, so whoever creates or renames one syncs
 * the directory too (disk_replace() does it all). */
#include "base/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

struct disk_file {
    int fd;
    char *path;
};

int disk_open(struct disk_file **out, const char *path, enum disk_mode mode, struct err *err)
{
    int flags = mode == DISK_READ ? O_RDONLY : O_RDWR;
    int fd;

    if (mode == DISK_CREATE)
        flags |= O_CREAT;
    do
        fd = open(path, flags | O_CLOEXEC, 0640);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        bool missing = errno == ENOENT;

        err_errno(err, "cannot open %s", path);
        err->code = missing ? ERR_MISSING : ERR_IO;
        return err->code;
    }
    *out = xmalloc(sizeof **out);
    (*out)->fd = fd;
    (*out)->path = xstrdup(path);
    return 0;
}

void disk_close(struct disk_file *f)
{
    if (!f)
        return;
    close(f->fd);
    free(f->path);
    free(f);
}

const char *disk_path(const struct disk_file *f)
{
    return f->path;
}

int disk_size(struct disk_file *f, uint64_t *out, struct err *err)
{
    struct stat st;

    if (fstat(f->fd, &st) < 0)
        return err_errno(err, "cannot look at %s", f->path);
    *out = (uint64_t)st.st_size;
    return 0;
}

int disk_read(struct disk_file *f, void *out, size_t len, uint64_t at, struct err *err)
{
    char *to = out;

    while (len > 0) {
        ssize_t n = pread(f->fd, to, len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "cannot read %s", f->path);
        if (n == 0)
            return err_set(err, ERR_CORRUPT, "%s ends early, at byte %llu", f->path,
                           (unsigned long long)at);
        to += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return 0;
}

int disk_write(struct disk_file *f, struct str bytes, uint64_t at, struct err *err)
{
    while (bytes.len > 0) {
        ssize_t n = pwrite(f->fd, bytes.at, bytes.len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "cannot write %s", f->path);
        bytes = str_part(bytes, (size_t)n, bytes.len);
        at += (uint64_t)n;
    }
    return 0;
}

int disk_sync(struct disk_file *f, struct err *err)
{
    return fdatasync(f->fd) < 0 ? err_errno(err, "cannot sync %s", f->path) : 0;
}

int disk_truncate(struct disk_file *f, uint64_t len, struct err *err)
{
    return ftruncate(f->fd, (off_t)len) < 0 ? err_errno(err, "cannot cut %s", f->path) : 0;
}

int disk_lock(struct disk_file *f, struct err *err)
{
    if (flock(f->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return err_set(err, ERR_BUSY, "%s is held by another process", f->path);
    return err_errno(err, "cannot lock %s", f->path);
}

int disk_sync_dir(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return err_errno(err, "cannot open directory %s", dir);
    if (fsync(fd) < 0)
        rc = err_errno(err, "cannot sync directory %s", dir);
    close(fd);
    return rc;
}

int disk_rename(const char *from, const char *to, struct err *err)
{
    return rename(from, to) < 0 ? err_errno(err, "cannot rename %s to %s", from, to) : 0;
}

int disk_unlink(const char *path, struct err *err)
{
    return unlink(path) < 0 ? err_errno(err, "cannot remove %s", path) : 0;
}

int disk_make_dir(const char *dir, unsigned mode, struct err *err)
{
    if (mkdir(dir, (mode_t)mode) == 0 || errno == EEXIST)
        return 0;
    return err_errno(err, "cannot make directory %s", dir);
}

int disk_free(const char *dir, uint64_t *bytes, struct err *err)
{
    struct statvfs v;

    if (statvfs(dir, &v) < 0)
        return err_errno(err, "cannot look at the file system of %s", dir);
    *bytes = (uint64_t)v.f_bavail * v.f_frsize;
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int disk_list(const char *dir, struct buf *out, size_t *count, struct err *err)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    char **name = NULL;
    size_t n = 0;

    if (!d) {
        bool missing = errno == ENOENT;

        err_errno(err, "cannot list %s", dir);
        err->code = missing ? ERR_MISSING : ERR_IO;
        return err->code;
    }
    while ((entry = readdir(d)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        name = xrealloc(name, (n + 1) * sizeof *name);
        name[n++] = xstrdup(entry->d_name);
    }
    closedir(d);
    if (n > 0)
        qsort(name, n, sizeof *name, compare_names);
    for (size_t i = 0; i < n; i++) {
        buf_put(out, name[i], strlen(name[i]) + 1);
        free(name[i]);
    }
    free(name);
    *count = n;
    return 0;
}

int disk_read_all(const char *path, size_t max, struct buf *out, struct err *err)
{
    struct disk_file *f = NULL;
    uint64_t size = 0;
    int rc;

    if ((rc = disk_open(&f, path, DISK_READ, err)) < 0)
        return rc;
    if ((rc = disk_size(f, &size, err)) < 0)
        goto out;
    if (size > max) {
        rc = err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, max);
        goto out;
    }
    if ((rc = disk_read(f, buf_reserve(out, size), size, 0, err)) == 0)
        out->len += size;
out:
    disk_close(f);
    return rc;
}

int disk_replace(const char *dir, const char *path, struct str bytes, unsigned mode,
                 struct err *err)
{
    char temporary[LIMIT_PATH_BYTES];
    struct disk_file *f = NULL;
    int rc;

    if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
        return err_set(err, ERR_LIMIT, "the path %s is too long", path);
    if ((rc = disk_open(&f, temporary, DISK_CREATE, err)) < 0)
        return rc;
    if (fchmod(f->fd, (mode_t)mode) < 0) {
        rc = err_errno(err, "cannot set the mode of %s", temporary);
        goto out;
    }
    if ((rc = disk_truncate(f, 0, err)) < 0 || (rc = disk_write(f, bytes, 0, err)) < 0 ||
        (rc = disk_sync(f, err)) < 0 || (rc = disk_rename(temporary, path, err)) < 0)
        goto out;
    rc = disk_sync_dir(dir, err);
out:
    disk_close(f);
    return rc;
}

int64_t disk_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
