/* shred.c - see shred.h.
 *
 * Taking a row finds its shapes and gives each leaf to the encoder, which writes it when the
 * next row comes; nothing is copied but the decoded parts of a token. Where plans are still to
 * be made, the cells of the block are kept instead and written when it is full: all of them in
 * a group's first block when something is to be planned, else only those of labels that are
 * new.
 *
 * What is checked is what a reader gets: a second model is made of nothing but the
 * definitions as they will be written, and the blocks are read with it. */
#include "trail/shred.h"

#include <assert.h>

#include "base/base64url.h"
#include "base/deflate.h"
#include "base/limits.h"
#include "base/mem.h"
#include "trail/encoder.h"
#include "trail/plan.h"
#include "trail/split.h"
#include "trail/stream.h"

enum { BEARER_BYTES = 7 };

struct shredder {
    struct model model;
    struct model reader; /* made of the definitions told, as a reader makes it */
    uint64_t generation, groups;
    struct block_row row[LIMIT_BLOCK_ROWS];
    size_t rows;
    struct encoder encoder;
    bool waits;       /* the row taken last was given to it, but is not written */
    bool group_begun; /* a block of the group was written: plans stand */
    bool keeps;       /* this block's cells are kept, to be planned */
    bool plan_next;   /* a label has enough values for a lasting plan */
    size_t kept;      /* cells of unplanned labels, where not all are kept */
    struct cells *cells; /* by label */
    size_t cells_cap;
    uint16_t *order;     /* labels of all cells kept, row by row */
    size_t orders, order_cap;
    size_t row_end[LIMIT_BLOCK_ROWS]; /* in order */
    struct leaf leaf[SHAPE_KINDS][SHAPE_LEAVES];
    uint32_t last[SHAPE_KINDS]; /* shapes of the row taken last */
    struct str payload;         /* of its token */
    struct arena parts;  /* decoded parts of tokens */
    struct streams streams;
    struct arena arena;
};

struct shredder *shredder_new(void)
{
    struct shredder *s = xcalloc(1, sizeof *s);

    model_init(&s->model);
    model_init(&s->reader);
    encoder_init(&s->encoder, &s->model);
    return s;
}

static void forget_cells(struct shredder *s)
{
    for (size_t i = 0; i < s->cells_cap; i++)
        s->cells[i].count = 0;
    s->rows = s->orders = s->kept = 0;
    arena_reset(&s->parts);
}

void shredder_restart(struct shredder *s, uint64_t generation)
{
    model_release(&s->model);
    model_init(&s->model);
    model_release(&s->reader);
    model_init(&s->reader);
    encoder_release(&s->encoder);
    encoder_init(&s->encoder, &s->model);
    forget_cells(s);
    s->waits = false;
    s->generation = generation;
    s->groups = 0;
    s->group_begun = s->plan_next = false;
}

void shredder_free(struct shredder *s)
{
    if (!s)
        return;
    model_release(&s->model);
    model_release(&s->reader);
    for (size_t i = 0; i < s->cells_cap; i++)
        free(s->cells[i].at);
    free(s->cells);
    free(s->order);
    encoder_release(&s->encoder);
    streams_release(&s->streams);
    arena_release(&s->parts);
    arena_release(&s->arena);
    free(s);
}

void shred_parts(const struct shredder *s, struct parted *out)
{
    memcpy(out->shape, s->last, sizeof out->shape);
    for (int k = 0; k < SHAPE_KINDS; k++)
        out->leaf[k] = s->leaf[k];
    out->payload = s->payload;
}

const struct model *shredder_model(const struct shredder *s)
{
    return &s->model;
}

const struct model *shredder_reader(const struct shredder *s)
{
    return &s->reader;
}

uint64_t shredder_groups(const struct shredder *s)
{
    return s->groups;
}

/* ---- taking rows ---- */

static void fit_labels(struct shredder *s)
{
    size_t cap = s->cells_cap ? s->cells_cap : 128;

    encoder_fit(&s->encoder);
    if (s->model.labels <= s->cells_cap)
        return;
    while (cap < s->model.labels)
        cap *= 2;
    s->cells = xrealloc(s->cells, cap * sizeof *s->cells);
    memset(s->cells + s->cells_cap, 0, (cap - s->cells_cap) * sizeof *s->cells);
    s->cells_cap = cap;
}

static void keep_cell(struct shredder *s, uint16_t label, const char *at, uint32_t len)
{
    struct cells *c = &s->cells[label];

    if (c->count == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 64;
        c->at = xrealloc(c->at, c->cap * sizeof *c->at);
    }
    c->at[c->count++] = (struct cell){at, len, (uint32_t)s->rows};
    if (!s->keeps) {
        s->kept++;
        return;
    }
    if (s->orders == s->order_cap) {
        s->order_cap = s->order_cap ? s->order_cap * 2 : 4096;
        s->order = xrealloc(s->order, s->order_cap * sizeof *s->order);
    }
    s->order[s->orders++] = label;
}

static inline void put_cell(struct shredder *s, uint16_t label, const char *at, uint32_t len)
{
    if (s->keeps || !s->model.label[label].planned)
        keep_cell(s, label, at, len);
    else
        encoder_give(&s->encoder, label, at, len);
}

/* Is there something to plan in the block that begins? */
static bool to_plan(const struct shredder *s)
{
    return s->groups == 0 || s->plan_next || plan_is_due(s->groups);
}

static void begin_block(struct shredder *s)
{
    fit_labels(s);
    s->keeps = !s->group_begun && to_plan(s);
    if (s->keeps)
        return;
    if (!s->group_begun)
        encoder_move_rivals(&s->encoder, false);
    encoder_begin(&s->encoder);
}

static bool label_for(void *ctx, enum shape_kind kind, struct str name, bool number,
                      uint16_t *label)
{
    return model_label(ctx, kind, name, number, label);
}

/* The shape of a text, learned where it is new, with its leaves in s->leaf[kind]. */
static uint32_t find_shape(struct shredder *s, enum shape_kind kind, struct str text)
{
    struct shapes *shapes = &s->model.shapes;
    uint32_t shape = shape_match(shapes, kind, text, s->leaf[kind]);
    size_t leaves;

    if (shape != SHAPE_NONE)
        return shape;
    if (!split_text(kind, text, s->leaf[kind], &leaves, label_for, &s->model))
        return SHAPE_NONE;
    shape = shape_learn(shapes, kind, text, s->leaf[kind], leaves);
    if (shape != SHAPE_NONE)
        model_place(&s->model, &shapes->shape[shape]);
    fit_labels(s);
    return shape;
}

static void put_leaves(struct shredder *s, enum shape_kind kind, uint32_t shape)
{
    size_t leaves = s->model.shapes.shape[shape].leaves;

    for (size_t i = 0; i < leaves; i++) {
        const struct leaf *l = &s->leaf[kind][i];

        put_cell(s, l->label, l->at, l->len);
    }
}

/* One part of a token, decoded into s->parts. */
static bool decode_part(struct shredder *s, struct str text, struct str *out)
{
    char *bytes = arena_alloc(&s->parts, base64url_room(text.len));

    out->at = bytes;
    return base64url_decode(bytes, &out->len, text);
}

/* A bearer token of three parts, two of them JSON, whose encoding gives the same text. */
static bool put_token(struct shredder *s, struct str text)
{
    struct str header, payload, signature;
    uint32_t header_shape, payload_shape;
    size_t dot;

    if (!str_starts(text, STR("Bearer ")))
        return false;
    text = str_part(text, BEARER_BYTES, text.len);
    if ((dot = str_index(text, '.')) == text.len ||
        !decode_part(s, str_part(text, 0, dot), &header))
        return false;
    text = str_part(text, dot + 1, text.len);
    if ((dot = str_index(text, '.')) == text.len ||
        !decode_part(s, str_part(text, 0, dot), &payload) ||
        !decode_part(s, str_part(text, dot + 1, text.len), &signature))
        return false;
    header_shape = find_shape(s, SHAPE_HEADER, header);
    payload_shape = header_shape == SHAPE_NONE ? SHAPE_NONE
                                               : find_shape(s, SHAPE_PAYLOAD, payload);
    if (payload_shape == SHAPE_NONE)
        return false;
    put_cell(s, LABEL_HEADER, NULL, header_shape + 1);
    put_cell(s, LABEL_PAYLOAD, NULL, payload_shape + 1);
    put_cell(s, LABEL_SIGNATURE, signature.at, (uint32_t)signature.len);
    s->last[SHAPE_HEADER] = header_shape;
    s->last[SHAPE_PAYLOAD] = payload_shape;
    s->payload = payload;
    put_leaves(s, SHAPE_HEADER, header_shape);
    put_leaves(s, SHAPE_PAYLOAD, payload_shape);
    return true;
}

static bool put_url(struct shredder *s, struct str text)
{
    uint32_t shape = find_shape(s, SHAPE_URL, text);

    if (shape == SHAPE_NONE)
        return false;
    s->last[SHAPE_URL] = shape;
    put_cell(s, LABEL_URL, NULL, shape + 1);
    put_leaves(s, SHAPE_URL, shape);
    return true;
}

static void put_record(struct shredder *s, uint32_t number)
{
    struct shape shape = s->model.shapes.shape[number];

    for (int i = 0; i < shape.leaves; i++) {
        const struct leaf *l = &s->leaf[SHAPE_RECORD][i];
        struct str text = {l->at, l->len};

        if (i == shape.token && put_token(s, text))
            continue;
        if (i == shape.token)
            put_cell(s, LABEL_HEADER, NULL, 0);
        if (i == shape.url && put_url(s, text))
            continue;
        if (i == shape.url)
            put_cell(s, LABEL_URL, NULL, 0);
        put_cell(s, l->label, l->at, l->len);
    }
}

/* A row is written when the next one has come, or the block ends: until then what it looks
 * for in the dictionaries can come into the cache. */
static void write_waiting(struct shredder *s)
{
    if (!s->waits)
        return;
    encoder_expect(&s->encoder, 2);
    encoder_row(&s->encoder);
    s->waits = false;
}

void shred_row(struct shredder *s, const struct block_row *row, bool json)
{
    uint32_t shape = SHAPE_NONE;

    assert(s->rows < LIMIT_BLOCK_ROWS);
    if (s->rows == 0)
        begin_block(s);
    if (s->waits)
        encoder_expect(&s->encoder, 1);
    s->row[s->rows] = *row;
    memset(s->last, 0xff, sizeof s->last); /* SHAPE_NONE */
    if (json && !row->too_large)
        shape = find_shape(s, SHAPE_RECORD, row->bytes);
    write_waiting(s);
    s->last[SHAPE_RECORD] = shape;
    put_cell(s, LABEL_RECORD, NULL, shape + 1); /* SHAPE_NONE + 1 is 0 */
    if (shape == SHAPE_NONE)
        put_cell(s, LABEL_VERBATIM, row->bytes.at, (uint32_t)row->bytes.len);
    else
        put_record(s, shape);
    s->waits = !s->keeps;
    if (s->keeps)
        s->row_end[s->rows] = s->orders;
    else
        encoder_expect(&s->encoder, 0);
    s->rows++;
}

/* ---- a block ---- */

/* Plan with the cells of the whole block, then write them. */
static void write_kept(struct shredder *s)
{
    size_t at = 0;

    encoder_move_rivals(&s->encoder, plan_group(&s->model, s->cells, s->rows, s->groups));
    encoder_begin(&s->encoder);
    for (size_t i = 0; i < s->model.labels; i++)
        s->cells[i].next = 0;
    for (size_t row = 0; row < s->rows; row++) {
        for (; at < s->row_end[row]; at++) {
            struct cells *c = &s->cells[s->order[at]];
            const struct cell *k = &c->at[c->next++];

            encoder_give(&s->encoder, s->order[at], k->at, k->len);
        }
        encoder_row(&s->encoder);
    }
}

/* Labels that came up in this block get a plan for the time being. */
static void write_new(struct shredder *s)
{
    plan_new(&s->model, s->cells, s->rows);
    for (size_t i = 0; i < s->model.labels; i++) {
        struct cells *c = &s->cells[i];

        if (c->count > 0)
            encoder_begin_label(&s->encoder, (uint16_t)i);
        for (c->next = 0; c->next < c->count; c->next++) {
            const struct cell *k = &c->at[c->next];

            s->encoder.row = k->row + 1;
            encoder_give(&s->encoder, (uint16_t)i, k->at, k->len);
            encoder_row(&s->encoder);
        }
    }
}

/* What rows have beside their bytes: a byte of flags each, then what the flags ask for. */
static void write_frame(struct shredder *s)
{
    struct buf flags = {0}, rest = {0};
    uint64_t *len = arena_alloc(&s->arena, s->rows * sizeof *len);
    uint64_t expected = 0;

    for (size_t i = 0; i < s->rows; i++) {
        const struct block_row *r = &s->row[i];
        bool near = r->has_position && r->position == expected;

        buf_put_u8(&flags, (uint8_t)((r->has_position ? FRAME_POSITION : 0) |
                                     (r->has_position && !near ? FRAME_JUMP : 0) |
                                     (r->too_large ? FRAME_TOO_LARGE : 0)));
        if (r->has_position && !near)
            buf_put_varint(&rest, r->position);
        if (r->too_large) {
            buf_put_varint(&rest, r->full_len);
            buf_put(&rest, r->full_sha, HASH_BYTES);
        }
        expected = r->position + r->full_len + 1;
        len[i] = r->bytes.len;
    }
    buf_put_str(&flags, buf_str(&rest));
    streams_put(&s->streams, LABEL_FRAME, PART_FRAME, buf_str(&flags));
    streams_put_planes(&s->streams, LABEL_FRAME, len, s->rows);
    buf_release(&flags);
    buf_release(&rest);
}

void shred_block(struct shredder *s, struct buf *out)
{
    if (s->rows == 0)
        begin_block(s);
    write_waiting(s);
    if (s->keeps)
        write_kept(s);
    else if (s->kept > 0)
        write_new(s);
    if (!s->group_begun)
        s->plan_next = false;
    s->plan_next |= plan_is_wanted(&s->model, &s->encoder);
    s->group_begun = true;
    encoder_finish(&s->encoder, &s->streams);
    write_frame(s);
    streams_pack(&s->streams, out, BLOCK_CODEC, s->rows);
    arena_reset(&s->arena);
    forget_cells(s);
}

/* What a reader gets of both extents. */
static int take_told(struct shredder *s, struct str definitions, struct str texts,
                     struct err *err)
{
    struct definitions d;
    struct str told;
    int rc = definitions_open(&d, definitions, err);

    if (rc == 0)
        rc = definitions_inflate(&d, &told, &s->reader.texts, err);
    if (rc == 0)
        rc = model_take(&s->reader, told, d.inline_texts, err);
    told = STR("");
    if (rc == 0 && texts.len > 0)
        rc = texts_read(texts, &told, &s->reader.texts, err);
    return rc == 0 ? model_texts(&s->reader, told, err) : rc;
}

int shred_definitions(struct shredder *s, struct buf *definitions, struct buf *texts,
                      struct err *err)
{
    struct buf told = {0}, said = {0}, packed = {0};
    size_t at = definitions->len, texts_at = texts->len;
    int rc;

    model_tell(&s->model, &told, &said);
    deflate_block(&packed, buf_str(&told), DEFLATE_SMALL);
    buf_put_u8(definitions, DEFINITIONS_CODEC);
    buf_put_u64(definitions, s->generation);
    buf_put_varint(definitions, s->groups++);
    buf_put_varint(definitions, told.len);
    buf_put_str(definitions, buf_str(&packed));
    if (said.len > 0)
        texts_write(texts, buf_str(&said));
    s->group_begun = false;
    rc = take_told(s, str_part(buf_str(definitions), at, definitions->len),
                   str_part(buf_str(texts), texts_at, texts->len), err);
    buf_release(&told);
    buf_release(&said);
    buf_release(&packed);
    return rc;
}

int shred_check(struct shredder *s, struct str block, const struct block_row *rows,
                size_t count, struct err *err)
{
    struct block_row *back = arena_alloc(&s->arena, count * sizeof *back);
    char *bytes = arena_alloc(&s->arena, LIMIT_RECORD_BYTES);
    struct block_reader reader;
    int rc = block_open(&reader, back, count, block, &s->reader, &s->arena, err);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        block_step(&reader);
        rc = block_write(&reader, bytes, err);
        if (rc == 0 && !block_row_equal(&rows[i], &back[i]))
            rc = err_set(err, ERR_CORRUPT, "row %zu of a block does not read back as it was"
                         " received: nothing was written; this is a fault of gpca or of the"
                         " memory of this machine", i);
    }
    if (rc == 0)
        rc = block_end(&reader, err);
    arena_reset(&s->arena);
    return rc;
}
