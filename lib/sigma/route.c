/* route.c - see route.h. */
#include "sigma/route.h"

#include <stdlib.h>

#include "base/mem.h"

void route_init(struct route *r, size_t alerts, size_t steps, size_t fields)
{
    *r = (struct route){.alert = xcalloc(alerts + 1, sizeof(const struct rule *)),
                        .step = xcalloc(steps + 1, sizeof *r->step),
                        .field = xcalloc(fields + 1, sizeof *r->field)};
}

void route_release(struct route *r)
{
    free(r->alert);
    free(r->step);
    free(r->field);
}

void route_clear(struct route *r)
{
    r->alerts = r->steps = r->fields = 0;
    r->mark = r->whole = false;
}

void route_alert(struct route *r, const struct rule *rule)
{
    r->alert[r->alerts++] = rule;
}

/* By other names the rules of a correlation may see an event in different groups. */
void route_add(struct route *r, struct route_step s)
{
    for (size_t i = 0; s.once && !s.from && i < r->steps; i++)
        if (r->step[i].to == s.to)
            return;
    r->whole |= s.from != NULL;
    r->step[r->steps++] = s;
}

/* ---- those that are kept ---- */

const struct route *routes_find(const struct routes *l, uint32_t number)
{
    return number < l->count && l->at[number].step ? &l->at[number] : NULL;
}

static void ask_fields(struct route *r, const struct grouping *g)
{
    r->mark |= g && g->late;
    for (size_t i = 0; g && !g->late && i < g->fields; i++) {
        size_t k = 0;

        while (k < r->fields && r->field[k] != g->field[i])
            k++;
        r->field[k] = g->field[i];
        r->fields += k == r->fields;
    }
}

static void *copy(struct arena *a, const void *list, size_t bytes)
{
    void *to = arena_alloc(a, bytes + 1);

    return bytes > 0 ? memcpy(to, list, bytes) : to;
}

const struct route *routes_put(struct routes *l, uint32_t number, const struct route *r)
{
    struct route own = *r;

    for (size_t i = 0; i < r->steps; i++) {
        ask_fields(&own, r->step[i].groups);
        ask_fields(&own, r->step[i].values);
    }
    own.alert = copy(&l->arena, own.alert, own.alerts * sizeof(const struct rule *));
    own.step = copy(&l->arena, own.step, own.steps * sizeof *own.step);
    own.field = copy(&l->arena, own.field, own.fields * sizeof *own.field);
    l->at = xroom(l->at, &l->count, number + 1UL, sizeof *l->at);
    l->at[number] = own;
    return &l->at[number];
}

void routes_forget(struct routes *l)
{
    if (l->count > 0)
        memset(l->at, 0, l->count * sizeof *l->at);
}

void routes_release(struct routes *l)
{
    free(l->at);
    arena_release(&l->arena);
}

/* ---- events ---- */

/* Has the step's correlation counted the event in that group? */
static bool counted_there(const struct route_step *s, uint32_t group, uint32_t moment)
{
    for (size_t i = s->to->count; i > 0 && s->to->at[i - 1].moment == moment; i--)
        if (grouping_alike(s->groups, s->to->at[i - 1].group, group))
            return true;
    return false;
}

static uint32_t number_now(struct grouping *g, const struct route_event *e, uint32_t void_field)
{
    return e->value ? grouping_known(g, e->value, e->mark, e->event, void_field)
                    : grouping_now(g, e->evaluator, e->event, void_field);
}

size_t route_count(const struct route *r, const struct route_event *e, const struct moments *m)
{
    size_t counted = 0;

    for (size_t i = 0; i < r->steps; i++) {
        const struct route_step *s = &r->step[i];
        struct occurrence o = {.moment = (uint32_t)m->count, .rule = s->rule,
                               .value = DICTIONARY_NONE};

        o.group = s->from ? grouping_from(s->groups, e->evaluator, s->from, e->void_field)
                          : number_now(s->groups, e, e->void_field);
        if (o.group != DICTIONARY_NONE && s->values)
            o.value = number_now(s->values, e, UINT32_MAX);
        if (o.group == DICTIONARY_NONE || (s->values && o.value == DICTIONARY_NONE))
            continue;
        if (s->from && s->once && counted_there(s, o.group, o.moment))
            continue;
        gathered_put(s->to, o);
        counted++;
    }
    return counted;
}
