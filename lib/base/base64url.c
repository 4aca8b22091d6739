/* base64url.c - see base64url.h. Four characters at a time through four tables whose
 * entries are already shifted to their place; what is no character sets the top bit. */
#include "base/base64url.h"

#include <stdint.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#define BAD 0x80000000U

/* Filled once a thread: two characters for each 12 bits, and the value of a character. */
static __thread struct {
    bool ready;
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
    tables.ready = true;
}

size_t base64url_encode(char *out, struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.at;
    size_t left = bytes.len;
    char *to = out;

    if (!tables.ready)
        make_tables();
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
