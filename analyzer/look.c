/* look.c - the records, and the rules that look at them. Out of projections a row is passed
 * over where its class is known to meet nothing; rules about tokens that came twice look a
 * second time (sigma/correlate.h). */
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

static void put_first_mark(struct detecting *d, const struct record *r,
                           const struct projection *from)
{
    uint64_t seq = (uint64_t)r->column[COLUMN_SEQ].integer;

    put_mark(d, projection_mark(from, (uint32_t)(seq - projection_head(from)->first_seq)), seq);
}

/* Told of each row before it is filled. */
static enum scan_look look_at_row(void *ctx, const struct projection *p, uint32_t row,
                                  uint32_t class)
{
    struct detecting *d = ctx;
    bool passes = correlator_passes(d->correlator, class);

    if (d->since_us != INT64_MIN && projection_time(p, row) == INT64_MIN)
        return SCAN_SKIP; /* it lies in no period */
    d->marked_row = correlator_later(d->correlator, class);
    if (d->marked_row)
        put_mark(d, projection_mark(p, row), projection_head(p)->first_seq + row);
    d->records += passes;
    return passes                                    ? SCAN_SKIP
           : correlator_knows(d->correlator, class) ? SCAN_FEW : SCAN_WHOLE;
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
    for (uint32_t i = 0; i < d->set.fields.count; i++) {
        enum column c;

        if (column_find(&c, d->set.fields.entry[i]))
            correlator_apart(d->correlator, i, projection_entries(d->projection, c) + 1);
    }
}

static uint32_t source_of(struct detecting *d, const struct record *r)
{
    uint32_t *known = renumber_place(&d->sources_known, r->column[COLUMN_SOURCE_NAME].same);
    uint32_t number;

    if (known && *known)
        return *known - 1;
    number = dictionary_put(&d->sources, record_text(r, COLUMN_SOURCE_NAME), &d->texts);
    if (known)
        *known = number + 1;
    return number;
}

/* A record that came from a projection, or NULL, and its class there. */
static void look_at(struct detecting *d, const struct record *r, const struct projection *from,
                    uint32_t class)
{
    struct record_fields *f = &d->maker.fields;
    const struct value *time = &r->column[COLUMN_TIME];
    const struct value *seq = &r->column[COLUMN_SOURCE_SEQ];
    const struct value *level = &r->column[COLUMN_USER_LEVEL];
    struct event event;
    struct str treat_as;
    struct moment at = {.us = time->kind == VALUE_TIME ? time->integer : INT64_MIN,
                        .source_seq = seq->kind == VALUE_INTEGER ? (uint64_t)seq->integer : 0};
    bool counts, any;

    d->records += !d->again;
    f->record = r;
    event = record_event(f);
    if (from && projection_serial(from) != d->serial) {
        d->projection = from;
        d->serial = projection_serial(from);
        correlator_classes(d->correlator, decided, d);
        if (d->serial == 1)
            tell_apart(d);
    }
    evaluator_event(d->evaluator, &event);
    any = correlator_look(d->correlator, from ? class : CLASS_NONE);
    if (from && !d->again && !d->marked_row && correlator_later(d->correlator, class))
        put_first_mark(d, r, from); /* the first of its class */
    if (!any)
        return;
    treat_as = reference_treat_as(d->reference, r);
    counts = str_equal(treat_as, STR("person")) ||
             (str_equal(treat_as, STR("volatile-sub")) && level->kind == VALUE_INTEGER &&
              level->integer != 4);
    at.source = source_of(d, r);
    at.record = keep_record(d, r);
    d->full = !correlator_event(d->correlator, &at, d->user_field, counts) ||
              d->maker.mets == UINT32_MAX;
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
    bool whole = d->since_us == INT64_MIN && d->until_us == INT64_MAX;
    char dir[LIMIT_PATH_BYTES];
    struct projections *p;
    struct err err;

    if ((knob && strcmp(knob, "no") == 0) || *state_problem(d->state) ||
        snprintf(dir, sizeof dir, "%s/columns", state_dir(d->state)) >= (int)sizeof dir)
        return NULL;
    p = projections_open(dir, d->trail, want);
    if (whole && projections_missing(p) > 0 &&
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
    correlator_records(d->correlator, number);
    free(number);
    free(m->met);
    m->met = ordered;
    m->met_cap = m->mets + 1;
}

/* Once more those records whose tokens' marks came twice, for the rules that were put off. */
static int look_again(struct detecting *d, struct err *err)
{
    enum { AHEAD = 16 };
    struct timestamp_hour hour = {.hour = 0};
    const struct projection *p;
    struct record record;
    int rc = 0;

    d->first_look = d->maker.mets;
    d->again = true;
    correlator_again(d->correlator);
    for (size_t i = 0; i < d->marks; i++) {
        repeats_expect(&d->repeats, d->marked[i + AHEAD < d->marks ? i + AHEAD : i].mark);
        repeats_add(&d->repeats, d->marked[i].mark);
    }
    for (size_t i = 0; i < d->marks && rc == 0 && !d->full; i++) {
        repeats_expect(&d->repeats, d->marked[i + AHEAD < d->marks ? i + AHEAD : i].mark);
        if (!repeats_has(&d->repeats, d->marked[i].mark))
            continue;
        rc = projections_at(d->projections, d->marked[i].seq, &p, err);
        if (rc == 0) {
            uint32_t row = (uint32_t)(d->marked[i].seq - projection_head(p)->first_seq);

            projection_fill(p, row, PROJECTION_ANEW, &record, &hour, d->zone);
            look_at(d, &record, p, projection_class(p, row));
        }
    }
    arena_release(&hour.arena);
    if (d->maker.mets > d->first_look)
        order_records(d);
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
    uint32_t n = d->sources.count;
    struct source_name *list = xcalloc(n + 1U, sizeof *list);
    uint32_t *number = xcalloc(n + 1U, sizeof *number);

    for (uint32_t i = 0; i < n; i++)
        list[i] = (struct source_name){d->sources.entry[i], i};
    if (n > 0)
        qsort(list, n, sizeof *list, by_name);
    for (uint32_t i = 0; i < n; i++)
        number[list[i].number] = i;
    correlator_sources(d->correlator, number);
    free(list);
    free(number);
}

/* How far before an event those can lie that count with it; chains add up. */
static int64_t longest_us(const struct ruleset *s)
{
    int64_t all = 0;

    for (size_t i = 0; i < s->rules; i++)
        if (s->rule[i]->kind == RULE_CORRELATION && !s->rule[i]->bad)
            all += s->rule[i]->correlation.timespan_us + s->rule[i]->correlation.suppress_us;
    return all;
}

int look_at_all(struct detecting *d, struct err *err)
{
    struct projection_want want;
    struct scan_filter filter = {.last_seq = UINT64_MAX, .wanted = want.column,
                                 .look = look_at_row, .look_ctx = d};
    uint32_t hash = dictionary_find(&d->set.fields, STR("jwt.hash"));
    struct record record;
    struct scan s;
    int rc = 0;

    filter.token_marks = hash != DICTIONARY_NONE &&
                         correlator_late(d->correlator, hash, token_hash, d);
    find_want(d, &want);
    if (filter.token_marks || !want.column[COLUMN_JWT_HASH] || want.filled[COLUMN_JWT_HASH])
        filter.projections = d->projections = find_projections(d, &want);
    if (filter.projections && filter.token_marks)
        correlator_put_off(d->correlator, sure, &want);
    /* With projections all that went before is looked at, so that an alert that began long
     * before the period is known for what it is; the log itself is read from where windows
     * that reach into the period begin. */
    filter.has_since = d->since_us != INT64_MIN && !d->projections;
    filter.since_us = filter.has_since ? d->since_us - longest_us(&d->set) : 0;
    filter.has_until = d->until_us != INT64_MAX;
    filter.until_us = d->until_us;
    scan_begin(&s, d->trail, &filter, d->zone);
    while (!d->full && (rc = scan_next(&s, &record, err)) > 0)
        look_at(d, &record, s.projection, s.class);
    if (rc == 0 && d->marks > 0 && !d->full)
        rc = look_again(d, err);
    if (d->full)
        rc = err_set(err, ERR_LIMIT, "the rules meet more than 67 million times in this"
                     " period: take a shorter one with --since and --until");
    scan_end(&s);
    projections_free(d->projections);
    d->projections = NULL;
    if (rc == 0)
        order_sources(d);
    return rc;
}
