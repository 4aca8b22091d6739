/* record.c - tells the formats apart and names things; the columns themselves come from
 * audit.c and csv.c. */
#include "record/record.h"

#include "record/audit.h"
#include "record/csv.h"

static const struct {
    const char *name;
    enum value_kind kind;
} columns[COLUMN_COUNT] = {
#define COLUMN(id, name, kind) {name, VALUE_##kind},
#include "record/columns.def"
#undef COLUMN
};

static const struct {
    const char *name;
    bool unreadable;
} rejects[REJECT_COUNT] = {
    {NULL, false},
#define UNREADABLE(id, name) {name, true},
#define INCOMPLETE(id, name) {name, false},
#include "record/rejects.def"
#undef UNREADABLE
#undef INCOMPLETE
};

static const char *const formats[FORMAT_COUNT] = {"gpc-audit", "ssp-csv", "mesh-csv",
                                                  "gpca-event", "gpca-access"};

static void set(struct record *out, enum column c, struct str text)
{
    out->column[c] = (struct value){.kind = VALUE_TEXT, .text = text};
}

void record_frame(struct record *out, const struct record_input *in)
{
    struct value *c = out->column;

    c[COLUMN_SEQ] = (struct value){.kind = VALUE_INTEGER, .integer = (int64_t)in->seq};
    c[COLUMN_RECEIVED] = (struct value){.kind = VALUE_TIME, .integer = in->received_us};
    set(out, COLUMN_INGEST_FORMAT, str_of(formats[in->format]));
    if (in->via.len > 0)
        set(out, COLUMN_INGEST_VIA, in->via);
    if (in->origin.len > 0)
        set(out, COLUMN_INGEST_ORIGIN, in->origin);
    if (in->has_position)
        c[COLUMN_INGEST_POSITION] =
            (struct value){.kind = VALUE_INTEGER, .integer = (int64_t)in->position};
    if (out->reject != REJECT_NONE)
        set(out, COLUMN_INGEST_REJECT, str_of(rejects[out->reject].name));
}

void record_read(struct record *out, const struct record_input *in, const struct zone *zone,
                 struct arena *arena)
{
    memset(out, 0, sizeof *out);
    if (in->too_large)
        out->reject = REJECT_TOO_LARGE;
    else if (in->format == FORMAT_SSP_CSV || in->format == FORMAT_MESH_CSV)
        csv_columns(out, in, zone, arena);
    else
        audit_columns(out, in, zone, arena);
    record_frame(out, in);
}

static bool lists_equal(const struct value *a, const struct value *b)
{
    if (a->list.count != b->list.count)
        return false;
    for (size_t i = 0; i < a->list.count; i++)
        if (!str_equal(a->list.at[i], b->list.at[i]))
            return false;
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VALUE_MISSING:
        return true;
    case VALUE_TEXT:
        return str_equal(a->text, b->text);
    case VALUE_NUMBER:
        return !(a->number < b->number) && !(a->number > b->number);
    case VALUE_LIST:
        return lists_equal(a, b);
    case VALUE_INTEGER:
    case VALUE_TRUTH:
    case VALUE_TIME:
        return a->integer == b->integer;
    }
    return false;
}

const char *column_name(enum column c)
{
    return columns[c].name;
}

enum value_kind column_kind(enum column c)
{
    return columns[c].kind;
}

bool column_find(enum column *out, struct str name)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (str_equal(str_of(columns[i].name), name)) {
            *out = (enum column)i;
            return true;
        }
    return false;
}

const char *reject_name(enum reject r)
{
    return rejects[r].name;
}

struct record_input record_input_copy(const struct record_input *in, struct arena *arena)
{
    struct record_input copy = *in;

    copy.bytes = arena_copy(arena, in->bytes);
    copy.header = arena_copy(arena, in->header);
    copy.via = arena_copy(arena, in->via);
    copy.origin = arena_copy(arena, in->origin);
    return copy;
}

bool reject_unreadable(enum reject r)
{
    return rejects[r].unreadable;
}

const char *format_name(enum record_format f)
{
    return formats[f];
}
