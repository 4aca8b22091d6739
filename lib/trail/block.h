/* block.h - up to LIMIT_BLOCK_ROWS records as the bytes of one extent, and back.
 *
 * An extent begins with a codec number, so that typed columns can stand beside what is
 * here; a reader refuses a codec that it does not know as "newer version". Pure.
 *
 *   codec 1, verbatim: varint rows, varint bytes before deflate, raw deflate of
 *     a row: varint length, varint flags; with 1: zigzag varint of the position less the
 *            one expected (behind the previous record and one line feed); with 2: varint
 *            full length and 32 bytes SHA-256 of the whole of a too-large record
 *     then the bytes of all rows */
#ifndef TRAIL_BLOCK_H
#define TRAIL_BLOCK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

enum { BLOCK_TAG = 1, BLOCK_VERBATIM = 1 };

struct block_row {
    struct str bytes;
    bool has_position, too_large;
    uint64_t position, full_len;
    uint8_t full_sha[HASH_BYTES];
};

/* Append the encoding of rows[0..count) to out. */
void block_encode(struct buf *out, const struct block_row *rows, size_t count);

/* Decode exactly count rows into rows; the bytes live in the arena. */
int block_decode(struct block_row *rows, size_t count, struct str bytes, struct arena *arena,
                 struct err *err);

/* Equal in everything that is evidence? */
bool block_row_equal(const struct block_row *a, const struct block_row *b);

#endif
