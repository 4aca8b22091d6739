/* shred.h - the writer's side of a block: records into shapes and columns of values.
 *
 * Rows are taken one by one and their texts must stay where they are until their block is
 * written. One thread. */
#ifndef TRAIL_SHRED_H
#define TRAIL_SHRED_H

#include "trail/block.h"
#include "trail/judge.h"
#include "trail/model.h"

struct shredder;

struct shredder *shredder_new(void);
void shredder_free(struct shredder *s);
/* Begin a generation of dictionaries; its number is the seq of its first row. */
void shredder_restart(struct shredder *s, uint64_t generation);

/* Take a row into the block, which must not be full. With json its shape is looked for;
 * without one it is kept verbatim. */
void shred_row(struct shredder *s, const struct block_row *row, bool json);

/* The parts of the record that shred_row() took last. */
void shred_parts(const struct shredder *s, struct parted *out);
const struct model *shredder_model(const struct shredder *s);
/* The model of a reader of all that was told so far. */
const struct model *shredder_reader(const struct shredder *s);

/* Append the block of the rows taken, and begin the next. */
void shred_block(struct shredder *s, struct buf *out);

/* Append what the blocks since the last call need to be read: the extents of definitions and
 * of texts, which stays empty where there are no new ones; and take it as a reader. */
int shred_definitions(struct shredder *s, struct buf *definitions, struct buf *texts,
                      struct err *err);

/* Read a block, whose definitions were told, with the reader's code and compare it with the
 * rows that it was made of. ERR_CORRUPT where it is not the same. */
int shred_check(struct shredder *s, struct str block, const struct block_row *rows,
                size_t count, struct err *err);

/* Groups of the generation whose definitions were told. */
uint64_t shredder_groups(const struct shredder *s);

#endif
