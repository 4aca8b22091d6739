/* grouping.c - see grouping.h. A combination of fields is numbered step by step: what stands
 * in the first two by the numbers of both values, that and the third by both numbers, and so
 * on. No text is put together. */
#include "sigma/grouping.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sigma/repeats.h"

void grouping_init(struct grouping *g, const uint32_t *field, size_t fields, bool counted,
                   struct numbering *values)
{
    *g = (struct grouping){.field = field, .fields = fields, .counted = counted};
    g->values = xcalloc(fields + 1, sizeof(struct numbering *));
    g->value = xcalloc(fields + 1, sizeof *g->value);
    g->both = xcalloc(fields + 1, sizeof *g->both);
    for (size_t i = 0; i < fields; i++)
        g->values[i] = &values[field[i]];
}

void grouping_release(struct grouping *g)
{
    for (size_t i = 0; i < g->fields; i++)
        pairs_release(&g->both[i]);
    pairs_release(&g->by_mark);
    free(g->values);
    free(g->value);
    free(g->both);
    free(g->mark);
    free(g->settled);
}

bool grouping_settles(const struct grouping *g)
{
    return g->late || g->fields > 1;
}

static uint32_t keep_mark(struct grouping *g, uint64_t mark)
{
    if (g->marks == g->mark_cap) {
        g->mark_cap = g->mark_cap ? g->mark_cap * 2 : 4096;
        g->mark = xrealloc(g->mark, g->mark_cap * sizeof *g->mark);
    }
    g->mark[g->marks] = mark;
    return g->marks++;
}

/* Most marks are seen once; only the others are looked up in a table. */
static void settle_marks(struct grouping *g, bool alone)
{
    struct repeats repeats = {NULL, NULL};

    for (uint32_t i = 0; i < g->marks && !alone; i++)
        repeats_add(&repeats, g->mark[i]);
    for (uint32_t i = 0; i < g->marks; i++)
        g->settled[i] = alone || repeats_has(&repeats, g->mark[i])
                            ? pairs_put(&g->by_mark, g->mark[i]) : DICTIONARY_NONE;
    repeats_release(&repeats);
}

void grouping_settle(struct grouping *g, bool alone)
{
    g->settled = xmalloc((g->marks + 1U) * sizeof *g->settled);
    if (g->late)
        settle_marks(g, alone);
    else
        pairs_put_all(&g->both[g->fields - 1], g->mark, g->marks, g->settled);
}

/* What stands before the i-th field has a number, and the value of that field. */
static uint32_t step(struct grouping *g, size_t i, uint32_t before, uint32_t value)
{
    return i == 0 ? g->by_mark.count + value
                  : pairs_put(&g->both[i], (uint64_t)before << 32 | value);
}

uint32_t grouping_find(struct grouping *g, const struct str *text)
{
    uint32_t number = 0;

    for (size_t i = 0; i < g->fields; i++)
        number = step(g, i, number, numbering_put(g->values[i], 0, text[i]));
    return number;
}

/* The number of what the event has, by those of its values. */
static uint32_t combine(struct grouping *g)
{
    uint32_t number = 0;

    for (size_t i = 0; i < g->fields; i++) {
        if (i > 0 && i + 1 == g->fields)
            return keep_mark(g, (uint64_t)number << 32 | g->value[i]);
        number = step(g, i, number, g->value[i]);
    }
    return number;
}

/* Numbers of values (event_value.same) are those of a field's own. */
uint32_t grouping_from(struct grouping *g, struct evaluator *e, const uint32_t *field,
                       uint32_t void_field)
{
    uint64_t mark;

    for (size_t i = 0; i < g->fields; i++) {
        const struct event_value *v = evaluator_field(e, field[i]);

        if (v->kind < EVENT_TEXT || v->kind == EVENT_LIST || field[i] == void_field)
            return DICTIONARY_NONE;
        if (g->late && v->text.len == sizeof mark) {
            memcpy(&mark, v->text.at, sizeof mark);
            return keep_mark(g, mark);
        }
        g->value[i] = numbering_put(g->values[i], field[i] == g->field[i] ? v->same : 0,
                                    v->text);
    }
    return combine(g);
}

bool grouping_alike(const struct grouping *g, uint32_t a, uint32_t b)
{
    return a == b || (grouping_settles(g) && a != DICTIONARY_NONE && b != DICTIONARY_NONE &&
                      g->mark[a] == g->mark[b]);
}

static uint32_t pick(struct grouping *g, const uint32_t *value, uint64_t mark,
                     uint32_t void_field)
{
    if (g->late)
        return mark > 0 ? keep_mark(g, mark) : DICTIONARY_NONE;
    for (size_t i = 0; i < g->fields; i++) {
        g->value[i] = value[g->field[i]];
        if (g->value[i] == DICTIONARY_NONE || g->field[i] == void_field)
            return DICTIONARY_NONE;
    }
    return combine(g);
}

uint32_t grouping_now(struct grouping *g, struct evaluator *e, uint64_t event,
                      uint32_t void_field)
{
    if (g->event != event) {
        g->event = event;
        g->now = grouping_from(g, e, g->field, void_field);
    }
    return g->now;
}

uint32_t grouping_known(struct grouping *g, const uint32_t *value, uint64_t mark,
                        uint64_t event, uint32_t void_field)
{
    if (g->event != event) {
        g->event = event;
        g->now = pick(g, value, mark, void_field);
    }
    return g->now;
}

size_t grouping_count(const struct grouping *g)
{
    return g->fields == 0   ? 1
           : g->fields == 1 ? (size_t)g->by_mark.count + g->values[0]->texts.count
                            : g->both[g->fields - 1].count;
}

struct str grouping_text(const struct grouping *g, uint32_t number, size_t at)
{
    if (number >= grouping_count(g) || at >= g->fields || number < g->by_mark.count)
        return STR("");
    number -= g->by_mark.count;
    for (size_t i = g->fields - 1; i > 0; i--) {
        uint64_t both = g->both[i].key[number];

        if (i == at)
            return g->values[i]->texts.entry[(uint32_t)both];
        number = (uint32_t)(both >> 32);
    }
    return g->values[0]->texts.entry[number];
}
