/* projector.c - see projector.h. A code is kept for each value of each column; at the end the
 * columns are joined to classes one after the other, those that are to decide and have the
 * fewest values first, as long as there are few classes. What is left has a stream of its
 * own. */
#include "trail/projector.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/dictionary.h"
#include "base/mem.h"
#include "base/pairs.h"

enum { ROWS_A_CLASS = 32 /* at least, on average */, CLASSES_MIN = 256 };

struct made_column {
    enum column column;
    enum projection_way way;
    struct numbering values; /* encoded; code: number + 1 */
    uint64_t *number; /* PROJECTION_PLAIN, PROJECTION_MARK: by row */
    uint32_t *code;   /* PROJECTION_CODED */
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
        if (want->column[c] && !projection_made((enum column)c))
            p->column[p->columns++] = (struct made_column){
                .column = (enum column)c, .way = projection_way_of(want, (enum column)c),
                .decides = want->decides[c]};
    return p;
}

void projector_free(struct projector *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->columns; i++) {
        numbering_release(&p->column[i].values);
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

        if (m->way == PROJECTION_CODED)
            m->code = xrealloc(m->code, p->cap * sizeof *m->code);
        else if (m->way != PROJECTION_FILLED)
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
    uint32_t known = numbering_known(&m->values, v->same);

    if (v->kind == VALUE_MISSING)
        return 0;
    if (known != DICTIONARY_NONE)
        return known + 1;
    buf_clear(&p->key);
    put_value(&p->key, v);
    return numbering_put(&m->values, v->same, buf_str(&p->key)) + 1;
}

/* The first eight bytes of a hash in hex. */
static uint64_t mark_of(struct str hex)
{
    uint64_t mark = 0;

    for (size_t i = 0; i < 2 * PROJECTION_MARK_BYTES && i < hex.len; i++) {
        char c = hex.at[i];

        mark = mark << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return mark | 1; /* 0 is none */
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

        state[i] = v->kind == VALUE_MISSING ? PROJECTION_MISSING
                   : empty                  ? PROJECTION_EMPTY : PROJECTION_THERE;
        if (m->way == PROJECTION_CODED) {
            m->code[row] = code_of(p, m, v);
        } else if (m->way == PROJECTION_MARK) {
            m->number[row] = v->kind == VALUE_TEXT ? mark_of(v->text) : 0;
        } else if (m->way == PROJECTION_PLAIN) {
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
    struct pairs numbers = {NULL, 0, 0, NULL, 0};
    uint32_t n;

    for (size_t i = 0; i < p->rows && numbers.count <= most; i++)
        joined[i] = pairs_put(&numbers, (uint64_t)p->class[i] << 32 | m->code[i]);
    n = numbers.count;
    pairs_release(&numbers);
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
    if (x->values.texts.count != y->values.texts.count)
        return x->values.texts.count < y->values.texts.count ? -1 : 1;
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
        if (p->column[i].way == PROJECTION_CODED)
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

/* A stream of rows, of at least that width, as what k says of it from now on. */
static void put_stream(struct buf *out, struct projection_column *k, size_t rows,
                       const uint64_t *number, const uint32_t *code)
{
    uint64_t most = 0;
    uint8_t *to;

    for (size_t i = 0; i < rows; i++)
        most |= number ? number[i] : code[i];
    while (k->width < 8 && most >> (8 * k->width))
        k->width *= 2;
    to = (uint8_t *)buf_reserve(out, rows * k->width + 8);
    for (size_t i = 0; i < rows; i++, to += k->width) {
        uint64_t v = number ? number[i] : code[i];

        for (unsigned n = 0; n < k->width; n++)
            to[n] = (uint8_t)(v >> (8 * n));
    }
    k->stream_crc = hash_crc32c(0, (struct str){out->at + out->len, rows * k->width});
    out->len += rows * k->width;
}

/* Numbers of a column above their least, in the largest unit that they all have. */
static void put_plain(struct buf *out, struct projection_column *k, struct projector *p,
                      const struct made_column *m)
{
    uint64_t *number = xmalloc((p->rows + 1) * sizeof *number);
    int64_t least = INT64_MAX;
    uint64_t unit = 0;

    for (size_t i = 0; i < p->rows; i++) {
        bool there = p->states.entry[p->class[i]].at[m - p->column] != PROJECTION_MISSING;

        if (there && (int64_t)m->number[i] < least)
            least = (int64_t)m->number[i];
    }
    for (size_t i = 0; i < p->rows; i++) {
        bool there = p->states.entry[p->class[i]].at[m - p->column] != PROJECTION_MISSING;
        uint64_t a = there ? m->number[i] - (uint64_t)least : 0, b = unit;

        number[i] = a;
        while (b) { /* Euclid */
            uint64_t rest = a % b;

            a = b;
            b = rest;
        }
        unit = there && a ? a : unit;
    }
    k->base = least;
    k->unit = unit ? unit : 1;
    k->width = 1;
    for (size_t i = 0; i < p->rows; i++)
        number[i] /= k->unit;
    put_stream(out, k, p->rows, number, NULL);
    free(number);
}

/* What was put since `from` are the entries. */
static void end_entries(const struct buf *out, size_t from, struct projection_column *k)
{
    k->entry_bytes = out->len - from;
    k->entry_crc = hash_crc32c(0, str_part(buf_str(out), from, out->len));
}

static void put_entries(struct buf *out, struct projection_column *k,
                        const struct made_column *m)
{
    size_t from = out->len;

    k->entries = m->values.texts.count;
    for (uint32_t i = 0; i < m->values.texts.count; i++) {
        buf_put_varint(out, m->values.texts.entry[i].len);
        buf_put_str(out, m->values.texts.entry[i]);
    }
    end_entries(out, from, k);
}

/* by_states: the rows' states, before they were joined with more. */
static void put_classes(struct buf *out, struct projection_column *k, const struct projector *p,
                        const uint32_t *by_states)
{
    size_t from = out->len;
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
    end_entries(out, from, k);
    k->width = 1;
    put_stream(out, k, p->rows, NULL, p->class);
}

/* The entries and the stream of a column; plain: the stream of numbers, if it is one. */
static void put_column(struct buf *out, struct projection_column *k, const struct projector *p,
                       const struct made_column *m, const struct buf *plain)
{
    k->column = (uint16_t)m->column;
    k->way = (uint8_t)m->way;
    k->narrow = m->narrow;
    put_entries(out, k, m);
    buf_put_str(out, buf_str(plain));
    if (m->way == PROJECTION_CODED && !m->narrow) {
        k->width = 1;
        put_stream(out, k, p->rows, NULL, m->code);
    } else if (m->way == PROJECTION_MARK) {
        k->width = PROJECTION_MARK_BYTES;
        put_stream(out, k, p->rows, m->number, NULL);
    }
}

void projector_encode(struct projector *p, uint64_t first_seq,
                      const uint8_t binding[HASH_BYTES], struct buf *out)
{
    struct projection_layout *l = xcalloc(1, sizeof *l);
    struct buf plain[COLUMN_COUNT] = {{0}}, body = {0};
    uint32_t *by_states = xmalloc((p->rows + 1) * sizeof *by_states);

    if (p->rows > 0)
        memcpy(by_states, p->class, p->rows * sizeof *by_states);
    for (size_t i = 0; i <= p->columns; i++)
        l->column[i].unit = 1;
    for (size_t i = 0; i < p->columns; i++)
        if (p->column[i].way == PROJECTION_PLAIN) /* while class is the states' */
            put_plain(&plain[i], &l->column[i], p, &p->column[i]);
    make_classes(p);
    l->first_seq = first_seq;
    l->rows = (uint32_t)p->rows;
    l->classes = p->classes;
    l->columns = (uint32_t)p->columns;
    memcpy(l->binding, binding, HASH_BYTES);
    for (size_t i = 0; i < p->columns; i++) {
        put_column(&body, &l->column[i], p, &p->column[i], &plain[i]);
        buf_release(&plain[i]);
    }
    l->column[p->columns].column = PROJECTION_CLASSES;
    put_classes(&body, &l->column[p->columns], p, by_states);
    projection_layout_put(out, l);
    buf_put_str(out, buf_str(&body));
    buf_release(&body);
    free(by_states);
    free(l);
}
