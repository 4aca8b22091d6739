/* link.c - what rules say of each other, put in its place: correlations find the rules that
 * they stand on, filters those that they are for; circles and equal ids are errors. */
#include "sigma/build.h"
#include "sigma/rule.h"

static struct rule *find(struct ruleset *s, struct str text)
{
    for (size_t i = 0; i < s->rules; i++) {
        struct rule *r = s->rule[i];

        if (text.len > 0 && (str_equal_nocase(r->id, text) || str_equal(r->name, text)))
            return r;
    }
    return NULL;
}

static void at_file(struct build *b, struct rule *r)
{
    b->rule = r;
    b->d->file = r->file;
    b->d->source = r->source;
}

static void resolve(struct build *b, struct reference *f, bool must)
{
    f->rule = find(b->set, f->text);
    if (f->rule && f->rule->kind == RULE_FILTER)
        f->rule = NULL;
    if (!f->rule && must)
        ERROR(b, f->at, "unknown-reference", "load its file too",
              "there is no rule with the id or name %.*s", STR_ARG(f->text));
    else if (!f->rule)
        WARN(b, f->at, "unknown-reference", "", "there is no rule %.*s", STR_ARG(f->text));
}

enum { ORDER_OPEN = -1 };

/* Depth of what a rule stands on; a circle is an error. */
static int order_of(struct build *b, struct rule *r)
{
    int order = 0;

    if (r->kind != RULE_CORRELATION || r->order > 0)
        return r->order;
    if (r->order == ORDER_OPEN) {
        at_file(b, r);
        ERROR(b, r->at, "reference-cycle", "", "the rule stands on itself");
        return 1;
    }
    r->order = ORDER_OPEN;
    for (size_t i = 0; i < r->correlation.count; i++) {
        struct rule *of = r->correlation.of[i].rule;
        int below = of ? order_of(b, of) : 0;

        order = below > order ? below : order;
        if (of && of->bad)
            r->bad = true;
        if (of && !r->correlation.generate)
            of->used = true;
    }
    r->order = order + 1;
    return r->order;
}

static bool contains(struct str all, struct str part)
{
    return part.len == 0 || str_equal_nocase(all, part);
}

/* Join a filter to a rule: rule and (filter). */
static void join(struct build *b, struct rule *filter, struct rule *r)
{
    struct expression *both[2] = {r->condition, filter->condition};
    struct str parts[2] = {{(const char *)r->digest, HASH_BYTES}, filter->normal};

    if (r->kind != RULE_DETECTION || !r->condition || !filter->condition ||
        !contains(r->category, filter->category) || !contains(r->product, filter->product) ||
        !contains(r->service, filter->service))
        return;
    r->condition = expression_join(b->set, EXPRESSION_AND, both, 2);
    hash_sha256(r->digest, parts, 2);
}

static void check_ids(struct build *b)
{
    for (size_t i = 0; i < b->set->rules; i++)
        for (size_t k = 0; k < i; k++) {
            struct rule *r = b->set->rule[i];
            struct rule *o = b->set->rule[k];

            if ((r->id.len > 0 && str_equal_nocase(r->id, o->id)) ||
                (r->name.len > 0 && str_equal(r->name, o->name))) {
                at_file(b, r);
                ERROR(b, r->at, "duplicate-id", "", "another rule has this id or name: %s:%u",
                      o->file, o->at.line);
            }
        }
}

static const struct yaml_node *find_alias(const struct correlation *c, struct str name)
{
    for (size_t i = 0; i < c->aliases->items; i++)
        if (str_equal(c->aliases->key[i]->text, name))
            return c->aliases->item[i];
    return NULL;
}

/* The field that an alias is in events of the rule; NULL: that is not said. */
static const struct yaml_node *alias_of(const struct yaml_node *alias,
                                        const struct reference *of)
{
    for (size_t i = 0; alias->kind == YAML_MAP && i < alias->items; i++) {
        struct str rule = alias->key[i]->text;

        if (str_equal(rule, of->text) ||
            (of->rule && (str_equal(rule, of->rule->name) ||
                          (of->rule->id.len > 0 && str_equal_nocase(rule, of->rule->id)))))
            return alias->item[i];
    }
    return NULL;
}

/* What each member of group-by is, rule by rule. */
static void link_aliases(struct build *b, struct rule *r)
{
    struct correlation *c = &r->correlation;

    if (!c->aliases || c->group_bys == 0)
        return;
    at_file(b, r);
    c->from = arena_alloc(&b->set->arena, (c->count * c->group_bys + 1) * sizeof *c->from);
    for (size_t i = 0; i < c->count * c->group_bys; i++) {
        const struct reference *of = &c->of[i / c->group_bys];
        uint32_t field = c->group_by[i % c->group_bys];
        struct str name = b->set->fields.entry[field];
        const struct yaml_node *alias = find_alias(c, name), *is;

        c->from[i] = field;
        if (!alias)
            continue;
        is = alias_of(alias, of);
        if (is && is->kind == YAML_SCALAR && is->text.len > 0) {
            c->from[i] = rule_field(b->set, is->text);
            continue;
        }
        ERROR(b, is ? is->at : alias->at, "alias", "write rule: field for each of the rules",
              "%.*s has no field for %.*s", STR_ARG(name), STR_ARG(of->text));
        c->from[i] = DICTIONARY_NONE; /* which is no field, and not looked for */
    }
}

static void check_field(struct build *b, struct rule *r, uint32_t field)
{
    const char *near = NULL;

    if (field != DICTIONARY_NONE && !b->set->known(b->set->fields.entry[field], &near))
        ERROR(b, r->at, "unknown-field", near ? near : "", "records have no field %.*s",
              STR_ARG(b->set->fields.entry[field]));
}

static void check_groups(struct build *b, struct rule *r)
{
    const struct correlation *c = &r->correlation;

    at_file(b, r);
    if (!b->set->known || !rule_is_ours(r))
        return;
    for (size_t i = 0; i < (c->from ? c->count : 1) * c->group_bys; i++)
        check_field(b, r, c->from ? c->from[i] : c->group_by[i]);
    if (correlation_has_field(c))
        check_field(b, r, c->field);
}

void rules_link(struct ruleset *s, struct diagnostics *d)
{
    struct build b = {s, d, NULL};

    check_ids(&b);
    for (size_t i = 0; i < s->rules; i++) {
        struct rule *r = s->rule[i];

        at_file(&b, r);
        for (size_t k = 0; r->kind == RULE_CORRELATION && k < r->correlation.count; k++)
            resolve(&b, &r->correlation.of[k], true);
        for (size_t k = 0; k < r->filter_count; k++)
            resolve(&b, &r->filters[k], false);
    }
    for (size_t i = 0; i < s->rules; i++) {
        struct rule *r = s->rule[i];

        if (r->kind == RULE_CORRELATION) {
            order_of(&b, r);
            link_aliases(&b, r);
            check_groups(&b, r);
        }
        if (r->kind != RULE_FILTER || r->bad)
            continue;
        for (size_t k = 0; k < r->filter_count; k++)
            if (r->filters[k].rule)
                join(&b, r, r->filters[k].rule);
        for (size_t k = 0; r->filter_count == 0 && k < s->rules; k++)
            join(&b, r, s->rule[k]);
    }
}
