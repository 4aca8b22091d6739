/* pairs.c - open addressing, at most half full. */
#include "base/pairs.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/mix.h"

enum { SLOTS_MIN = 1024 };

static void add(struct pairs *t, uint64_t key, uint32_t number)
{
    size_t at = mix_number(key) & (t->slots - 1);

    while (t->slot[at].number)
        at = (at + 1) & (t->slots - 1);
    t->slot[at] = (struct pair){key, number + 1};
}

static void fit(struct pairs *t)
{
    struct pairs old = *t;

    if (t->count < t->slots / 2)
        return;
    t->slots = t->slots ? t->slots * 4 : SLOTS_MIN;
    t->slot = xcalloc(t->slots, sizeof *t->slot);
    for (size_t i = 0; i < old.slots; i++)
        if (old.slot[i].number)
            add(t, old.slot[i].key, old.slot[i].number - 1);
    free(old.slot);
}

uint32_t pairs_find(const struct pairs *t, uint64_t key)
{
    size_t at = mix_number(key) & (t->slots - 1);

    for (; t->slots && t->slot[at].number; at = (at + 1) & (t->slots - 1))
        if (t->slot[at].key == key)
            return t->slot[at].number - 1;
    return PAIRS_NONE;
}

uint32_t pairs_put(struct pairs *t, uint64_t key, uint32_t number)
{
    fit(t);
    add(t, key, number);
    t->count++;
    return number;
}

void pairs_release(struct pairs *t)
{
    free(t->slot);
    *t = (struct pairs){NULL, 0, 0};
}
