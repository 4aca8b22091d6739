/* group.c - see group.h and format.h. A decoder of bytes from outside: every count is
 * checked against the bytes that are left before anything is allocated for it. */
#include "store/group.h"

#include <assert.h>

#include "base/cursor.h"
#include "store/format.h"

static void put_text(struct buf *out, struct str s)
{
    buf_put_u32(out, (uint32_t)s.len);
    buf_put_str(out, s);
}

static void put_rows(const struct group *g, struct buf *out)
{
    buf_put_u32(out, (uint32_t)g->sources);
    for (size_t i = 0; i < g->sources; i++) {
        buf_put_u32(out, g->source[i].number);
        buf_put_u8(out, g->source[i].format);
        put_text(out, g->source[i].via);
        put_text(out, g->source[i].origin);
        put_text(out, g->source[i].header);
    }
    buf_put_u32(out, (uint32_t)g->runs);
    for (size_t i = 0; i < g->runs; i++) {
        buf_put_u32(out, g->run[i].rows);
        buf_put_u8(out, g->run[i].kind);
        buf_put_u32(out, g->run[i].source);
        buf_put_u16(out, g->run[i].class);
        buf_put_u32(out, g->run[i].destruction_day);
        buf_put_u64(out, (uint64_t)g->run[i].received_us);
    }
}

static void put_meta(const struct group *g, struct buf *out)
{
    size_t edges = (size_t)__builtin_popcountll(g->edge.size);

    for (size_t i = 0; i < g->extents; i++) {
        buf_put_u32(out, g->extent[i].tag);
        buf_put_u32(out, g->extent[i].len);
        buf_put_u32(out, g->extent[i].crc);
    }
    buf_put_u32(out, g->key_id);
    buf_put_u64(out, g->key_first);
    buf_put_u64(out, g->key_count);
    put_rows(g, out);
    buf_put_u32(out, (uint32_t)g->positions);
    for (size_t i = 0; i < g->positions; i++) {
        buf_put_u8(out, g->position[i].type);
        put_text(out, g->position[i].bytes);
    }
    buf_put_u32(out, (uint32_t)g->tiles);
    buf_put(out, g->tile, g->tiles * HASH_BYTES);
    buf_put_u64(out, g->edge.size);
    buf_put(out, g->edge.hash, edges * HASH_BYTES);
    put_text(out, g->head);
}

void group_encode(struct group *g, const struct str *payload, struct buf *out)
{
    uint8_t header[FORMAT_GROUP_HEADER] = "GPCG";
    struct buf meta = {0};
    uint64_t at;

    for (size_t i = 0; i < g->extents; i++) {
        assert(payload[i].len <= UINT32_MAX);
        g->extent[i].len = (uint32_t)payload[i].len;
        g->extent[i].crc = hash_crc32c(0, payload[i]);
    }
    put_meta(g, &meta);
    assert(meta.len <= FORMAT_META_MAX);
    at = FORMAT_GROUP_HEADER + meta.len;
    for (size_t i = 0; i < g->extents; i++) {
        g->extent[i].at = at;
        at += g->extent[i].len;
    }
    g->len = at;
    g->meta_len = (uint32_t)meta.len;
    g->meta_crc = hash_crc32c(0, buf_str(&meta));
    put_le16(header + 4, FORMAT_VERSION);
    put_le64(header + 8, g->first_seq);
    put_le32(header + 16, g->rows);
    put_le32(header + 20, (uint32_t)g->extents);
    put_le32(header + 24, g->meta_len);
    put_le32(header + 28, g->meta_crc);
    put_le64(header + 32, g->len);
    put_le64(header + 40, g->bytes_in);
    put_le32(header + 48, g->malformed);
    put_le32(header + 52, g->chain);
    g->header_crc = hash_crc32c(0, (struct str){(char *)header, FORMAT_CRC_AT});
    put_le32(header + FORMAT_CRC_AT, g->header_crc);
    buf_put(out, header, sizeof header);
    buf_put_str(out, buf_str(&meta));
    for (size_t i = 0; i < g->extents; i++)
        buf_put_str(out, payload[i]);
    buf_release(&meta);
}

int group_decode_header(struct group *g, const uint8_t *header, struct err *err)
{
    memset(g, 0, sizeof *g);
    if (memcmp(header, "GPCG", 4) != 0)
        return err_set(err, ERR_CORRUPT, "no row group begins here");
    if (get_le32(header + FORMAT_CRC_AT) !=
        hash_crc32c(0, (struct str){(const char *)header, FORMAT_CRC_AT}))
        return err_set(err, ERR_CORRUPT, "the header of the row group is damaged");
    if (get_le16(header + 4) != FORMAT_VERSION)
        return err_set(err, ERR_NEWER, "the row group has format %u; this version reads %d:"
                       " use a newer gpca", get_le16(header + 4), FORMAT_VERSION);
    g->first_seq = get_le64(header + 8);
    g->rows = get_le32(header + 16);
    g->extents = get_le32(header + 20);
    g->meta_len = get_le32(header + 24);
    g->meta_crc = get_le32(header + 28);
    g->len = get_le64(header + 32);
    g->bytes_in = get_le64(header + 40);
    g->malformed = get_le32(header + 48);
    g->chain = get_le32(header + 52);
    g->header_crc = get_le32(header + FORMAT_CRC_AT);
    if (g->meta_len > FORMAT_META_MAX || g->len < FORMAT_GROUP_HEADER + (uint64_t)g->meta_len)
        return err_set(err, ERR_CORRUPT, "the lengths of the row group contradict");
    return 0;
}

/* A count of things of at least `least` bytes each, which must fit into what is left. */
static size_t take_count(struct cursor *c, size_t least)
{
    uint32_t n = cursor_u32(c);

    if ((uint64_t)n * least > c->rest.len)
        c->bad = true;
    return c->bad ? 0 : n;
}

static struct str take_text(struct cursor *c)
{
    return cursor_bytes(c, cursor_u32(c));
}

static void take_extents(struct group *g, struct cursor *c, struct arena *arena)
{
    uint64_t at = FORMAT_GROUP_HEADER + (uint64_t)g->meta_len;

    if (g->extents * 12 > c->rest.len) {
        c->bad = true;
        return;
    }
    g->extent = arena_alloc(arena, g->extents * sizeof *g->extent);
    for (size_t i = 0; i < g->extents; i++) {
        struct group_extent *e = &g->extent[i];

        e->tag = cursor_u32(c);
        e->len = cursor_u32(c);
        e->crc = cursor_u32(c);
        e->at = at;
        at += e->len;
    }
    if (at != g->len)
        c->bad = true;
}

static void take_rows(struct group *g, struct cursor *c, struct arena *arena)
{
    uint64_t rows = 0;

    g->sources = take_count(c, 17);
    g->source = arena_alloc(arena, g->sources * sizeof *g->source);
    for (size_t i = 0; i < g->sources; i++) {
        g->source[i].number = cursor_u32(c);
        g->source[i].format = cursor_u8(c);
        g->source[i].via = take_text(c);
        g->source[i].origin = take_text(c);
        g->source[i].header = take_text(c);
    }
    g->runs = take_count(c, 23);
    g->run = arena_alloc(arena, g->runs * sizeof *g->run);
    for (size_t i = 0; i < g->runs; i++) {
        g->run[i].rows = cursor_u32(c);
        g->run[i].kind = cursor_u8(c);
        g->run[i].source = cursor_u32(c);
        g->run[i].class = cursor_u16(c);
        g->run[i].destruction_day = cursor_u32(c);
        g->run[i].received_us = (int64_t)cursor_u64(c);
        rows += g->run[i].rows;
    }
    if (rows != g->rows)
        c->bad = true;
}

int group_decode_meta(struct group *g, struct str meta, struct arena *arena, struct err *err)
{
    struct cursor c = {meta, false};
    size_t edges;

    if (hash_crc32c(0, meta) != g->meta_crc)
        return err_set(err, ERR_CORRUPT, "the description of the row group is damaged");
    take_extents(g, &c, arena);
    g->key_id = cursor_u32(&c);
    g->key_first = cursor_u64(&c);
    g->key_count = cursor_u64(&c);
    take_rows(g, &c, arena);
    g->positions = take_count(&c, 5);
    g->position = arena_alloc(arena, g->positions * sizeof *g->position);
    for (size_t i = 0; i < g->positions; i++) {
        g->position[i].type = cursor_u8(&c);
        g->position[i].bytes = take_text(&c);
    }
    g->tiles = take_count(&c, HASH_BYTES);
    g->tile = (const uint8_t *)cursor_bytes(&c, g->tiles * HASH_BYTES).at;
    g->edge.size = cursor_u64(&c);
    edges = (size_t)__builtin_popcountll(g->edge.size);
    if (edges * HASH_BYTES <= c.rest.len)
        memcpy(g->edge.hash, cursor_bytes(&c, edges * HASH_BYTES).at, edges * HASH_BYTES);
    else
        c.bad = true;
    g->head = take_text(&c);
    if (c.bad || c.rest.len != 0 || g->edge.size != g->first_seq + g->rows)
        return err_set(err, ERR_CORRUPT, "the description of the row group contradicts");
    return 0;
}
