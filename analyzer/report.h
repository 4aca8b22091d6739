/* report.h - the reports that there are, each filled from the records of a period. */
#ifndef ANALYZER_REPORT_H
#define ANALYZER_REPORT_H

#include "analyzer/options.h"
#include "analyzer/page.h"
#include "analyzer/reference.h"
#include "analyzer/state.h"
#include "base/dictionary.h"
#include "base/err.h"
#include "base/zone.h"

/* What a report is made of. */
struct reporting {
    const struct options *o;
    const struct zone *zone;
    struct state *state;
    struct reference_data *reference;
    struct page page;
    void *own;           /* what the kind of report counts in */
    bool names;          /* of staff */
    int64_t since_us, until_us;
    uint64_t records;    /* looked at */
    struct arena arena;  /* of the report */
};

/* Counts by text, in order of first sight. */
struct tally {
    struct dictionary name;
    uint64_t *count;
    size_t cap;
};
void tally_add(struct tally *t, struct str name, struct arena *arena);
void tally_release(struct tally *t);
/* The places of the entries, the largest first; equal ones by name. The caller frees. */
uint32_t *tally_order(const struct tally *t);

struct report_kind {
    const char *name, *title, *lead;
    bool patient; /* about one, who must be given */
    void (*begin)(struct reporting *r);
    void (*record)(struct reporting *r, const struct record *record);
    void (*end)(struct reporting *r);
};

extern const struct report_kind report_overview, report_patient, report_conformance,
    report_failed;

/* A column's value, as a person may see it, in a cell. */
void report_shown(struct reporting *r, struct page_table *t, const struct record *of,
                  enum column c);
/* Append code and name (unless NULL) of the organisation that asked: the token's, else those
 * of the lists, as a person may see them. */
void report_organisation(struct reporting *r, const struct record *of, struct buf *ods,
                         struct buf *name);
/* "1 April 2026" and "09:35:07" in London; "" where there is no time. */
void report_day(const struct reporting *r, const struct record *of, char out[32]);
void report_clock(const struct reporting *r, const struct record *of, char out[16]);
/* 12345 as "12,345". */
const char *report_count(char out[32], uint64_t n);
/* What was done, in plain words: "read the structured record". */
struct str report_deed(const struct record *of);
/* "opened", "refused (NO_PATIENT_CONSENT)", "failed (500)" */
void report_outcome(struct buf *out, const struct record *of);

#endif
