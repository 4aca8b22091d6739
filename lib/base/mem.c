/* mem.c - see mem.h. The dictionaries of a program that works in rounds are looked into
 * anywhere, and with pages of 4 KiB nearly each look misses the table of pages, too. So the
 * heap is asked for in one piece at first, which costs no memory before it is used, and the
 * system may give it in large pages. */
#include "base/mem.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

enum { KEEP_BYTES = 32 << 20, HEAP_BYTES = 128 << 20, PAGE_BYTES = 2 << 20 };

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

#if defined(__GLIBC__) && defined(MADV_HUGEPAGE)
/* The heap grows for a block that it has no room for; all of it from there on is ours. */
static void ask_large_pages(void)
{
    char *from = xmalloc(PAGE_BYTES);
    uintptr_t at = (uintptr_t)from, end = (uintptr_t)sbrk(0);
    size_t head = -at % PAGE_BYTES;

    if (at < end && end - at <= HEAP_BYTES + 2 * PAGE_BYTES) /* else it lies elsewhere */
        madvise(from + head, end - at - head, MADV_HUGEPAGE);
    free(from);
}
#endif

void mem_keep(void)
{
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
    mallopt(M_TRIM_THRESHOLD, HEAP_BYTES + 2 * KEEP_BYTES);
#if defined(MADV_HUGEPAGE)
    mallopt(M_TOP_PAD, HEAP_BYTES);
    ask_large_pages();
    mallopt(M_TOP_PAD, KEEP_BYTES);
#endif
#endif
}
