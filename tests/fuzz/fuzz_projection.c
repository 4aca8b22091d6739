/* Any bytes as a projection, whose SHA-256 is made to fit: an error, or rows that can be
 * read. The first byte of the input says how many bytes of a good one stand before it. */
#include "base/mem.h"
#include "base/zone.h"
#include "tests/test.h"
#include "trail/projector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_good(struct buf *out)
{
    static const char *const texts[] = {"", "a", "bb", "ccc"};
    struct projection_want want = {.column = {[COLUMN_TIME] = true, [COLUMN_HTTP_STATUS] = true,
                                              [COLUMN_USER_KEY] = true,
                                              [COLUMN_SSP_TRACE_ID] = true,
                                              [COLUMN_JWT_HASH] = true},
                                   .filled = {[COLUMN_SSP_TRACE_ID] = true}};
    struct projector *p = projector_new(&want);
    const uint8_t binding[HASH_BYTES] = {0};

    for (int i = 0; i < 20; i++) {
        struct record r = {.reject = REJECT_NONE};
        struct value text = {.kind = VALUE_TEXT, .text = str_of(texts[i % 4])};

        r.column[COLUMN_TIME] = (struct value){.kind = VALUE_TIME, .integer = i * 1000000};
        r.column[COLUMN_HTTP_STATUS] = (struct value){.kind = VALUE_INTEGER, .integer = i % 3};
        r.column[COLUMN_USER_KEY] = r.column[COLUMN_SSP_TRACE_ID] = r.column[COLUMN_JWT_HASH] =
            text;
        projector_row(p, &r);
    }
    projector_encode(p, 0, binding, out);
    projector_free(p);
    out->len -= HASH_BYTES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf good;
    static struct zone *zone;
    struct projection_numbers n = {.class = 0};
    bool few[COLUMN_COUNT];
    struct timestamp_hour hour = {0};
    struct projection *p;
    struct buf bytes = {0};
    struct record r;
    uint8_t sha[HASH_BYTES];
    struct str all;
    struct err err;

    if (good.len == 0) {
        make_good(&good);
        CHECK(zone_load(&zone, "Europe/London", &err) == 0);
    }
    if (size == 0)
        return 0;
    for (int c = 0; c < COLUMN_COUNT; c++)
        few[c] = (c ^ data[0]) % 3 == 0;
    buf_put(&bytes, good.at, data[0] < good.len ? data[0] : good.len);
    buf_put(&bytes, data + 1, size - 1);
    if (bytes.len < good.len) /* the good one's end behind it */
        buf_put(&bytes, good.at + bytes.len, good.len - bytes.len);
    all = buf_str(&bytes);
    hash_sha256(sha, &all, 1);
    buf_put(&bytes, sha, HASH_BYTES);
    if (projection_open(&p, &bytes, &n, few, &err) == 0) {
        for (uint32_t i = 0; i < projection_head(p)->rows && i < 1000; i++) {
            projection_fill(p, i, PROJECTION_ANEW, &r, &hour, zone);
            projection_expect(p, i + 7);
            projection_fill(p, i, PROJECTION_FEW, &r, &hour, zone);
            projection_class(p, i);
            projection_time(p, i);
        }
        projection_free(p);
    }
    buf_release(&bytes);
    arena_release(&hour.arena);
    return 0;
}
