/* encoder.c - see encoder.h. A value that is as guessed leaves no trace but in the count of
 * cells; the places of the others are kept as distances. Numbers wait until the block is
 * finished, since how many bytes all of them get depends on the largest. */
#include "trail/encoder.h"

#include "base/limits.h"
#include "base/mem.h"
#include "trail/leaf.h"

enum { RIVAL_MISSES = 3, RIVAL_BITS = 12, LOOK_PART = 8, LOOK_ENTRIES = 2048 };

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
        struct unguessed *u = &e->rest[i];

        buf_release(&u->miss);
        buf_release(&u->raw_len);
        buf_release(&u->raw);
        buf_release(&u->fixed);
        free(u->code);
        free(u->value);
        free(u->odd);
    }
    free(e->column);
    free(e->rest);
    arena_release(&e->arena);
    memset(e, 0, sizeof *e);
}

void encoder_fit(struct encoder *e)
{
    size_t now = e->columns;
    size_t cap = now ? now : 128;
    struct encoded *old = e->column;

    if (e->model->labels <= now)
        return;
    while (cap < e->model->labels)
        cap *= 2;
    e->column = xlines(cap, sizeof *e->column);
    if (now)
        memcpy(e->column, old, now * sizeof *old);
    free(old);
    e->rest = xrealloc(e->rest, cap * sizeof *e->rest);
    memset(e->rest + now, 0, (cap - now) * sizeof *e->rest);
    e->columns = cap;
    for (size_t i = now; i < e->model->labels; i++)
        encoder_begin_label(e, (uint16_t)i);
}

void encoder_begin_label(struct encoder *e, uint16_t label)
{
    struct encoded *c = &e->column[label];
    struct unguessed *u = &e->rest[label];
    const struct label *l = &e->model->label[label];

    *c = (struct encoded){.now = now_absent, .plan = l->plan, .place = l->place,
                          .next = l->values.count};
    u->first_new = c->next;
    u->odds = 0;
    buf_clear(&u->miss);
    buf_clear(&u->raw_len);
    buf_clear(&u->raw);
    buf_clear(&u->fixed);
    memset(u->bytes, 0, sizeof u->bytes);
    if (c->plan.type == TYPE_INTEGER || c->plan.type == TYPE_MOMENT)
        guess_begin(&u->guess, c->plan,
                    c->plan.parent == LABEL_NONE ? NULL
                                                 : &e->model->label[c->plan.parent].plan,
                    &e->arena);
}

/* Which labels of many entries had values that did not follow, in the block before? */
static void find_looks(struct encoder *e)
{
    e->looks = 0;
    for (size_t i = 0; i < e->model->labels && e->looks < ENCODER_LOOKS; i++)
        if (e->column[i].plan.type == TYPE_ENTRY &&
            e->column[i].codes > e->column[i].cells / LOOK_PART &&
            e->model->label[i].values.count >= LOOK_ENTRIES)
            e->look[e->looks++] = (struct look){0, (uint16_t)i, false};
}

void encoder_begin(struct encoder *e)
{
    arena_reset(&e->arena);
    encoder_fit(e);
    find_looks(e);
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

static void miss(struct encoder *e, struct encoded *c, uint32_t cell)
{
    put_varint(&e->rest[c - e->column].miss, cell - c->last_miss);
    c->last_miss = cell;
}

static void put_raw(struct encoder *e, const struct encoded *c, struct str text)
{
    struct unguessed *u = &e->rest[c - e->column];

    put_varint(&u->raw_len, text.len);
    buf_put_str(&u->raw, text);
}

static void *grown(void *list, uint32_t *cap, size_t size)
{
    *cap = *cap ? *cap * 2 : 64;
    return xrealloc(list, *cap * size);
}

static void put_code(struct encoder *e, struct encoded *c, uint64_t code)
{
    struct unguessed *u = &e->rest[c - e->column];

    if (c->codes == u->code_cap)
        u->code = grown(u->code, &u->code_cap, sizeof *u->code);
    u->code[c->codes++] = code;
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
    bool shape = c->plan.type == TYPE_SHAPE;
    uint32_t from = c->plan.parent == LABEL_NONE ? 0 : parent->entry;
    uint32_t guess = from == DICTIONARY_NONE
                         ? DICTIONARY_NONE
                         : model_kin(e->model, number, c->plan.parent, c->place, from);

    if (guess != DICTIONARY_NONE &&
        (shape ? guess == c->now.text.len
               : str_equal(e->model->label[number].values.entry[guess], c->now.text))) {
        c->now.entry = guess;
        return true;
    }
    c->now.entry = shape ? (uint32_t)c->now.text.len
                         : model_entry(e->model, number, c->now.text);
    if (from == DICTIONARY_NONE || c->now.entry == DICTIONARY_NONE)
        return false;
    if (guess == DICTIONARY_NONE) {
        model_set_follows(e->model, number, from, c->now.entry);
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
    c->now.entry = c->plan.type == TYPE_SHAPE ? (uint32_t)c->now.text.len
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
        miss(e, c, cell);
    if (c->plan.type == TYPE_SHAPE) {
        put_code(e, c, c->now.text.len);
    } else if (c->now.entry == DICTIONARY_NONE) {
        put_code(e, c, 1);
        put_raw(e, c, c->now.text);
    } else {
        next = c->plan.guess != GUESS_FOLLOWS && c->now.entry == c->next;
        c->any_new |= next;
        put_code(e, c, next ? 0 : c->now.entry + 2ULL);
        c->next += next;
    }
}

/* ---- texts, numbers, UUIDs ---- */

static void write_text(struct encoder *e, const struct now *parent, struct encoded *c,
                       uint32_t cell)
{
    if (c->plan.guess == GUESS_EQUAL) {
        if (parent->text.at && str_equal(parent->text, c->now.text))
            return;
        miss(e, c, cell);
    }
    put_raw(e, c, c->now.text);
}

static int bytes_of(uint64_t v)
{
    return v ? (71 - __builtin_clzll(v)) / 8 : 1;
}

static void write_number(struct encoder *e, const struct now *parent, struct encoded *c)
{
    struct unguessed *u = &e->rest[c - e->column];
    uint64_t differ = 0;
    int64_t number;

    if (guess_read(c->plan, c->now.text, &number)) {
        differ = guess_difference(number, guess_number(&u->guess, parent));
        guess_learn(&u->guess, parent, number);
        u->bytes[bytes_of(differ)]++;
        c->now.number = number;
    } else {
        if (u->odds == u->odd_cap)
            u->odd = grown(u->odd, &u->odd_cap, sizeof *u->odd);
        u->odd[u->odds++] = c->now.text;
    }
    if (c->codes == u->value_cap)
        u->value = grown(u->value, &u->value_cap, sizeof *u->value);
    u->value[c->codes] = c->now.number;
    put_code(e, c, differ);
}

static void write_uuid(struct encoder *e, struct encoded *c, uint32_t cell)
{
    uint8_t style = c->plan.style;
    uint8_t bytes[LEAF_UUID_BYTES];
    bool upper = style == 1;
    bool good = leaf_uuid_read(c->now.text, upper, bytes);

    if (!good && style == LEAF_UUID_EITHER)
        good = upper = leaf_uuid_read(c->now.text, true, bytes);
    if (!good) {
        miss(e, c, cell);
        put_raw(e, c, c->now.text);
        return;
    }
    buf_put(&e->rest[c - e->column].fixed, bytes, sizeof bytes);
    if (style == LEAF_UUID_EITHER)
        put_code(e, c, upper);
}

/* ---- rows ---- */

static void write_value(struct encoder *e, uint16_t number)
{
    struct encoded *c = &e->column[number];
    const struct now *parent = &now_absent;
    uint32_t cell = c->cells++;

    c->now.row = e->row;
    c->now.entry = DICTIONARY_NONE;
    c->now.number = GUESS_ABSENT;
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
        write_text(e, parent, c, cell);
        break;
    case TYPE_ENTRY:
    case TYPE_SHAPE:
        write_entry(e, number, parent, c, cell);
        break;
    case TYPE_INTEGER:
    case TYPE_MOMENT:
        write_number(e, parent, c);
        break;
    case TYPE_UUID:
        write_uuid(e, c, cell);
        break;
    case TYPES:
        break;
    }
}

void encoder_expect(struct encoder *e, int step)
{
    for (size_t i = 0; i < e->looks; i++) {
        struct look *l = &e->look[i];
        const struct encoded *c = &e->column[l->label];
        uint32_t entry;

        if (step == 0) {
            l->given = c->given == e->row;
            l->hash = l->given ? dictionary_hash(c->now.text) : 0;
        }
        if (!l->given)
            continue;
        entry = dictionary_expect(&e->model->label[l->label].values, l->hash, step);
        if (step == 1 && entry != DICTIONARY_NONE)
            model_expect_kin(e->model, l->label, entry);
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
static int width_of(const struct encoded *c, const struct unguessed *u)
{
    size_t beyond = 0;
    int width = STREAM_PLANES;

    while (width > 1 && beyond + u->bytes[width] <= c->cells / 50)
        beyond += u->bytes[width--];
    return width;
}

static void finish_numbers(struct encoder *e, struct encoded *c, struct unguessed *u)
{
    int width = width_of(c, u);
    uint32_t kept = 0;
    uint32_t odd = 0;

    for (uint32_t i = 0; i < c->codes; i++) {
        char text[LEAF_MOMENT_MAX];
        bool good = u->value[i] != GUESS_ABSENT;

        if (good && bytes_of(u->code[i]) <= width) {
            u->code[kept++] = u->code[i];
            continue;
        }
        miss(e, c, i);
        put_raw(e, c, good ? guess_print(c->plan, text, u->value[i]) : u->odd[odd++]);
    }
    c->codes = kept;
}

static void finish_label(struct encoder *e, uint16_t number, struct streams *out)
{
    struct encoded *c = &e->column[number];
    struct unguessed *u = &e->rest[number];

    if (c->plan.type == TYPE_INTEGER || c->plan.type == TYPE_MOMENT)
        finish_numbers(e, c, u);
    if (c->any_new && u->first_new > 0) {
        struct buf next = {0};

        buf_put_varint(&next, u->first_new);
        streams_put(out, number, PART_NEXT, buf_str(&next));
        buf_release(&next);
    }
    streams_put(out, number, PART_FIXED, buf_str(&u->fixed));
    streams_put(out, number, PART_MISS, buf_str(&u->miss));
    buf_put_str(&u->raw_len, buf_str(&u->raw));
    streams_put(out, number, PART_RAW, buf_str(&u->raw_len));
    streams_put_planes(out, number, u->code, c->codes);
}

void encoder_finish(struct encoder *e, struct streams *out)
{
    for (size_t i = 0; i < e->model->labels; i++)
        if (e->column[i].cells > 0)
            finish_label(e, (uint16_t)i, out);
}
