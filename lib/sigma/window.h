/* window.h - one correlation over the occurrences of one group, in event-time order: two ends
 * of a window move over them, and at each the condition holds or does not. One thread. */
#ifndef SIGMA_WINDOW_H
#define SIGMA_WINDOW_H

#include "sigma/gather.h"
#include "sigma/measure.h"

struct window {
    const struct correlation *k;
    const struct moments *moments;
    const struct occurrence *at; /* of one group, in order */
    size_t count, low;           /* the window: [low, the one at hand] */
    uint32_t *in_window;         /* by value, or by rule: how many */
    uint64_t distinct;
    int64_t *chain;              /* by rule: latest start of a chain up to it, of events
                                    before `tied`; INT64_MIN: none */
    struct measure *measure;     /* of what correlation_measures(); else NULL */
    size_t tied;                 /* first of those that have the time at hand */
};

/* values: numbers of values are below it. k and m outlive it. */
void window_init(struct window *w, const struct correlation *k, size_t values,
                 const struct moments *m);
void window_release(struct window *w);
/* Begin with the occurrences of a group, which outlive it. */
void window_take(struct window *w, const struct occurrence *at, size_t count);
/* Does the condition hold with the i-th? *from gets where its window begins. To be asked of
 * each in turn. */
bool window_fires(struct window *w, size_t i, size_t *from);
/* Leave nothing in the window, which was asked of those below end. */
void window_leave(struct window *w, size_t end);

#endif
