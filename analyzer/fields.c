/* fields.c - see fields.h. */
#include "analyzer/fields.h"

#include <stdlib.h>

#include "base/mem.h"
#include "record/timestamp.h"
#include "trail/leaf.h"

enum { NUMBER_TEXT = 32 };

bool fields_known(struct str field, const char **near)
{
    const char *names[COLUMN_COUNT + JOINED_FIELDS];
    enum column c;
    enum joined j;

    if (column_find(&c, field) || joined_find(&j, field))
        return true;
    for (int i = 0; i < COLUMN_COUNT; i++)
        names[i] = column_name((enum column)i);
    for (int i = 0; i < JOINED_FIELDS; i++)
        names[COLUMN_COUNT + i] = joined_name((enum joined)i);
    *near = nearest_word(field, names, COLUMN_COUNT + JOINED_FIELDS);
    return false;
}

/* ---- records ---- */

void record_fields_init(struct record_fields *f, const struct ruleset *s,
                        const struct reference_data *reference, const struct zone *zone)
{
    memset(f, 0, sizeof *f);
    f->reference = reference;
    f->zone = zone;
    f->kept = joined_kept_new(reference, zone);
    f->columns = s->fields.count;
    f->column = xcalloc(f->columns + 1, sizeof *f->column);
    for (size_t i = 0; i < f->columns; i++) {
        enum column c;
        enum joined j;

        f->column[i] = column_find(&c, s->fields.entry[i])   ? (int)c
                       : joined_find(&j, s->fields.entry[i]) ? COLUMN_COUNT + (int)j
                                                             : FIELD_NONE;
    }
}

/* Do rules ask of the field more than whether there is a value? */
static bool asks_value(const struct ruleset *s, uint32_t field)
{
    for (size_t i = 0; i < s->rules; i++)
        if (s->rule[i]->kind == RULE_CORRELATION && rule_asks(s, s->rule[i], field))
            return true;
    return verdicts_compare(s, field);
}

int record_field_column(const struct record_fields *f, uint32_t field)
{
    return f->column[field] < COLUMN_COUNT ? f->column[field] : FIELD_NONE;
}

bool record_field_joined(const struct record_fields *f, uint32_t field, enum joined *out)
{
    *out = (enum joined)(f->column[field] - COLUMN_COUNT);
    return f->column[field] >= COLUMN_COUNT;
}

void record_field_want(const struct record_fields *f, uint32_t field, bool *column)
{
    if (f->column[field] >= COLUMN_COUNT)
        joined_want((enum joined)(f->column[field] - COLUMN_COUNT), column);
    else if (f->column[field] != FIELD_NONE)
        column[f->column[field]] = true;
}

void record_fields_want(const struct record_fields *f, const struct ruleset *s,
                        struct projection_want *want)
{
    for (size_t i = 0; i < f->columns; i++)
        if (f->column[i] >= COLUMN_COUNT)
            joined_want((enum joined)(f->column[i] - COLUMN_COUNT), want->column);
    joined_want(JOINED_TREAT_AS, want->decides);
    want->decides[COLUMN_TIME] = false;
    for (size_t i = 0; i < f->columns; i++) {
        int c = f->column[i];

        if (c < 0 || c >= COLUMN_COUNT)
            continue;
        want->decides[c] |= verdicts_compare(s, (uint32_t)i);
        want->filled[c] = !want->column[c] && column_kind((enum column)c) == VALUE_TEXT &&
                          !asks_value(s, (uint32_t)i);
        want->column[c] = true;
    }
    for (size_t i = 0; i < s->predicates; i++)
        for (int c = 0; s->predicate[i]->op == OP_KEYWORD && c < COLUMN_COUNT; c++) {
            want->column[c] = true;
            want->filled[c] = false;
        }
}

void record_fields_release(struct record_fields *f)
{
    free(f->column);
    joined_kept_free(f->kept);
    arena_release(&f->arena);
}

static struct event_value text_value(struct str text)
{
    return (struct event_value){.kind = EVENT_TEXT, .text = text};
}

static struct event_value list_value(const struct value *v, struct arena *arena)
{
    struct event_value *item = arena_alloc(arena, (v->list.count + 1) * sizeof *item);

    for (size_t i = 0; i < v->list.count; i++)
        item[i] = text_value(v->list.at[i]);
    return (struct event_value){.kind = EVENT_LIST, .item = item, .items = v->list.count};
}

static struct event_value number_value(double n, struct arena *arena)
{
    char *text = arena_alloc(arena, NUMBER_TEXT);

    snprintf(text, NUMBER_TEXT, "%.17g", n);
    return (struct event_value){.kind = EVENT_NUMBER, .text = str_of(text), .number = n};
}

static struct event_value value_of(const struct value *v, struct arena *arena)
{
    char *text;

    switch (v->kind) {
    case VALUE_TEXT:
        return text_value(v->text);
    case VALUE_INTEGER:
        text = arena_alloc(arena, LEAF_INTEGER_MAX);
        return (struct event_value){
            .kind = EVENT_NUMBER, .number = (double)v->integer,
            .text = {text, leaf_integer_print(text, v->integer)}};
    case VALUE_NUMBER:
        return number_value(v->number, arena);
    case VALUE_TRUTH:
        return (struct event_value){.kind = EVENT_TRUTH, .text = STR("true")};
    case VALUE_TIME:
        text = arena_alloc(arena, TIMESTAMP_BYTES + 8);
        timestamp_print(text, v->integer);
        return text_value(str_of(text));
    case VALUE_LIST:
        return list_value(v, arena);
    case VALUE_MISSING:
        break;
    }
    return (struct event_value){.kind = EVENT_MISSING};
}

static void column_field(void *ctx, size_t number, struct str name, struct event_value *out)
{
    struct record_fields *f = ctx;
    int c = number < f->columns ? f->column[number] : FIELD_NONE;

    (void)name;
    if (c >= COLUMN_COUNT) {
        joined_again(out, f->kept, (enum joined)(c - COLUMN_COUNT), f->record, &f->arena);
    } else if (c >= 0 && f->record->column[c].kind == VALUE_TEXT) { /* nearly always */
        out->kind = EVENT_TEXT;
        out->text = f->record->column[c].text;
        out->same = f->record->column[c].same;
    } else if (c >= 0) {
        *out = value_of(&f->record->column[c], &f->arena);
        out->same = f->record->column[c].same;
    }
}

static bool column_text(void *ctx, size_t at, struct str *out)
{
    const struct record_fields *f = ctx;

    for (int i = 0; i < COLUMN_COUNT; i++)
        if (f->record->column[i].kind == VALUE_TEXT && at-- == 0) {
            *out = f->record->column[i].text;
            return true;
        }
    return false;
}

struct event record_event(struct record_fields *f)
{
    arena_reset(&f->arena);
    return (struct event){f, column_field, column_text};
}

/* ---- JSON ---- */

static bool same_name(struct str member, struct str name)
{
    size_t k = 0;

    for (size_t i = 0; i < member.len; i++) {
        if (member.at[i] == ' ')
            continue; /* "with all spaces removed" */
        if (k == name.len || member.at[i] != name.at[k])
            return false;
        k++;
    }
    return k == name.len;
}

static const struct json *direct(const struct json *of, struct str name)
{
    const struct json *found = json_member(of, name);

    for (const struct json *k = of && of->kind == JSON_OBJECT ? of->first : NULL;
         k && !found; k = k->next)
        if (same_name(k->name, name))
            found = k;
    return found;
}

static const struct json *find(const struct json *of, struct str name)
{
    const struct json *found = direct(of, name);

    for (size_t dot = str_index(name, '.'); !found && dot < name.len;) {
        const struct json *below = direct(of, str_part(name, 0, dot));
        size_t next;

        if (below)
            found = find(below, str_part(name, dot + 1, name.len));
        next = str_index(str_part(name, dot + 1, name.len), '.');
        dot = dot + 1 + next;
    }
    return found;
}

/* Windows events keep their fields in two places, the name of a part as an attribute. */
static const struct json *find_windows(const struct json *top, struct str name)
{
    const struct json *event = json_member(top, STR("Event"));
    const struct json *system = json_member(event, STR("System"));
    const struct json *found = direct(json_member(event, STR("EventData")), name);
    size_t end = name.len;

    if (!found)
        found = direct(json_member(event, STR("UserData")), name);
    if (!found)
        found = direct(system, name);
    while (!found && end > 0 && name.at[end - 1] != '_')
        end--;
    if (!found && end > 1)
        found = direct(json_member(direct(system, str_part(name, 0, end - 1)),
                                   STR("#attributes")),
                       str_part(name, end, name.len));
    return found;
}

static struct event_value json_value(const struct json *j, struct arena *arena)
{
    struct event_value v = {.kind = EVENT_MISSING};
    struct event_value *item;
    size_t n = 0;

    if (!j)
        return v;
    v.text = j->text;
    v.number = j->number;
    switch (j->kind) {
    case JSON_NULL:
        v.kind = EVENT_NULL;
        break;
    case JSON_TRUTH:
        v.kind = EVENT_TRUTH;
        break;
    case JSON_NUMBER:
        v.kind = EVENT_NUMBER;
        break;
    case JSON_TEXT:
        v.kind = EVENT_TEXT;
        break;
    case JSON_LIST:
    case JSON_OBJECT: /* is there, and has no value */
        for (const struct json *k = j->first; k; k = k->next)
            n++;
        item = arena_alloc(arena, (n + 1) * sizeof *item);
        v.kind = EVENT_LIST;
        v.item = item;
        for (const struct json *k = j->kind == JSON_LIST ? j->first : NULL; k; k = k->next)
            item[v.items++] = k->kind == JSON_LIST || k->kind == JSON_OBJECT
                                  ? (struct event_value){.kind = EVENT_NULL}
                                  : json_value(k, arena);
        break;
    }
    return v;
}

static void json_field(void *ctx, size_t number, struct str name, struct event_value *out)
{
    struct json_fields *f = ctx;
    const struct json *found = find(f->object, name);

    (void)number;
    if (!found)
        found = find_windows(f->object, name);
    *out = json_value(found, &f->arena);
}

/* The at-th text anywhere in the tree. */
static bool nth_text(const struct json *j, size_t *at, struct str *out)
{
    if (j->kind == JSON_TEXT && (*at)-- == 0) {
        *out = j->text;
        return true;
    }
    for (const struct json *k = j->first; k; k = k->next)
        if (nth_text(k, at, out))
            return true;
    return false;
}

static bool json_text(void *ctx, size_t at, struct str *out)
{
    return nth_text(((struct json_fields *)ctx)->object, &at, out);
}

struct event json_event(struct json_fields *f)
{
    arena_reset(&f->arena);
    return (struct event){f, json_field, json_text};
}

/* ---- examples ---- */

static struct event_value example_value(const struct yaml_node *n, struct arena *arena)
{
    enum yaml_type type = yaml_type(n);
    struct event_value v = {.kind = EVENT_LIST};
    struct event_value *item;

    if (n->kind == YAML_SCALAR)
        return (struct event_value){.kind = type == YAML_NULL    ? EVENT_NULL
                                            : type == YAML_TRUTH ? EVENT_TRUTH
                                            : type == YAML_TEXT  ? EVENT_TEXT
                                                                 : EVENT_NUMBER,
                                    .text = n->text, .number = strtod(n->text.at, NULL)};
    item = arena_alloc(arena, (n->items + 1) * sizeof *item);
    v.item = item;
    for (size_t i = 0; i < n->items; i++)
        if (n->item[i]->kind == YAML_SCALAR)
            item[v.items++] = example_value(n->item[i], arena);
    return v;
}

size_t example_repeat(const struct yaml_node *map, int64_t *every_us)
{
    const struct yaml_node *n = yaml_get(map, "repeat");
    const struct yaml_node *every = yaml_get(map, "every");

    *every_us = 0;
    if (every && every->kind == YAML_SCALAR)
        timespan_read(every->text, every_us);
    return n && n->kind == YAML_SCALAR ? strtoull(n->text.at, NULL, 10) : 1;
}

/* A text with {n} in it, as the n-th event has it. */
static struct str nth_of(struct str text, size_t n, struct arena *arena)
{
    char *to = arena_alloc(arena, text.len + 32);
    size_t at = str_index(text, '{');

    if (at + 2 >= text.len || memcmp(text.at + at, "{n}", 3) != 0)
        return text;
    snprintf(to, text.len + 32, "%.*s%07zu%.*s", (int)at, text.at, n,
             (int)(text.len - at - 3), text.at + at + 3);
    return str_of(to);
}

static void example_field(void *ctx, size_t number, struct str name, struct event_value *out)
{
    struct example_fields *f = ctx;
    const struct yaml_node *n = NULL;
    int64_t us;
    char *text;

    (void)number;
    for (size_t i = 0; f->map->kind == YAML_MAP && i < f->map->items && !n; i++)
        if (str_equal(f->map->key[i]->text, name))
            n = f->map->item[i];
    if (n)
        *out = example_value(n, &f->arena);
    else if (str_equal(name, str_of(joined_name(JOINED_TREAT_AS))))
        *out = text_value(STR("person"));
    if (out->kind != EVENT_TEXT)
        return;
    out->text = nth_of(out->text, f->n, &f->arena);
    if (f->every_us && str_equal(name, STR("time")) && timestamp_parse(out->text, &us)) {
        text = arena_alloc(&f->arena, TIMESTAMP_BYTES + 8);
        timestamp_print(text, us + (int64_t)f->n * f->every_us);
        out->text = str_of(text);
    }
}

static bool example_text(void *ctx, size_t at, struct str *out)
{
    const struct example_fields *f = ctx;

    for (size_t i = 0; f->map->kind == YAML_MAP && i < f->map->items; i++)
        if (f->map->item[i]->kind == YAML_SCALAR && at-- == 0) {
            *out = f->map->item[i]->text;
            return true;
        }
    return false;
}

struct event example_event(struct example_fields *f)
{
    arena_reset(&f->arena);
    return (struct event){f, example_field, example_text};
}

int64_t event_time(const struct event *e)
{
    static const char *const names[] = {"time", "@timestamp", "timestamp"};
    int64_t us;

    for (int i = 0; i < 3; i++) {
        struct event_value v = {.kind = EVENT_MISSING};

        e->field(e->ctx, SIZE_MAX, str_of(names[i]), &v);
        if (v.kind == EVENT_TEXT && timestamp_parse(v.text, &us))
            return us;
    }
    return INT64_MIN;
}
