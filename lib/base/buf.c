/* buf.c - see buf.h. Grows by doubling, so n puts cost O(bytes). */
#include "base/buf.h"

#include <stdarg.h>

#include "base/bytes.h"
#include "base/mem.h"

char *buf_reserve(struct buf *b, size_t more)
{
    if (!b->at || b->cap - b->len < more) {
        size_t cap = b->cap ? b->cap * 2 : 256;

        while (cap - b->len < more)
            cap *= 2;
        b->at = xrealloc(b->at, cap);
        b->cap = cap;
    }
    return b->at + b->len;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
    char *to = buf_reserve(b, len);

    if (len)
        memcpy(to, bytes, len);
    b->len += len;
}

void buf_put_str(struct buf *b, struct str s)
{
    buf_put(b, s.at, s.len);
}

void buf_put_text(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

void buf_put_u8(struct buf *b, uint8_t v)
{
    buf_put(b, &v, 1);
}

void buf_put_u16(struct buf *b, uint16_t v)
{
    uint8_t raw[2];

    put_le16(raw, v);
    buf_put(b, raw, sizeof raw);
}

void buf_put_u32(struct buf *b, uint32_t v)
{
    uint8_t raw[4];

    put_le32(raw, v);
    buf_put(b, raw, sizeof raw);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
    uint8_t raw[8];

    put_le64(raw, v);
    buf_put(b, raw, sizeof raw);
}

void buf_put_varint(struct buf *b, uint64_t v)
{
    while (v >= 128) {
        buf_put_u8(b, (uint8_t)(v | 128));
        v >>= 7;
    }
    buf_put_u8(b, (uint8_t)v);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_list again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n > 0) {
        vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void buf_release(struct buf *b)
{
    free(b->at);
    *b = (struct buf){0};
}
