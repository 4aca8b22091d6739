/* shape.c - see shape.h.
 *
 * The edges of a node are tried in turn, the one used last first. No two edges of a node
 * fit the same text: up to a node all texts have the same pieces, so a quote, a digit or a
 * word means the same to each of them. */
#include "trail/shape.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/limits.h"
#include "base/mem.h"
#include "record/tokenizer.h"

enum { WORD_DIGITS = 3, NODE_EDGES = 256, LEAF_END = 255 };

struct shape_edge {
    struct str piece;
    struct shape_node *child;
    uint16_t label;
    uint8_t kind; /* of the leaf behind the piece, or LEAF_END */
};

struct shape_node {
    struct shape_edge *edge;
    uint32_t edges, cap;
    uint32_t shape; /* that ends here, or SHAPE_NONE */
};

bool shape_delimiter(char c)
{
    return c == '/' || c == '?' || c == '&' || c == '=' || c == '|' || c == ':' ||
           c == ',' || c == '%' || c == '#' || c == '$' || c == ' ' || c == '@';
}

/* Where the leaf that begins at `at` ends; SIZE_MAX: it is none of that kind. */
static size_t leaf_end(uint8_t kind, struct str text, size_t at)
{
    size_t digits = 0;

    if (kind == LEAF_STRING)
        return tokens_string_end(text, at);
    if (kind == LEAF_NUMBER)
        return tokens_number_end(text, at);
    for (; at < text.len && !shape_delimiter(text.at[at]); at++)
        digits += text.at[at] >= '0' && text.at[at] <= '9';
    return digits >= WORD_DIGITS ? at : SIZE_MAX;
}

#if defined(__SSE2__)
/* A bit for each of sixteen bytes that is equal. */
static inline unsigned equal_bytes(const char *a, const char *b)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);

    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y));
}
#endif

/* Do the first bytes of a, of which `room` may be read, equal the piece? Pieces lie in an
 * arena, which rounds each up to sixteen bytes, so whole sixteens of them can be read. */
static inline bool same(const char *a, size_t room, struct str piece)
{
#if defined(__SSE2__)
    const char *b = piece.at;
    size_t left = piece.len;

    if (left == 0)
        return true;
    if (room < (left + 15) / 16 * 16)
        return room >= left && memcmp(a, b, left) == 0;
    for (; left > 16; left -= 16, a += 16, b += 16)
        if (equal_bytes(a, b) != 0xffff)
            return false;
    return (~equal_bytes(a, b) & ((1U << left) - 1)) == 0;
#else
    return room >= piece.len && memcmp(a, piece.at, piece.len) == 0;
#endif
}

/* The edge of a node that fits text from `at` on, with its leaf; NULL. */
static struct shape_edge *fitting(const struct shape_node *node, struct str text, size_t at,
                                  size_t *from, size_t *to)
{
    for (uint32_t i = 0; i < node->edges; i++) {
        struct shape_edge *e = &node->edge[i];

        if (!same(text.at + at, text.len - at, e->piece))
            continue;
        *from = at + e->piece.len;
        *to = e->kind == LEAF_END ? (*from == text.len ? *from : SIZE_MAX)
                                  : leaf_end(e->kind, text, *from);
        if (*to == SIZE_MAX)
            continue;
        if (i > 0) {
            struct shape_edge used = *e;

            *e = e[-1];
            *--e = used;
        }
        return e;
    }
    return NULL;
}

uint32_t shape_match(const struct shapes *s, enum shape_kind kind, struct str text,
                     struct leaf *leaf)
{
    const struct shape_node *node = s->root[kind];
    size_t at = 0;

    while (node) {
        size_t from, to;
        const struct shape_edge *e = fitting(node, text, at, &from, &to);

        if (!e)
            break;
        if (e->kind == LEAF_END)
            return e->child->shape;
        *leaf++ = (struct leaf){text.at + from, (uint32_t)(to - from), e->label, e->kind};
        at = to;
        node = e->child;
    }
    return SHAPE_NONE;
}

static struct shape_node *node_new(struct shapes *s)
{
    struct shape_node *n = arena_alloc(&s->arena, sizeof *n);

    *n = (struct shape_node){NULL, 0, 0, SHAPE_NONE};
    return n;
}

static struct shape_edge *edge_find(struct shape_node *n, struct str piece, uint8_t kind,
                                    uint16_t label)
{
    for (uint32_t i = 0; i < n->edges; i++)
        if (n->edge[i].kind == kind && n->edge[i].label == label &&
            str_equal(n->edge[i].piece, piece))
            return &n->edge[i];
    return NULL;
}

/* NULL when the node or the trie is full: the shape is known, but not matched. */
static struct shape_edge *edge_add(struct shapes *s, struct shape_node *n)
{
    if (n->edges == NODE_EDGES || s->edges == LIMIT_SHAPE_EDGES)
        return NULL;
    if (n->edges == n->cap) {
        struct shape_edge *old = n->edge;

        n->cap = n->cap ? n->cap * 2 : 1;
        n->edge = arena_alloc(&s->arena, n->cap * sizeof *n->edge);
        if (old)
            memcpy(n->edge, old, n->edges * sizeof *old);
    }
    s->edges++;
    return &n->edge[n->edges++];
}

/* Let the trie lead to the newest shape. */
static void plant(struct shapes *s, const struct leaf *leaf)
{
    const struct shape *shape = &s->shape[s->count - 1];
    struct shape_node *n;

    if (!s->root[shape->kind])
        s->root[shape->kind] = node_new(s);
    n = s->root[shape->kind];
    for (size_t i = 0; i <= shape->leaves; i++) {
        struct str piece = s->pieces.entry[shape->piece[i]];
        uint8_t kind = i < shape->leaves ? leaf[i].kind : LEAF_END;
        uint16_t label = i < shape->leaves ? leaf[i].label : 0;
        struct shape_edge *e = edge_find(n, piece, kind, label);

        if (!e) {
            if (!(e = edge_add(s, n)))
                return;
            *e = (struct shape_edge){piece, node_new(s), label, kind};
        }
        n = e->child;
    }
    n->shape = s->count - 1;
}

struct shape *shape_add(struct shapes *s, enum shape_kind kind, size_t leaves,
                        const uint32_t *piece, const uint16_t *label)
{
    struct shape *shape;

    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->shape = xrealloc(s->shape, s->cap * sizeof *s->shape);
    }
    shape = &s->shape[s->count++];
    *shape = (struct shape){.kind = (uint8_t)kind, .leaves = (uint16_t)leaves, .token = -1,
                            .url = -1};
    shape->piece = arena_alloc(&s->arena, (leaves + 1) * sizeof *shape->piece);
    shape->label = arena_alloc(&s->arena, (leaves + 1) * sizeof *shape->label);
    memcpy(shape->piece, piece, (leaves + 1) * sizeof *piece);
    if (leaves)
        memcpy(shape->label, label, leaves * sizeof *label);
    return shape;
}

uint32_t shape_learn(struct shapes *s, enum shape_kind kind, struct str text,
                     const struct leaf *leaf, size_t leaves)
{
    uint32_t piece[SHAPE_LEAVES + 1];
    uint16_t label[SHAPE_LEAVES + 1];
    const char *at = text.at;

    if (leaves > SHAPE_LEAVES || s->count >= LIMIT_SHAPES ||
        s->pieces.count + leaves >= LIMIT_SHAPE_PIECES)
        return SHAPE_NONE;
    for (size_t i = 0; i <= leaves; i++) {
        const char *end = i < leaves ? leaf[i].at : text.at + text.len;

        piece[i] = dictionary_put(&s->pieces, (struct str){at, (size_t)(end - at)}, &s->arena);
        if (i < leaves) {
            label[i] = leaf[i].label;
            at = leaf[i].at + leaf[i].len;
        }
    }
    shape_add(s, kind, leaves, piece, label);
    plant(s, leaf);
    return s->count - 1;
}

void shapes_release(struct shapes *s)
{
    dictionary_release(&s->pieces);
    free(s->shape);
    arena_release(&s->arena);
    memset(s, 0, sizeof *s);
}
