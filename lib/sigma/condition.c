/* condition.c - conditions of detections, by recursive descent:
 *
 *   or = and { "or" and }   and = not { "and" not }   not = { "not" } prim
 *   prim = ("1" | "any" | "all") "of" ("them" | pattern) | identifier | "(" or ")"
 *
 * Words are whole; a pattern that fits no identifier is an error. */
#include "sigma/build.h"

enum { WORD_MAX = 128, DEPTH_MAX = 64 };

struct parser {
    struct build *b;
    const struct yaml_node *node;
    struct str text;
    size_t at, word_at;
    struct str word;   /* the one at hand; len 0: the end */
    struct search *search;
    size_t searches;
    int depth;
    bool failed;
};

/* The place of a character of the condition in its file, where that can be said. */
static struct yaml_mark place(const struct parser *p, size_t at)
{
    struct yaml_mark m = p->node->at;

    if (p->node->style == YAML_PLAIN)
        m.column += (unsigned)at;
    else if (p->node->style == YAML_QUOTED)
        m.column += (unsigned)at + 1;
    return m;
}

static void fail(struct parser *p, const char *code, const char *hint, const char *text)
{
    if (!p->failed)
        ERROR(p->b, place(p, p->word_at), code, hint, "%s", text);
    p->failed = true;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '*';
}

static void advance(struct parser *p)
{
    size_t end;

    while (p->at < p->text.len && (p->text.at[p->at] == ' ' || p->text.at[p->at] == '\n' ||
                                   p->text.at[p->at] == '\t'))
        p->at++;
    p->word_at = end = p->at;
    while (end < p->text.len && is_word(p->text.at[end]))
        end++;
    if (end == p->at && end < p->text.len)
        end++;
    p->word = str_part(p->text, p->at, end);
    p->at = end;
}

static bool is(const struct parser *p, const char *word)
{
    return str_equal(p->word, str_of(word));
}

/* All or any of the identifiers that a pattern fits; `them` are those without a _ in front. */
static struct expression *of(struct parser *p, bool all)
{
    struct expression *e = expression_new(p->b->set, all ? EXPRESSION_AND : EXPRESSION_OR,
                                          p->searches);
    struct pattern pattern;
    bool them, any;

    advance(p);
    if (!is(p, "of")) {
        fail(p, "condition", "write: 1 of selection_*", "here should stand `of`");
        return NULL;
    }
    advance(p);
    them = any = is(p, "them");
    pattern = pattern_read(p->word, false, &p->b->set->arena);
    pattern.cased = true;
    e->parts = 0;
    for (size_t i = 0; i < p->searches; i++) {
        struct search *s = &p->search[i];

        if (them ? s->name.at[0] != '_' : pattern_match(&pattern, s->name) > 0) {
            s->used = any = true;
            if (s->expression)
                e->part[e->parts++] = s->expression;
        }
    }
    pattern_release(&pattern);
    if (!any || p->searches == 0)
        fail(p, "empty-pattern", "name the identifiers so that the pattern fits one",
             "the pattern fits no search identifier");
    advance(p);
    return e;
}

static struct expression *identifier(struct parser *p)
{
    const char *names[WORD_MAX];
    size_t count = 0;
    char hint[WORD_HINT];

    for (size_t i = 0; i < p->searches; i++)
        if (str_equal(p->word, p->search[i].name)) {
            p->search[i].used = true;
            advance(p);
            return p->search[i].expression;
        }
    for (size_t i = 0; i < p->searches && count < WORD_MAX; i++)
        names[count++] = p->search[i].name.at;
    if (str_equal_nocase(p->word, STR("and")) || str_equal_nocase(p->word, STR("or")) ||
        str_equal_nocase(p->word, STR("not")) || str_equal_nocase(p->word, STR("of")))
        fail(p, "condition", "operators are written small, and stand between identifiers",
             "an operator stands where an identifier should");
    else if (is(p, "|"))
        fail(p, "aggregation", "write a correlation rule instead",
             "counting in conditions went with Sigma 2.0");
    else if (p->word.len == 1 && p->word.at[0] >= '2' && p->word.at[0] <= '9')
        fail(p, "condition", "only 1 of and all of can be said", "not that many of");
    else if (!is_word(p->word.len ? p->word.at[0] : ' '))
        fail(p, "condition", "", p->word.len ? "this character has no meaning here"
                                             : "the condition ends too early");
    else
        fail(p, "undefined-identifier", word_hint(hint, p->word, names, count),
             "there is no such search identifier");
    advance(p);
    return NULL;
}

static struct expression *or_of(struct parser *p);

static struct expression *prim(struct parser *p)
{
    struct expression *e;

    if (is(p, "(")) {
        if (++p->depth > DEPTH_MAX) {
            fail(p, "too-large", "", "parentheses stand more than 64 deep");
            return NULL;
        }
        advance(p);
        e = or_of(p);
        p->depth--;
        if (!is(p, ")"))
            fail(p, "condition", "close the parenthesis", "here should stand )");
        advance(p);
        return e;
    }
    if (is(p, "1") || is(p, "any"))
        return of(p, false);
    if (is(p, "all"))
        return of(p, true);
    return identifier(p);
}

static struct expression *not_of(struct parser *p)
{
    bool negated = false;
    struct expression *e;

    for (; is(p, "not"); advance(p))
        negated = !negated;
    e = prim(p);
    return negated && e ? expression_join(p->b->set, EXPRESSION_NOT, &e, 1) : e;
}

static struct expression *join(struct parser *p, enum expression_kind kind, const char *word,
                               struct expression *(*part)(struct parser *p))
{
    struct expression *left = part(p);

    while (is(p, word) && !p->failed) {
        struct expression *both[2] = {left};

        advance(p);
        both[1] = part(p);
        if (!both[0] || !both[1])
            return NULL;
        left = expression_join(p->b->set, kind, both, 2);
    }
    return left;
}

static struct expression *and_of(struct parser *p)
{
    return join(p, EXPRESSION_AND, "and", not_of);
}

static struct expression *or_of(struct parser *p)
{
    return join(p, EXPRESSION_OR, "or", and_of);
}

struct expression *condition_build(struct build *b, const struct yaml_node *n,
                                   struct search *search, size_t searches)
{
    struct parser p = {.b = b, .node = n, .text = n->text, .search = search,
                       .searches = searches};
    struct expression *e;

    advance(&p);
    e = or_of(&p);
    if (p.word.len > 0 && !p.failed) {
        if (is(&p, "|"))
            fail(&p, "aggregation", "write a correlation rule instead",
                 "counting in conditions went with Sigma 2.0");
        else if (str_equal_nocase(p.word, STR("and")) || str_equal_nocase(p.word, STR("or")) ||
                 str_equal_nocase(p.word, STR("not")))
            fail(&p, "condition", "write and, or, not", "operators are written small");
        else
            fail(&p, "condition", "write and, or between identifiers",
                 "the condition should have ended here");
    }
    return p.failed ? NULL : e;
}
