/* sentence.c - see sentence.h. */
#include "analyzer/sentence.h"

#include "analyzer/fields.h"
#include "analyzer/report.h"
#include "record/shown.h"

static void put(struct buf *out, const struct sentence *s, const struct record *r,
                enum column c)
{
    if (r->column[c].kind != VALUE_MISSING)
        shown_value(out, r, c, s->reveal);
}

static void put_organisation(struct buf *out, const struct sentence *s, const struct record *r)
{
    struct organisation o = reference_organisation(s->reference, r);

    if (o.name.len > 0) {
        organisation_shown(out, r, COLUMN_ORG_NAME, o.name, s->reveal);
        if (o.ods.len > 0) {
            buf_put_text(out, " (");
            organisation_shown(out, r, COLUMN_ORG_ODS, o.ods, s->reveal);
            buf_put_text(out, ")");
        }
    } else if (o.ods.len > 0) {
        buf_put_text(out, "organisation ");
        organisation_shown(out, r, COLUMN_ORG_ODS, o.ods, s->reveal);
    } else if (record_text(r, COLUMN_SSP_FROM).len > 0) {
        buf_put_text(out, "the system with ASID ");
        put(out, s, r, COLUMN_SSP_FROM);
    } else {
        buf_put_text(out, "an organisation that did not say who it is");
    }
}

/* Who asked, as the token says: name, organisation. */
static void put_who(struct buf *out, const struct sentence *s)
{
    size_t before = out->len;

    shown_user_name(out, s->record, s->reveal);
    if (out->len == before)
        buf_put_text(out, "A person who is not named");
    buf_put_text(out, " of ");
    put_organisation(out, s, s->record);
}

/* A field of a record. */
static void put_field(struct buf *out, const struct sentence *s, const struct record *r,
                      struct str name)
{
    enum column c;
    enum joined j;

    if (column_find(&c, name))
        put(out, s, r, c);
    else if (joined_find(&j, name))
        joined_shown(out, j, s->reference, s->zone, r, s->reveal);
}

/* "Trust (ZR001), Surgery (ZR002) and Hospice (ZR003)", or "1, 2 and others". */
static void put_values(struct buf *out, const struct sentence *s)
{
    for (size_t i = 0; i < s->withs; i++) {
        buf_put_text(out, i == 0 ? "" : i + 1 == s->withs && !s->more ? " and " : ", ");
        if (str_equal(s->field, STR("org.ods")))
            put_organisation(out, s, s->with[i]);
        else
            put_field(out, s, s->with[i], s->field);
    }
    if (s->withs > 0 && s->more)
        buf_put_text(out, " and others");
}

static void put_day(struct buf *out, const struct civil *c)
{
    buf_printf(out, "%d %s %d", c->day, month_name(c->month), c->year);
}

/* "on 1 April 2026 at 09:35", or "between 09:35 and 10:20 on 1 April 2026"; London. */
static void put_when(struct buf *out, const struct sentence *s)
{
    struct civil a, b;

    if (s->first_us == INT64_MIN) {
        buf_put_text(out, "at an unknown time");
        return;
    }
    civil_local(&a, s->zone, s->first_us);
    civil_local(&b, s->zone, s->last_us);
    if (s->first_us / 60000000 == s->last_us / 60000000) {
        buf_put_text(out, "on ");
        put_day(out, &a);
        buf_printf(out, " at %02d:%02d", a.hour, a.minute);
    } else if (a.day == b.day && a.month == b.month && a.year == b.year) {
        buf_printf(out, "between %02d:%02d and %02d:%02d on ", a.hour, a.minute, b.hour,
                   b.minute);
        put_day(out, &a);
    } else {
        buf_printf(out, "between %02d:%02d on ", a.hour, a.minute);
        put_day(out, &a);
        buf_printf(out, " and %02d:%02d on ", b.hour, b.minute);
        put_day(out, &b);
    }
}

static void put_span(struct buf *out, int64_t us)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{604800, "week"}, {86400, "day"}, {3600, "hour"}, {60, "minute"},
                 {1, "second"}};
    int64_t s = us / 1000000;

    for (size_t i = 0; i < 5; i++)
        if (s % units[i].seconds == 0 && s >= units[i].seconds) {
            int64_t n = s / units[i].seconds;

            buf_printf(out, "%lld %s%s", (long long)n, units[i].name, n == 1 ? "" : "s");
            return;
        }
}

/* "the sum of http.bytes" */
void sentence_measure(struct buf *out, const struct ruleset *set, const struct correlation *c)
{
    if (c->type == CORRELATION_VALUE_PERCENTILE)
        buf_printf(out, "the %.15g %% percentile", c->percentile);
    else
        buf_put_text(out, c->type == CORRELATION_VALUE_SUM ? "the sum" : "the average");
    buf_printf(out, " of %.*s", STR_ARG(set->fields.entry[c->field]));
}

/* "at most 1000 as the sum of http.bytes within " */
static void put_measure(struct buf *out, const struct ruleset *set, const struct correlation *c)
{
    buf_printf(out, "%s %.15g as ", c->above ? "at most" : "less than", c->threshold);
    sentence_measure(out, set, c);
    buf_put_text(out, " within ");
}

void sentence_expected(struct buf *out, const struct ruleset *set, const struct rule *r)
{
    const struct correlation *c = &r->correlation;

    if (r->kind != RULE_CORRELATION) {
        buf_put_text(out, "no such request");
        return;
    }
    if (c->type == CORRELATION_TEMPORAL || c->type == CORRELATION_TEMPORAL_ORDERED) {
        buf_put_text(out, c->type == CORRELATION_TEMPORAL ? "not all of these within "
                                                          : "not one after the other within ");
    } else if (correlation_measures(c)) {
        put_measure(out, set, c);
    } else if (c->least == 1) {
        buf_put_text(out, "no such request within ");
    } else {
        struct str field = c->type == CORRELATION_VALUE_COUNT ? set->fields.entry[c->field]
                                                              : STR("");

        buf_printf(out, "at most %llu ", (unsigned long long)c->least - 1);
        if (str_equal(field, STR("patient.nhs_number")))
            buf_put_text(out, "different patients within ");
        else if (field.len > 0)
            buf_printf(out, "different values of %.*s within ", STR_ARG(field));
        else
            buf_put_text(out, "such requests within ");
    }
    put_span(out, c->timespan_us);
}

enum place { WHO, WHEN, ORG, WHERE, COUNT, CALLS, PATIENTS, OUTCOME, EXPECTED, VALUES, PLACES };
static const char *const places[PLACES] = {"who", "when", "org", "where", "count", "calls",
                                           "patients", "outcome", "expected", "values"};

bool sentence_place(struct str name, const char **near)
{
    const char *field = NULL;

    if (word_index(name, places, PLACES) < PLACES || fields_known(name, &field))
        return true;
    *near = nearest_word(name, places, PLACES);
    if (!*near)
        *near = field;
    return false;
}

static void put_place(struct buf *out, const struct sentence *s, struct str name)
{
    size_t before = out->len;

    switch ((enum place)word_index(name, places, PLACES)) {
    case WHO:
        put_who(out, s);
        break;
    case WHEN:
        put_when(out, s);
        break;
    case ORG:
        put_organisation(out, s, s->record);
        break;
    case WHERE:
        buf_put_text(out, s->count == 1 ? "at " : "first at ");
        put_organisation(out, s, s->record);
        break;
    case COUNT:
        buf_printf(out, "%zu", s->count);
        break;
    case CALLS:
        buf_printf(out, "%zu request%s", s->count, s->count == 1 ? "" : "s");
        break;
    case PATIENTS:
        buf_printf(out, "%zu patient%s", s->patients, s->patients == 1 ? "" : "s");
        break;
    case OUTCOME:
        report_outcome(out, s->record);
        break;
    case EXPECTED:
        buf_put_str(out, s->expected);
        break;
    case VALUES:
        if (correlation_measures(&s->rule->correlation))
            buf_printf(out, "%.15g", s->measured);
        else
            put_values(out, s);
        break;
    case PLACES:
        put_field(out, s, s->record, name);
        break;
    }
    if (out->len == before)
        buf_put_text(out, "(not given)");
}

void sentence_print(struct buf *out, const struct sentence *s)
{
    struct str t = s->rule->sentence;
    size_t from = out->len;

    if (t.len == 0)
        t = STR("{who}: {calls} about {patients} {when}; expected: {expected}.");
    while (t.len > 0) {
        size_t open = str_index(t, '{');
        size_t close = str_index(t, '}');

        if (close < open || close == t.len) {
            buf_put_str(out, str_part(t, 0, open < t.len && close == t.len ? t.len : close));
            t = str_part(t, close < t.len ? close + 1 : t.len, t.len);
            continue;
        }
        buf_put_str(out, str_part(t, 0, open));
        put_place(out, s, str_part(t, open + 1, close));
        t = str_part(t, close + 1, t.len);
    }
    if (out->len > from)
        out->at[from] = ascii_upper(out->at[from]);
}
