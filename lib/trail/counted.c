/* counted.c - see counted.h. A row is known by the bytes of its values, one behind the other;
 * its number among the distinct ones is that in a dictionary. */
#include "trail/counted.h"

#include "base/mem.h"
#include "record/shown.h"

enum { ROWS_PER_STOP = 1 << 14 };

bool counted_has(enum column c)
{
    return c == COLUMN_TIME_LOCAL_DATE || c == COLUMN_TIME_LOCAL_HOUR ||
           c == COLUMN_TIME_LOCAL_WEEKDAY || c == COLUMN_HTTP_STATUS || judge_is_small(c);
}

static void put_value(struct buf *key, const struct value *v)
{
    buf_put_u8(key, (uint8_t)v->kind);
    if (v->kind == VALUE_TEXT) {
        buf_put_varint(key, v->text.len);
        buf_put_str(key, v->text);
    } else if (v->kind != VALUE_MISSING) {
        buf_put_u64(key, (uint64_t)v->integer);
    }
}

static void add_row(struct counted *c, const struct record *r)
{
    struct counted_row *row;

    if (c->rows == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 256;
        c->row = xrealloc(c->row, c->cap * sizeof *c->row);
    }
    row = &c->row[c->rows++];
    row->count = 0;
    row->value = arena_alloc(&c->arena, c->columns * sizeof *row->value);
    for (size_t i = 0; i < c->columns; i++) {
        row->value[i] = r->column[c->column[i]];
        if (row->value[i].kind == VALUE_TEXT)
            row->value[i].text = arena_copy(&c->arena, row->value[i].text);
    }
}

/* As it is shown: of a row the number that it is masked by is not kept. */
static void mask_row(const struct counted *c, struct record *r, struct arena *arena)
{
    for (size_t i = 0; i < c->columns; i++) {
        struct value *v = &r->column[c->column[i]];
        struct buf shown = {0};

        if (v->kind != VALUE_TEXT || !c->masked[i])
            continue;
        shown_value(&shown, r, c->column[i], false);
        v->text = arena_copy(arena, buf_str(&shown));
        buf_release(&shown);
    }
}

static int take_all(struct counted *c, struct scan *s, bool (*stop)(const void *),
                    const void *ctx, struct err *err)
{
    struct dictionary known = {0};
    struct arena keys = {0}, once = {0};
    struct buf key = {0};
    struct record record;
    int rc;

    for (uint64_t n = 1; (rc = scan_next(s, &record, err)) > 0; n++) {
        uint32_t at;

        if (n % ROWS_PER_STOP == 0 && stop(ctx)) {
            rc = err_set(err, ERR_LIMIT, "interrupted");
            break;
        }
        arena_reset(&once);
        mask_row(c, &record, &once);
        buf_clear(&key);
        for (size_t i = 0; i < c->columns; i++)
            put_value(&key, &record.column[c->column[i]]);
        at = dictionary_put(&known, buf_str(&key), &keys);
        if (at == c->rows)
            add_row(c, &record);
        c->row[at].count++;
    }
    dictionary_release(&known);
    arena_release(&keys);
    arena_release(&once);
    buf_release(&key);
    return rc;
}

/* Missing before numbers before texts. */
static int compare_values(const struct value *a, const struct value *b)
{
    int x = a->kind == VALUE_MISSING ? 0 : a->kind == VALUE_TEXT ? 2 : 1;
    int y = b->kind == VALUE_MISSING ? 0 : b->kind == VALUE_TEXT ? 2 : 1;

    if (x != y || x == 0)
        return x - y;
    return x == 2 ? str_compare(a->text, b->text) : (a->integer > b->integer) -
                                                        (a->integer < b->integer);
}

struct ordering {
    size_t at[COLUMN_COUNT]; /* places of the columns that count, the first ones first */
    bool down[COLUMN_COUNT];
    size_t count;
};

static int compare_rows(const void *a, const void *b, void *ctx)
{
    const struct counted_row *x = a;
    const struct counted_row *y = b;
    const struct ordering *o = ctx;

    for (size_t i = 0; i < o->count; i++) {
        int c = compare_values(&x->value[o->at[i]], &y->value[o->at[i]]);

        if (c != 0)
            return o->down[i] ? -c : c;
    }
    return 0;
}

static void sort(struct counted *c, const struct counted_order *order, size_t orders)
{
    struct ordering o = {.count = orders};

    for (size_t i = 0; i < orders; i++) {
        while (c->column[o.at[i]] != order[i].column)
            o.at[i]++;
        o.down[i] = order[i].down;
    }
    if (c->rows > 0)
        qsort_r(c->row, c->rows, sizeof *c->row, compare_rows, &o);
}

int counted_take(struct counted *c, struct scan *s, const bool wanted[COLUMN_COUNT],
                 bool reveal, const struct counted_order *order, size_t orders,
                 bool (*stop)(const void *ctx), const void *ctx, struct err *err)
{
    int rc;

    for (int i = 0; i < COLUMN_COUNT; i++)
        if (wanted[i] && counted_has((enum column)i)) {
            c->masked[c->columns] = !reveal && shown_by_patient((enum column)i);
            c->column[c->columns++] = (enum column)i;
        }
    rc = take_all(c, s, stop, ctx, err);
    if (rc == 0)
        sort(c, order, orders);
    return rc;
}

void counted_fill(const struct counted *c, size_t row, struct record *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < c->columns; i++)
        out->column[c->column[i]] = c->row[row].value[i];
}

void counted_release(struct counted *c)
{
    free(c->row);
    arena_release(&c->arena);
    memset(c, 0, sizeof *c);
}
