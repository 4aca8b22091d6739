/* findings.h - the findings of one rule, while they are made. Zero-initialise; a finding
 * stays where it is. One thread. */
#ifndef SIGMA_FINDINGS_H
#define SIGMA_FINDINGS_H

#include "sigma/gather.h"

struct findings {
    struct finding **at;
    size_t count, cap;
    struct arena arena;
};

/* A new one without records; group: the number of its key. */
struct finding *findings_open(struct findings *l, const struct rule *rule, uint32_t group,
                              struct moment at);
void findings_release(struct findings *l);
/* One more event behind it; those of an occurrence, which may be a finding itself. */
void finding_put(struct finding *f, struct moment at);
/* Note its value, as long as there are few. */
void finding_put_value(struct finding *f, const struct occurrence *o, const struct moments *m);
void finding_put_occurrence(struct finding *f, const struct occurrence *o,
                            const struct moments *m);
/* The events in order, and each once, though it stands in several occurrences. */
void finding_order(struct finding *f);

#endif
