/* verdicts.c - see verdicts.h. What a class meets is kept as a run of numbers in one list. */
#include "sigma/verdicts.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/order.h"

struct verdicts {
    struct ruleset *set;
    struct evaluator *evaluator;
    uint32_t *rule; /* detections to look at; those that classes decide first */
    size_t rules, by_class;
    bool *is_met;   /* by rule of the set */
    uint8_t *matters; /* likewise, enum matter */
    bool others;    /* one that matters now is not decided by classes */
    uint32_t *met;
    size_t mets;
    uint32_t *place; /* by class: of its run in the list, + 1; 0: not looked at yet */
    size_t places;
    uint32_t *list;  /* runs: how many, bits of enum matter, then numbers of rules */
    size_t listed, list_cap;
};

struct verdicts *verdicts_new(struct ruleset *s, struct evaluator *e)
{
    struct verdicts *v = xcalloc(1, sizeof *v);

    v->set = s;
    v->evaluator = e;
    v->rule = xcalloc(s->rules + 1, sizeof *v->rule);
    v->met = xcalloc(s->rules + 1, sizeof *v->met);
    v->is_met = xcalloc(s->rules + 1, sizeof *v->is_met);
    v->matters = xcalloc(s->rules + 1, sizeof *v->matters);
    for (size_t i = 0; i < s->rules; i++)
        if (s->rule[i]->kind == RULE_DETECTION && !s->rule[i]->bad)
            v->rule[v->rules++] = (uint32_t)i;
    return v;
}

void verdicts_free(struct verdicts *v)
{
    if (!v)
        return;
    free(v->rule);
    free(v->met);
    free(v->is_met);
    free(v->matters);
    free(v->place);
    free(v->list);
    free(v);
}

void verdicts_matter(struct verdicts *v, const struct rule *r, enum matter matter)
{
    v->matters[r->number] = (uint8_t)matter;
}

/* Does it ask of the field no more than whether there is a value, and whether it is ""? */
static bool asks_filled(const struct predicate *p)
{
    return p->op == OP_EXISTS || p->op == OP_NULL ||
           (p->op == OP_PATTERN && p->pattern.units == 0);
}

bool verdicts_compare(const struct ruleset *s, uint32_t field)
{
    for (size_t i = 0; i < s->predicates; i++) {
        const struct predicate *p = s->predicate[i];

        if (p->op == OP_KEYWORD ||
            (p->field == field && !asks_filled(p)) || (p->op == OP_SAME && p->other == field))
            return true;
    }
    return false;
}

static bool decides(const struct ruleset *s, const struct expression *x,
                    verdicts_decided *decided, void *ctx)
{
    const struct str *name = s->fields.entry;

    if (x->kind == EXPRESSION_PREDICATE) {
        const struct predicate *p = s->predicate[x->number];

        return p->op != OP_KEYWORD &&
               decided(ctx, name[p->field]) >=
                   (asks_filled(p) ? DECIDED_FILLED : DECIDED_VALUE) &&
               (p->op != OP_SAME || decided(ctx, name[p->other]) == DECIDED_VALUE);
    }
    for (size_t i = 0; i < x->parts; i++)
        if (!decides(s, x->part[i], decided, ctx))
            return false;
    return true;
}

bool verdicts_decide(const struct ruleset *s, const struct rule *r, verdicts_decided *decided,
                     void *ctx)
{
    return !r->condition || decides(s, r->condition, decided, ctx);
}

void verdicts_classes(struct verdicts *v, verdicts_decided *decided, void *ctx)
{
    uint32_t *other = xcalloc(v->rules + 1, sizeof *other);
    size_t others = 0;

    v->by_class = 0;
    v->others = false;
    for (size_t i = 0; i < v->rules; i++) {
        const struct rule *r = v->set->rule[v->rule[i]];

        if (verdicts_decide(v->set, r, decided, ctx)) {
            v->rule[v->by_class++] = v->rule[i];
        } else {
            other[others++] = v->rule[i];
            v->others |= v->matters[r->number] == MATTER_NOW;
        }
    }
    if (others > 0)
        memcpy(v->rule + v->by_class, other, others * sizeof *other);
    free(other);
}

static void put(struct verdicts *v, uint32_t number)
{
    if (v->listed == v->list_cap) {
        v->list_cap = v->list_cap ? v->list_cap * 2 : 4096;
        v->list = xrealloc(v->list, v->list_cap * sizeof *v->list);
    }
    v->list[v->listed++] = number;
}

static void meet(struct verdicts *v, uint32_t rule)
{
    v->is_met[rule] = true;
    v->met[v->mets++] = rule;
}

/* Look at v->rule[from] up to v->rule[to]. */
static void look(struct verdicts *v, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (evaluator_meets(v->evaluator, v->set->rule[v->rule[i]]))
            meet(v, v->rule[i]);
}

static uint32_t *place_of(struct verdicts *v, uint32_t class)
{
    if (class >= v->places) {
        size_t n = v->places ? v->places * 2 : 4096;

        while (n <= class)
            n *= 2;
        v->place = xrealloc(v->place, n * sizeof *v->place);
        memset(v->place + v->places, 0, (n - v->places) * sizeof *v->place);
        v->places = n;
    }
    return &v->place[class];
}

static void look_class(struct verdicts *v, uint32_t class)
{
    uint32_t *place = place_of(v, class);

    if (*place) {
        const uint32_t *run = v->list + *place - 1;

        for (uint32_t i = 0; i < run[0]; i++)
            meet(v, run[i + 2]);
        return;
    }
    look(v, 0, v->by_class);
    *place = (uint32_t)v->listed + 1;
    put(v, (uint32_t)v->mets);
    put(v, 0);
    for (size_t i = 0; i < v->mets; i++) {
        put(v, v->met[i]);
        v->list[*place] |= v->matters[v->met[i]];
    }
}

void verdicts_look(struct verdicts *v, uint32_t class)
{
    size_t from = 0;

    for (size_t i = 0; i < v->mets; i++)
        v->is_met[v->met[i]] = false;
    v->mets = 0;
    if (class != CLASS_NONE) {
        look_class(v, class);
        from = v->by_class;
    }
    look(v, from, v->rules);
    if (from > 0 && from < v->rules && v->mets > 1)
        qsort(v->met, v->mets, sizeof *v->met, order_u32);
}

bool verdicts_none(const struct verdicts *v, uint32_t class)
{
    return !v->others && class < v->places && v->place[class] &&
           !(v->list[v->place[class]] & MATTER_NOW);
}

bool verdicts_by_class(const struct verdicts *v)
{
    return v->by_class == v->rules;
}

bool verdicts_known(const struct verdicts *v, uint32_t class)
{
    return v->by_class == v->rules && class < v->places && v->place[class];
}

bool verdicts_later(const struct verdicts *v, uint32_t class)
{
    return class < v->places && v->place[class] && v->list[v->place[class]] & MATTER_LATER;
}

size_t verdicts_met(const struct verdicts *v, const uint32_t **rule)
{
    *rule = v->met;
    return v->mets;
}

bool verdicts_meets(const struct verdicts *v, const struct rule *r)
{
    return v->is_met[r->number];
}
