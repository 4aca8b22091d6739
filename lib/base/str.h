/* str.h - a borrowed run of bytes. It never owns: whoever made it says for how long it
 * stays valid. Not NUL-terminated; print with "%.*s" and STR_ARG(s). */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *at;
    size_t len;
};

#define STR_ARG(s) (int)(s).len, (s).at
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

static inline struct str str_of(const char *text)
{
    return (struct str){text, strlen(text)};
}

/* Bytes [from, to) of s; both must lie within it. */
static inline struct str str_part(struct str s, size_t from, size_t to)
{
    return (struct str){from ? s.at + from : s.at, to - from}; /* NULL has no offset */
}

/* Where the text stands last in s; s.len: nowhere. */
static inline size_t str_last(struct str s, struct str text)
{
    for (size_t at = s.len; at >= text.len; at--)
        if (memcmp(s.at + at - text.len, text.at, text.len) == 0)
            return at - text.len;
    return s.len;
}

/* n bytes of each differ in these bits; n is 4 to 16. Loads of fixed size, which overlap. */
static inline uint64_t str_differ(const char *a, const char *b, size_t n)
{
    uint64_t x[2], y[2];
    uint32_t low[2], high[2];

    if (n >= 8) {
        memcpy(&x[0], a, 8);
        memcpy(&x[1], a + n - 8, 8);
        memcpy(&y[0], b, 8);
        memcpy(&y[1], b + n - 8, 8);
        return (x[0] ^ y[0]) | (x[1] ^ y[1]);
    }
    memcpy(&low[0], a, 4);
    memcpy(&low[1], b, 4);
    memcpy(&high[0], a + n - 4, 4);
    memcpy(&high[1], b + n - 4, 4);
    return (low[0] ^ low[1]) | (high[0] ^ high[1]);
}

static inline bool str_equal(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    if (a.len >= 4 && a.len <= 16) /* most values; a call costs more than this */
        return str_differ(a.at, b.at, a.len) == 0;
    return a.len == 0 || memcmp(a.at, b.at, a.len) == 0;
}

/* Below, at or above 0, as memcmp(): by bytes, a head before what it is the head of. */
static inline int str_compare(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.at, b.at, n) : 0;

    return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

static inline bool str_starts(struct str s, struct str head)
{
    return s.len >= head.len && (head.len == 0 || memcmp(s.at, head.at, head.len) == 0);
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* Equal but for the case of ASCII letters. */
static inline bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
            return false;
    return true;
}

/* Index of the first byte c, or s.len. */
static inline size_t str_index(struct str s, char c)
{
    const char *p = s.len ? memchr(s.at, c, s.len) : NULL;

    return p ? (size_t)(p - s.at) : s.len;
}

#endif
