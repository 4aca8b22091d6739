/* outline.h - what a shape fixes for those who read columns from its values: which leaves are
 * columns and how, which of a token's say who asks, and whether a patient may be named. */
#ifndef TRAIL_OUTLINE_H
#define TRAIL_OUTLINE_H

#include "record/record.h"
#include "trail/model.h"

/* How a leaf becomes a column. */
enum way {
    WAY_TEXT,
    WAY_HEADER,  /* the first of its name, a string or a number */
    WAY_NUMBER,  /* a whole one from 0 on */
    WAY_STATUS,
    WAY_DURATION,
    WAY_TIME,
    WAY_SOURCE,
    WAY_KIND,
    WAY_FILLED,  /* a string that is not empty */
    WAY_PATIENT,
    WAY_SPINE
};

/* The column that stands at a path in the record. */
struct path {
    const char *name;
    enum column column;
    enum way way;
    bool always; /* read though it is not asked for: others hang on it */
};

struct wanted_leaf {
    uint16_t label;
    bool number;
    const struct path *path;
    struct renumber known; /* by entry of the label, + 1: its number among kept texts */
};

/* May the rows of a shape be read part by part? */
enum verdict { VERDICT_UNTRIED, VERDICT_GOOD, VERDICT_BAD };

/* What is known of the texts of one shape. */
struct outline {
    bool names_patient;       /* URL, payload: one may stand in it */
    uint8_t verdict;          /* record, payload: enum verdict */
    uint8_t tries;            /* record: rows that could not be compared */
    struct wanted_leaf *leaf; /* record: those to be read; token: what it is told apart by */
    uint16_t leaves;
    uint16_t iat, exp, aud;   /* payload: their labels, or LABEL_NONE */
};

/* The outlines of a model's shapes, made when they are asked for. */
struct outlines {
    struct outline **outline; /* by shape; NULL: not looked at */
    size_t count;
    bool wanted[COLUMN_COUNT];
    struct arena arena;
};

/* May a URL or payload of this shape name a patient? */
bool outline_names_patient(const struct model *m, const struct shape *s);

/* Zero-initialise but for wanted, then use. Valid until the restart, which is due when shapes
 * are numbered anew. */
struct outline *outline_of(struct outlines *all, const struct model *m, const struct shape *s);
void outlines_restart(struct outlines *all);
void outlines_release(struct outlines *all);

/* A leaf whose value can make a record malformed that its shape does not: a header's number,
 * which may be none that is finite. */
bool outline_in_full(const struct label *l);

#endif
