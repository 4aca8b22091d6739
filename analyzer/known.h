/* known.h - rows of a projection by the numbers of their values (value.same), so that what
 * rules ask need not be worked out of the values each time. One thread. */
#ifndef ANALYZER_KNOWN_H
#define ANALYZER_KNOWN_H

#include "analyzer/fields.h"
#include "record/timestamp.h"

/* A row with a time, of which what is asked for was loaded. */
struct known_row {
    const struct projection *projection;
    uint32_t row;
    int64_t us;
    const struct timestamp_hour *hour; /* of local times at hand */
};

/* The numbers of n fields' values in the row, 0 where it has none. False: one has no number,
 * or not yet: joined_again() gives it. */
bool known_numbers(const struct known_row *k, struct record_fields *f, const uint32_t *field,
                   size_t n, uint32_t *same);
/* What stands in a field that is a column whose values are numbered texts; NULL: it is none. */
const struct value *known_text(const struct known_row *k, const struct record_fields *f,
                               uint32_t field);

#endif
