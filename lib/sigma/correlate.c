/* correlate.c - see correlate.h. Occurrences are gathered while events come, then sorted and
 * gone through group by group: two ends of a window move over them. A correlation that
 * others stand on gives its findings to them as occurrences, with their whole span. */
#include "sigma/correlate.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

enum { OCCURRENCES_MAX = 64 << 20 };

struct occurrence {
    struct moment at;
    int64_t first_us;      /* of a finding's span; else at.us */
    uint32_t group, value; /* value DICTIONARY_NONE: none */
    uint16_t rule;         /* among those that the correlation stands on */
    const struct finding *inner; /* NULL: an event */
};

struct pending {
    const struct rule *rule;
    struct occurrence *at;
    size_t count, cap;
    struct dictionary groups, values;
    struct finding **found;
    size_t founds, found_cap;
};

struct correlator {
    struct ruleset *set;
    struct evaluator *evaluator;
    struct pending *pending; /* by rule */
    bool *met;               /* by rule */
    const struct finding **all;
    size_t count;
    size_t occurrences;
    struct arena arena;
};

struct correlator *correlator_new(struct ruleset *s, struct evaluator *e)
{
    struct correlator *c = xcalloc(1, sizeof *c);

    c->set = s;
    c->evaluator = e;
    c->pending = xcalloc(s->rules + 1, sizeof *c->pending);
    c->met = xcalloc(s->rules + 1, sizeof *c->met);
    for (size_t i = 0; i < s->rules; i++)
        c->pending[i].rule = s->rule[i];
    return c;
}

void correlator_free(struct correlator *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->set->rules; i++) {
        struct pending *p = &c->pending[i];

        for (size_t k = 0; k < p->founds; k++)
            free(p->found[k]->at);
        free(p->found);
        free(p->at);
        dictionary_release(&p->groups);
        dictionary_release(&p->values);
    }
    free(c->pending);
    free(c->met);
    free(c->all);
    arena_release(&c->arena);
    free(c);
}

/* ---- findings ---- */

static struct finding *finding_new(struct correlator *c, struct pending *p, uint32_t group,
                                   struct moment at)
{
    struct finding *f = arena_alloc(&c->arena, sizeof *f);

    *f = (struct finding){.rule = p->rule, .group = group, .opened = at};
    if (p->founds == p->found_cap) {
        p->found_cap = p->found_cap ? p->found_cap * 2 : 16;
        p->found = xrealloc(p->found, p->found_cap * sizeof *p->found);
    }
    p->found[p->founds++] = f;
    return f;
}

static int by_moment(const struct moment *a, const struct moment *b)
{
    if (a->us != b->us)
        return a->us < b->us ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->source_seq != b->source_seq)
        return a->source_seq < b->source_seq ? -1 : 1;
    return a->record < b->record ? -1 : a->record > b->record;
}

static void put_record(struct finding *f, struct moment at)
{
    if (f->records == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 8;
        f->at = xrealloc(f->at, f->cap * sizeof *f->at);
    }
    f->at[f->records++] = at;
}

static void put_occurrence(struct finding *f, const struct occurrence *o)
{
    if (!o->inner)
        put_record(f, o->at);
    for (size_t i = 0; o->inner && i < o->inner->records; i++)
        put_record(f, o->inner->at[i]);
}

static int compare_moments(const void *a, const void *b)
{
    return by_moment(a, b);
}

/* In order, and an event once, though it stands in several occurrences. */
static void put_in_order(struct finding *f)
{
    size_t kept = 0;

    if (f->records > 0)
        qsort(f->at, f->records, sizeof *f->at, compare_moments);
    for (size_t i = 0; i < f->records; i++)
        if (kept == 0 || by_moment(&f->at[i], &f->at[kept - 1]) != 0)
            f->at[kept++] = f->at[i];
    f->records = kept;
}

/* ---- events ---- */

static void put_key(struct buf *key, struct str text)
{
    buf_put_varint(key, text.len);
    buf_put_str(key, text);
}

/* Take an occurrence of the group with that key. */
static void put_pending(struct correlator *c, struct pending *p, struct occurrence o,
                        const struct buf *key)
{
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 64;
        p->at = xrealloc(p->at, p->cap * sizeof *p->at);
    }
    o.group = dictionary_put(&p->groups, buf_str(key), &c->arena);
    p->at[p->count++] = o;
    c->occurrences++;
}

/* The event as one of those that a correlation counts. */
static void add_event(struct correlator *c, struct pending *p, uint16_t rule,
                      const struct moment *at, uint32_t user_field, bool user_counts)
{
    const struct correlation *k = &p->rule->correlation;
    struct occurrence o = {.at = *at, .first_us = at->us, .rule = rule,
                           .value = DICTIONARY_NONE};
    struct buf key = {0};
    bool whole = true;

    for (size_t i = 0; i < k->group_bys && whole; i++) {
        const struct event_value *v = evaluator_field(c->evaluator, k->group_by[i]);

        whole = v->kind >= EVENT_TEXT && v->kind != EVENT_LIST &&
                (k->group_by[i] != user_field || user_counts);
        if (whole)
            put_key(&key, v->text);
    }
    if (whole && k->type == CORRELATION_VALUE_COUNT) {
        const struct event_value *v = evaluator_field(c->evaluator, k->field);

        whole = v->kind >= EVENT_TEXT && v->kind != EVENT_LIST;
        if (whole)
            o.value = dictionary_put(&p->values, v->text, &c->arena);
    }
    if (whole)
        put_pending(c, p, o, &key);
    buf_release(&key);
}

bool correlator_met(const struct correlator *c, const struct rule *r)
{
    return c->met[r->number];
}

static bool alerts(const struct rule *r)
{
    return !r->bad && !r->used && r->level > LEVEL_INFORMATIONAL;
}

bool correlator_look(struct correlator *c)
{
    struct ruleset *s = c->set;
    bool any = false;

    for (size_t i = 0; i < s->rules; i++) {
        struct rule *r = s->rule[i];

        c->met[i] = r->kind == RULE_DETECTION && !r->bad && evaluator_meets(c->evaluator, r);
        any |= c->met[i] && (r->used || alerts(r));
    }
    return any;
}

bool correlator_event(struct correlator *c, const struct moment *at, uint32_t user_field,
                      bool user_counts)
{
    struct ruleset *s = c->set;

    for (size_t i = 0; i < s->rules; i++) {
        struct rule *r = s->rule[i];

        if (c->met[i] && alerts(r)) {
            struct finding *f = finding_new(c, &c->pending[i], 0, *at);

            put_record(f, *at);
            c->occurrences++;
        }
    }
    for (size_t i = 0; at->us != INT64_MIN && i < s->rules; i++) {
        const struct correlation *k = &s->rule[i]->correlation;
        bool counts = k->type == CORRELATION_EVENT_COUNT ||
                      k->type == CORRELATION_VALUE_COUNT;
        bool taken = false;

        for (size_t n = 0; s->rule[i]->kind == RULE_CORRELATION && !s->rule[i]->bad &&
                           n < k->count; n++)
            if (k->of[n].rule && c->met[k->of[n].rule->number] && !(counts && taken)) {
                add_event(c, &c->pending[i], (uint16_t)n, at, user_field, user_counts);
                taken = true;
            }
    }
    return c->occurrences < OCCURRENCES_MAX;
}

void correlator_sources(struct correlator *c, const uint32_t *number)
{
    for (size_t i = 0; i < c->set->rules; i++) {
        struct pending *p = &c->pending[i];

        for (size_t k = 0; k < p->count; k++)
            p->at[k].at.source = number[p->at[k].at.source];
        for (size_t k = 0; k < p->founds; k++) {
            p->found[k]->opened.source = number[p->found[k]->opened.source];
            p->found[k]->at[0].source = p->found[k]->opened.source;
        }
    }
}

/* ---- windows ---- */

struct window {
    struct correlator *c;
    struct pending *p;
    const struct correlation *k;
    const struct occurrence *at; /* of one group, in order */
    size_t count, low;           /* the window: [low, the one at hand] */
    size_t taken;                /* occurrences below it are in the finding or passed over */
    uint32_t *in_window;         /* by value, or by rule: how many */
    uint64_t distinct;
    int64_t *chain;              /* by rule: latest start of a chain up to it, of events
                                    before `tied`; INT64_MIN: none */
    size_t tied;                 /* first of those that have the time at hand */
    struct finding *open;
    int64_t fired_us;
};

/* Let one in or out of the window; only what is counted distinctly matters. */
static void count_one(struct window *w, const struct occurrence *o, bool in)
{
    uint32_t *n = w->k->type == CORRELATION_VALUE_COUNT ? &w->in_window[o->value]
                                                        : &w->in_window[o->rule];

    if (w->k->type == CORRELATION_EVENT_COUNT)
        return;
    if (in)
        w->distinct += (*n)++ == 0;
    else
        w->distinct -= --(*n) == 0;
}

enum { TIED_MAX = 32, STEPS_MAX = 16 };

/* Events of a chain that ends at hand, from its end on. */
struct steps {
    uint64_t record[STEPS_MAX];
    size_t count;
};

/* The latest start of a chain up to the rule whose event was put into *used last. Times may
 * be equal, in whatever order; no event stands in a chain twice. */
static int64_t latest_start(const struct window *w, size_t end, size_t rule, int64_t own,
                            struct steps *used)
{
    int64_t best;

    if (rule == 0 || used->count == STEPS_MAX)
        return own;
    best = w->chain[rule - 1];
    for (size_t i = w->tied; i < end && i < w->tied + TIED_MAX; i++) {
        const struct occurrence *o = &w->at[i];
        bool twice = o->rule + 1U != rule;
        int64_t start;

        for (size_t k = 0; k < used->count; k++)
            twice |= used->record[k] == o->at.record;
        if (twice)
            continue;
        used->record[used->count++] = o->at.record;
        start = latest_start(w, end, rule - 1, o->first_us, used);
        used->count--;
        best = start > best ? start : best;
    }
    return best;
}

static int64_t start_of(const struct window *w, size_t i, size_t end)
{
    struct steps used = {{w->at[i].at.record}, 1};

    return latest_start(w, end, w->at[i].rule, w->at[i].first_us, &used);
}

/* The start of the latest chain that the i-th completes; INT64_MIN: none. */
static int64_t step_chain(struct window *w, size_t i)
{
    size_t end = i + 1;

    if (w->at[w->tied].at.us != w->at[i].at.us) {
        int64_t *next = xmalloc(w->k->count * sizeof *next);

        memcpy(next, w->chain, w->k->count * sizeof *next);
        for (size_t k = w->tied; k < i; k++) {
            int64_t start = start_of(w, k, i);

            if (start > next[w->at[k].rule])
                next[w->at[k].rule] = start;
        }
        memcpy(w->chain, next, w->k->count * sizeof *next);
        free(next);
        w->tied = i;
    }
    while (end < w->count && w->at[end].at.record == w->at[i].at.record)
        end++; /* the event's other steps are there as soon as it is */
    return w->at[i].rule + 1U == w->k->count ? start_of(w, i, end) : INT64_MIN;
}

/* Does the condition hold with the i-th? *from gets where its window begins. */
static bool fires(struct window *w, size_t i, size_t *from)
{
    const struct occurrence *o = &w->at[i];
    int64_t start;

    count_one(w, o, true);
    while (o->at.us - w->at[w->low].first_us > w->k->timespan_us)
        count_one(w, &w->at[w->low++], false);
    *from = w->low;
    switch (w->k->type) {
    case CORRELATION_EVENT_COUNT:
        return i - w->low + 1 >= w->k->least;
    case CORRELATION_VALUE_COUNT:
    case CORRELATION_TEMPORAL:
        return w->distinct >= w->k->least;
    case CORRELATION_TEMPORAL_ORDERED:
        break;
    }
    start = step_chain(w, i);
    if (start == INT64_MIN || o->at.us - start > w->k->timespan_us)
        return false;
    while (*from < i && w->at[*from].first_us < start)
        ++*from;
    return true;
}

static void go_through(struct window *w)
{
    int64_t suppress = w->k->suppress_us ? w->k->suppress_us : w->k->timespan_us;

    for (size_t i = 0; i < w->count; i++) {
        size_t from;

        if (!fires(w, i, &from))
            continue;
        if (!w->open || w->at[i].at.us - w->fired_us > suppress)
            w->open = finding_new(w->c, w->p, w->at[i].group, w->at[i].at);
        w->fired_us = w->at[i].at.us;
        for (size_t k = from > w->taken ? from : w->taken; k <= i; k++)
            put_occurrence(w->open, &w->at[k]);
        w->taken = i + 1;
    }
}

static int by_group(const void *a, const void *b)
{
    const struct occurrence *x = a;
    const struct occurrence *y = b;
    int order = x->group < y->group ? -1 : x->group > y->group;

    if (order == 0)
        order = by_moment(&x->at, &y->at);
    return order ? order : x->rule < y->rule ? -1 : x->rule > y->rule;
}

static void work_out(struct correlator *c, struct pending *p)
{
    const struct correlation *k = &p->rule->correlation;
    size_t numbers = k->type == CORRELATION_VALUE_COUNT ? p->values.count : k->count;
    struct window w = {.c = c, .p = p, .k = k};

    if (p->count > 0)
        qsort(p->at, p->count, sizeof *p->at, by_group);
    w.in_window = xcalloc(numbers + 1, sizeof *w.in_window);
    w.chain = xcalloc(k->count + 1, sizeof *w.chain);
    for (size_t from = 0, to; from < p->count; from = to) {
        for (to = from; to < p->count && p->at[to].group == p->at[from].group;)
            to++;
        w.at = p->at + from;
        w.count = to - from;
        w.low = w.taken = w.tied = 0;
        w.open = NULL;
        w.distinct = 0;
        memset(w.in_window, 0, numbers * sizeof *w.in_window);
        for (size_t i = 0; i < k->count; i++)
            w.chain[i] = INT64_MIN;
        go_through(&w);
    }
    for (size_t i = 0; i < p->founds; i++)
        put_in_order(p->found[i]);
    free(w.in_window);
    free(w.chain);
}

/* ---- chains of correlations ---- */

struct str correlator_group(const struct correlator *c, const struct finding *f, size_t at)
{
    const struct pending *p = &c->pending[f->rule->number];
    struct str key = f->group < p->groups.count ? p->groups.entry[f->group] : STR("");

    for (size_t i = 0; key.len > 0; i++) {
        size_t len = 0;
        unsigned shift = 0;
        size_t n = 0;

        do
            len |= (size_t)(key.at[n] & 127) << shift, shift += 7;
        while (n < key.len && key.at[n++] & 128);
        if (i == at)
            return str_part(key, n, n + len);
        key = str_part(key, n + len, key.len);
    }
    return STR("");
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

static void add_finding(struct correlator *c, struct pending *p, uint16_t rule,
                        const struct finding *f)
{
    const struct correlation *k = &p->rule->correlation;
    struct occurrence o = {.at = f->at[f->records - 1], .first_us = f->at[0].us,
                           .rule = rule, .inner = f, .value = DICTIONARY_NONE};
    struct buf key = {0};
    struct str text = STR("");
    bool whole = true;

    for (size_t i = 0; i < k->group_bys && whole; i++) {
        whole = group_value(c, f, k->group_by[i], &text);
        if (whole)
            put_key(&key, text);
    }
    if (whole && k->type == CORRELATION_VALUE_COUNT) {
        whole = group_value(c, f, k->field, &text);
        if (whole)
            o.value = dictionary_put(&p->values, text, &c->arena);
    }
    if (whole)
        put_pending(c, p, o, &key);
    buf_release(&key);
}

static int by_opening(const void *a, const void *b)
{
    const struct finding *x = *(const struct finding *const *)a;
    const struct finding *y = *(const struct finding *const *)b;

    if (x->rule != y->rule)
        return x->rule->number < y->rule->number ? -1 : 1;
    if (by_moment(&x->opened, &y->opened) != 0)
        return by_moment(&x->opened, &y->opened);
    return x->group < y->group ? -1 : x->group > y->group;
}

void correlator_finish(struct correlator *c)
{
    struct ruleset *s = c->set;
    int deepest = 0;
    size_t total = 0;

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

                for (size_t f = 0; of->kind == RULE_CORRELATION && f < below->founds; f++)
                    add_finding(c, &c->pending[i], (uint16_t)n, below->found[f]);
            }
            work_out(c, &c->pending[i]);
        }
    for (size_t i = 0; i < s->rules; i++)
        total += alerts(s->rule[i]) ? c->pending[i].founds : 0;
    c->all = xcalloc(total + 1, sizeof *c->all);
    for (size_t i = 0; i < s->rules; i++)
        for (size_t f = 0; alerts(s->rule[i]) && f < c->pending[i].founds; f++)
            c->all[c->count++] = c->pending[i].found[f];
    if (c->count > 0)
        qsort(c->all, c->count, sizeof *c->all, by_opening);
}

size_t correlator_findings(const struct correlator *c, const struct finding *const **out)
{
    *out = c->all;
    return c->count;
}
