/* alert.h - findings as alerts (format "alert", version 1): with the sentence, the values
 * and the records behind it. */
#ifndef ANALYZER_ALERT_H
#define ANALYZER_ALERT_H

#include "analyzer/fields.h"
#include "analyzer/reference.h"
#include "trail/trail.h"

/* What is kept of each record that a rule has met: numbers in the maker's dictionaries,
 * DICTIONARY_NONE where it has none. Findings number records by their place here. */
struct met_record {
    uint64_t seq;
    uint32_t patient, practice;
};

/* What all alerts of a run are made with. */
struct alert_maker {
    struct met_record *met;
    size_t mets, met_cap;
    struct numbering patients, practices;
    struct trail *trail;
    const struct zone *zone;
    struct ruleset *set;
    struct evaluator *evaluator;
    const struct correlator *correlator;
    const struct reference_data *reference;
    struct record_fields fields;
    uint8_t made_by[HASH_BYTES]; /* program, rules, lists, zone; see alert_sight() */
    struct str origin;
    uint64_t size;
    char root[72];      /* of the log, base64 */
    struct arena arena; /* of one alert */
};

enum { ALERT_ID = 19 };

struct alert {
    char id[ALERT_ID];
    int64_t opened_us, first_us, last_us; /* INT64_MIN: no record has a time */
    struct buf body;    /* the members but alert, revision and state, without braces */
    struct buf revealed; /* the same with patient numbers; empty unless asked for */
    uint8_t content[HASH_BYTES]; /* of what late records could change */
};

/* Keep what alerts need of a record, one of less than 2^32; its place. */
uint32_t alert_keep(struct alert_maker *m, const struct record *r);
/* What would be kept of that one, to be kept by alert_put(). */
struct met_record alert_meet(struct alert_maker *m, uint64_t seq, const struct value *patient,
                             const struct value *practice);
/* Likewise, by the numbers of the values (value.same), 0 where there is none; false: of one
 * nothing is known yet. */
bool alert_known(struct met_record *out, struct alert_maker *m, uint64_t seq, uint32_t patient,
                 uint32_t practice);
uint32_t alert_put(struct alert_maker *m, const struct met_record *met);
/* Read the record that opened the finding; those are read fastest in order of their seq.
 * *out is to be released. */
int alert_make(struct alert *out, struct alert_maker *m, const struct finding *f, bool reveal,
               struct err *err);
/* What the finding's alert is made of, as hex digits: two with one sight have the same members
 * but log. */
enum { ALERT_SIGHT = 2 * HASH_BYTES + 1 };
void alert_sight(char out[ALERT_SIGHT], const struct alert_maker *m, const struct finding *f);
/* The alert of that finding, but for its content hash, from the id and body that another run
 * made under the same sight. */
void alert_renew(struct alert *out, const struct alert_maker *m, const struct finding *f,
                 struct str id, struct str body);
/* A body that another run made, with the log as it is now. */
void alert_renew_log(struct buf *out, const struct alert_maker *m, struct str body);
void alert_release(struct alert *a);
void alert_maker_release(struct alert_maker *m);

#endif
