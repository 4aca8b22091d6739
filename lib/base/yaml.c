/* yaml.c - see yaml.h. libyaml's events are read into the tree as they come. */
#include "base/yaml.h"

#include <string.h>

#include <yaml.h>

#include "base/mem.h"

struct reading {
    yaml_parser_t parser;
    struct arena *arena;
    yaml_fault *fault;
    void *ctx;
    size_t nodes;
    bool stop; /* beyond a limit, or wrong syntax */
};

static struct yaml_mark mark_of(yaml_mark_t m)
{
    return (struct yaml_mark){(unsigned)m.line + 1, (unsigned)m.column + 1};
}

static void stop(struct reading *r, struct yaml_mark at, const char *code, const char *text)
{
    if (!r->stop)
        r->fault(r->ctx, at, code, text);
    r->stop = true;
}

static bool next(struct reading *r, yaml_event_t *e)
{
    char text[256];

    if (r->stop)
        return false;
    if (yaml_parser_parse(&r->parser, e))
        return true;
    snprintf(text, sizeof text, "%s%s%s", r->parser.problem ? r->parser.problem : "no YAML",
             r->parser.context ? ", " : "", r->parser.context ? r->parser.context : "");
    stop(r, mark_of(r->parser.problem_mark), "syntax", text);
    return false;
}

static struct yaml_node *node_new(struct reading *r, enum yaml_kind kind, yaml_mark_t at)
{
    struct yaml_node *n = arena_alloc(r->arena, sizeof *n);

    memset(n, 0, sizeof *n);
    n->kind = kind;
    n->at = mark_of(at);
    if (++r->nodes > YAML_NODES_MAX)
        stop(r, n->at, "too-large", "the file has more than 10,000 parts");
    return n;
}

static struct yaml_node *scalar(struct reading *r, const yaml_event_t *e)
{
    struct yaml_node *n = node_new(r, YAML_SCALAR, e->start_mark);
    size_t len = e->data.scalar.length;
    char *text = arena_alloc(r->arena, len + 1);

    memcpy(text, e->data.scalar.value, len);
    text[len] = '\0';
    n->text = (struct str){text, len};
    n->style = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? YAML_PLAIN
               : e->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
                       e->data.scalar.style == YAML_FOLDED_SCALAR_STYLE
                   ? YAML_BLOCK
                   : YAML_QUOTED;
    return n;
}

static void add(struct reading *r, struct yaml_node *n, struct yaml_node *key,
                struct yaml_node *item, size_t *cap)
{
    if (n->items == *cap) {
        size_t more = *cap ? *cap * 2 : 8;
        struct yaml_node **items = arena_alloc(r->arena, more * sizeof *items);
        struct yaml_node **keys = arena_alloc(r->arena, more * sizeof *keys);

        if (n->items) {
            memcpy(items, n->item, n->items * sizeof *items);
            memcpy(keys, n->key, n->items * sizeof *keys);
        }
        n->item = items;
        n->key = keys;
        *cap = more;
    }
    n->key[n->items] = key;
    n->item[n->items++] = item;
}

static void check_key(struct reading *r, const struct yaml_node *map,
                      const struct yaml_node *key)
{
    char text[128];

    if (key->kind != YAML_SCALAR) {
        r->fault(r->ctx, key->at, "key", "a key must be a plain word");
        return;
    }
    for (size_t i = 0; i < map->items; i++)
        if (map->key[i]->kind == YAML_SCALAR && str_equal(map->key[i]->text, key->text)) {
            snprintf(text, sizeof text, "the key %.60s stands here a second time (first on"
                     " line %u)", key->text.at, map->key[i]->at.line);
            r->fault(r->ctx, key->at, "duplicate-key", text);
            return;
        }
}

static struct yaml_node *value(struct reading *r, const yaml_event_t *e, int depth);

/* The items up to the end of a list or map. */
static struct yaml_node *items(struct reading *r, struct yaml_node *n, int depth)
{
    yaml_event_type_t end = n->kind == YAML_MAP ? YAML_MAPPING_END_EVENT
                                                : YAML_SEQUENCE_END_EVENT;
    struct yaml_node *key = NULL;
    size_t cap = 0;
    yaml_event_t e;

    if (depth > YAML_DEPTH_MAX)
        stop(r, n->at, "too-large", "parts stand in parts more than 32 deep");
    while (next(r, &e)) {
        bool last = e.type == end;
        struct yaml_node *item = last ? NULL : value(r, &e, depth);

        yaml_event_delete(&e);
        if (last)
            break;
        if (!item)
            continue;
        if (n->kind == YAML_MAP && !key) {
            key = item;
            continue;
        }
        if (key)
            check_key(r, n, key);
        add(r, n, key, item, &cap);
        key = NULL;
    }
    return n;
}

static struct yaml_node *value(struct reading *r, const yaml_event_t *e, int depth)
{
    switch ((int)e->type) {
    case YAML_SCALAR_EVENT:
        return scalar(r, e);
    case YAML_MAPPING_START_EVENT:
        return items(r, node_new(r, YAML_MAP, e->start_mark), depth + 1);
    case YAML_SEQUENCE_START_EVENT:
        return items(r, node_new(r, YAML_LIST, e->start_mark), depth + 1);
    case YAML_ALIAS_EVENT:
        stop(r, mark_of(e->start_mark), "alias", "aliases are not taken: write the value out");
        return NULL;
    default:
        return NULL;
    }
}

struct yaml_node **yaml_read(struct str text, size_t *count, struct arena *arena,
                             yaml_fault *fault, void *ctx)
{
    struct reading r = {.arena = arena, .fault = fault, .ctx = ctx};
    struct yaml_node *list = node_new(&r, YAML_LIST, (yaml_mark_t){0, 0, 0});
    size_t cap = 0;
    bool end = false;
    yaml_event_t e;

    *count = 0;
    if (text.len > YAML_BYTES_MAX) {
        fault(ctx, (struct yaml_mark){1, 1}, "too-large", "the file is larger than 1 MiB");
        return NULL;
    }
    if (!yaml_parser_initialize(&r.parser))
        abort();
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.at, text.len);
    while (!end && next(&r, &e)) {
        struct yaml_node *n = value(&r, &e, 0);

        end = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
        if (n)
            add(&r, list, NULL, n, &cap);
    }
    yaml_parser_delete(&r.parser);
    *count = list->items;
    return r.stop ? NULL : list->item;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->items; i++)
        if (map->key[i]->kind == YAML_SCALAR && str_equal(map->key[i]->text, str_of(key)))
            return map->item[i];
    return NULL;
}

/* ---- types ---- */

static bool one_of(struct str s, const char *const *list)
{
    for (; *list; list++)
        if (str_equal(s, str_of(*list)))
            return true;
    return false;
}

static size_t digits(struct str s, size_t from)
{
    size_t n = 0;

    while (from + n < s.len && s.at[from + n] >= '0' && s.at[from + n] <= '9')
        n++;
    return n;
}

static enum yaml_type number_type(struct str s)
{
    size_t at = s.len > 0 && (s.at[0] == '-' || s.at[0] == '+');
    size_t whole = digits(s, at);
    bool fraction = false;
    size_t part = 0;

    at += whole;
    if (at < s.len && s.at[at] == '.') {
        fraction = true;
        part = digits(s, ++at);
        at += part;
    }
    if (whole + part == 0)
        return YAML_TEXT;
    if (at < s.len && (s.at[at] == 'e' || s.at[at] == 'E')) {
        size_t sign = at + 1 < s.len && (s.at[at + 1] == '-' || s.at[at + 1] == '+');
        size_t exponent = digits(s, at + 1 + sign);

        if (exponent == 0)
            return YAML_TEXT;
        fraction = true;
        at += 1 + sign + exponent;
    }
    return at != s.len ? YAML_TEXT : fraction ? YAML_FLOAT : YAML_INTEGER;
}

enum yaml_type yaml_type(const struct yaml_node *n)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const truths[] = {"true", "True", "TRUE", "false",
                                         "False", "FALSE", NULL};

    if (n->kind != YAML_SCALAR || n->style != YAML_PLAIN)
        return YAML_TEXT;
    if (one_of(n->text, nulls))
        return YAML_NULL;
    if (one_of(n->text, truths))
        return YAML_TRUTH;
    return number_type(n->text);
}

/* 1.1 reads yes and no as truths, 010 as octal, 1:30 in base sixty, 1_000 as a thousand,
 * 0x and 0b as numbers, and days as days. */
bool yaml_ambiguous(const struct yaml_node *n)
{
    static const char *const words[] = {"yes", "Yes", "YES", "no", "No", "NO", "on", "On",
                                        "ON", "off", "Off", "OFF", "y", "Y", "n", "N", "=",
                                        "<<", NULL};
    struct str s = n->text;
    size_t sign = s.len > 0 && (s.at[0] == '-' || s.at[0] == '+');
    size_t whole = digits(s, sign);
    bool all = s.len > sign;

    if (n->kind != YAML_SCALAR || n->style != YAML_PLAIN)
        return false;
    if (one_of(s, words))
        return true;
    if (whole > 1 && s.at[sign] == '0' && whole + sign == s.len)
        return true;
    if (whole == 1 && s.at[sign] == '0' && s.len > sign + 2 &&
        (s.at[sign + 1] == 'x' || s.at[sign + 1] == 'b' || s.at[sign + 1] == 'o'))
        return true;
    for (size_t i = sign; i < s.len; i++)
        all = all && ((s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '_' || s.at[i] == ':' ||
                      s.at[i] == '-');
    return all && whole > 0 && whole + sign < s.len;
}
