/* grouping.c - see grouping.h. A combination is kept as one text: each value behind its
 * length. */
#include "sigma/grouping.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sigma/repeats.h"

static void put_part(struct buf *key, struct str text)
{
    buf_put_varint(key, text.len);
    buf_put_str(key, text);
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
            if (number == PAIRS_NONE)
                number = pairs_put(&g->by_pair, g->mark[i], g->distinct++);
        }
        g->settled[i] = number;
    }
    repeats_release(&repeats);
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

static uint32_t look_up(struct grouping *g, struct evaluator *e, uint32_t void_field)
{
    uint32_t same[2] = {0, 0}, number;
    uint32_t *known;
    uint64_t pair;

    if (!g->text)
        g->text = xcalloc(g->fields + 1, sizeof *g->text);
    for (size_t i = 0; i < g->fields; i++) {
        const struct event_value *v = evaluator_field(e, g->field[i]);

        if (v->kind < EVENT_TEXT || v->kind == EVENT_LIST || g->field[i] == void_field)
            return DICTIONARY_NONE;
        g->text[i] = v->text;
        if (i < 2)
            same[i] = v->same;
    }
    if (g->late && g->fields == 1 && g->text[0].len == sizeof pair)
        return keep_mark(g, g->text[0]);
    if (g->fields == 1 && (known = renumber_place(&g->by_same, same[0]))) {
        if (!*known)
            *known = grouping_find(g, g->text) + 1;
        return *known - 1;
    }
    if (g->fields != 2 || !same[0] || !same[1])
        return grouping_find(g, g->text);
    pair = (uint64_t)same[0] << 32 | same[1];
    number = pairs_find(&g->by_pair, pair);
    return number != PAIRS_NONE ? number
                                : pairs_put(&g->by_pair, pair, grouping_find(g, g->text));
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
    pairs_release(&g->by_pair);
    free(g->text);
    free(g->mark);
    free(g->settled);
    arena_release(&g->arena);
}
