/* disk.h - every file call of the store, so that another disk can stand behind it.
 *
 * Paths are "directory/name" as given. A failed sync is final: the caller must end, since
 * the kernel may already have dropped the bytes. Short transfers and EINTR are handled
 * here. One thread owns a file. */
#ifndef BASE_DISK_H
#define BASE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct disk_file;

enum disk_mode { DISK_READ, DISK_WRITE, DISK_CREATE };

/* *out is the caller's, to disk_close(). ERR_MISSING where there is no such file. */
int disk_open(struct disk_file **out, const char *path, enum disk_mode mode, struct err *err);
void disk_close(struct disk_file *f); /* NULL is allowed */
const char *disk_path(const struct disk_file *f);

int disk_size(struct disk_file *f, uint64_t *out, struct err *err);
/* Exactly len bytes; ERR_CORRUPT where the file is shorter. */
int disk_read(struct disk_file *f, void *out, size_t len, uint64_t at, struct err *err);
int disk_write(struct disk_file *f, struct str bytes, uint64_t at, struct err *err);
int disk_sync(struct disk_file *f, struct err *err);
int disk_truncate(struct disk_file *f, uint64_t len, struct err *err);
/* ERR_BUSY where somebody else holds it; gone with disk_close(). */
int disk_lock(struct disk_file *f, struct err *err);

int disk_sync_dir(const char *dir, struct err *err);
int disk_rename(const char *from, const char *to, struct err *err);
int disk_unlink(const char *path, struct err *err);
int disk_make_dir(const char *dir, unsigned mode, struct err *err); /* there: fine */
int disk_free(const char *dir, uint64_t *bytes, struct err *err);
/* Names in dir, sorted, NUL-terminated one behind another in out; no "." and "..". */
int disk_list(const char *dir, struct buf *out, size_t *count, struct err *err);
/* Append the whole file; ERR_LIMIT above max. */
int disk_read_all(const char *path, size_t max, struct buf *out, struct err *err);
/* Write a temporary file beside path, sync, rename over it, sync the directory dir. */
int disk_replace(const char *dir, const char *path, struct str bytes, unsigned mode,
                 struct err *err);

int64_t disk_now_us(void); /* wall clock, microseconds since 1970 */

#endif
