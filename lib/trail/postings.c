/* postings.c - see postings.h. */
#include "trail/postings.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/deflate.h"

enum { SAME_PATIENT = 1, SAME_NAME = 2 /* and 4, 8 */, NO_TIME = 16, ODD = 32 };
enum { ROW_BYTES_MAX = 1 + 3 + 3 + 10 + 3 * 5 };

/* The row before; none of its values is that of the first. */
static const struct posting *before(const struct posting *p, size_t i)
{
    static const struct posting none = {.name = {UINT32_MAX, UINT32_MAX, UINT32_MAX}};

    return i > 0 ? &p[i - 1] : &none;
}

static uint8_t flags_of(const struct posting *p, size_t i)
{
    const struct posting *last = before(p, i);
    unsigned flags = (i > 0 && last->patient == p[i].patient ? SAME_PATIENT : 0U) |
                     (p[i].has_time ? 0U : NO_TIME) | (p[i].odd ? ODD : 0U);

    for (int k = 0; k < POSTINGS_NAMES; k++)
        if (p[i].name[k] == last->name[k])
            flags |= (unsigned)SAME_NAME << k;
    return (uint8_t)flags;
}

void postings_put(struct buf *out, const struct posting *p, size_t n, int64_t least)
{
    struct buf page = {0};

    for (size_t i = 0; i < n; i++)
        buf_put_u8(&page, flags_of(p, i));
    for (size_t i = 0; i < n; i++)
        buf_put_varint(&page, p[i].small);
    for (size_t i = 0; i < n; i++)
        buf_put_varint(&page, flags_of(p, i) & SAME_PATIENT ? p[i].row - p[i - 1].row
                                                            : p[i].row);
    for (size_t i = 0; i < n; i++) {
        int64_t from = flags_of(p, i) & SAME_PATIENT && p[i - 1].has_time ? p[i - 1].time
                                                                          : least;

        if (p[i].has_time)
            buf_put_varint(&page, zigzag(p[i].time - from));
    }
    for (int k = 0; k < POSTINGS_NAMES; k++)
        for (size_t i = 0; i < n; i++)
            if (p[i].name[k] != before(p, i)->name[k])
                buf_put_varint(&page, p[i].name[k]);
    buf_put_varint(out, page.len);
    deflate_block(out, buf_str(&page), DEFLATE_FAST);
    buf_release(&page);
}

static void get_rows(struct posting *p, size_t n, const uint8_t *flags, struct cursor *c,
                     uint16_t patient)
{
    for (size_t i = 0; i < n; i++)
        p[i].small = (uint16_t)cursor_varint(c);
    for (size_t i = 0; i < n; i++) {
        bool same = i > 0 && flags[i] & SAME_PATIENT;

        p[i].row = (uint16_t)(cursor_varint(c) + (same ? p[i - 1].row : 0U));
        p[i].patient = i == 0 ? patient : (uint16_t)(p[i - 1].patient + !same);
        p[i].has_time = !(flags[i] & NO_TIME);
        p[i].odd = flags[i] & ODD;
    }
}

bool postings_get(struct posting *p, size_t n, struct str page, uint16_t patient, int64_t least)
{
    char bytes[POSTINGS_PAGE * ROW_BYTES_MAX];
    struct cursor c = {page, false};
    uint64_t len = cursor_varint(&c);
    const uint8_t *flags = (const uint8_t *)bytes;
    struct err ignored;

    if (c.bad || n > POSTINGS_PAGE || len > sizeof bytes || len < n ||
        inflate_block(bytes, len, c.rest, &ignored) < 0)
        return false;
    c.rest = (struct str){bytes + n, len - n};
    get_rows(p, n, flags, &c, patient);
    for (size_t i = 0; i < n; i++) {
        bool same = i > 0 && flags[i] & SAME_PATIENT && p[i - 1].has_time;
        uint64_t by = p[i].has_time ? (uint64_t)unzigzag(cursor_varint(&c)) : 0;

        by += (uint64_t)(same ? p[i - 1].time : least);
        p[i].time = p[i].has_time ? (int64_t)by : 0;
    }
    for (int k = 0; k < POSTINGS_NAMES; k++)
        for (size_t i = 0; i < n; i++)
            p[i].name[k] = flags[i] & SAME_NAME << k ? before(p, i)->name[k]
                                                     : (uint32_t)cursor_varint(&c);
    return !c.bad && c.rest.len == 0;
}
