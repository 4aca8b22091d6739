/* joined.h - what reference data say of a record, as fields that rules may ask for beside its
 * columns. A field whose files are not loaded cannot be told from one that says nothing, so
 * rules that ask for it are not evaluated. One thread. */
#ifndef ANALYZER_JOINED_H
#define ANALYZER_JOINED_H

#include "analyzer/reference.h"
#include "base/buf.h"
#include "sigma/event.h"

enum joined {
    JOINED_PRODUCT,      /* model and version of the device, else the ASID's product */
    JOINED_TREAT_AS,     /* person, system, placeholder, volatile-sub */
    JOINED_ASID_ODS,     /* organisation of the system that sent it */
    JOINED_ASID_TYPE,
    JOINED_ASID_PARENT,  /* list: what that organisation belongs to, the nearest first */
    JOINED_ORG_TYPE,     /* of the organisation in the token */
    JOINED_ORG_PARENT,   /* list */
    JOINED_ORG_OPEN,     /* truth: was it open at that time? */
    JOINED_PRACTICE_PARENT, /* list */
    JOINED_HOLIDAY,      /* name of the bank holiday */
    JOINED_FIELDS
};

const char *joined_name(enum joined f);
bool joined_find(enum joined *out, struct str name);
/* A file that the field needs and that is not loaded; NULL: there is none. */
const char *joined_lacks(enum joined f, const struct reference_data *r);
/* Mark the columns that it is made of. */
void joined_want(enum joined f, bool wanted[COLUMN_COUNT]);
/* Its value; texts live in the arena or as long as r. */
void joined_value(struct event_value *out, enum joined f, const struct reference_data *r,
                  const struct zone *zone, const struct record *of, struct arena *arena);

/* Values that were worked out before, by the numbers of those that they are made of
 * (value.same). */
struct joined_kept;
struct joined_kept *joined_kept_new(const struct reference_data *r, const struct zone *zone);
void joined_kept_free(struct joined_kept *k); /* NULL is allowed */
/* As joined_value(), with a number (event_value.same) where it is kept. Texts live as long as
 * k or the arena. */
void joined_again(struct event_value *out, struct joined_kept *k, enum joined f,
                  const struct record *of, struct arena *arena);
/* The columns that the field is made of, beside the time. */
enum { JOINED_COLUMNS = 4 };
size_t joined_columns(enum joined f, enum column out[JOINED_COLUMNS]);
/* Does it change with the time, so that it has to be worked out each time? */
bool joined_timed(enum joined f);
/* That number, by those of the columns' values at that time; 0: there is no value.
 * JOINED_UNKNOWN: it was not worked out before. */
#define JOINED_UNKNOWN UINT32_MAX
uint32_t joined_number(struct joined_kept *k, enum joined f, int64_t us,
                       const uint32_t same[JOINED_COLUMNS]);

/* Append a column of the record as a person may see it, or where it is empty what the lists
 * have instead (reference_organisation()). */
void organisation_shown(struct buf *out, const struct record *of, enum column c,
                        struct str listed, bool reveal);
/* Append its value as a person may see it: numbers masked unless revealed, parts of a list
 * with commas between, nothing for a missing one. */
void joined_shown(struct buf *out, enum joined f, const struct reference_data *r,
                  const struct zone *zone, const struct record *of, bool reveal);

#endif
