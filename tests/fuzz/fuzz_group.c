/* Any bytes as the header and description of a row group, and as a block of rows. */
#include "store/group.h"
#include "tests/test.h"
#include "trail/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct block_row row[4];
    struct model model;
    struct group g;
    struct err err;
    struct str bytes = {(const char *)data, size};

    model_init(&model);
    block_decode(row, size % 5, NULL, bytes, &model, &arena, &err);
    model_release(&model);
    if (size >= 64) {
        group_decode_header(&g, data, &err);
        memset(&g, 0, sizeof g);
        g.rows = data[0];
        g.extents = data[1] % 8;
        g.meta_len = (uint32_t)size;
        g.len = 64 + size;
        g.meta_crc = hash_crc32c(0, bytes);
        group_decode_meta(&g, bytes, &arena, &err);
    }
    arena_release(&arena);
    return 0;
}
