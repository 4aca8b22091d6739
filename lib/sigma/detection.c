/* detection.c - search identifiers: maps, lists and keywords into expressions over
 * predicates. The modifiers of a key are applied from left to right to each value; a value
 * may become several (base64offset), of which any one does, also under `all`. */
#include "sigma/build.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/buf.h"

enum { ALTERNATIVES = 3 };

enum wide { WIDE_NONE, WIDE_LE, WIDE_BE, WIDE_BOM };

/* What the modifiers of a key ask for. */
struct chain {
    struct str field;
    uint32_t number; /* of the field */
    bool contains, starts, ends, all, exists, cased, neq, re, cidr, fieldref, dashes;
    int re_flags, base64; /* base64: 1 plain, 2 with offsets */
    enum wide wide;
    enum time_part part;
    enum predicate_op compare; /* OP_PATTERN: none */
};

static const char *const modifiers[] = {
    "contains", "startswith", "endswith", "all", "exists", "cased", "neq", "re", "i", "m",
    "s", "ignorecase", "multiline", "dotall", "cidr", "lt", "lte", "gt", "gte", "fieldref",
    "expand", "base64", "base64offset", "wide", "utf16le", "utf16be", "utf16", "windash",
    "minute", "hour", "day", "week", "month", "year"};
enum { MODIFIERS = sizeof modifiers / sizeof modifiers[0] };

static bool set_part(struct chain *c, struct str m)
{
    static const char *const parts[] = {"minute", "hour", "day", "week", "month", "year"};
    size_t i = word_index(m, parts, 6);

    if (i < 6)
        c->part = (enum time_part)(PART_MINUTE + i);
    return i < 6;
}

static bool set_compare(struct chain *c, struct str m)
{
    static const char *const words[] = {"lt", "lte", "gt", "gte"};
    size_t i = word_index(m, words, 4);

    if (i < 4)
        c->compare = (enum predicate_op)(OP_LESS + i);
    return i < 4;
}

static bool set_flag(struct chain *c, struct str m)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"contains", &c->contains}, {"startswith", &c->starts},
                 {"endswith", &c->ends},     {"all", &c->all},
                 {"exists", &c->exists},     {"cased", &c->cased},
                 {"neq", &c->neq},           {"re", &c->re},
                 {"cidr", &c->cidr},         {"fieldref", &c->fieldref},
                 {"windash", &c->dashes}};

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (str_equal(m, str_of(flags[i].name))) {
            *flags[i].flag = true;
            return true;
        }
    return false;
}

static bool set_encoding(struct chain *c, struct str m)
{
    if (str_equal(m, STR("base64")))
        c->base64 = 1;
    else if (str_equal(m, STR("base64offset")))
        c->base64 = 2;
    else if (str_equal(m, STR("wide")) || str_equal(m, STR("utf16le")))
        c->wide = WIDE_LE;
    else if (str_equal(m, STR("utf16be")))
        c->wide = WIDE_BE;
    else if (str_equal(m, STR("utf16")))
        c->wide = WIDE_BOM;
    else if (c->re && (str_equal(m, STR("i")) || str_equal(m, STR("ignorecase"))))
        c->re_flags |= REGEX_CASELESS;
    else if (c->re && (str_equal(m, STR("m")) || str_equal(m, STR("multiline"))))
        c->re_flags |= REGEX_MULTILINE;
    else if (c->re && (str_equal(m, STR("s")) || str_equal(m, STR("dotall"))))
        c->re_flags |= REGEX_DOTALL;
    else
        return false;
    return true;
}

static void unknown_modifier(struct build *b, struct yaml_mark at, struct str m)
{
    char hint[WORD_HINT];

    if (word_index(m, modifiers, MODIFIERS) < MODIFIERS)
        ERROR(b, at, "modifier-order", "i, m and s stand behind re",
              "the modifier %.*s cannot stand here", STR_ARG(m));
    else
        ERROR(b, at, "unknown-modifier", word_hint(hint, m, modifiers, MODIFIERS),
              "there is no modifier %.*s", STR_ARG(m));
}

static bool chain_read(struct build *b, const struct yaml_node *key, struct chain *c)
{
    struct str rest = key->text;
    size_t end = str_index(rest, '|');
    bool first = true;
    size_t errors = b->d->errors;

    memset(c, 0, sizeof *c);
    c->field = str_part(rest, 0, end);
    while (end < rest.len) {
        struct yaml_mark at = key->at;
        struct str m;

        rest = str_part(rest, end + 1, rest.len);
        end = str_index(rest, '|');
        m = str_part(rest, 0, end);
        at.column += (unsigned)(rest.at - key->text.at) + (key->style == YAML_QUOTED);
        if (str_equal(m, STR("expand")))
            ERROR(b, at, "unfilled-placeholder", "write the values out",
                  "expand needs a list of the site, and there is none");
        else if (!set_flag(c, m) && !set_part(c, m) && !set_compare(c, m) &&
                 !set_encoding(c, m))
            unknown_modifier(b, at, m);
        else if (!first && (str_equal(m, STR("re")) || str_equal(m, STR("cidr")) ||
                            str_equal(m, STR("exists"))))
            ERROR(b, at, "modifier-order", "put it first", "%.*s must be the first modifier",
                  STR_ARG(m));
        first = false;
    }
    if (c->exists && c->field.len == 0)
        ERROR(b, key->at, "modifier-type", "", "exists needs a field");
    if (c->neq && !c->exists)
        WARN(b, key->at, "neq-missing", "ask for exists beside it where that is not meant",
             "neq is true where the field is missing");
    return b->d->errors == errors;
}

/* ---- predicates ---- */

struct item {
    struct build *b;
    struct chain *chain;
    const struct yaml_node *node; /* the value */
};

/* What a predicate asks for, as a person would say it. */
static struct str say(struct item *i, const struct predicate *p)
{
    static const char *const compared[] = {"less than ", "at most ", "more than ", "at least "};
    const struct chain *c = i->chain;
    struct buf text = {0};
    struct str said;

    if (p->op == OP_NULL || (p->op == OP_EXISTS && !p->truth))
        buf_put_text(&text, "missing");
    else if (p->op == OP_EXISTS)
        buf_put_text(&text, "any value");
    else if (p->op >= OP_LESS && p->op <= OP_MORE_EQUAL)
        buf_put_text(&text, compared[p->op - OP_LESS]);
    else if (p->op == OP_REGEX)
        buf_put_text(&text, "a text that matches ");
    else if (p->op == OP_CIDR)
        buf_put_text(&text, "an address in ");
    else if (p->op == OP_SAME)
        buf_put_text(&text, "the value of ");
    else if (c->contains)
        buf_put_text(&text, "a text with ");
    else if (c->starts || c->ends)
        buf_put_text(&text, c->starts ? "a text that begins with " : "a text that ends with ");
    if (i->node->kind == YAML_SCALAR && p->op != OP_NULL && p->op != OP_EXISTS)
        buf_put_str(&text, i->node->text);
    said = arena_copy(&i->b->set->arena, buf_str(&text));
    buf_release(&text);
    return said;
}

static struct expression *leaf(struct item *i, struct predicate *p, struct str content)
{
    struct expression *e = expression_new(i->b->set, EXPRESSION_PREDICATE, 0);
    struct buf form = {0};

    p->field = i->chain->number;
    p->part = i->chain->part;
    p->said = say(i, p);
    buf_printf(&form, "%d %d %u %d %d%d%d%d %d ", p->op, p->part,
               p->op == OP_KEYWORD ? 0U : p->field + 1U, i->chain->re_flags, p->truth,
               p->front, p->back, p->cased | p->pattern.cased, p->regex != NULL);
    buf_put_str(&form, content);
    e->number = rule_predicate(i->b->set, p, buf_str(&form));
    buf_release(&form);
    return e;
}

static struct expression *pattern_leaf(struct item *i, struct pattern p)
{
    struct chain *c = i->chain;
    struct predicate made = {.op = c->field.len ? OP_PATTERN : OP_KEYWORD};

    p.cased = c->cased;
    if (c->dashes)
        pattern_dashes(&p);
    if (c->field.len == 0)
        pattern_open(&p, true, true, &i->b->set->arena);
    else if (c->contains || c->starts || c->ends)
        pattern_open(&p, c->contains || c->ends, c->contains || c->starts,
                     &i->b->set->arena);
    made.pattern = p;
    return leaf(i, &made, (struct str){(const char *)p.unit, p.units * sizeof *p.unit});
}

static struct expression *any_of(struct item *i, struct expression **part, size_t parts)
{
    return parts == 1 ? part[0] : expression_join(i->b->set, EXPRESSION_OR, part, parts);
}

/* ---- encodings ---- */

static void put_wide(struct buf *out, uint32_t c, bool big)
{
    uint32_t unit[2] = {c, 0};
    int units = 1;

    if (c > 0xffff) {
        unit[0] = 0xd800 + ((c - 0x10000) >> 10);
        unit[1] = 0xdc00 + ((c - 0x10000) & 0x3ff);
        units = 2;
    }
    for (int k = 0; k < units; k++) {
        buf_put_u8(out, (uint8_t)(big ? unit[k] >> 8 : unit[k]));
        buf_put_u8(out, (uint8_t)(big ? unit[k] : unit[k] >> 8));
    }
}

/* UTF-8, which libyaml has checked, as UTF-16. */
static void widen(struct buf *out, struct str s, enum wide wide)
{
    if (wide == WIDE_BOM)
        buf_put_text(out, "\xff\xfe");
    for (size_t i = 0; i < s.len;) {
        uint32_t c = (uint8_t)s.at[i++];
        int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

        c = more == 0 ? c : c & (0x3fU >> more);
        for (; more > 0 && i < s.len; more--)
            c = c << 6 | ((uint8_t)s.at[i++] & 0x3f);
        put_wide(out, c, wide == WIDE_BE);
    }
}

/* The text behind `shift` unknown bytes, without the characters that hang on its
 * neighbours. */
static struct str base64_at(struct str s, size_t shift, bool cut, struct arena *arena)
{
    static const size_t lead[3] = {0, 2, 3};
    static const size_t tail[3] = {0, 3, 2};
    struct buf bytes = {0}, text = {0};
    struct str out;
    size_t from = cut ? lead[shift] : 0;
    size_t off = cut ? tail[(s.len + shift) % 3] : 0;

    for (size_t i = 0; i < shift; i++)
        buf_put_u8(&bytes, ' ');
    buf_put_str(&bytes, s);
    base64_encode(&text, buf_str(&bytes));
    out = buf_str(&text);
    out = out.len >= from + off ? str_part(out, from, out.len - off) : STR("");
    out = arena_copy(arena, out);
    buf_release(&bytes);
    buf_release(&text);
    return out;
}

static struct expression *encoded(struct item *i, struct pattern p)
{
    struct arena *arena = &i->b->set->arena;
    struct expression *part[ALTERNATIVES];
    struct buf wide = {0};
    struct str text;
    size_t parts = 0;

    if (pattern_has_wildcards(&p)) {
        ERROR(i->b, i->node->at, "modifier-type", "escape them with a backslash",
              "a text to be encoded has no wildcards");
        return NULL;
    }
    text = pattern_text(&p, arena);
    if (i->chain->wide) {
        widen(&wide, text, i->chain->wide);
        text = arena_copy(arena, buf_str(&wide));
    }
    buf_release(&wide);
    if (i->chain->base64 == 0)
        return pattern_leaf(i, pattern_read(text, true, arena));
    for (size_t shift = 0; shift < (i->chain->base64 == 2 ? ALTERNATIVES : 1U); shift++) {
        struct str s = base64_at(text, shift, i->chain->base64 == 2, arena);

        if (s.len > 0)
            part[parts++] = pattern_leaf(i, pattern_read(s, true, arena));
    }
    if (parts == 0) {
        ERROR(i->b, i->node->at, "modifier-type", "", "the text is too short to be encoded");
        return NULL;
    }
    return any_of(i, part, parts);
}

/* ---- values ---- */

static struct expression *regex_value(struct item *i)
{
    struct predicate p = {.op = i->chain->field.len ? OP_REGEX : OP_KEYWORD};
    struct str s = i->node->text;
    struct yaml_mark at = i->node->at;
    char why[160];
    size_t where;

    p.regex = regex_compile(s, i->chain->re_flags, why, &where);
    if (p.regex)
        return leaf(i, &p, s);
    at.column += i->node->style == YAML_BLOCK
                     ? 0U
                     : (unsigned)where + (i->node->style == YAML_QUOTED);
    ERROR(i->b, at, "regex", "", "%s (at character %zu of it)", why, where);
    return NULL;
}

static struct expression *cidr_value(struct item *i)
{
    struct predicate p = {.op = OP_CIDR};
    struct str s = i->node->text;
    size_t slash = str_index(s, '/');
    char text[64] = "";
    unsigned bits = 0;
    bool good = slash < s.len && slash < sizeof text && s.len - slash < 5;

    if (good) {
        memcpy(text, s.at, slash);
        p.network.six = str_index(s, ':') < s.len;
        good = inet_pton(p.network.six ? AF_INET6 : AF_INET, text, p.network.address) == 1;
        for (size_t k = slash + 1; k < s.len && good; k++) {
            good = s.at[k] >= '0' && s.at[k] <= '9';
            bits = bits * 10 + (unsigned)(s.at[k] - '0');
        }
        good = good && slash + 1 < s.len && bits <= (p.network.six ? 128U : 32U);
    }
    for (unsigned k = bits; good && k < (p.network.six ? 128U : 32U); k++)
        good = !(p.network.address[k / 8] >> (7 - k % 8) & 1);
    if (!good) {
        ERROR(i->b, i->node->at, "cidr", "write it like 10.0.0.0/8, host bits zero",
              "this is no network");
        return NULL;
    }
    p.network.bits = (uint8_t)bits;
    return leaf(i, &p, s);
}

static struct expression *number_value(struct item *i, enum predicate_op op)
{
    struct predicate p = {.op = op, .number = strtod(i->node->text.at, NULL)};
    char form[64];

    snprintf(form, sizeof form, "%.17g", p.number);
    return leaf(i, &p, str_of(form));
}

static struct expression *truth_value(struct item *i, enum predicate_op op)
{
    struct predicate p = {.op = op, .truth = (i->node->text.at[0] | 32) == 't'};

    return leaf(i, &p, STR(""));
}

static struct expression *same_value(struct item *i)
{
    struct chain *c = i->chain;
    struct predicate p = {.op = OP_SAME, .other = rule_field(i->b->set, i->node->text),
                          .front = c->contains || c->ends, .back = c->contains || c->starts,
                          .cased = c->cased};

    return leaf(i, &p, i->node->text);
}

static struct expression *type_error(struct item *i, const char *text, const char *hint)
{
    ERROR(i->b, i->node->at, "modifier-type", hint, "%s", text);
    return NULL;
}

static struct expression *typed_value(struct item *i, enum yaml_type type)
{
    struct chain *c = i->chain;
    bool textual = c->contains || c->starts || c->ends || c->cased || c->dashes || c->wide ||
                   c->base64;

    if (type == YAML_NULL) {
        struct predicate p = {.op = OP_NULL};

        return textual || c->field.len == 0
                   ? type_error(i, "null takes no modifier and no keyword", "")
                   : leaf(i, &p, STR(""));
    }
    if (textual)
        return type_error(i, "this modifier takes a text", "quote the value");
    if (c->field.len == 0)
        return pattern_leaf(i, pattern_read(i->node->text, true, &i->b->set->arena));
    return type == YAML_TRUTH ? truth_value(i, OP_TRUTH) : number_value(i, OP_NUMBER);
}

static struct expression *scalar_value(struct item *i)
{
    enum yaml_type type = yaml_type(i->node);
    struct chain *c = i->chain;
    struct pattern p;

    if (yaml_ambiguous(i->node)) {
        ERROR(i->b, i->node->at, "ambiguous-scalar", "quote it",
              "readers of YAML 1.1 and 1.2 take this value for different things");
        return NULL;
    }
    if (c->exists)
        return type == YAML_TRUTH ? truth_value(i, OP_EXISTS)
                                  : type_error(i, "exists takes true or false", "");
    if (c->compare != OP_PATTERN)
        return type == YAML_INTEGER || type == YAML_FLOAT
                   ? number_value(i, c->compare)
                   : type_error(i, "this comparison takes a number", "do not quote it");
    if (c->part != PART_NONE)
        return type == YAML_INTEGER ? number_value(i, OP_NUMBER)
                                    : type_error(i, "a part of a time is a whole number", "");
    if (c->re)
        return type == YAML_NULL ? type_error(i, "re takes a text", "") : regex_value(i);
    if (c->cidr)
        return type == YAML_TEXT ? cidr_value(i) : type_error(i, "cidr takes a text", "");
    if (c->fieldref)
        return type == YAML_TEXT ? same_value(i)
                                 : type_error(i, "fieldref takes the name of a field", "");
    if (type != YAML_TEXT)
        return typed_value(i, type);
    p = pattern_read(i->node->text, false, &i->b->set->arena);
    return c->wide || c->base64 ? encoded(i, p) : pattern_leaf(i, p);
}

/* A key's values, any or all of them. */
static struct expression *values(struct build *b, struct chain *c, const struct yaml_node *n)
{
    struct item i = {b, c, n};
    struct expression *e;
    bool bad = false;

    if (n->kind == YAML_SCALAR)
        return scalar_value(&i);
    if (n->kind == YAML_MAP) {
        ERROR(b, n->at, "value", "", "a map cannot be a value");
        return NULL;
    }
    e = expression_new(b->set, c->all ? EXPRESSION_AND : EXPRESSION_OR, n->items);
    for (size_t k = 0; k < n->items; k++) {
        i.node = n->item[k];
        if (i.node->kind != YAML_SCALAR)
            ERROR(b, i.node->at, "value", "", "a list of values holds plain values");
        else if (yaml_type(i.node) == YAML_NULL)
            ERROR(b, i.node->at, "null-in-list", "make it an identifier of its own",
                  "null cannot stand in a list");
        else
            e->part[k] = scalar_value(&i);
        bad |= !e->part[k];
    }
    return bad ? NULL : e;
}

static struct expression *item(struct build *b, const struct yaml_node *key,
                               const struct yaml_node *n)
{
    struct predicate null = {.op = OP_NULL};
    struct expression *e;
    struct chain c;

    if (!chain_read(b, key, &c))
        return NULL;
    if (c.field.len > 0)
        c.number = rule_field(b->set, c.field);
    if (n->kind == YAML_LIST && n->items == 0) {
        struct item i = {b, &c, n};

        e = leaf(&i, &null, STR("")); /* an empty list is null */
    } else {
        e = values(b, &c, n);
    }
    return e && c.neq ? expression_join(b->set, EXPRESSION_NOT, &e, 1) : e;
}

struct expression *detection_build(struct build *b, const struct yaml_node *n)
{
    struct chain keyword = {.field = STR("")};
    struct expression *e;
    bool bad = false;

    if (n->kind == YAML_SCALAR)
        return values(b, &keyword, n);
    if (n->items == 0) {
        ERROR(b, n->at, "empty", "", "an identifier with nothing in it matches nothing");
        return NULL;
    }
    e = expression_new(b->set, n->kind == YAML_MAP ? EXPRESSION_AND : EXPRESSION_OR, n->items);
    for (size_t i = 0; i < n->items; i++) {
        if (n->kind == YAML_MAP)
            e->part[i] = item(b, n->key[i], n->item[i]);
        else if (n->item[i]->kind == YAML_SCALAR && yaml_type(n->item[i]) == YAML_NULL)
            ERROR(b, n->item[i]->at, "null-in-list", "", "null is no keyword");
        else
            e->part[i] = detection_build(b, n->item[i]);
        bad |= !e->part[i];
    }
    return bad ? NULL : e;
}
