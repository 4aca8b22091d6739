/* tree.h - a JSON value that is built once and printed in the way of some product. Nodes
 * and texts live until tree_reset(). */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include "base/arena.h"
#include "base/buf.h"
#include "bench/draw.h"

struct node {
    const char *name; /* of a member, else NULL */
    struct str text;  /* of a leaf, without quotes */
    char kind;        /* '{', '[', '"', or '0' for anything bare */
    struct node *child, *last, *next;
};

struct tree {
    struct arena arena;
};

/* With of NULL: a root. */
struct node *tree_add(struct tree *t, struct node *of, const char *name, char kind);
struct node *tree_text(struct tree *t, struct node *of, const char *name, const char *text);
struct node *tree_bare(struct tree *t, struct node *of, const char *name, const char *text);
struct node *tree_number(struct tree *t, struct node *of, const char *name, long long v);
void tree_reset(struct tree *t);

/* compact; pretty: lines and two spaces; hurt: members in any order, white space and
 * escapes anywhere, members nobody knows. */
enum tree_style { TREE_COMPACT, TREE_PRETTY, TREE_HURT };
void tree_print(struct buf *out, const struct node *root, enum tree_style style,
                struct draw *d);

#endif
