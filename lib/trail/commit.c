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

void commit_row(uint8_t out[HASH_BYTES], const struct block_row *row,
                const uint8_t nonce[TREE_NONCE_BYTES])
{
    uint8_t len[8];
    struct str part[3] = {row->bytes,
                          {(const char *)len, sizeof len},
                          {(const char *)row->full_sha, HASH_BYTES}};

    put_be64(len, row->full_len);
    entry_commit(out, nonce, part, row->too_large ? 3 : 1);
}

void commit_leaf(uint8_t out[HASH_BYTES], const struct entry *e)
{
    uint8_t bytes[TREE_ENTRY_BYTES];

    entry_encode(bytes, e);
    tree_leaf(out, (struct str){(const char *)bytes, sizeof bytes});
}
