/* evaluate.c - see evaluate.h. Each field keeps a byte for every predicate of the field -
 * unknown, no, yes - by the number that the event gives for the value, and where it gives
 * none by its text. A field with too many different values stops keeping. */
#include "sigma/evaluate.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/zone.h"

enum { KEPT_VALUES = 65536, KEPT_NUMBERS = 1 << 20, KEPT_BYTES = 256, TEXT_MAX = 64 };
enum { UNKNOWN, NO, YES };

/* What is known of the values of a field, by their number and predicate of the field. */
struct answers {
    uint8_t *known;
    size_t cap;
};

struct column {
    uint64_t event; /* the value below is of that one */
    struct event_value value;
    uint8_t *known; /* of it, by predicate of the field; NULL: not kept */
    struct dictionary values;
    struct answers by_text, by_same;
};

struct evaluator {
    struct ruleset *set;
    const struct event *event;
    uint64_t number; /* of the event */
    struct column *column; /* by field */
    uint64_t *asked; /* by predicate: the event it was last decided for */
    bool *answer;
    struct arena arena;
};

struct evaluator *evaluator_new(struct ruleset *s)
{
    struct evaluator *e = xcalloc(1, sizeof *e);

    e->set = s;
    e->column = xcalloc(s->fields.count + 1U, sizeof *e->column);
    e->asked = xcalloc(s->predicates + 1, sizeof *e->asked);
    e->answer = xcalloc(s->predicates + 1, sizeof *e->answer);
    return e;
}

void evaluator_free(struct evaluator *e)
{
    if (!e)
        return;
    for (uint32_t i = 0; i < e->set->fields.count; i++) {
        dictionary_release(&e->column[i].values);
        free(e->column[i].by_text.known);
        free(e->column[i].by_same.known);
    }
    free(e->column);
    free(e->asked);
    free(e->answer);
    arena_release(&e->arena);
    free(e);
}

void evaluator_event(struct evaluator *e, const struct event *event)
{
    e->event = event;
    e->number++;
}

/* The answers of the value with that number, n of them. */
static uint8_t *answers_of(struct answers *a, uint32_t number, size_t n)
{
    a->known = xroom(a->known, &a->cap, (number + 1UL) * n, sizeof *a->known);
    return a->known + number * n;
}

/* Keep what predicates say of the value, where there is room. */
static void keep(struct evaluator *e, struct column *c, uint32_t field)
{
    size_t n = e->set->locals[field];
    uint32_t entry;

    c->known = NULL;
    if (n == 0 || c->value.kind < EVENT_TEXT)
        return;
    if (c->value.same > 0 && c->value.same < KEPT_NUMBERS) {
        c->known = answers_of(&c->by_same, c->value.same, n);
        return;
    }
    if (c->value.kind == EVENT_LIST || c->value.text.len > KEPT_BYTES)
        return;
    entry = c->values.count >= KEPT_VALUES
                ? dictionary_find(&c->values, c->value.text)
                : dictionary_put(&c->values, c->value.text, &e->arena);
    if (entry != DICTIONARY_NONE)
        c->known = answers_of(&c->by_text, entry, n);
}

static struct column *column_of(struct evaluator *e, uint32_t field)
{
    struct column *c = &e->column[field];

    if (c->event != e->number) {
        c->event = e->number;
        c->value = (struct event_value){.kind = EVENT_MISSING};
        e->event->field(e->event->ctx, field, e->set->fields.entry[field], &c->value);
        keep(e, c, field);
    }
    return c;
}

const struct event_value *evaluator_field(struct evaluator *e, uint32_t field)
{
    return &column_of(e, field)->value;
}

/* ---- predicates on one value ---- */

bool evaluator_number(const struct event_value *v, double *out)
{
    char text[TEXT_MAX];
    struct str s = v->text;
    size_t at = s.len > 0 && s.at[0] == '-';
    char *end;

    if (v->kind == EVENT_NUMBER) {
        *out = v->number;
        return true;
    }
    if (v->kind != EVENT_TEXT || s.len == at || s.len >= sizeof text)
        return false;
    for (size_t i = at; i < s.len; i++)
        if (!(s.at[i] >= '0' && s.at[i] <= '9') && s.at[i] != '.' && s.at[i] != 'e' &&
            s.at[i] != 'E' && s.at[i] != '-' && s.at[i] != '+')
            return false;
    if (s.at[at] < '0' || s.at[at] > '9')
        return false;
    memcpy(text, s.at, s.len);
    text[s.len] = '\0';
    *out = strtod(text, &end);
    return *end == '\0';
}

static int digits_at(struct str s, size_t at, size_t n)
{
    int v = 0;

    for (size_t i = at; i < at + n; i++) {
        if (i >= s.len || s.at[i] < '0' || s.at[i] > '9')
            return -1;
        v = v * 10 + (s.at[i] - '0');
    }
    return v;
}

/* A part of a time in UTC; false: the value is none. Weeks are those of ISO 8601. */
static bool part_of(const struct event_value *v, enum time_part part, double *out)
{
    int year = digits_at(v->text, 0, 4), month = digits_at(v->text, 5, 2);
    int day = digits_at(v->text, 8, 2), hour = digits_at(v->text, 11, 2);
    int minute = digits_at(v->text, 14, 2);
    int64_t days, monday;
    struct civil c;
    size_t zone = v->text.len >= 6 ? v->text.len - 6 : 0;
    int64_t seconds;

    if (v->kind != EVENT_TEXT || year < 1 || month < 1 || month > 12 || day < 1 || hour < 0 ||
        minute < 0)
        return false;
    seconds = civil_to_days(year, month, day) * 86400 + hour * 3600 + minute * 60;
    if (zone > 15 && (v->text.at[zone] == '+' || v->text.at[zone] == '-'))
        seconds -= (v->text.at[zone] == '+' ? 1 : -1) *
                   (digits_at(v->text, zone + 1, 2) * 3600 +
                    digits_at(v->text, zone + 4, 2) * 60);
    civil_from_seconds(&c, seconds);
    days = civil_to_days(c.year, c.month, c.day);
    if (part == PART_WEEK) {
        monday = days - ((days + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
        civil_from_seconds(&c, (monday + 3) * 86400);
        *out = (double)((monday + 3 - civil_to_days(c.year, 1, 1)) / 7 + 1);
        return true;
    }
    *out = part == PART_MINUTE ? c.minute : part == PART_HOUR ? c.hour : part == PART_DAY
           ? c.day : part == PART_MONTH ? c.month : c.year;
    return true;
}

static bool in_network(const struct network *n, const struct event_value *v)
{
    uint8_t address[16];
    char text[TEXT_MAX];

    if (v->kind != EVENT_TEXT || v->text.len >= sizeof text)
        return false;
    memcpy(text, v->text.at, v->text.len);
    text[v->text.len] = '\0';
    if (inet_pton(n->six ? AF_INET6 : AF_INET, text, address) != 1)
        return false;
    for (unsigned i = 0; i < n->bits; i++)
        if ((address[i / 8] ^ n->address[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

static bool compare(const struct predicate *p, double v)
{
    if (p->op == OP_NUMBER)
        return !(v < p->number) && !(v > p->number);
    if (p->op == OP_LESS || p->op == OP_LESS_EQUAL)
        return v < p->number || (p->op == OP_LESS_EQUAL && v <= p->number);
    return v > p->number || (p->op == OP_MORE_EQUAL && v >= p->number);
}

static bool stopped(struct predicate *p, int rc)
{
    p->stopped += rc < 0;
    return rc > 0;
}

static bool holds(struct predicate *p, const struct event_value *v)
{
    double n;

    switch (p->op) {
    case OP_PATTERN:
        return stopped(p, pattern_match(&p->pattern, v->text));
    case OP_REGEX:
        return stopped(p, regex_match(p->regex, v->text));
    case OP_CIDR:
        return in_network(&p->network, v);
    case OP_TRUTH:
        return str_equal_nocase(v->text, p->truth ? STR("true") : STR("false"));
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_MORE:
    case OP_MORE_EQUAL:
    case OP_NUMBER:
        return (p->part ? part_of(v, p->part, &n) : evaluator_number(v, &n)) && compare(p, n);
    case OP_NULL:
    case OP_EXISTS:
    case OP_SAME:
    case OP_KEYWORD:
        break;
    }
    return false;
}

/* ---- predicates on an event ---- */

static bool same_text(const struct predicate *p, const struct event_value *a,
                      const struct event_value *b)
{
    struct str x = a->text, y = b->text;

    if (a->kind < EVENT_TEXT || b->kind < EVENT_TEXT)
        return false;
    for (size_t from = 0; from + y.len <= x.len; from++) {
        struct str part = str_part(x, from, from + y.len);

        if ((p->front || from == 0) && (p->back || from + y.len == x.len) &&
            (p->cased ? str_equal(part, y) : str_equal_nocase(part, y)))
            return true;
    }
    return false;
}

static bool same(struct evaluator *e, const struct predicate *p)
{
    const struct event_value *a = evaluator_field(e, p->field);
    const struct event_value *b = evaluator_field(e, p->other);
    size_t n = a->kind == EVENT_LIST ? a->items : 1;
    size_t m = b->kind == EVENT_LIST ? b->items : 1;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++)
            if (same_text(p, a->kind == EVENT_LIST ? &a->item[i] : a,
                          b->kind == EVENT_LIST ? &b->item[k] : b))
                return true;
    return false;
}

static bool keyword(struct evaluator *e, struct predicate *p)
{
    struct str text;

    for (size_t i = 0; e->event->text(e->event->ctx, i, &text); i++)
        if (stopped(p, p->regex ? regex_match(p->regex, text)
                                : pattern_match(&p->pattern, text)))
            return true;
    return false;
}

/* Does the value, or one of the list, meet it? */
static bool any_holds(struct predicate *p, const struct event_value *v)
{
    if (v->kind != EVENT_LIST)
        return v->kind >= EVENT_TEXT && holds(p, v);
    for (size_t i = 0; i < v->items; i++)
        if (v->item[i].kind >= EVENT_TEXT && holds(p, &v->item[i]))
            return true;
    return false;
}

static bool decide(struct evaluator *e, struct predicate *p)
{
    struct column *c;

    if (p->op == OP_KEYWORD)
        return keyword(e, p);
    if (p->op == OP_SAME)
        return same(e, p);
    c = column_of(e, p->field);
    if (p->op == OP_EXISTS)
        return (c->value.kind != EVENT_MISSING) == p->truth;
    if (p->op == OP_NULL)
        return c->value.kind == EVENT_MISSING || c->value.kind == EVENT_NULL;
    if (!c->known)
        return any_holds(p, &c->value);
    if (c->known[p->local] == UNKNOWN)
        c->known[p->local] = any_holds(p, &c->value) ? YES : NO;
    return c->known[p->local] == YES;
}

static bool answer(struct evaluator *e, uint32_t number)
{
    if (e->asked[number] != e->number) {
        e->answer[number] = decide(e, e->set->predicate[number]);
        e->asked[number] = e->number;
    }
    return e->answer[number];
}

static bool meets(struct evaluator *e, const struct expression *x)
{
    switch (x->kind) {
    case EXPRESSION_PREDICATE:
        return answer(e, x->number);
    case EXPRESSION_NOT:
        return !meets(e, x->part[0]);
    case EXPRESSION_AND:
        for (size_t i = 0; i < x->parts; i++)
            if (!meets(e, x->part[i]))
                return false;
        return true;
    case EXPRESSION_OR:
        for (size_t i = 0; i < x->parts; i++)
            if (meets(e, x->part[i]))
                return true;
        return false;
    case EXPRESSION_RULE:
        break;
    }
    return false;
}

bool evaluator_meets(struct evaluator *e, const struct rule *r)
{
    return r->condition && meets(e, r->condition);
}

/* In three values: what the predicates that are told leave open. */
static enum meets may_meet(struct evaluator *e, const struct expression *x, const bool *told)
{
    enum meets all = MEETS, any = MEETS_NOT;

    switch (x->kind) {
    case EXPRESSION_PREDICATE:
        return !told[x->number] ? MEETS_PERHAPS : answer(e, x->number) ? MEETS : MEETS_NOT;
    case EXPRESSION_NOT:
        return MEETS - may_meet(e, x->part[0], told);
    case EXPRESSION_AND:
        for (size_t i = 0; i < x->parts && all != MEETS_NOT; i++) {
            enum meets part = may_meet(e, x->part[i], told);

            all = part < all ? part : all;
        }
        return all;
    case EXPRESSION_OR:
        for (size_t i = 0; i < x->parts && any != MEETS; i++) {
            enum meets part = may_meet(e, x->part[i], told);

            any = part > any ? part : any;
        }
        return any;
    case EXPRESSION_RULE:
        break;
    }
    return MEETS_NOT;
}

enum meets evaluator_may_meet(struct evaluator *e, const struct rule *r, const bool *told)
{
    return r->condition ? may_meet(e, r->condition, told) : MEETS_NOT;
}

static size_t gather(struct evaluator *e, const struct expression *x,
                     const struct predicate **out, size_t n, size_t cap)
{
    if (x->kind == EXPRESSION_PREDICATE && answer(e, x->number)) {
        for (size_t i = 0; i < n; i++)
            if (out[i] == e->set->predicate[x->number])
                return n;
        if (n < cap)
            out[n++] = e->set->predicate[x->number];
    }
    for (size_t i = 0; i < x->parts && x->kind != EXPRESSION_NOT; i++)
        if (x->kind == EXPRESSION_AND || meets(e, x->part[i]))
            n = gather(e, x->part[i], out, n, cap);
    return n;
}

size_t evaluator_why(struct evaluator *e, const struct rule *r, const struct predicate **out,
                     size_t cap)
{
    return r->condition && meets(e, r->condition) ? gather(e, r->condition, out, 0, cap) : 0;
}
