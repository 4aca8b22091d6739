/* timestamp.h - moments as they are written (format 4.5), and local time. Pure. */
#ifndef RECORD_TIMESTAMP_H
#define RECORD_TIMESTAMP_H

#include "record/record.h"

/* RFC 3339 as the format narrows it, in microseconds since 1970 UTC. */
bool timestamp_parse(struct str text, int64_t *us);
/* The looser form of CSV feeds: a space for T, offsets without colon, no offset (UTC). */
bool timestamp_parse_csv(struct str text, int64_t *us);
/* Is it one that can be printed? Those that were parsed are. */
bool timestamp_good(int64_t us);
/* "YYYY-MM-DDThh:mm:ss.uuuuuuZ" */
enum { TIMESTAMP_BYTES = 27 };
void timestamp_print(char out[TIMESTAMP_BYTES + 8], int64_t us);

/* time, time.raw and time.local_* of *out. */
void timestamp_columns(struct record *out, int64_t us, const struct zone *zone,
                       struct arena *arena);

/* The same for times that lie near each other: what is local is worked out once an hour,
 * since London's clock has been whole hours from UTC since 1970. Zero-initialise *h; the
 * texts are its own, valid until the next call. */
struct timestamp_hour {
    int64_t hour; /* since 1970, + 1; 0: none */
    struct value local[3];
    struct arena arena;
};
void timestamp_near(struct timestamp_hour *h, struct record *out, int64_t us,
                    const struct zone *zone);
/* The number of its local date (value.same), where it is in the hour at hand; else 0. */
uint32_t timestamp_near_date(const struct timestamp_hour *h, int64_t us);

#endif
