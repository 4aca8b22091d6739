/* projection.c - see projection.h. The maker keeps a code for each value of each column; at
 * the end the columns are joined to classes one after the other, those that are to decide
 * and have the fewest values first, as long as there are few classes. What is left has a
 * stream of its own. */
#include "trail/projection.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/dictionary.h"
#include "base/mem.h"
#include "base/mix.h"

enum {
    VERSION = 1,
    DERIVATION = 1, /* raise it when a column is derived otherwise */
    ROWS_A_CLASS = 32, /* at least, on average */
    CLASSES_MIN = 256,
    MARK_BYTES = 8,
    STREAM_HEAD = 17
};

enum way {
    WAY_FILLED, /* states alone */
    WAY_CODED,
    WAY_PLAIN,  /* numbers of many values */
    WAY_MARK
};
enum state { STATE_MISSING, STATE_EMPTY, STATE_FILLED };

static const enum column many_values[] = {
    COLUMN_TIME, COLUMN_RECEIVED, COLUMN_SOURCE_SEQ, COLUMN_INGEST_POSITION,
    COLUMN_HTTP_BYTES, COLUMN_HTTP_DURATION_MS, COLUMN_JWT_IAT, COLUMN_JWT_EXP};

/* Worked out of others. */
static bool is_made(enum column c)
{
    return c == COLUMN_SEQ || c == COLUMN_TIME_LOCAL_DATE || c == COLUMN_TIME_LOCAL_HOUR ||
           c == COLUMN_TIME_LOCAL_WEEKDAY;
}

static enum way way_of(const struct projection_want *w, enum column c)
{
    if (w->filled[c])
        return WAY_FILLED;
    for (size_t i = 0; i < sizeof many_values / sizeof many_values[0]; i++)
        if (many_values[i] == c)
            return WAY_PLAIN;
    return c == COLUMN_JWT_HASH ? WAY_MARK : WAY_CODED;
}

static uint32_t names_crc(void)
{
    uint32_t crc = 0;

    for (int i = 0; i < COLUMN_COUNT; i++)
        crc = hash_crc32c(crc, str_of(column_name((enum column)i)));
    return crc;
}

bool projection_want_holds(const struct projection_want *has,
                           const struct projection_want *want)
{
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (want->column[c] && !is_made((enum column)c) &&
            (!has->column[c] || (has->filled[c] && !want->filled[c])))
            return false;
    return true;
}

/* ---- making ---- */

struct made_column {
    enum column column;
    enum way way;
    struct dictionary values; /* encoded; code: number + 1 */
    struct renumber known;
    uint64_t *number; /* WAY_PLAIN, WAY_MARK: by row, + 1; 0: missing */
    int64_t least;    /* WAY_PLAIN */
    uint32_t *code;   /* WAY_CODED */
    bool decides;     /* classes should tell its value */
    bool narrow;      /* and do */
};

struct projector {
    struct made_column column[COLUMN_COUNT];
    size_t columns, rows, cap;
    struct dictionary states;
    uint32_t *class; /* by row; at first by states alone */
    uint32_t classes;
    struct arena arena;
    struct buf key;
};

struct projector *projector_new(const struct projection_want *want)
{
    struct projector *p = xcalloc(1, sizeof *p);

    for (int c = 0; c < COLUMN_COUNT; c++)
        if (want->column[c] && !is_made((enum column)c))
            p->column[p->columns++] = (struct made_column){
                .column = (enum column)c, .way = way_of(want, (enum column)c),
                .decides = want->decides[c]};
    return p;
}

void projector_free(struct projector *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->columns; i++) {
        dictionary_release(&p->column[i].values);
        renumber_release(&p->column[i].known);
        free(p->column[i].number);
        free(p->column[i].code);
    }
    dictionary_release(&p->states);
    free(p->class);
    arena_release(&p->arena);
    buf_release(&p->key);
    free(p);
}

static void grow(struct projector *p)
{
    if (p->rows < p->cap)
        return;
    p->cap = p->cap ? p->cap * 2 : 4096;
    p->class = xrealloc(p->class, p->cap * sizeof *p->class);
    for (size_t i = 0; i < p->columns; i++) {
        struct made_column *m = &p->column[i];

        if (m->way == WAY_CODED)
            m->code = xrealloc(m->code, p->cap * sizeof *m->code);
        else if (m->way != WAY_FILLED)
            m->number = xrealloc(m->number, p->cap * sizeof *m->number);
    }
}

static void put_value(struct buf *out, const struct value *v)
{
    uint64_t bits = (uint64_t)v->integer;

    buf_put_u8(out, (uint8_t)v->kind);
    switch (v->kind) {
    case VALUE_TEXT:
        buf_put_str(out, v->text);
        break;
    case VALUE_NUMBER:
        memcpy(&bits, &v->number, sizeof bits);
        buf_put_u64(out, bits);
        break;
    case VALUE_INTEGER:
    case VALUE_TIME:
        buf_put_u64(out, bits);
        break;
    case VALUE_LIST:
        buf_put_varint(out, v->list.count);
        for (size_t i = 0; i < v->list.count; i++) {
            buf_put_varint(out, v->list.at[i].len);
            buf_put_str(out, v->list.at[i]);
        }
        break;
    case VALUE_TRUTH:
    case VALUE_MISSING:
        break;
    }
}

static uint32_t code_of(struct projector *p, struct made_column *m, const struct value *v)
{
    uint32_t *known;

    if (v->kind == VALUE_MISSING)
        return 0;
    known = renumber_place(&m->known, v->same);
    if (known && *known)
        return *known;
    buf_clear(&p->key);
    put_value(&p->key, v);
    if (!known)
        return dictionary_put(&m->values, buf_str(&p->key), &p->arena) + 1;
    *known = dictionary_put(&m->values, buf_str(&p->key), &p->arena) + 1;
    return *known;
}

/* The first eight bytes of a hash in hex. */
static uint64_t mark_of(struct str hex)
{
    uint64_t mark = 0;

    for (size_t i = 0; i < 2 * MARK_BYTES && i < hex.len; i++) {
        char c = hex.at[i];

        mark = mark << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return mark | 1ULL << 63; /* so that all have one width */
}

static uint64_t bits_of(const struct value *v)
{
    uint64_t bits = (uint64_t)v->integer;

    if (v->kind == VALUE_NUMBER)
        memcpy(&bits, &v->number, sizeof bits);
    return bits;
}

void projector_row(struct projector *p, const struct record *r)
{
    char state[COLUMN_COUNT + 1];
    size_t row = p->rows;

    grow(p);
    for (size_t i = 0; i < p->columns; i++) {
        struct made_column *m = &p->column[i];
        const struct value *v = &r->column[m->column];
        bool empty = v->kind == VALUE_TEXT && v->text.len == 0;

        state[i] = v->kind == VALUE_MISSING ? STATE_MISSING
                   : empty                  ? STATE_EMPTY : STATE_FILLED;
        if (m->way == WAY_CODED) {
            m->code[row] = code_of(p, m, v);
        } else if (m->way == WAY_MARK) {
            m->number[row] = v->kind == VALUE_TEXT ? mark_of(v->text) : 0;
        } else if (m->way == WAY_PLAIN) {
            m->number[row] = bits_of(v);
        }
    }
    state[p->columns] = (char)r->reject;
    p->class[row] = dictionary_put(&p->states, (struct str){state, p->columns + 1}, &p->arena);
    p->rows++;
}

/* Classes that tell the column apart too; false: there would be too many. */
static bool join(struct projector *p, const struct made_column *m, uint32_t most,
                 uint32_t *joined)
{
    size_t slots = 1;
    uint64_t *key;
    uint32_t *number, n = 0;

    while (slots < 2U * most + 2)
        slots *= 2;
    key = xcalloc(slots, sizeof *key);
    number = xcalloc(slots, sizeof *number); /* + 1 */
    for (size_t i = 0; i < p->rows && n <= most; i++) {
        uint64_t k = (uint64_t)p->class[i] << 32 | m->code[i];
        size_t at = mix_fold(k ^ 0x9e3779b97f4a7c15ULL, 0xd6e8feb86659fd93ULL) & (slots - 1);

        while (number[at] && key[at] != k)
            at = (at + 1) & (slots - 1);
        if (!number[at]) {
            key[at] = k;
            number[at] = ++n;
        }
        joined[i] = number[at] - 1;
    }
    free(key);
    free(number);
    if (n <= most)
        p->classes = n;
    return n <= most;
}

static int by_use(const void *a, const void *b)
{
    const struct made_column *x = *(struct made_column *const *)a;
    const struct made_column *y = *(struct made_column *const *)b;

    if (x->decides != y->decides)
        return x->decides ? -1 : 1;
    if (x->values.count != y->values.count)
        return x->values.count < y->values.count ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

static void make_classes(struct projector *p)
{
    struct made_column *order[COLUMN_COUNT];
    uint32_t most = (uint32_t)(p->rows / ROWS_A_CLASS) + CLASSES_MIN;
    uint32_t *joined = xmalloc((p->rows + 1) * sizeof *joined);
    size_t n = 0;

    p->classes = p->states.count;
    for (size_t i = 0; i < p->columns; i++)
        if (p->column[i].way == WAY_CODED)
            order[n++] = &p->column[i];
    if (n > 0)
        qsort(order, n, sizeof order[0], by_use);
    for (size_t i = 0; i < n; i++) {
        uint32_t *old = p->class;

        order[i]->narrow = join(p, order[i], most > p->classes ? most : p->classes, joined);
        if (order[i]->narrow) {
            p->class = joined;
            joined = old;
        }
    }
    free(joined);
}

/* A stream of rows; number[i] - 1 is the value above base in units, 0 is missing. */
static void put_stream(struct buf *out, size_t rows, int64_t base, uint64_t unit,
                       const uint64_t *number, const uint32_t *code)
{
    uint64_t most = 0;
    unsigned width = 1;
    uint8_t *to;

    for (size_t i = 0; i < rows; i++)
        most |= number ? number[i] : code[i];
    while (width < 8 && most >> (8 * width))
        width *= 2;
    buf_put_u8(out, (uint8_t)width);
    buf_put_u64(out, (uint64_t)base);
    buf_put_u64(out, unit);
    to = (uint8_t *)buf_reserve(out, rows * width + 8);
    out->len += rows * width;
    for (size_t i = 0; i < rows; i++, to += width) {
        uint64_t v = number ? number[i] : code[i];

        for (unsigned k = 0; k < width; k++)
            to[k] = (uint8_t)(v >> (8 * k));
    }
}

/* Numbers of a column above their least, in the largest unit that they all have. */
static void put_plain(struct buf *out, struct projector *p, const struct made_column *m)
{
    uint64_t *number = xmalloc((p->rows + 1) * sizeof *number);
    int64_t least = INT64_MAX;
    uint64_t unit = 0;

    for (size_t i = 0; i < p->rows; i++) {
        bool there = p->states.entry[p->class[i]].at[m - p->column] != STATE_MISSING;

        if (there && (int64_t)m->number[i] < least)
            least = (int64_t)m->number[i];
    }
    for (size_t i = 0; i < p->rows; i++) {
        bool there = p->states.entry[p->class[i]].at[m - p->column] != STATE_MISSING;
        uint64_t a = there ? m->number[i] - (uint64_t)least : 0, b = unit;

        number[i] = there ? a : UINT64_MAX;
        while (b) { /* Euclid */
            uint64_t rest = a % b;

            a = b;
            b = rest;
        }
        unit = there && a ? a : unit;
    }
    unit = unit ? unit : 1;
    for (size_t i = 0; i < p->rows; i++)
        number[i] = number[i] == UINT64_MAX ? 0 : number[i] / unit + 1;
    put_stream(out, p->rows, least, unit, number, NULL);
    free(number);
}

static void put_entries(struct buf *out, const struct made_column *m)
{
    for (uint32_t i = 0; i < m->values.count; i++) {
        buf_put_varint(out, m->values.entry[i].len);
        buf_put_str(out, m->values.entry[i]);
    }
}

/* by_states: the rows' states, before they were joined with more. */
static void put_classes(struct buf *out, const struct projector *p, const uint32_t *by_states)
{
    uint32_t *row = xmalloc((p->classes + 1U) * sizeof *row); /* one of each */

    for (size_t i = 0; i < p->rows; i++)
        row[p->class[i]] = (uint32_t)i;
    for (uint32_t c = 0; c < p->classes; c++) {
        buf_put_str(out, p->states.entry[by_states[row[c]]]);
        for (size_t i = 0; i < p->columns; i++)
            if (p->column[i].narrow)
                buf_put_u32(out, p->column[i].code[row[c]]);
    }
    free(row);
}

void projector_encode(struct projector *p, uint64_t first_seq,
                      const uint8_t binding[HASH_BYTES], struct buf *out)
{
    struct buf plain[COLUMN_COUNT] = {{0}};
    uint32_t *by_states = xmalloc((p->rows + 1) * sizeof *by_states);
    uint8_t sha[HASH_BYTES];
    struct str all;

    if (p->rows > 0)
        memcpy(by_states, p->class, p->rows * sizeof *by_states);
    for (size_t i = 0; i < p->columns; i++)
        if (p->column[i].way == WAY_PLAIN)
            put_plain(&plain[i], p, &p->column[i]); /* while class is the states' */
    make_classes(p);
    buf_put_text(out, "GPCP");
    buf_put_u16(out, VERSION);
    buf_put_u16(out, DERIVATION);
    buf_put_u64(out, first_seq);
    buf_put_u32(out, (uint32_t)p->rows);
    buf_put_u32(out, p->classes);
    buf_put(out, binding, HASH_BYTES);
    buf_put_u32(out, (uint32_t)p->columns);
    buf_put_u32(out, names_crc());
    for (size_t i = 0; i < p->columns; i++) {
        buf_put_u16(out, (uint16_t)p->column[i].column);
        buf_put_u8(out, (uint8_t)p->column[i].way);
        buf_put_u8(out, p->column[i].narrow);
        buf_put_u32(out, p->column[i].values.count);
    }
    for (size_t i = 0; i < p->columns; i++)
        put_entries(out, &p->column[i]);
    put_classes(out, p, by_states);
    put_stream(out, p->rows, 0, 1, NULL, p->class);
    for (size_t i = 0; i < p->columns; i++) {
        const struct made_column *m = &p->column[i];

        if (m->way == WAY_CODED && !m->narrow)
            put_stream(out, p->rows, 0, 1, NULL, m->code);
        else if (m->way == WAY_MARK)
            put_stream(out, p->rows, 0, 1, m->number, NULL);
        buf_put_str(out, buf_str(&plain[i]));
        buf_release(&plain[i]);
    }
    free(by_states);
    all = buf_str(out);
    hash_sha256(sha, &all, 1);
    buf_put(out, sha, HASH_BYTES);
}

/* ---- reading ---- */

struct stream {
    const uint8_t *at; /* NULL: there is none */
    unsigned width;
    int64_t base;
    uint64_t unit;
};

struct read_column {
    enum column column;
    enum way way;
    bool narrow;
    uint32_t entries;
    struct value *value; /* by code; the first is missing */
    struct stream stream;
};

struct projection {
    struct projection_head head;
    struct buf bytes;
    struct read_column *column;
    size_t columns, narrows;
    struct read_column **narrow, **other; /* to be filled from classes, from streams */
    size_t others;
    int which[COLUMN_COUNT];  /* in column, -1: it is not there */
    uint8_t *state;           /* by class and column, then reject */
    struct value *told;       /* by class and narrow column */
    struct stream class;
    uint32_t class_base, serial;
    struct arena arena;
};

static inline uint64_t stream_get(const struct stream *s, uint32_t row)
{
    const uint8_t *at = s->at + (size_t)row * s->width;

    return s->width == 1   ? at[0]
           : s->width == 2 ? get_le16(at)
           : s->width == 4 ? get_le32(at)
                           : get_le64(at);
}

bool projection_head_read(struct projection_head *out, struct str bytes)
{
    struct cursor c = {bytes, false};
    struct str binding;
    bool good = str_equal(cursor_bytes(&c, 4), STR("GPCP")) && cursor_u16(&c) == VERSION &&
                cursor_u16(&c) == DERIVATION;

    if (!good)
        return false;
    out->first_seq = cursor_u64(&c);
    out->rows = cursor_u32(&c);
    out->classes = cursor_u32(&c);
    binding = cursor_bytes(&c, HASH_BYTES);
    out->columns = cursor_u32(&c);
    if (cursor_u32(&c) != names_crc() || c.bad || out->columns > COLUMN_COUNT ||
        out->rows > PROJECTION_ROWS_MAX || out->classes > out->rows + 1)
        return false;
    memcpy(out->binding, binding.at, HASH_BYTES);
    return true;
}

bool projection_columns_read(struct projection_want *out, struct str bytes)
{
    struct cursor c = {bytes, false};

    memset(out, 0, sizeof *out);
    while (c.rest.len > 0 && !c.bad) {
        uint16_t column = cursor_u16(&c);
        uint8_t way = cursor_u8(&c);

        cursor_bytes(&c, 5);
        if (c.bad || column >= COLUMN_COUNT)
            return false;
        out->column[column] = true;
        out->filled[column] = way == WAY_FILLED;
    }
    return !c.bad;
}

static bool read_value(struct value *v, struct str entry, struct arena *arena)
{
    struct cursor c = {entry, false};
    uint64_t bits;
    struct str *list;

    v->kind = (enum value_kind)cursor_u8(&c);
    switch (v->kind) {
    case VALUE_TEXT:
        v->text = c.rest;
        return !c.bad;
    case VALUE_INTEGER:
    case VALUE_TIME:
        v->integer = (int64_t)cursor_u64(&c);
        return !c.bad;
    case VALUE_NUMBER:
        bits = cursor_u64(&c);
        memcpy(&v->number, &bits, sizeof bits);
        return !c.bad;
    case VALUE_LIST:
        v->list.count = cursor_varint(&c);
        if (v->list.count > c.rest.len)
            return false;
        v->list.at = list = arena_alloc(arena, (v->list.count + 1) * sizeof *list);
        for (size_t i = 0; i < v->list.count; i++)
            list[i] = cursor_bytes(&c, cursor_varint(&c));
        return !c.bad;
    case VALUE_TRUTH:
        return !c.bad;
    case VALUE_MISSING:
        break;
    }
    return false;
}

static bool read_entries(struct projection *p, struct cursor *c, struct read_column *k,
                         struct projection_numbers *n)
{
    if (k->entries > c->rest.len)
        return false;
    k->value = arena_alloc(&p->arena, (k->entries + 1U) * sizeof *k->value);
    k->value[0] = (struct value){.kind = VALUE_MISSING};
    for (uint32_t i = 1; i <= k->entries; i++) {
        k->value[i] = (struct value){.same = n->column[k->column] + i};
        if (!read_value(&k->value[i], cursor_bytes(c, cursor_varint(c)), &p->arena))
            return false;
    }
    n->column[k->column] += k->entries;
    return true;
}

static bool read_columns(struct projection *p, struct cursor *c)
{
    p->columns = p->head.columns;
    p->column = arena_alloc(&p->arena, (p->columns + 1) * sizeof *p->column);
    p->narrow = arena_alloc(&p->arena, (p->columns + 1) * sizeof(struct read_column *));
    p->other = arena_alloc(&p->arena, (p->columns + 1) * sizeof(struct read_column *));
    for (int i = 0; i < COLUMN_COUNT; i++)
        p->which[i] = -1;
    for (size_t i = 0; i < p->columns; i++) {
        struct read_column *k = &p->column[i];
        uint16_t column = cursor_u16(c);
        uint8_t way = cursor_u8(c);

        *k = (struct read_column){.column = (enum column)column, .way = (enum way)way,
                                  .narrow = cursor_u8(c) != 0, .entries = cursor_u32(c)};
        if (column >= COLUMN_COUNT || way > WAY_MARK || p->which[column] >= 0 ||
            (k->narrow && way != WAY_CODED))
            return false;
        p->which[column] = (int)i;
        if (k->narrow)
            p->narrow[p->narrows++] = k;
        else
            p->other[p->others++] = k;
    }
    return !c->bad;
}

static bool read_classes(struct projection *p, struct cursor *c)
{
    size_t states = p->columns + 1, each = states + p->narrows * 4;

    if (p->head.classes > c->rest.len / each)
        return false;
    p->state = arena_alloc(&p->arena, (p->head.classes + 1U) * states);
    p->told = arena_alloc(&p->arena, (p->head.classes * p->narrows + 1) * sizeof *p->told);
    for (uint32_t i = 0; i < p->head.classes; i++) {
        memcpy(p->state + i * states, cursor_bytes(c, states).at, states);
        for (size_t k = 0; k < p->narrows; k++) {
            uint32_t code = cursor_u32(c);

            if (code > p->narrow[k]->entries)
                return false;
            p->told[i * p->narrows + k] = p->narrow[k]->value[code];
        }
    }
    return true;
}

static bool read_stream(const struct projection *p, struct cursor *c, struct stream *s)
{
    s->width = cursor_u8(c);
    s->base = (int64_t)cursor_u64(c);
    s->unit = cursor_u64(c);
    if (s->width != 1 && s->width != 2 && s->width != 4 && s->width != 8)
        return false;
    s->at = (const uint8_t *)cursor_bytes(c, (uint64_t)p->head.rows * s->width).at;
    return !c->bad;
}

static bool read_all(struct projection *p, struct projection_numbers *n)
{
    struct str all = buf_str(&p->bytes);
    struct cursor c = {str_part(all, PROJECTION_HEAD, all.len - HASH_BYTES), false};

    if (!read_columns(p, &c))
        return false;
    for (size_t i = 0; i < p->columns; i++)
        if (!read_entries(p, &c, &p->column[i], n))
            return false;
    if (!read_classes(p, &c) || !read_stream(p, &c, &p->class))
        return false;
    for (size_t i = 0; i < p->columns; i++) {
        struct read_column *k = &p->column[i];

        if (k->way != WAY_FILLED && !k->narrow && !read_stream(p, &c, &k->stream))
            return false;
    }
    p->class_base = n->class;
    n->class += p->head.classes;
    p->serial = ++n->opened;
    return true;
}

int projection_open(struct projection **out, struct buf *bytes, struct projection_numbers *n,
                    struct err *err)
{
    struct projection *p = xcalloc(1, sizeof *p);
    struct str all = buf_str(bytes);
    uint8_t sha[HASH_BYTES];
    bool good = all.len >= PROJECTION_HEAD + HASH_BYTES && projection_head_read(&p->head, all);

    if (good) {
        struct str body = str_part(all, 0, all.len - HASH_BYTES);

        hash_sha256(sha, &body, 1);
        good = memcmp(sha, all.at + body.len, HASH_BYTES) == 0;
    }
    p->bytes = *bytes;
    *bytes = (struct buf){0};
    if (!good || !read_all(p, n)) {
        projection_free(p);
        return err_set(err, ERR_CORRUPT, "a projection is damaged");
    }
    *out = p;
    return 0;
}

void projection_free(struct projection *p)
{
    if (!p)
        return;
    buf_release(&p->bytes);
    arena_release(&p->arena);
    free(p);
}

const struct projection_head *projection_head(const struct projection *p)
{
    return &p->head;
}

uint32_t projection_serial(const struct projection *p)
{
    return p->serial;
}

/* The class, which is never beyond those there are. */
static inline uint32_t own_class(const struct projection *p, uint32_t row)
{
    uint64_t class = stream_get(&p->class, row);

    return class < p->head.classes ? (uint32_t)class : 0;
}

uint32_t projection_class(const struct projection *p, uint32_t row)
{
    return p->class_base + own_class(p, row);
}

static inline int64_t number_at(const struct stream *s, uint64_t number)
{
    return (int64_t)((uint64_t)s->base + (number - 1) * s->unit);
}

int64_t projection_time(const struct projection *p, uint32_t row)
{
    const struct stream *s =
        p->which[COLUMN_TIME] < 0 ? NULL : &p->column[p->which[COLUMN_TIME]].stream;
    uint64_t number = s && s->at ? stream_get(s, row) : 0;

    return number ? number_at(s, number) : INT64_MIN;
}

uint64_t projection_mark(const struct projection *p, uint32_t row)
{
    const struct read_column *k =
        p->which[COLUMN_JWT_HASH] < 0 ? NULL : &p->column[p->which[COLUMN_JWT_HASH]];

    return k && k->way == WAY_MARK ? stream_get(&k->stream, row) : 0;
}

bool projection_decides(const struct projection *p, enum column c)
{
    return p->which[c] >= 0 && p->column[p->which[c]].narrow;
}

bool projection_has(const struct projection *p, enum column c)
{
    return p->which[c] >= 0;
}

static void fill_plain(const struct read_column *k, uint64_t number, struct record *out,
                       struct timestamp_hour *hour, const struct zone *zone)
{
    struct value *v = &out->column[k->column];

    v->kind = VALUE_MISSING;
    if (number == 0) {
        for (int i = 0; k->column == COLUMN_TIME && i < 3; i++)
            out->column[COLUMN_TIME_LOCAL_DATE + i].kind = VALUE_MISSING;
        return;
    }
    v->kind = column_kind(k->column);
    v->integer = number_at(&k->stream, number);
    if (v->kind == VALUE_NUMBER) {
        int64_t bits = v->integer;

        memcpy(&v->number, &bits, sizeof bits);
    } else if (k->column == COLUMN_TIME) {
        timestamp_near(hour, out, v->integer, zone);
    }
}

static struct str mark_at(const struct read_column *k, uint32_t row)
{
    return (struct str){(const char *)k->stream.at + (size_t)row * k->stream.width,
                        k->stream.width};
}

void projection_fill(const struct projection *p, uint32_t row, bool again, struct record *out,
                     struct timestamp_hour *hour, const struct zone *zone)
{
    uint32_t class = own_class(p, row);
    const uint8_t *state = p->state + (size_t)class * (p->columns + 1);
    const struct value *told = p->told + (size_t)class * p->narrows;

    if (!again)
        memset(out, 0, sizeof *out);
    out->reject = state[p->columns] < REJECT_COUNT ? (enum reject)state[p->columns] : 0;
    out->column[COLUMN_SEQ] = (struct value){
        .kind = VALUE_INTEGER, .integer = (int64_t)(p->head.first_seq + row)};
    for (size_t i = 0; i < p->narrows; i++)
        out->column[p->narrow[i]->column] = told[i];
    for (size_t i = 0; i < p->others; i++) {
        const struct read_column *k = p->other[i];
        uint64_t number = k->stream.at ? stream_get(&k->stream, row) : 0;

        if (k->way == WAY_CODED)
            out->column[k->column] = k->value[number <= k->entries ? number : 0];
        else if (k->way == WAY_PLAIN)
            fill_plain(k, number, out, hour, zone);
        else if (state[k - p->column] == STATE_MISSING)
            out->column[k->column].kind = VALUE_MISSING;
        else
            out->column[k->column] = (struct value){
                .kind = VALUE_TEXT, .text = k->way == WAY_MARK ? mark_at(k, row)
                                            : state[k - p->column] == STATE_EMPTY
                                                ? STR("") : STR("?")};
    }
}
