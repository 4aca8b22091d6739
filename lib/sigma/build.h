/* build.h - what the readers of the parts of a rule share. */
#ifndef SIGMA_BUILD_H
#define SIGMA_BUILD_H

#include "base/buf.h"
#include "sigma/ruleset.h"

struct build {
    struct ruleset *set;
    struct diagnostics *d;
    struct rule *rule;
};

/* An error of the rule being read, at a node. */
#define ERROR(b, at, code, hint, ...)                                                        \
    do {                                                                                     \
        (b)->rule->bad = true;                                                               \
        diagnose((b)->d, SEVERITY_ERROR, at, code, hint, __VA_ARGS__);                       \
    } while (0)
#define WARN(b, at, code, hint, ...)                                                         \
    diagnose((b)->d, SEVERITY_WARNING, at, code, hint, __VA_ARGS__)

/* One search identifier of a detection. */
struct search {
    struct str name;
    struct yaml_mark at;
    struct expression *expression;
    bool used;
};

/* An identifier's value as an expression; NULL after errors. */
struct expression *detection_build(struct build *b, const struct yaml_node *n);
/* A condition over the identifiers; NULL after errors. The node is a scalar. */
struct expression *condition_build(struct build *b, const struct yaml_node *n,
                                   struct search *search, size_t searches);
void correlation_build(struct build *b, const struct yaml_node *n);

#endif
