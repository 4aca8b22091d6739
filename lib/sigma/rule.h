/* rule.h - rules out of files: read, checked, and put in relation to each other. */
#ifndef SIGMA_RULE_H
#define SIGMA_RULE_H

#include "sigma/ruleset.h"

/* Read one file, given its text, into the set; what is wrong goes to d. Both are copied. */
void rule_read(struct ruleset *s, const char *file, struct str text, struct diagnostics *d);
/* Behind the last file: resolve references, join filters, order. */
void rules_link(struct ruleset *s, struct diagnostics *d);

#endif
