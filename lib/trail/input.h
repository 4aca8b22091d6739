/* input.h - what is known of a stored row beside its bytes: its group tells of runs of rows
 * that came together, and of their sources. Pure. */
#ifndef TRAIL_INPUT_H
#define TRAIL_INPUT_H

#include "base/err.h"
#include "record/record.h"
#include "store/group.h"
#include "trail/block.h"

/* The run that the row-th row of the group is in; *left: how many of it come from there on. */
const struct group_run *input_run(const struct group *g, size_t row, size_t *left);
/* All that the columns of that row are a function of, but for its bytes. */
int input_describe(struct record_input *out, const struct group *g, size_t row,
                   const struct block_row *stored, struct err *err);

#endif
