/* correlate.c - see correlate.h. Occurrences are gathered while events come, then those of
 * groups that are large enough to matter are put in order and gone through group by group by
 * a window. Correlations that count the same events in the same groups share them. One that
 * others stand on gives its findings to them as occurrences, with their whole span. */
#include "sigma/correlate.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sigma/findings.h"
#include "sigma/route.h"
#include "sigma/window.h"

enum { OCCURRENCES_MAX = 64 << 20 };

struct pending {
    const struct rule *rule;
    struct gathered own, *gathered; /* own, or that of one that counts the same */
    struct grouping *groups, *values; /* values NULL: none are counted */
    struct user {
        uint32_t rule;       /* a correlation that stands on this rule */
        uint16_t as;         /* its place there */
    } *user;
    size_t users;
    struct findings found;
};

struct correlator {
    struct ruleset *set;
    struct evaluator *evaluator;
    struct verdicts *verdicts;
    struct routes routes; /* of verdicts */
    struct route at_hand; /* of the event at hand */
    uint32_t *value;      /* by field: the number of what an event has */
    struct pending *pending; /* by rule */
    bool *put_off;           /* by rule: detections that are looked at again */
    bool again;
    struct numbering *values; /* by field */
    struct grouping **grouping;
    size_t groupings;
    struct moments moments;
    struct rule **correlation; /* those to look at */
    size_t correlations;
    uint64_t event;
    correlator_resolve *resolve;
    void *resolve_ctx;
    const struct finding **all;
    size_t count;
    size_t occurrences;
};

static bool alerts(const struct rule *r)
{
    return !r->bad && !r->used && r->level > LEVEL_INFORMATIONAL;
}

/* Does it alert, or does a correlation stand on it? */
static bool matters(const struct correlator *c, const struct rule *r)
{
    return alerts(r) || c->pending[r->number].users > 0;
}

/* own: it is shared with no other correlation. */
static struct grouping *grouping_of(struct correlator *c, const uint32_t *field,
                                    size_t fields, bool counted, bool own)
{
    struct grouping *g;

    for (size_t i = 0; !own && i < c->groupings; i++) {
        g = c->grouping[i];
        if (!g->own && g->counted == counted && g->fields == fields &&
            (fields == 0 || memcmp(g->field, field, fields * sizeof *field) == 0))
            return g;
    }
    g = xmalloc(sizeof *g);
    grouping_init(g, field, fields, counted, c->values);
    g->own = own;
    c->grouping[c->groupings++] = g;
    return g;
}

static void add_users(struct correlator *c, const struct rule *r)
{
    for (size_t n = 0; n < r->correlation.count; n++) {
        const struct rule *of = r->correlation.of[n].rule;
        struct pending *p = of ? &c->pending[of->number] : NULL;

        if (!p)
            continue;
        p->user = xrealloc(p->user, (p->users + 1) * sizeof *p->user);
        p->user[p->users++] = (struct user){r->number, (uint16_t)n};
    }
}

static bool counts(const struct correlation *k)
{
    return k->type == CORRELATION_EVENT_COUNT || k->type == CORRELATION_VALUE_COUNT;
}

/* Does the correlation stand on others? Their findings have values, no marks. */
static bool stands_on_others(const struct correlation *k)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->of[i].rule && k->of[i].rule->kind == RULE_CORRELATION)
            return true;
    return false;
}

/* Does it take in an event once, however many of its rules that meets? */
static bool takes_once(const struct correlation *k)
{
    return counts(k) || correlation_measures(k);
}

/* Do both count the same events in the same groups? */
static bool same_events(const struct pending *a, const struct pending *b)
{
    const struct correlation *x = &a->rule->correlation, *y = &b->rule->correlation;

    if (a->groups != b->groups || a->values != b->values || a->groups->late || !counts(x) ||
        !counts(y) || x->count != y->count || stands_on_others(x))
        return false;
    for (size_t i = 0; i < x->count; i++)
        if (x->of[i].rule != y->of[i].rule)
            return false;
    return true;
}

static void share_gathered(struct correlator *c)
{
    for (size_t i = 0; i < c->correlations; i++) {
        struct pending *p = &c->pending[c->correlation[i]->number];

        p->gathered = &p->own;
        for (size_t k = 0; k < i && p->gathered == &p->own; k++) {
            struct pending *other = &c->pending[c->correlation[k]->number];

            if (same_events(p, other))
                p->gathered = other->gathered;
        }
    }
}

struct correlator *correlator_new(struct ruleset *s, struct evaluator *e)
{
    struct correlator *c = xcalloc(1, sizeof *c);
    size_t steps = 0;

    c->set = s;
    c->evaluator = e;
    c->pending = xcalloc(s->rules + 1, sizeof *c->pending);
    c->verdicts = verdicts_new(s, e);
    c->grouping = xcalloc(2 * s->rules + 1, sizeof(struct grouping *));
    c->correlation = xcalloc(s->rules + 1, sizeof(struct rule *));
    c->values = xcalloc(s->fields.count + 1U, sizeof *c->values);
    for (size_t i = 0; i < s->rules; i++) {
        struct rule *r = s->rule[i];
        const struct correlation *k = &r->correlation;
        struct pending *p = &c->pending[i];

        p->rule = r;
        if (r->kind != RULE_CORRELATION || r->bad)
            continue;
        c->correlation[c->correlations++] = r;
        add_users(c, r);
        p->groups = grouping_of(c, k->group_by, k->group_bys, false, k->from != NULL);
        if (correlation_has_field(k))
            p->values = grouping_of(c, &k->field, 1, true, false);
    }
    share_gathered(c);
    for (size_t i = 0; i < s->rules; i++)
        if (matters(c, s->rule[i]))
            verdicts_matter(c->verdicts, s->rule[i], MATTER_NOW);
    c->put_off = xcalloc(s->rules + 1, sizeof *c->put_off);
    c->value = xcalloc(s->fields.count + 1U, sizeof *c->value);
    for (size_t i = 0; i < s->rules; i++)
        steps += c->pending[i].users;
    route_init(&c->at_hand, s->rules, steps, s->fields.count);
    return c;
}

void correlator_free(struct correlator *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->set->rules; i++) {
        struct pending *p = &c->pending[i];

        findings_release(&p->found);
        free(p->own.at);
        free(p->user);
    }
    for (size_t i = 0; i < c->groupings; i++) {
        grouping_release(c->grouping[i]);
        free(c->grouping[i]);
    }
    free(c->grouping);
    for (uint32_t i = 0; i < c->set->fields.count; i++)
        numbering_release(&c->values[i]);
    free(c->values);
    free(c->value);
    routes_release(&c->routes);
    route_release(&c->at_hand);
    moments_release(&c->moments);
    verdicts_free(c->verdicts);
    free(c->put_off);
    free(c->correlation);
    free(c->pending);
    free(c->all);
    free(c);
}

static bool asks_for(const struct ruleset *s, uint32_t field)
{
    if (s->locals[field] > 0)
        return true;
    for (size_t i = 0; i < s->predicates; i++) {
        const struct predicate *p = s->predicate[i];

        if (p->op == OP_KEYWORD || (p->op == OP_SAME && (p->field == field ||
                                                         p->other == field)))
            return true;
    }
    return false;
}

bool correlator_late(struct correlator *c, uint32_t field, correlator_resolve *resolve,
                     void *ctx)
{
    if (asks_for(c->set, field))
        return false;
    for (size_t i = 0; i < c->groupings; i++)
        for (size_t k = 0; k < c->grouping[i]->fields; k++)
            if (c->grouping[i]->field[k] == field &&
                (c->grouping[i]->counted || c->grouping[i]->fields > 1))
                return false;
    for (size_t i = 0; i < c->correlations; i++) {
        const struct correlation *k = &c->correlation[i]->correlation;

        if (k->group_bys == 1 && k->group_by[0] == field && stands_on_others(k))
            return false;
        for (size_t n = 0; k->from && n < k->group_bys; n++)
            if (k->group_by[n] == field || correlation_groups_by(k, n, field))
                return false;
    }
    for (size_t i = 0; i < c->groupings; i++)
        c->grouping[i]->late = c->grouping[i]->fields == 1 && c->grouping[i]->field[0] == field;
    share_gathered(c);
    c->resolve = resolve;
    c->resolve_ctx = ctx;
    return true;
}

/* ---- events ---- */

/* Where events go that meet these rules; one is counted once, however many of the rules of a
 * correlation it meets. */
static void plot(struct correlator *c, const uint32_t *met, size_t mets)
{
    struct route *r = &c->at_hand;

    route_clear(r);
    for (size_t i = 0; i < mets; i++) {
        const struct rule *rule = c->set->rule[met[i]];
        const struct pending *below = &c->pending[met[i]];

        if (alerts(rule) && !c->again)
            route_alert(r, rule);
        for (size_t n = 0; c->put_off[met[i]] == c->again && n < below->users; n++) {
            struct pending *p = &c->pending[below->user[n].rule];
            const struct correlation *k = &p->rule->correlation;

            route_add(r, (struct route_step){
                .to = p->gathered, .groups = p->groups, .values = p->values,
                .from = k->from ? correlation_fields(k, below->user[n].as) : NULL,
                .once = takes_once(k), .rule = below->user[n].as});
        }
    }
}

static const struct route *route_of(struct correlator *c, uint32_t verdict)
{
    const struct route *known = routes_find(&c->routes, verdict);
    const uint32_t *met;
    size_t mets;

    if (known)
        return known;
    mets = verdicts_said(c->verdicts, verdict, &met);
    plot(c, met, mets);
    return routes_put(&c->routes, verdict, &c->at_hand);
}

/* Take an event all along its route; is it of interest? */
static bool follow(struct correlator *c, const struct route *r, const struct route_event *e)
{
    size_t counted = e->at->us == INT64_MIN ? 0 : route_count(r, e, &c->moments);

    for (size_t i = 0; i < r->alerts; i++)
        finding_put(findings_open(&c->pending[r->alert[i]->number].found, r->alert[i], 0,
                                  *e->at), *e->at);
    if (counted > 0)
        moments_put(&c->moments, *e->at);
    c->occurrences += counted + r->alerts;
    return counted + r->alerts > 0;
}

bool correlator_event(struct correlator *c, const struct moment *at, uint32_t user_field,
                      bool user_counts)
{
    const struct route_event e = {at, c->evaluator, NULL, 0, c->event,
                                  user_counts ? UINT32_MAX : user_field};
    const uint32_t *met;
    size_t mets = verdicts_met(c->verdicts, &met);

    plot(c, met, mets);
    follow(c, &c->at_hand, &e);
    return c->occurrences < OCCURRENCES_MAX;
}

bool correlator_values(struct correlator *c, uint32_t verdict, const uint32_t **field,
                       size_t *n, bool *mark)
{
    const struct route *r = route_of(c, verdict);

    *field = r->field;
    *n = r->fields;
    *mark = r->mark;
    return !r->whole;
}

void correlator_name(struct correlator *c, uint32_t field, uint32_t same, struct str text)
{
    numbering_put(&c->values[field], same, text);
}

enum take correlator_take(struct correlator *c, uint32_t verdict, const struct moment *at,
                          const uint32_t *same, uint64_t mark, uint32_t user_field,
                          bool user_counts)
{
    const struct route_event e = {at, c->evaluator, c->value, mark, c->event + 1,
                                  user_counts ? UINT32_MAX : user_field};
    const struct route *r = route_of(c, verdict);
    bool of_interest;

    for (size_t i = 0; i < r->fields; i++) {
        uint32_t number = numbering_known(&c->values[r->field[i]], same[i]);

        if (number == DICTIONARY_NONE && same[i] > 0)
            return TAKE_NOT;
        c->value[r->field[i]] = number;
    }
    c->event++;
    of_interest = follow(c, r, &e);
    return c->occurrences >= OCCURRENCES_MAX ? TAKE_FULL : of_interest ? TAKEN : TAKE_NOTHING;
}

bool correlator_met(const struct correlator *c, const struct rule *r)
{
    return verdicts_meets(c->verdicts, r);
}

void correlator_classes(struct correlator *c, verdicts_decided *decided, void *ctx)
{
    verdicts_classes(c->verdicts, decided, ctx);
}

bool correlator_passes(const struct correlator *c, uint32_t class)
{
    return verdicts_none(c->verdicts, class);
}

bool correlator_later(const struct correlator *c, uint32_t class)
{
    return verdicts_later(c->verdicts, class);
}

bool correlator_open(const struct correlator *c, uint32_t class, const uint32_t **field,
                     size_t *n)
{
    return verdicts_open(c->verdicts, class, field, n);
}

uint32_t correlator_verdict(struct correlator *c, uint32_t class, const uint32_t *same)
{
    return verdicts_number(c->verdicts, class, same);
}

void correlator_tell(struct correlator *c, uint32_t class, const uint32_t *same)
{
    verdicts_tell(c->verdicts, class, same);
}

bool correlator_knows(const struct correlator *c, uint32_t class)
{
    return verdicts_known(c->verdicts, class);
}

void correlator_learn(struct correlator *c, uint32_t class)
{
    verdicts_learn(c->verdicts, class);
}

bool correlator_ask(const struct correlator *c, bool *field)
{
    for (uint32_t f = 0; f < c->set->fields.count; f++)
        for (size_t i = 0; i < c->correlations; i++)
            field[f] |= rule_asks(c->set, c->correlation[i], f);
    return verdicts_ask(c->verdicts, field);
}

void correlator_apart(struct correlator *c, uint32_t field, uint32_t below)
{
    c->values[field].apart = below;
}

void correlator_again(struct correlator *c)
{
    c->again = true;
    routes_forget(&c->routes);
}

bool correlator_look(struct correlator *c, uint32_t class)
{
    const uint32_t *met;
    bool any = false;

    c->event++;
    verdicts_look(c->verdicts, class);
    for (size_t i = verdicts_met(c->verdicts, &met); i-- > 0;)
        any |= c->put_off[met[i]] == c->again && matters(c, c->set->rule[met[i]]);
    return any;
}

/* Of how many occurrences a finding of the correlation is made, at least. */
static uint64_t least_of(const struct correlation *k)
{
    return k->type == CORRELATION_TEMPORAL_ORDERED ? k->count : k->least;
}

/* Of how many events: one can meet all the rules of a temporal one. */
static uint64_t least_events(const struct correlation *k)
{
    return k->type == CORRELATION_TEMPORAL ? 1 : least_of(k);
}

/* Can all rules of each correlation that counts this one be put off? */
static bool stays_off(const struct correlator *c, const struct pending *p)
{
    for (size_t i = 0; i < p->users; i++) {
        const struct pending *user = &c->pending[p->user[i].rule];
        const struct correlation *k = &user->rule->correlation;

        if (!user->groups->late || least_events(k) < 2)
            return false;
        for (size_t n = 0; n < k->count; n++)
            if (!k->of[n].rule || !c->put_off[k->of[n].rule->number])
                return false;
    }
    return p->users > 0;
}

void correlator_put_off(struct correlator *c, verdicts_decided *sure, void *ctx)
{
    bool *told = verdicts_told(c->set, sure, ctx);
    bool changed = true;

    for (size_t i = 0; i < c->set->rules; i++) {
        const struct rule *r = c->set->rule[i];

        c->put_off[i] = r->kind == RULE_DETECTION && !r->bad && !alerts(r) &&
                        verdicts_decide(r, told);
    }
    free(told);
    while (changed) {
        changed = false;
        for (size_t i = 0; i < c->set->rules; i++)
            if (c->put_off[i] && !stays_off(c, &c->pending[i])) {
                c->put_off[i] = false;
                changed = true;
            }
    }
    for (size_t i = 0; i < c->set->rules; i++)
        if (c->put_off[i])
            verdicts_matter(c->verdicts, c->set->rule[i], MATTER_LATER);
}

static void renumber(struct moment *m, const uint32_t *source, const uint32_t *record)
{
    if (source)
        m->source = source[m->source];
    if (record)
        m->record = record[m->record];
}

void correlator_each_moment(const struct correlator *c,
                            void (*each)(void *ctx, const struct moment *at), void *ctx)
{
    for (size_t i = 0; i < c->moments.count; i++)
        each(ctx, &c->moments.at[i]);
    for (size_t i = 0; i < c->set->rules; i++)
        for (size_t k = 0; k < c->pending[i].found.count; k++)
            each(ctx, &c->pending[i].found.at[k]->opened);
}

void correlator_renumber(struct correlator *c, const uint32_t *source, const uint32_t *record)
{
    for (size_t i = 0; i < c->moments.count; i++)
        renumber(&c->moments.at[i], source, record);
    for (size_t i = 0; i < c->set->rules; i++)
        for (size_t k = 0; k < c->pending[i].found.count; k++) {
            struct finding *f = c->pending[i].found.at[k];

            renumber(&f->opened, source, record);
            f->at[0] = f->opened;
        }
}

/* ---- windows ---- */

static void go_through(struct correlator *c, struct pending *p, struct window *w)
{
    int64_t suppress = w->k->suppress_us ? w->k->suppress_us : w->k->timespan_us;
    struct finding *open = NULL;
    int64_t fired_us = 0;
    size_t taken = 0; /* those below it are in the finding or passed over */

    for (size_t i = 0; i < w->count; i++) {
        struct moment at;
        size_t from;

        if (!window_fires(w, i, &from))
            continue;
        at = c->moments.at[w->at[i].moment];
        if (!open || at.us - fired_us > suppress)
            open = findings_open(&p->found, p->rule, w->at[i].group, at);
        if (w->measure && (open->records == 0 || w->measure->now > open->measured))
            open->measured = w->measure->now;
        fired_us = at.us;
        for (size_t k = from > taken ? from : taken; k <= i; k++) {
            finding_put_occurrence(open, &w->at[k], &c->moments);
            if (w->k->type == CORRELATION_VALUE_COUNT)
                finding_put_value(open, &w->at[k], &c->moments);
        }
        taken = i + 1;
    }
}

/* Of how many rules' occurrences a finding is made, at least, as far as they are told. */
static uint64_t least_rules(const struct correlation *k)
{
    return takes_once(k) || k->count > GATHERED_RULES ? 1 : least_of(k);
}

/* In order, for all correlations that share them; once. */
static void order_gathered(struct correlator *c, const struct pending *p)
{
    struct gathered *g = p->gathered;
    uint64_t least = least_of(&p->rule->correlation);

    if (g->ordered)
        return;
    for (size_t i = 0; i < c->correlations; i++) {
        const struct correlation *k = &c->correlation[i]->correlation;

        if (c->pending[c->correlation[i]->number].gathered == g && least_of(k) < least)
            least = least_of(k);
    }
    gathered_order(g, grouping_count(p->groups), least, least_rules(&p->rule->correlation),
                   &c->moments);
}

/* Does anything fire in a group of marks? What fires in a part of it fires in the whole, but
 * for what is worked out of numbers. */
static bool may_fire(struct window *w, struct occurrence *at, size_t count)
{
    size_t from, i = 0;
    bool fired = false;

    if (w->measure)
        return true;
    window_take(w, at, count);
    for (; i < count && !fired; i++)
        fired = window_fires(w, i, &from);
    window_leave(w, i);
    return fired;
}

/* Give the occurrences of a mark the groups of their values. */
static void resolve(struct correlator *c, struct pending *p, size_t from, size_t to)
{
    struct arena once = {0};

    for (size_t i = from; i < to; i++) {
        struct occurrence *o = &p->gathered->at[i];
        struct str text;

        arena_reset(&once);
        text = c->resolve(c->resolve_ctx, c->moments.at[o->moment].record, &once);
        o->group = grouping_find(p->groups, &text);
    }
    arena_release(&once);
    gathered_order_part(p->gathered, from, to, &c->moments);
}

/* Give the occurrences the groups that their events' numbers stand for. */
static void settle_gathered(struct gathered *p, const struct grouping *groups)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->count; i++) {
        p->at[i].group = groups->settled[p->at[i].group];
        if (p->at[i].group != DICTIONARY_NONE)
            p->at[kept++] = p->at[i];
    }
    p->count = kept;
}

/* Can one event alone, or rather its mark, be of interest in these groups? */
static bool counts_alone(const struct correlator *c, const struct grouping *g)
{
    for (size_t i = 0; i < c->correlations; i++)
        if (c->pending[c->correlation[i]->number].groups == g &&
            least_events(&c->correlation[i]->correlation) < 2)
            return true;
    return false;
}

static void settle(struct correlator *c)
{
    for (size_t i = 0; i < c->groupings; i++)
        if (grouping_settles(c->grouping[i]))
            grouping_settle(c->grouping[i], counts_alone(c, c->grouping[i]));
    for (size_t i = 0; i < c->correlations; i++) {
        struct pending *p = &c->pending[c->correlation[i]->number];

        if (p->gathered == &p->own && grouping_settles(p->groups))
            settle_gathered(&p->own, p->groups);
    }
}

/* Leave out the occurrences whose value is no number. */
static void keep_numbers(struct gathered *g, const struct measure *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->count; i++)
        if (measure_has(m, g->at[i].value))
            g->at[kept++] = g->at[i];
    g->count = kept;
}

static void work_out(struct correlator *c, struct pending *p)
{
    const struct correlation *k = &p->rule->correlation;
    struct gathered *g = p->gathered;
    struct measure measure;
    struct window w;

    if (correlation_measures(k)) {
        measure_init(&measure, k, p->values);
        keep_numbers(g, &measure);
    }
    order_gathered(c, p);
    window_init(&w, k, p->values ? grouping_count(p->values) : 0, &c->moments);
    w.measure = correlation_measures(k) ? &measure : NULL;
    for (size_t from = 0, end; from < g->count; from = end) {
        end = gathered_group_end(g, from, g->count);
        if (p->groups->late) {
            if (!may_fire(&w, g->at + from, end - from))
                continue;
            resolve(c, p, from, end);
        }
        for (size_t to; from < end; from = to) {
            to = gathered_group_end(g, from, end);
            window_take(&w, g->at + from, to - from);
            go_through(c, p, &w);
            window_leave(&w, w.count);
        }
    }
    for (size_t i = 0; i < p->found.count; i++)
        finding_order(p->found.at[i]);
    window_release(&w);
    if (w.measure)
        measure_release(&measure);
}

/* ---- chains of correlations ---- */

struct str correlator_group(const struct correlator *c, const struct finding *f, size_t at)
{
    const struct pending *p = &c->pending[f->rule->number];

    return p->groups ? grouping_text(p->groups, f->group, at) : STR("");
}

/* The value that a finding has for a field; false: its groups have no such field. */
static bool group_value(const struct correlator *c, const struct finding *f, uint32_t field,
                        struct str *out)
{
    const struct correlation *k = &f->rule->correlation;

    for (size_t i = 0; i < k->group_bys; i++)
        if (k->group_by[i] == field) {
            *out = correlator_group(c, f, i);
            return true;
        }
    return false;
}

/* The number of what the finding has in these fields, which are the group's. */
static uint32_t number_of(const struct correlator *c, struct grouping *g,
                          const struct finding *f, const uint32_t *field)
{
    struct str *text = xcalloc(g->fields + 1, sizeof *text);
    uint32_t number = DICTIONARY_NONE;
    bool whole = true;

    for (size_t i = 0; i < g->fields && whole; i++)
        whole = group_value(c, f, field[i], &text[i]);
    if (whole)
        number = grouping_find(g, text);
    free(text);
    return number;
}

/* A finding of a rule that the correlation stands on. */
static void add_finding(struct correlator *c, struct pending *p, uint16_t rule,
                        const struct finding *f)
{
    struct occurrence o = {.moment = (uint32_t)c->moments.count, .rule = rule,
                           .value = DICTIONARY_NONE};

    o.group = number_of(c, p->groups, f, correlation_fields(&p->rule->correlation, rule));
    if (o.group != DICTIONARY_NONE && p->values)
        o.value = number_of(c, p->values, f, p->values->field);
    if (o.group == DICTIONARY_NONE || (p->values && o.value == DICTIONARY_NONE))
        return;
    moments_put_inner(&c->moments, f);
    gathered_put(p->gathered, o);
}

static int by_opening(const void *a, const void *b)
{
    const struct finding *x = *(const struct finding *const *)a;
    const struct finding *y = *(const struct finding *const *)b;

    if (x->rule != y->rule)
        return x->rule->number < y->rule->number ? -1 : 1;
    if (moment_compare(&x->opened, &y->opened) != 0)
        return moment_compare(&x->opened, &y->opened);
    return x->group < y->group ? -1 : x->group > y->group;
}

void correlator_finish(struct correlator *c)
{
    struct ruleset *s = c->set;
    int deepest = 0;
    size_t total = 0;

    c->moments.events = c->moments.count;
    settle(c);
    for (size_t i = 0; i < s->rules; i++)
        deepest = s->rule[i]->order > deepest ? s->rule[i]->order : deepest;
    for (int order = 1; order <= deepest; order++)
        for (size_t i = 0; i < s->rules; i++) {
            struct rule *r = s->rule[i];

            if (r->order != order || r->bad || r->kind != RULE_CORRELATION)
                continue;
            for (size_t n = 0; n < r->correlation.count; n++) {
                const struct rule *of = r->correlation.of[n].rule;
                const struct pending *below = &c->pending[of->number];

                for (size_t f = 0; of->kind == RULE_CORRELATION && f < below->found.count; f++)
                    add_finding(c, &c->pending[i], (uint16_t)n, below->found.at[f]);
            }
            work_out(c, &c->pending[i]);
        }
    for (size_t i = 0; i < s->rules; i++)
        total += alerts(s->rule[i]) ? c->pending[i].found.count : 0;
    c->all = xcalloc(total + 1, sizeof *c->all);
    for (size_t i = 0; i < s->rules; i++)
        for (size_t f = 0; alerts(s->rule[i]) && f < c->pending[i].found.count; f++)
            c->all[c->count++] = c->pending[i].found.at[f];
    if (c->count > 0)
        qsort(c->all, c->count, sizeof *c->all, by_opening);
}

size_t correlator_findings(const struct correlator *c, const struct finding *const **out)
{
    *out = c->all;
    return c->count;
}
