/* Sets of numbers, searched as they are packed: each number is found at its place, its
 * neighbours that are not in the set are not, and any bytes give some answer. */
#include "base/hash.h"
#include "base/order.h"
#include "base/sparse.h"
#include "tests/test.h"

enum { MOST = 16384, TOP = (1 << SPARSE_BITS) - 1 };

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
    struct buf b = {0};

    sparse_put(&b, number, n);
    CHECK(b.len == sparse_bytes(n));
    CHECK(b.len * 8 <= n * (SPARSE_BITS + 3) + 64);
    for (size_t i = 0; i < n; i++)
        CHECK(sparse_find(buf_str(&b), n, number[i]) == i);
    for (size_t i = 0; i < 300; i++) {
        uint32_t wanted = n && i % 2 ? (number[draw((uint32_t)n)] + 1) & TOP : draw(TOP + 1);

        CHECK(sparse_find(buf_str(&b), n, wanted) == search(number, n, wanted));
    }
    CHECK(sparse_find(buf_str(&b), n, 0) == search(number, n, 0));
    CHECK(sparse_find(buf_str(&b), n, TOP) == search(number, n, TOP));
    for (size_t i = 0; n > 0 && i < b.len; i++)
        b.at[i] = (char)draw(256);
    for (size_t i = 0; i < 300; i++)
        CHECK(sparse_find(buf_str(&b), n, draw(TOP + 1)) <= n);
    buf_release(&b);
}

int main(void)
{
    static const size_t sizes[] = {0, 1, 2, 3, 5, 16, 17, 255, 1000, 4096, 4097, MOST};
    static const uint32_t bounds[] = {TOP + 1, 1 << 16, 40};
    static uint32_t number[MOST];
    static const uint32_t ends[] = {0, TOP}, last[] = {TOP};

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++)
            check_set(number, make(number, sizes[s], bounds[b]));
    check_set(ends, 2);
    check_set(ends, 1);
    check_set(last, 1);
    return 0;
}
