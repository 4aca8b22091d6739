/* Any bytes as a set of any size: some answer, and nothing read beyond them. */
#include "base/sparse.h"
#include "tests/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned bits = size ? data[0] % (SPARSE_BITS + 1U) : 0;
    uint32_t *all;

    for (size_t n = 0; n <= size && n <= 1UL << bits && sparse_bytes(n, bits) <= size; n++) {
        size_t len = sparse_bytes(n, bits);
        char *bytes = malloc(len + 1);

        memcpy(bytes, data, len);
        for (size_t i = 0; i + 4 <= size && i < 40; i += 4) {
            uint32_t number;

            memcpy(&number, data + i, sizeof number);
            number &= (1U << bits) - 1;
            CHECK(sparse_find((struct str){bytes, len}, n, bits, number) <= n);
        }
        all = malloc((n + 1) * sizeof *all);
        sparse_all((struct str){bytes, len}, n, bits, all);
        free(all);
        free(bytes);
    }
    return 0;
}
