/* alert.h - findings as alerts (format "alert", version 1): with the sentence, the values
 * and the records behind it. */
#ifndef ANALYZER_ALERT_H
#define ANALYZER_ALERT_H

#include "analyzer/fields.h"
#include "analyzer/reference.h"
#include "trail/trail.h"

/* What all alerts of a run are made with. */
struct alert_maker {
    struct trail *trail;
    const struct zone *zone;
    struct ruleset *set;
    struct evaluator *evaluator;
    const struct correlator *correlator;
    const struct reference_data *reference;
    struct record_fields fields;
    struct str origin;
    uint64_t size;
    char root[72];      /* of the log, base64 */
    struct arena arena; /* of one alert */
};

enum { ALERT_ID = 19 };

struct alert {
    char id[ALERT_ID];
    int64_t opened_us, first_us, last_us; /* INT64_MIN: no record has a time */
    size_t count;
    struct buf body;    /* the members but alert, revision and state, without braces */
    uint8_t content[HASH_BYTES]; /* of what late records could change */
};

/* Read the records behind the finding. *out is to be released. */
int alert_make(struct alert *out, struct alert_maker *m, const struct finding *f, bool reveal,
               struct err *err);
void alert_release(struct alert *a);

#endif
