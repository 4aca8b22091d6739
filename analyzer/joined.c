/* joined.c - see joined.h. */
#include "analyzer/joined.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/pairs.h"
#include "record/mask.h"
#include "record/shown.h"

enum { FILES = 2, KEPT_MAX = 1 << 20 };

static const struct {
    const char *name;
    const char *file[FILES];    /* that must be loaded */
    int column[JOINED_COLUMNS]; /* that it is made of beside the time; 0 ends them */
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
    enum column column[JOINED_COLUMNS];
    size_t n = joined_columns(f, column);

    wanted[COLUMN_TIME] = true;
    for (size_t i = 0; i < n; i++)
        wanted[column[i]] = true;
}

size_t joined_columns(enum joined f, enum column out[JOINED_COLUMNS])
{
    size_t n = 0;

    while (n < JOINED_COLUMNS && fields[f].column[n]) {
        out[n] = (enum column)fields[f].column[n];
        n++;
    }
    return n;
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
            *out = (struct event_value){.kind = EVENT_TRUTH, .same = open ? 2 : 1,
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

/* ---- values that are kept ---- */

struct joined_kept {
    const struct reference_data *reference;
    const struct zone *zone;
    int64_t *change; /* when the lists change */
    size_t changes;
    int64_t from_us, to_us; /* no change lies between */
    uint32_t before;        /* how many are before */
    struct {
        struct pairs step[JOINED_COLUMNS]; /* a change and the first value, that and the next */
        struct event_value *value; /* by number of the last; same 0: not worked out */
        size_t cap;
    } of[JOINED_FIELDS];
    struct arena arena;
};

struct joined_kept *joined_kept_new(const struct reference_data *r, const struct zone *zone)
{
    struct joined_kept *k = xcalloc(1, sizeof *k);

    k->reference = r;
    k->zone = zone;
    k->changes = reference_changes(r, &k->change);
    return k;
}

void joined_kept_free(struct joined_kept *k)
{
    if (!k)
        return;
    for (int f = 0; f < JOINED_FIELDS; f++) {
        for (int i = 0; i < JOINED_COLUMNS; i++)
            pairs_release(&k->of[f].step[i]);
        free(k->of[f].value);
    }
    free(k->change);
    arena_release(&k->arena);
    free(k);
}

bool joined_timed(enum joined f)
{
    return f == JOINED_ORG_OPEN;
}

static uint32_t changes_before(struct joined_kept *k, int64_t us)
{
    size_t low = 0, high = k->changes;

    if (us >= k->from_us && us < k->to_us)
        return k->before;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (k->change[mid] <= us)
            low = mid + 1;
        else
            high = mid;
    }
    k->from_us = low > 0 ? k->change[low - 1] : INT64_MIN;
    k->to_us = low < k->changes ? k->change[low] : INT64_MAX;
    k->before = (uint32_t)low;
    return k->before;
}

/* The place of a value; NULL: it is not kept. */
static struct event_value *place_of(struct joined_kept *k, enum joined f, int64_t us,
                                    const uint32_t *same, uint32_t *number)
{
    enum column column[JOINED_COLUMNS];
    size_t n = joined_columns(f, column);
    struct pairs *last = &k->of[f].step[n - 1];

    if (joined_timed(f) || last->count >= KEPT_MAX)
        return NULL;
    *number = changes_before(k, us);
    for (size_t i = 0; i < n; i++)
        *number = pairs_put(&k->of[f].step[i], (uint64_t)*number << 32 | same[i]);
    k->of[f].value = xroom(k->of[f].value, &k->of[f].cap, *number + 1UL,
                           sizeof *k->of[f].value);
    return &k->of[f].value[*number];
}

void joined_again(struct event_value *out, struct joined_kept *k, enum joined f,
                  const struct record *of, struct arena *arena)
{
    const struct value *time = &of->column[COLUMN_TIME];
    enum column column[JOINED_COLUMNS];
    size_t n = joined_columns(f, column);
    uint32_t same[JOINED_COLUMNS], number = 0;
    bool numbered = time->kind == VALUE_TIME;
    struct event_value *place;

    for (size_t i = 0; i < n; i++) {
        const struct value *v = &of->column[column[i]];

        same[i] = v->kind == VALUE_MISSING ? 0 : v->same;
        numbered &= v->kind == VALUE_MISSING || v->same > 0;
    }
    place = numbered ? place_of(k, f, time->integer, same, &number) : NULL;
    if (place && place->same > 0) {
        *out = *place;
        return;
    }
    joined_value(out, f, k->reference, k->zone, of, place ? &k->arena : arena);
    if (place) {
        out->same = number + 1;
        if (out->kind == EVENT_TEXT) /* which may be that of a column */
            out->text = arena_copy(&k->arena, out->text);
        *place = *out;
    }
}

uint32_t joined_number(struct joined_kept *k, enum joined f, int64_t us,
                       const uint32_t same[JOINED_COLUMNS])
{
    uint32_t number;
    const struct event_value *place = place_of(k, f, us, same, &number);

    return !place || place->same == 0 ? JOINED_UNKNOWN
           : place->kind == EVENT_MISSING ? 0 : place->same;
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
