/* repeats.h - which marks of 64 bits came more than once: two filters of bits that stay in
 * the cache. What came twice is always told; of what came once, a few in a thousand are told
 * too as long as there are no more than some millions. Zero-initialise. One thread. */
#ifndef SIGMA_REPEATS_H
#define SIGMA_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

struct repeats {
    uint64_t *once, *twice;
};

void repeats_add(struct repeats *r, uint64_t mark);
/* That one will be added or asked about a little later. */
void repeats_expect(const struct repeats *r, uint64_t mark);
bool repeats_has(const struct repeats *r, uint64_t mark);
void repeats_release(struct repeats *r);

#endif
