/* measure.c - see measure.h. */
#include "sigma/measure.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* The first place of the number. */
static uint32_t place_of(const struct measure *m, double number)
{
    size_t low = 0, high = m->places;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (m->sorted[mid] < number)
            low = mid + 1;
        else
            high = mid;
    }
    return (uint32_t)low;
}

static void sort(struct measure *m, size_t values)
{
    m->sorted = xcalloc(values + 1, sizeof *m->sorted);
    m->place = xcalloc(values + 1, sizeof *m->place);
    m->tree = xcalloc(values + 1, sizeof *m->tree);
    for (size_t i = 0; i < values; i++)
        if (!isnan(m->number[i]))
            m->sorted[m->places++] = m->number[i];
    if (m->places > 0)
        qsort(m->sorted, m->places, sizeof *m->sorted, by_number);
    for (size_t i = 0; i < values; i++)
        m->place[i] = isnan(m->number[i]) ? 0 : place_of(m, m->number[i]);
}

void measure_init(struct measure *m, const struct correlation *k, const struct grouping *values)
{
    size_t n = grouping_count(values);

    *m = (struct measure){.k = k};
    m->number = xcalloc(n + 1, sizeof *m->number);
    for (size_t i = 0; i < n; i++) {
        const struct event_value v = {.kind = EVENT_TEXT,
                                      .text = grouping_text(values, (uint32_t)i, 0)};

        if (!evaluator_number(&v, &m->number[i]))
            m->number[i] = NAN;
    }
    if (k->type == CORRELATION_VALUE_PERCENTILE)
        sort(m, n);
}

void measure_release(struct measure *m)
{
    free(m->number);
    free(m->place);
    free(m->tree);
    free(m->sorted);
}

bool measure_has(const struct measure *m, uint32_t value)
{
    return !isnan(m->number[value]);
}

static void count(struct measure *m, uint32_t value, uint32_t by)
{
    for (size_t at = m->tree ? m->place[value] + 1U : 1; m->tree && at <= m->places;
         at += at & -at)
        m->tree[at] += by;
}

void measure_in(struct measure *m, uint32_t value)
{
    m->count++;
    m->sum += m->number[value];
    count(m, value, 1);
}

void measure_out(struct measure *m, uint32_t value)
{
    m->count--;
    m->sum -= m->number[value];
    if (m->count == 0)
        m->sum = 0; /* what was rounded is not kept */
    count(m, value, UINT32_MAX);
}

/* The rank-th number of those in the window, from 1 on. */
static double ranked(const struct measure *m, uint64_t rank)
{
    size_t at = 0, step = 1;

    while (step * 2 <= m->places)
        step *= 2;
    for (; step > 0; step /= 2)
        if (at + step <= m->places && m->tree[at + step] < rank) {
            at += step;
            rank -= m->tree[at];
        }
    return m->sorted[at];
}

bool measure_holds(struct measure *m)
{
    long double v = m->sum;
    uint64_t rank;

    if (m->count == 0)
        return false;
    if (m->k->type == CORRELATION_VALUE_AVG)
        v = m->sum / (long double)m->count;
    if (m->k->type == CORRELATION_VALUE_PERCENTILE) {
        if (m->count < MEASURE_PERCENTILE_LEAST)
            return false;
        rank = (uint64_t)ceil(m->k->percentile / 100 * (double)m->count);
        v = ranked(m, rank < 1 ? 1 : rank > m->count ? m->count : rank);
    }
    m->now = (double)v;
    return m->k->above ? v > m->k->threshold : v >= m->k->threshold;
}
