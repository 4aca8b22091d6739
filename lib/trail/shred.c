/* shred.c - see shred.h.
 *
 * Taking a row finds its shape and appends each leaf to the cells of its label; nothing is
 * copied but the decoded parts of a token. Writing the block then goes label by label,
 * parents before those that are guessed from them, so that one dictionary at a time is in
 * use. What is checked is what a reader gets: a second model is made of nothing but the
 * definitions as they will be written, and the blocks are read with it. */
#include "trail/shred.h"

#include <assert.h>

#include "base/base64url.h"
#include "base/deflate.h"
#include "base/limits.h"
#include "base/mem.h"
#include "trail/guess.h"
#include "trail/leaf.h"
#include "trail/plan.h"
#include "trail/split.h"
#include "trail/stream.h"

enum { RIVALS = 4096, RIVAL_MISSES = 3, BEARER_BYTES = 7 };

/* A value that did not follow from its parent as another one does. */
struct rival {
    uint32_t parent, value, misses;
    uint16_t label;
};

struct shredder {
    struct model model;
    struct model reader; /* made of the definitions told, as a reader makes it */
    uint64_t generation, groups;
    struct block_row row[LIMIT_BLOCK_ROWS];
    size_t rows;
    bool group_begun; /* a block of the group was written: plans stand */
    struct cells *cells; /* by label */
    size_t cells_cap;
    struct leaf leaf[SHAPE_KINDS][SHAPE_LEAVES];
    uint32_t last[SHAPE_KINDS]; /* shapes of the row taken last */
    struct arena parts;  /* decoded parts of tokens */
    /* while a block is written */
    struct streams streams;
    struct row_values *values; /* by label */
    uint8_t *wanted;           /* by label: what its dependants ask for */
    bool *done;
    struct arena arena;
    struct rival rival[RIVALS];
};

struct shredder *shredder_new(void)
{
    struct shredder *s = xcalloc(1, sizeof *s);

    model_init(&s->model);
    model_init(&s->reader);
    return s;
}

static void forget_cells(struct shredder *s)
{
    for (size_t i = 0; i < s->cells_cap; i++)
        s->cells[i].count = 0;
    s->rows = 0;
    arena_reset(&s->parts);
}

void shredder_restart(struct shredder *s, uint64_t generation)
{
    model_release(&s->model);
    model_init(&s->model);
    model_release(&s->reader);
    model_init(&s->reader);
    forget_cells(s);
    memset(s->rival, 0, sizeof s->rival);
    s->generation = generation;
    s->groups = 0;
    s->group_begun = false;
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
    free(s->values);
    free(s->wanted);
    free(s->done);
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
}

const struct model *shredder_model(const struct shredder *s)
{
    return &s->model;
}

uint64_t shredder_groups(const struct shredder *s)
{
    return s->groups;
}

/* ---- taking rows ---- */

static void fit_labels(struct shredder *s)
{
    size_t cap = s->cells_cap ? s->cells_cap : 128;

    if (s->model.labels <= s->cells_cap)
        return;
    while (cap < s->model.labels)
        cap *= 2;
    s->cells = xrealloc(s->cells, cap * sizeof *s->cells);
    memset(s->cells + s->cells_cap, 0, (cap - s->cells_cap) * sizeof *s->cells);
    s->values = xrealloc(s->values, cap * sizeof *s->values);
    s->wanted = xrealloc(s->wanted, cap);
    s->done = xrealloc(s->done, cap * sizeof *s->done);
    s->cells_cap = cap;
}

static void put_cell(struct shredder *s, uint16_t label, const char *at, uint32_t len)
{
    struct cells *c = &s->cells[label];

    if (c->count == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 64;
        c->at = xrealloc(c->at, c->cap * sizeof *c->at);
    }
    c->at[c->count++] = (struct cell){at, len, (uint32_t)s->rows};
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

void shred_row(struct shredder *s, const struct block_row *row, bool json)
{
    uint32_t shape = SHAPE_NONE;

    assert(s->rows < LIMIT_BLOCK_ROWS);
    fit_labels(s);
    s->row[s->rows] = *row;
    memset(s->last, 0xff, sizeof s->last); /* SHAPE_NONE */
    if (json && !row->too_large)
        shape = find_shape(s, SHAPE_RECORD, row->bytes);
    s->last[SHAPE_RECORD] = shape;
    put_cell(s, LABEL_RECORD, NULL, shape + 1); /* SHAPE_NONE + 1 is 0 */
    if (shape == SHAPE_NONE)
        put_cell(s, LABEL_VERBATIM, row->bytes.at, (uint32_t)row->bytes.len);
    else
        put_record(s, shape);
    s->rows++;
}

/* ---- what differs from the guess ---- */

/* The values of one label that are written, while they are gathered. */
struct missed {
    struct buf at, raw_len, raw;
    uint64_t *number; /* codes or differences */
    size_t numbers;
    uint32_t last;
};

static void miss(struct missed *m, size_t cell)
{
    buf_put_varint(&m->at, cell - m->last);
    m->last = (uint32_t)cell;
}

static void miss_raw(struct missed *m, struct str text)
{
    buf_put_varint(&m->raw_len, text.len);
    buf_put_str(&m->raw, text);
}

static void put_missed(struct shredder *s, uint16_t label, struct missed *m)
{
    streams_put(&s->streams, label, PART_MISS, buf_str(&m->at));
    buf_put_str(&m->raw_len, buf_str(&m->raw));
    streams_put(&s->streams, label, PART_RAW, buf_str(&m->raw_len));
    streams_put_planes(&s->streams, label, m->number, m->numbers);
    buf_release(&m->at);
    buf_release(&m->raw_len);
    buf_release(&m->raw);
}

/* ---- entries, shapes and texts ---- */

/* Remember that value stood where another one was expected. */
static void note_rival(struct shredder *s, uint16_t label, uint32_t parent, uint32_t value)
{
    uint32_t hash = parent * 0x9e3779b1U ^ label * 0x85ebca6bU;
    struct rival *r = &s->rival[hash >> 20]; /* one of RIVALS */

    if (r->misses == 0 || (r->label == label && r->parent == parent && r->value != value))
        *r = (struct rival){parent, value, 0, label};
    if (r->label == label && r->parent == parent && r->value == value)
        r->misses++;
}

struct writing {
    struct shredder *s;
    uint16_t number;
    struct label *label;
    const struct row_values *parent;
    struct missed missed;
    uint32_t next; /* the entry that a new value gets */
};

static uint32_t parent_entry(const struct writing *w, uint32_t row)
{
    return w->parent ? w->parent->entry[row] : 0;
}

/* Does the value of this cell follow? A value seen first with its parent does from now. */
static bool follows(struct writing *w, const struct cell *c, uint32_t *entry)
{
    uint32_t parent = parent_entry(w, c->row);
    bool shape = w->label->plan.type == TYPE_SHAPE;
    uint32_t guess = parent == DICTIONARY_NONE ? DICTIONARY_NONE
                                               : model_follows(w->label, parent);
    struct str text = {c->at, c->len};

    if (guess != DICTIONARY_NONE &&
        (shape ? guess == c->len : str_equal(w->label->values.entry[guess], text))) {
        *entry = guess;
        return true;
    }
    *entry = shape ? c->len : model_entry(&w->s->model, w->number, text);
    if (parent == DICTIONARY_NONE || *entry == DICTIONARY_NONE)
        return false;
    if (guess == DICTIONARY_NONE) {
        model_set_follows(w->label, parent, *entry);
        return true;
    }
    note_rival(w->s, w->number, parent, *entry);
    return false;
}

static bool as_guessed(struct writing *w, const struct cell *c, uint32_t *entry)
{
    struct str text = {c->at, c->len};

    if (w->label->plan.guess == GUESS_FOLLOWS)
        return follows(w, c, entry);
    if (w->label->plan.guess == GUESS_EQUAL && w->parent->text[c->row].at &&
        str_equal(w->parent->text[c->row], text)) {
        *entry = DICTIONARY_NONE;
        return true;
    }
    *entry = w->label->plan.type == TYPE_SHAPE ? c->len
                                               : model_entry(&w->s->model, w->number, text);
    return false;
}

static void write_entries(struct writing *w, const struct cells *cells)
{
    struct row_values *v = &w->s->values[w->number];
    uint32_t first = w->label->values.count;
    bool counts = w->label->plan.guess != GUESS_FOLLOWS;
    bool any_new = false;

    w->next = first;
    for (size_t i = 0; i < cells->count; i++) {
        const struct cell *c = &cells->at[i];
        uint32_t entry;
        bool guessed = as_guessed(w, c, &entry);

        if (v->entry)
            v->entry[c->row] = entry;
        if (!guessed) {
            if (w->label->plan.guess != GUESS_NOTHING)
                miss(&w->missed, i);
            if (w->label->plan.type == TYPE_SHAPE) {
                w->missed.number[w->missed.numbers++] = entry;
            } else if (entry == DICTIONARY_NONE) {
                w->missed.number[w->missed.numbers++] = 1;
                miss_raw(&w->missed, (struct str){c->at, c->len});
            } else {
                bool next = counts && entry == w->next;

                any_new |= next;
                w->missed.number[w->missed.numbers++] = next ? 0 : entry + 2ULL;
                w->next += next;
            }
        }
    }
    if (any_new && first > 0) {
        struct buf next = {0};

        buf_put_varint(&next, first);
        streams_put(&w->s->streams, w->number, PART_NEXT, buf_str(&next));
        buf_release(&next);
    }
}

static void write_texts(struct writing *w, const struct cells *cells)
{
    for (size_t i = 0; i < cells->count; i++) {
        const struct cell *c = &cells->at[i];
        struct str text = {c->at, c->len};

        if (w->label->plan.guess == GUESS_EQUAL) {
            if (w->parent->text[c->row].at && str_equal(w->parent->text[c->row], text))
                continue;
            miss(&w->missed, i);
        }
        miss_raw(&w->missed, text);
    }
}

/* ---- numbers ---- */

/* Bytes a number that all but a few of them need; the few are written as texts. */
static int width_of(const size_t *count, size_t all)
{
    size_t beyond = 0;
    int width = STREAM_PLANES;

    while (width > 1 && beyond + count[width] <= all / 50)
        beyond += count[width--];
    return width;
}

static int bytes_of(uint64_t v)
{
    return v ? (71 - __builtin_clzll(v)) / 8 : 1;
}

static void write_numbers(struct writing *w, const struct cells *cells)
{
    struct shredder *s = w->s;
    struct row_values *v = &s->values[w->number];
    uint64_t *differ = arena_alloc(&s->arena, cells->count * sizeof *differ);
    bool *good = arena_alloc(&s->arena, cells->count * sizeof *good);
    size_t count[STREAM_PLANES + 1] = {0};
    struct guesser g;
    int width;

    guess_begin(&g, &s->model, w->label->plan, w->parent, &s->arena);
    for (size_t i = 0; i < cells->count; i++) {
        const struct cell *c = &cells->at[i];
        int64_t number;

        good[i] = guess_read(w->label->plan, (struct str){c->at, c->len}, &number);
        if (!good[i])
            continue;
        differ[i] = guess_difference(number, guess_number(&g, c->row));
        guess_learn(&g, c->row, number);
        count[bytes_of(differ[i])]++;
        if (v->number)
            v->number[c->row] = number;
    }
    width = width_of(count, cells->count);
    for (size_t i = 0; i < cells->count; i++) {
        const struct cell *c = &cells->at[i];

        if (good[i] && bytes_of(differ[i]) <= width) {
            w->missed.number[w->missed.numbers++] = differ[i];
            continue;
        }
        miss(&w->missed, i);
        miss_raw(&w->missed, (struct str){c->at, c->len});
    }
}

static void write_uuids(struct writing *w, const struct cells *cells)
{
    struct buf fixed = {0};

    for (size_t i = 0; i < cells->count; i++) {
        struct str text = {cells->at[i].at, cells->at[i].len};
        uint8_t style = w->label->plan.style;
        uint8_t bytes[LEAF_UUID_BYTES];
        bool upper = style == 1;
        bool good = leaf_uuid_read(text, upper, bytes);

        if (!good && style == LEAF_UUID_EITHER)
            good = upper = leaf_uuid_read(text, true, bytes);
        if (good) {
            buf_put(&fixed, bytes, sizeof bytes);
            if (style == LEAF_UUID_EITHER)
                w->missed.number[w->missed.numbers++] = upper;
        } else {
            miss(&w->missed, i);
            miss_raw(&w->missed, text);
        }
    }
    streams_put(&w->s->streams, w->number, PART_FIXED, buf_str(&fixed));
    buf_release(&fixed);
}

/* ---- a block ---- */

static void want_values(struct shredder *s)
{
    memset(s->values, 0, s->model.labels * sizeof *s->values);
    memset(s->wanted, 0, s->model.labels);
    memset(s->done, 0, s->model.labels * sizeof *s->done);
    for (size_t i = 0; i < s->model.labels; i++) {
        struct plan p = s->model.label[i].plan;

        if (p.parent != LABEL_NONE && s->cells[i].count > 0)
            s->wanted[p.parent] |= guess_wants((enum guess)p.guess);
    }
    for (size_t i = 0; i < s->model.labels; i++) {
        const struct cells *c = &s->cells[i];

        row_values_make(&s->values[i], s->wanted[i], s->rows, &s->arena);
        for (size_t k = 0; s->values[i].text && k < c->count; k++)
            s->values[i].text[c->at[k].row] = (struct str){c->at[k].at, c->at[k].len};
    }
}

/* A label behind the one that it is guessed from. Plans have no circles (plan.c). */
static void write_label(struct shredder *s, uint16_t number)
{
    struct writing w = {.s = s, .number = number, .label = &s->model.label[number]};
    uint16_t parent = w.label->plan.parent;
    const struct cells *cells = &s->cells[number];

    if (s->done[number] || cells->count == 0)
        return;
    s->done[number] = true;
    if (parent != LABEL_NONE) {
        write_label(s, parent);
        w.parent = &s->values[parent];
    }
    w.missed.number = arena_alloc(&s->arena, cells->count * sizeof *w.missed.number);
    switch ((enum value_type)w.label->plan.type) {
    case TYPE_TEXT:
        write_texts(&w, cells);
        break;
    case TYPE_ENTRY:
    case TYPE_SHAPE:
        write_entries(&w, cells);
        break;
    case TYPE_INTEGER:
    case TYPE_MOMENT:
        write_numbers(&w, cells);
        break;
    case TYPE_UUID:
        write_uuids(&w, cells);
        break;
    case TYPES:
        break;
    }
    put_missed(s, number, &w.missed);
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

/* What followed wrongly often enough in the last group follows anew in this one. */
static void move_rivals(struct shredder *s, bool planned)
{
    for (size_t i = 0; i < RIVALS; i++) {
        struct rival *r = &s->rival[i];

        if (!planned && r->misses >= RIVAL_MISSES)
            model_move(&s->model, r->label, r->parent, r->value);
        r->misses = 0;
    }
}

void shred_block(struct shredder *s, struct buf *out)
{
    fit_labels(s);
    if (!s->group_begun)
        move_rivals(s, plan_group(&s->model, s->cells, s->rows, s->groups));
    else
        plan_new(&s->model, s->cells, s->rows);
    s->group_begun = true;
    want_values(s);
    for (size_t i = 0; i < s->model.labels; i++)
        write_label(s, (uint16_t)i);
    write_frame(s);
    streams_pack(&s->streams, out, BLOCK_CODEC, s->rows);
    arena_reset(&s->arena);
    forget_cells(s);
}

int shred_definitions(struct shredder *s, struct buf *out, struct err *err)
{
    struct buf told = {0}, packed = {0};
    size_t at = out->len;
    struct definitions d;
    int rc;

    model_tell(&s->model, &told);
    deflate_block(&packed, buf_str(&told), DEFLATE_SMALL);
    buf_put_u8(out, DEFINITIONS_CODEC);
    buf_put_u64(out, s->generation);
    buf_put_varint(out, s->groups++);
    buf_put_varint(out, told.len);
    buf_put_str(out, buf_str(&packed));
    s->group_begun = false;
    rc = definitions_open(&d, str_part(buf_str(out), at, out->len), err);
    if (rc == 0)
        rc = definitions_take(&d, &s->reader, err);
    buf_release(&told);
    buf_release(&packed);
    return rc;
}

int shred_check(struct shredder *s, struct str block, const struct block_row *rows,
                size_t count, struct err *err)
{
    struct block_row *back = arena_alloc(&s->arena, count * sizeof *back);
    int rc = block_decode(back, count, NULL, block, &s->reader, &s->arena, err);

    for (size_t i = 0; rc == 0 && i < count; i++)
        if (!block_row_equal(&rows[i], &back[i]))
            rc = err_set(err, ERR_CORRUPT, "row %zu of a block does not read back as it was"
                         " received: nothing was written; this is a fault of gpca or of the"
                         " memory of this machine", i);
    arena_reset(&s->arena);
    return rc;
}
