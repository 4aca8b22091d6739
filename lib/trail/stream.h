/* stream.h - the streams of one block. A stream is told by its label and its part, so that
 * it can be found and read alone. Those that are short stand together in the front of the
 * block and are deflated with its directory; the others stand behind it one by one, each
 * as the directory says.
 *
 *   block      codec, varint rows, varint length of front, varint its length deflated,
 *              front (raw deflate), streams
 *   front      varint n, n entries, the bytes of the short streams
 *   entry      varint label, u8 part | method << 4, varint length; then with
 *              STORED nothing, DEFLATED varint stored length, CONSTANT the byte that all
 *              its bytes are
 *
 * Numbers are written as planes: plane k holds byte k of each number; a plane of zeros is
 * left out. */
#ifndef TRAIL_STREAM_H
#define TRAIL_STREAM_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { STREAM_PLANES = 8 };

enum stream_part {
    PART_PLANE = 0,  /* to PART_PLANE + 7 */
    PART_MISS = 8,   /* varint distances between the values that differ from the guess */
    PART_RAW = 9,    /* texts: varint lengths, then the bytes */
    PART_NEXT = 10,  /* varint: the first entry that code 0, "the next new one", stands for */
    PART_FIXED = 11, /* 16 bytes a value */
    PART_FRAME = 12, /* what a row has beside its bytes */
    PARTS = 16
};

struct stream_entry {
    uint16_t label;
    uint8_t part, method;
    bool in_front; /* reader: among the short ones */
    uint32_t len;
    struct str stored; /* reader: its bytes in the block; for CONSTANT one byte */
};

struct streams {
    struct stream_entry *entry;
    size_t count, cap;
    struct buf bytes; /* writer: of all entries, one behind another */
    uint16_t *first;  /* reader: by label, the first entry + 1 */
    size_t labels;
};

/* ---- writing ---- */
void streams_put(struct streams *s, uint16_t label, enum stream_part part, struct str bytes);
void streams_put_planes(struct streams *s, uint16_t label, const uint64_t *number, size_t n);
/* Append the block and forget the streams. */
void streams_pack(struct streams *s, struct buf *out, uint8_t codec, size_t rows);

/* ---- reading ---- */
/* What follows the codec. The streams lie in the arena and in packed. */
int streams_open(struct streams *s, struct str packed, size_t labels, size_t *rows,
                 struct arena *arena, struct err *err);
/* The bytes of one stream, "" where there is none; inflated into the arena. */
int streams_get(const struct streams *s, uint16_t label, enum stream_part part,
                struct str *out, struct arena *arena, struct err *err);
/* How many numbers the planes hold; 0 where all of them are zeros. */
size_t streams_planes_length(const struct streams *s, uint16_t label);
/* n numbers of the planes; ERR_CORRUPT where a plane has another length. */
int streams_get_planes(const struct streams *s, uint16_t label, uint64_t *number, size_t n,
                       struct arena *arena, struct err *err);
void streams_release(struct streams *s);

#endif
