/* lookup.h - finding members in tokens: what is missing, null or of another type is NULL.
 * Pure. */
#ifndef RECORD_LOOKUP_H
#define RECORD_LOOKUP_H

#include "record/tokenizer.h"

struct document {
    const struct tokens *tokens;
    struct str text;
    struct arena *arena;
};

/* The member of that name (after unescaping) of object `of`, the first one; NULL. */
const struct token *lookup_member(const struct document *d, const struct token *of,
                                  const char *name);
const struct token *lookup_first(const struct document *d, const struct token *of);
const struct token *lookup_next(const struct document *d, const struct token *of,
                                const struct token *k);
/* The first element of an array that is an object, or the object itself; NULL. */
const struct token *lookup_object(const struct document *d, const struct token *k);

bool lookup_is(const struct token *k, enum token_kind kind);
struct str lookup_name(const struct document *d, const struct token *k);
/* The unescaped text of a string token. */
struct str lookup_text(const struct document *d, const struct token *k);
/* A non-empty string? Then its text. */
bool lookup_filled(const struct document *d, const struct token *k, struct str *out);
/* An integer without fraction and exponent that fits; from 0 on unless negative. */
bool lookup_integer(const struct document *d, const struct token *k, bool negative,
                    int64_t *out);
bool lookup_number(const struct document *d, const struct token *k, double *out);

#endif
