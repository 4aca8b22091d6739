/* look.c - the records, and the rules that look at them. Out of projections a row is passed
 * over where its class is known to meet nothing, and columns are loaded when they are asked
 * for; rules about tokens that came twice look a second time (sigma/correlate.h). */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyzer/complain.h"
#include "analyzer/detecting.h"
#include "base/limits.h"
#include "base/mem.h"
#include "trail/scan.h"

/* Of a field of the projection at hand. */
static enum decided decided(void *ctx, struct str field)
{
    const struct detecting *d = ctx;
    const struct projection *p = d->projection;
    enum joined j;
    enum column c;

    if (column_find(&c, field))
        return projection_decides(p, c)                                  ? DECIDED_VALUE
               : projection_has(p, c) && column_kind(c) != VALUE_LIST ? DECIDED_FILLED
                                                                         : DECIDED_NOT;
    return joined_find(&j, field) && j == JOINED_TREAT_AS &&
                   reference_products_always(d->reference) &&
                   projection_decides(p, COLUMN_JWT_ISS) &&
                   projection_decides(p, COLUMN_DEVICE_MODEL)
               ? DECIDED_VALUE : DECIDED_NOT;
}

static void put_mark(struct detecting *d, uint64_t mark, uint64_t seq)
{
    if (d->marks == d->mark_cap) {
        d->mark_cap = d->mark_cap ? d->mark_cap * 2 : 4096;
        d->marked = xrealloc(d->marked, d->mark_cap * sizeof *d->marked);
    }
    d->marked[d->marks++] = (struct marked){mark, seq};
}

static int by_seq(const void *key, const void *at)
{
    uint64_t seq = *(const uint64_t *)key;
    uint64_t other = ((const struct met_record *)at)->seq;

    return seq < other ? -1 : seq > other;
}

/* The number of a record that rules have met. In the second look it may have one. */
static uint32_t keep_record(struct detecting *d, const struct record *r)
{
    uint64_t seq = (uint64_t)r->column[COLUMN_SEQ].integer;
    const struct met_record *known = NULL;

    if (d->again && d->first_look > 0)
        known = bsearch(&seq, d->maker.met, d->first_look, sizeof *known, by_seq);
    return known ? (uint32_t)(known - d->maker.met) : alert_keep(&d->maker, r);
}

/* The values of the first projection need not be compared. */
static void tell_apart(struct detecting *d)
{
    d->maker.patients.apart =
        projection_entries(d->projection, COLUMN_PATIENT_NHS_NUMBER) + 1;
    for (uint32_t i = 0; i < d->set.fields.count; i++) {
        enum column c;

        if (column_find(&c, d->set.fields.entry[i]))
            correlator_apart(d->correlator, i, projection_entries(d->projection, c) + 1);
    }
}

static bool counts_for_users(const struct detecting *d, const struct record *r)
{
    const struct value *level = &r->column[COLUMN_USER_LEVEL];
    struct str treat_as = reference_treat_as(d->reference, r);

    return str_equal(treat_as, STR("person")) ||
           (str_equal(treat_as, STR("volatile-sub")) && level->kind == VALUE_INTEGER &&
            level->integer != 4);
}

/* The evaluator's event is that record. */
static void begin_event(struct detecting *d, const struct record *r)
{
    d->maker.fields.record = r;
    d->event = record_event(&d->maker.fields);
    evaluator_event(d->evaluator, &d->event);
}

/* The event that rules were found to meet. */
static void take(struct detecting *d, const struct record *r)
{
    const struct value *time = &r->column[COLUMN_TIME];
    const struct value *seq = &r->column[COLUMN_SOURCE_SEQ];
    struct moment at = {.us = time->kind == VALUE_TIME ? time->integer : INT64_MIN,
                        .source_seq = seq->kind == VALUE_INTEGER ? (uint64_t)seq->integer : 0};

    at.source = numbering_put(&d->sources, r->column[COLUMN_SOURCE_NAME].same,
                              record_text(r, COLUMN_SOURCE_NAME));
    at.record = keep_record(d, r);
    d->full = !correlator_event(d->correlator, &at, d->user_field, counts_for_users(d, r)) ||
              d->maker.mets == UINT32_MAX;
}

/* ---- out of the log itself ---- */

/* How far before an event those can lie that count with it; chains add up. */
static int64_t longest_us(const struct ruleset *s)
{
    static const int64_t most = INT64_MAX / 2;
    int64_t all = 0;

    for (size_t i = 0; i < s->rules; i++) {
        const struct correlation *k = &s->rule[i]->correlation;

        if (s->rule[i]->kind != RULE_CORRELATION || s->rule[i]->bad)
            continue;
        if (k->timespan_us > most - all || k->suppress_us > most - all - k->timespan_us)
            return most;
        all += k->timespan_us + k->suppress_us;
    }
    return all;
}

static int look_at_log(struct detecting *d, struct scan_filter *filter, struct err *err)
{
    struct record record;
    struct scan s;
    int rc = 0;

    filter->has_since = d->since_us != INT64_MIN;
    filter->since_us = filter->has_since ? d->since_us - longest_us(&d->set) : 0;
    filter->has_until = d->until_us != INT64_MAX;
    filter->until_us = d->until_us;
    scan_begin(&s, d->trail, filter, d->zone);
    while (!d->full && (rc = scan_next(&s, &record, err)) > 0) {
        d->records++;
        begin_event(d, &record);
        if (correlator_look(d->correlator, CLASS_NONE))
            take(d, &record);
    }
    scan_end(&s);
    return rc;
}

/* ---- out of projections ---- */

enum { EXPECTED_AHEAD = 12 }; /* rows */

/* The projection at hand, and the record that it fills. */
struct looking {
    const struct projection *projection;
    uint32_t serial; /* of it */
    const struct projection_want *want;
    struct record record;
    struct timestamp_hour hour;
    bool few, whole, marks; /* these columns are loaded */
    bool *passed;           /* by class of it: its rows are of no interest */
};

static bool has_period(const struct detecting *d)
{
    return d->since_us != INT64_MIN || d->until_us != INT64_MAX;
}

static int load(struct detecting *d, bool *loaded, const bool *column, struct err *err)
{
    int rc = *loaded ? 0 : projections_load(d->projections, column, err);

    *loaded |= rc == 0;
    return rc;
}

static int fill(struct detecting *d, struct looking *l, uint32_t row,
                enum projection_fill how, struct err *err)
{
    int rc = how == PROJECTION_WHOLE ? load(d, &l->whole, l->want->column, err)
             : how == PROJECTION_FEW ? load(d, &l->few, l->want->few, err) : 0;

    if (rc == 0)
        projection_fill(l->projection, row, how, &l->record, &l->hour, d->zone);
    return rc;
}

static int keep_mark(struct detecting *d, struct looking *l, uint32_t row, struct err *err)
{
    static const bool hash[COLUMN_COUNT] = {[COLUMN_JWT_HASH] = true};
    int rc = load(d, &l->marks, hash, err);

    if (rc == 0)
        put_mark(d, projection_mark(l->projection, row),
                 projection_layout(l->projection)->first_seq + row);
    return rc;
}

/* Let the rules look at a row, as far as they do not know it by its class. */
static int look_at_row(struct detecting *d, struct looking *l, uint32_t row, uint32_t class,
                       struct err *err)
{
    enum projection_fill how = correlator_knows(d->correlator, class) ? PROJECTION_FEW
                               : correlator_by_class(d->correlator)   ? PROJECTION_CLASS
                                                                      : PROJECTION_WHOLE;
    int rc;

    projection_expect(l->projection, row + EXPECTED_AHEAD);
    if ((rc = fill(d, l, row, how, err)) < 0)
        return rc;
    begin_event(d, &l->record);
    if (!correlator_look(d->correlator, class))
        return 0;
    if (how == PROJECTION_CLASS) {
        if ((rc = fill(d, l, row, PROJECTION_FEW, err)) < 0)
            return rc;
        begin_event(d, &l->record);
    }
    take(d, &l->record);
    return 0;
}

static int look_at_rows(struct detecting *d, struct looking *l, struct err *err)
{
    static const bool time[COLUMN_COUNT] = {[COLUMN_TIME] = true};
    const struct projection *p = l->projection;
    bool period = has_period(d);
    uint32_t rows = projection_layout(p)->rows, first = projection_class_first(p);
    int rc = period ? projections_load(d->projections, time, err) : 0;

    for (uint32_t row = 0; rc == 0 && !d->full; row++) {
        uint32_t from = row, class;

        row = projection_next(p, row, l->passed);
        d->records += row - from;
        if (row == rows)
            break;
        if (period && (projection_time(p, row) == INT64_MIN ||
                       projection_time(p, row) >= d->until_us))
            continue;
        d->records++;
        class = projection_class(p, row);
        if (!correlator_passes(d->correlator, class))
            rc = look_at_row(d, l, row, class, err);
        if (rc == 0 && correlator_later(d->correlator, class))
            rc = keep_mark(d, l, row, err);
        else if (!period && correlator_passes(d->correlator, class))
            l->passed[class - first] = true;
    }
    return rc;
}

/* Begin with the projection that holds the row, unless it is at hand. */
static int hold(struct detecting *d, struct looking *l, uint64_t seq, struct err *err)
{
    int rc = projections_at(d->projections, seq, &d->projection, err);

    if (rc < 0 || projection_serial(d->projection) == l->serial)
        return rc;
    l->projection = d->projection;
    l->serial = projection_serial(d->projection);
    l->few = l->whole = l->marks = false;
    memset(&l->record, 0, sizeof l->record);
    free(l->passed);
    l->passed = xcalloc(projection_layout(l->projection)->classes, sizeof *l->passed);
    correlator_classes(d->correlator, decided, d);
    if (l->serial == 1)
        tell_apart(d);
    return 0;
}

/* The hash of a token whose like was sent several times. */
static struct str token_hash(void *ctx, uint32_t record, struct arena *arena)
{
    struct detecting *d = ctx;
    struct trail_row row;
    struct record r;
    struct err err;

    if (trail_row(d->trail, d->maker.met[record].seq, &row, &err) < 0) {
        d->late_err = err;
        return STR("");
    }
    record_read(&r, &row.input, d->zone, arena);
    return record_text(&r, COLUMN_JWT_HASH);
}

/* What alerts and correlations need of a record, and what rules ask for. */
static void find_want(const struct detecting *d, struct projection_want *want)
{
    static const enum column always[] = {COLUMN_SEQ, COLUMN_TIME, COLUMN_USER_LEVEL,
                                         COLUMN_PATIENT_NHS_NUMBER, COLUMN_PRACTICE_ODS,
                                         COLUMN_SOURCE_NAME, COLUMN_SOURCE_SEQ};

    memset(want, 0, sizeof *want);
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        want->column[always[i]] = want->few[always[i]] = true;
    joined_want(JOINED_TREAT_AS, want->column);
    joined_want(JOINED_TREAT_AS, want->few);
    record_fields_want(&d->maker.fields, &d->set, want);
}

static void say_progress(void *ctx, uint64_t rows)
{
    const struct detecting *d = ctx;

    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%" PRIu64 " of %" PRIu64 " records put into columns\n", rows,
                trail_count(d->trail));
}

/* The projections, where they can be had and stand for the whole log; a run over all of it
 * makes those that are missing. */
static struct projections *find_projections(struct detecting *d,
                                            const struct projection_want *want)
{
    const char *knob = getenv("GPCA_COLUMNS");
    char dir[LIMIT_PATH_BYTES];
    struct projections *p;
    struct err err;

    if ((knob && strcmp(knob, "no") == 0) || *state_problem(d->state) ||
        snprintf(dir, sizeof dir, "%s/columns", state_dir(d->state)) >= (int)sizeof dir)
        return NULL;
    p = projections_open(dir, d->trail, want);
    if (!has_period(d) && projections_missing(p) > 0 &&
        projections_make(p, d->zone, say_progress, d, &err) < 0) {
        complain(err.text);
        complain("rules are evaluated on the log itself, which takes longer");
    }
    if (projections_missing(p) == 0)
        return p;
    projections_free(p);
    return NULL;
}

/* The records of the second look stand behind those of the first; put them in order. */
static void order_records(struct detecting *d)
{
    struct alert_maker *m = &d->maker;
    struct met_record *ordered = xcalloc(m->mets + 1, sizeof *ordered);
    uint32_t *number = xcalloc(m->mets + 1, sizeof *number);
    size_t a = 0, b = d->first_look;

    for (size_t i = 0; i < m->mets; i++) {
        bool first = b == m->mets || (a < d->first_look && m->met[a].seq < m->met[b].seq);
        size_t from = first ? a++ : b++;

        ordered[i] = m->met[from];
        number[from] = (uint32_t)i;
    }
    correlator_renumber(d->correlator, NULL, number);
    free(number);
    free(m->met);
    m->met = ordered;
    m->met_cap = m->mets + 1;
}

/* The mark that lies a little behind the i-th will be looked at soon. */
static void expect_mark(const struct detecting *d, size_t i)
{
    enum { AHEAD = 16 };

    if (i + AHEAD < d->marks)
        repeats_expect(&d->repeats, d->marked[i + AHEAD].mark);
}

/* Once more those records whose tokens' marks came twice, for the rules that were put off. */
static int look_again(struct detecting *d, struct looking *l, struct err *err)
{
    int rc = 0;

    d->first_look = d->maker.mets;
    d->again = true;
    correlator_again(d->correlator);
    for (size_t i = 0; i < d->marks; i++) {
        expect_mark(d, i);
        repeats_add(&d->repeats, d->marked[i].mark);
    }
    for (size_t i = 0; i < d->marks && rc == 0 && !d->full; i++) {
        uint64_t seq = d->marked[i].seq;

        expect_mark(d, i);
        if (!repeats_has(&d->repeats, d->marked[i].mark))
            continue;
        rc = hold(d, l, seq, err);
        if (rc == 0) {
            uint32_t row = (uint32_t)(seq - projection_layout(l->projection)->first_seq);

            rc = look_at_row(d, l, row, projection_class(l->projection, row), err);
        }
    }
    if (d->maker.mets > d->first_look)
        order_records(d);
    return rc;
}

/* With projections all that went before the period is looked at, so that an alert that began
 * long before it is known for what it is. */
static int look_at_columns(struct detecting *d, const struct projection_want *want,
                           struct err *err)
{
    struct looking l = {.want = want};
    int rc = 0;

    for (uint64_t seq = 0; rc == 0 && !d->full && seq < trail_count(d->trail);) {
        if ((rc = hold(d, &l, seq, err)) == 0)
            rc = look_at_rows(d, &l, err);
        if (rc == 0)
            seq += projection_layout(l.projection)->rows;
    }
    if (rc == 0 && d->marks > 0 && !d->full)
        rc = look_again(d, &l, err);
    free(l.passed);
    arena_release(&l.hour.arena);
    return rc;
}

/* What classes of any projection decide that holds what is wanted. */
static enum decided sure(void *ctx, struct str field)
{
    const struct projection_want *want = ctx;
    enum column c;

    return column_find(&c, field) && projection_stores(want, c) &&
                   column_kind(c) != VALUE_LIST ? DECIDED_FILLED : DECIDED_NOT;
}

struct source_name {
    struct str name;
    uint32_t number;
};

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct source_name *)a)->name,
                       ((const struct source_name *)b)->name);
}

/* Give the correlator its sources in order of their names, whenever they came. */
static void order_sources(struct detecting *d)
{
    uint32_t n = d->sources.texts.count;
    struct source_name *list = xcalloc(n + 1U, sizeof *list);
    uint32_t *number = xcalloc(n + 1U, sizeof *number);

    for (uint32_t i = 0; i < n; i++)
        list[i] = (struct source_name){d->sources.texts.entry[i], i};
    if (n > 0)
        qsort(list, n, sizeof *list, by_name);
    for (uint32_t i = 0; i < n; i++)
        number[list[i].number] = i;
    correlator_renumber(d->correlator, number, NULL);
    free(list);
    free(number);
}

int look_at_all(struct detecting *d, struct err *err)
{
    struct projection_want want;
    struct scan_filter filter = {.last_seq = UINT64_MAX, .wanted = want.column};
    uint32_t hash = dictionary_find(&d->set.fields, STR("jwt.hash"));
    int rc;

    filter.token_marks = hash != DICTIONARY_NONE &&
                         correlator_late(d->correlator, hash, token_hash, d);
    find_want(d, &want);
    if (filter.token_marks || !want.column[COLUMN_JWT_HASH] || want.filled[COLUMN_JWT_HASH])
        d->projections = find_projections(d, &want);
    if (d->projections && filter.token_marks)
        correlator_put_off(d->correlator, sure, &want);
    rc = d->projections ? look_at_columns(d, &want, err) : look_at_log(d, &filter, err);
    if (d->full)
        rc = err_set(err, ERR_LIMIT, "the rules meet more than 67 million times in this"
                     " period: take a shorter one with --since and --until");
    projections_free(d->projections);
    d->projections = NULL;
    if (rc == 0)
        order_sources(d);
    return rc;
}
