/* columns.h - the columns of stored rows from their parts: the values of a block become
 * columns, and the record is not written down. Only the values asked for are read, and what
 * a token says of who asks is worked out once for all tokens that say the same.
 *
 * The answers are those of record_read(). A row that is out of the ordinary is read in full,
 * and so is the first row of each shape, with which the other way is then compared: where
 * the two differ, records of that shape are always read in full. One thread. */
#ifndef TRAIL_COLUMNS_H
#define TRAIL_COLUMNS_H

#include "record/record.h"
#include "trail/block.h"

struct columns;

/* wanted, by column, is copied; other columns may be missing in what is read, but time,
 * status, source, practice and gpc.* never are. With marks, jwt.hash is not the hash of the
 * token but a text that all tokens of one user, audience, iat and exp have in common as long
 * as c lives: equal tokens have the same, and to find those that may be equal it is enough. */
struct columns *columns_new(const bool wanted[COLUMN_COUNT], bool marks,
                            const struct zone *zone);
void columns_free(struct columns *c);

/* The row that the reader stands at, which is passed, if it was not written down. in: all but
 * the bytes. generation: the number of the model's. *out lives as long as the arena and until
 * the next call. */
int columns_read(struct columns *c, struct block_reader *b, uint64_t generation,
                 struct record_input *in, struct record *out, struct arena *arena,
                 struct err *err);

#endif
