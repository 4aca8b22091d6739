/* window.c - see window.h. What is counted distinctly is counted in and out; of chains the
 * latest start is kept for each step, so that the state of a group is small. */
#include "sigma/window.h"

#include <stdlib.h>

#include "base/mem.h"

void window_init(struct window *w, const struct correlation *k, size_t values,
                 const struct moments *m)
{
    size_t numbers = k->type == CORRELATION_VALUE_COUNT ? values : k->count;

    *w = (struct window){.k = k, .moments = m};
    w->in_window = xcalloc(numbers + 1, sizeof *w->in_window);
    w->chain = xcalloc(k->count + 1, sizeof *w->chain);
}

void window_release(struct window *w)
{
    free(w->in_window);
    free(w->chain);
}

static int64_t us_of(const struct window *w, const struct occurrence *o)
{
    return w->moments->at[o->moment].us;
}

static uint32_t record_of(const struct window *w, const struct occurrence *o)
{
    return w->moments->at[o->moment].record;
}

static int64_t first_us(const struct window *w, const struct occurrence *o)
{
    const struct finding *inner = moments_inner(w->moments, o);

    return inner ? inner->at[0].us : us_of(w, o);
}

/* Let one in or out of the window; only what is counted distinctly matters. */
static void count_one(struct window *w, const struct occurrence *o, bool in)
{
    uint32_t *n = w->k->type == CORRELATION_VALUE_COUNT ? &w->in_window[o->value]
                                                        : &w->in_window[o->rule];

    if (w->k->type == CORRELATION_EVENT_COUNT)
        return;
    if (w->measure)
        (in ? measure_in : measure_out)(w->measure, o->value);
    else if (in)
        w->distinct += (*n)++ == 0;
    else
        w->distinct -= --(*n) == 0;
}

enum { TIED_MAX = 32, STEPS_MAX = 16 };

/* Events of a chain that ends at hand, from its end on. */
struct steps {
    uint64_t record[STEPS_MAX];
    size_t count;
};

/* The latest start of a chain up to the rule whose event was put into *used last. Times may
 * be equal, in whatever order; no event stands in a chain twice. */
static int64_t latest_start(const struct window *w, size_t end, size_t rule, int64_t own,
                            struct steps *used)
{
    int64_t best;

    if (rule == 0 || used->count == STEPS_MAX)
        return own;
    best = w->chain[rule - 1];
    for (size_t i = w->tied; i < end && i < w->tied + TIED_MAX; i++) {
        const struct occurrence *o = &w->at[i];
        bool twice = o->rule + 1U != rule;
        int64_t start;

        for (size_t k = 0; k < used->count; k++)
            twice |= used->record[k] == record_of(w, o);
        if (twice)
            continue;
        used->record[used->count++] = record_of(w, o);
        start = latest_start(w, end, rule - 1, first_us(w, o), used);
        used->count--;
        best = start > best ? start : best;
    }
    return best;
}

static int64_t start_of(const struct window *w, size_t i, size_t end)
{
    struct steps used = {{record_of(w, &w->at[i])}, 1};

    return latest_start(w, end, w->at[i].rule, first_us(w, &w->at[i]), &used);
}

/* The start of the latest chain that the i-th completes; INT64_MIN: none. */
static int64_t step_chain(struct window *w, size_t i)
{
    size_t end = i + 1;

    if (us_of(w, &w->at[w->tied]) != us_of(w, &w->at[i])) {
        int64_t *next = xmalloc(w->k->count * sizeof *next);

        memcpy(next, w->chain, w->k->count * sizeof *next);
        for (size_t k = w->tied; k < i; k++) {
            int64_t start = start_of(w, k, i);

            if (start > next[w->at[k].rule])
                next[w->at[k].rule] = start;
        }
        memcpy(w->chain, next, w->k->count * sizeof *next);
        free(next);
        w->tied = i;
    }
    while (end < w->count && record_of(w, &w->at[end]) == record_of(w, &w->at[i]))
        end++; /* the event's other steps are there as soon as it is */
    return w->at[i].rule + 1U == w->k->count ? start_of(w, i, end) : INT64_MIN;
}

bool window_fires(struct window *w, size_t i, size_t *from)
{
    const struct occurrence *o = &w->at[i];
    int64_t us = us_of(w, o), start;

    gathered_expect(o, w->moments);
    count_one(w, o, true);
    /* A finding may have begun so long ago that it does not count itself. */
    while (w->low <= i && us - first_us(w, &w->at[w->low]) > w->k->timespan_us)
        count_one(w, &w->at[w->low++], false);
    *from = w->low;
    switch (w->k->type) {
    case CORRELATION_EVENT_COUNT:
        return i - w->low + 1 >= w->k->least;
    case CORRELATION_VALUE_COUNT:
    case CORRELATION_TEMPORAL:
        return w->distinct >= w->k->least;
    case CORRELATION_VALUE_SUM:
    case CORRELATION_VALUE_AVG:
    case CORRELATION_VALUE_PERCENTILE:
        return measure_holds(w->measure);
    case CORRELATION_TEMPORAL_ORDERED:
        break;
    }
    start = step_chain(w, i);
    if (start == INT64_MIN || us - start > w->k->timespan_us)
        return false;
    while (*from < i && first_us(w, &w->at[*from]) < start)
        ++*from;
    return true;
}

void window_take(struct window *w, const struct occurrence *at, size_t count)
{
    w->at = at;
    w->count = count;
    w->low = w->tied = 0;
    for (size_t i = 0; i < w->k->count; i++)
        w->chain[i] = INT64_MIN;
}

void window_leave(struct window *w, size_t end)
{
    while (w->low < end)
        count_one(w, &w->at[w->low++], false);
}
