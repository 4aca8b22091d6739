/* base64.c - see base64.h. */
#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.at;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t v = (uint32_t)p[i] << 16;
        char four[4];

        if (n > 1)
            v |= (uint32_t)p[i + 1] << 8;
        if (n > 2)
            v |= p[i + 2];
        four[0] = alphabet[v >> 18];
        four[1] = alphabet[v >> 12 & 63];
        four[2] = n > 1 ? alphabet[v >> 6 & 63] : '=';
        four[3] = n > 2 ? alphabet[v & 63] : '=';
        buf_put(out, four, 4);
    }
}

static int digit(char c)
{
    const char *p = c ? strchr(alphabet, c) : NULL;

    return p ? (int)(p - alphabet) : -1;
}

/* Decode four characters; `pads` of them, at the end, are `=`. -1: not canonical. */
static int decode_four(struct buf *out, const char *four, int pads)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++) {
        int d = i >= 4 - pads ? 0 : digit(four[i]);

        if (d < 0)
            return -1;
        v = v << 6 | (uint32_t)d;
    }
    if ((pads == 1 && (v & 0xff) != 0) || (pads == 2 && (v & 0xffff) != 0))
        return -1;
    buf_put_u8(out, (uint8_t)(v >> 16));
    if (pads < 2)
        buf_put_u8(out, (uint8_t)(v >> 8));
    if (pads < 1)
        buf_put_u8(out, (uint8_t)v);
    return 0;
}

bool base64_decode(struct buf *out, struct str text)
{
    size_t before = out->len;
    bool good = text.len % 4 == 0;

    for (size_t i = 0; good && i < text.len; i += 4) {
        const char *four = text.at + i;
        int pads = i + 4 < text.len ? 0 : (four[3] == '=') + (four[3] == '=' && four[2] == '=');

        good = decode_four(out, four, pads) == 0;
    }
    if (!good)
        out->len = before;
    return good;
}
