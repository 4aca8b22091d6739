/* findings.c - see findings.h. */
#include "sigma/findings.h"

#include <stdlib.h>

#include "base/mem.h"

struct finding *findings_open(struct findings *l, const struct rule *rule, uint32_t group,
                              struct moment at)
{
    struct finding *f = arena_alloc(&l->arena, sizeof *f);

    *f = (struct finding){.rule = rule, .group = group, .opened = at};
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->at = xrealloc(l->at, l->cap * sizeof *l->at);
    }
    l->at[l->count++] = f;
    return f;
}

void findings_release(struct findings *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->at[i]->at);
    free(l->at);
    arena_release(&l->arena);
}

void finding_put(struct finding *f, struct moment at)
{
    if (f->records == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 8;
        f->at = xrealloc(f->at, f->cap * sizeof *f->at);
    }
    f->at[f->records++] = at;
}

void finding_put_occurrence(struct finding *f, const struct occurrence *o,
                            const struct moments *m)
{
    const struct finding *inner = moments_inner(m, o);

    if (!inner)
        finding_put(f, m->at[o->moment]);
    for (size_t i = 0; inner && i < inner->records; i++)
        finding_put(f, inner->at[i]);
}

void finding_put_value(struct finding *f, const struct occurrence *o, const struct moments *m)
{
    for (size_t i = 0; i < f->withs; i++)
        if (f->with[i].value == o->value)
            return;
    if (f->withs < FINDING_VALUES)
        f->with[f->withs++] = (struct finding_value){o->value, m->at[o->moment].record};
}

static int compare_moments(const void *a, const void *b)
{
    return moment_compare(a, b);
}

void finding_order(struct finding *f)
{
    size_t kept = 0;

    if (f->records > 0)
        qsort(f->at, f->records, sizeof *f->at, compare_moments);
    for (size_t i = 0; i < f->records; i++)
        if (kept == 0 || moment_compare(&f->at[i], &f->at[kept - 1]) != 0)
            f->at[kept++] = f->at[i];
    f->records = kept;
}
