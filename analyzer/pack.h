/* pack.h - the rules of a directory. */
#ifndef ANALYZER_PACK_H
#define ANALYZER_PACK_H

#include "base/err.h"
#include "sigma/rule.h"

/* Read all *.yml below the path, in order of their names, or the one file that it is, and
 * link them. path NULL: the rules that gpca brings. What is wrong with the rules goes to d;
 * *files counts. Errors: there is no such path. */
int pack_load(struct ruleset *s, const char *path, struct diagnostics *d, size_t *files,
              struct err *err);
/* Where the rules are that gpca brings. */
const char *pack_default(void);
/* Where the lists are that come with the rules of that path, NULL for those that gpca brings:
 * there, or else beside the latter. */
const char *pack_lists(const char *path);

#endif
