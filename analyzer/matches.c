/* matches.c - see matches.h. A portion is as large as its bytes allow; what the last one
 * took says how many rows the next one has. */
#include "analyzer/matches.h"

#include <stdlib.h>

#include "base/mem.h"
#include "trail/columns.h"

enum { KEPT_ROWS = 2000, FIRST_PORTION = 8192, PORTION_ROWS = 1 << 17,
       PORTION_BYTES = 64 << 20, PORTION_BYTES_MAX = 4 * PORTION_BYTES };

/* A record: whole, or its wanted columns one behind the other. */
struct held {
    struct record_input in;
    const struct value *value;
    enum reject reject;
};

struct match {
    int64_t time_us;
    uint64_t seq;
    const struct held *kept; /* NULL: it is read again */
};

struct matches {
    struct match *at;
    size_t count, cap;
    enum column column[COLUMN_COUNT]; /* that are wanted */
    size_t columns;
    struct columns *parts;            /* NULL: all are */
    const struct zone *zone;
    struct held *held;                /* of the portion at hand */
    size_t portion;                   /* rows of the next one */
    size_t bytes;                     /* of the one at hand */
    struct arena kept, own, once;
};

struct matches *matches_new(const bool wanted[COLUMN_COUNT], const struct zone *zone)
{
    struct matches *m = xcalloc(1, sizeof *m);

    m->zone = zone;
    m->portion = FIRST_PORTION;
    for (int c = 0; wanted && c < COLUMN_COUNT; c++)
        if (wanted[c])
            m->column[m->columns++] = (enum column)c;
    m->parts = wanted ? columns_new(wanted, false, zone) : NULL;
    return m;
}

void matches_free(struct matches *m)
{
    if (!m)
        return;
    columns_free(m->parts);
    free(m->at);
    free(m->held);
    arena_release(&m->kept);
    arena_release(&m->own);
    arena_release(&m->once);
    free(m);
}

size_t matches_count(const struct matches *m)
{
    return m->count;
}

static int by_time(const void *a, const void *b)
{
    const struct match *x = a, *y = b;

    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static struct str hold_text(struct matches *m, struct str s, struct arena *arena)
{
    m->bytes += s.len + 16;
    return arena_copy(arena, s);
}

static struct value hold_value(struct matches *m, const struct value *v, struct arena *arena)
{
    struct value copy = *v;
    struct str *list;

    if (v->kind == VALUE_TEXT)
        copy.text = hold_text(m, v->text, arena);
    if (v->kind == VALUE_LIST) {
        list = arena_alloc(arena, (v->list.count + 1) * sizeof *list);
        for (size_t i = 0; i < v->list.count; i++)
            list[i] = hold_text(m, v->list.at[i], arena);
        copy.list.at = list;
    }
    return copy;
}

static void hold_columns(struct matches *m, const struct record *r, struct held *to,
                         struct arena *arena)
{
    struct value *value = arena_alloc(arena, (m->columns + 1) * sizeof *value);

    m->bytes += m->columns * sizeof *value;
    for (size_t i = 0; i < m->columns; i++)
        value[i] = hold_value(m, &r->column[m->column[i]], arena);
    *to = (struct held){.value = value, .reject = r->reject};
}

static int read_columns(struct matches *m, struct trail *t, uint64_t seq, struct held *to,
                        struct err *err)
{
    struct record r;
    int rc;

    arena_reset(&m->once);
    rc = trail_record(t, seq, m->parts, &r, &m->once, err);
    if (rc == 0)
        hold_columns(m, &r, to, &m->own);
    return rc;
}

static int read_whole(struct matches *m, struct trail *t, uint64_t seq, struct held *to,
                       struct err *err)
{
    struct trail_row row;
    int rc = trail_row(t, seq, &row, err);

    if (rc < 0)
        return rc;
    *to = (struct held){.in = record_input_copy(&row.input, &m->own)};
    m->bytes += to->in.bytes.len + to->in.header.len + to->in.via.len + to->in.origin.len + 64;
    return 0;
}

void matches_add(struct matches *m, uint64_t seq, int64_t time_us,
                 const struct record_input *in, const struct record *r)
{
    struct held *kept = NULL;

    if (m->count == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 1024;
        m->at = xrealloc(m->at, m->cap * sizeof *m->at);
    }
    if ((in || r) && m->count < KEPT_ROWS) {
        kept = arena_alloc(&m->kept, sizeof *kept);
        if (r)
            hold_columns(m, r, kept, &m->kept);
        else
            *kept = (struct held){.in = record_input_copy(in, &m->kept)};
    }
    m->at[m->count++] = (struct match){time_us, seq, kept};
}

/* ---- a portion ---- */

struct place {
    uint64_t seq;
    size_t at; /* in the portion */
};

static int by_seq(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Those of the portion that are to be read, in the order in which they stand. */
static size_t order_places(const struct matches *m, size_t from, size_t n, struct place *place,
                           struct trail_range *range)
{
    size_t places = 0;

    for (size_t i = 0; i < n; i++)
        if (!m->at[from + i].kept)
            place[places++] = (struct place){m->at[from + i].seq, i};
    if (places > 0)
        qsort(place, places, sizeof *place, by_seq);
    for (size_t i = 0; i < places; i++)
        range[i] = (struct trail_range){place[i].seq, 1};
    return places;
}

/* Hold n records; *much: they have too many bytes to be held together. */
static int hold(struct matches *m, struct trail *t, size_t from, size_t n, bool *much,
                struct err *err)
{
    struct place *place = xcalloc(n + 1, sizeof *place);
    struct trail_range *range = xcalloc(n + 1, sizeof *range);
    size_t places = order_places(m, from, n, place, range);
    int rc = 0;

    m->held = xrealloc(m->held, (n + 1) * sizeof *m->held);
    arena_release(&m->own);
    m->bytes = 0;
    trail_expect(t, range, places);
    for (size_t i = 0; rc == 0 && i < places && m->bytes <= PORTION_BYTES_MAX; i++)
        rc = m->parts ? read_columns(m, t, place[i].seq, &m->held[place[i].at], err)
                      : read_whole(m, t, place[i].seq, &m->held[place[i].at], err);
    trail_expect(t, NULL, 0);
    *much = m->bytes > PORTION_BYTES_MAX && n > 1;
    free(place);
    free(range);
    return rc;
}

/* The record of a match, the i-th of the portion. */
static void read_held(struct matches *m, const struct match *of, size_t i, struct record *r)
{
    const struct held *h = of->kept ? of->kept : &m->held[i];

    arena_reset(&m->once);
    if (!h->value) {
        record_read(r, &h->in, m->zone, &m->once);
        return;
    }
    memset(r, 0, sizeof *r);
    r->reject = h->reject;
    for (size_t k = 0; k < m->columns; k++)
        r->column[m->column[k]] = h->value[k];
}

int matches_each(struct matches *m, struct trail *t, size_t n,
                 void (*row)(void *ctx, struct record *r, size_t number), void *ctx,
                 struct err *err)
{
    struct record r;
    int rc;

    if (m->count > 0)
        qsort(m->at, m->count, sizeof *m->at, by_time);
    n = n < m->count ? n : m->count;
    for (size_t from = 0; from < n;) {
        size_t rows = n - from < m->portion ? n - from : m->portion;
        bool much;

        if ((rc = hold(m, t, from, rows, &much, err)) < 0)
            return rc;
        if (much) {
            m->portion = rows / 2;
            continue;
        }
        for (size_t i = 0; i < rows; i++) {
            read_held(m, &m->at[from + i], i, &r);
            row(ctx, &r, from + i);
        }
        from += rows;
        m->portion = PORTION_BYTES / (m->bytes / rows + 1);
        m->portion = m->portion < 1 ? 1 : m->portion > PORTION_ROWS ? PORTION_ROWS : m->portion;
    }
    return 0;
}
