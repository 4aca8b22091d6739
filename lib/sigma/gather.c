/* gather.c - see gather.h. Nearly all events come in order of time, so that groups are
 * sorted by counting, and only one that is out of order by comparing. */
#include "sigma/gather.h"

#include <stdlib.h>

#include "base/mem.h"

int moment_compare(const struct moment *a, const struct moment *b)
{
    if (a->us != b->us)
        return a->us < b->us ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->source_seq != b->source_seq)
        return a->source_seq < b->source_seq ? -1 : 1;
    return a->record < b->record ? -1 : a->record > b->record;
}

uint32_t moments_put(struct moments *m, struct moment at)
{
    if (m->count == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 64;
        m->at = xrealloc(m->at, m->cap * sizeof *m->at);
    }
    m->at[m->count] = at;
    return (uint32_t)m->count++;
}

uint32_t moments_put_inner(struct moments *m, const struct finding *f)
{
    if (m->inners == m->inner_cap) {
        m->inner_cap = m->inner_cap ? m->inner_cap * 2 : 16;
        m->inner = xrealloc(m->inner, m->inner_cap * sizeof(const struct finding *));
    }
    m->inner[m->inners++] = f;
    return moments_put(m, f->at[f->records - 1]);
}

void moments_release(struct moments *m)
{
    free(m->at);
    free(m->inner);
}

void gathered_put(struct gathered *g, struct occurrence o)
{
    if (g->count == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 64;
        g->at = xrealloc(g->at, g->cap * sizeof *g->at);
    }
    g->at[g->count++] = o;
}

static int in_order(const void *a, const void *b, void *moments)
{
    const struct moments *m = moments;
    const struct occurrence *x = a, *y = b;
    int order;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    order = moment_compare(&m->at[x->moment], &m->at[y->moment]);
    return order ? order : x->rule < y->rule ? -1 : x->rule > y->rule;
}

void gathered_order_part(struct gathered *g, size_t from, size_t to, const struct moments *m)
{
    bool ordered = true;

    gathered_expect(g->at + from, m);
    for (size_t i = from + 1; i < to && ordered; i++) {
        gathered_expect(g->at + i, m);
        ordered = in_order(&g->at[i - 1], &g->at[i], (void *)(uintptr_t)m) <= 0;
    }
    if (!ordered)
        qsort_r(g->at + from, to - from, sizeof *g->at, in_order, (void *)(uintptr_t)m);
}

size_t gathered_group_end(const struct gathered *g, size_t from, size_t end)
{
    size_t to = from;

    while (to < end && g->at[to].group == g->at[from].group)
        to++;
    return to;
}

/* Of each group where its occurrences begin, SIZE_MAX where it is left out; *kept: how many
 * there are in those that are not. */
static size_t *find_places(const struct gathered *g, size_t groups, uint64_t least,
                           uint64_t rules, size_t *kept)
{
    bool apart = rules > 1;
    size_t *place = xcalloc(groups + 1, sizeof *place);
    uint32_t *met = apart ? xcalloc(groups + 1, sizeof *met) : NULL;

    for (size_t i = 0; i < g->count; i++) {
        place[g->at[i].group]++;
        if (apart)
            met[g->at[i].group] |= 1U << g->at[i].rule;
    }
    *kept = 0;
    for (size_t i = 0; i < groups; i++) {
        size_t own = place[i];
        bool out = own < least ||
                   (apart && (uint64_t)__builtin_popcount(met[i]) < rules);

        place[i] = out ? SIZE_MAX : *kept;
        *kept += out ? 0 : own;
    }
    free(met);
    return place;
}

void gathered_order(struct gathered *g, size_t groups, uint64_t least, uint64_t rules,
                    const struct moments *m)
{
    size_t n, *place = find_places(g, groups, least, rules, &n);
    struct occurrence *kept = xmalloc((n + 1 + GATHERED_AHEAD) * sizeof *kept);

    memset(kept + n, 0, (1 + GATHERED_AHEAD) * sizeof *kept);
    for (size_t i = 0; i < g->count; i++)
        if (place[g->at[i].group] != SIZE_MAX)
            kept[place[g->at[i].group]++] = g->at[i];
    free(place);
    free(g->at);
    g->at = kept;
    g->count = g->cap = n;
    g->ordered = true;
    for (size_t from = 0, to; from < n; from = to) {
        to = gathered_group_end(g, from, n);
        gathered_order_part(g, from, to, m);
    }
}
