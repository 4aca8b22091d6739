/* fields.h - events that rules are asked about: records of the log, lines of JSON, and the
 * examples that stand in rule files. */
#ifndef ANALYZER_FIELDS_H
#define ANALYZER_FIELDS_H

#include "analyzer/joined.h"
#include "base/json.h"
#include "base/yaml.h"
#include "record/record.h"
#include "sigma/correlate.h"
#include "trail/projection.h"

/* Is there such a field of a record: a column, or one that is made of several? */
bool fields_known(struct str field, const char **near);

/* A record's columns as fields, and what reference data say of it. */
struct record_fields {
    const struct record *record;
    const struct reference_data *reference;
    const struct zone *zone;
    int *column; /* by field of the set: a column, COLUMN_COUNT + joined, or FIELD_NONE */
    size_t columns;
    struct joined_kept *kept;
    struct record scratch; /* of known.h */
    struct arena arena; /* of the values of one record */
};
enum { FIELD_NONE = -1 };
void record_fields_init(struct record_fields *f, const struct ruleset *s,
                        const struct reference_data *reference, const struct zone *zone);
void record_fields_release(struct record_fields *f);
/* Mark the columns that rules of the set ask for beside those that are marked, and whether
 * they ask for more than whether there is a value: all of them where a rule has keywords. */
void record_fields_want(const struct record_fields *f, const struct ruleset *s,
                        struct projection_want *want);
/* The column that a field of the set is, FIELD_NONE where it is none; mark those that it is
 * made of. */
int record_field_column(const struct record_fields *f, uint32_t field);
bool record_field_joined(const struct record_fields *f, uint32_t field, enum joined *out);
void record_field_want(const struct record_fields *f, uint32_t field, bool *column);
/* The event of f->record; what was given of the one before is void. */
struct event record_event(struct record_fields *f);

/* The event of a JSON object. Fields are its members, members of members with points
 * between, and for Windows events those of Event.EventData and Event.System. */
struct json_fields {
    const struct json *object;
    struct arena arena;
};
struct event json_event(struct json_fields *f);

/* The event of an example: a map of fields to scalars or lists. With `repeat: N` it stands
 * for N events: {n} in its values is the number of each, in seven digits, and `every` what
 * their times are apart. */
struct example_fields {
    const struct yaml_node *map;
    size_t n;
    int64_t every_us;
    struct arena arena;
};
/* How many events the example stands for, and their distance. */
size_t example_repeat(const struct yaml_node *map, int64_t *every_us);
struct event example_event(struct example_fields *f);

/* The time of an event, from its field `time`, `@timestamp` or `timestamp`; INT64_MIN. */
int64_t event_time(const struct event *e);

#endif
