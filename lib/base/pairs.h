/* pairs.h - distinct keys of 64 bits, which may be two numbers side by side, numbered from 0
 * in the order in which they came. Zero-initialise, then use; pairs_release() frees. One
 * thread. */
#ifndef BASE_PAIRS_H
#define BASE_PAIRS_H

#include <stddef.h>
#include <stdint.h>

struct pairs {
    uint64_t *key;  /* by number */
    uint32_t count, cap;
    uint32_t *slot; /* number + 1; 0: empty */
    size_t slots;   /* a power of two, or 0 before the first */
};

/* The number of the key, which is added where it is new; there are less than 2^32. */
uint32_t pairs_put(struct pairs *t, uint64_t key);
/* Of many keys, known before: out[i] gets the number of key[i]. */
void pairs_put_all(struct pairs *t, const uint64_t *key, size_t n, uint32_t *out);
void pairs_release(struct pairs *t);

#endif
