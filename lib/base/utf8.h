/* utf8.h - where a UTF-8 sequence ends (RFC 3629). Pure. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

/* Length of the sequence that begins at p, of which `left` bytes may be read; 0 where it is
 * none: a stray or missing continuation byte, an overlong form, a surrogate, above U+10FFFF. */
static inline size_t utf8_length(const void *at, size_t left)
{
    const uint8_t *p = at;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3
               : p[0] < 0xf5 ? 4 : 0;

    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

/* How many bytes, where utf8_length() is 0, one sign of replacement stands for: as far as they
 * could have begun a sequence (Unicode 15, 3.9: maximal subparts). */
static inline size_t utf8_broken(const void *at, size_t left)
{
    const uint8_t *p = at;
    size_t n = p[0] < 0xc2 || p[0] > 0xf4 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint8_t low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    size_t i = 1;

    for (; i < n && i < left && p[i] >= low && p[i] <= high; i++) {
        low = 0x80;
        high = 0xbf;
    }
    return i;
}

static inline bool utf8_all(struct str s)
{
    for (size_t i = 0, n; i < s.len; i += n)
        if ((n = utf8_length(s.at + i, s.len - i)) == 0)
            return false;
    return true;
}

#endif
