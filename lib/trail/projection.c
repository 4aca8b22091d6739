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

/* ---- the layout ---- */

static uint32_t names_crc(void)
{
    uint32_t crc = 0;

    for (int i = 0; i < COLUMN_COUNT; i++)
        crc = hash_crc32c(crc, str_of(column_name((enum column)i)));
    return crc;
}

void projection_layout_put(struct buf *out, const struct projection_layout *l)
{
    size_t from = out->len;

    buf_put_text(out, "GPCP");
    buf_put_u16(out, PROJECTION_VERSION);
    buf_put_u16(out, PROJECTION_DERIVATION);
    buf_put_u64(out, l->first_seq);
    buf_put_u32(out, l->rows);
    buf_put_u32(out, l->classes);
    buf_put(out, l->binding, HASH_BYTES);
    buf_put_u32(out, l->columns);
    buf_put_u32(out, names_crc());
    for (uint32_t i = 0; i <= l->columns; i++) {
        const struct projection_column *k = &l->column[i];

        buf_put_u16(out, k->column);
        buf_put_u8(out, k->way);
        buf_put_u8(out, k->narrow);
        buf_put_u32(out, k->entries);
        buf_put_u32(out, k->width);
        buf_put_u64(out, (uint64_t)k->base);
        buf_put_u64(out, k->unit);
        buf_put_u64(out, k->entry_bytes);
        buf_put_u32(out, k->entry_crc);
        buf_put_u32(out, k->stream_crc);
    }
    buf_put_u32(out, hash_crc32c(0, (struct str){out->at + from, out->len - from}));
}

/* Only what is made so: another way is none that the column can be read in. */
static bool good_way(const struct projection_column *k)
{
    const struct projection_want value = {.column = {false}};
    bool streams = k->way != PROJECTION_FILLED && !k->narrow;

    if (k->column >= COLUMN_COUNT || projection_made((enum column)k->column))
        return false;
    return (k->way == PROJECTION_FILLED ||
            k->way == projection_way_of(&value, (enum column)k->column)) &&
           (k->way == PROJECTION_CODED || (!k->narrow && k->entry_bytes == 0)) &&
           k->entries <= k->entry_bytes && streams == (k->width > 0) &&
           (k->way != PROJECTION_MARK || k->width == PROJECTION_MARK_BYTES);
}

static bool read_column(struct projection_column *k, struct cursor *c, uint32_t rows,
                        uint64_t *at)
{
    enum { BYTES_MAX = 1 << 30 };

    k->column = cursor_u16(c);
    k->way = cursor_u8(c);
    k->narrow = cursor_u8(c) != 0;
    k->entries = cursor_u32(c);
    k->width = cursor_u32(c);
    k->base = (int64_t)cursor_u64(c);
    k->unit = cursor_u64(c);
    k->entry_bytes = cursor_u64(c);
    k->entry_crc = cursor_u32(c);
    k->stream_crc = cursor_u32(c);
    k->at = *at;
    if (k->entry_bytes > BYTES_MAX || (k->width != 0 && k->width != 1 && k->width != 2 &&
                                       k->width != 4 && k->width != 8))
        return false;
    *at += k->entry_bytes + (uint64_t)rows * k->width;
    return true;
}

bool projection_layout_read(struct projection_layout *out, struct str bytes)
{
    struct cursor c = {bytes, false};
    bool good = str_equal(cursor_bytes(&c, 4), STR("GPCP")) &&
                cursor_u16(&c) == PROJECTION_VERSION &&
                cursor_u16(&c) == PROJECTION_DERIVATION;
    struct projection_column *last;
    struct str binding;
    size_t narrows = 0;

    if (!good)
        return false;
    out->first_seq = cursor_u64(&c);
    out->rows = cursor_u32(&c);
    out->classes = cursor_u32(&c);
    binding = cursor_bytes(&c, HASH_BYTES);
    out->columns = cursor_u32(&c);
    if (cursor_u32(&c) != names_crc() || c.bad || out->columns > COLUMN_COUNT ||
        out->rows == 0 || out->rows > PROJECTION_ROWS_MAX || out->classes == 0 ||
        out->classes > out->rows)
        return false;
    memcpy(out->binding, binding.at, HASH_BYTES);
    out->bytes = PROJECTION_HEAD + PROJECTION_EACH * (out->columns + 1) + 4;
    for (uint32_t i = 0; i <= out->columns; i++) {
        struct projection_column *k = &out->column[i];

        if (!read_column(k, &c, out->rows, &out->bytes) ||
            (i < out->columns && !good_way(k)))
            return false;
        for (uint32_t other = 0; other < i; other++)
            if (out->column[other].column == k->column)
                return false;
        narrows += i < out->columns && k->narrow;
    }
    last = &out->column[out->columns];
    return last->column == PROJECTION_CLASSES && last->width > 0 &&
           last->entry_bytes == (uint64_t)out->classes * (out->columns + 1 + 4 * narrows) &&
           cursor_u32(&c) ==
               hash_crc32c(0, str_part(bytes, 0, bytes.len - c.rest.len - 4)) && !c.bad;
}

void projection_layout_want(struct projection_want *out, const struct projection_layout *l)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < l->columns; i++) {
        out->column[l->column[i].column] = true;
        out->filled[l->column[i].column] = l->column[i].way == PROJECTION_FILLED;
    }
}

/* ---- reading ---- */

struct read_column {
    const struct projection_column *is;
    struct value *value;    /* by code; the first is missing */
    const uint8_t *stream;  /* NULL: there is none, or it was not loaded */
    uint32_t same;          /* numbers of its values are above it */
    uint32_t place;         /* among the narrow ones */
    bool loaded;
};

struct projection {
    struct projection_layout layout;
    struct projection_source from;
    struct read_column column[COLUMN_COUNT + 1];
    struct read_column *narrow[COLUMN_COUNT], *other[COLUMN_COUNT]; /* from classes, streams */
    size_t narrows, others;
    uint32_t few_narrow[COLUMN_COUNT]; /* places in narrow */
    struct read_column *few_other[COLUMN_COUNT];
    size_t few_narrows, few_others;
    bool local_times;         /* are among the few */
    int which[COLUMN_COUNT];  /* in column, -1: it is not there */
    uint8_t *state;           /* by class and column, then reject */
    uint32_t *told;           /* codes, by class and narrow column */
    uint32_t class_base, serial;
    struct arena arena;
};

static inline uint64_t stream_get(const struct read_column *k, uint32_t row)
{
    const uint8_t *at;

    if (!k->stream)
        return 0;
    at = k->stream + (size_t)row * k->is->width;
    return k->is->width == 1   ? at[0]
           : k->is->width == 2 ? get_le16(at)
           : k->is->width == 4 ? get_le32(at)
                               : get_le64(at);
}

static int damaged(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "a projection is damaged");
}

/* So many bytes of it, which live as long as p. */
static int read_bytes(struct projection *p, uint64_t at, uint64_t len, uint32_t crc,
                      struct str *out, struct err *err)
{
    char *to = arena_alloc(&p->arena, (size_t)len + 1);
    int rc = p->from.read(p->from.ctx, to, (size_t)len, at, err);

    *out = (struct str){to, (size_t)len};
    if (rc < 0)
        return rc;
    return hash_crc32c(0, *out) == crc ? 0 : damaged(err);
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

static int read_entries(struct projection *p, struct read_column *k, struct err *err)
{
    const struct projection_column *is = k->is;
    struct cursor c = {{NULL, 0}, false};
    int rc = read_bytes(p, is->at, is->entry_bytes, is->entry_crc, &c.rest, err);

    if (rc < 0)
        return rc;
    k->value = arena_alloc(&p->arena, (is->entries + 1U) * sizeof *k->value);
    k->value[0] = (struct value){.kind = VALUE_MISSING};
    for (uint32_t i = 1; i <= is->entries; i++) {
        k->value[i] = (struct value){.same = k->same + i};
        if (!read_value(&k->value[i], cursor_bytes(&c, cursor_varint(&c)), &p->arena) ||
            k->value[i].kind != column_kind((enum column)is->column))
            return damaged(err);
    }
    return 0;
}

static int read_stream(struct projection *p, struct read_column *k, struct err *err)
{
    struct str bytes;
    int rc = read_bytes(p, k->is->at + k->is->entry_bytes,
                        (uint64_t)p->layout.rows * k->is->width, k->is->stream_crc, &bytes,
                        err);

    k->stream = rc < 0 ? NULL : (const uint8_t *)bytes.at;
    return rc;
}

static int load_column(struct projection *p, struct read_column *k, struct err *err)
{
    int rc = 0;

    if (k->loaded)
        return 0;
    if (k->is->way == PROJECTION_CODED)
        rc = read_entries(p, k, err);
    if (rc == 0 && k->is->width > 0)
        rc = read_stream(p, k, err);
    k->loaded = rc == 0;
    return rc;
}

int projection_load(struct projection *p, const bool column[COLUMN_COUNT], struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < p->others && rc == 0; i++)
        if (column[p->other[i]->is->column])
            rc = load_column(p, p->other[i], err);
    return rc;
}

/* The states and values of classes, and the class of each row. */
static int read_classes(struct projection *p, struct err *err)
{
    struct read_column *k = &p->column[p->layout.columns];
    struct cursor c = {{NULL, 0}, false};
    size_t states = p->layout.columns + 1;
    int rc = read_bytes(p, k->is->at, k->is->entry_bytes, k->is->entry_crc, &c.rest, err);

    if (rc < 0 || (rc = read_stream(p, k, err)) < 0)
        return rc;
    p->state = arena_alloc(&p->arena, (p->layout.classes + 1U) * states);
    p->told = arena_alloc(&p->arena, (p->layout.classes * p->narrows + 1) * sizeof *p->told);
    for (uint32_t i = 0; i < p->layout.classes; i++) {
        memcpy(p->state + i * states, cursor_bytes(&c, states).at, states);
        for (size_t n = 0; n < p->narrows; n++) {
            uint32_t code = cursor_u32(&c);

            if (code > p->narrow[n]->is->entries)
                return damaged(err);
            p->told[i * p->narrows + n] = code;
        }
    }
    return 0;
}

static int read_layout(struct projection *p, struct err *err)
{
    char bytes[PROJECTION_LAYOUT_MAX];
    size_t len = p->from.size < sizeof bytes ? (size_t)p->from.size : sizeof bytes;
    int rc = p->from.read(p->from.ctx, bytes, len, 0, err);

    if (rc < 0)
        return rc;
    return projection_layout_read(&p->layout, (struct str){bytes, len}) &&
                   p->layout.bytes == p->from.size ? 0 : damaged(err);
}

static int read_all(struct projection *p, struct projection_numbers *n, struct err *err)
{
    int rc = read_layout(p, err);

    for (int i = 0; i < COLUMN_COUNT; i++)
        p->which[i] = -1;
    for (uint32_t i = 0; rc == 0 && i <= p->layout.columns; i++) {
        struct read_column *k = &p->column[i];

        k->is = &p->layout.column[i];
        if (i == p->layout.columns)
            break;
        p->which[k->is->column] = (int)i;
        k->same = n->column[k->is->column];
        n->column[k->is->column] += k->is->entries;
        if (k->is->narrow) {
            k->place = (uint32_t)p->narrows;
            p->narrow[p->narrows++] = k;
            rc = load_column(p, k, err);
        } else {
            p->other[p->others++] = k;
        }
    }
    return rc < 0 ? rc : read_classes(p, err);
}

int projection_open(struct projection **out, const struct projection_source *from,
                    struct projection_numbers *n, struct err *err)
{
    struct projection *p = xcalloc(1, sizeof *p);
    int rc;

    p->from = *from;
    if ((rc = read_all(p, n, err)) < 0) {
        projection_free(p);
        return rc;
    }
    p->class_base = n->class;
    n->class += p->layout.classes;
    p->serial = ++n->opened;
    *out = p;
    return 0;
}

void projection_free(struct projection *p)
{
    if (!p)
        return;
    arena_release(&p->arena);
    free(p);
}

const struct projection_layout *projection_layout(const struct projection *p)
{
    return &p->layout;
}

uint32_t projection_serial(const struct projection *p)
{
    return p->serial;
}

/* The class, which is never beyond those there are. */
static inline uint32_t own_class(const struct projection *p, uint32_t row)
{
    uint64_t class = stream_get(&p->column[p->layout.columns], row);

    return class < p->layout.classes ? (uint32_t)class : 0;
}

uint32_t projection_class(const struct projection *p, uint32_t row)
{
    return p->class_base + own_class(p, row);
}

uint32_t projection_class_first(const struct projection *p)
{
    return p->class_base;
}

uint32_t projection_next(const struct projection *p, uint32_t row, const bool *passed)
{
    while (row < p->layout.rows && passed[own_class(p, row)])
        row++;
    return row;
}

static inline int64_t number_at(const struct read_column *k, uint64_t number)
{
    return (int64_t)((uint64_t)k->is->base + number * k->is->unit);
}

/* Of a row of that class. */
static inline enum projection_state state_of(const struct projection *p, uint32_t class,
                                             const struct read_column *k)
{
    return (enum projection_state)
        p->state[(size_t)class * (p->layout.columns + 1) + (size_t)(k - p->column)];
}

static const struct read_column *column_of(const struct projection *p, enum column c)
{
    return p->which[c] < 0 ? NULL : &p->column[p->which[c]];
}

int64_t projection_integer(const struct projection *p, uint32_t row, enum column c)
{
    const struct read_column *k = column_of(p, c);

    return k && k->stream && k->is->way == PROJECTION_PLAIN &&
                   state_of(p, own_class(p, row), k) != PROJECTION_MISSING
               ? number_at(k, stream_get(k, row)) : INT64_MIN;
}

uint32_t projection_same(const struct projection *p, uint32_t row, enum column c)
{
    const struct read_column *k = column_of(p, c);
    uint64_t code;

    if (!k)
        return projection_made(c) ? PROJECTION_SAME_NONE : 0;
    if (k->is->way != PROJECTION_CODED || !k->loaded)
        return PROJECTION_SAME_NONE;
    code = k->is->narrow ? p->told[(size_t)own_class(p, row) * p->narrows + k->place]
                         : stream_get(k, row);
    return code > 0 && code <= k->is->entries ? k->same + (uint32_t)code : 0;
}

const struct value *projection_value(const struct projection *p, uint32_t row, enum column c)
{
    static const struct value none = {.kind = VALUE_MISSING};
    uint32_t same = projection_same(p, row, c);
    const struct read_column *k = column_of(p, c);

    return same == 0 || same == PROJECTION_SAME_NONE ? &none : &k->value[same - k->same];
}

uint64_t projection_mark(const struct projection *p, uint32_t row)
{
    const struct read_column *k = column_of(p, COLUMN_JWT_HASH);

    return k && k->is->way == PROJECTION_MARK ? stream_get(k, row) : 0;
}

bool projection_decides(const struct projection *p, enum column c)
{
    const struct read_column *k = column_of(p, c);

    return k && k->is->narrow;
}

bool projection_has(const struct projection *p, enum column c)
{
    return p->which[c] >= 0;
}

uint32_t projection_entries(const struct projection *p, enum column c)
{
    const struct read_column *k = column_of(p, c);

    return k ? k->is->entries : 0;
}

/* ---- rows ---- */

static void fill_plain(const struct read_column *k, bool there, uint64_t number,
                       struct record *out)
{
    struct value *v = &out->column[k->is->column];

    v->kind = there ? column_kind((enum column)k->is->column) : VALUE_MISSING;
    v->integer = number_at(k, number);
    if (there && v->kind == VALUE_NUMBER) {
        int64_t bits = v->integer;

        memcpy(&v->number, &bits, sizeof bits);
    }
}

static struct str mark_at(const struct read_column *k, uint32_t row)
{
    return (struct str){(const char *)k->stream + (size_t)row * k->is->width, k->is->width};
}

/* Some value. */
static void fill_any(const struct read_column *k, enum projection_state state,
                     struct record *out)
{
    out->column[k->is->column] = (struct value){
        .kind = state == PROJECTION_MISSING ? VALUE_MISSING
                                            : column_kind((enum column)k->is->column)};
    if (out->column[k->is->column].kind == VALUE_TEXT)
        out->column[k->is->column].text = state == PROJECTION_EMPTY ? STR("") : STR("?");
}

/* A column that classes do not tell. */
static inline void fill_other(const struct read_column *k, enum projection_state state,
                              uint32_t row, struct record *out)
{
    uint64_t number;

    if (k->is->way == PROJECTION_CODED && k->value) {
        number = stream_get(k, row);
        out->column[k->is->column] = k->value[number <= k->is->entries ? number : 0];
    } else if (k->is->way == PROJECTION_PLAIN) {
        fill_plain(k, state != PROJECTION_MISSING, stream_get(k, row), out);
    } else if (k->is->way == PROJECTION_MARK && state != PROJECTION_MISSING && k->stream) {
        out->column[k->is->column] = (struct value){.kind = VALUE_TEXT,
                                                    .text = mark_at(k, row)};
    } else {
        fill_any(k, state, out);
    }
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

void projection_choose(struct projection *p, const bool few[COLUMN_COUNT])
{
    for (size_t i = 0; i < p->narrows; i++)
        if (few[p->narrow[i]->is->column])
            p->few_narrow[p->few_narrows++] = (uint32_t)i;
    for (size_t i = 0; i < p->others; i++)
        if (few[p->other[i]->is->column])
            p->few_other[p->few_others++] = p->other[i];
    for (int i = 0; i < 3; i++)
        p->local_times |= few[COLUMN_TIME_LOCAL_DATE + i];
}

static void fill_told(const struct read_column *k, const uint32_t *told, struct record *out)
{
    out->column[k->is->column] = k->value[told[k->place]];
}

static void fill_few(const struct projection *p, uint32_t row, const uint8_t *state,
                     const uint32_t *told, struct record *out)
{
    for (size_t i = 0; i < p->few_narrows; i++)
        fill_told(p->narrow[p->few_narrow[i]], told, out);
    for (size_t i = 0; i < p->few_others; i++)
        fill_other(p->few_other[i], (enum projection_state)state[p->few_other[i] - p->column],
                   row, out);
}

static void fill_class(const struct projection *p, const uint8_t *state, const uint32_t *told,
                       struct record *out)
{
    for (size_t i = 0; i < p->narrows; i++)
        fill_told(p->narrow[i], told, out);
    for (size_t i = 0; i < p->others; i++)
        fill_any(p->other[i], (enum projection_state)state[p->other[i] - p->column], out);
}

void projection_fill(const struct projection *p, uint32_t row, enum projection_fill how,
                     struct record *out, struct timestamp_hour *hour, const struct zone *zone)
{
    uint32_t class = own_class(p, row);
    const uint8_t *state = p->state + (size_t)class * (p->layout.columns + 1);
    const uint32_t *told = p->told + (size_t)class * p->narrows;
    uint8_t reject = state[p->layout.columns];

    out->reject = reject < REJECT_COUNT ? (enum reject)reject : 0;
    out->column[COLUMN_SEQ] = (struct value){
        .kind = VALUE_INTEGER, .integer = (int64_t)(p->layout.first_seq + row)};
    if (how == PROJECTION_FEW)
        fill_few(p, row, state, told, out);
    else
        fill_class(p, state, told, out);
    if (p->which[COLUMN_TIME] >= 0 && (how == PROJECTION_CLASS || p->local_times))
        fill_local(out, hour, zone);
}

void projection_expect(const struct projection *p, uint32_t row)
{
    if (row >= p->layout.rows)
        return;
    for (size_t i = 0; i < p->few_others; i++) {
        const struct read_column *k = p->few_other[i];
        uint64_t number = stream_get(k, row);

        if (k->value)
            __builtin_prefetch(&k->value[number <= k->is->entries ? number : 0]);
    }
}
