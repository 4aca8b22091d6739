/* block.c - the reader's side of a block: columns of values back into records.
 *
 * First the shapes of the records are read; they say which labels each row has. A label is
 * read when the one that it is guessed from and the shapes of its kind are; `state` finds
 * circles, which only damage can make. Then the rows are written down, piece by piece,
 * each label's values in order of the rows. */
#include "trail/block.h"

#include "base/base64url.h"
#include "base/cursor.h"
#include "base/deflate.h"
#include "base/limits.h"
#include "base/mem.h"
#include "trail/guess.h"
#include "trail/leaf.h"
#include "trail/stream.h"

enum { UNREAD, READING, READ };

/* The values of one label, in order of the rows that have it. */
struct column {
    uint16_t *row;
    struct str *text;
    uint32_t count, at; /* at: the next to be written down */
    uint8_t state;
};

struct rebuild {
    const struct model *m;
    struct streams streams;
    struct column *column;     /* by label */
    struct row_values *values; /* by label */
    uint8_t *wanted;           /* by label: what those guessed from it ask for */
    uint32_t *shape[SHAPE_KINDS]; /* by row: number + 1 of that kind's shape, or 0 */
    size_t rows;
    const bool *asked; /* by row; NULL: all are */
    bool *in_full;     /* by label: read it in all rows */
    struct arena *arena;
    struct err *err;
};

static bool is_asked(const struct rebuild *r, size_t row)
{
    return !r->asked || r->asked[row];
}

/* Shapes and numbers are read in all rows, so those that they are guessed from are too. */
static void need_in_full(struct rebuild *r, uint16_t label)
{
    const struct plan *p = &r->m->label[label].plan;

    if (p->type == TYPE_ENTRY || p->type == TYPE_TEXT || p->type == TYPE_UUID)
        return;
    for (uint16_t i = p->parent; i != LABEL_NONE && !r->in_full[i];
         i = r->m->label[i].plan.parent)
        r->in_full[i] = true;
}

static int corrupt(struct rebuild *r)
{
    return err_set(r->err, ERR_CORRUPT, "the values of a block contradict its shapes");
}

static const struct shape *shape_of(const struct rebuild *r, enum shape_kind kind, size_t row)
{
    uint32_t number = r->shape[kind][row];

    return number ? &r->m->shapes.shape[number - 1] : NULL;
}

/* ---- which rows have a label ---- */

static void count_row(struct rebuild *r, uint16_t label)
{
    r->column[label].count++;
}

static void list_row(struct rebuild *r, uint16_t label, size_t row)
{
    struct column *c = &r->column[label];

    c->row[c->at++] = (uint16_t)row;
}

static void count_or_list(struct rebuild *r, uint16_t label, size_t row, bool list)
{
    if (list)
        list_row(r, label, row);
    else
        count_row(r, label);
}

static bool is_holder(const struct rebuild *r, uint16_t label)
{
    return r->m->label[label].token || r->m->label[label].url;
}

/* Of the leaves that could hold a token, or a URL, those that do not: all but `at`, and that
 * one too where its text had no structure. */
static void holders_of(struct rebuild *r, const struct shape *record, int16_t at,
                       bool structured, size_t row, bool list)
{
    bool token = at >= 0 && r->m->label[record->label[at]].token;

    if (at >= 0 && !structured)
        count_or_list(r, record->label[at], row, list);
    for (int i = 0; record->more_holders && i < record->leaves; i++) {
        const struct label *l = &r->m->label[record->label[i]];

        if (i != at && (token ? l->token : l->url))
            count_or_list(r, record->label[i], row, list);
    }
}

/* The labels of a row that follow from the shape of that kind (or from its absence). */
static void labels_of(struct rebuild *r, enum shape_kind kind, size_t row, bool list)
{
    const struct shape *record = shape_of(r, SHAPE_RECORD, row);
    const struct shape *s = shape_of(r, kind, row);

    if (kind == SHAPE_RECORD && !record) {
        count_or_list(r, LABEL_VERBATIM, row, list);
        return;
    }
    if (kind == SHAPE_RECORD && record->token >= 0)
        count_or_list(r, LABEL_HEADER, row, list);
    if (kind == SHAPE_RECORD && record->url >= 0)
        count_or_list(r, LABEL_URL, row, list);
    if (kind == SHAPE_HEADER && s) {
        count_or_list(r, LABEL_PAYLOAD, row, list);
        count_or_list(r, LABEL_SIGNATURE, row, list);
    }
    for (int i = 0; s && i < s->leaves; i++)
        if (kind != SHAPE_RECORD ||
            (i != s->token && i != s->url && !(s->more_holders && is_holder(r, s->label[i]))))
            count_or_list(r, s->label[i], row, list);
    if (record && kind == SHAPE_HEADER)
        holders_of(r, record, record->token, s != NULL, row, list);
    if (record && kind == SHAPE_URL)
        holders_of(r, record, record->url, s != NULL, row, list);
}

static void list_labels(struct rebuild *r, enum shape_kind kind)
{
    for (size_t row = 0; row < r->rows; row++)
        labels_of(r, kind, row, false);
    for (size_t i = 0; i < r->m->labels; i++) {
        struct column *c = &r->column[i];

        if (c->count > 0 && !c->row)
            c->row = arena_alloc(r->arena, c->count * sizeof *c->row);
    }
    for (size_t row = 0; row < r->rows; row++)
        labels_of(r, kind, row, true);
}

/* ---- values that differ from the guess ---- */

struct missing {
    struct cursor at, raw_len, raw;
    uint64_t *number;
    size_t numbers;
    uint64_t next_cell; /* the next that differs; UINT64_MAX: none */
};

static int open_missing(struct rebuild *r, struct missing *m, uint16_t label)
{
    struct str miss, raw;
    int rc;

    memset(m, 0, sizeof *m);
    if ((rc = streams_get(&r->streams, label, PART_MISS, &miss, r->arena, r->err)) < 0 ||
        (rc = streams_get(&r->streams, label, PART_RAW, &raw, r->arena, r->err)) < 0)
        return rc;
    m->at.rest = miss;
    m->raw.rest = m->raw_len.rest = raw;
    m->next_cell = miss.len ? cursor_varint(&m->at) : UINT64_MAX;
    return 0;
}

static bool is_missing(struct missing *m, size_t cell)
{
    if (m->next_cell != cell)
        return false;
    m->next_cell = m->at.rest.len ? cell + cursor_varint(&m->at) : UINT64_MAX;
    return true;
}

/* How many cells differ, found by walking a copy. */
static size_t count_missing(struct missing m)
{
    size_t n = 0;

    for (; m.next_cell != UINT64_MAX; n++)
        m.next_cell = m.at.rest.len ? m.next_cell + cursor_varint(&m.at) : UINT64_MAX;
    return n;
}

/* The texts stand behind all their lengths. */
static void skip_lengths(struct missing *m, size_t texts)
{
    for (size_t i = 0; i < texts; i++)
        cursor_varint(&m->raw);
}

static struct str next_raw(struct missing *m)
{
    return cursor_bytes(&m->raw, cursor_varint(&m->raw_len));
}

/* ---- columns ---- */

struct reading {
    struct rebuild *r;
    uint16_t number;
    const struct label *label;
    struct column *column;
    struct row_values *values;
    const struct row_values *parent;
    struct missing missing;
};

static int read_texts(struct reading *d)
{
    struct column *c = d->column;
    bool equal = d->label->plan.guess == GUESS_EQUAL;

    skip_lengths(&d->missing, equal ? count_missing(d->missing) : c->count);
    for (size_t i = 0; i < c->count; i++)
        c->text[i] = equal && !is_missing(&d->missing, i) ? d->parent->text[c->row[i]]
                                                          : next_raw(&d->missing);
    return d->missing.raw.bad || d->missing.raw_len.bad ? corrupt(d->r) : 0;
}

/* The guess for a cell that is not among the missing: entry, text, or neither. */
static bool guessed(const struct reading *d, size_t row, uint32_t *entry, struct str *text)
{
    uint32_t parent;

    *entry = DICTIONARY_NONE;
    if (d->label->plan.guess == GUESS_EQUAL) {
        *text = d->parent->text[row];
        return text->at != NULL;
    }
    if (d->label->plan.guess != GUESS_FOLLOWS)
        return false;
    parent = d->parent ? d->parent->entry[row] : 0;
    if (parent != DICTIONARY_NONE)
        *entry = model_follows(d->label, parent);
    return *entry != DICTIONARY_NONE;
}

static int open_codes(struct reading *d, uint32_t *next)
{
    struct rebuild *r = d->r;
    struct cursor c = {.bad = false};
    size_t raw = 0;
    int rc = streams_get(&r->streams, d->number, PART_NEXT, &c.rest, r->arena, r->err);
    bool all = d->label->plan.guess == GUESS_NOTHING;
    size_t n = all ? d->column->count : count_missing(d->missing);

    if (n > d->column->count)
        return corrupt(r);
    *next = c.rest.len ? (uint32_t)cursor_varint(&c) : 0;
    d->missing.number = arena_alloc(r->arena, n * sizeof *d->missing.number);
    if (rc < 0 || (rc = streams_get_planes(&r->streams, d->number, d->missing.number, n,
                                           r->arena, r->err)) < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        raw += d->missing.number[i] == 1;
    if (d->label->plan.type == TYPE_ENTRY)
        skip_lengths(&d->missing, raw);
    return 0;
}

static int read_entries(struct reading *d)
{
    struct column *c = d->column;
    bool all = d->label->plan.guess == GUESS_NOTHING;
    uint32_t next;
    int rc = open_codes(d, &next);

    for (size_t i = 0; rc == 0 && i < c->count; i++) {
        uint32_t entry = DICTIONARY_NONE;
        bool text = false;

        if (all || is_missing(&d->missing, i)) {
            uint64_t code = d->missing.number[d->missing.numbers++];

            text = code == 1;
            entry = code == 0 ? next++ : (uint32_t)(code - 2);
            if (text)
                c->text[i] = next_raw(&d->missing);
        } else if (!is_asked(d->r, c->row[i]) && !d->r->in_full[d->number]) {
            continue;
        } else if (!guessed(d, c->row[i], &entry, &c->text[i])) {
            return corrupt(d->r);
        } else {
            text = entry == DICTIONARY_NONE;
        }
        if (text)
            continue;
        if (entry >= d->label->values.count)
            return corrupt(d->r);
        c->text[i] = d->label->values.entry[entry];
        if (d->values->entry)
            d->values->entry[c->row[i]] = entry;
    }
    if (rc < 0)
        return rc;
    return d->missing.raw.bad || d->missing.raw_len.bad ? corrupt(d->r) : 0;
}

/* Where the shapes that a label of shapes gives are kept, and of which kind they are. */
static enum shape_kind kind_of(uint16_t label)
{
    return label == LABEL_RECORD ? SHAPE_RECORD : label == LABEL_HEADER ? SHAPE_HEADER
           : label == LABEL_PAYLOAD ? SHAPE_PAYLOAD : SHAPE_URL;
}

static int read_shapes(struct reading *d)
{
    struct rebuild *r = d->r;
    struct column *c = d->column;
    enum shape_kind kind = kind_of(d->number);
    bool all = d->label->plan.guess == GUESS_NOTHING;
    uint32_t next;
    int rc = open_codes(d, &next);

    for (size_t i = 0; rc == 0 && i < c->count; i++) {
        uint32_t entry;
        struct str text;

        if (all || is_missing(&d->missing, i))
            entry = (uint32_t)d->missing.number[d->missing.numbers++];
        else if (!guessed(d, c->row[i], &entry, &text))
            return corrupt(r);
        if (entry > r->m->shapes.count ||
            (entry > 0 && r->m->shapes.shape[entry - 1].kind != kind) ||
            (entry == 0 && kind == SHAPE_PAYLOAD))
            return corrupt(r);
        r->shape[kind][c->row[i]] = entry;
        if (d->values->entry)
            d->values->entry[c->row[i]] = entry;
    }
    if (rc == 0)
        list_labels(r, kind);
    return rc;
}

static struct str print_number(struct plan plan, char *to, int64_t v)
{
    return (struct str){to, plan.type == TYPE_INTEGER ? leaf_integer_print(to, v)
                                                      : leaf_moment_print(to, plan.style, v)};
}

static int read_numbers(struct reading *d)
{
    struct rebuild *r = d->r;
    struct column *c = d->column;
    size_t texts = count_missing(d->missing);
    size_t n = c->count - texts;
    struct guesser g;
    char *to = arena_alloc(r->arena, c->count * LEAF_MOMENT_MAX);
    int rc;

    if (texts > c->count)
        return corrupt(r);
    d->missing.number = arena_alloc(r->arena, n * sizeof *d->missing.number);
    if ((rc = streams_get_planes(&r->streams, d->number, d->missing.number, n, r->arena,
                                 r->err)) < 0)
        return rc;
    skip_lengths(&d->missing, texts);
    guess_begin(&g, r->m, d->label->plan, d->parent, r->arena);
    for (size_t i = 0; i < c->count; i++, to += LEAF_MOMENT_MAX) {
        int64_t v = 0;
        bool known = true;

        if (is_missing(&d->missing, i)) {
            c->text[i] = next_raw(&d->missing);
            known = guess_read(d->label->plan, c->text[i], &v);
        } else if (d->missing.numbers == n) {
            return corrupt(r);
        } else {
            v = guess_value(d->missing.number[d->missing.numbers++],
                            guess_number(&g, c->row[i]));
            if (is_asked(r, c->row[i]) || r->in_full[d->number])
                c->text[i] = print_number(d->label->plan, to, v);
        }
        if (!known)
            continue;
        guess_learn(&g, c->row[i], v);
        if (d->values->number)
            d->values->number[c->row[i]] = v;
    }
    return d->missing.raw.bad || d->missing.raw_len.bad ? corrupt(r) : 0;
}

static int read_uuids(struct reading *d)
{
    struct rebuild *r = d->r;
    struct column *c = d->column;
    size_t texts = count_missing(d->missing);
    struct cursor fixed = {.bad = false};
    char *to = arena_alloc(r->arena, c->count * LEAF_UUID_TEXT);
    int rc = streams_get(&r->streams, d->number, PART_FIXED, &fixed.rest, r->arena, r->err);
    size_t n = c->count - texts;

    if (rc < 0)
        return rc;
    if (texts > c->count)
        return corrupt(r);
    d->missing.number = arena_alloc(r->arena, n * sizeof *d->missing.number);
    if (d->label->plan.style == LEAF_UUID_EITHER &&
        (rc = streams_get_planes(&r->streams, d->number, d->missing.number, n, r->arena,
                                 r->err)) < 0)
        return rc;
    skip_lengths(&d->missing, texts);
    for (size_t i = 0; i < c->count; i++, to += LEAF_UUID_TEXT) {
        struct str bytes;
        bool upper;

        if (is_missing(&d->missing, i)) {
            c->text[i] = next_raw(&d->missing);
            continue;
        }
        bytes = cursor_bytes(&fixed, LEAF_UUID_BYTES);
        if (bytes.len == 0)
            return corrupt(r);
        upper = d->label->plan.style == LEAF_UUID_EITHER
                    ? d->missing.number[d->missing.numbers++] != 0
                    : d->label->plan.style == 1;
        if (!is_asked(r, c->row[i]) && !r->in_full[d->number])
            continue;
        leaf_uuid_print(to, upper, (const uint8_t *)bytes.at);
        c->text[i] = (struct str){to, LEAF_UUID_TEXT};
    }
    return fixed.rest.len || d->missing.raw.bad || d->missing.raw_len.bad ? corrupt(r) : 0;
}

static int read_column(struct reading *d)
{
    switch ((enum value_type)d->label->plan.type) {
    case TYPE_TEXT:
        return read_texts(d);
    case TYPE_ENTRY:
        return read_entries(d);
    case TYPE_SHAPE:
        return read_shapes(d);
    case TYPE_INTEGER:
    case TYPE_MOMENT:
        return read_numbers(d);
    case TYPE_UUID:
        return read_uuids(d);
    case TYPES:
        break;
    }
    return corrupt(d->r);
}

static int read_label(struct rebuild *r, uint16_t number);

static int read_label(struct rebuild *r, uint16_t number)
{
    struct reading d = {.r = r, .number = number, .label = &r->m->label[number],
                        .column = &r->column[number], .values = &r->values[number]};
    uint16_t parent = d.label->plan.parent;
    int rc;

    if (d.column->state == READ)
        return 0;
    if (d.column->state == READING)
        return corrupt(r);
    d.column->state = READING;
    if (number != LABEL_RECORD && (rc = read_label(r, model_shapes_label(r->m, number))) < 0)
        return rc;
    if (d.column->count > 0 && parent != LABEL_NONE) {
        if ((rc = read_label(r, parent)) < 0)
            return rc;
        if (r->column[parent].count == 0)
            row_values_make(&r->values[parent], r->wanted[parent], r->rows, r->arena);
        d.parent = &r->values[parent];
    }
    d.column->state = READ;
    if (d.column->count == 0)
        return 0;
    d.column->at = 0;
    row_values_make(d.values, r->wanted[number], r->rows, r->arena);
    d.column->text = arena_alloc(r->arena, d.column->count * sizeof *d.column->text);
    memset(d.column->text, 0, d.column->count * sizeof *d.column->text);
    if ((rc = open_missing(r, &d.missing, number)) < 0)
        return rc;
    rc = read_column(&d);
    for (size_t i = 0; rc == 0 && d.values->text && d.label->plan.type != TYPE_SHAPE &&
                       i < d.column->count; i++)
        d.values->text[d.column->row[i]] = d.column->text[i];
    return rc;
}

/* ---- rows ---- */

/* Bytes of known size being written; `bad` when more come. */
struct sink {
    char *at;
    size_t len, cap;
    bool bad;
};

static inline void emit(struct sink *k, struct str s)
{
    if (k->cap - k->len < s.len) {
        k->bad = true;
        return;
    }
    if (s.len)
        memcpy(k->at + k->len, s.at, s.len);
    k->len += s.len;
}

/* Where the row stands among those that have the label. Rows come in ascending order, and
 * most of the time all of them. */
static inline struct str text_at(struct rebuild *r, uint16_t label, size_t row)
{
    struct column *c = &r->column[label];

    if (!r->asked)
        return c->text[c->at++];
    if (c->row[c->at] != row) {
        uint32_t low = c->at;
        uint32_t high = c->count;

        while (high - low > 1) {
            uint32_t mid = low + (high - low) / 2;

            if (c->row[mid] <= row)
                low = mid;
            else
                high = mid;
        }
        c->at = low;
    }
    return c->text[c->at + 1 < c->count ? c->at++ : c->at];
}

static void emit_shape(struct rebuild *r, struct sink *out, const struct shape *s, size_t row)
{
    const struct str *piece = r->m->shapes.pieces.entry;

    for (size_t i = 0; i < s->leaves; i++) {
        emit(out, piece[s->piece[i]]);
        emit(out, text_at(r, s->label[i], row));
    }
    emit(out, piece[s->piece[s->leaves]]);
}

static void emit_base64url(struct sink *out, struct str bytes)
{
    if (out->cap - out->len < base64url_length(bytes.len))
        out->bad = true;
    else
        out->len += base64url_encode(out->at + out->len, bytes);
}

static void emit_part(struct rebuild *r, struct sink *out, struct sink *part,
                      enum shape_kind kind, size_t row)
{
    part->len = 0;
    emit_shape(r, part, shape_of(r, kind, row), row);
    emit_base64url(out, (struct str){part->at, part->len});
    emit(out, STR("."));
    out->bad |= part->bad;
}

static void emit_record(struct rebuild *r, struct sink *out, struct sink *part, size_t row)
{
    const struct shape *s = shape_of(r, SHAPE_RECORD, row);
    const struct str *piece = r->m->shapes.pieces.entry;

    for (int i = 0; i < s->leaves; i++) {
        emit(out, piece[s->piece[i]]);
        if (i == s->token && r->shape[SHAPE_HEADER][row]) {
            emit(out, STR("Bearer "));
            emit_part(r, out, part, SHAPE_HEADER, row);
            emit_part(r, out, part, SHAPE_PAYLOAD, row);
            emit_base64url(out, text_at(r, LABEL_SIGNATURE, row));
        } else if (i == s->url && r->shape[SHAPE_URL][row]) {
            emit_shape(r, out, shape_of(r, SHAPE_URL, row), row);
        } else {
            emit(out, text_at(r, s->label[i], row));
        }
    }
    emit(out, piece[s->piece[s->leaves]]);
}

/* What rows have beside their bytes: lengths and places, and how a longer one went on. */
static int read_frame(struct rebuild *r, struct block_row *rows, size_t count)
{
    uint64_t *len = arena_alloc(r->arena, count * sizeof *len);
    struct cursor c = {.bad = false};
    uint64_t expected = 0;
    struct str flags;
    int rc = streams_get(&r->streams, LABEL_FRAME, PART_FRAME, &c.rest, r->arena, r->err);

    if (rc < 0 || (rc = streams_get_planes(&r->streams, LABEL_FRAME, len, count, r->arena,
                                           r->err)) < 0)
        return rc;
    memset(rows, 0, count * sizeof *rows);
    flags = cursor_bytes(&c, count);
    for (size_t i = 0; i < count && !c.bad; i++) {
        struct block_row *row = &rows[i];
        uint8_t f = (uint8_t)flags.at[i];
        struct str sha;

        c.bad |= len[i] > LIMIT_RECORD_BYTES;
        row->bytes.len = row->full_len = len[i];
        row->has_position = f & FRAME_POSITION;
        row->too_large = f & FRAME_TOO_LARGE;
        if (row->has_position)
            row->position = f & FRAME_JUMP ? cursor_varint(&c) : expected;
        if (row->too_large) {
            row->full_len = cursor_varint(&c);
            sha = cursor_bytes(&c, HASH_BYTES);
            if (sha.len == HASH_BYTES)
                memcpy(row->full_sha, sha.at, HASH_BYTES);
        }
        expected = row->position + row->full_len + 1;
    }
    return c.bad || c.rest.len ? corrupt(r) : 0;
}

static int emit_rows(struct rebuild *r, struct block_row *rows, size_t count)
{
    struct sink part = {arena_alloc(r->arena, LIMIT_RECORD_BYTES), 0, LIMIT_RECORD_BYTES,
                        false};
    int rc = read_frame(r, rows, count);
    size_t bytes = 0;
    char *to;

    for (size_t i = 0; rc == 0 && i < count; i++)
        bytes += is_asked(r, i) ? rows[i].bytes.len : 0;
    if (rc < 0 || bytes > LIMIT_BLOCK_BYTES)
        return rc < 0 ? rc : corrupt(r);
    to = arena_alloc(r->arena, bytes);
    for (size_t i = 0; i < count; i++) {
        struct sink out = {to, 0, rows[i].bytes.len, false};

        if (!is_asked(r, i))
            continue;
        if (r->shape[SHAPE_RECORD][i])
            emit_record(r, &out, &part, i);
        else
            emit(&out, text_at(r, LABEL_VERBATIM, i));
        if (out.bad || out.len != out.cap)
            return corrupt(r);
        rows[i].bytes.at = to;
        to += out.len;
    }
    return 0;
}

static int begin(struct rebuild *r, size_t count)
{
    const struct model *m = r->m;

    r->rows = count;
    r->column = arena_alloc(r->arena, m->labels * sizeof *r->column);
    memset(r->column, 0, m->labels * sizeof *r->column);
    r->values = arena_alloc(r->arena, m->labels * sizeof *r->values);
    memset(r->values, 0, m->labels * sizeof *r->values);
    r->wanted = arena_alloc(r->arena, m->labels);
    memset(r->wanted, 0, m->labels);
    r->in_full = arena_alloc(r->arena, m->labels);
    memset(r->in_full, 0, m->labels);
    for (size_t i = 0; i < m->labels; i++)
        need_in_full(r, (uint16_t)i);
    for (size_t i = 0; i < m->labels; i++) {
        struct plan p = m->label[i].plan;

        if (p.parent != LABEL_NONE)
            r->wanted[p.parent] |= guess_wants((enum guess)p.guess);
    }
    for (int k = 0; k < SHAPE_KINDS; k++) {
        r->shape[k] = arena_alloc(r->arena, count * sizeof *r->shape[k]);
        memset(r->shape[k], 0, count * sizeof *r->shape[k]);
    }
    for (size_t i = 0; i < count; i++)
        count_row(r, LABEL_RECORD);
    r->column[LABEL_RECORD].row = arena_alloc(r->arena, count * sizeof(uint16_t));
    for (size_t i = 0; i < count; i++)
        list_row(r, LABEL_RECORD, i);
    return read_label(r, LABEL_RECORD);
}

int block_decode(struct block_row *rows, size_t count, const bool *wanted, struct str bytes,
                 const struct model *model, struct arena *arena, struct err *err)
{
    struct rebuild r = {.m = model, .asked = wanted, .arena = arena, .err = err};
    uint8_t codec = bytes.len ? (uint8_t)bytes.at[0] : 0;
    size_t rows_there;
    int rc;

    if (bytes.len && codec != BLOCK_CODEC)
        return err_set(err, ERR_NEWER, "a block has codec %u, which this version does not"
                       " know: use a newer gpca", codec);
    if (bytes.len == 0 || count > LIMIT_BLOCK_ROWS)
        return err_set(err, ERR_CORRUPT, "a block is empty or too large");
    rc = streams_open(&r.streams, str_part(bytes, 1, bytes.len), model->labels, &rows_there,
                      arena, err);
    if (rc < 0)
        return rc;
    if (rows_there != count)
        return err_set(err, ERR_CORRUPT, "a block has another number of rows than its group"
                       " says");
    rc = begin(&r, count);
    for (size_t i = 0; rc == 0 && i < model->labels; i++)
        rc = read_label(&r, (uint16_t)i);
    return rc < 0 ? rc : emit_rows(&r, rows, count);
}

int block_sizes(struct str block, const struct model *model, double *bytes,
                struct arena *arena, struct err *err)
{
    struct streams s;
    double left = (double)block.len;
    double front = 0;
    size_t rows;
    int rc = block.len ? streams_open(&s, str_part(block, 1, block.len), model->labels, &rows,
                                      arena, err)
                       : err_set(err, ERR_CORRUPT, "a block is empty");

    for (size_t i = 0; rc == 0 && i < s.count; i++) {
        if (s.entry[i].in_front) {
            front += 6 + s.entry[i].len;
        } else {
            bytes[s.entry[i].label] += (double)s.entry[i].stored.len;
            left -= (double)s.entry[i].stored.len;
            front += 6;
        }
    }
    for (size_t i = 0; rc == 0 && i < s.count; i++) {
        double part = 6 + (s.entry[i].in_front ? s.entry[i].len : 0);

        bytes[s.entry[i].label] += left * part / front;
    }
    return rc;
}

bool block_row_equal(const struct block_row *a, const struct block_row *b)
{
    return str_equal(a->bytes, b->bytes) && a->has_position == b->has_position &&
           a->position == b->position && a->too_large == b->too_large &&
           (!a->too_large || (a->full_len == b->full_len &&
                              memcmp(a->full_sha, b->full_sha, HASH_BYTES) == 0));
}

int definitions_open(struct definitions *d, struct str bytes, struct err *err)
{
    struct cursor c = {bytes, false};
    uint8_t codec = cursor_u8(&c);

    if (!c.bad && codec != DEFINITIONS_CODEC)
        return err_set(err, ERR_NEWER, "definitions have codec %u, which this version does"
                       " not know: use a newer gpca", codec);
    d->generation = cursor_u64(&c);
    d->groups_before = cursor_varint(&c);
    d->len = cursor_varint(&c);
    d->packed = c.rest;
    if (c.bad || d->len > LIMIT_DEFINITIONS_BYTES)
        return err_set(err, ERR_CORRUPT, "the definitions of a row group are damaged");
    return 0;
}

int definitions_take(const struct definitions *d, struct model *m, struct err *err)
{
    char *bytes = xmalloc(d->len);
    int rc = inflate_block(bytes, d->len, d->packed, err);

    if (rc == 0)
        rc = model_take(m, (struct str){bytes, d->len}, err);
    free(bytes);
    return rc;
}
