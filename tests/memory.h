/* memory.h - a projection's bytes out of a buffer (projection_source). */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include "tests/test.h"
#include "trail/projection.h"

static int read_memory(void *bytes, void *to, size_t len, uint64_t at, struct err *err)
{
    const struct buf *b = bytes;

    (void)err;
    CHECK(at <= b->len && len <= b->len - at);
    memcpy(to, b->at + at, len);
    return 0;
}

#endif
