/* reference.h - what a site tells the analyzer beside the log: CSV files of known names
 * (format "reference data"), with what held at the time of an event. asid.csv,
 * organisations.csv, calendar.csv and products.csv are used; the others are kept and checked.
 * One thread. */
#ifndef ANALYZER_REFERENCE_H
#define ANALYZER_REFERENCE_H

#include "analyzer/rows.h"
#include "base/hash.h"
#include "base/zone.h"

struct reference_data;

struct reference_data *reference_new(void);
void reference_free(struct reference_data *r); /* NULL is allowed */
/* Read what there is of the known files in dir; *rows counts the good ones, *bad the others.
 * Files that are not there are no error; a directory that is not, is one. */
int reference_read(struct reference_data *r, const char *dir, rows_fault *fault, void *ctx,
                   size_t *rows, size_t *bad, struct err *err);
/* All that a run goes by, what comes later before what came earlier: the directory that is
 * brought, the ASID extracts that the collector keeps in the store, and the site's own: the
 * directory given, or where that is NULL what the state keeps. */
int reference_read_all(struct reference_data *r, const char *brought, const char *store,
                       const char *state, const char *given, rows_fault *fault, void *ctx,
                       size_t *bad, struct err *err);

/* Product of a record and how it is to be treated: person, system, placeholder,
 * volatile-sub. Texts live in the arena or as long as r. */
struct str reference_product(const struct reference_data *r, const struct record *of,
                             struct arena *arena);
struct str reference_treat_as(const struct reference_data *r, const struct record *of);

/* Organisation and type of the system that sent it, by its ASID; "": not known. */
struct str reference_asid_ods(const struct reference_data *r, const struct record *of);
struct str reference_asid_type(const struct reference_data *r, const struct record *of);

/* The organisation that asked: as the token says, else as the lists say; "": not known. */
struct organisation {
    struct str ods, name;
};
struct organisation reference_organisation(const struct reference_data *r,
                                           const struct record *of);
/* Of an organisation at the time of that record: its type, "" where it is not known, and the
 * codes of what it belongs to, the nearest first. */
enum { REFERENCE_PARENTS = 8 };
struct str reference_type(const struct reference_data *r, struct str ods,
                          const struct record *at);
size_t reference_parents(const struct reference_data *r, struct str ods,
                         const struct record *at, struct str out[REFERENCE_PARENTS]);
/* The name of the bank holiday on that day, YYYY-MM-DD; "": it is none. */
struct str reference_holiday(const struct reference_data *r, struct str date,
                             const struct record *at);
/* Is the organisation open at the time of the record, by London's clocks, a bank holiday
 * being a Sunday? False: that is not known. */
bool reference_open(const struct reference_data *r, struct str ods, const struct record *of,
                    const struct zone *zone, bool *open);

/* When what the lists say changes, ascending: between two of these times it is the same. To
 * be freed. */
size_t reference_changes(const struct reference_data *r, int64_t **out);
/* A hash of all rows that are used. */
void reference_digest(const struct reference_data *r, uint8_t out[HASH_BYTES]);
/* Does no row of products.csv say from when or until when it holds? */
bool reference_products_always(const struct reference_data *r);

/* The known kinds of files, and whether one is used. */
size_t reference_kinds(void);
const char *reference_kind(size_t i, bool *used);
/* Rows that were read of that kind. */
size_t reference_rows(const struct reference_data *r, size_t kind);
/* Was at least one row read of the file with that name? */
bool reference_loaded(const struct reference_data *r, const char *file);

#endif
