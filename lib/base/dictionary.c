/* dictionary.c - open addressing; a slot holds half of the hash, so that nearly every
 * probe of another text is told apart without touching that text. The hash is keyed with
 * a number of this process, so that nobody can prepare texts that collide. */
#include "base/dictionary.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/mix.h"

struct dictionary_slot {
    uint32_t hash;
    uint32_t number; /* + 1; 0: empty */
};

enum { SLOTS_MIN = 64 };

static uint32_t hash_of(struct str s)
{
    static uint64_t key;
    uint64_t h;

    while (key == 0)
        hash_random(&key, sizeof key);
    h = mix(key, s);
    return (uint32_t)(h ^ h >> 32);
}

static void index_add(struct dictionary *d, uint32_t hash, uint32_t number)
{
    uint32_t at = hash & (d->slots - 1);

    while (d->slot[at].number)
        at = (at + 1) & (d->slots - 1);
    d->slot[at] = (struct dictionary_slot){hash, number + 1};
}

/* Room in the index for all entries and one more, at most half full. */
static void index_fit(struct dictionary *d)
{
    if (d->slots / 2 > d->count)
        return;
    d->slots = d->slots ? d->slots : SLOTS_MIN;
    while (d->slots / 2 <= d->count)
        d->slots *= 2;
    free(d->slot);
    d->slot = xcalloc(d->slots, sizeof *d->slot);
    for (uint32_t i = 0; i < d->count; i++)
        index_add(d, hash_of(d->entry[i]), i);
}

static uint32_t find(struct dictionary *d, struct str text, uint32_t hash)
{
    for (uint32_t at = hash & (d->slots - 1); d->slot[at].number;
         at = (at + 1) & (d->slots - 1))
        if (d->slot[at].hash == hash && str_equal(d->entry[d->slot[at].number - 1], text))
            return d->slot[at].number - 1;
    return DICTIONARY_NONE;
}

uint32_t dictionary_find(struct dictionary *d, struct str text)
{
    index_fit(d);
    return find(d, text, hash_of(text));
}

uint32_t dictionary_hash(struct str text)
{
    return hash_of(text);
}

uint32_t dictionary_expect(const struct dictionary *d, uint32_t hash, int step)
{
    uint32_t at = hash & (d->slots - 1);

    if (d->slots == 0)
        return DICTIONARY_NONE;
    if (step == 0) {
        __builtin_prefetch(&d->slot[at]);
        return DICTIONARY_NONE;
    }
    while (d->slot[at].number && d->slot[at].hash != hash)
        at = (at + 1) & (d->slots - 1);
    if (!d->slot[at].number)
        return DICTIONARY_NONE;
    if (step == 1)
        __builtin_prefetch(&d->entry[d->slot[at].number - 1]);
    else
        __builtin_prefetch(d->entry[d->slot[at].number - 1].at);
    return d->slot[at].number - 1;
}

void dictionary_reserve(struct dictionary *d, uint64_t n)
{
    if (n <= d->cap - d->count)
        return;
    d->cap = d->cap ? d->cap : 16;
    while (d->cap - d->count < n)
        d->cap *= 2;
    d->entry = xrealloc(d->entry, d->cap * sizeof *d->entry);
}

void dictionary_add(struct dictionary *d, struct str text)
{
    dictionary_reserve(d, 1);
    d->entry[d->count++] = text;
}

uint32_t dictionary_put(struct dictionary *d, struct str text, struct arena *texts)
{
    uint32_t hash = hash_of(text);
    uint32_t number;

    index_fit(d);
    number = find(d, text, hash);
    if (number != DICTIONARY_NONE)
        return number;
    index_add(d, hash, d->count);
    dictionary_add(d, arena_copy(texts, text));
    return d->count - 1;
}

void dictionary_release(struct dictionary *d)
{
    free(d->entry);
    free(d->slot);
    memset(d, 0, sizeof *d);
}

enum { KNOWN_MAX = 1 << 22 };

uint32_t *renumber_place(struct renumber *k, uint32_t number)
{
    if (number == 0 || number >= KNOWN_MAX)
        return NULL;
    if (number >= k->count) {
        uint32_t n = (number + 64) * 2;

        k->entry = xrealloc(k->entry, n * sizeof *k->entry);
        memset(k->entry + k->count, 0, (n - k->count) * sizeof *k->entry);
        k->count = n;
    }
    return &k->entry[number];
}

void renumber_release(struct renumber *k)
{
    free(k->entry);
    *k = (struct renumber){NULL, 0};
}

/* As long as no text had to be looked for, those that differ in any case are not either. */
uint32_t numbering_put(struct numbering *n, uint32_t same, struct str text)
{
    uint32_t number = numbering_known(n, same), *place;

    if (number != DICTIONARY_NONE)
        return number;
    place = renumber_place(&n->by_same, same);
    if (place && same < n->apart && n->texts.slots == 0) {
        dictionary_add(&n->texts, arena_copy(&n->arena, text));
        number = n->texts.count - 1;
    } else {
        number = dictionary_put(&n->texts, text, &n->arena);
    }
    if (place)
        *place = number + 1;
    return number;
}

void numbering_alias(struct numbering *n, uint32_t same, uint32_t number)
{
    uint32_t *place = renumber_place(&n->by_same, same);

    if (place)
        *place = number + 1;
}

void numbering_release(struct numbering *n)
{
    dictionary_release(&n->texts);
    renumber_release(&n->by_same);
    arena_release(&n->arena);
    n->apart = 0;
}
