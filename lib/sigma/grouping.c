/* grouping.c - see grouping.h. A combination is kept as one text: each value behind its
 * length. */
#include "sigma/grouping.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/mix.h"
#include "sigma/repeats.h"

enum { PAIRS_MIN = 1024 };

static void put_part(struct buf *key, struct str text)
{
    buf_put_varint(key, text.len);
    buf_put_str(key, text);
}

static void pairs_add(struct pairs *t, uint64_t key, uint32_t number)
{
    size_t at = mix_fold(key ^ 0x9e3779b97f4a7c15ULL, 0xd6e8feb86659fd93ULL) & (t->slots - 1);

    while (t->slot[at].number)
        at = (at + 1) & (t->slots - 1);
    t->slot[at] = (struct pair){key, number + 1};
}

static void pairs_fit(struct pairs *t)
{
    struct pairs old = *t;

    if (t->count < t->slots / 2)
        return;
    t->slots = t->slots ? t->slots * 4 : PAIRS_MIN;
    t->slot = xcalloc(t->slots, sizeof *t->slot);
    for (size_t i = 0; i < old.slots; i++)
        if (old.slot[i].number)
            pairs_add(t, old.slot[i].key, old.slot[i].number - 1);
    free(old.slot);
}

static uint32_t pairs_find(const struct pairs *t, uint64_t key)
{
    size_t at = mix_fold(key ^ 0x9e3779b97f4a7c15ULL, 0xd6e8feb86659fd93ULL) & (t->slots - 1);

    for (; t->slots && t->slot[at].number; at = (at + 1) & (t->slots - 1))
        if (t->slot[at].key == key)
            return t->slot[at].number - 1;
    return DICTIONARY_NONE;
}

static uint32_t pairs_put(struct pairs *t, uint64_t key, uint32_t number)
{
    pairs_fit(t);
    pairs_add(t, key, number);
    t->count++;
    return number;
}

static uint32_t keep_mark(struct grouping *g, struct str mark)
{
    if (g->marks == g->mark_cap) {
        g->mark_cap = g->mark_cap ? g->mark_cap * 2 : 4096;
        g->mark = xrealloc(g->mark, g->mark_cap * sizeof *g->mark);
    }
    memcpy(&g->mark[g->marks], mark.at, sizeof *g->mark);
    return g->marks++;
}

/* Most marks are seen once; only the others are looked up in a table. */
void grouping_settle(struct grouping *g, bool alone)
{
    struct repeats repeats = {NULL, NULL};

    for (uint32_t i = 0; i < g->marks && !alone; i++)
        repeats_add(&repeats, g->mark[i]);
    g->settled = xmalloc((g->marks + 1U) * sizeof *g->settled);
    for (uint32_t i = 0; i < g->marks; i++) {
        uint32_t number = DICTIONARY_NONE;

        if (alone || repeats_has(&repeats, g->mark[i])) {
            number = pairs_find(&g->by_pair, g->mark[i]);
            if (number == DICTIONARY_NONE)
                number = pairs_put(&g->by_pair, g->mark[i], g->distinct++);
        }
        g->settled[i] = number;
    }
    repeats_release(&repeats);
}

/* The number of a combination that is not known by the numbers of its values. */
static uint32_t number_of(struct grouping *g, const struct event_value *const *v)
{
    struct buf key = {0};
    uint32_t number;

    for (size_t i = 0; i < g->fields; i++)
        put_part(&key, v[i]->text);
    number = dictionary_put(&g->texts, buf_str(&key), &g->arena);
    buf_release(&key);
    return number;
}

static uint32_t look_up(struct grouping *g, struct evaluator *e, uint32_t void_field)
{
    const struct event_value **v;
    uint32_t *known, number;
    uint64_t pair;

    if (!g->value)
        g->value = xcalloc(g->fields + 1, sizeof(const struct event_value *));
    v = g->value;
    for (size_t i = 0; i < g->fields; i++) {
        v[i] = evaluator_field(e, g->field[i]);
        if (v[i]->kind < EVENT_TEXT || v[i]->kind == EVENT_LIST || g->field[i] == void_field)
            return DICTIONARY_NONE;
    }
    if (g->late && g->fields == 1 && v[0]->text.len == sizeof pair)
        return keep_mark(g, v[0]->text);
    known = g->fields == 1 ? renumber_place(&g->by_same, v[0]->same) : NULL;
    if (known && *known)
        return *known - 1;
    if (known) {
        number = number_of(g, v);
        *known = number + 1;
        return number;
    }
    if (g->fields != 2 || !v[0]->same || !v[1]->same)
        return number_of(g, v);
    pair = (uint64_t)v[0]->same << 32 | v[1]->same;
    number = pairs_find(&g->by_pair, pair);
    return number != DICTIONARY_NONE ? number : pairs_put(&g->by_pair, pair, number_of(g, v));
}

uint32_t grouping_now(struct grouping *g, struct evaluator *e, uint64_t event,
                      uint32_t void_field)
{
    if (g->event != event) {
        g->event = event;
        g->now = look_up(g, e, void_field);
    }
    return g->now;
}

uint32_t grouping_find(struct grouping *g, const struct str *text)
{
    struct buf key = {0};
    uint32_t number;

    for (size_t i = 0; i < g->fields; i++)
        put_part(&key, text[i]);
    number = g->distinct + dictionary_put(&g->texts, buf_str(&key), &g->arena);
    buf_release(&key);
    return number;
}

size_t grouping_count(const struct grouping *g)
{
    return (size_t)g->distinct + g->texts.count;
}

struct str grouping_text(const struct grouping *g, uint32_t number, size_t at)
{
    bool is_text = number >= g->distinct && number - g->distinct < g->texts.count;
    struct str key = is_text ? g->texts.entry[number - g->distinct] : STR("");

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

void grouping_release(struct grouping *g)
{
    dictionary_release(&g->texts);
    renumber_release(&g->by_same);
    free(g->by_pair.slot);
    free(g->value);
    free(g->mark);
    free(g->settled);
    arena_release(&g->arena);
}
