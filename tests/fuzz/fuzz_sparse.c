/* Any bytes as a set of any size: some answer, and nothing read beyond them. */
#include "base/sparse.h"
#include "tests/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t n = 0; n <= size; n++) {
        char *bytes;

        if (sparse_bytes(n) > size)
            break;
        bytes = malloc(sparse_bytes(n) + 1);
        memcpy(bytes, data, sparse_bytes(n));
        for (size_t i = 0; i + 3 <= size && i < 30; i += 3) {
            uint32_t number = (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2];

            CHECK(sparse_find((struct str){bytes, sparse_bytes(n)}, n, number) <= n);
        }
        free(bytes);
    }
    return 0;
}
