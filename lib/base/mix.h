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

/* Of one number; without a seed, since these come out of tables and hashes of our own. */
static inline uint64_t mix_number(uint64_t n)
{
    return mix_fold(n ^ 0x9e3779b97f4a7c15ULL, 0xd6e8feb86659fd93ULL);
}

static inline uint64_t mix_load(const char *p)
{
    uint64_t v;

    memcpy(&v, p, 8);
    return v;
}

/* One to eight bytes, by loads of fixed size that may overlap. */
static inline uint64_t mix_tail(const char *p, size_t n)
{
    uint32_t low, high;

    if (n == 8)
        return mix_load(p);
    if (n < 4)
        return (uint64_t)(uint8_t)p[0] << 16 | (uint64_t)(uint8_t)p[n / 2] << 8 |
               (uint8_t)p[n - 1];
    memcpy(&low, p, 4);
    memcpy(&high, p + n - 4, 4);
    return (uint64_t)high << 32 | low;
}

static inline uint64_t mix(uint64_t seed, struct str s)
{
    uint64_t h = seed ^ s.len * 0x9e3779b97f4a7c15ULL;

    for (; s.len > 8; s.at += 8, s.len -= 8)
        h = mix_fold(mix_load(s.at) ^ h, 0xd6e8feb86659fd93ULL);
    return mix_fold((s.len ? mix_tail(s.at, s.len) : 0) ^ h, 0xa0761d6478bd642fULL);
}

/* Two hashes at once, each going on from what it was. */
static inline void mix_two(uint64_t h[2], struct str s)
{
    uint64_t a = h[0] ^ s.len * 0x9e3779b97f4a7c15ULL;
    uint64_t b = h[1] ^ s.len * 0xe7037ed1a0b428dbULL;

    for (; s.len > 8; s.at += 8, s.len -= 8) {
        uint64_t word = mix_load(s.at);

        a = mix_fold(word ^ a, 0xd6e8feb86659fd93ULL);
        b = mix_fold(word ^ b, 0x8ebc6af09c88c6e3ULL);
    }
    h[1] = s.len ? mix_tail(s.at, s.len) : 0;
    h[0] = mix_fold(h[1] ^ a, 0xa0761d6478bd642fULL);
    h[1] = mix_fold(h[1] ^ b, 0x589965cc75374cc3ULL);
}

#endif
