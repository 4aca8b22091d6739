/* Sets of numbers, searched as they are packed: each number is found at its place, its
 * neighbours that are not in the set are not, and any bytes give some answer. */
#include "base/hash.h"
#include "base/order.h"
#include "base/sparse.h"
#include "tests/test.h"

enum { MOST = 16384, TOP = (1 << SPARSE_BITS) - 1 };

static unsigned bits;  /* of the numbers at hand */
static uint32_t all[MOST];

static uint64_t state = 42;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33) % below;
}

/* n distinct numbers below the bound, ascending. */
static size_t make(uint32_t *number, size_t n, uint32_t below)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        number[i] = draw(below);
    qsort(number, n, sizeof *number, order_u32);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || number[i] != number[kept - 1])
            number[kept++] = number[i];
    return kept;
}

static size_t search(const uint32_t *number, size_t n, uint32_t wanted)
{
    for (size_t i = 0; i < n; i++)
        if (number[i] == wanted)
            return i;
    return n;
}

static void check_set(const uint32_t *number, size_t n)
{
    uint32_t top = (1U << bits) - 1;
    struct buf b = {0};

    sparse_put(&b, number, n, bits);
    CHECK(b.len == sparse_bytes(n, bits));
    CHECK(b.len * 8 <= n * (bits + 3) + 64);
    for (size_t i = 0; i < n; i++)
        CHECK(sparse_find(buf_str(&b), n, bits, number[i]) == i);
    CHECK(sparse_all(buf_str(&b), n, bits, all) && memcmp(all, number, n * sizeof *all) == 0);
    for (size_t i = 0; i < 300; i++) {
        uint32_t wanted = n && i % 2 ? (number[draw((uint32_t)n)] + 1) & top : draw(top + 1);

        CHECK(sparse_find(buf_str(&b), n, bits, wanted) == search(number, n, wanted));
    }
    CHECK(sparse_find(buf_str(&b), n, bits, 0) == search(number, n, 0));
    CHECK(sparse_find(buf_str(&b), n, bits, top) == search(number, n, top));
    for (size_t i = 0; n > 0 && i < b.len; i++)
        b.at[i] = (char)draw(256);
    for (size_t i = 0; i < 300; i++)
        CHECK(sparse_find(buf_str(&b), n, bits, draw(top + 1)) <= n);
    sparse_all(buf_str(&b), n, bits, all);
    buf_release(&b);
}

int main(void)
{
    static const size_t sizes[] = {0, 1, 2, 3, 5, 16, 17, 255, 1000, 4096, 4097, MOST};
    static const unsigned widths[] = {SPARSE_BITS, 24, 16, 14};
    static uint32_t number[MOST];

    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        uint32_t ends[] = {0, (1U << widths[w]) - 1};

        bits = widths[w];
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            check_set(number, make(number, sizes[s], 1U << bits));
            check_set(number, make(number, sizes[s], 1U << 13));
            check_set(number, make(number, sizes[s], 40));
        }
        check_set(ends, 2);
        check_set(ends, 1);
        check_set(ends + 1, 1);
    }
    return 0;
}
