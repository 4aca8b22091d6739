/* ruleset.c - see ruleset.h. Predicates that are equal in form are one. */
#include "sigma/ruleset.h"

#include "base/mem.h"

uint32_t rule_field(struct ruleset *s, struct str name)
{
    uint32_t n = dictionary_put(&s->fields, name, &s->arena);

    if (n >= s->locals_cap) {
        size_t cap = s->locals_cap ? s->locals_cap * 2 : 64;

        s->locals = xrealloc(s->locals, cap * sizeof *s->locals);
        memset(s->locals + s->locals_cap, 0, (cap - s->locals_cap) * sizeof *s->locals);
        s->locals_cap = cap;
    }
    return n;
}

uint32_t rule_predicate(struct ruleset *s, const struct predicate *p, struct str form)
{
    uint32_t before = s->forms.count;
    uint32_t n = dictionary_put(&s->forms, form, &s->arena);
    struct predicate *made;

    if (n < before) {
        regex_free(p->regex);
        return n;
    }
    if (s->predicates == s->predicate_cap) {
        s->predicate_cap = s->predicate_cap ? s->predicate_cap * 2 : 64;
        s->predicate = xrealloc(s->predicate, s->predicate_cap * sizeof *s->predicate);
    }
    made = arena_alloc(&s->arena, sizeof *made);
    *made = *p;
    if (p->op != OP_KEYWORD && p->op != OP_EXISTS && p->op != OP_NULL && p->op != OP_SAME)
        made->local = s->locals[p->field]++;
    s->predicate[s->predicates++] = made;
    return n;
}

void ruleset_release(struct ruleset *s)
{
    for (size_t i = 0; i < s->predicates; i++) {
        pattern_release(&s->predicate[i]->pattern);
        regex_free(s->predicate[i]->regex);
    }
    free(s->predicate);
    free(s->rule);
    free(s->locals);
    dictionary_release(&s->fields);
    dictionary_release(&s->forms);
    arena_release(&s->arena);
    memset(s, 0, sizeof *s);
}

struct expression *expression_new(struct ruleset *s, enum expression_kind kind, size_t parts)
{
    struct expression *e = arena_alloc(&s->arena, sizeof *e);

    *e = (struct expression){.kind = kind, .parts = parts};
    e->part = arena_alloc(&s->arena, (parts + 1) * sizeof *e->part);
    memset(e->part, 0, (parts + 1) * sizeof *e->part);
    return e;
}

struct expression *expression_join(struct ruleset *s, enum expression_kind kind,
                                   struct expression *const *part, size_t parts)
{
    struct expression *e = expression_new(s, kind, parts);

    memcpy(e->part, part, parts * sizeof *part);
    return e;
}

const char *const rule_levels[] = {"", "informational", "low", "medium", "high", "critical"};

struct str rule_id(const struct rule *r)
{
    return r->id.len ? r->id : r->title;
}

struct str rule_digest(const struct rule *r, char to[RULE_DIGEST])
{
    hash_hex(to, r->digest, RULE_DIGEST / 2);
    return (struct str){to, RULE_DIGEST - 1};
}

bool timespan_read(struct str text, int64_t *us)
{
    static const char units[] = "smhdw";
    static const int64_t seconds[] = {1, 60, 3600, 86400, 604800};
    int64_t n = 0;
    const char *unit;

    if (text.len < 2 || text.len > 8)
        return false;
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        n = n * 10 + (text.at[i] - '0');
    }
    unit = memchr(units, text.at[text.len - 1], sizeof units - 1);
    if (!unit || n == 0)
        return false;
    *us = n * seconds[unit - units] * 1000000;
    return true;
}

static bool is_ours(const struct rule *r, int depth)
{
    if (r->kind != RULE_CORRELATION)
        return str_equal_nocase(r->product, STR("gpconnect")) &&
               str_equal_nocase(r->service, STR("audit")) && r->category.len == 0;
    for (size_t i = 0; depth < 64 && i < r->correlation.count; i++)
        if (!r->correlation.of[i].rule || !is_ours(r->correlation.of[i].rule, depth + 1))
            return false;
    return r->correlation.count > 0;
}

bool rule_is_ours(const struct rule *r)
{
    return is_ours(r, 0);
}

static bool predicate_asks(const struct predicate *p, uint32_t field)
{
    return p->op != OP_KEYWORD &&
           (p->field == field || (p->op == OP_SAME && p->other == field));
}

static bool expression_asks(const struct ruleset *s, const struct expression *x, uint32_t field)
{
    if (x->kind == EXPRESSION_PREDICATE && predicate_asks(s->predicate[x->number], field))
        return true;
    for (size_t i = 0; i < x->parts; i++)
        if (expression_asks(s, x->part[i], field))
            return true;
    return false;
}

bool correlation_groups_by(const struct correlation *c, size_t k, uint32_t field)
{
    for (size_t i = 0; c->from && i < c->count; i++)
        if (correlation_fields(c, i)[k] == field)
            return true;
    return !c->from && c->group_by[k] == field;
}

bool rule_asks(const struct ruleset *s, const struct rule *r, uint32_t field)
{
    const struct correlation *c = &r->correlation;

    if (r->kind != RULE_CORRELATION)
        return r->condition && expression_asks(s, r->condition, field);
    for (size_t i = 0; i < c->group_bys; i++)
        if (correlation_groups_by(c, i, field))
            return true;
    return correlation_has_field(c) && c->field == field;
}
