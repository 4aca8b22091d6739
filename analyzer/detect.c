/* detect.c - `analyzer detect`: every record of the period is shown to the rules, the
 * correlations are worked out in event-time order, and each finding becomes an alert that
 * the register knows or gets to know. A run computes all alerts anew, so that they do not
 * hang on when records came; what a run finds again only keeps its state. */
#include <inttypes.h>
#include <unistd.h>

#include "analyzer/answer.h"
#include "analyzer/commands.h"
#include "analyzer/pack.h"
#include "analyzer/period.h"
#include "analyzer/register.h"
#include "base/base64.h"
#include "base/disk.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/zone.h"
#include "sigma/repeats.h"
#include "record/print.h"
#include "store/note.h"
#include "trail/projections.h"
#include "trail/scan.h"

enum { CHAIN_MAX = 64 };

enum detect_format { DETECT_TABLE, DETECT_JSON, DETECT_NDJSON };

struct detecting {
    const struct options *o;
    struct zone *zone;
    struct state *state;
    struct trail *trail;
    struct ruleset set;
    struct diagnostics diagnostics;
    struct reference_data *reference;
    struct evaluator *evaluator;
    struct correlator *correlator;
    struct register_of *known;
    struct alert_maker maker;
    enum detect_format format;
    int64_t since_us, until_us, longest_us;
    uint32_t user_field;
    struct projections *projections;     /* NULL: the evidence is read */
    const struct projection *projection; /* that classes are of, and its serial */
    uint32_t serial;
    struct repeats repeats;              /* of the marks of tokens */
    struct marked {
        uint64_t mark, seq;
    } *marked;                           /* to be looked at again where a mark came twice */
    size_t marks, mark_cap;
    bool marked_row;                     /* that of the row at hand is among them */
    bool again;                          /* the second look */
    size_t first_look;                   /* records met in the first, ascending */
    struct dictionary sources;
    struct arena texts;
    uint64_t records, alerts, by_level[RULE_LEVELS];
    struct buf missing;  /* of the summary: rules not evaluated */
    size_t not_evaluated;
    bool full;           /* the correlator can take no more */
    struct err late_err; /* of reading a token's hash late, with code < 0 */
    struct buf out;      /* alerts, until they are durable */
};

/* ---- what is needed ---- */

static int parse(struct detecting *d)
{
    const struct options *o = d->o;

    d->since_us = INT64_MIN;
    d->until_us = INT64_MAX;
    if ((o->since && !period_bound(o->since, d->zone, &d->since_us)) ||
        (o->until && !period_bound(o->until, d->zone, &d->until_us))) {
        complain("--since and --until take RFC 3339 or YYYY-MM-DD");
        return 2;
    }
    d->format = !o->format || strcmp(o->format, "table") == 0 ? DETECT_TABLE
                : strcmp(o->format, "json") == 0              ? DETECT_JSON
                                                              : DETECT_NDJSON;
    if (o->format && d->format == DETECT_NDJSON && strcmp(o->format, "ndjson") != 0) {
        complain("--format takes table, json or ndjson");
        return 2;
    }
    return 0;
}

static void skip_rule(struct detecting *d, struct rule *r, const char *why)
{
    r->bad = true;
    buf_printf(&d->missing, "%s{\"rule\":", d->not_evaluated ? "," : "");
    print_json_text(&d->missing, rule_id(r));
    buf_put_text(&d->missing, ",\"missing\":");
    print_json_text(&d->missing, str_of(why));
    buf_put_text(&d->missing, "}");
    d->not_evaluated++;
    fprintf(stderr, "analyzer: not evaluated: %.*s: %s\n", STR_ARG(r->title), why);
}

static int load_rules(struct detecting *d, struct err *err)
{
    size_t files;
    int rc = pack_load(&d->set, d->o->rules, &d->diagnostics, &files, err);

    if (rc < 0)
        return rc;
    diagnostics_print_errors(&d->diagnostics, stderr);
    for (size_t i = 0; i < d->set.rules; i++) {
        struct rule *r = d->set.rule[i];

        if (r->kind == RULE_FILTER)
            continue;
        if (r->bad)
            skip_rule(d, r, "it has errors");
        else if (!rule_is_ours(r))
            skip_rule(d, r, "it is about another kind of log");
    }
    d->user_field = dictionary_find(&d->set.fields, STR("user.key"));
    return 0;
}

static void bad_row(void *ctx, const char *file, size_t line, const char *column,
                    const char *why)
{
    (void)ctx;
    fprintf(stderr, "analyzer: %s:%zu: %s%s%s\n", file, line, column, *column ? ": " : "", why);
}

static int load_reference(struct detecting *d, struct err *err)
{
    size_t bad;

    d->reference = reference_new();
    return reference_read_all(d->reference, pack_default(), d->o->store, state_dir(d->state),
                              d->o->reference, bad_row, NULL, &bad, err);
}

/* A file that the rule, or one that it stands on, needs and that is not loaded. */
static const char *missing_file(struct detecting *d, const struct rule *r, int depth)
{
    const char *missing = NULL;

    for (int f = 0; f < JOINED_FIELDS && !missing; f++) {
        uint32_t field = dictionary_find(&d->set.fields, str_of(joined_name((enum joined)f)));

        if (field != DICTIONARY_NONE && rule_asks(&d->set, r, field))
            missing = joined_lacks((enum joined)f, d->reference);
    }
    for (size_t i = 0; i < r->correlation.count && depth < CHAIN_MAX && !missing; i++)
        missing = missing_file(d, r->correlation.of[i].rule, depth + 1);
    return missing;
}

/* Rules that ask what a file says that is not there find nothing, which must not look as if
 * there were nothing to find. */
static void skip_blind_rules(struct detecting *d)
{
    for (size_t i = 0; i < d->set.rules; i++) {
        struct rule *r = d->set.rule[i];
        const char *missing = r->bad || r->kind == RULE_FILTER ? NULL : missing_file(d, r, 0);

        if (missing)
            skip_rule(d, r, missing);
        else if (r->kind == RULE_CORRELATION && !r->bad)
            d->longest_us += r->correlation.timespan_us + r->correlation.suppress_us;
    }
}

static int describe_log(struct detecting *d, struct err *err)
{
    struct checkpoint c;
    struct buf root = {0};
    int rc = checkpoint_open(&c, trail_checkpoint(d->trail), NULL, err);

    if (rc < 0)
        return rc;
    base64_encode(&root, (struct str){(const char *)c.root, HASH_BYTES});
    snprintf(d->maker.root, sizeof d->maker.root, "%.*s", STR_ARG(buf_str(&root)));
    buf_release(&root);
    d->maker.origin = arena_copy(&d->texts, str_of(c.origin));
    d->maker.size = c.size;
    return 0;
}

/* ---- records ---- */

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
    repeats_add(&d->repeats, mark);
}

static void put_first_mark(struct detecting *d, const struct record *r,
                           const struct projection *from)
{
    uint64_t seq = (uint64_t)r->column[COLUMN_SEQ].integer;

    put_mark(d, projection_mark(from, (uint32_t)(seq - projection_head(from)->first_seq)), seq);
}

/* Told of each row before it is filled. */
static bool skip_row(void *ctx, const struct projection *p, uint32_t row, uint32_t class)
{
    struct detecting *d = ctx;
    bool passes = correlator_passes(d->correlator, class);

    if (d->since_us != INT64_MIN && projection_time(p, row) == INT64_MIN)
        return true; /* it lies in no period */
    d->marked_row = correlator_later(d->correlator, class);
    if (d->marked_row)
        put_mark(d, projection_mark(p, row), projection_head(p)->first_seq + row);
    d->records += passes;
    return passes;
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
    at.source = dictionary_put(&d->sources, record_text(r, COLUMN_SOURCE_NAME), &d->texts);
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
        want->column[always[i]] = true;
    joined_want(JOINED_TREAT_AS, want->column);
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
    struct timestamp_hour hour = {.hour = 0};
    const struct projection *p;
    struct record record;
    int rc = 0;

    d->first_look = d->maker.mets;
    d->again = true;
    correlator_again(d->correlator);
    for (size_t i = 0; i < d->marks && rc == 0 && !d->full; i++) {
        if (!repeats_has(&d->repeats, d->marked[i].mark))
            continue;
        rc = projections_at(d->projections, d->marked[i].seq, &p, err);
        if (rc == 0) {
            uint32_t row = (uint32_t)(d->marked[i].seq - projection_head(p)->first_seq);

            projection_fill(p, row, false, &record, &hour, d->zone);
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

static int scan(struct detecting *d, struct err *err)
{
    struct projection_want want;
    struct scan_filter filter = {.last_seq = UINT64_MAX, .wanted = want.column,
                                 .skip = skip_row, .skip_ctx = d};
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
    filter.since_us = filter.has_since ? d->since_us - d->longest_us : 0;
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
    return rc;
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

/* ---- alerts ---- */

static void put_alert(struct detecting *d, const char *id, struct standing s, struct str body)
{
    const char *between = d->format == DETECT_JSON ? (d->alerts ? ",\n" : "[") : "";

    buf_printf(&d->out, "%s{\"alert\":\"%s\",\"revision\":%u,\"state\":\"%s\",", between, id,
               s.revision, alert_state_name(s.state));
    buf_put_str(&d->out, body);
    buf_put_text(&d->out, d->format == DETECT_JSON ? "}" : "}\n");
}

static void put_line(struct detecting *d, const char *id, struct standing s, struct str level,
                     struct str body)
{
    struct arena once = {0};
    struct buf text = {0};

    answer_terminal(&text, register_sentence(body, true, &once));
    buf_printf(&d->out, "%s  %-8.*s  %-9s  %.*s\n", id, STR_ARG(level),
               alert_state_name(s.state), STR_ARG(buf_str(&text)));
    buf_release(&text);
    arena_release(&once);
}

static void give(struct detecting *d, const char *id, struct standing s, struct str level,
                 struct str body)
{
    if (d->format == DETECT_TABLE)
        put_line(d, id, s, level, body);
    else
        put_alert(d, id, s, body);
    d->alerts++;
}

static void give_withdrawn(void *ctx, struct str id, unsigned revision, struct str level,
                           struct str body)
{
    char name[ALERT_ID];

    snprintf(name, sizeof name, "%.*s", STR_ARG(id));
    give(ctx, name, (struct standing){ALERT_WITHDRAWN, revision}, level, body);
}

static bool touches(const struct detecting *d, const struct alert *a)
{
    return a->first_us == INT64_MIN ||
           (a->last_us >= d->since_us && a->first_us < d->until_us);
}

static int give_alert(struct detecting *d, const struct finding *f, const struct alert *a,
                      struct err *err)
{
    struct str level = str_of(rule_levels[f->rule->level]);
    struct standing standing;
    int rc;

    if (!touches(d, a))
        return 0;
    rc = register_found(d->known, a, f->rule, d->maker.origin, &standing, err);
    if (rc == 0) {
        d->by_level[f->rule->level]++;
        give(d, a->id, standing, level, buf_str(d->o->reveal ? &a->revealed : &a->body));
    }
    return rc;
}

/* A finding and its place among all. */
struct placed {
    uint64_t record;
    size_t place;
};

static int by_record(const void *a, const void *b)
{
    const struct placed *x = a;
    const struct placed *y = b;

    return x->record < y->record ? -1 : x->record > y->record;
}

/* The alerts of all findings. Their records are read in the order in which they stand. */
static int make_alerts(struct detecting *d, const struct finding *const *found, size_t n,
                       struct alert *alert, struct err *err)
{
    struct placed *order = xcalloc(n + 1, sizeof *order);
    struct trail_range *range = xcalloc(n + 1, sizeof *range);
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        order[i] = (struct placed){found[i]->opened.record, i};
    if (n > 0)
        qsort(order, n, sizeof *order, by_record);
    for (size_t i = 0; i < n; i++)
        range[i] = (struct trail_range){d->maker.met[order[i].record].seq, 1};
    trail_expect(d->trail, range, n);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = alert_make(&alert[order[i].place], &d->maker, found[order[i].place],
                        d->o->reveal, err);
    trail_expect(d->trail, NULL, 0);
    free(order);
    free(range);
    return rc;
}

static int give_all(struct detecting *d, struct err *err)
{
    const struct finding *const *found;
    size_t n = correlator_findings(d->correlator, &found);
    struct alert *alert = xcalloc(n + 1, sizeof *alert);
    int rc;

    d->maker.correlator = d->correlator;
    rc = make_alerts(d, found, n, alert, err);
    if (rc == 0)
        rc = register_begin(d->known, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = give_alert(d, found[i], &alert[i], err);
    if (rc == 0)
        rc = register_withdraw(d->known, &d->set, d->maker.origin, d->since_us, d->until_us,
                               give_withdrawn, d, err);
    for (size_t i = 0; i < n; i++)
        alert_release(&alert[i]);
    free(alert);
    return rc == 0 ? register_commit(d->known, err) : rc;
}

static int write_summary(struct detecting *d, double seconds, struct err *err)
{
    struct buf out = {0};
    size_t rules = 0;
    int rc;

    for (size_t i = 0; i < d->set.rules; i++)
        rules += !d->set.rule[i]->bad && d->set.rule[i]->kind != RULE_FILTER;
    buf_printf(&out, "{\"rules\":%zu,\"records\":%" PRIu64 ",\"alerts\":%" PRIu64
                     ",\"by_level\":{", rules, d->records, d->alerts);
    for (int i = LEVEL_LOW; i < RULE_LEVELS; i++)
        buf_printf(&out, "%s\"%s\":%" PRIu64, i > LEVEL_LOW ? "," : "",
                   rule_levels[i], d->by_level[i]);
    buf_printf(&out, "},\"not_evaluated\":[%.*s],\"late\":0,\"seconds\":%.3f}\n",
               STR_ARG(buf_str(&d->missing)), seconds);
    rc = disk_replace(".", d->o->summary, buf_str(&out), 0644, err);
    buf_release(&out);
    return rc;
}

static int prepare(struct detecting *d, struct err *err)
{
    int rc;

    if ((rc = zone_load(&d->zone, "Europe/London", err)) < 0 || (rc = parse(d)) != 0)
        return rc;
    d->state = state_new(d->o);
    if (*state_problem(d->state))
        complain(state_problem(d->state));
    if ((rc = trail_open(&d->trail, d->o->store, err)) < 0 || (rc = load_rules(d, err)) < 0 ||
        (rc = load_reference(d, err)) < 0)
        return rc;
    skip_blind_rules(d);
    if ((rc = describe_log(d, err)) < 0 ||
        (rc = register_open(&d->known, d->state, err)) < 0)
        return rc;
    d->evaluator = evaluator_new(&d->set);
    d->correlator = correlator_new(&d->set, d->evaluator);
    d->maker.trail = d->trail;
    d->maker.zone = d->zone;
    d->maker.set = &d->set;
    d->maker.evaluator = d->evaluator;
    d->maker.reference = d->reference;
    record_fields_init(&d->maker.fields, &d->set, d->reference, d->zone);
    return 0;
}

static void release(struct detecting *d)
{
    correlator_free(d->correlator);
    evaluator_free(d->evaluator);
    alert_maker_release(&d->maker);
    register_close(d->known);
    reference_free(d->reference);
    ruleset_release(&d->set);
    diagnostics_release(&d->diagnostics);
    trail_close(d->trail);
    state_free(d->state);
    zone_free(d->zone);
    dictionary_release(&d->sources);
    repeats_release(&d->repeats);
    free(d->marked);
    arena_release(&d->texts);
    buf_release(&d->missing);
    buf_release(&d->out);
}

/* Who asked is written down before the answer is given. */
static int log_run(struct detecting *d, struct err *err)
{
    struct buf scope = {0};
    int rc;

    buf_printf(&scope, "rules %s; since %s; until %s%s",
               d->o->rules ? d->o->rules : pack_default(), d->o->since ? d->o->since : "begin",
               d->o->until ? d->o->until : "end", d->o->reveal ? "; revealed" : "");
    rc = state_log(d->state, "detect", buf_str(&scope), d->o->reason, d->alerts, err);
    buf_release(&scope);
    if (rc < 0 && !d->o->reveal && !*state_problem(d->state)) {
        complain(err->text);
        complain("this run is not in the log of who asked");
    }
    return rc < 0 && !d->o->reveal ? 0 : rc;
}

int detect_run(const struct options *o)
{
    struct detecting d = {.o = o};
    int64_t begun = disk_now_us();
    struct err err;
    int rc = prepare(&d, &err);

    if (rc == 0)
        rc = scan(&d, &err);
    if (rc == 0) {
        order_sources(&d);
        correlator_finish(d.correlator);
        err = d.late_err;
        rc = err.code < 0 ? err.code : give_all(&d, &err);
    }
    if (rc == 0 && o->summary)
        rc = write_summary(&d, (double)(disk_now_us() - begun) / 1e6, &err);
    if (rc == 0)
        rc = log_run(&d, &err);
    if (rc == 0 && d.format == DETECT_JSON)
        buf_put_text(&d.out, d.alerts ? "]\n" : "[]\n");
    if (rc == 0) {
        if (d.out.len > 0)
            fwrite(d.out.at, 1, d.out.len, stdout);
        fprintf(stderr, "%" PRIu64 " records, %" PRIu64 " alerts\n", d.records, d.alerts);
        rc = d.diagnostics.errors > 0; /* the other rules were evaluated */
    } else if (rc < 0) {
        rc = complain(err.text);
    }
    release(&d);
    return rc;
}
