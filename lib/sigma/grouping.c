/* grouping.c - see grouping.h. A combination is kept as one text: each value behind its
 * length. */
#include "sigma/grouping.h"

#include "base/buf.h"

static void put_part(struct buf *key, struct str text)
{
    buf_put_varint(key, text.len);
    buf_put_str(key, text);
}

static uint32_t look_up(struct grouping *g, struct evaluator *e, uint32_t void_field)
{
    struct buf key = {0};
    uint32_t *known = NULL;
    uint32_t number;

    for (size_t i = 0; i < g->fields; i++) {
        const struct event_value *v = evaluator_field(e, g->field[i]);

        if (v->kind < EVENT_TEXT || v->kind == EVENT_LIST || g->field[i] == void_field) {
            buf_release(&key);
            return DICTIONARY_NONE;
        }
        if (g->fields == 1)
            known = renumber_place(&g->by_same, v->same);
        if (known && *known)
            return *known - 1;
        put_part(&key, v->text);
    }
    number = dictionary_put(&g->texts, buf_str(&key), &g->arena);
    if (known)
        *known = number + 1;
    buf_release(&key);
    return number;
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
    number = dictionary_put(&g->texts, buf_str(&key), &g->arena);
    buf_release(&key);
    return number;
}

struct str grouping_text(const struct grouping *g, uint32_t number, size_t at)
{
    struct str key = number < g->texts.count ? g->texts.entry[number] : STR("");

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
    arena_release(&g->arena);
}
