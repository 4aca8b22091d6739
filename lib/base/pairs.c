/* pairs.c - open addressing, at most half full. Slots hold numbers alone, so that a table of
 * some hundred thousand keys stays in the cache. */
#include "base/pairs.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/mix.h"

enum { SLOTS_MIN = 1024 };

/* The slot of the key, or the empty one where it would be. */
static size_t place_of(const struct pairs *t, uint64_t key)
{
    size_t at = mix_number(key) & (t->slots - 1);

    while (t->slot[at] && t->key[t->slot[at] - 1] != key)
        at = (at + 1) & (t->slots - 1);
    return at;
}

/* Room for one more. */
static void fit(struct pairs *t)
{
    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : SLOTS_MIN / 2;
        t->key = xrealloc(t->key, t->cap * sizeof *t->key);
    }
    if (t->count < t->slots / 2)
        return;
    free(t->slot);
    t->slots = t->slots ? t->slots * 2 : SLOTS_MIN;
    t->slot = xcalloc(t->slots, sizeof *t->slot);
    for (uint32_t i = 0; i < t->count; i++)
        t->slot[place_of(t, t->key[i])] = i + 1;
}

uint32_t pairs_put(struct pairs *t, uint64_t key)
{
    uint32_t found = t->slots ? t->slot[place_of(t, key)] : 0;

    if (found)
        return found - 1;
    fit(t);
    t->key[t->count] = key;
    t->slot[place_of(t, key)] = t->count + 1;
    return t->count++;
}

/* What is looked at first for a key, and then, is fetched while others are looked for. */
void pairs_put_all(struct pairs *t, const uint64_t *key, size_t n, uint32_t *out)
{
    enum { SLOT_AHEAD = 24, KEY_AHEAD = 12 };

    for (size_t i = 0; i < n; i++) {
        if (t->slots > 0 && i + SLOT_AHEAD < n)
            __builtin_prefetch(&t->slot[mix_number(key[i + SLOT_AHEAD]) & (t->slots - 1)], 1);
        if (t->slots > 0 && i + KEY_AHEAD < n) {
            uint32_t number = t->slot[mix_number(key[i + KEY_AHEAD]) & (t->slots - 1)];

            __builtin_prefetch(&t->key[number ? number - 1 : 0]);
        }
        out[i] = pairs_put(t, key[i]);
    }
}

void pairs_release(struct pairs *t)
{
    free(t->key);
    free(t->slot);
    *t = (struct pairs){NULL, 0, 0, NULL, 0};
}
