/* reference.c - an extract is named by the first bytes of its SHA-256, so the same one is
 * kept once; beside it lies a small text with its name, checksum and day of receipt. */
#include "collector/reference.h"

#include "base/disk.h"
#include "base/hash.h"
#include "base/limits.h"
#include "record/csv.h"

enum { REFERENCE_MAX = 256 << 20 };

static uint64_t count_rows(struct str text)
{
    uint64_t rows = 0;
    struct str row;

    text = csv_text(text);
    while (csv_next(&row, &text))
        rows += csv_plain(row).len > 0;
    return rows > 0 ? rows - 1 : 0;
}

static int store_extract(const char *dir, const char *path, struct str text, uint64_t *rows,
                         struct err *err)
{
    uint8_t sha[HASH_BYTES];
    char file[LIMIT_PATH_BYTES];
    char hex[2 * HASH_BYTES + 1];
    const char *base = strrchr(path, '/');
    struct buf about = {0};
    struct disk_file *there = NULL;
    int rc;

    hash_sha256(sha, &text, 1);
    hash_hex(hex, sha, HASH_BYTES);
    if (snprintf(file, sizeof file, "%s/asid-%.16s.csv", dir, hex) >= (int)sizeof file - 16)
        return err_set(err, ERR_LIMIT, "the path of the store is too long");
    if (disk_open(&there, file, DISK_READ, err) == 0) {
        disk_close(there);
        return 0;
    }
    if ((rc = disk_replace(dir, file, text, 0644, err)) < 0)
        return rc;
    buf_printf(&about, "name %s\nsha256 %s\nreceived %lld\n", base ? base + 1 : path, hex,
               (long long)(disk_now_us() / 1000000));
    snprintf(file + strlen(file) - 4, 5, ".txt");
    rc = disk_replace(dir, file, buf_str(&about), 0644, err);
    buf_release(&about);
    if (rc == 0)
        *rows += count_rows(text);
    return rc;
}

int reference_keep(const char *dir, const char *path, struct feed *feed, uint64_t *rows,
                   struct err *err)
{
    char folder[LIMIT_PATH_BYTES];
    struct buf text = {0};
    int rc;

    if (snprintf(folder, sizeof folder, "%s/reference", dir) >= (int)sizeof folder)
        return err_set(err, ERR_LIMIT, "the path of the store is too long");
    while ((rc = feed_next(feed, &text, err)) > 0 && text.len <= REFERENCE_MAX)
        ;
    if (rc > 0)
        rc = err_set(err, ERR_LIMIT, "%s is larger than %d MiB", path, REFERENCE_MAX >> 20);
    if (rc == 0 && (rc = disk_make_dir(folder, 0755, err)) == 0)
        rc = store_extract(folder, path, buf_str(&text), rows, err);
    buf_release(&text);
    return rc;
}
