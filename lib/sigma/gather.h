/* gather.h - what correlations count: occurrences are gathered while events come, and put
 * in order by group in the end. One thread. */
#ifndef SIGMA_GATHER_H
#define SIGMA_GATHER_H

#include "sigma/correlate.h"

/* When occurrences were: first those that are events, then those that are findings which a
 * correlation stands on, which have the moment of their last event. */
struct moments {
    struct moment *at;
    size_t count, cap, events;
    const struct finding **inner; /* behind the events */
    size_t inners, inner_cap;
};

/* An event that a rule met, or a finding that a correlation stands on. There are many. */
struct occurrence {
    uint32_t moment, group, value; /* value DICTIONARY_NONE: none */
    uint16_t rule;                 /* among those that the correlation stands on */
};

/* Zero-initialise both. */
struct gathered {
    struct occurrence *at;
    size_t count, cap;
    bool ordered;
};

int moment_compare(const struct moment *a, const struct moment *b);
/* The number that it gets. */
uint32_t moments_put(struct moments *m, struct moment at);
/* Likewise; after all events. */
uint32_t moments_put_inner(struct moments *m, const struct finding *f);
void moments_release(struct moments *m);

/* The finding that an occurrence is; NULL: it is an event. */
static inline const struct finding *moments_inner(const struct moments *m,
                                                  const struct occurrence *o)
{
    return o->moment < m->events ? NULL : m->inner[o->moment - m->events];
}

void gathered_put(struct gathered *g, struct occurrence o);
/* The moment of an occurrence that lies GATHERED_AHEAD further on in what was put in order,
 * behind which so many can be read, will be looked at a little later. */
enum { GATHERED_AHEAD = 16 };
static inline void gathered_expect(const struct occurrence *o, const struct moments *m)
{
    __builtin_prefetch(&m->at[o[GATHERED_AHEAD].moment]);
}
/* By group, each group in order of time; numbers of groups are below `groups`. Groups of
 * less than `least` occurrences, or of less than `rules` rules, are left out; the latter only
 * where the numbers of rules are below GATHERED_RULES, else rules is 1. */
enum { GATHERED_RULES = 32 };
void gathered_order(struct gathered *g, size_t groups, uint64_t least, uint64_t rules,
                    const struct moments *m);
/* Those from `from` to `to`, whose groups were changed, likewise; none is left out. */
void gathered_order_part(struct gathered *g, size_t from, size_t to, const struct moments *m);
/* The end of the group that begins at from. */
size_t gathered_group_end(const struct gathered *g, size_t from, size_t end);

#endif
