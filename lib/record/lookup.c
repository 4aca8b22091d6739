/* lookup.c - see lookup.h. Members are walked by `next`, which steps over subtrees. */
#include "record/lookup.h"

#include "record/text.h"

bool lookup_is(const struct token *k, enum token_kind kind)
{
    return k && k->kind == kind;
}

const struct token *lookup_first(const struct document *d, const struct token *of)
{
    const struct token *k = of + 1;

    if (!of || (of->kind != TOKEN_OBJECT && of->kind != TOKEN_ARRAY))
        return NULL;
    return k < d->tokens->at + of->next ? k : NULL;
}

const struct token *lookup_next(const struct document *d, const struct token *of,
                                const struct token *k)
{
    const struct token *next = d->tokens->at + k->next;

    return next < d->tokens->at + of->next ? next : NULL;
}

struct str lookup_name(const struct document *d, const struct token *k)
{
    return text_unescape((struct str){d->text.at + k->name_at, k->name_len},
                         k->name_escaped, d->arena);
}

const struct token *lookup_member(const struct document *d, const struct token *of,
                                  const char *name)
{
    struct str want = str_of(name);

    if (!lookup_is(of, TOKEN_OBJECT))
        return NULL;
    for (const struct token *k = lookup_first(d, of); k; k = lookup_next(d, of, k))
        if (str_equal(lookup_name(d, k), want))
            return k->kind == TOKEN_NULL ? NULL : k;
    return NULL;
}

const struct token *lookup_object(const struct document *d, const struct token *k)
{
    if (lookup_is(k, TOKEN_OBJECT))
        return k;
    if (!lookup_is(k, TOKEN_ARRAY))
        return NULL;
    for (const struct token *e = lookup_first(d, k); e; e = lookup_next(d, k, e))
        if (e->kind == TOKEN_OBJECT)
            return e;
    return NULL;
}

struct str lookup_text(const struct document *d, const struct token *k)
{
    return text_unescape((struct str){d->text.at + k->at, k->len}, k->escaped, d->arena);
}

bool lookup_filled(const struct document *d, const struct token *k, struct str *out)
{
    if (!lookup_is(k, TOKEN_STRING) || k->len == 0)
        return false;
    *out = lookup_text(d, k);
    return true;
}

bool lookup_integer(const struct document *d, const struct token *k, bool negative,
                    int64_t *out)
{
    struct str s;
    uint64_t v = 0;
    bool minus;
    uint64_t most;

    if (!lookup_is(k, TOKEN_NUMBER))
        return false;
    s = (struct str){d->text.at + k->at, k->len};
    minus = s.at[0] == '-';
    most = (uint64_t)INT64_MAX + (minus && negative);
    for (size_t i = minus; i < s.len; i++) {
        unsigned digit = (unsigned)(s.at[i] - '0');

        if (digit > 9 || v > (most - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (minus && v != 0 && !negative)
        return false;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool lookup_number(const struct document *d, const struct token *k, double *out)
{
    return lookup_is(k, TOKEN_NUMBER) &&
           text_number((struct str){d->text.at + k->at, k->len}, out, d->arena);
}
