/* sha256.c - see sha256.h. Four words of the schedule in each of four registers; a step
 * does four rounds and makes the four words that the step after the next three needs. The
 * two state registers hold ABEF and CDGH, as the instructions want them. */
#include "base/sha256.h"

#include <stdlib.h>

const uint32_t sha256_start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

const uint32_t sha256_constants[64] __attribute__((aligned(64))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};

#if defined(__x86_64__)

#include <immintrin.h>

bool sha256_available(void)
{
    unsigned eax = 7, ebx = 0, ecx = 0, edx = 0;

    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (ebx >> 29 & 1) && __builtin_cpu_supports("sse4.1") && !getenv("GPCA_PORTABLE");
}

#define STEP(i, a, b, c, d)                                                                  \
    do {                                                                                     \
        __m128i k = _mm_add_epi32(                                                           \
            a, _mm_load_si128((const __m128i *)(const void *)(sha256_constants + 4 * (i)))); \
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);                                         \
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));                \
        if ((i) < 12)                                                                        \
            a = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(a, b),               \
                                                   _mm_alignr_epi8(d, c, 4)),                \
                                     d);                                                     \
    } while (0)

__attribute__((target("sha,sse4.1"))) void sha256_blocks(uint32_t state[8],
                                                         const uint8_t *bytes, size_t blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i *words = (__m128i *)(void *)state;
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);

    for (; blocks > 0; blocks--, bytes += 64) {
        const __m128i *from = (const __m128i *)(const void *)bytes;
        __m128i abef_before = abef;
        __m128i cdgh_before = cdgh;
        __m128i a = _mm_shuffle_epi8(_mm_loadu_si128(from), swap);
        __m128i b = _mm_shuffle_epi8(_mm_loadu_si128(from + 1), swap);
        __m128i c = _mm_shuffle_epi8(_mm_loadu_si128(from + 2), swap);
        __m128i d = _mm_shuffle_epi8(_mm_loadu_si128(from + 3), swap);

        STEP(0, a, b, c, d);
        STEP(1, b, c, d, a);
        STEP(2, c, d, a, b);
        STEP(3, d, a, b, c);
        STEP(4, a, b, c, d);
        STEP(5, b, c, d, a);
        STEP(6, c, d, a, b);
        STEP(7, d, a, b, c);
        STEP(8, a, b, c, d);
        STEP(9, b, c, d, a);
        STEP(10, c, d, a, b);
        STEP(11, d, a, b, c);
        STEP(12, a, b, c, d);
        STEP(13, b, c, d, a);
        STEP(14, c, d, a, b);
        STEP(15, d, a, b, c);
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128(words, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128(words + 1, _mm_alignr_epi8(high, low, 8));
}

/* The unit takes a new round long before it has finished one, so four chains of rounds keep
 * it busy. `w` are the words of one lane, `i` counts steps as above. */
struct lane {
    __m128i abef, cdgh, abef_before, cdgh_before, w[4];
};

__attribute__((target("sha,sse4.1"), always_inline)) static inline void
lane_step(struct lane *l, const __m128i *from, __m128i k, int i)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i *w = l->w;

    if (i < 4)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128(from + i), swap);
    else
        w[i & 3] = _mm_sha256msg2_epu32(
            _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]),
                          _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4)),
            w[(i + 3) & 3]);
    k = _mm_add_epi32(w[i & 3], k);
    l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, k);
    l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh, _mm_shuffle_epi32(k, 0x0e));
}

#define FOUR_STEPS(i)                                                                        \
    do {                                                                                     \
        const uint32_t *at = sha256_constants + 4 * (i);                                      \
        __m128i k = _mm_load_si128((const __m128i *)(const void *)at);                       \
        lane_step(&lane[0], from[0], k, i);                                                  \
        lane_step(&lane[1], from[1], k, i);                                                  \
        lane_step(&lane[2], from[2], k, i);                                                  \
        lane_step(&lane[3], from[3], k, i);                                                  \
    } while (0)

__attribute__((target("sha,sse4.1"))) void
sha256_lanes(uint32_t *const state[SHA256_LANES], const uint8_t *const bytes[SHA256_LANES],
             size_t blocks)
{
    struct lane lane[SHA256_LANES];
    const __m128i *from[SHA256_LANES];

    for (int l = 0; l < SHA256_LANES; l++) {
        const __m128i *words = (const __m128i *)(const void *)state[l];
        __m128i low = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
        __m128i high = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);

        lane[l].abef = _mm_alignr_epi8(low, high, 8);
        lane[l].cdgh = _mm_blend_epi16(high, low, 0xf0);
        from[l] = (const __m128i *)(const void *)bytes[l];
    }
    for (; blocks > 0; blocks--) {
        for (int l = 0; l < SHA256_LANES; l++) {
            lane[l].abef_before = lane[l].abef;
            lane[l].cdgh_before = lane[l].cdgh;
        }
        FOUR_STEPS(0);
        FOUR_STEPS(1);
        FOUR_STEPS(2);
        FOUR_STEPS(3);
        FOUR_STEPS(4);
        FOUR_STEPS(5);
        FOUR_STEPS(6);
        FOUR_STEPS(7);
        FOUR_STEPS(8);
        FOUR_STEPS(9);
        FOUR_STEPS(10);
        FOUR_STEPS(11);
        FOUR_STEPS(12);
        FOUR_STEPS(13);
        FOUR_STEPS(14);
        FOUR_STEPS(15);
        for (int l = 0; l < SHA256_LANES; l++) {
            lane[l].abef = _mm_add_epi32(lane[l].abef, lane[l].abef_before);
            lane[l].cdgh = _mm_add_epi32(lane[l].cdgh, lane[l].cdgh_before);
            from[l] += 4;
        }
    }
    for (int l = 0; l < SHA256_LANES; l++) {
        __m128i *words = (__m128i *)(void *)state[l];
        __m128i low = _mm_shuffle_epi32(lane[l].abef, 0x1b);
        __m128i high = _mm_shuffle_epi32(lane[l].cdgh, 0xb1);

        _mm_storeu_si128(words, _mm_blend_epi16(low, high, 0xf0));
        _mm_storeu_si128(words + 1, _mm_alignr_epi8(high, low, 8));
    }
}

#else

bool sha256_available(void)
{
    return false;
}

void sha256_blocks(uint32_t state[8], const uint8_t *bytes, size_t blocks)
{
    (void)state;
    (void)bytes;
    (void)blocks;
    abort();
}

void sha256_lanes(uint32_t *const state[SHA256_LANES], const uint8_t *const bytes[SHA256_LANES],
                  size_t blocks)
{
    (void)state;
    (void)bytes;
    (void)blocks;
    abort();
}

#endif
