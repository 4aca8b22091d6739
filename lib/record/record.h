/* record.h - what one received record says: its bytes in, its columns out.
 *
 * Pure: no clock, no files, nothing global. The normative text is the gpc-audit format,
 * version 1; docs/format.md points to it. */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct zone;

enum column {
#define COLUMN(id, name, kind) COLUMN_##id,
#include "record/columns.def"
#undef COLUMN
    COLUMN_COUNT
};

enum reject {
    REJECT_NONE,
#define UNREADABLE(id, name) REJECT_##id,
#define INCOMPLETE(id, name) REJECT_##id,
#include "record/rejects.def"
#undef UNREADABLE
#undef INCOMPLETE
    REJECT_COUNT
};

enum record_format {
    FORMAT_GPC_AUDIT,
    FORMAT_SSP_CSV,
    FORMAT_MESH_CSV,
    FORMAT_GPCA_EVENT,
    FORMAT_GPCA_ACCESS,
    FORMAT_COUNT
};

enum value_kind {
    VALUE_MISSING,
    VALUE_TEXT,
    VALUE_INTEGER,
    VALUE_NUMBER, /* a finite double */
    VALUE_TRUTH,  /* true; never false */
    VALUE_TIME,   /* integer, microseconds since 1970 UTC */
    VALUE_LIST    /* list.count texts at list.at */
};

struct value {
    enum value_kind kind;
    uint32_t same; /* values of a column with one number are equal; 0: nothing is known */
    union {
        struct str text;
        int64_t integer;
        double number;
        struct {
            const struct str *at;
            size_t count;
        } list;
    };
};

/* Everything the columns are a function of. */
struct record_input {
    struct str bytes;          /* as received, without its LF */
    enum record_format format;
    struct str header;         /* CSV formats: the header row of the feed, without line end */
    bool too_large;            /* bytes are only the first LIMIT_RECORD_BYTES */
    uint64_t seq;              /* in our log */
    int64_t received_us;
    struct str via, origin;
    bool has_position;
    uint64_t position;
};

struct record {
    enum reject reject;
    struct value column[COLUMN_COUNT]; /* texts live in the arena or in input.bytes */
};

/* The text of a column, "" where it has none. */
static inline struct str record_text(const struct record *r, enum column c)
{
    return r->column[c].kind == VALUE_TEXT ? r->column[c].text : STR("");
}

/* Of one kind and equal; their numbers (same) do not matter. */
bool value_equal(const struct value *a, const struct value *b);

/* The same input with its texts in the arena. */
struct record_input record_input_copy(const struct record_input *in, struct arena *arena);

/* Fill the columns that hang on how the record came, not on its bytes, and ingest.reject. */
void record_frame(struct record *out, const struct record_input *in);

/* Fill *out. patient.ref stays missing: it needs the deployment's key. zone is
 * Europe/London. Texts in *out are valid as long as the arena and in->bytes. */
void record_read(struct record *out, const struct record_input *in, const struct zone *zone,
                 struct arena *arena);

const char *column_name(enum column c);
enum value_kind column_kind(enum column c);
bool column_find(enum column *out, struct str name);  /* exact name */
const char *reject_name(enum reject r);               /* NULL for REJECT_NONE */
bool reject_unreadable(enum reject r);
const char *format_name(enum record_format f);        /* value of ingest.format */

#endif
