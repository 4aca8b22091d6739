/* Any bytes as a projection, whose sums are made to fit: an error, or rows that can be
 * read. The first byte of the input says how many bytes of a good one stand before it. */
#include "base/bytes.h"
#include "base/mem.h"
#include "base/zone.h"
#include "tests/memory.h"
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
}

static void put_sum(struct buf *b, size_t at, uint64_t from, uint64_t len)
{
    if (at + 4 <= b->len && from <= b->len && len <= b->len - from)
        put_le32((uint8_t *)b->at + at, hash_crc32c(0, (struct str){b->at + from, (size_t)len}));
}

/* The sum of the layout, then those of what it says, then its own again. */
static void mend(struct buf *b)
{
    uint64_t columns = b->len >= PROJECTION_HEAD ? get_le32((const uint8_t *)b->at + 56) : 0;
    size_t end = PROJECTION_HEAD + PROJECTION_EACH * (columns + 1);
    struct projection_layout l;

    if (columns > COLUMN_COUNT || b->len < end + 4)
        return;
    put_sum(b, end, 0, end);
    if (!projection_layout_read(&l, buf_str(b)))
        return;
    for (size_t i = 0; i <= columns; i++) {
        size_t at = PROJECTION_HEAD + PROJECTION_EACH * i + 36;

        put_sum(b, at, l.column[i].at, l.column[i].entry_bytes);
        put_sum(b, at + 4, l.column[i].at + l.column[i].entry_bytes,
                (uint64_t)l.column[i].width * l.rows);
    }
    put_sum(b, end, 0, end);
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
    struct projection_source from = {read_memory, &bytes, 0};
    struct err err;

    if (good.len == 0) {
        make_good(&good);
        CHECK(zone_load(&zone, "Europe/London", &err) == 0);
    }
    if (size == 0)
        return 0;
    for (int c = 0; c < COLUMN_COUNT; c++)
        few[c] = data[0] % 2 || (c ^ data[0]) % 3 == 0;
    buf_put(&bytes, good.at, data[0] < good.len ? data[0] : good.len);
    buf_put(&bytes, data + 1, size - 1);
    if (bytes.len < good.len) /* the good one's end behind it */
        buf_put(&bytes, good.at + bytes.len, good.len - bytes.len);
    mend(&bytes);
    from.size = bytes.len;
    if (projection_open(&p, &from, &n, &err) == 0) {
        uint32_t rows = projection_layout(p)->rows;
        bool all[COLUMN_COUNT];

        memset(all, true, sizeof all);
        memset(&r, 0, sizeof r);
        projection_choose(p, few);
        projection_fill(p, 0, PROJECTION_CLASS, &r, &hour, zone);
        projection_fill(p, 0, PROJECTION_FEW, &r, &hour, zone);
        for (uint32_t i = 0; projection_load(p, all, &err) == 0 && i < rows && i < 1000; i++) {
            projection_expect(p, i + 7);
            projection_fill(p, i, PROJECTION_FEW, &r, &hour, zone);
            projection_class(p, i);
            projection_mark(p, i);
            projection_integer(p, i, COLUMN_SOURCE_SEQ);
            for (int c = 0; c < COLUMN_COUNT; c++)
                projection_value(p, i, (enum column)c);
        }
        projection_free(p);
    }
    buf_release(&bytes);
    arena_release(&hour.arena);
    return 0;
}
