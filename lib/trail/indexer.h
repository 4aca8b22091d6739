/* indexer.h - keeps the index beside the segments while the log grows, and makes good what
 * is missing of it. It is never synced for a commit: what a crash takes is made anew. The
 * writer's thread owns it. */
#ifndef TRAIL_INDEXER_H
#define TRAIL_INDEXER_H

#include "trail/indexing.h"

struct indexer;
struct columns; /* trail/columns.h */

/* A reader of the columns that the keys of a row are made of, for judge_full(). */
struct columns *indexer_columns(const struct zone *zone);

/* zone NULL: no index is kept, and all calls do nothing. */
struct indexer *indexer_new(const char *dir, const struct zone *zone);
void indexer_free(struct indexer *x);

/* Read the log where groups have no entry, and write what they lack; *rows counts those
 * read. All of the map must be durable. */
int indexer_catch_up(struct indexer *x, const struct segment_map *map, uint64_t *rows,
                     struct err *err);
/* A row of the next group: `at` counts from 0. */
void indexer_row(struct indexer *x, size_t at, const struct judgement *j);
/* The group is committed, in the last segment of the map; *bytes grows by what is written. */
int indexer_group(struct indexer *x, const struct segment_map *map, const struct group *g,
                  uint64_t *bytes, struct err *err);

#endif
