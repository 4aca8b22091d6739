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
static void need(struct decoder *d, uint16_t label)
{
    struct plan p = d->column[label].plan;

    if (p.type == TYPE_SHAPE || guess_chains(p))
        for (; label != LABEL_NONE && !d->column[label].needed;
             label = d->column[label].plan.parent)
            d->column[label].needed = true;
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

/* Zeroed, at a multiple of 64. */
static void *lines(struct arena *arena, size_t bytes)
{
    char *p = arena_alloc(arena, bytes + 48); /* it gives multiples of 16 */

    p += -(uintptr_t)p & 63;
    return memset(p, 0, bytes);
}

int decoder_begin(struct decoder *d, struct str packed, const struct model *m, size_t *rows,
                  struct arena *arena, struct err *err)
{
    uint8_t *state = arena_alloc(arena, m->labels);
    int rc;

    memset(d, 0, sizeof *d);
    d->model = m;
    d->arena = arena;
    if ((rc = streams_open(&d->streams, packed, m->labels, rows, arena, err)) < 0)
        return rc;
    d->column = lines(arena, m->labels * sizeof *d->column);
    d->rest = lines(arena, m->labels * sizeof *d->rest);
    memset(state, UNSEEN, m->labels);
    for (size_t i = 0; i < m->labels; i++) {
        struct decoded *c = &d->column[i];

        d->bad |= is_circle(m, state, (uint16_t)i);
        c->plan = m->label[i].plan;
        c->place = m->label[i].place;
        c->kind = i == LABEL_RECORD ? (uint8_t)SHAPE_RECORD
                                    : (uint8_t)kind_of(model_shapes_label(m, (uint16_t)i));
        c->now = now_absent;
    }
    for (size_t i = 0; i < m->labels && !d->bad; i++)
        need(d, (uint16_t)i);
    return d->bad ? err_set(err, ERR_CORRUPT, "the plans of a block contradict") : 0;
}

/* ---- streams of a label ---- */

static bool get(struct decoder *d, const struct decoded *c, enum stream_part part,
                struct str *out)
{
    uint16_t label = (uint16_t)(c - d->column);

    if (streams_get(&d->streams, label, part, out, d->arena, &d->failure) == 0)
        return true;
    d->bad = true;
    return false;
}

static struct undecoded *rest_of(const struct decoder *d, const struct decoded *c)
{
    return &d->rest[c - d->column];
}

/* Texts stand behind all their lengths: as many as make up the stream. */
static void open_raw(struct decoder *d, struct undecoded *u, struct str raw)
{
    uint64_t sum = 0;

    u->raw_len = u->raw = (struct cursor){raw, false};
    while (!u->raw.bad && sum < u->raw.rest.len)
        sum += cursor_varint(&u->raw);
    d->bad |= u->raw.bad || sum != u->raw.rest.len;
}

static void open_codes(struct decoder *d, uint16_t label, struct undecoded *u)
{
    uint64_t *code;

    u->codes = streams_planes_length(&d->streams, label);
    if (u->codes > LIMIT_BLOCK_ROWS) {
        d->bad = true;
        return;
    }
    code = arena_alloc(d->arena, u->codes * sizeof *code);
    u->code = code;
    d->bad |= streams_get_planes(&d->streams, label, code, u->codes, d->arena, &d->failure) < 0;
}

/* The next cell that differs, `from` cells on. */
static void find_miss(struct decoded *c, struct undecoded *u, uint64_t from)
{
    uint64_t cell = u->miss.rest.len ? from + cursor_varint(&u->miss) : UINT32_MAX;

    c->next_miss = cell < UINT32_MAX ? (uint32_t)cell : UINT32_MAX;
}

static void open_column(struct decoder *d, struct decoded *c)
{
    struct undecoded *u = rest_of(d, c);
    struct str miss, raw, next;

    c->open = true;
    if (!get(d, c, PART_MISS, &miss) || !get(d, c, PART_RAW, &raw) ||
        !get(d, c, PART_NEXT, &next) || !get(d, c, PART_FIXED, &u->fixed.rest))
        return;
    u->miss.rest = miss;
    find_miss(c, u, 0);
    open_raw(d, u, raw);
    if (next.len) {
        struct cursor n = {next, false};

        u->next = (uint32_t)cursor_varint(&n);
    }
    open_codes(d, (uint16_t)(c - d->column), u);
    if (c->plan.type == TYPE_INTEGER || c->plan.type == TYPE_MOMENT)
        guess_begin(&u->guess, c->plan,
                    c->plan.parent == LABEL_NONE ? NULL : &d->column[c->plan.parent].plan,
                    d->arena);
}

static bool is_missing(struct decoder *d, struct decoded *c, uint32_t cell)
{
    if (c->next_miss != cell)
        return false;
    find_miss(c, rest_of(d, c), cell);
    return true;
}

static struct str next_raw(struct decoder *d, struct decoded *c)
{
    struct undecoded *u = rest_of(d, c);
    struct str s = cursor_bytes(&u->raw, cursor_varint(&u->raw_len));

    d->bad |= u->raw.bad || u->raw_len.bad;
    return s;
}

/* Planes of nothing but zeros are left out, so that their number is not known. */
static uint64_t next_code(struct decoder *d, struct decoded *c)
{
    struct undecoded *u = rest_of(d, c);

    if (u->code_at < u->codes)
        return u->code[u->code_at++];
    d->bad |= u->codes > 0;
    return 0;
}

/* Take the streams past a cell. */
static void skip_cell(struct decoder *d, struct decoded *c)
{
    bool missing = is_missing(d, c, c->cell);
    uint64_t code;

    switch ((enum value_type)c->plan.type) {
    case TYPE_TEXT:
        if (missing || c->plan.guess != GUESS_EQUAL)
            next_raw(d, c);
        break;
    case TYPE_ENTRY:
    case TYPE_SHAPE:
        if (!missing && c->plan.guess != GUESS_NOTHING)
            break;
        code = next_code(d, c);
        if (c->plan.type == TYPE_ENTRY && code == 1)
            next_raw(d, c);
        else
            rest_of(d, c)->next += code == 0;
        break;
    case TYPE_UUID:
        if (missing)
            next_raw(d, c);
        else
            cursor_bytes(&rest_of(d, c)->fixed, LEAF_UUID_BYTES);
        if (!missing && c->plan.style == LEAF_UUID_EITHER)
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
    bool guessed = c->plan.guess == GUESS_EQUAL || c->plan.guess == GUESS_FOLLOWS;

    for (; c->cell < cell && !d->bad; c->cell++) {
        if (guessed && c->next_miss > c->cell)
            c->cell = c->next_miss < cell ? c->next_miss : cell;
        if (c->cell == cell)
            break;
        skip_cell(d, c);
    }
}

/* ---- one value ---- */

/* A number is written out, and an entry's text fetched, when the text is asked for, which for
 * most values it is not. */
static struct str text_now(struct decoder *d, struct decoded *c)
{
    if (c->now.text.at)
        return c->now.text;
    if (c->now.number != GUESS_ABSENT)
        c->now.text = guess_print(c->plan, rest_of(d, c)->text, c->now.number);
    else if (c->now.entry != DICTIONARY_NONE && c->plan.type == TYPE_ENTRY)
        d->bad |= model_text(d->model, (uint16_t)(c - d->column), c->now.entry, &c->now.text,
                             &d->failure) < 0;
    return c->now.text;
}

/* The parent's text; false: it has none in this row. */
static bool take_equal(struct decoder *d, struct decoded *c, const struct now *parent)
{
    if (parent == &now_absent)
        return false;
    c->now.text = text_now(d, &d->column[c->plan.parent]);
    return c->now.text.at != NULL;
}

/* The value that is not among those that differ; false: there is no guess. */
static bool read_guess(struct decoder *d, struct decoded *c, const struct now *parent)
{
    uint32_t from = c->plan.parent == LABEL_NONE ? 0 : parent->entry;
    uint16_t label = (uint16_t)(c - d->column);

    if (c->plan.guess == GUESS_EQUAL)
        return take_equal(d, c, parent);
    if (from != DICTIONARY_NONE)
        c->now.entry = model_kin(d->model, label, c->plan.parent, c->place, from);
    return c->now.entry != DICTIONARY_NONE;
}

static void read_code(struct decoder *d, struct decoded *c)
{
    uint64_t code = next_code(d, c);

    if (c->plan.type == TYPE_SHAPE) {
        c->now.entry = (uint32_t)code;
    } else if (code == 1) {
        c->now.text = next_raw(d, c);
    } else {
        c->now.entry = code == 0 ? rest_of(d, c)->next++ : (uint32_t)(code - 2);
        if (c->now.entry >= model_entries(d->model, (uint16_t)(c - d->column))) {
            c->now.entry = DICTIONARY_NONE;
            d->bad = true;
        }
    }
}

static void read_entry(struct decoder *d, struct decoded *c, const struct now *parent)
{
    if (is_missing(d, c, c->cell) || c->plan.guess == GUESS_NOTHING)
        read_code(d, c);
    else if (!read_guess(d, c, parent))
        d->bad = true;
}

static void read_text(struct decoder *d, struct decoded *c, const struct now *parent)
{
    if (c->plan.guess != GUESS_EQUAL || is_missing(d, c, c->cell))
        c->now.text = next_raw(d, c);
    else if (!take_equal(d, c, parent))
        d->bad = true;
}

static void read_number(struct decoder *d, struct decoded *c, const struct now *parent)
{
    struct undecoded *u = rest_of(d, c);
    int64_t v;

    if (is_missing(d, c, c->cell)) {
        c->now.text = next_raw(d, c);
        if (!guess_read(c->plan, c->now.text, &v))
            return;
    } else {
        v = guess_value(next_code(d, c), guess_number(&u->guess, parent));
    }
    guess_learn(&u->guess, parent, v);
    c->now.number = v;
}

static void read_uuid(struct decoder *d, struct decoded *c)
{
    struct undecoded *u = rest_of(d, c);
    uint8_t style = c->plan.style;
    struct str bytes;
    bool upper;

    if (is_missing(d, c, c->cell)) {
        c->now.text = next_raw(d, c);
        return;
    }
    bytes = cursor_bytes(&u->fixed, LEAF_UUID_BYTES);
    upper = style == LEAF_UUID_EITHER ? next_code(d, c) != 0 : style == 1;
    if (bytes.len == 0) {
        d->bad = true;
        return;
    }
    leaf_uuid_print(u->text, upper, (const uint8_t *)bytes.at);
    c->now.text = (struct str){u->text, LEAF_UUID_TEXT};
}

static void resolve(struct decoder *d, enum shape_kind kind);
static void read_value(struct decoder *d, struct decoded *c);

/* The value of this row that the label's is guessed from. */
static const struct now *parent_of(struct decoder *d, const struct decoded *c)
{
    struct decoded *p;

    if (c->plan.parent == LABEL_NONE)
        return &now_absent;
    p = &d->column[c->plan.parent];
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
    struct now before = c->now;
    const struct now *parent;

    c->now = (struct now){d->row, DICTIONARY_NONE, GUESS_ABSENT, {NULL, 0}};
    parent = parent_of(d, c);
    if (!c->open)
        open_column(d, c);
    if (c->cell < cell)
        skip_to(d, c, cell);
    if (d->bad)
        return;
    switch ((enum value_type)c->plan.type) {
    case TYPE_TEXT:
        read_text(d, c, parent);
        break;
    case TYPE_ENTRY:
    case TYPE_SHAPE:
        read_entry(d, c, parent);
        if (c->now.entry == before.entry && before.entry != DICTIONARY_NONE)
            c->now.text = before.text; /* most are as in the row before */
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

/* The labels that follow from a shape alone: of its leaves those that hold no token or URL,
 * and could hold none. */
static inline void each_of_shape(struct decoder *d, const struct shape *s, each_label *each)
{
    bool record = s->kind == SHAPE_RECORD;

    if (record && s->token >= 0)
        each(d, LABEL_HEADER);
    if (record && s->url >= 0)
        each(d, LABEL_URL);
    if (s->kind == SHAPE_HEADER) {
        each(d, LABEL_PAYLOAD);
        each(d, LABEL_SIGNATURE);
    }
    for (int i = 0; i < s->leaves; i++)
        if (!record ||
            (i != s->token && i != s->url && !(s->more_holders && is_holder(d, s->label[i]))))
            each(d, s->label[i]);
}

/* The labels of the row that follow from its shape of that kind, or from its absence. */
static inline void each_of(struct decoder *d, enum shape_kind kind, each_label *each)
{
    const struct shape *record = shape_now(d, SHAPE_RECORD);
    const struct shape *s = shape_now(d, kind);

    if (kind == SHAPE_RECORD && !record)
        each(d, LABEL_VERBATIM);
    if (s)
        each_of_shape(d, s, each);
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

/* ---- rows that nobody asks for ---- */

static inline void list_needed(struct decoder *d, uint16_t label)
{
    if (d->column[label].needed)
        d->listing->needed[d->listing->count++] = label;
}

static inline void count_cells(struct decoder *d, uint16_t label)
{
    d->column[label].cells += d->column[label].needed ? 0 : d->times;
}

static void settle_shape(struct decoder *d, struct passed *p)
{
    d->times = p->rows;
    p->rows = 0;
    each_of_shape(d, &d->model->shapes.shape[p->shape - 1], count_cells);
}

static void settle(struct decoder *d)
{
    for (size_t i = 0; i < DECODER_PASSED; i++)
        if (d->passed[i].rows > 0)
            settle_shape(d, &d->passed[i]);
    d->owes = false;
}

static struct passed *passed_of(struct decoder *d, uint32_t number, const struct shape *s)
{
    struct passed *p = &d->passed[number % DECODER_PASSED];

    if (p->shape == number)
        return p;
    if (p->rows > 0)
        settle_shape(d, p);
    p->shape = number;
    p->count = 0;
    p->needed = arena_alloc(d->arena, (s->leaves + 2U) * sizeof *p->needed);
    d->listing = p;
    each_of_shape(d, s, list_needed);
    return p;
}

/* The shape of that kind of a row that is passed, whose needed labels are then known to be
 * there; NULL: the row is none that can be passed by its shapes. */
static struct passed *pass_shape(struct decoder *d, enum shape_kind kind, uint16_t label)
{
    struct decoded *c = &d->column[label];
    const struct shape *s;
    struct passed *p;
    uint32_t number;

    if (c->now.row != d->row)
        read_value(d, c);
    number = c->now.entry;
    if (number == 0 || number > d->model->shapes.count)
        return NULL;
    s = &d->model->shapes.shape[number - 1];
    if (s->kind != kind || s->more_holders)
        return NULL;
    p = passed_of(d, number, s);
    for (size_t i = 0; i < p->count; i++)
        mark(d, p->needed[i]);
    d->shape[kind] = number;
    d->resolved[kind] = d->row;
    return p;
}

/* Has no other shape of the row taken its place? */
static bool stays(const struct decoder *d, const struct passed *p, enum shape_kind kind)
{
    return p->shape == d->shape[kind];
}

static void pass_needed(struct decoder *d, struct passed *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (d->column[p->needed[i]].now.row != d->row)
            read_value(d, &d->column[p->needed[i]]);
    p->rows++;
}

/* Pass a row of which nothing was read; false: go through its labels. */
static bool pass_by_shapes(struct decoder *d)
{
    struct passed *record = pass_shape(d, SHAPE_RECORD, LABEL_RECORD);
    struct passed *header, *payload, *url;
    const struct shape *s = record ? &d->model->shapes.shape[record->shape - 1] : NULL;

    if (!s || s->token < 0 || s->url < 0)
        return false;
    header = pass_shape(d, SHAPE_HEADER, LABEL_HEADER);
    payload = header ? pass_shape(d, SHAPE_PAYLOAD, LABEL_PAYLOAD) : NULL;
    url = payload ? pass_shape(d, SHAPE_URL, LABEL_URL) : NULL;
    if (!url || !stays(d, record, SHAPE_RECORD) || !stays(d, header, SHAPE_HEADER) ||
        !stays(d, payload, SHAPE_PAYLOAD))
        return false;
    pass_needed(d, record);
    pass_needed(d, header);
    pass_needed(d, payload);
    pass_needed(d, url);
    d->owes = true;
    return true;
}

/* Find out the row's shape of that kind, and so which labels it has. */
static void resolve(struct decoder *d, enum shape_kind kind)
{
    static const uint16_t labels[SHAPE_KINDS] = {LABEL_RECORD, LABEL_HEADER, LABEL_PAYLOAD,
                                                 LABEL_URL};
    struct decoded *c = &d->column[labels[kind]];
    uint32_t number = 0;

    if (d->owes)
        settle(d);
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

const struct now *decoder_value(struct decoder *d, uint16_t label)
{
    struct decoded *c = &d->column[label];

    if (c->now.row != d->row)
        read_value(d, c);
    return &c->now;
}

struct str decoder_text(struct decoder *d, uint16_t label)
{
    decoder_value(d, label);
    return text_now(d, &d->column[label]);
}

int decoder_error(const struct decoder *d, struct err *err)
{
    if (d->failure.code < 0) {
        *err = d->failure;
        return err->code;
    }
    return err_set(err, ERR_CORRUPT, "the values of a block contradict its shapes");
}

void decoder_row(struct decoder *d)
{
    d->row++;
    mark(d, LABEL_RECORD);
}

void decoder_pass(struct decoder *d)
{
    if (d->resolved[SHAPE_RECORD] != d->row && pass_by_shapes(d))
        return;
    for (int k = 0; k < SHAPE_KINDS; k++)
        if (d->resolved[k] != d->row)
            resolve(d, (enum shape_kind)k);
    for (int k = 0; k < SHAPE_KINDS; k++)
        each_of(d, (enum shape_kind)k, pass);
}

static bool is_finished(const struct decoder *d, size_t label)
{
    const struct decoded *c = &d->column[label];
    const struct undecoded *u = &d->rest[label];

    if (!c->open)
        return !d->streams.first[label] || label == LABEL_FRAME;
    return c->next_miss == UINT32_MAX && !u->miss.bad && u->miss.rest.len == 0 &&
           u->raw.rest.len == 0 && u->fixed.rest.len == 0 &&
           (u->codes == 0 || u->code_at == u->codes);
}

bool decoder_end(const struct decoder *d)
{
    for (size_t i = 0; i < d->model->labels; i++)
        if (!is_finished(d, i))
            return false;
    return !d->bad;
}
