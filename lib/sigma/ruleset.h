/* ruleset.h - a set of Sigma rules (specification 2.1, with the profile of docs/rules.md), read
 * and checked: detections as expressions over predicates, correlations over other rules,
 * filters joined to what they filter. One thread. */
#ifndef SIGMA_RULESET_H
#define SIGMA_RULESET_H

#include "base/dictionary.h"
#include "base/hash.h"
#include "sigma/diagnostic.h"
#include "sigma/pattern.h"

/* ---- what is asked of one event ---- */

enum predicate_op {
    OP_PATTERN,  /* text, whole */
    OP_REGEX,    /* text, anywhere */
    OP_CIDR,
    OP_LESS, OP_LESS_EQUAL, OP_MORE, OP_MORE_EQUAL,
    OP_NUMBER,   /* equal */
    OP_TRUTH,
    OP_NULL,     /* null or missing */
    OP_EXISTS,   /* not missing */
    OP_SAME,     /* as another field, whole or a part of it */
    OP_KEYWORD   /* pattern or regex in any text */
};

enum time_part { PART_NONE, PART_MINUTE, PART_HOUR, PART_DAY, PART_WEEK, PART_MONTH,
                 PART_YEAR };

struct network {
    uint8_t address[16];
    uint8_t bits;
    bool six;
};

struct predicate {
    enum predicate_op op;
    enum time_part part;
    uint32_t field;   /* number in the set's fields; not with OP_KEYWORD */
    uint32_t local;   /* number among the predicates of that field */
    bool truth;       /* OP_TRUTH, OP_EXISTS: what is asked for */
    double number;
    struct pattern pattern;
    struct regex *regex; /* OP_REGEX, or OP_KEYWORD where it is one */
    struct network network;
    uint32_t other;      /* OP_SAME */
    bool front, back, cased; /* OP_SAME: the other's text may stand behind, before more */
    struct str said;     /* what is asked for, in words */
    unsigned stopped;    /* how often a match was stopped */
};

enum expression_kind { EXPRESSION_AND, EXPRESSION_OR, EXPRESSION_NOT, EXPRESSION_PREDICATE,
                       EXPRESSION_RULE };

struct expression {
    enum expression_kind kind;
    uint32_t number;  /* of the predicate, or of the rule among a correlation's */
    struct expression **part;
    size_t parts;
};

/* ---- rules ---- */

enum rule_kind { RULE_DETECTION, RULE_CORRELATION, RULE_FILTER };
enum rule_level { LEVEL_NONE, LEVEL_INFORMATIONAL, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH,
                  LEVEL_CRITICAL };

extern const char *const rule_levels[]; /* by enum rule_level; "" for LEVEL_NONE */
enum { RULE_LEVELS = LEVEL_CRITICAL + 1 };

struct rule;

struct reference {
    struct str text;
    struct yaml_mark at;
    struct rule *rule; /* NULL: unresolved */
};

enum correlation_type { CORRELATION_EVENT_COUNT, CORRELATION_VALUE_COUNT,
                        CORRELATION_TEMPORAL, CORRELATION_TEMPORAL_ORDERED,
                        CORRELATION_VALUE_SUM, CORRELATION_VALUE_AVG,
                        CORRELATION_VALUE_PERCENTILE };

struct correlation {
    enum correlation_type type;
    struct reference *of;
    size_t count;
    uint32_t *group_by;  /* numbers of fields */
    size_t group_bys;
    const struct yaml_node *aliases; /* NULL: none */
    uint32_t *from;      /* with aliases, by rule and then as group_by: the field there */
    int64_t timespan_us;
    uint64_t least;      /* the condition: at least that many; temporal: of the rules */
    uint32_t field;      /* VALUE_COUNT, and those of numbers */
    double threshold, percentile; /* of these */
    bool above;          /* they are to exceed it; else to reach it */
    bool generate;       /* the rules it stands on alert on their own too */
    int64_t suppress_us; /* an alert ends that long after its last match */
};

struct rule_test {
    const struct yaml_node *events, *fires;
    struct yaml_mark at;
};

struct rule {
    enum rule_kind kind;
    const char *file;
    struct str source;
    struct yaml_mark at;
    bool bad;             /* it had errors, and is not evaluated */
    bool used;            /* a correlation without generate stands on it */
    struct str title, id, name, description, status;
    enum rule_level level;
    const struct yaml_node *tags, *fields, *falsepositives;
    struct str category, product, service; /* logsource; empty: any */
    struct expression *condition; /* detection with its filters joined; filter: its own */
    struct correlation correlation;
    struct reference *filters;   /* of a filter: rules it is for; none: any */
    size_t filter_count;
    struct str sentence;         /* x-gpc.text: template of the alert's sentence */
    struct rule_test *tests;
    size_t test_count;
    struct str normal;           /* its text, normalised */
    uint8_t digest[HASH_BYTES];  /* of it, and of its filters' */
    uint32_t number;             /* in the set */
    int order;                   /* correlations behind what they stand on */
};

struct ruleset {
    struct rule **rule;
    size_t rules, cap;
    struct predicate **predicate;
    size_t predicates, predicate_cap;
    struct dictionary fields, forms; /* forms: of predicates, so that equal ones are one */
    uint32_t *locals;                /* by field: its predicates on values */
    size_t locals_cap;
    /* Of rules about our log: is there such a field? NULL: that is not checked. */
    bool (*known)(struct str field, const char **near);
    /* Has a sentence such a place, {name}? NULL: likewise. */
    bool (*place)(struct str name, const char **near);
    uint8_t texts[HASH_BYTES]; /* hash of all that was read, in that order */
    struct arena arena;
};

void ruleset_release(struct ruleset *s);

/* What a rule is known by: its id, or its title where it has none. */
struct str rule_id(const struct rule *r);
/* The fields that a correlation groups events of the at-th of its rules by. */
static inline const uint32_t *correlation_fields(const struct correlation *c, size_t at)
{
    return c->from ? c->from + at * c->group_bys : c->group_by;
}
/* Does it work out something of numbers? Does it count, or work out something of, a field? */
static inline bool correlation_measures(const struct correlation *c)
{
    return c->type >= CORRELATION_VALUE_SUM;
}
static inline bool correlation_has_field(const struct correlation *c)
{
    return c->type == CORRELATION_VALUE_COUNT || correlation_measures(c);
}
/* Is one of them, for any of its rules, the k-th's? */
bool correlation_groups_by(const struct correlation *c, size_t k, uint32_t field);
/* The first eight bytes of its digest in hex, at `to`. */
enum { RULE_DIGEST = 17 };
struct str rule_digest(const struct rule *r, char to[RULE_DIGEST]);
/* Is the rule about records of this log (product gpconnect, service audit)? Correlations:
 * all that they stand on. */
bool rule_is_ours(const struct rule *r);

/* Does the rule itself ask for the field: in a condition, a grouping, a count? */
bool rule_asks(const struct ruleset *s, const struct rule *r, uint32_t field);

/* Read a span of time like 10m, 1h, 7d; false: it is none. */
bool timespan_read(struct str text, int64_t *us);

/* ---- for the readers of rules ---- */

struct expression *expression_new(struct ruleset *s, enum expression_kind kind, size_t parts);
/* Of parts that there are. */
struct expression *expression_join(struct ruleset *s, enum expression_kind kind,
                                   struct expression *const *part, size_t parts);
/* Number of a field. */
uint32_t rule_field(struct ruleset *s, struct str name);
/* Number of a predicate that is equal in form; p is taken over or released. */
uint32_t rule_predicate(struct ruleset *s, const struct predicate *p, struct str form);

#endif
