/* base64url.c - see base64url.h. Four characters at a time through four tables whose
 * entries are already shifted to their place; what is no character sets the top bit. With
 * AVX2, 32 characters at a time: each range of the alphabet is told by comparison and moved
 * to its value, and six-bit values are joined by two multiplications (the method of
 * Mula and Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions"). */
#include "base/base64url.h"

#include <stdint.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#define BAD 0x80000000U

/* Filled once a thread: two characters for each 12 bits, and the value of a character. */
static __thread struct {
    bool ready, wide;
    char pair[4096][2];
    uint32_t value[4][256];
} tables;

static void make_tables(void)
{
    for (int i = 0; i < 4096; i++) {
        tables.pair[i][0] = alphabet[i >> 6];
        tables.pair[i][1] = alphabet[i & 63];
    }
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < 256; i++)
            tables.value[k][i] = BAD;
        for (uint32_t i = 0; i < 64; i++)
            tables.value[k][(uint8_t)alphabet[i]] = i << (18 - 6 * k);
    }
#if defined(__x86_64__)
    tables.wide = __builtin_cpu_supports("avx2") && !getenv("GPCA_PORTABLE");
#endif
    tables.ready = true;
}

#if defined(__x86_64__)

enum { WIDE_TEXT = 32, WIDE_BYTES = 24 };

__attribute__((target("avx2"))) static __m256i in_range(__m256i c, char first, char last)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(c, _mm256_set1_epi8((char)(first - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(last + 1)), c));
}

__attribute__((target("avx2"))) static __m256i moved(__m256i where, int by)
{
    return _mm256_and_si256(where, _mm256_set1_epi8((char)by));
}

/* Decode while at least 44 characters are left, so that whole registers can be written;
 * returns how many were used, or SIZE_MAX where one is none of the alphabet. */
__attribute__((target("avx2"))) static size_t decode_wide(uint8_t *to, const uint8_t *p,
                                                          size_t len)
{
    const __m256i join = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1,
                                          -1, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1,
                                          -1, -1);
    __m256i bad = _mm256_setzero_si256();
    size_t at = 0;

    for (; len - at >= 44; at += WIDE_TEXT, to += WIDE_BYTES) {
        __m256i c = _mm256_loadu_si256((const __m256i *)(const void *)(p + at));
        __m256i shift = _mm256_or_si256(
            _mm256_or_si256(moved(in_range(c, 'A', 'Z'), -65),
                            moved(in_range(c, 'a', 'z'), -71)),
            _mm256_or_si256(
                moved(in_range(c, '0', '9'), 4),
                _mm256_or_si256(moved(_mm256_cmpeq_epi8(c, _mm256_set1_epi8('-')), 17),
                                moved(_mm256_cmpeq_epi8(c, _mm256_set1_epi8('_')), -32))));

        bad = _mm256_or_si256(bad, _mm256_cmpeq_epi8(shift, _mm256_setzero_si256()));
        c = _mm256_add_epi8(c, shift);
        c = _mm256_maddubs_epi16(c, _mm256_set1_epi32(0x01400140));
        c = _mm256_madd_epi16(c, _mm256_set1_epi32(0x00011000));
        c = _mm256_shuffle_epi8(c, join);
        c = _mm256_permutevar8x32_epi32(c, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
        _mm256_storeu_si256((__m256i *)(void *)to, c);
    }
    return _mm256_testz_si256(bad, bad) ? at : SIZE_MAX;
}

/* Encode while whole registers can be read; returns how many bytes were used. */
__attribute__((target("avx2"))) static size_t encode_wide(char *to, const uint8_t *p,
                                                          size_t len)
{
    const __m256i spread = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    const __m256i offset = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -17, 32, 0, 0));
    size_t at = 0;

    for (; len - at >= 28; at += WIDE_BYTES, to += WIDE_TEXT) {
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
        __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + at + 12));
        __m256i x = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
        __m256i a, b, which;

        x = _mm256_shuffle_epi8(x, spread);
        a = _mm256_mulhi_epu16(_mm256_and_si256(x, _mm256_set1_epi32(0x0fc0fc00)),
                               _mm256_set1_epi32(0x04000040));
        b = _mm256_mullo_epi16(_mm256_and_si256(x, _mm256_set1_epi32(0x003f03f0)),
                               _mm256_set1_epi32(0x01000010));
        x = _mm256_or_si256(a, b);
        which = _mm256_sub_epi8(_mm256_subs_epu8(x, _mm256_set1_epi8(51)),
                                _mm256_cmpgt_epi8(x, _mm256_set1_epi8(25)));
        x = _mm256_add_epi8(x, _mm256_shuffle_epi8(offset, which));
        _mm256_storeu_si256((__m256i *)(void *)to, x);
    }
    return at;
}

#endif

size_t base64url_encode(char *out, struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.at;
    size_t left = bytes.len;
    char *to = out;

    if (!tables.ready)
        make_tables();
#if defined(__x86_64__)
    if (tables.wide && left >= 28) {
        size_t used = encode_wide(to, p, left);

        p += used;
        left -= used;
        to += used / 3 * 4;
    }
#endif
    for (; left >= 3; left -= 3, p += 3, to += 4) {
        uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

        memcpy(to, tables.pair[v >> 12], 2);
        memcpy(to + 2, tables.pair[v & 4095], 2);
    }
    if (left > 0) {
        uint32_t v = (uint32_t)p[0] << 16 | (left > 1 ? (uint32_t)p[1] << 8 : 0);

        memcpy(to, tables.pair[v >> 12], 2);
        to += 2;
        if (left > 1)
            *to++ = alphabet[v >> 6 & 63];
    }
    return (size_t)(to - out);
}

bool base64url_decode(char *out, size_t *len, struct str text)
{
    const uint8_t *p = (const uint8_t *)text.at;
    uint8_t *to = (uint8_t *)out;
    size_t left = text.len;
    uint32_t bad = 0;
    uint32_t v;

    if (!tables.ready)
        make_tables();
#if defined(__x86_64__)
    if (tables.wide && left >= 44) {
        size_t used = decode_wide(to, p, left);

        if (used == SIZE_MAX)
            return false;
        p += used;
        left -= used;
        to += used / 4 * 3;
    }
#endif
    for (; left >= 4; left -= 4, p += 4, to += 3) {
        v = tables.value[0][p[0]] | tables.value[1][p[1]] | tables.value[2][p[2]] |
            tables.value[3][p[3]];
        bad |= v;
        to[0] = (uint8_t)(v >> 16);
        to[1] = (uint8_t)(v >> 8);
        to[2] = (uint8_t)v;
    }
    if (left == 1)
        return false;
    if (left > 1) {
        v = tables.value[0][p[0]] | tables.value[1][p[1]] |
            (left > 2 ? tables.value[2][p[2]] : 0);
        bad |= v;
        if (v & (left == 2 ? 0xffffU : 0xffU))
            return false;
        *to++ = (uint8_t)(v >> 16);
        if (left > 2)
            *to++ = (uint8_t)(v >> 8);
    }
    *len = (size_t)(to - (uint8_t *)out);
    return !(bad & BAD);
}
