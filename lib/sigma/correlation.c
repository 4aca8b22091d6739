/* correlation.c - correlation rules, read (specification 2.1, "Correlation Rules"). */
#include "sigma/build.h"
#include "sigma/measure.h"

static const char *const types[] = {"event_count", "value_count", "temporal",
                                    "temporal_ordered", "value_sum", "value_avg",
                                    "value_percentile"};
enum { TYPES = sizeof types / sizeof types[0] };

static void read_type(struct build *b, const struct yaml_node *n)
{
    const struct yaml_node *t = yaml_get(n, "type");
    char hint[WORD_HINT];
    size_t i;

    if (!t || t->kind != YAML_SCALAR) {
        ERROR(b, n->at, "missing", "", "the correlation has no type");
        return;
    }
    i = word_index(t->text, types, TYPES);
    if (i < TYPES)
        b->rule->correlation.type = (enum correlation_type)i;
    else if (str_equal(t->text, STR("value_median")))
        ERROR(b, t->at, "unsupported-type", "use value_percentile, percentile: 50",
              "value_median is no type of the specification");
    else
        ERROR(b, t->at, "unknown-type", word_hint(hint, t->text, types, TYPES),
              "there is no such type of correlation");
}

static void read_references(struct build *b, const struct yaml_node *n)
{
    struct correlation *c = &b->rule->correlation;
    const struct yaml_node *rules = yaml_get(n, "rules");

    if (!rules || (rules->kind == YAML_LIST && rules->items == 0) || rules->kind == YAML_MAP) {
        ERROR(b, rules ? rules->at : n->at, "missing", "",
              "the correlation names no rules that it stands on");
        return;
    }
    c->of = arena_alloc(&b->set->arena, (rules->items + 1) * sizeof *c->of);
    if (rules->kind == YAML_SCALAR) {
        c->of[c->count++] = (struct reference){rules->text, rules->at, NULL};
        return;
    }
    for (size_t i = 0; i < rules->items; i++)
        c->of[c->count++] = (struct reference){rules->item[i]->text, rules->item[i]->at, NULL};
}

static void read_groups(struct build *b, const struct yaml_node *n)
{
    struct correlation *c = &b->rule->correlation;
    const struct yaml_node *g = yaml_get(n, "group-by");
    size_t count = !g ? 0 : g->kind == YAML_LIST ? g->items : 1;

    if (count == 0) {
        WARN(b, g ? g->at : n->at, "no-group", "add group-by",
             "without group-by all events are one group");
        return;
    }
    c->group_by = arena_alloc(&b->set->arena, count * sizeof *c->group_by);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *f = g->kind == YAML_LIST ? g->item[i] : g;

        if (f->kind != YAML_SCALAR)
            ERROR(b, f->at, "type", "", "group-by holds names of fields");
        else
            c->group_by[c->group_bys++] = rule_field(b->set, f->text);
    }
}

static bool read_number(struct build *b, const struct yaml_node *n, const char *what,
                        double *out)
{
    bool number = n->kind == YAML_SCALAR &&
                  (yaml_type(n) == YAML_INTEGER || yaml_type(n) == YAML_FLOAT);
    const struct event_value v = {.kind = EVENT_TEXT, .text = n->text};

    if (!number || !evaluator_number(&v, out)) {
        ERROR(b, n->at, "value", "", "%s", what);
        return false;
    }
    return true;
}

static void read_percentile(struct build *b, const struct yaml_node *condition)
{
    struct correlation *c = &b->rule->correlation;
    const struct yaml_node *p = yaml_get(condition, "percentile");

    if (c->type != CORRELATION_VALUE_PERCENTILE) {
        if (p)
            ERROR(b, p->at, "operator", "", "percentile belongs to value_percentile");
    } else if (!p) {
        ERROR(b, condition->at, "missing", "add percentile: 95",
              "it is not said which percentile");
    } else if (read_number(b, p, "the percentile is a number", &c->percentile) &&
               !(c->percentile > 0 && c->percentile <= 100)) {
        ERROR(b, p->at, "value", "", "percentiles are above 0 and at most 100");
    }
}

/* One operator with a whole number; only those that more events make true. */
static void read_operator(struct build *b, const struct yaml_node *key,
                          const struct yaml_node *n)
{
    struct correlation *c = &b->rule->correlation;
    uint64_t v = 0;

    if (str_equal(key->text, STR("lt")) || str_equal(key->text, STR("lte")) ||
        str_equal(key->text, STR("eq")) || str_equal(key->text, STR("neq"))) {
        ERROR(b, key->at, "nonmonotone-window", "use gt or gte",
              "%s can be said of a closed window only, and windows are sliding",
              key->text.at);
        return;
    }
    if (!str_equal(key->text, STR("gt")) && !str_equal(key->text, STR("gte"))) {
        ERROR(b, key->at, "operator", "one of gt and gte", "there is no such operator");
        return;
    }
    if (c->least > 0) {
        ERROR(b, key->at, "range-not-portable", "", "a condition has one operator");
        return;
    }
    if (correlation_measures(c)) {
        c->least = c->type == CORRELATION_VALUE_PERCENTILE ? MEASURE_PERCENTILE_LEAST : 1;
        c->above = str_equal(key->text, STR("gt"));
        read_number(b, n, "the threshold is a number", &c->threshold);
        return;
    }
    if (n->kind == YAML_SCALAR && yaml_type(n) == YAML_INTEGER && n->text.len < 10)
        for (size_t i = 0; i < n->text.len; i++)
            v = v * 10 + (uint64_t)(n->text.at[i] - '0');
    c->least = v + str_equal(key->text, STR("gt"));
    if (n->kind != YAML_SCALAR || yaml_type(n) != YAML_INTEGER || n->text.at[0] == '-' ||
        c->least == 0)
        ERROR(b, n->at, "value", "", "the threshold is a whole number above zero");
}

static void read_threshold(struct build *b, const struct yaml_node *n)
{
    struct correlation *c = &b->rule->correlation;
    const struct yaml_node *k = yaml_get(n, "condition");
    const struct yaml_node *field;
    bool temporal = c->type == CORRELATION_TEMPORAL ||
                    c->type == CORRELATION_TEMPORAL_ORDERED;

    if (!k && temporal) {
        c->least = c->count;
        return;
    }
    if (!k || k->kind != YAML_MAP) {
        ERROR(b, k ? k->at : n->at, k ? "unsupported-condition" : "missing", "",
              k ? "conditions as text are not there yet" : "the correlation has no condition");
        return;
    }
    for (size_t i = 0; i < k->items; i++)
        if (!str_equal(k->key[i]->text, STR("field")) &&
            !str_equal(k->key[i]->text, STR("percentile")))
            read_operator(b, k->key[i], k->item[i]);
    field = yaml_get(k, "field");
    read_percentile(b, k);
    if (correlation_has_field(c)) {
        if (field && field->kind == YAML_SCALAR)
            c->field = rule_field(b->set, field->text);
        else
            ERROR(b, field ? field->at : k->at, "missing", "add field: patient.nhs_number",
                  "%s needs one field whose values it is about", types[c->type]);
    }
    if (c->least == 0 && !b->rule->bad)
        ERROR(b, k->at, "missing", "add gte", "the condition has no threshold");
    if (temporal && c->least > c->count)
        ERROR(b, k->at, "value", "", "there are fewer rules than the condition asks for");
}

void correlation_build(struct build *b, const struct yaml_node *n)
{
    static const char *const known[] = {"type", "rules", "group-by", "timespan", "condition",
                                        "aliases", "generate"};
    enum { KNOWN = sizeof known / sizeof known[0] };
    struct correlation *c = &b->rule->correlation;
    const struct yaml_node *k;

    for (size_t i = 0; i < n->items; i++)
        if (word_index(n->key[i]->text, known, KNOWN) == KNOWN)
            WARN(b, n->key[i]->at, "unknown-key", "", "correlations have no member %s",
                 n->key[i]->text.at);
    read_type(b, n);
    read_references(b, n);
    read_groups(b, n);
    k = yaml_get(n, "timespan");
    if (!k || k->kind != YAML_SCALAR || !timespan_read(k->text, &c->timespan_us))
        ERROR(b, k ? k->at : n->at, "timespan", "write it like 10m, 1h, 7d",
              k ? "this is no span of time" : "the correlation has no timespan");
    if ((k = yaml_get(n, "aliases")) && k->kind != YAML_MAP)
        ERROR(b, k->at, "type", "write alias: {rule: field}", "aliases must be a map");
    else
        c->aliases = k;
    if ((k = yaml_get(n, "generate")))
        c->generate = k->kind == YAML_SCALAR && yaml_type(k) == YAML_TRUTH &&
                      (k->text.at[0] | 32) == 't';
    read_threshold(b, n);
}
