/* mix.h - a fast keyed hash for tables in memory: multiply and fold, eight bytes at a time.
 * Never written to disk, no cryptographic claim; the seed is random, so that nobody can
 * prepare texts that collide. */
#ifndef BASE_MIX_H
#define BASE_MIX_H

#include <stdint.h>

#include "base/str.h"

static inline uint64_t mix_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t mix_load(const char *p, size_t n)
{
    uint64_t v = 0;

    memcpy(&v, p, n);
    return v;
}

static inline uint64_t mix(uint64_t seed, struct str s)
{
    uint64_t h = seed ^ s.len * 0x9e3779b97f4a7c15ULL;

    for (; s.len > 8; s.at += 8, s.len -= 8)
        h = mix_fold(mix_load(s.at, 8) ^ h, 0xd6e8feb86659fd93ULL);
    return mix_fold((s.len ? mix_load(s.at, s.len) : 0) ^ h, 0xa0761d6478bd642fULL);
}

#endif
