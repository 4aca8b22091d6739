/* regex.h - the door to PCRE2. Compiled once, matched many times; a match that would run
 * away is stopped. One thread. */
#ifndef SIGMA_REGEX_H
#define SIGMA_REGEX_H

#include <stdbool.h>

#include "base/str.h"

struct regex;

enum { REGEX_CASELESS = 1, REGEX_MULTILINE = 2, REGEX_DOTALL = 4, REGEX_LITERAL = 8 };

/* NULL: it is none; text gets why, *offset where in the pattern. */
struct regex *regex_compile(struct str pattern, int flags, char text[160], size_t *offset);
void regex_free(struct regex *r); /* NULL is allowed */
/* Does it match anywhere in the subject? -1: it was stopped. */
int regex_match(const struct regex *r, struct str subject);

#endif
