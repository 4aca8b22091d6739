/* cursor.h - reads little-endian values out of bytes from outside, without ever passing
 * the end: after a short read `bad` is set and every later value is 0 or empty. */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "base/bytes.h"
#include "base/str.h"

struct cursor {
    struct str rest;
    bool bad;
};

static inline struct str cursor_bytes(struct cursor *c, uint64_t len)
{
    struct str s = {"", 0};

    if (len > c->rest.len)
        c->bad = true;
    if (c->bad)
        return s;
    s = str_part(c->rest, 0, (size_t)len);
    c->rest = str_part(c->rest, (size_t)len, c->rest.len);
    return s;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
    struct str s = cursor_bytes(c, 1);

    return s.len ? (uint8_t)s.at[0] : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
    struct str s = cursor_bytes(c, 2);

    return s.len ? get_le16((const uint8_t *)s.at) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
    struct str s = cursor_bytes(c, 4);

    return s.len ? get_le32((const uint8_t *)s.at) : 0;
}

static inline uint64_t cursor_u64(struct cursor *c)
{
    struct str s = cursor_bytes(c, 8);

    return s.len ? get_le64((const uint8_t *)s.at) : 0;
}

static inline uint64_t cursor_varint(struct cursor *c)
{
    uint64_t v = 0;

    if (c->rest.len > 0 && !c->bad && !((uint8_t)c->rest.at[0] & 128)) {
        v = (uint8_t)c->rest.at[0]; /* nearly all of them are short */
        c->rest.at++;
        c->rest.len--;
        return v;
    }

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = cursor_u8(c);

        v |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128))
            return v;
    }
    c->bad = true;
    return 0;
}

/* Past n varints: each ends with a byte below 128. */
static inline void cursor_skip_varints(struct cursor *c, uint64_t n)
{
    const char *at = c->rest.at, *end = at + c->rest.len;

    while (n >= 8 && end - at >= 8) {
        uint64_t eight;

        memcpy(&eight, at, 8);
        n -= 8U - (unsigned)__builtin_popcountll(eight & 0x8080808080808080U);
        at += 8;
    }
    for (; n > 0 && at < end; at++)
        n -= (uint8_t)*at < 128;
    c->bad |= n > 0;
    c->rest = (struct str){at, c->bad ? 0 : (size_t)(end - at)};
}

/* Texts that stand behind the lengths of all of them. */
struct cursor_texts {
    struct cursor lengths, bytes;
};

/* n texts of at most `most` bytes together, which c is then behind. */
static inline struct cursor_texts cursor_texts(struct cursor *c, uint64_t n, uint64_t most)
{
    struct cursor_texts t = {.lengths = *c};
    uint64_t total = 0;

    c->bad |= n > c->rest.len; /* a length takes a byte at least */
    for (uint64_t i = 0; i < n && total <= most && !c->bad; i++)
        total += cursor_varint(c);
    t.bytes = (struct cursor){cursor_bytes(c, total), c->bad};
    return t;
}

/* The next of them; t->bytes.bad: there is none, as lengths whose sum wrapped tell of more. */
static inline struct str cursor_text(struct cursor_texts *t)
{
    return cursor_bytes(&t->bytes, cursor_varint(&t->lengths));
}

#endif
