/* look.c - the records, and the rules that look at them. Out of projections a row is passed
 * over where its class is known to meet nothing, and columns are loaded when they are asked
 * for; rules about tokens that came twice look a second time (sigma/correlate.h). */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyzer/complain.h"
#include "analyzer/detecting.h"
#include "analyzer/known.h"
#include "analyzer/ties.h"
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

/* The number of a record that rules have met. In the second look it may have one, else it is
 * the next. */
static uint32_t known_record(const struct detecting *d, uint64_t seq)
{
    const struct met_record *known = NULL;

    if (d->again && d->first_look > 0)
        known = bsearch(&seq, d->maker.met, d->first_look, sizeof *known, by_seq);
    return (uint32_t)(known ? (size_t)(known - d->maker.met) : d->maker.mets);
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
    at.record = known_record(d, (uint64_t)r->column[COLUMN_SEQ].integer);
    if (at.record == d->maker.mets)
        alert_keep(&d->maker, r);
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
    bool few[COLUMN_COUNT]; /* all that is asked of rows whose class is known */
    bool has_few, marks;    /* these are loaded */
    bool *passed;           /* by class of it: its rows are of no interest */
    bool counts_by_class;   /* which rows count for users */
    uint8_t *counts;        /* likewise, enum counts */
};
enum counts { COUNTS_UNKNOWN, COUNTS_NOT, COUNTS };

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

/* The row as the event, or no more of it than what all of its class have. */
static void fill(struct detecting *d, struct looking *l, uint32_t row,
                 enum projection_fill how)
{
    projection_fill(l->projection, row, how, &l->record, &l->hour, d->zone);
    begin_event(d, &l->record);
}

static int load_marks(struct detecting *d, struct looking *l, struct err *err)
{
    static const bool hash[COLUMN_COUNT] = {[COLUMN_JWT_HASH] = true};

    return load(d, &l->marks, hash, err);
}

static int keep_mark(struct detecting *d, struct looking *l, uint32_t row, struct err *err)
{
    int rc = load_marks(d, l, err);

    if (rc == 0)
        put_mark(d, projection_mark(l->projection, row),
                 projection_layout(l->projection)->first_seq + row);
    return rc;
}

/* What is kept of the row. */
static struct met_record meet(struct detecting *d, const struct known_row *k, uint64_t seq)
{
    const struct projection *p = k->projection;
    struct met_record met;

    if (alert_known(&met, &d->maker, seq, projection_same(p, k->row, COLUMN_PATIENT_NHS_NUMBER),
                    projection_same(p, k->row, COLUMN_PRACTICE_ODS)))
        return met;
    return alert_meet(&d->maker, seq, projection_value(p, k->row, COLUMN_PATIENT_NHS_NUMBER),
                      projection_value(p, k->row, COLUMN_PRACTICE_ODS));
}

/* Say what texts the fields have in the row. */
static void name_texts(struct detecting *d, const struct known_row *k, const uint32_t *field,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct value *v = known_text(k, &d->maker.fields, field[i]);

        if (v)
            correlator_name(d->correlator, field[i], v->same, v->text);
    }
}

enum { FIELDS_MAX = 32 };

static struct moment moment_of(struct detecting *d, const struct known_row *k, uint64_t seq)
{
    int64_t source_seq = projection_integer(k->projection, k->row, COLUMN_SOURCE_SEQ);
    uint32_t source = projection_same(k->projection, k->row, COLUMN_SOURCE_NAME);

    return (struct moment){.us = k->us, .source = numbering_known(&d->sources, source),
                           .source_seq = source_seq == INT64_MIN ? 0 : (uint64_t)source_seq,
                           .record = known_record(d, seq)};
}

/* Take a row of that verdict by the numbers of its values; false: it cannot be. */
static bool take_known(struct detecting *d, const struct looking *l, const struct known_row *k,
                       uint32_t class, uint32_t verdict)
{
    uint64_t seq = projection_layout(k->projection)->first_seq + k->row, mark = 0;
    uint8_t counts = l->counts[class - projection_class_first(k->projection)];
    struct moment at = moment_of(d, k, seq);
    uint32_t same[FIELDS_MAX];
    enum take taken = TAKE_NOT;
    const uint32_t *field;
    bool marked;
    size_t n;

    if (!correlator_values(d->correlator, verdict, &field, &n, &marked) ||
        counts == COUNTS_UNKNOWN || at.source == DICTIONARY_NONE || n > FIELDS_MAX ||
        (marked && !l->marks) || !known_numbers(k, &d->maker.fields, field, n, same))
        return false;
    if (marked)
        mark = projection_mark(k->projection, k->row);
    for (int i = 0; i < 2 && taken == TAKE_NOT; i++) {
        if (i > 0)
            name_texts(d, k, field, n);
        taken = correlator_take(d->correlator, verdict, &at, same, mark, d->user_field,
                                counts == COUNTS);
    }
    if (taken == TAKEN && at.record == d->maker.mets) {
        struct met_record met = meet(d, k, seq);

        alert_put(&d->maker, &met);
    }
    d->full |= taken == TAKE_FULL || d->maker.mets == UINT32_MAX;
    return taken != TAKE_NOT;
}

/* What rules say of a class, by the row, which is of it. */
static void learn(struct detecting *d, struct looking *l, uint32_t row, uint32_t class)
{
    fill(d, l, row, PROJECTION_CLASS);
    correlator_learn(d->correlator, class);
    if (l->counts_by_class)
        l->counts[class - projection_class_first(l->projection)] =
            counts_for_users(d, &l->record) ? COUNTS : COUNTS_NOT;
}

/* Let the rules look at a row, as far as they do not know by its class, or by the numbers of
 * its values, what it meets. */
static int look_at_row(struct detecting *d, struct looking *l, uint32_t row, uint32_t class,
                       struct err *err)
{
    struct known_row k = {.projection = l->projection, .row = row, .hour = &l->hour};
    uint32_t same[FIELDS_MAX], verdict = VERDICTS_UNKNOWN;
    const uint32_t *field;
    bool by_numbers;
    size_t n;
    int rc;

    if (!correlator_knows(d->correlator, class))
        learn(d, l, row, class);
    if (!d->again && correlator_passes(d->correlator, class))
        return 0;
    if ((rc = load(d, &l->has_few, l->few, err)) < 0)
        return rc;
    k.us = projection_integer(l->projection, row, COLUMN_TIME);
    by_numbers = k.us != INT64_MIN && correlator_open(d->correlator, class, &field, &n) &&
                 n <= FIELDS_MAX && known_numbers(&k, &d->maker.fields, field, n, same);
    if (by_numbers)
        verdict = correlator_verdict(d->correlator, class, same);
    if (verdict != VERDICTS_UNKNOWN && take_known(d, l, &k, class, verdict))
        return 0;
    projection_expect(l->projection, row + EXPECTED_AHEAD);
    fill(d, l, row, PROJECTION_FEW);
    if (correlator_look(d->correlator, class))
        take(d, &l->record);
    if (by_numbers && verdict == VERDICTS_UNKNOWN)
        correlator_tell(d->correlator, class, same);
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
        if (period) {
            int64_t us = projection_integer(p, row, COLUMN_TIME);

            if (us == INT64_MIN || us >= d->until_us)
                continue;
        }
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

/* What alerts and correlations need of a record. */
static void want_always(bool column[COLUMN_COUNT])
{
    static const enum column always[] = {COLUMN_SEQ, COLUMN_TIME, COLUMN_USER_LEVEL,
                                         COLUMN_PATIENT_NHS_NUMBER, COLUMN_PRACTICE_ODS,
                                         COLUMN_SOURCE_NAME, COLUMN_SOURCE_SEQ};

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        column[always[i]] = true;
    joined_want(JOINED_TREAT_AS, column);
}

/* That, and what is asked of rows that their classes do not tell. */
static void choose_few(struct detecting *d, struct looking *l)
{
    bool *field = xcalloc(d->set.fields.count + 1U, sizeof *field);

    memset(l->few, 0, sizeof l->few);
    if (!correlator_ask(d->correlator, field))
        memcpy(l->few, l->want->column, sizeof l->few);
    want_always(l->few);
    for (uint32_t i = 0; i < d->set.fields.count; i++)
        if (field[i])
            record_field_want(&d->maker.fields, i, l->few);
    projections_choose(d->projections, l->few);
    free(field);
}

/* Begin with the projection that holds the row, unless it is at hand. */
static int hold(struct detecting *d, struct looking *l, uint64_t seq, struct err *err)
{
    int rc = projections_at(d->projections, seq, &d->projection, err);

    if (rc < 0 || projection_serial(d->projection) == l->serial)
        return rc;
    l->projection = d->projection;
    l->serial = projection_serial(d->projection);
    l->has_few = l->marks = false;
    memset(&l->record, 0, sizeof l->record);
    free(l->passed);
    free(l->counts);
    l->passed = xcalloc(projection_layout(l->projection)->classes, sizeof *l->passed);
    l->counts = xcalloc(projection_layout(l->projection)->classes, sizeof *l->counts);
    l->counts_by_class = projection_decides(l->projection, COLUMN_USER_LEVEL) &&
                         decided(d, str_of(joined_name(JOINED_TREAT_AS))) == DECIDED_VALUE;
    correlator_classes(d->correlator, decided, d);
    choose_few(d, l);
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

static void find_want(const struct detecting *d, struct projection_want *want)
{
    memset(want, 0, sizeof *want);
    want_always(want->column);
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
        if (rc == 0)
            rc = load_marks(d, l, err);
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
    free(l.counts);
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
    if (rc == 0) {
        order_sources(d);
        rc = ties_order(d->correlator, &d->maker, err);
    }
    return rc;
}
