/* encoder.c - see encoder.h. A value that is as guessed leaves no trace but in the count of
 * cells; the places of the others are kept as distances. Numbers wait until the block is
 * finished, since how many bytes all of them get depends on the largest. */
#include "trail/encoder.h"

#include "base/limits.h"
#include "base/mem.h"
#include "trail/leaf.h"

enum { RIVAL_MISSES = 3, RIVAL_BITS = 12 };

void encoder_init(struct encoder *e, struct model *m)
{
    memset(e, 0, sizeof *e);
    e->model = m;
    e->row = 1;
    encoder_fit(e);
}

void encoder_release(struct encoder *e)
{
    for (size_t i = 0; i < e->columns; i++) {
        struct encoded *c = &e->column[i];

        buf_release(&c->miss);
        buf_release(&c->raw_len);
        buf_release(&c->raw);
        buf_release(&c->fixed);
        free(c->code);
        free(c->value);
        free(c->odd);
    }
    free(e->column);
    arena_release(&e->arena);
    memset(e, 0, sizeof *e);
}

void encoder_fit(struct encoder *e)
{
    size_t now = e->columns;
    size_t cap = now ? now : 128;

    if (e->model->labels <= now)
        return;
    while (cap < e->model->labels)
        cap *= 2;
    e->column = xrealloc(e->column, cap * sizeof *e->column);
    memset(e->column + now, 0, (cap - now) * sizeof *e->column);
    e->columns = cap;
    for (size_t i = now; i < e->model->labels; i++)
        encoder_begin_label(e, (uint16_t)i);
}

void encoder_begin_label(struct encoder *e, uint16_t label)
{
    struct encoded *c = &e->column[label];
    const struct label *l = &e->model->label[label];

    c->plan = l->plan;
    c->given = c->cells = c->last_miss = c->codes = c->odds = 0;
    c->now = now_absent;
    c->first_new = c->next = l->values.count;
    c->any_new = false;
    buf_clear(&c->miss);
    buf_clear(&c->raw_len);
    buf_clear(&c->raw);
    buf_clear(&c->fixed);
    memset(c->bytes, 0, sizeof c->bytes);
    if (c->plan.type == TYPE_INTEGER || c->plan.type == TYPE_MOMENT)
        guess_begin(&c->guess, c->plan,
                    c->plan.parent == LABEL_NONE ? NULL
                                                 : &e->model->label[c->plan.parent].plan,
                    &e->arena);
}

void encoder_begin(struct encoder *e)
{
    arena_reset(&e->arena);
    encoder_fit(e);
    for (size_t i = 0; i < e->model->labels; i++)
        encoder_begin_label(e, (uint16_t)i);
    e->row = 1;
    e->listed = 0;
}

/* ---- what differs from the guess ---- */

static void put_varint(struct buf *b, uint64_t v)
{
    if (v < 128 && b->cap > b->len)
        b->at[b->len++] = (char)v;
    else
        buf_put_varint(b, v);
}

static void miss(struct encoded *c, uint32_t cell)
{
    put_varint(&c->miss, cell - c->last_miss);
    c->last_miss = cell;
}

static void put_raw(struct encoded *c, struct str text)
{
    put_varint(&c->raw_len, text.len);
    buf_put_str(&c->raw, text);
}

static void *grown(void *list, uint32_t *cap, size_t size)
{
    *cap = *cap ? *cap * 2 : 64;
    return xrealloc(list, *cap * size);
}

static void put_code(struct encoded *c, uint64_t code)
{
    if (c->codes == c->code_cap)
        c->code = grown(c->code, &c->code_cap, sizeof *c->code);
    c->code[c->codes++] = code;
}

/* ---- entries and shapes ---- */

/* Remember that value stood where another one was expected. */
static void note_rival(struct encoder *e, uint16_t label, uint32_t parent, uint32_t value)
{
    uint32_t hash = parent * 0x9e3779b1U ^ label * 0x85ebca6bU;
    struct rival *r = &e->rival[hash >> (32 - RIVAL_BITS)];

    if (r->misses == 0 || (r->label == label && r->parent == parent && r->value != value))
        *r = (struct rival){parent, value, 0, label};
    if (r->label == label && r->parent == parent && r->value == value)
        r->misses++;
}

void encoder_move_rivals(struct encoder *e, bool forget)
{
    for (size_t i = 0; i < ENCODER_RIVALS; i++) {
        struct rival *r = &e->rival[i];

        if (!forget && r->misses >= RIVAL_MISSES)
            model_move(e->model, r->label, r->parent, r->value);
        r->misses = 0;
    }
}

/* Does the value follow? A value seen first with its parent's does from now on. */
static bool follows(struct encoder *e, uint16_t number, const struct now *parent,
                    struct encoded *c)
{
    struct label *l = &e->model->label[number];
    bool shape = c->plan.type == TYPE_SHAPE;
    uint32_t from = c->plan.parent == LABEL_NONE ? 0 : parent->entry;
    uint32_t guess = from == DICTIONARY_NONE ? DICTIONARY_NONE : model_follows(l, from);

    if (guess != DICTIONARY_NONE &&
        (shape ? guess == c->len : str_equal(l->values.entry[guess], c->now.text))) {
        c->now.entry = guess;
        return true;
    }
    c->now.entry = shape ? c->len : model_entry(e->model, number, c->now.text);
    if (from == DICTIONARY_NONE || c->now.entry == DICTIONARY_NONE)
        return false;
    if (guess == DICTIONARY_NONE) {
        model_set_follows(l, from, c->now.entry);
        return true;
    }
    note_rival(e, number, from, c->now.entry);
    return false;
}

static bool as_guessed(struct encoder *e, uint16_t number, const struct now *parent,
                       struct encoded *c)
{
    if (c->plan.guess == GUESS_FOLLOWS)
        return follows(e, number, parent, c);
    if (c->plan.guess == GUESS_EQUAL && parent->text.at &&
        str_equal(parent->text, c->now.text))
        return true;
    c->now.entry = c->plan.type == TYPE_SHAPE ? c->len
                                              : model_entry(e->model, number, c->now.text);
    return false;
}

static void write_entry(struct encoder *e, uint16_t number, const struct now *parent,
                        struct encoded *c, uint32_t cell)
{
    bool next;

    if (as_guessed(e, number, parent, c))
        return;
    if (c->plan.guess != GUESS_NOTHING)
        miss(c, cell);
    if (c->plan.type == TYPE_SHAPE) {
        put_code(c, c->len);
    } else if (c->now.entry == DICTIONARY_NONE) {
        put_code(c, 1);
        put_raw(c, c->now.text);
    } else {
        next = c->plan.guess != GUESS_FOLLOWS && c->now.entry == c->next;
        c->any_new |= next;
        put_code(c, next ? 0 : c->now.entry + 2ULL);
        c->next += next;
    }
}

/* ---- texts, numbers, UUIDs ---- */

static void write_text(const struct now *parent, struct encoded *c, uint32_t cell)
{
    if (c->plan.guess == GUESS_EQUAL) {
        if (parent->text.at && str_equal(parent->text, c->now.text))
            return;
        miss(c, cell);
    }
    put_raw(c, c->now.text);
}

static int bytes_of(uint64_t v)
{
    return v ? (71 - __builtin_clzll(v)) / 8 : 1;
}

static void write_number(const struct now *parent, struct encoded *c)
{
    int64_t number;
    uint64_t differ = 0;

    if (guess_read(c->plan, c->now.text, &number)) {
        differ = guess_difference(number, guess_number(&c->guess, parent));
        guess_learn(&c->guess, parent, number);
        c->bytes[bytes_of(differ)]++;
        c->now.number = number;
    } else {
        if (c->odds == c->odd_cap)
            c->odd = grown(c->odd, &c->odd_cap, sizeof *c->odd);
        c->odd[c->odds++] = c->now.text;
    }
    if (c->codes == c->value_cap)
        c->value = grown(c->value, &c->value_cap, sizeof *c->value);
    c->value[c->codes] = c->now.number;
    put_code(c, differ);
}

static void write_uuid(struct encoded *c, uint32_t cell)
{
    uint8_t style = c->plan.style;
    uint8_t bytes[LEAF_UUID_BYTES];
    bool upper = style == 1;
    bool good = leaf_uuid_read(c->now.text, upper, bytes);

    if (!good && style == LEAF_UUID_EITHER)
        good = upper = leaf_uuid_read(c->now.text, true, bytes);
    if (!good) {
        miss(c, cell);
        put_raw(c, c->now.text);
        return;
    }
    buf_put(&c->fixed, bytes, sizeof bytes);
    if (style == LEAF_UUID_EITHER)
        put_code(c, upper);
}

/* ---- rows ---- */

static void write_value(struct encoder *e, uint16_t number)
{
    struct encoded *c = &e->column[number];
    const struct now *parent = &now_absent;
    uint32_t cell = c->cells++;

    c->now = (struct now){e->row, DICTIONARY_NONE, GUESS_ABSENT, {c->at, c->len}};
    if (c->plan.parent != LABEL_NONE) {
        const struct encoded *p = &e->column[c->plan.parent];

        if (p->given == e->row) {
            if (p->now.row != e->row) /* plans have no circles (plan.c) */
                write_value(e, c->plan.parent);
            parent = &p->now;
        }
    }
    switch ((enum value_type)c->plan.type) {
    case TYPE_TEXT:
        write_text(parent, c, cell);
        break;
    case TYPE_ENTRY:
    case TYPE_SHAPE:
        write_entry(e, number, parent, c, cell);
        break;
    case TYPE_INTEGER:
    case TYPE_MOMENT:
        write_number(parent, c);
        break;
    case TYPE_UUID:
        write_uuid(c, cell);
        break;
    case TYPES:
        break;
    }
}

void encoder_row(struct encoder *e)
{
    for (size_t i = 0; i < e->listed; i++)
        if (e->column[e->list[i]].now.row != e->row)
            write_value(e, e->list[i]);
    e->listed = 0;
    e->row++;
}

/* ---- the block ---- */

/* Bytes a number that all but a few of them need; the few are written as texts. */
static int width_of(const struct encoded *c)
{
    size_t beyond = 0;
    int width = STREAM_PLANES;

    while (width > 1 && beyond + c->bytes[width] <= c->cells / 50)
        beyond += c->bytes[width--];
    return width;
}

static void finish_numbers(struct encoded *c)
{
    int width = width_of(c);
    uint32_t kept = 0;
    uint32_t odd = 0;

    for (uint32_t i = 0; i < c->codes; i++) {
        char text[LEAF_MOMENT_MAX];
        bool good = c->value[i] != GUESS_ABSENT;

        if (good && bytes_of(c->code[i]) <= width) {
            c->code[kept++] = c->code[i];
            continue;
        }
        miss(c, i);
        put_raw(c, good ? guess_print(c->plan, text, c->value[i]) : c->odd[odd++]);
    }
    c->codes = kept;
}

static void finish_label(struct encoder *e, uint16_t number, struct streams *out)
{
    struct encoded *c = &e->column[number];

    if (c->plan.type == TYPE_INTEGER || c->plan.type == TYPE_MOMENT)
        finish_numbers(c);
    if (c->any_new && c->first_new > 0) {
        struct buf next = {0};

        buf_put_varint(&next, c->first_new);
        streams_put(out, number, PART_NEXT, buf_str(&next));
        buf_release(&next);
    }
    streams_put(out, number, PART_FIXED, buf_str(&c->fixed));
    streams_put(out, number, PART_MISS, buf_str(&c->miss));
    buf_put_str(&c->raw_len, buf_str(&c->raw));
    streams_put(out, number, PART_RAW, buf_str(&c->raw_len));
    streams_put_planes(out, number, c->code, c->codes);
}

void encoder_finish(struct encoder *e, struct streams *out)
{
    for (size_t i = 0; i < e->model->labels; i++)
        if (e->column[i].cells > 0)
            finish_label(e, (uint16_t)i, out);
}
