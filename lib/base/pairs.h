/* pairs.h - numbers of 32 bits by keys of 64, which may be two numbers side by side. Zero-
 * initialise, then use; pairs_release() frees. One thread. */
#ifndef BASE_PAIRS_H
#define BASE_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#define PAIRS_NONE UINT32_MAX

struct pairs {
    struct pair {
        uint64_t key;
        uint32_t number; /* + 1; 0: empty */
    } *slot;
    size_t slots, count; /* slots: a power of two, or 0 before the first */
};

/* The number of the key, or PAIRS_NONE. */
uint32_t pairs_find(const struct pairs *t, uint64_t key);
/* Add a key that is not there, with a number below PAIRS_NONE, which it gives back. */
uint32_t pairs_put(struct pairs *t, uint64_t key, uint32_t number);
void pairs_release(struct pairs *t);

#endif
