/* arena.c - a list of chunks, each at least twice CHUNK_MIN or as large as asked. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "base/mem.h"

enum { CHUNK_MIN = 64 * 1024 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t used, size;
    alignas(16) uint8_t bytes[];
};

void *arena_alloc(struct arena *a, size_t size)
{
    struct arena_chunk *c = a->chunk;
    void *p;

    size = (size + 15) & ~(size_t)15;
    if (!c || c->size - c->used < size) {
        size_t room = size > CHUNK_MIN ? size : CHUNK_MIN;

        c = xmalloc(sizeof *c + room);
        c->older = a->chunk;
        c->used = 0;
        c->size = room;
        a->chunk = c;
    }
    p = c->bytes + c->used;
    c->used += size;
    return p;
}

struct str arena_copy(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.len);

    if (s.len)
        memcpy(p, s.at, s.len);
    return (struct str){p, s.len};
}

void arena_join(struct arena *to, struct arena *from)
{
    struct arena_chunk *oldest = from->chunk;

    if (!oldest)
        return;
    while (oldest->older)
        oldest = oldest->older;
    if (to->chunk) {
        oldest->older = to->chunk->older;
        to->chunk->older = from->chunk;
    } else {
        to->chunk = from->chunk;
    }
    from->chunk = NULL;
}

static void free_from(struct arena_chunk *c)
{
    while (c) {
        struct arena_chunk *older = c->older;

        free(c);
        c = older;
    }
}

void arena_reset(struct arena *a)
{
    if (!a->chunk)
        return;
    free_from(a->chunk->older);
    a->chunk->older = NULL;
    a->chunk->used = 0;
}

void arena_release(struct arena *a)
{
    free_from(a->chunk);
    a->chunk = NULL;
}
