/* generation.h - the model that a group's blocks are read with. A reader asks for groups
 * in any order; in ascending order each group's definitions are read once, and ahead on
 * another thread where many are expected. The texts of values are read when asked for. */
#ifndef TRAIL_GENERATION_H
#define TRAIL_GENERATION_H

#include "store/segment.h"
#include "trail/model.h"

struct generation {
    struct model model;
    struct segment_map *map; /* as of the last call */
    uint64_t number; /* seq of its first row */
    size_t first;    /* its first group */
    uint64_t taken;  /* groups whose definitions the model holds; 0: none */
    size_t expected; /* the last group that will be asked for, as far as is known */
    struct ahead *ahead;
};

/* *g stays where it is until it is released. */
void generation_init(struct generation *g);
void generation_release(struct generation *g);

/* Groups will be asked for in ascending order, up to this one: their definitions may be
 * loaded ahead. 0: nothing is known. */
void generation_expect(struct generation *g, size_t last);
/* They will be asked for from the first group of the map on: begin to load. */
void generation_start(struct generation *g, struct segment_map *map);

/* Bring the model to where group `index` of the map, described by head, needs it. *blocks
 * is the number of the extent that holds its first block. Errors as of the extents. */
int generation_reach(struct generation *g, struct segment_map *map, size_t index,
                     const struct group *head, size_t *blocks, struct err *err);
/* Read the texts of the group that was reached, which otherwise happens when one of them is
 * asked for. */
int generation_texts(struct generation *g, struct err *err);

#endif
