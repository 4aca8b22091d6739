/* verdicts.c - see verdicts.h. A rule is worked out for a class in three values: what hangs on
 * predicates that the class does not tell may be. What is said of several classes is kept
 * once; where it leaves something open, what an event meets is kept by the numbers of its
 * values in the fields that are asked for. */
#include "sigma/verdicts.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/dictionary.h"
#include "base/mem.h"
#include "base/pairs.h"

/* What is said of classes: rules that all their events meet, then those that one may. */
struct said {
    const uint32_t *rule;
    uint32_t mets, maybes;
    const uint32_t *field; /* that tell which of the latter an event meets */
    uint32_t fields;
    bool whole;      /* more than fields can tell is asked */
    uint8_t matters; /* bits of enum matter, of all these */
};
enum { FIELDS_MAX = 16, TOLD_MAX = 1 << 20 };

struct verdicts {
    struct ruleset *set;
    struct evaluator *evaluator;
    uint32_t *rule; /* detections to look at */
    size_t rules;
    bool *told;     /* by predicate: classes tell it */
    uint32_t tellings; /* how often that was said anew */
    bool *is_met;   /* by rule of the set */
    uint8_t *matters; /* likewise, enum matter */
    uint32_t *met;
    size_t mets;
    uint32_t *place; /* by class: what is said of it, + 1; 0: it is not known */
    size_t places;
    struct said *said;
    size_t said_cap;
    struct dictionary distinct; /* of what is said, by number */
    struct told {
        struct pairs values; /* what goes before and the value of one more field */
        uint32_t *said;      /* where no more are asked for: what is met, + 1; 0: unknown */
        size_t cap;
    } told_by[FIELDS_MAX];
    struct arena arena;
    struct buf key;
};

struct verdicts *verdicts_new(struct ruleset *s, struct evaluator *e)
{
    struct verdicts *v = xcalloc(1, sizeof *v);

    v->set = s;
    v->evaluator = e;
    v->rule = xcalloc(s->rules + 1, sizeof *v->rule);
    v->met = xcalloc(s->rules + 1, sizeof *v->met);
    v->told = xcalloc(s->predicates + 1, sizeof *v->told);
    v->is_met = xcalloc(s->rules + 1, sizeof *v->is_met);
    v->matters = xcalloc(s->rules + 1, sizeof *v->matters);
    for (size_t i = 0; i < s->rules; i++)
        if (s->rule[i]->kind == RULE_DETECTION && !s->rule[i]->bad)
            v->rule[v->rules++] = (uint32_t)i;
    return v;
}

static void forget_told(struct verdicts *v)
{
    for (int i = 0; i < FIELDS_MAX; i++) {
        pairs_release(&v->told_by[i].values);
        free(v->told_by[i].said);
        v->told_by[i] = (struct told){.said = NULL};
    }
}

void verdicts_free(struct verdicts *v)
{
    if (!v)
        return;
    free(v->rule);
    free(v->met);
    free(v->told);
    free(v->is_met);
    free(v->matters);
    free(v->place);
    free(v->said);
    forget_told(v);
    dictionary_release(&v->distinct);
    arena_release(&v->arena);
    buf_release(&v->key);
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

/* Would a class tell whether the predicate holds? */
static bool tells(const struct ruleset *s, const struct predicate *p,
                  verdicts_decided *decided, void *ctx)
{
    const struct str *name = s->fields.entry;

    return p->op != OP_KEYWORD &&
           decided(ctx, name[p->field]) >=
               (asks_filled(p) ? DECIDED_FILLED : DECIDED_VALUE) &&
           (p->op != OP_SAME || decided(ctx, name[p->other]) == DECIDED_VALUE);
}

static bool all_told(const struct expression *x, const bool *told)
{
    if (x->kind == EXPRESSION_PREDICATE)
        return told[x->number];
    for (size_t i = 0; i < x->parts; i++)
        if (!all_told(x->part[i], told))
            return false;
    return true;
}

bool *verdicts_told(const struct ruleset *s, verdicts_decided *decided, void *ctx)
{
    bool *told = xcalloc(s->predicates + 1, sizeof *told);

    for (size_t i = 0; i < s->predicates; i++)
        told[i] = tells(s, s->predicate[i], decided, ctx);
    return told;
}

bool verdicts_decide(const struct rule *r, const bool *told)
{
    return !r->condition || all_told(r->condition, told);
}

void verdicts_classes(struct verdicts *v, verdicts_decided *decided, void *ctx)
{
    v->tellings++;
    forget_told(v);
    free(v->told);
    v->told = verdicts_told(v->set, decided, ctx);
}

/* Mark the fields that the expression asks for, but in predicates that are told; false: any
 * text is among it. */
static bool ask(const struct ruleset *s, const struct expression *x, const bool *told,
                bool *field)
{
    bool fields = true;

    if (x->kind == EXPRESSION_PREDICATE && !told[x->number]) {
        const struct predicate *p = s->predicate[x->number];

        if (p->op == OP_KEYWORD)
            return false;
        field[p->field] = true;
        if (p->op == OP_SAME)
            field[p->other] = true;
    }
    for (size_t i = 0; i < x->parts; i++)
        fields &= ask(s, x->part[i], told, field);
    return fields;
}

bool verdicts_ask(const struct verdicts *v, bool *field)
{
    bool *none = xcalloc(v->set->predicates + 1, sizeof *none);
    bool fields = true;

    for (size_t i = 0; i < v->rules; i++) {
        const struct rule *r = v->set->rule[v->rule[i]];

        if (v->matters[r->number] && !verdicts_decide(r, v->told))
            fields &= ask(v->set, r->condition, none, field);
    }
    free(none);
    return fields;
}

/* ---- classes ---- */

bool verdicts_known(const struct verdicts *v, uint32_t class)
{
    return class < v->places && v->place[class];
}

static const struct said *said_of(const struct verdicts *v, uint32_t class)
{
    return verdicts_known(v, class) ? &v->said[v->place[class] - 1] : NULL;
}

/* Which fields do the rules ask for that may be met, of what classes do not tell? */
static void find_fields(struct verdicts *v, struct said *said)
{
    bool *asked = xcalloc(v->set->fields.count + 1U, sizeof *asked);
    uint32_t *field = arena_alloc(&v->arena, FIELDS_MAX * sizeof *field);

    for (uint32_t i = said->mets; i < said->mets + said->maybes; i++)
        said->whole |= !ask(v->set, v->set->rule[said->rule[i]]->condition, v->told, asked);
    for (uint32_t i = 0; i < v->set->fields.count; i++) {
        said->whole |= asked[i] && said->fields == FIELDS_MAX;
        if (asked[i] && !said->whole)
            field[said->fields++] = i;
    }
    said->field = field;
    free(asked);
}

static void own(struct verdicts *v, uint32_t number, struct said *said)
{
    size_t bytes = ((size_t)said->mets + said->maybes) * sizeof *said->rule;
    uint32_t *rule = arena_alloc(&v->arena, bytes + 1);

    if (bytes > 0)
        memcpy(rule, said->rule, bytes);
    said->rule = rule;
    for (size_t i = 0; i < (size_t)said->mets + said->maybes; i++)
        said->matters |= v->matters[rule[i]];
    if (said->maybes > 0)
        find_fields(v, said);
    v->said = xroom(v->said, &v->said_cap, number + 1UL, sizeof *v->said);
    v->said[number] = *said;
}

/* The number of what is said. */
static uint32_t keep(struct verdicts *v, struct said *said)
{
    uint32_t known = v->distinct.count, number;

    v->key.len = 0;
    buf_put_u32(&v->key, said->mets);
    buf_put_u32(&v->key, said->maybes > 0 ? v->tellings : 0); /* what is open hangs on it */
    buf_put(&v->key, said->rule, ((size_t)said->mets + said->maybes) * sizeof *said->rule);
    number = dictionary_put(&v->distinct, buf_str(&v->key), &v->arena);
    if (number == known)
        own(v, number, said);
    return number;
}

void verdicts_learn(struct verdicts *v, uint32_t class)
{
    uint32_t *rule = xcalloc(v->rules + 1, sizeof *rule);
    uint32_t *maybe = xcalloc(v->rules + 1, sizeof *maybe);
    struct said said = {.rule = rule};

    for (size_t i = 0; i < v->rules; i++) {
        uint32_t number = v->rule[i];
        enum meets meets = v->matters[number]
                               ? evaluator_may_meet(v->evaluator, v->set->rule[number], v->told)
                               : MEETS_NOT;

        if (meets == MEETS)
            rule[said.mets++] = number;
        if (meets == MEETS_PERHAPS)
            maybe[said.maybes++] = number;
    }
    memcpy(rule + said.mets, maybe, said.maybes * sizeof *maybe);
    v->place = xroom(v->place, &v->places, class + 1UL, sizeof *v->place);
    v->place[class] = keep(v, &said) + 1;
    free(rule);
    free(maybe);
}

bool verdicts_none(const struct verdicts *v, uint32_t class)
{
    const struct said *said = said_of(v, class);

    return said && !(said->matters & MATTER_NOW);
}

bool verdicts_later(const struct verdicts *v, uint32_t class)
{
    const struct said *said = said_of(v, class);

    return said && said->matters & MATTER_LATER;
}

/* ---- events of a class by the values of some fields ---- */

bool verdicts_open(const struct verdicts *v, uint32_t class, const uint32_t **field, size_t *n)
{
    const struct said *said = said_of(v, class);

    *field = said->field;
    *n = said->fields;
    return !said->whole;
}

/* Where the number stands; NULL: no more are kept. */
static uint32_t *place_of(struct verdicts *v, uint32_t class, const uint32_t *same)
{
    uint32_t number = v->place[class] - 1;
    size_t n = said_of(v, class)->fields;
    struct told *last = &v->told_by[n - 1];

    if (last->values.count >= TOLD_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++)
        number = pairs_put(&v->told_by[i].values, (uint64_t)number << 32 | same[i]);
    last->said = xroom(last->said, &last->cap, number + 1UL, sizeof *last->said);
    return &last->said[number];
}

uint32_t verdicts_number(struct verdicts *v, uint32_t class, const uint32_t *same)
{
    const uint32_t *place;

    if (said_of(v, class)->maybes == 0)
        return v->place[class] - 1;
    place = place_of(v, class, same);
    return place && *place ? *place - 1 : VERDICTS_UNKNOWN;
}

void verdicts_tell(struct verdicts *v, uint32_t class, const uint32_t *same)
{
    struct said said = {.rule = v->met, .mets = (uint32_t)v->mets};
    uint32_t *place = said_of(v, class)->maybes > 0 ? place_of(v, class, same) : NULL;

    if (place)
        *place = keep(v, &said) + 1;
}

size_t verdicts_said(const struct verdicts *v, uint32_t number, const uint32_t **rule)
{
    *rule = v->said[number].rule;
    return v->said[number].mets;
}

/* ---- events ---- */

static void meet(struct verdicts *v, uint32_t rule)
{
    v->is_met[rule] = true;
    v->met[v->mets++] = rule;
}

/* Look at n of the rules. */
static void look(struct verdicts *v, const uint32_t *rule, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (evaluator_meets(v->evaluator, v->set->rule[rule[i]]))
            meet(v, rule[i]);
}

void verdicts_look(struct verdicts *v, uint32_t class)
{
    const struct said *said = said_of(v, class);

    for (size_t i = 0; i < v->mets; i++)
        v->is_met[v->met[i]] = false;
    v->mets = 0;
    if (!said) {
        look(v, v->rule, v->rules);
        return;
    }
    for (uint32_t i = 0; i < said->mets; i++)
        meet(v, said->rule[i]);
    look(v, said->rule + said->mets, said->maybes);
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
