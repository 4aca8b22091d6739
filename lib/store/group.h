/* group.h - one row group: the unit of commit. Encodes to and decodes from the bytes of
 * format.h. Pure. */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/tree.h"

struct group_extent {
    uint32_t tag, len, crc;
    uint64_t at; /* from the start of the group */
};

struct group_source {
    uint32_t number;
    uint8_t format;
    struct str via, origin, header;
};

struct group_run {
    uint32_t rows, source, destruction_day;
    uint8_t kind;
    uint16_t class;
    int64_t received_us;
};

struct group_position {
    uint8_t type;
    struct str bytes;
};

struct group {
    uint64_t first_seq, len, bytes_in;
    uint32_t rows, malformed, chain, header_crc, meta_len, meta_crc;
    uint32_t key_id;
    uint64_t key_first, key_count;
    size_t extents, sources, runs, positions, tiles;
    struct group_extent *extent;
    struct group_source *source;
    struct group_run *run;
    struct group_position *position;
    const uint8_t *tile; /* tiles * HASH_BYTES */
    struct tree_edge edge;
    struct str head;
};

/* Append the group to out; payload[i] are the bytes of extent i. Fills len, CRCs and
 * places of g. */
void group_encode(struct group *g, const struct str *payload, struct buf *out);

/* Read the 64 header bytes. ERR_CORRUPT, or ERR_NEWER for a later version. */
int group_decode_header(struct group *g, const uint8_t *header, struct err *err);
/* Read meta_len bytes of meta; lists live in the arena, texts in meta. */
int group_decode_meta(struct group *g, struct str meta, struct arena *arena, struct err *err);

#endif
