/* pattern.h - Sigma's strings: any run of characters (*), one character (?), backslashes
 * before these two and before themselves; whole values, without case unless said (sigma
 * specification 2.1, "String Wildcard" and "Escaping"). Pure. */
#ifndef SIGMA_PATTERN_H
#define SIGMA_PATTERN_H

#include "base/arena.h"
#include "sigma/regex.h"

enum { PATTERN_ANY = 256, PATTERN_ONE = 257, PATTERN_DASH = 258 /* - / and three longer */ };

struct pattern {
    uint16_t *unit; /* a byte, or one of the above */
    size_t units;
    bool cased;
    bool ascii;     /* all its bytes */
    struct regex *wide; /* the same for texts beyond ASCII; NULL until one is met */
};

/* Read a string of a rule. literal: nothing is special in it. */
struct pattern pattern_read(struct str text, bool literal, struct arena *arena);
/* Let it stand anywhere at its front, its back: add * where there is none. */
void pattern_open(struct pattern *p, bool front, bool back, struct arena *arena);
/* Let every dash or slash that begins a word be any of the five dashes. */
void pattern_dashes(struct pattern *p);
bool pattern_has_wildcards(const struct pattern *p);
/* Its text, where it has no wildcards. */
struct str pattern_text(const struct pattern *p, struct arena *arena);

/* -1: the match was stopped. May compile p->wide, which pattern_release() frees. */
int pattern_match(struct pattern *p, struct str text);
void pattern_release(struct pattern *p);

#endif
