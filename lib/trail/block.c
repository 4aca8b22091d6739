/* block.c - see block.h. */
#include "trail/block.h"

#include "base/cursor.h"
#include "base/deflate.h"
#include "base/limits.h"

enum { FLAG_POSITION = 1, FLAG_TOO_LARGE = 2 };

/* Of all rows at their largest, with room for their lengths. */
enum { RAW_MAX = LIMIT_GROUP_BYTES + LIMIT_RECORD_BYTES + LIMIT_BLOCK_ROWS * 80 };

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

void block_encode(struct buf *out, const struct block_row *rows, size_t count)
{
    struct buf raw = {0};
    uint64_t expected = 0;

    for (size_t i = 0; i < count; i++) {
        const struct block_row *r = &rows[i];
        unsigned flags = (r->has_position ? FLAG_POSITION : 0U) |
                         (r->too_large ? FLAG_TOO_LARGE : 0U);

        buf_put_varint(&raw, r->bytes.len);
        buf_put_varint(&raw, flags);
        if (r->has_position) {
            buf_put_varint(&raw, zigzag((int64_t)(r->position - expected)));
            expected = r->position + (r->too_large ? r->full_len : r->bytes.len) + 1;
        }
        if (r->too_large) {
            buf_put_varint(&raw, r->full_len);
            buf_put(&raw, r->full_sha, HASH_BYTES);
        }
    }
    for (size_t i = 0; i < count; i++)
        buf_put_str(&raw, rows[i].bytes);
    buf_put_u8(out, BLOCK_VERBATIM);
    buf_put_varint(out, count);
    buf_put_varint(out, raw.len);
    deflate_block(out, buf_str(&raw), 6);
    buf_release(&raw);
}

static void decode_row(struct block_row *r, struct cursor *c, uint64_t *len,
                       uint64_t *expected)
{
    uint64_t flags;

    memset(r, 0, sizeof *r);
    *len = cursor_varint(c);
    flags = cursor_varint(c);
    r->has_position = flags & FLAG_POSITION;
    r->too_large = flags & FLAG_TOO_LARGE;
    r->full_len = *len;
    if (r->has_position)
        r->position = *expected + (uint64_t)unzigzag(cursor_varint(c));
    if (r->too_large) {
        struct str sha;

        r->full_len = cursor_varint(c);
        sha = cursor_bytes(c, HASH_BYTES);
        if (sha.len == HASH_BYTES)
            memcpy(r->full_sha, sha.at, HASH_BYTES);
    }
    if (r->has_position)
        *expected = r->position + r->full_len + 1;
    if (*len > LIMIT_RECORD_BYTES || flags > (FLAG_POSITION | FLAG_TOO_LARGE))
        c->bad = true;
}

int block_decode(struct block_row *rows, size_t count, struct str bytes, struct arena *arena,
                 struct err *err)
{
    struct cursor c = {bytes, false};
    uint64_t len[LIMIT_BLOCK_ROWS];
    uint64_t expected = 0;
    uint8_t codec = cursor_u8(&c);
    uint64_t rows_there = cursor_varint(&c);
    uint64_t raw_len = cursor_varint(&c);
    char *raw;
    int rc;

    if (codec != BLOCK_VERBATIM && !c.bad)
        return err_set(err, ERR_NEWER, "a block has codec %u, which this version does not"
                       " know: use a newer gpca", codec);
    if (c.bad || rows_there != count || count > LIMIT_BLOCK_ROWS || raw_len > RAW_MAX)
        return err_set(err, ERR_CORRUPT, "the lengths of a block contradict");
    raw = arena_alloc(arena, raw_len);
    if ((rc = inflate_block(raw, raw_len, c.rest, err)) < 0)
        return rc;
    c = (struct cursor){{raw, raw_len}, false};
    for (size_t i = 0; i < count; i++)
        decode_row(&rows[i], &c, &len[i], &expected);
    for (size_t i = 0; i < count; i++)
        rows[i].bytes = cursor_bytes(&c, len[i]);
    if (c.bad || c.rest.len != 0)
        return err_set(err, ERR_CORRUPT, "the rows of a block contradict its length");
    return 0;
}

bool block_row_equal(const struct block_row *a, const struct block_row *b)
{
    return str_equal(a->bytes, b->bytes) && a->has_position == b->has_position &&
           a->position == b->position && a->too_large == b->too_large &&
           (!a->too_large || (a->full_len == b->full_len &&
                              memcmp(a->full_sha, b->full_sha, HASH_BYTES) == 0));
}
