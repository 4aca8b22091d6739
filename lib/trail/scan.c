/* scan.c - see scan.h. Every record of the range of seqs is read and judged. */
#include "trail/scan.h"

#include "record/nhs_number.h"

void scan_begin(struct scan *s, struct trail *t, const struct scan_filter *f,
                const struct zone *zone)
{
    *s = (struct scan){.trail = t, .filter = f, .zone = zone, .next = f->first_seq};
}

void scan_end(struct scan *s)
{
    arena_release(&s->arena);
}

static bool same(const struct record *r, enum column c, struct str want)
{
    return want.len == 0 || (r->column[c].kind == VALUE_TEXT &&
                             str_equal_nocase(r->column[c].text, want));
}

static bool in_period(const struct scan_filter *f, const struct record *r)
{
    const struct value *time = &r->column[COLUMN_TIME];

    if (!f->has_since && !f->has_until)
        return true;
    return time->kind == VALUE_TIME && (!f->has_since || time->integer >= f->since_us) &&
           (!f->has_until || time->integer < f->until_us);
}

static bool of_patient(struct scan *s, const struct record *r)
{
    const struct value *number = &r->column[COLUMN_PATIENT_NHS_NUMBER];

    return s->filter->patient.len == 0 ||
           (number->kind == VALUE_TEXT &&
            str_equal(nhs_number_plain(number->text, &s->arena), s->filter->patient));
}

static bool of_status(const struct scan_filter *f, const struct record *r)
{
    const struct value *status = &r->column[COLUMN_HTTP_STATUS];

    return !f->has_status || (status->kind == VALUE_INTEGER &&
                              status->integer >= f->status_min &&
                              status->integer <= f->status_max);
}

static bool matches(struct scan *s, const struct record *r)
{
    const struct scan_filter *f = s->filter;
    const struct value *access = &r->column[COLUMN_GPC_ACCESS];
    const struct value *user = &r->column[COLUMN_USER_KEY];

    if (!in_period(f, r))
        return false;
    if (r->column[COLUMN_PATIENT_NHS_NUMBER].kind == VALUE_MISSING &&
        access->kind == VALUE_TEXT && !str_equal(access->text, STR("none")))
        s->untied++;
    return of_patient(s, r) && of_status(f, r) &&
           (f->user.len == 0 || (user->kind == VALUE_TEXT && str_equal(user->text, f->user))) &&
           same(r, COLUMN_ORG_ODS, f->org) && same(r, COLUMN_PRACTICE_ODS, f->practice) &&
           same(r, COLUMN_SSP_TRACE_ID, f->trace);
}

int scan_next(struct scan *s, struct record *out, struct err *err)
{
    while (s->next < trail_count(s->trail) && s->next <= s->filter->last_seq) {
        struct trail_row row;
        int rc = trail_row(s->trail, s->next, &row, err);

        if (rc < 0)
            return rc;
        s->next++;
        arena_reset(&s->arena);
        record_read(out, &row.input, s->zone, &s->arena);
        if (matches(s, out))
            return 1;
    }
    return 0;
}
