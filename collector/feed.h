/* feed.h - the uncompressed bytes of one input: a file or standard input, gzip or not.
 * One thread owns it. Standard input is spooled beside the store first, so that every feed
 * can be read twice: once to tell whether its content is known, once to take it. */
#ifndef COLLECTOR_FEED_H
#define COLLECTOR_FEED_H

#include "base/buf.h"
#include "base/err.h"

struct feed;

/* path "-": standard input, spooled to an unlinked file in dir. */
int feed_open(struct feed **out, const char *path, const char *dir, struct err *err);
void feed_close(struct feed *f); /* NULL is allowed */

/* Append some bytes to out: 1, or 0 at the end. ERR_INVALID where gzip is damaged. */
int feed_next(struct feed *f, struct buf *out, struct err *err);
int feed_rewind(struct feed *f, struct err *err);

/* Bytes as they lie on disk: all, and read so far; for progress. */
uint64_t feed_size(const struct feed *f);
uint64_t feed_done(const struct feed *f);

#endif
