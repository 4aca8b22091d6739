/* ahead.h - definitions of row groups, read and inflated on a thread of their own while the
 * caller takes those before into its model. The map must not change meanwhile. */
#ifndef TRAIL_AHEAD_H
#define TRAIL_AHEAD_H

#include "store/segment.h"
#include "trail/block.h"

/* The definitions of one group; bytes, inflated, live in the arena. */
struct loaded {
    struct definitions head;
    struct str bytes;
    struct arena arena;
};

/* Read them here and now; head is what describes the group. *out is to be released by its
 * arena, errors or not. */
int ahead_load(struct loaded *out, struct segment_map *map, size_t group,
               const struct group *head, struct err *err);

struct ahead;

/* Begin to load the groups [from, to) of the map in that order, never more than a bounded
 * number before they are asked for. NULL: there is no thread to be had. */
struct ahead *ahead_start(struct segment_map *map, size_t from, size_t to);
/* Those of a group; groups are asked for in ascending order, and those left out are passed
 * over. ahead_has: is it among those that come soon? */
bool ahead_has(const struct ahead *a, size_t group); /* NULL has none */
int ahead_next(struct ahead *a, size_t group, struct loaded *out, struct err *err);
void ahead_stop(struct ahead *a); /* NULL is allowed */

#endif
