/* stream.c - see stream.h. A stream that deflate does not make a twentieth shorter is
 * stored: trace ids and signatures are not worth the time of a reader. */
#include "trail/stream.h"

#include "base/cursor.h"
#include "base/deflate.h"
#include "base/limits.h"
#include "base/mem.h"

enum { METHOD_FRONT, METHOD_STORED, METHOD_DEFLATED, METHOD_CONSTANT };
enum { SHORT_BYTES = 384 };

static void put_entry(struct streams *s, uint16_t label, enum stream_part part, uint8_t method,
                      struct str bytes)
{
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 256;
        s->entry = xrealloc(s->entry, s->cap * sizeof *s->entry);
    }
    s->entry[s->count++] = (struct stream_entry){label, (uint8_t)part, method, false,
                                                 (uint32_t)bytes.len, {NULL, 0}};
    if (method == METHOD_CONSTANT)
        bytes.len = 1;
    buf_put_str(&s->bytes, bytes);
}

void streams_put(struct streams *s, uint16_t label, enum stream_part part, struct str bytes)
{
    bool random = part == PART_FIXED;

    if (bytes.len > 0)
        put_entry(s, label, part,
                  bytes.len <= SHORT_BYTES ? METHOD_FRONT
                  : random                 ? METHOD_STORED
                                           : METHOD_DEFLATED,
                  bytes);
}

void streams_put_planes(struct streams *s, uint16_t label, const uint64_t *number, size_t n)
{
    uint64_t any = 0;
    uint64_t differ = 0;
    struct buf plane = {0};

    for (size_t i = 0; i < n; i++) {
        any |= number[i];
        differ |= number[i] ^ number[0];
    }
    for (int k = 0; k < STREAM_PLANES && any >> (8 * k); k++) {
        char *to;

        if (!(any >> (8 * k) & 255))
            continue;
        buf_clear(&plane);
        to = buf_reserve(&plane, n);
        plane.len = n;
        for (size_t i = 0; i < n; i++)
            to[i] = (char)(number[i] >> (8 * k));
        if (differ >> (8 * k) & 255)
            streams_put(s, label, (enum stream_part)(PART_PLANE + k), buf_str(&plane));
        else
            put_entry(s, label, (enum stream_part)(PART_PLANE + k), METHOD_CONSTANT,
                      buf_str(&plane));
    }
    buf_release(&plane);
}

/* Deflate the long streams into tail; says in each entry how it ended up. */
static void pack_streams(struct streams *s, struct buf *front, struct buf *tail)
{
    const char *at = s->bytes.at;

    buf_put_varint(front, s->count);
    for (size_t i = 0; i < s->count; i++) {
        struct stream_entry *e = &s->entry[i];
        size_t before = tail->len;
        size_t packed = 0;

        if (e->method == METHOD_DEFLATED) {
            deflate_block(tail, (struct str){at, e->len}, DEFLATE_FAST);
            packed = tail->len - before;
            if (packed + e->len / 20 >= e->len) {
                tail->len = before;
                e->method = METHOD_STORED;
            }
        }
        if (e->method == METHOD_STORED)
            buf_put(tail, at, e->len);
        buf_put_varint(front, e->label);
        buf_put_u8(front, (uint8_t)(e->part | e->method << 4));
        buf_put_varint(front, e->len);
        if (e->method == METHOD_DEFLATED)
            buf_put_varint(front, packed);
        if (e->method == METHOD_CONSTANT)
            buf_put(front, at, 1);
        at += e->method == METHOD_CONSTANT ? 1 : e->len;
    }
    at = s->bytes.at;
    for (size_t i = 0; i < s->count; i++) {
        const struct stream_entry *e = &s->entry[i];

        if (e->method == METHOD_FRONT)
            buf_put(front, at, e->len);
        at += e->method == METHOD_CONSTANT ? 1 : e->len;
    }
}

void streams_pack(struct streams *s, struct buf *out, uint8_t codec, size_t rows)
{
    struct buf front = {0}, tail = {0}, packed = {0};

    pack_streams(s, &front, &tail);
    deflate_block(&packed, buf_str(&front), DEFLATE_FAST);
    buf_put_u8(out, codec);
    buf_put_varint(out, rows);
    buf_put_varint(out, front.len);
    buf_put_varint(out, packed.len);
    buf_put_str(out, buf_str(&packed));
    buf_put_str(out, buf_str(&tail));
    buf_release(&front);
    buf_release(&tail);
    buf_release(&packed);
    s->count = 0;
    buf_clear(&s->bytes);
}

/* ---- reading ---- */

static bool read_entry(struct stream_entry *e, struct cursor *front, struct cursor *tail,
                       size_t labels)
{
    uint64_t label = cursor_varint(front);
    uint8_t how = cursor_u8(front);
    uint64_t len = cursor_varint(front);

    *e = (struct stream_entry){(uint16_t)label, how & 15, how >> 4, false, (uint32_t)len,
                               {"", 0}};
    e->in_front = e->method == METHOD_FRONT || e->method == METHOD_CONSTANT;
    if (e->method == METHOD_STORED)
        e->stored = cursor_bytes(tail, len);
    else if (e->method == METHOD_DEFLATED)
        e->stored = cursor_bytes(tail, cursor_varint(front));
    else if (e->method == METHOD_CONSTANT)
        e->stored = cursor_bytes(front, 1);
    return label < labels && len > 0 && len <= LIMIT_BLOCK_BYTES &&
           e->method <= METHOD_CONSTANT && !front->bad && !tail->bad;
}

static bool read_directory(struct streams *s, struct cursor *front, struct cursor *tail,
                           struct arena *arena)
{
    uint64_t n = cursor_varint(front);

    if (front->bad || n > front->rest.len || n >= UINT16_MAX)
        return false;
    s->entry = arena_alloc(arena, (size_t)n * sizeof *s->entry);
    s->first = arena_alloc(arena, s->labels * sizeof *s->first);
    memset(s->first, 0, s->labels * sizeof *s->first);
    for (s->count = 0; s->count < n; s->count++) {
        struct stream_entry *e = &s->entry[s->count];

        if (!read_entry(e, front, tail, s->labels))
            return false;
        if (!s->first[e->label])
            s->first[e->label] = (uint16_t)(s->count + 1);
    }
    for (size_t i = 0; i < n; i++)
        if (s->entry[i].method == METHOD_FRONT)
            s->entry[i].stored = cursor_bytes(front, s->entry[i].len);
    return !front->bad && front->rest.len == 0 && tail->rest.len == 0;
}

int streams_open(struct streams *s, struct str packed, size_t labels, size_t *rows,
                 struct arena *arena, struct err *err)
{
    struct cursor c = {packed, false};
    uint64_t count = cursor_varint(&c);
    uint64_t front_len = cursor_varint(&c);
    struct str deflated = cursor_bytes(&c, cursor_varint(&c));
    struct cursor front;
    char *bytes;
    int rc;

    if (c.bad || count > LIMIT_BLOCK_ROWS || front_len > LIMIT_BLOCK_BYTES)
        return err_set(err, ERR_CORRUPT, "the lengths of a block contradict");
    bytes = arena_alloc(arena, front_len);
    if ((rc = inflate_block(bytes, front_len, deflated, err)) < 0)
        return rc;
    front = (struct cursor){{bytes, front_len}, false};
    memset(s, 0, sizeof *s);
    s->labels = labels;
    *rows = count;
    if (!read_directory(s, &front, &c, arena))
        return err_set(err, ERR_CORRUPT, "the directory of a block contradicts");
    return 0;
}

int streams_get(const struct streams *s, uint16_t label, enum stream_part part,
                struct str *out, struct arena *arena, struct err *err)
{
    char *bytes;

    *out = STR("");
    if (!s->first[label])
        return 0;
    for (size_t i = s->first[label] - 1U; i < s->count && s->entry[i].label == label; i++) {
        const struct stream_entry *e = &s->entry[i];

        if (e->part != part)
            continue;
        *out = e->stored;
        if (e->method == METHOD_FRONT || e->method == METHOD_STORED)
            return 0;
        bytes = arena_alloc(arena, e->len);
        *out = (struct str){bytes, e->len};
        if (e->method == METHOD_DEFLATED)
            return inflate_block(bytes, e->len, e->stored, err);
        memset(bytes, e->stored.at[0], e->len);
        return 0;
    }
    return 0;
}

size_t streams_planes_length(const struct streams *s, uint16_t label)
{
    if (!s->first[label])
        return 0;
    for (size_t i = s->first[label] - 1U; i < s->count && s->entry[i].label == label; i++)
        if (s->entry[i].part < PART_PLANE + STREAM_PLANES)
            return s->entry[i].len;
    return 0;
}

int streams_get_planes(const struct streams *s, uint16_t label, uint64_t *number, size_t n,
                       struct arena *arena, struct err *err)
{
    memset(number, 0, n * sizeof *number);
    for (int k = 0; k < STREAM_PLANES; k++) {
        struct str plane;
        int rc = streams_get(s, label, (enum stream_part)(PART_PLANE + k), &plane, arena, err);

        if (rc < 0)
            return rc;
        if (plane.len == 0)
            continue;
        if (plane.len != n)
            return err_set(err, ERR_CORRUPT, "a plane of numbers has another length than its"
                           " stream");
        for (size_t i = 0; i < n; i++)
            number[i] |= (uint64_t)(uint8_t)plane.at[i] << (8 * k);
    }
    return 0;
}

void streams_release(struct streams *s)
{
    free(s->entry);
    buf_release(&s->bytes);
    memset(s, 0, sizeof *s);
}
