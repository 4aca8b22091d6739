/* commit.c - see commit.h. */
#include "trail/commit.h"

#include "base/bytes.h"
#include "record/record.h"

struct entry commit_entry(uint64_t index, int64_t received_us, uint32_t source,
                          uint8_t format)
{
    struct entry e = {.class = 0, .index = index, .destruction_day = UINT32_MAX,
                      .source = source};

    e.kind = format == FORMAT_GPCA_EVENT || format == FORMAT_GPCA_ACCESS ? ENTRY_EVENT
                                                                         : ENTRY_RECORD;
    e.received_ms = (uint64_t)(received_us / 1000);
    return e;
}

/* What a row commits to; `len` is written. Returns the number of parts. */
static size_t parts_of(const struct block_row *row, uint8_t len[8], struct str part[3])
{
    put_be64(len, row->full_len);
    part[0] = row->bytes;
    part[1] = (struct str){(const char *)len, 8};
    part[2] = (struct str){(const char *)row->full_sha, HASH_BYTES};
    return row->too_large ? 3 : 1;
}

void commit_row(uint8_t out[HASH_BYTES], const struct block_row *row,
                const uint8_t nonce[TREE_NONCE_BYTES])
{
    uint8_t len[8];
    struct str part[3];
    size_t parts = parts_of(row, len, part);

    entry_commit(out, nonce, part, parts);
}

void commit_rows(struct tree_edge *edge, struct buf *tiles, struct entry *e,
                 const struct block_row *const *row, size_t count, const struct hash_key *key)
{
    struct hash_message m[TREE_BATCH];
    uint8_t leaf[TREE_BATCH][HASH_BYTES];
    uint8_t len[TREE_BATCH][8];

    for (size_t i = 0; i < count; i++)
        m[i].parts = parts_of(row[i], len[i], m[i].part);
    entries_hash(e, m, leaf, count, key);
    tree_edge_append_all(edge, leaf[0], count, tiles);
}
