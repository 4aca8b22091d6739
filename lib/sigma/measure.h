/* measure.h - the sum, the average or a percentile of the numbers that events in a window
 * have: what the correlations value_sum, value_avg and value_percentile (Sigma 2.1) ask for.
 * One thread. */
#ifndef SIGMA_MEASURE_H
#define SIGMA_MEASURE_H

#include "sigma/grouping.h"

struct measure {
    const struct correlation *k;
    double *number;    /* by value (grouping_text); NAN: it is none */
    uint64_t count;    /* in the window */
    long double sum;
    double now;        /* what was compared last */
    /* A percentile: place of each value in `sorted`, and of the values in the window how many
     * have which places, as a tree of partial sums (Fenwick, 1994). */
    uint32_t *place, *tree;
    double *sorted;
    size_t places;
};

/* What an average, or the like, is first said of. */
enum { MEASURE_PERCENTILE_LEAST = 20 };

/* An empty window of values that `values` numbers; k outlives it. */
void measure_init(struct measure *m, const struct correlation *k,
                  const struct grouping *values);
void measure_release(struct measure *m);
bool measure_has(const struct measure *m, uint32_t value);
void measure_in(struct measure *m, uint32_t value);
void measure_out(struct measure *m, uint32_t value);
/* Does the condition hold? The p-th percentile of n numbers is the least that p per cent of
 * them, rounded up to a whole number of them, do not exceed; nothing is said of less than
 * MEASURE_PERCENTILE_LEAST. */
bool measure_holds(struct measure *m);

#endif
