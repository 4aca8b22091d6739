/* projection.c - see projection.h. */
#include "trail/projection.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/mem.h"

static const enum column many_values[] = {
    COLUMN_TIME, COLUMN_RECEIVED, COLUMN_SOURCE_SEQ, COLUMN_INGEST_POSITION,
    COLUMN_HTTP_BYTES, COLUMN_HTTP_DURATION_MS, COLUMN_JWT_IAT, COLUMN_JWT_EXP};

bool projection_made(enum column c)
{
    return c == COLUMN_SEQ || c == COLUMN_TIME_LOCAL_DATE || c == COLUMN_TIME_LOCAL_HOUR ||
           c == COLUMN_TIME_LOCAL_WEEKDAY;
}

enum projection_way projection_way_of(const struct projection_want *w, enum column c)
{
    if (w->filled[c])
        return PROJECTION_FILLED;
    for (size_t i = 0; i < sizeof many_values / sizeof many_values[0]; i++)
        if (many_values[i] == c)
            return PROJECTION_PLAIN;
    return c == COLUMN_JWT_HASH ? PROJECTION_MARK : PROJECTION_CODED;
}

uint32_t projection_names(void)
{
    uint32_t crc = 0;

    for (int i = 0; i < COLUMN_COUNT; i++)
        crc = hash_crc32c(crc, str_of(column_name((enum column)i)));
    return crc;
}

bool projection_stores(const struct projection_want *want, enum column c)
{
    return want->column[c] && !projection_made(c);
}

bool projection_want_holds(const struct projection_want *has,
                           const struct projection_want *want)
{
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (want->column[c] && !projection_made((enum column)c) &&
            (!has->column[c] || (has->filled[c] && !want->filled[c])))
            return false;
    return true;
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
    enum projection_way way;
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
    uint32_t *few_narrow; /* places in narrow */
    struct read_column **few_other;
    size_t few_narrows, few_others;
    bool local_times;     /* are among the few */
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
    bool good = str_equal(cursor_bytes(&c, 4), STR("GPCP")) &&
                cursor_u16(&c) == PROJECTION_VERSION &&
                cursor_u16(&c) == PROJECTION_DERIVATION;

    if (!good)
        return false;
    out->first_seq = cursor_u64(&c);
    out->rows = cursor_u32(&c);
    out->classes = cursor_u32(&c);
    binding = cursor_bytes(&c, HASH_BYTES);
    out->columns = cursor_u32(&c);
    if (cursor_u32(&c) != projection_names() || c.bad || out->columns > COLUMN_COUNT ||
        out->rows == 0 || out->rows > PROJECTION_ROWS_MAX || out->classes == 0 ||
        out->classes > out->rows)
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
        out->filled[column] = way == PROJECTION_FILLED;
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
        if (!read_value(&k->value[i], cursor_bytes(c, cursor_varint(c)), &p->arena) ||
            k->value[i].kind != column_kind(k->column))
            return false;
    }
    n->column[k->column] += k->entries;
    return true;
}

/* Only what is made so: another way is none that the column can be read in. */
static bool good_way(const struct read_column *k)
{
    const struct projection_want value = {.column = {false}};

    return !projection_made(k->column) &&
           (k->way == PROJECTION_FILLED || k->way == projection_way_of(&value, k->column)) &&
           (k->way == PROJECTION_CODED || (!k->narrow && k->entries == 0));
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

        *k = (struct read_column){.column = (enum column)column,
                                  .way = (enum projection_way)way};
        k->narrow = cursor_u8(c) != 0;
        k->entries = cursor_u32(c);
        if (column >= COLUMN_COUNT || p->which[column] >= 0 || !good_way(k))
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

        if (k->way == PROJECTION_FILLED || k->narrow)
            continue;
        if (!read_stream(p, &c, &k->stream) ||
            (k->way == PROJECTION_MARK && k->stream.width != PROJECTION_MARK_BYTES))
            return false;
    }
    p->class_base = n->class;
    n->class += p->head.classes;
    p->serial = ++n->opened;
    return true;
}

static void choose_few(struct projection *p, const bool few[COLUMN_COUNT])
{
    p->few_narrow = arena_alloc(&p->arena, (p->narrows + 1) * sizeof *p->few_narrow);
    p->few_other = arena_alloc(&p->arena, (p->others + 1) * sizeof(struct read_column *));
    for (size_t i = 0; i < p->narrows; i++)
        if (few[p->narrow[i]->column])
            p->few_narrow[p->few_narrows++] = (uint32_t)i;
    for (size_t i = 0; i < p->others; i++)
        if (few[p->other[i]->column])
            p->few_other[p->few_others++] = p->other[i];
    for (int i = 0; i < 3; i++)
        p->local_times |= few[COLUMN_TIME_LOCAL_DATE + i];
}

int projection_open(struct projection **out, struct buf *bytes, struct projection_numbers *n,
                    const bool few[COLUMN_COUNT], struct err *err)
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
    choose_few(p, few);
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
    return (int64_t)((uint64_t)s->base + number * s->unit);
}

/* Of a row of that class. */
static inline enum projection_state state_of(const struct projection *p, uint32_t class,
                                             int column)
{
    return (enum projection_state)p->state[(size_t)class * (p->columns + 1) + (size_t)column];
}

int64_t projection_time(const struct projection *p, uint32_t row)
{
    int i = p->which[COLUMN_TIME];

    return i >= 0 && p->column[i].stream.at &&
                   state_of(p, own_class(p, row), i) != PROJECTION_MISSING
               ? number_at(&p->column[i].stream, stream_get(&p->column[i].stream, row))
               : INT64_MIN;
}

uint64_t projection_mark(const struct projection *p, uint32_t row)
{
    const struct read_column *k =
        p->which[COLUMN_JWT_HASH] < 0 ? NULL : &p->column[p->which[COLUMN_JWT_HASH]];

    return k && k->way == PROJECTION_MARK ? stream_get(&k->stream, row) : 0;
}

bool projection_decides(const struct projection *p, enum column c)
{
    return p->which[c] >= 0 && p->column[p->which[c]].narrow;
}

bool projection_has(const struct projection *p, enum column c)
{
    return p->which[c] >= 0;
}

uint32_t projection_entries(const struct projection *p, enum column c)
{
    return p->which[c] < 0 ? 0 : p->column[p->which[c]].entries;
}

static void fill_plain(const struct read_column *k, bool there, uint64_t number,
                       struct record *out)
{
    struct value *v = &out->column[k->column];

    v->kind = there ? column_kind(k->column) : VALUE_MISSING;
    v->integer = number_at(&k->stream, number);
    if (there && v->kind == VALUE_NUMBER) {
        int64_t bits = v->integer;

        memcpy(&v->number, &bits, sizeof bits);
    }
}

static struct str mark_at(const struct read_column *k, uint32_t row)
{
    return (struct str){(const char *)k->stream.at + (size_t)row * k->stream.width,
                        k->stream.width};
}

/* A column that classes do not tell. */
static inline void fill_other(const struct read_column *k, enum projection_state state,
                              uint32_t row, struct record *out)
{
    uint64_t number = k->stream.at ? stream_get(&k->stream, row) : 0;

    if (k->way == PROJECTION_CODED)
        out->column[k->column] = k->value[number <= k->entries ? number : 0];
    else if (k->way == PROJECTION_PLAIN)
        fill_plain(k, state != PROJECTION_MISSING, number, out);
    else if (state == PROJECTION_MISSING)
        out->column[k->column].kind = VALUE_MISSING;
    else
        out->column[k->column] = (struct value){
            .kind = VALUE_TEXT, .text = k->way == PROJECTION_MARK   ? mark_at(k, row)
                                        : state == PROJECTION_EMPTY ? STR("")
                                                                    : STR("?")};
}

static void fill_local(struct record *out, struct timestamp_hour *hour,
                       const struct zone *zone)
{
    const struct value *time = &out->column[COLUMN_TIME];

    if (time->kind == VALUE_TIME)
        timestamp_near(hour, out, time->integer, zone);
    for (int i = 0; time->kind != VALUE_TIME && i < 3; i++)
        out->column[COLUMN_TIME_LOCAL_DATE + i].kind = VALUE_MISSING;
}

void projection_fill(const struct projection *p, uint32_t row, enum projection_fill how,
                     struct record *out, struct timestamp_hour *hour, const struct zone *zone)
{
    uint32_t class = own_class(p, row);
    const uint8_t *state = p->state + (size_t)class * (p->columns + 1);
    const struct value *told = p->told + (size_t)class * p->narrows;
    bool few = how == PROJECTION_FEW;
    struct read_column *const *other = few ? p->few_other : p->other;

    if (how == PROJECTION_ANEW)
        memset(out, 0, sizeof *out);
    out->reject = state[p->columns] < REJECT_COUNT ? (enum reject)state[p->columns] : 0;
    out->column[COLUMN_SEQ] = (struct value){
        .kind = VALUE_INTEGER, .integer = (int64_t)(p->head.first_seq + row)};
    for (size_t i = 0; few && i < p->few_narrows; i++)
        out->column[p->narrow[p->few_narrow[i]]->column] = told[p->few_narrow[i]];
    for (size_t i = 0; !few && i < p->narrows; i++)
        out->column[p->narrow[i]->column] = told[i];
    for (size_t i = few ? p->few_others : p->others; i-- > 0;)
        fill_other(other[i], (enum projection_state)state[other[i] - p->column], row, out);
    if (p->which[COLUMN_TIME] >= 0 && (!few || p->local_times))
        fill_local(out, hour, zone);
}

void projection_expect(const struct projection *p, uint32_t row)
{
    if (row >= p->head.rows)
        return;
    for (size_t i = 0; i < p->few_others; i++) {
        const struct read_column *k = p->few_other[i];
        uint64_t number = k->stream.at && k->way == PROJECTION_CODED
                              ? stream_get(&k->stream, row) : 0;

        __builtin_prefetch(&k->value[number <= k->entries ? number : 0]);
    }
}
