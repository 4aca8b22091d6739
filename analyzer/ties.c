/* ties.c - see ties.h. Moments that are not the first of their time, source and seq are found
 * by a table of hashes; there are few of them, mostly none. */
#include "analyzer/ties.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/order.h"
#include "sigma/gather.h"

struct tied {
    struct moment at;
    uint64_t seq; /* in our log */
    bool has_seq; /* of its source; one without sorts before seq 0 */
    uint8_t sha[HASH_BYTES];
};

struct ties {
    const struct moment **slot; /* the first of each time, source and seq */
    size_t slots;               /* a power of two */
    bool *known;                /* by record */
    struct tied *tied;
    size_t count, cap;
    struct alert_maker *maker;
};

static void count_moment(void *ctx, const struct moment *at)
{
    (void)at;
    ++*(size_t *)ctx;
}

static void add(struct ties *t, const struct moment *at)
{
    if (t->known[at->record])
        return;
    t->known[at->record] = true;
    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->tied = xrealloc(t->tied, t->cap * sizeof *t->tied);
    }
    t->tied[t->count++] = (struct tied){.at = *at, .seq = t->maker->met[at->record].seq};
}

static bool same_place(const struct moment *a, const struct moment *b)
{
    return a->us == b->us && a->source == b->source && a->source_seq == b->source_seq;
}

static void look_for_tie(void *ctx, const struct moment *at)
{
    struct ties *t = ctx;
    uint64_t h = ((uint64_t)at->us * 0x9e3779b97f4a7c15U ^ at->source_seq) *
                     0xd6e8feb86659fd93U + at->source;

    for (size_t i = h ^ h >> 32;; i++) {
        const struct moment **slot = &t->slot[i & (t->slots - 1)];

        if (!*slot) {
            *slot = at;
            return;
        }
        if (same_place(*slot, at)) {
            if ((*slot)->record != at->record) {
                add(t, *slot);
                add(t, at);
            }
            return;
        }
    }
}

static int by_seq(const void *a, const void *b)
{
    const struct tied *x = a, *y = b;

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int in_order(const void *a, const void *b)
{
    const struct tied *x = a, *y = b;
    int order;

    if (!same_place(&x->at, &y->at)) {
        struct moment p = x->at, q = y->at;

        p.record = q.record = 0;
        return moment_compare(&p, &q);
    }
    if (x->has_seq != y->has_seq)
        return x->has_seq - y->has_seq;
    order = memcmp(x->sha, y->sha, HASH_BYTES);
    return order ? order : by_seq(a, b);
}

static int read_tied(struct ties *t, struct err *err)
{
    struct arena arena = {0};
    int rc = 0;

    qsort(t->tied, t->count, sizeof *t->tied, by_seq);
    for (size_t i = 0; rc == 0 && i < t->count; i++) {
        struct tied *x = &t->tied[i];
        struct trail_row row;
        struct record r;

        if ((rc = trail_row(t->maker->trail, x->seq, &row, err)) < 0)
            break;
        hash_sha256(x->sha, &row.input.bytes, 1);
        if (x->at.source_seq > 0) {
            x->has_seq = true;
            continue;
        }
        arena_reset(&arena);
        record_read(&r, &row.input, t->maker->zone, &arena);
        x->has_seq = r.column[COLUMN_SOURCE_SEQ].kind == VALUE_INTEGER;
    }
    arena_release(&arena);
    return rc;
}

/* Give those from `from` to `to`, which are tied and in order, their own numbers in order. */
static void number_some(struct ties *t, size_t from, size_t to, uint32_t *number,
                        struct met_record *met)
{
    uint32_t *own = xcalloc(to - from, sizeof *own);

    for (size_t i = from; i < to; i++)
        own[i - from] = t->tied[i].at.record;
    qsort(own, to - from, sizeof *own, order_u32);
    for (size_t i = from; i < to; i++) {
        number[t->tied[i].at.record] = own[i - from];
        met[own[i - from]] = t->maker->met[t->tied[i].at.record];
    }
    free(own);
}

static void renumber(struct ties *t, struct correlator *c)
{
    struct alert_maker *m = t->maker;
    struct met_record *met = xcalloc(m->mets + 1, sizeof *met);
    uint32_t *number = xcalloc(m->mets + 1, sizeof *number);

    memcpy(met, m->met, m->mets * sizeof *met);
    for (size_t i = 0; i < m->mets; i++)
        number[i] = (uint32_t)i;
    qsort(t->tied, t->count, sizeof *t->tied, in_order);
    for (size_t from = 0, to; from < t->count; from = to) {
        for (to = from; to < t->count && same_place(&t->tied[from].at, &t->tied[to].at);)
            to++;
        number_some(t, from, to, number, met);
    }
    correlator_renumber(c, NULL, number);
    free(number);
    free(m->met);
    m->met = met;
    m->met_cap = m->mets + 1;
}

int ties_order(struct correlator *c, struct alert_maker *m, struct err *err)
{
    struct ties t = {.slots = 64, .maker = m};
    size_t moments = 0;
    int rc = 0;

    correlator_each_moment(c, count_moment, &moments);
    while (t.slots < 2 * moments)
        t.slots *= 2;
    t.slot = xcalloc(t.slots, sizeof *t.slot);
    t.known = xcalloc(m->mets + 1, sizeof *t.known);
    correlator_each_moment(c, look_for_tie, &t);
    free(t.slot);
    free(t.known);
    if (t.count > 0 && (rc = read_tied(&t, err)) == 0)
        renumber(&t, c);
    free(t.tied);
    return rc;
}
