/* joined.c - see joined.h. */
#include "analyzer/joined.h"

#include "record/mask.h"
#include "record/shown.h"

enum { COLUMNS = 4, FILES = 2 };

static const struct {
    const char *name;
    const char *file[FILES]; /* that must be loaded */
    int column[COLUMNS];     /* that it is made of beside the time; 0 ends them */
} fields[JOINED_FIELDS] = {
    [JOINED_PRODUCT] = {"product", {NULL},
                        {COLUMN_DEVICE_MODEL, COLUMN_DEVICE_VERSION, COLUMN_SSP_FROM}},
    [JOINED_TREAT_AS] = {"product.treat_as", {NULL}, {COLUMN_DEVICE_MODEL, COLUMN_JWT_ISS}},
    [JOINED_ASID_ODS] = {"asid.ods", {"asid.csv"}, {COLUMN_SSP_FROM}},
    [JOINED_ASID_TYPE] = {"asid.type", {"asid.csv"}, {COLUMN_SSP_FROM}},
    [JOINED_ASID_PARENT] = {"asid.parent_ods", {"asid.csv", "organisations.csv"},
                            {COLUMN_SSP_FROM}},
    [JOINED_ORG_TYPE] = {"org.type", {"organisations.csv"}, {COLUMN_ORG_ODS}},
    [JOINED_ORG_PARENT] = {"org.parent_ods", {"organisations.csv"}, {COLUMN_ORG_ODS}},
    [JOINED_ORG_OPEN] = {"org.open", {"organisations.csv", "calendar.csv"}, {COLUMN_ORG_ODS}},
    [JOINED_PRACTICE_PARENT] = {"practice.parent_ods", {"organisations.csv"},
                                {COLUMN_PRACTICE_ODS}},
    [JOINED_HOLIDAY] = {"time.bank_holiday", {"calendar.csv"}, {COLUMN_TIME_LOCAL_DATE}},
};

const char *joined_name(enum joined f)
{
    return fields[f].name;
}

bool joined_find(enum joined *out, struct str name)
{
    for (int f = 0; f < JOINED_FIELDS; f++)
        if (str_equal(name, str_of(fields[f].name))) {
            *out = (enum joined)f;
            return true;
        }
    return false;
}

const char *joined_lacks(enum joined f, const struct reference_data *r)
{
    for (int i = 0; i < FILES && fields[f].file[i]; i++)
        if (!reference_loaded(r, fields[f].file[i]))
            return fields[f].file[i];
    return NULL;
}

void joined_want(enum joined f, bool wanted[COLUMN_COUNT])
{
    wanted[COLUMN_TIME] = true;
    for (int i = 0; i < COLUMNS && fields[f].column[i]; i++)
        wanted[fields[f].column[i]] = true;
}

static void put_text(struct event_value *out, struct str text)
{
    if (text.len > 0)
        *out = (struct event_value){.kind = EVENT_TEXT, .text = text};
}

static void put_parents(struct event_value *out, const struct reference_data *r, struct str ods,
                        const struct record *of, struct arena *arena)
{
    struct str parent[REFERENCE_PARENTS];
    size_t n = reference_parents(r, ods, of, parent);
    struct event_value *item = arena_alloc(arena, (n + 1) * sizeof *item);

    for (size_t i = 0; i < n; i++)
        item[i] = (struct event_value){.kind = EVENT_TEXT, .text = parent[i]};
    if (n > 0)
        *out = (struct event_value){.kind = EVENT_LIST, .item = item, .items = n};
}

void joined_value(struct event_value *out, enum joined f, const struct reference_data *r,
                  const struct zone *zone, const struct record *of, struct arena *arena)
{
    bool open;

    *out = (struct event_value){.kind = EVENT_MISSING};
    switch (f) {
    case JOINED_PRODUCT:
        put_text(out, reference_product(r, of, arena));
        break;
    case JOINED_TREAT_AS:
        put_text(out, reference_treat_as(r, of));
        break;
    case JOINED_ASID_ODS:
        put_text(out, reference_asid_ods(r, of));
        break;
    case JOINED_ASID_TYPE:
        put_text(out, reference_asid_type(r, of));
        break;
    case JOINED_ASID_PARENT:
        put_parents(out, r, reference_asid_ods(r, of), of, arena);
        break;
    case JOINED_ORG_TYPE:
        put_text(out, reference_type(r, record_text(of, COLUMN_ORG_ODS), of));
        break;
    case JOINED_ORG_PARENT:
        put_parents(out, r, record_text(of, COLUMN_ORG_ODS), of, arena);
        break;
    case JOINED_ORG_OPEN:
        if (reference_open(r, record_text(of, COLUMN_ORG_ODS), of, zone, &open))
            *out = (struct event_value){.kind = EVENT_TRUTH,
                                        .text = open ? STR("true") : STR("false")};
        break;
    case JOINED_PRACTICE_PARENT:
        put_parents(out, r, record_text(of, COLUMN_PRACTICE_ODS), of, arena);
        break;
    case JOINED_HOLIDAY:
        put_text(out, reference_holiday(r, record_text(of, COLUMN_TIME_LOCAL_DATE), of));
        break;
    case JOINED_FIELDS:
        break;
    }
}

/* What stands in a list: it names no patient of the record, but may hold a number. */
static void put_listed(struct buf *out, struct str text, bool reveal)
{
    if (reveal)
        buf_put_str(out, text);
    else
        mask_text(out, text);
}

void organisation_shown(struct buf *out, const struct record *of, enum column c,
                        struct str listed, bool reveal)
{
    if (record_text(of, c).len > 0)
        shown_value(out, of, c, reveal);
    else
        put_listed(out, listed, reveal);
}

void joined_shown(struct buf *out, enum joined f, const struct reference_data *r,
                  const struct zone *zone, const struct record *of, bool reveal)
{
    struct event_value v;
    struct arena once = {0};
    struct buf text = {0};

    joined_value(&v, f, r, zone, of, &once);
    if (v.kind == EVENT_LIST)
        for (size_t i = 0; i < v.items; i++)
            buf_printf(&text, "%s%.*s", i ? ", " : "", STR_ARG(v.item[i].text));
    else if (v.kind != EVENT_MISSING)
        buf_put_str(&text, v.text);
    put_listed(out, buf_str(&text), reveal);
    buf_release(&text);
    arena_release(&once);
}
