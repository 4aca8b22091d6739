/* repeats.c - see repeats.h. */
#include "sigma/repeats.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mix.h"

enum { BITS = 1 << 25 };

static uint64_t place_of(uint64_t mark)
{
    return mix_number(mark) % BITS;
}

void repeats_add(struct repeats *r, uint64_t mark)
{
    uint64_t at = place_of(mark), bit = 1ULL << at % 64;

    if (!r->once) {
        r->once = xcalloc(BITS / 64, sizeof *r->once);
        r->twice = xcalloc(BITS / 64, sizeof *r->twice);
    }
    if (r->once[at / 64] & bit)
        r->twice[at / 64] |= bit;
    r->once[at / 64] |= bit;
}

void repeats_expect(const struct repeats *r, uint64_t mark)
{
    uint64_t at = place_of(mark);

    if (r->once) {
        __builtin_prefetch(&r->once[at / 64], 1);
        __builtin_prefetch(&r->twice[at / 64]);
    }
}

bool repeats_has(const struct repeats *r, uint64_t mark)
{
    uint64_t at = place_of(mark);

    return r->twice && r->twice[at / 64] >> at % 64 & 1;
}

void repeats_release(struct repeats *r)
{
    free(r->once);
    free(r->twice);
    memset(r, 0, sizeof *r);
}
