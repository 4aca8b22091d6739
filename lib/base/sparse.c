/* sparse.c - see sparse.h. First come the low bits of all, then the bitmap, each padded to
 * bytes; both are filled from the low bits of a byte on. */
#include "base/sparse.h"

#include "base/bytes.h"

/* Bits of each number that stand as they are. */
static unsigned low_bits(size_t n, unsigned of)
{
    unsigned bits = of;

    while (bits > 0 && n > (1UL << (of - bits)))
        bits--;
    return bits;
}

static size_t low_bytes(size_t n, unsigned low)
{
    return (n * low + 7) / 8;
}

size_t sparse_bytes(size_t n, unsigned bits)
{
    unsigned low = low_bits(n, bits);

    return n == 0 ? 0 : low_bytes(n, low) + (n + (1UL << (bits - low)) + 7) / 8;
}

static void put_bits(uint8_t *bytes, size_t at, uint32_t value)
{
    for (; value; at++, value >>= 1)
        bytes[at / 8] |= (uint8_t)((value & 1) << at % 8);
}

void sparse_put(struct buf *out, const uint32_t *number, size_t n, unsigned bits)
{
    size_t len = sparse_bytes(n, bits);
    unsigned low = low_bits(n, bits);
    uint8_t *bytes;

    if (n == 0)
        return;
    bytes = (uint8_t *)buf_reserve(out, len);
    memset(bytes, 0, len);
    for (size_t i = 0; i < n; i++) {
        put_bits(bytes, i * low, number[i] & ((1U << low) - 1));
        put_bits(bytes + low_bytes(n, low), i + (number[i] >> low), 1);
    }
    out->len += len;
}

static uint32_t get_bits(const uint8_t *bytes, size_t len, size_t at, unsigned bits)
{
    uint64_t v = 0;

    for (size_t i = 0; i < 8 && at / 8 + i < len; i++)
        v |= (uint64_t)bytes[at / 8 + i] << 8 * i;
    return (uint32_t)(v >> at % 8) & ((1U << bits) - 1);
}

/* The place behind the steps-th zero, all zeros behind the end. */
static size_t behind_zero(const uint8_t *map, size_t len, size_t steps)
{
    size_t at = 0;

    while (steps > 0 && at + 8 <= len) {
        size_t zeros = 64U - (size_t)__builtin_popcountll(get_le64(map + at));

        if (zeros >= steps)
            break;
        steps -= zeros;
        at += 8;
    }
    for (at *= 8; steps > 0 && at / 8 < len; at++)
        steps -= !(map[at / 8] >> at % 8 & 1);
    return at;
}

size_t sparse_find(struct str bytes, size_t n, unsigned bits, uint32_t number)
{
    unsigned few = low_bits(n, bits);
    const uint8_t *low = (const uint8_t *)bytes.at, *map = low + low_bytes(n, few);
    uint32_t high = number >> few;
    size_t len, at;

    if (n == 0 || bytes.len != sparse_bytes(n, bits))
        return n;
    len = bytes.len - low_bytes(n, few);
    at = behind_zero(map, len, high);
    for (; at >= high && at - high < n && at / 8 < len && map[at / 8] >> at % 8 & 1; at++)
        if (get_bits(low, low_bytes(n, few), (at - high) * few, few) ==
            (number & ((1U << few) - 1)))
            return at - high;
    return n;
}

bool sparse_all(struct str bytes, size_t n, unsigned bits, uint32_t *number)
{
    unsigned few = low_bits(n, bits);
    const uint8_t *low = (const uint8_t *)bytes.at, *map = low + low_bytes(n, few);
    size_t len = bytes.len - low_bytes(n, few);
    size_t found = 0;

    if (n == 0 || bytes.len != sparse_bytes(n, bits))
        return n == 0 && bytes.len == 0;
    for (size_t at = 0; at / 8 < len && found < n; at++)
        if (map[at / 8] >> at % 8 & 1) {
            number[found] = (uint32_t)(at - found) << few |
                            get_bits(low, low_bytes(n, few), found * few, few);
            found++;
        }
    return found == n;
}
