/* shape.h - texts that are alike but for their values: a shape is a row of constant pieces
 * with leaves between them, piece[0] leaf[0] piece[1] ... piece[leaves].
 *
 * A text is matched against all known shapes of its kind at once, in one pass, along a
 * trie of pieces. A match proves that the text is those pieces and leaves; where the text
 * is JSON it proves too that it is as well-formed as the text from which the shape was
 * learned, since only values stand in leaves and each was checked. One thread. */
#ifndef TRAIL_SHAPE_H
#define TRAIL_SHAPE_H

#include "base/arena.h"
#include "base/dictionary.h"

enum shape_kind { SHAPE_RECORD, SHAPE_HEADER, SHAPE_PAYLOAD, SHAPE_URL, SHAPE_KINDS };

enum { SHAPE_LEAVES = 512 };
#define SHAPE_NONE UINT32_MAX

struct shape {
    uint8_t kind;   /* enum shape_kind */
    uint16_t leaves;
    int16_t token, url;    /* leaves that hold a structure of their own, or -1 */
    bool more_holders;     /* there are others that could */
    uint32_t *piece;       /* leaves + 1 numbers of pieces */
    uint16_t *label;       /* of each leaf */
};

enum leaf_kind { LEAF_STRING, LEAF_NUMBER, LEAF_WORD };

struct leaf {
    const char *at;
    uint32_t len;
    uint16_t label;
    uint8_t kind; /* enum leaf_kind */
};

struct shapes {
    struct dictionary pieces;
    struct shape *shape;
    uint32_t count, cap;
    struct shape_node *root[SHAPE_KINDS];
    uint32_t edges; /* in the trie */
    struct arena arena;
};

/* The number of the shape of text and its leaves, at most SHAPE_LEAVES; SHAPE_NONE. */
uint32_t shape_match(const struct shapes *s, enum shape_kind kind, struct str text,
                     struct leaf *leaf);

/* Add the shape of a text that was split into these leaves, which lie in text and have
 * their labels. SHAPE_NONE when the bounds are reached. */
uint32_t shape_learn(struct shapes *s, enum shape_kind kind, struct str text,
                     const struct leaf *leaf, size_t leaves);

/* Add one by its numbers, as a reader does; the lists are copied. */
struct shape *shape_add(struct shapes *s, enum shape_kind kind, size_t leaves,
                        const uint32_t *piece, const uint16_t *label);
void shapes_release(struct shapes *s);

/* Is this byte of a URL one that ends a word? */
bool shape_delimiter(char c);

#endif
