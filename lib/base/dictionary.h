/* dictionary.h - distinct texts, numbered from 0 in the order in which they came.
 *
 * Entries never change and never move. Zero-initialise, then use. A reader only adds and
 * asks by number; the index over the texts is built when one is first looked for. One
 * thread. */
#ifndef BASE_DICTIONARY_H
#define BASE_DICTIONARY_H

#include <stdint.h>

#include "base/arena.h"

#define DICTIONARY_NONE UINT32_MAX

struct dictionary {
    struct str *entry;
    uint32_t count, cap;
    struct dictionary_slot *slot;
    uint32_t slots; /* a power of two, or 0 before the first look-up */
};

/* The number of text, or DICTIONARY_NONE. */
uint32_t dictionary_find(struct dictionary *d, struct str text);
/* The number of text; it is added, with its bytes copied to texts, where it is new. */
uint32_t dictionary_put(struct dictionary *d, struct str text, struct arena *texts);
/* Let what a look for a text touches come into the cache, by the hash of the text: in step 0
 * its slot, in step 1 the entry, in step 2 the entry's text. Each step wants the one before to
 * have arrived. Returns the entry that it most likely is, DICTIONARY_NONE in step 0. */
uint32_t dictionary_hash(struct str text);
uint32_t dictionary_expect(const struct dictionary *d, uint32_t hash, int step);
/* Make room for n more. */
void dictionary_reserve(struct dictionary *d, uint64_t n);
/* Add text, known to be new, whose bytes outlive the dictionary. */
void dictionary_add(struct dictionary *d, struct str text);
void dictionary_release(struct dictionary *d);

/* Numbers other than 0 that are known by another number of the same text, so that it need
 * not be looked for. Zero-initialise; renumber_release() frees. */
struct renumber {
    uint32_t *entry;
    uint32_t count;
};
/* The place of that number, 0 where nothing is known yet; NULL for 0 and for numbers that
 * are too large to be kept. Valid until the next call. */
uint32_t *renumber_place(struct renumber *k, uint32_t number);
void renumber_release(struct renumber *k);

/* Distinct texts, most of which come with a number of theirs. Zero-initialise. */
struct numbering {
    struct dictionary texts;
    struct renumber by_same;
    uint32_t apart; /* texts that come with numbers below it differ */
    struct arena arena;
};
/* The number of the text that comes with that one; DICTIONARY_NONE: it came with none so
 * far, or same is 0. */
static inline uint32_t numbering_known(const struct numbering *n, uint32_t same)
{
    uint32_t known = same < n->by_same.count ? n->by_same.entry[same] : 0;

    return known > 0 ? known - 1 : DICTIONARY_NONE;
}
/* The number of the text, which comes with same, or with none (0). */
uint32_t numbering_put(struct numbering *n, uint32_t same, struct str text);
/* From now on the text that has the number comes with same, too. */
void numbering_alias(struct numbering *n, uint32_t same, uint32_t number);
void numbering_release(struct numbering *n);

#endif
