/* arena.h - memory that dies together: one arena per record, batch or query. Zero-
 * initialise, then use. Pointers stay valid until arena_reset() or arena_release(). One
 * thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* newest first */
};

void *arena_alloc(struct arena *a, size_t size); /* aligned to 16, not zeroed */
struct str arena_copy(struct arena *a, struct str s);
/* What lives in `from`, which is empty afterwards, lives in `to` from now on. */
void arena_join(struct arena *to, struct arena *from);
void arena_reset(struct arena *a);   /* forgets all, keeps one chunk for reuse */
void arena_release(struct arena *a); /* frees all */

#endif
