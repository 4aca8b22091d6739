/* sha256_wide.c - see sha256_wide.h. Sixteen words of each message are read, turned so that a
 * vector holds the same word of all, and kept in registers: each round replaces the word that
 * it has used by the one that the sixteenth round after it needs. */
#include "base/sha256_wide.h"

#include <stdlib.h>

#if defined(__x86_64__)

#include <immintrin.h>

#include "base/sha256.h"

enum { AHEAD_BYTES = 512 }; /* messages are long since out of the cache */

#define WIDE __attribute__((target("avx512f,avx512bw")))
#define WIDE_INLINE WIDE __attribute__((always_inline)) static inline

bool sha256_wide_available(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           !getenv("GPCA_PORTABLE");
}

WIDE_INLINE __m512i add(__m512i a, __m512i b)
{
    return _mm512_add_epi32(a, b);
}

/* Three bits give one: 0x96 is their sum, 0xca a choice, 0xe8 what most of them are. */
WIDE_INLINE __m512i big_sigma_0(__m512i a)
{
    return _mm512_ternarylogic_epi32(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13),
                                     _mm512_ror_epi32(a, 22), 0x96);
}

WIDE_INLINE __m512i big_sigma_1(__m512i e)
{
    return _mm512_ternarylogic_epi32(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11),
                                     _mm512_ror_epi32(e, 25), 0x96);
}

WIDE_INLINE __m512i sigma_0(__m512i w)
{
    return _mm512_ternarylogic_epi32(_mm512_ror_epi32(w, 7), _mm512_ror_epi32(w, 18),
                                     _mm512_srli_epi32(w, 3), 0x96);
}

WIDE_INLINE __m512i sigma_1(__m512i w)
{
    return _mm512_ternarylogic_epi32(_mm512_ror_epi32(w, 17), _mm512_ror_epi32(w, 19),
                                     _mm512_srli_epi32(w, 10), 0x96);
}

/* Four messages' words: q[c] gets word 4 k + c of each in its part k. */
WIDE_INLINE void turn_four(__m512i q[4], const uint8_t *const bytes[4], size_t at)
{
    __m512i a = _mm512_loadu_si512(bytes[0] + at), b = _mm512_loadu_si512(bytes[1] + at);
    __m512i c = _mm512_loadu_si512(bytes[2] + at), d = _mm512_loadu_si512(bytes[3] + at);
    __m512i ab = _mm512_unpacklo_epi32(a, b), cd = _mm512_unpacklo_epi32(c, d);

    q[0] = _mm512_unpacklo_epi64(ab, cd);
    q[1] = _mm512_unpackhi_epi64(ab, cd);
    ab = _mm512_unpackhi_epi32(a, b);
    cd = _mm512_unpackhi_epi32(c, d);
    q[2] = _mm512_unpacklo_epi64(ab, cd);
    q[3] = _mm512_unpackhi_epi64(ab, cd);
}

WIDE_INLINE void read_words(__m512i w[16], const uint8_t *const bytes[SHA256_WIDE], size_t at)
{
    const __m512i swap = _mm512_broadcast_i32x4(
        _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL));
    __m512i q[4][4];

    turn_four(q[0], bytes, at);
    turn_four(q[1], bytes + 4, at);
    turn_four(q[2], bytes + 8, at);
    turn_four(q[3], bytes + 12, at);
#define PARTS(c)                                                                             \
    do {                                                                                     \
        __m512i even = _mm512_shuffle_i32x4(q[0][c], q[1][c], 0x88);                         \
        __m512i odd = _mm512_shuffle_i32x4(q[0][c], q[1][c], 0xdd);                          \
        __m512i even2 = _mm512_shuffle_i32x4(q[2][c], q[3][c], 0x88);                        \
        __m512i odd2 = _mm512_shuffle_i32x4(q[2][c], q[3][c], 0xdd);                         \
                                                                                             \
        w[c] = _mm512_shuffle_epi8(_mm512_shuffle_i32x4(even, even2, 0x88), swap);           \
        w[4 + c] = _mm512_shuffle_epi8(_mm512_shuffle_i32x4(odd, odd2, 0x88), swap);         \
        w[8 + c] = _mm512_shuffle_epi8(_mm512_shuffle_i32x4(even, even2, 0xdd), swap);       \
        w[12 + c] = _mm512_shuffle_epi8(_mm512_shuffle_i32x4(odd, odd2, 0xdd), swap);        \
    } while (0)
    PARTS(0);
    PARTS(1);
    PARTS(2);
    PARTS(3);
#undef PARTS
}

/* One round; `k` are the constants of sixteen, `i` is the round among these. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                     \
    do {                                                                                     \
        __m512i t = add(h, add(w[i], _mm512_set1_epi32((int)k[i])));                         \
                                                                                             \
        t = add(t, add(big_sigma_1(e), _mm512_ternarylogic_epi32(e, f, g, 0xca)));           \
        d = add(d, t);                                                                       \
        h = add(t, add(big_sigma_0(a), _mm512_ternarylogic_epi32(a, b, c, 0xe8)));           \
    } while (0)

/* And the word that the sixteenth round after it needs. */
#define ROUND_AND_WORD(a, b, c, d, e, f, g, h, i)                                            \
    do {                                                                                     \
        ROUND(a, b, c, d, e, f, g, h, i);                                                    \
        w[i] = add(add(w[i], sigma_0(w[((i) + 1) & 15])),                                    \
                   add(w[((i) + 9) & 15], sigma_1(w[((i) + 14) & 15])));                     \
    } while (0)

#define EIGHT(ONE, i)                                                                        \
    do {                                                                                     \
        ONE(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], i);                              \
        ONE(s[7], s[0], s[1], s[2], s[3], s[4], s[5], s[6], (i) + 1);                        \
        ONE(s[6], s[7], s[0], s[1], s[2], s[3], s[4], s[5], (i) + 2);                        \
        ONE(s[5], s[6], s[7], s[0], s[1], s[2], s[3], s[4], (i) + 3);                        \
        ONE(s[4], s[5], s[6], s[7], s[0], s[1], s[2], s[3], (i) + 4);                        \
        ONE(s[3], s[4], s[5], s[6], s[7], s[0], s[1], s[2], (i) + 5);                        \
        ONE(s[2], s[3], s[4], s[5], s[6], s[7], s[0], s[1], (i) + 6);                        \
        ONE(s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[0], (i) + 7);                        \
    } while (0)

WIDE void sha256_wide(uint32_t state[8][SHA256_WIDE], const uint8_t *const bytes[SHA256_WIDE],
                      size_t blocks)
{
    __m512i s[8], w[16];

    for (int i = 0; i < 8; i++)
        s[i] = _mm512_load_si512(state[i]);
    for (size_t at = 0; at < blocks * 64; at += 64) {
        const uint32_t *k = sha256_constants;

        read_words(w, bytes, at);
        for (int i = 0; i < SHA256_WIDE; i++)
            _mm_prefetch(bytes[i] + at + AHEAD_BYTES, _MM_HINT_T0);
        for (; k < sha256_constants + 48; k += 16) {
            EIGHT(ROUND_AND_WORD, 0);
            EIGHT(ROUND_AND_WORD, 8);
        }
        EIGHT(ROUND, 0);
        EIGHT(ROUND, 8);
        for (int i = 0; i < 8; i++) {
            s[i] = add(s[i], _mm512_load_si512(state[i]));
            _mm512_store_si512(state[i], s[i]);
        }
    }
}

#else

bool sha256_wide_available(void)
{
    return false;
}

void sha256_wide(uint32_t state[8][SHA256_WIDE], const uint8_t *const bytes[SHA256_WIDE],
                 size_t blocks)
{
    (void)state;
    (void)bytes;
    (void)blocks;
    abort();
}

#endif
