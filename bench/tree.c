/* tree.c - see tree.h. */
#include "bench/tree.h"

struct node *tree_add(struct tree *t, struct node *of, const char *name, char kind)
{
    struct node *n = arena_alloc(&t->arena, sizeof *n);

    *n = (struct node){.name = name, .kind = kind};
    if (!of)
        return n;
    if (of->last)
        of->last->next = n;
    else
        of->child = n;
    of->last = n;
    return n;
}

struct node *tree_text(struct tree *t, struct node *of, const char *name, const char *text)
{
    struct node *n = tree_add(t, of, name, '"');

    n->text = arena_copy(&t->arena, str_of(text));
    return n;
}

struct node *tree_bare(struct tree *t, struct node *of, const char *name, const char *text)
{
    struct node *n = tree_text(t, of, name, text);

    n->kind = '0';
    return n;
}

struct node *tree_number(struct tree *t, struct node *of, const char *name, long long v)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", v);
    return tree_bare(t, of, name, text);
}

void tree_reset(struct tree *t)
{
    arena_reset(&t->arena);
}

struct printing {
    struct buf *out;
    enum tree_style style;
    struct draw *d;
};

static void space(struct printing *p, int depth)
{
    static const char *const spaces[] = {" ", "  ", "\t", " \r"};

    if (p->style == TREE_PRETTY) {
        buf_put_text(p->out, "\n");
        for (int i = 0; i < depth; i++)
            buf_put_text(p->out, "  ");
    } else if (p->style == TREE_HURT && draw_below(p->d, PURPOSE_ODD, 24) == 0) {
        buf_put_text(p->out, spaces[draw_below(p->d, PURPOSE_ODD, 4)]);
    }
}

static void string(struct printing *p, struct str s)
{
    size_t escaped = SIZE_MAX;

    if (p->style == TREE_HURT && s.len > 0 && draw_below(p->d, PURPOSE_ODD, 40) == 0)
        escaped = draw_below(p->d, PURPOSE_ODD, (unsigned)s.len);
    buf_put_text(p->out, "\"");
    for (size_t i = 0; i < s.len; i++) {
        if (i == escaped)
            buf_printf(p->out, "\\u%04x", (unsigned char)s.at[i]);
        else
            buf_put(p->out, s.at + i, 1);
    }
    buf_put_text(p->out, "\"");
}

static void unknown_member(struct printing *p)
{
    static const char *const values[] = {"true", "null", "\"x\"", "[]", "[1,2]", "{\"a\":0.5e1}"};

    buf_printf(p->out, "\"x-%u\":%s", draw_below(p->d, PURPOSE_ODD, 40),
               values[draw_below(p->d, PURPOSE_ODD, 6)]);
}

static void value(struct printing *p, const struct node *n, int depth);

static void children(struct printing *p, const struct node *n, int depth)
{
    const struct node *list[64];
    size_t count = 0;

    for (const struct node *c = n->child; c && count < 64; c = c->next)
        list[count++] = c;
    for (size_t i = count; p->style == TREE_HURT && n->kind == '{' && i > 1; i--) {
        size_t k = draw_below(p->d, PURPOSE_ODD, (unsigned)i);
        const struct node *swap = list[i - 1];

        list[i - 1] = list[k];
        list[k] = swap;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_put_text(p->out, ",");
        space(p, depth + 1);
        if (list[i]->name) {
            string(p, str_of(list[i]->name));
            buf_put_text(p->out, p->style == TREE_PRETTY ? ": " : ":");
        }
        value(p, list[i], depth + 1);
    }
    if (p->style == TREE_HURT && n->kind == '{' && count > 0 &&
        draw_below(p->d, PURPOSE_ODD, 12) == 0) {
        buf_put_text(p->out, ",");
        unknown_member(p);
    }
    if (count > 0)
        space(p, depth);
}

static void value(struct printing *p, const struct node *n, int depth)
{
    if (n->kind == '"') {
        string(p, n->text);
    } else if (n->kind == '0') {
        buf_put_str(p->out, n->text);
    } else {
        buf_put(p->out, &n->kind, 1);
        children(p, n, depth);
        buf_put_text(p->out, n->kind == '{' ? "}" : "]");
    }
}

void tree_print(struct buf *out, const struct node *root, enum tree_style style,
                struct draw *d)
{
    struct printing p = {out, style, d};

    value(&p, root, 0);
}
