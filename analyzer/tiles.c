/* tiles.c - `analyzer tiles`: the log in the form that other people's verifiers read (C2SP
 * tlog-tiles). Level 0 and the entries are made of the records; a level above is made of
 * the full tiles below it. Memory is 32 bytes a record. */
#include "analyzer/commands.h"
#include "analyzer/leaf.h"
#include "base/disk.h"
#include "base/bytes.h"
#include "base/limits.h"

enum { TILE_WIDTH = 256 };

/* Make the directories of a path below out, then write it. */
static int write_below(const char *out, struct str below, struct str bytes, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    struct disk_file *f = NULL;
    int n = snprintf(path, sizeof path, "%s/%.*s", out, STR_ARG(below));
    int rc = 0;

    if (n < 0 || n >= (int)sizeof path)
        return err_set(err, ERR_LIMIT, "the path of a tile is too long");
    for (char *p = path + strlen(out) + 1; rc == 0 && (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        rc = disk_make_dir(path, 0755, err);
        *p = '/';
    }
    if (rc < 0 || (rc = disk_open(&f, path, DISK_CREATE, err)) < 0)
        return rc;
    if ((rc = disk_truncate(f, 0, err)) == 0)
        rc = disk_write(f, bytes, 0, err);
    disk_close(f);
    return rc;
}

static int write_tile(const char *out, int level, uint64_t index, size_t width,
                      struct str bytes, struct err *err)
{
    struct buf path = {0};
    int rc;

    tile_path(&path, level, index, (unsigned)width);
    rc = write_below(out, buf_str(&path), bytes, err);
    buf_release(&path);
    return rc;
}

/* All tiles of one level; the hashes of the next take the place of this one's. */
static int write_level(const char *out, int level, struct buf *hashes, struct err *err)
{
    size_t count = hashes->len / HASH_BYTES;
    struct buf above = {0};
    int rc = 0;

    for (size_t from = 0; rc == 0 && from < count; from += TILE_WIDTH) {
        size_t width = count - from < TILE_WIDTH ? count - from : TILE_WIDTH;
        const char *at = hashes->at + from * HASH_BYTES;
        uint8_t node[HASH_BYTES];

        rc = write_tile(out, level, from / TILE_WIDTH, width,
                        (struct str){at, width * HASH_BYTES}, err);
        if (width == TILE_WIDTH) {
            tree_root(node, (const uint8_t *)at, TILE_WIDTH);
            buf_put(&above, node, sizeof node);
        }
    }
    buf_release(hashes);
    *hashes = above;
    return rc;
}

static int write_entries(struct trail *t, const char *out, struct buf *leaves,
                         struct err *err)
{
    struct buf bundle = {0};
    uint64_t count = trail_count(t);
    int rc = 0;

    for (uint64_t i = 0; rc == 0 && i < count; i++) {
        uint8_t entry[TREE_ENTRY_BYTES];
        uint8_t nonce[TREE_NONCE_BYTES];
        uint8_t leaf[HASH_BYTES];
        uint8_t len[2];
        struct trail_row row;

        if ((rc = leaf_read(t, i, &row, nonce, entry, leaf, err)) < 0)
            break;
        buf_put(leaves, leaf, sizeof leaf);
        put_be16(len, TREE_ENTRY_BYTES);
        buf_put(&bundle, len, sizeof len);
        buf_put(&bundle, entry, sizeof entry);
        if (i % TILE_WIDTH == TILE_WIDTH - 1 || i + 1 == count) {
            rc = write_tile(out, -1, i / TILE_WIDTH, (size_t)(i % TILE_WIDTH) + 1,
                            buf_str(&bundle), err);
            buf_clear(&bundle);
        }
    }
    buf_release(&bundle);
    return rc;
}

int tiles_run(const struct options *o)
{
    struct trail *t = NULL;
    struct buf hashes = {0};
    struct err err;
    int rc;

    if ((rc = trail_open(&t, o->store, &err)) < 0 ||
        (rc = disk_make_dir(o->out, 0755, &err)) < 0 ||
        (rc = write_entries(t, o->out, &hashes, &err)) < 0)
        goto out;
    for (int level = 0; rc == 0 && hashes.len > 0; level++)
        rc = write_level(o->out, level, &hashes, &err);
    if (rc == 0)
        rc = write_below(o->out, STR("checkpoint"), trail_checkpoint(t), &err);
out:
    buf_release(&hashes);
    trail_close(t);
    return rc < 0 ? complain(err.text) : 0;
}
