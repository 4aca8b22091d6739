/* mem.c - see mem.h. */
#include "base/mem.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

enum { KEEP_BYTES = 32 << 20 };

static void *checked(void *p)
{
    if (!p) {
        fputs("gpca: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *xmalloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
    return checked(realloc(old, size ? size : 1));
}

void *xroom(void *list, size_t *cap, size_t need, size_t size)
{
    size_t room = *cap * 2 > 64 ? *cap * 2 : 64;

    if (need <= *cap)
        return list;
    room = need > room ? need : room;
    list = xrealloc(list, room * size);
    memset((char *)list + *cap * size, 0, (room - *cap) * size);
    *cap = room;
    return list;
}

void *xlines(size_t count, size_t size)
{
    size_t bytes = (count * size + 63) & ~(size_t)63;

    return memset(checked(aligned_alloc(64, bytes ? bytes : 64)), 0, bytes);
}

char *xstrdup(const char *text)
{
    return checked(strdup(text));
}

void mem_keep(void)
{
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
    mallopt(M_TRIM_THRESHOLD, 2 * KEEP_BYTES);
#endif
}
