/* known.c - see known.h. */
#include "analyzer/known.h"

/* PROJECTION_SAME_NONE: it has none. */
static uint32_t column_number(const struct known_row *k, enum column c)
{
    uint32_t date;

    if (c != COLUMN_TIME_LOCAL_DATE)
        return projection_same(k->projection, k->row, c);
    date = timestamp_near_date(k->hour, k->us);
    return date > 0 ? date : PROJECTION_SAME_NONE;
}

/* What changes with the time is worked out. */
static uint32_t timed_number(const struct known_row *k, struct record_fields *f, enum joined j,
                             const enum column *column, size_t n)
{
    struct record *r = &f->scratch;
    struct event_value value;

    r->column[COLUMN_TIME] = (struct value){.kind = VALUE_TIME, .integer = k->us};
    for (size_t i = 0; i < n; i++)
        r->column[column[i]] = *projection_value(k->projection, k->row, column[i]);
    arena_reset(&f->arena);
    joined_value(&value, j, f->reference, f->zone, r, &f->arena);
    return value.same;
}

static uint32_t joined_of(const struct known_row *k, struct record_fields *f, enum joined j)
{
    enum column column[JOINED_COLUMNS];
    size_t n = joined_columns(j, column);
    uint32_t same[JOINED_COLUMNS];

    if (joined_timed(j))
        return timed_number(k, f, j, column, n);
    for (size_t i = 0; i < n; i++)
        if ((same[i] = column_number(k, column[i])) == PROJECTION_SAME_NONE)
            return PROJECTION_SAME_NONE;
    return joined_number(f->kept, j, k->us, same);
}

bool known_numbers(const struct known_row *k, struct record_fields *f, const uint32_t *field,
                   size_t n, uint32_t *same)
{
    for (size_t i = 0; i < n; i++) {
        int c = record_field_column(f, field[i]);
        enum joined j;

        same[i] = 0;
        if (c != FIELD_NONE)
            same[i] = column_number(k, (enum column)c);
        else if (record_field_joined(f, field[i], &j))
            same[i] = joined_of(k, f, j);
        if (same[i] == PROJECTION_SAME_NONE)
            return false;
    }
    return true;
}

const struct value *known_text(const struct known_row *k, const struct record_fields *f,
                               uint32_t field)
{
    int c = record_field_column(f, field);
    const struct value *v;

    if (c == FIELD_NONE)
        return NULL;
    v = projection_value(k->projection, k->row, (enum column)c);
    return v->kind == VALUE_TEXT ? v : NULL;
}
