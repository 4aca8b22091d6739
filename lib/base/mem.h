/* mem.h - allocation that cannot fail: out of memory aborts, which is harmless because
 * nothing is acknowledged before it is durable. Zero-sized requests give a pointer. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
/* The list of *cap elements, which gets room for `need` of them, at least twice as much as it
 * had where it grows; new ones are zeroed. NULL is an empty one. */
void *xroom(void *list, size_t *cap, size_t need, size_t size);
/* Zeroed and at a multiple of 64, for lists of which every element is to lie in lines of
 * the cache of its own. To be freed with free(). */
void *xlines(size_t count, size_t size);
char *xstrdup(const char *text);
/* For a program that works in rounds: large blocks that are freed stay with the process,
 * so that the next round does not get its pages zeroed anew. Call it first. */
void mem_keep(void);

#endif
