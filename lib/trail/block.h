/* block.h - up to LIMIT_BLOCK_ROWS records, and the three kinds of extents of a group.
 *
 *   definitions (tag 2, at most one, the first): u8 codec 2, u64 generation (the seq of
 *       its first row), varint how many groups of it came before, varint length, raw
 *       deflate of the definitions (model.c); codec 1 is the same with texts among them
 *   texts (tag 3, at most one, behind definitions of codec 2 that have new values): u8 codec
 *       1, varint length, raw deflate of the texts of the values (model.c)
 *   block (tag 1, one for each LIMIT_BLOCK_ROWS rows): u8 codec 2, streams (stream.h);
 *       a group without definitions has blocks of verbatim rows only
 *
 * A reader refuses a codec that it does not know as "newer version". */
#ifndef TRAIL_BLOCK_H
#define TRAIL_BLOCK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "trail/decoder.h"

/* Flags of a row in PART_FRAME: it has a position; one that is not right behind the row
 * before and a line feed, which follows as a varint; it is the head of a longer record,
 * whose length (varint) and SHA-256 follow. The planes of the frame are the lengths of the
 * rows, so that one row's place is known without writing down those before it. */
enum { FRAME_POSITION = 1, FRAME_JUMP = 2, FRAME_TOO_LARGE = 4 };

enum { BLOCK_TAG = 1, DEFINITIONS_TAG = 2, TEXTS_TAG = 3 };
enum { BLOCK_CODEC = 2, DEFINITIONS_CODEC = 2, DEFINITIONS_CODEC_1 = 1, TEXTS_CODEC = 1 };

struct block_row {
    struct str bytes;
    bool has_position, too_large;
    uint64_t position, full_len;
    uint8_t full_sha[HASH_BYTES];
};

/* A block read row by row. */
struct block_reader {
    struct decoder decoder;
    struct block_row *row;
    size_t rows, at;
    char *part; /* of a token, before it is encoded */
};

/* Begin to read exactly count rows; rows[] gets all but the bytes, of which it gets the
 * length. Everything lives in the arena. */
int block_open(struct block_reader *b, struct block_row *rows, size_t count, struct str bytes,
               const struct model *model, struct arena *arena, struct err *err);
/* Go to the next row, whose parts can then be asked for of the decoder; block_write() writes
 * its bytes down at `to`, which has room for the length that rows[] says, block_pass() leaves
 * it behind. One of both is called for each row. */
void block_step(struct block_reader *b);
int block_write(struct block_reader *b, char *to, struct err *err);
void block_pass(struct block_reader *b);
/* Room in the arena for the bytes of the first `end` rows, of those that are wanted (NULL: of
 * all). */
int block_room(const struct block_reader *b, size_t end, const bool *wanted, char **to,
               struct arena *arena, struct err *err);
/* Behind the last row: is nothing left over? */
int block_end(const struct block_reader *b, struct err *err);

/* Read exactly count rows with the model as of their group; bytes live in the arena. With
 * wanted, only the rows for which it is true; the others get a length, but no bytes. */
int block_decode(struct block_row *rows, size_t count, const bool *wanted, struct str bytes,
                 const struct model *model, struct arena *arena, struct err *err);

/* Add the bytes that each label takes in the block; bytes has one number a label, then one
 * for directories. Short streams are counted by their part of what they shrank to. */
int block_sizes(struct str block, const struct model *model, double *bytes,
                struct arena *arena, struct err *err);

/* Equal in everything that is evidence? */
bool block_row_equal(const struct block_row *a, const struct block_row *b);

/* What the head of a definitions extent says; *packed inflates to len bytes, which
 * model_take() takes. */
struct definitions {
    uint64_t generation, groups_before;
    bool inline_texts;
    size_t len;
    struct str packed;
};
int definitions_open(struct definitions *d, struct str bytes, struct err *err);
int definitions_inflate(const struct definitions *d, struct str *out, struct arena *arena,
                        struct err *err);
/* Append an extent of texts; read one: its texts, in the arena. */
void texts_write(struct buf *out, struct str texts);
int texts_read(struct str bytes, struct str *texts, struct arena *arena, struct err *err);

#endif
