/* decoder.c - see decoder.h. Where the value of a row is wanted, the streams of its label
 * are taken forward from the cell that was read last. Damage that a checksum did not find
 * leads to `bad`, never further. */
#include "trail/decoder.h"

#include "base/limits.h"

static enum shape_kind kind_of(uint16_t label)
{
    return label == LABEL_RECORD ? SHAPE_RECORD : label == LABEL_HEADER ? SHAPE_HEADER
           : label == LABEL_PAYLOAD ? SHAPE_PAYLOAD : SHAPE_URL;
}

/* ---- beginning ---- */

/* Shapes and numbers that hang on the row before are read in all rows, so those that they
 * are guessed from are too. */
static void need(struct decoder *d, struct decoded *c)
{
    struct plan p = c->label->plan;

    if (p.type == TYPE_SHAPE || guess_chains(p))
        for (; c && !c->needed; c = c->parent)
            c->needed = true;
    d->bad |= p.parent != LABEL_NONE && p.parent >= d->model->labels;
}

enum { UNSEEN, SEEING, SEEN };

/* Follow what a label is read behind; a circle, which only damage can make, is bad. */
static bool is_circle(const struct model *m, uint8_t *state, uint16_t label)
{
    uint16_t parent = m->label[label].plan.parent;
    bool bad = false;

    if (state[label] != UNSEEN)
        return state[label] == SEEING;
    state[label] = SEEING;
    if (label != LABEL_RECORD)
        bad = is_circle(m, state, model_shapes_label(m, label));
    if (!bad && parent != LABEL_NONE)
        bad = is_circle(m, state, parent);
    state[label] = SEEN;
    return bad;
}

int decoder_begin(struct decoder *d, struct str packed, const struct model *m, size_t *rows,
                  struct arena *arena, struct err *err)
{
    uint8_t *state = arena_alloc(arena, m->labels);
    int rc;

    memset(d, 0, sizeof *d);
    d->model = m;
    d->arena = arena;
    d->err = err;
    if ((rc = streams_open(&d->streams, packed, m->labels, rows, arena, err)) < 0)
        return rc;
    d->column = arena_alloc(arena, m->labels * sizeof *d->column);
    memset(d->column, 0, m->labels * sizeof *d->column);
    memset(state, UNSEEN, m->labels);
    for (size_t i = 0; i < m->labels; i++) {
        struct decoded *c = &d->column[i];
        uint16_t parent = m->label[i].plan.parent;

        d->bad |= is_circle(m, state, (uint16_t)i);
        c->label = &m->label[i];
        c->parent = parent == LABEL_NONE ? NULL : &d->column[parent];
        c->kind = i == LABEL_RECORD ? (uint8_t)SHAPE_RECORD
                                    : (uint8_t)kind_of(model_shapes_label(m, (uint16_t)i));
        c->now = now_absent;
    }
    for (size_t i = 0; i < m->labels && !d->bad; i++)
        need(d, &d->column[i]);
    return d->bad ? err_set(err, ERR_CORRUPT, "the plans of a block contradict") : 0;
}

/* ---- streams of a label ---- */

static bool get(struct decoder *d, const struct decoded *c, enum stream_part part,
                struct str *out)
{
    uint16_t label = (uint16_t)(c - d->column);

    if (streams_get(&d->streams, label, part, out, d->arena, d->err) == 0)
        return true;
    d->bad = true;
    return false;
}

/* Texts stand behind all their lengths: as many as make up the stream. */
static void open_raw(struct decoder *d, struct decoded *c, struct str raw)
{
    uint64_t sum = 0;

    c->raw_len = c->raw = (struct cursor){raw, false};
    while (!c->raw.bad && sum < c->raw.rest.len)
        sum += cursor_varint(&c->raw);
    d->bad |= c->raw.bad || sum != c->raw.rest.len;
}

static void open_codes(struct decoder *d, struct decoded *c)
{
    uint16_t label = (uint16_t)(c - d->column);
    uint64_t *code;

    c->codes = streams_planes_length(&d->streams, label);
    if (c->codes > LIMIT_BLOCK_ROWS) {
        d->bad = true;
        return;
    }
    code = arena_alloc(d->arena, c->codes * sizeof *code);
    c->code = code;
    d->bad |= streams_get_planes(&d->streams, label, code, c->codes, d->arena, d->err) < 0;
}

static void open_column(struct decoder *d, struct decoded *c)
{
    struct plan plan = c->label->plan;
    struct str miss, raw, next;

    c->open = true;
    if (!get(d, c, PART_MISS, &miss) || !get(d, c, PART_RAW, &raw) ||
        !get(d, c, PART_NEXT, &next) || !get(d, c, PART_FIXED, &c->fixed.rest))
        return;
    c->miss.rest = miss;
    c->next_miss = miss.len ? cursor_varint(&c->miss) : UINT64_MAX;
    open_raw(d, c, raw);
    if (next.len) {
        struct cursor n = {next, false};

        c->next = (uint32_t)cursor_varint(&n);
    }
    open_codes(d, c);
    if (plan.type == TYPE_INTEGER || plan.type == TYPE_MOMENT)
        guess_begin(&c->guess, plan, c->parent ? &c->parent->label->plan : NULL, d->arena);
}

static bool is_missing(struct decoded *c, uint64_t cell)
{
    if (c->next_miss != cell)
        return false;
    c->next_miss = c->miss.rest.len ? cell + cursor_varint(&c->miss) : UINT64_MAX;
    return true;
}

static struct str next_raw(struct decoder *d, struct decoded *c)
{
    struct str s = cursor_bytes(&c->raw, cursor_varint(&c->raw_len));

    d->bad |= c->raw.bad || c->raw_len.bad;
    return s;
}

/* Planes of nothing but zeros are left out, so that their number is not known. */
static uint64_t next_code(struct decoder *d, struct decoded *c)
{
    if (c->code_at < c->codes)
        return c->code[c->code_at++];
    d->bad |= c->codes > 0;
    return 0;
}

/* Take the streams past a cell. */
static void skip_cell(struct decoder *d, struct decoded *c)
{
    struct plan plan = c->label->plan;
    bool missing = is_missing(c, c->cell);
    uint64_t code;

    switch ((enum value_type)plan.type) {
    case TYPE_TEXT:
        if (missing || plan.guess != GUESS_EQUAL)
            next_raw(d, c);
        break;
    case TYPE_ENTRY:
    case TYPE_SHAPE:
        if (!missing && plan.guess != GUESS_NOTHING)
            break;
        code = next_code(d, c);
        if (plan.type == TYPE_ENTRY && code == 1)
            next_raw(d, c);
        else
            c->next += code == 0;
        break;
    case TYPE_UUID:
        if (missing)
            next_raw(d, c);
        else
            cursor_bytes(&c->fixed, LEAF_UUID_BYTES);
        if (!missing && plan.style == LEAF_UUID_EITHER)
            next_code(d, c);
        break;
    case TYPE_INTEGER:
    case TYPE_MOMENT:
        if (missing)
            next_raw(d, c);
        else
            next_code(d, c);
        break;
    case TYPES:
        break;
    }
}

static void skip_to(struct decoder *d, struct decoded *c, uint32_t cell)
{
    bool guessed = c->label->plan.guess == GUESS_EQUAL || c->label->plan.guess == GUESS_FOLLOWS;

    for (; c->cell < cell && !d->bad; c->cell++) {
        if (guessed && c->next_miss > c->cell)
            c->cell = (uint32_t)(c->next_miss < cell ? c->next_miss : cell);
        if (c->cell == cell)
            break;
        skip_cell(d, c);
    }
}

/* ---- one value ---- */

/* What it is guessed to be; false: there is no guess. */
static bool guessed(const struct decoded *c, const struct now *parent, uint32_t *entry,
                    struct str *text)
{
    uint32_t from = c->parent ? parent->entry : 0;

    if (c->label->plan.guess == GUESS_EQUAL) {
        *text = parent->text;
        return text->at != NULL;
    }
    if (from != DICTIONARY_NONE)
        *entry = model_follows(c->label, from);
    return *entry != DICTIONARY_NONE;
}

static void read_entry(struct decoder *d, struct decoded *c, const struct now *parent)
{
    bool shape = c->label->plan.type == TYPE_SHAPE;
    struct str text = {NULL, 0};
    uint32_t entry = DICTIONARY_NONE;

    if (is_missing(c, c->cell) || c->label->plan.guess == GUESS_NOTHING) {
        uint64_t code = next_code(d, c);

        if (shape)
            entry = (uint32_t)code;
        else if (code == 1)
            text = next_raw(d, c);
        else
            entry = code == 0 ? c->next++ : (uint32_t)(code - 2);
    } else if (!guessed(c, parent, &entry, &text)) {
        d->bad = true;
    }
    c->now.entry = entry;
    if (!shape && entry != DICTIONARY_NONE) {
        if (entry < c->label->values.count)
            text = c->label->values.entry[entry];
        else
            d->bad = true;
    }
    c->now.text = text;
}

static void read_text(struct decoder *d, struct decoded *c, const struct now *parent)
{
    bool equal = c->label->plan.guess == GUESS_EQUAL;

    c->now.text = equal && !is_missing(c, c->cell) ? parent->text : next_raw(d, c);
}

static void read_number(struct decoder *d, struct decoded *c, const struct now *parent)
{
    struct plan plan = c->label->plan;
    int64_t v;

    if (is_missing(c, c->cell)) {
        c->now.text = next_raw(d, c);
        if (!guess_read(plan, c->now.text, &v))
            return;
    } else {
        v = guess_value(next_code(d, c), guess_number(&c->guess, parent));
        c->now.text = guess_print(plan, c->text, v);
    }
    guess_learn(&c->guess, parent, v);
    c->now.number = v;
}

static void read_uuid(struct decoder *d, struct decoded *c)
{
    uint8_t style = c->label->plan.style;
    struct str bytes;
    bool upper;

    if (is_missing(c, c->cell)) {
        c->now.text = next_raw(d, c);
        return;
    }
    bytes = cursor_bytes(&c->fixed, LEAF_UUID_BYTES);
    upper = style == LEAF_UUID_EITHER ? next_code(d, c) != 0 : style == 1;
    if (bytes.len == 0) {
        d->bad = true;
        return;
    }
    leaf_uuid_print(c->text, upper, (const uint8_t *)bytes.at);
    c->now.text = (struct str){c->text, LEAF_UUID_TEXT};
}

static void resolve(struct decoder *d, enum shape_kind kind);
static void read_value(struct decoder *d, struct decoded *c);

/* The value of this row that the label's is guessed from. */
static const struct now *parent_of(struct decoder *d, const struct decoded *c)
{
    struct decoded *p = c->parent;

    if (!p)
        return &now_absent;
    if (d->resolved[p->kind] != d->row)
        resolve(d, (enum shape_kind)p->kind);
    if (p->here != d->row)
        return &now_absent;
    if (p->now.row != d->row)
        read_value(d, p);
    return &p->now;
}

static void read_value(struct decoder *d, struct decoded *c)
{
    uint32_t cell = c->cells++;
    const struct now *parent;

    c->now = (struct now){d->row, DICTIONARY_NONE, GUESS_ABSENT, {"", 0}};
    parent = parent_of(d, c);
    if (!c->open)
        open_column(d, c);
    if (c->cell < cell)
        skip_to(d, c, cell);
    if (d->bad)
        return;
    switch ((enum value_type)c->label->plan.type) {
    case TYPE_TEXT:
        read_text(d, c, parent);
        break;
    case TYPE_ENTRY:
    case TYPE_SHAPE:
        read_entry(d, c, parent);
        break;
    case TYPE_INTEGER:
    case TYPE_MOMENT:
        read_number(d, c, parent);
        break;
    case TYPE_UUID:
        read_uuid(d, c);
        break;
    case TYPES:
        d->bad = true;
        break;
    }
    c->cell = cell + 1;
}

/* ---- the labels of a row ---- */

static const struct shape *shape_now(const struct decoder *d, enum shape_kind kind)
{
    return d->shape[kind] ? &d->model->shapes.shape[d->shape[kind] - 1] : NULL;
}

static bool is_holder(const struct decoder *d, uint16_t label)
{
    return d->model->label[label].token || d->model->label[label].url;
}

typedef void each_label(struct decoder *d, uint16_t label);

/* Of the leaves that could hold a token, or a URL, those that do not: all but `at`, and that
 * one too where its text had no structure. */
static inline void each_holder(struct decoder *d, const struct shape *record, int16_t at,
                               bool structured, each_label *each)
{
    bool token = at >= 0 && d->model->label[record->label[at]].token;

    if (at >= 0 && !structured)
        each(d, record->label[at]);
    for (int i = 0; record->more_holders && i < record->leaves; i++) {
        const struct label *l = &d->model->label[record->label[i]];

        if (i != at && (token ? l->token : l->url))
            each(d, record->label[i]);
    }
}

/* The labels of the row that follow from its shape of that kind, or from its absence. */
static inline void each_of(struct decoder *d, enum shape_kind kind, each_label *each)
{
    const struct shape *record = shape_now(d, SHAPE_RECORD);
    const struct shape *s = shape_now(d, kind);

    if (kind == SHAPE_RECORD && !record) {
        each(d, LABEL_VERBATIM);
        return;
    }
    if (kind == SHAPE_RECORD && record->token >= 0)
        each(d, LABEL_HEADER);
    if (kind == SHAPE_RECORD && record->url >= 0)
        each(d, LABEL_URL);
    if (kind == SHAPE_HEADER && s) {
        each(d, LABEL_PAYLOAD);
        each(d, LABEL_SIGNATURE);
    }
    for (int i = 0; s && i < s->leaves; i++)
        if (kind != SHAPE_RECORD ||
            (i != s->token && i != s->url && !(s->more_holders && is_holder(d, s->label[i]))))
            each(d, s->label[i]);
    if (record && kind == SHAPE_HEADER)
        each_holder(d, record, record->token, s != NULL, each);
    if (record && kind == SHAPE_URL)
        each_holder(d, record, record->url, s != NULL, each);
}

static inline void mark(struct decoder *d, uint16_t label)
{
    d->column[label].here = d->row;
}

static inline void pass(struct decoder *d, uint16_t label)
{
    struct decoded *c = &d->column[label];

    if (c->now.row == d->row)
        return;
    if (c->needed)
        read_value(d, c);
    else
        c->cells++;
}

/* Find out the row's shape of that kind, and so which labels it has. */
static void resolve(struct decoder *d, enum shape_kind kind)
{
    static const uint16_t labels[SHAPE_KINDS] = {LABEL_RECORD, LABEL_HEADER, LABEL_PAYLOAD,
                                                 LABEL_URL};
    struct decoded *c = &d->column[labels[kind]];
    uint32_t number = 0;

    if (kind != SHAPE_RECORD) {
        enum shape_kind above = kind == SHAPE_PAYLOAD ? SHAPE_HEADER : SHAPE_RECORD;

        if (d->resolved[above] != d->row)
            resolve(d, above);
    }
    if (c->here == d->row) {
        if (c->now.row != d->row)
            read_value(d, c);
        number = c->now.entry;
    }
    if (number > d->model->shapes.count ||
        (number > 0 && d->model->shapes.shape[number - 1].kind != kind) ||
        (number == 0 && kind == SHAPE_PAYLOAD && c->here == d->row)) {
        d->bad = true;
        number = 0;
    }
    d->shape[kind] = number;
    d->resolved[kind] = d->row;
    each_of(d, kind, mark);
}

const struct shape *decoder_shape(struct decoder *d, enum shape_kind kind)
{
    if (d->resolved[kind] != d->row)
        resolve(d, kind);
    return shape_now(d, kind);
}

struct str decoder_text(struct decoder *d, uint16_t label)
{
    struct decoded *c = &d->column[label];

    if (c->now.row != d->row)
        read_value(d, c);
    return c->now.text;
}

void decoder_row(struct decoder *d)
{
    d->row++;
    mark(d, LABEL_RECORD);
}

void decoder_pass(struct decoder *d)
{
    for (int k = 0; k < SHAPE_KINDS; k++)
        if (d->resolved[k] != d->row)
            resolve(d, (enum shape_kind)k);
    for (int k = 0; k < SHAPE_KINDS; k++)
        each_of(d, (enum shape_kind)k, pass);
}

static bool is_finished(const struct decoder *d, const struct decoded *c)
{
    bool any = d->streams.first[c - d->column] != 0;

    if (!c->open)
        return !any || c - d->column == LABEL_FRAME;
    return c->next_miss == UINT64_MAX && !c->miss.bad && c->miss.rest.len == 0 &&
           c->raw.rest.len == 0 && c->fixed.rest.len == 0 &&
           (c->codes == 0 || c->code_at == c->codes);
}

bool decoder_end(const struct decoder *d)
{
    for (size_t i = 0; i < d->model->labels; i++)
        if (!is_finished(d, &d->column[i]))
            return false;
    return !d->bad;
}
