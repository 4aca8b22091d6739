/* detect.c - `analyzer detect`: every record of the period is shown to the rules, the
 * correlations are worked out in event-time order, and each finding becomes an alert that
 * the register knows or gets to know. A run computes all alerts anew, so that they do not
 * hang on when records came; what a run finds again only keeps its state. */
#include <inttypes.h>

#include "analyzer/answer.h"
#include "analyzer/commands.h"
#include "analyzer/detecting.h"
#include "analyzer/pack.h"
#include "analyzer/period.h"
#include "base/base64.h"
#include "base/disk.h"
#include "base/mem.h"
#include "record/print.h"
#include "store/note.h"

enum { CHAIN_MAX = 64 };

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
    const char *lists = pack_lists(d->o->rules);
    size_t bad;
    int rc;

    d->reference = reference_new();
    rc = reference_read_all(d->reference, lists, d->o->store, state_dir(d->state),
                            d->o->reference, bad_row, NULL, &bad, err);
    if (rc == 0 && !reference_loaded(d->reference, "products.csv"))
        fprintf(stderr, "analyzer: there is no products.csv in %s, so software that asks in its"
                " own name is taken for a person: give --rules where it lies\n", lists);
    return rc;
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

/* What all alerts of the run are made by: this very program, the rules, the lists, the time
 * zone. Where the program cannot be read none is recalled. */
static void describe_makers(struct detecting *d)
{
    enum { PROGRAM_MAX = 64 << 20 };
    struct buf program = {0};
    uint8_t lists[HASH_BYTES], zone[HASH_BYTES];
    struct err ignored;
    struct str part[5];

    d->recalls = disk_read_all("/proc/self/exe", PROGRAM_MAX, &program, &ignored) == 0;
    reference_digest(d->reference, lists);
    zone_digest(d->zone, zone);
    part[0] = buf_str(&program);
    part[1] = (struct str){(const char *)d->set.texts, HASH_BYTES};
    part[2] = (struct str){(const char *)lists, HASH_BYTES};
    part[3] = (struct str){(const char *)zone, HASH_BYTES};
    part[4] = d->maker.origin;
    hash_sha256(d->maker.made_by, part, 5);
    buf_release(&program);
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
    const struct detecting *d = ctx;
    struct buf renewed = {0};
    char name[ALERT_ID];

    snprintf(name, sizeof name, "%.*s", STR_ARG(id));
    alert_renew_log(&renewed, &d->maker, body);
    give(ctx, name, (struct standing){ALERT_WITHDRAWN, revision}, level, buf_str(&renewed));
    buf_release(&renewed);
}

static bool touches(const struct detecting *d, const struct alert *a)
{
    return a->first_us == INT64_MIN ||
           (a->last_us >= d->since_us && a->first_us < d->until_us);
}

/* A finding's alert: one that another run made, or a new one. */
struct given {
    struct alert alert;
    char sight[ALERT_SIGHT];
    bool recalled;
    struct standing standing; /* of one that was recalled */
};

static int give_alert(struct detecting *d, const struct finding *f, const struct given *g,
                      struct err *err)
{
    struct str level = str_of(rule_levels[f->rule->level]);
    struct standing standing = g->standing;
    const struct alert *a = &g->alert;
    int rc = 0;

    if (!touches(d, a))
        return 0;
    if (g->recalled)
        register_found_again(d->known, a->id);
    else
        rc = register_found(d->known, a, g->sight, f->rule, d->maker.origin, &standing, err);
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

/* The findings of a run, and those of them by what their alerts are made of. */
struct findings {
    struct detecting *d;
    const struct finding *const *found;
    struct given *given;
    size_t n;
    struct dictionary sights; /* of the first so many findings that differ in it */
    size_t *first;            /* finding by sight */
    struct arena texts;
};

/* Whoever reveals has all alerts made anew. */
static void find_sights(struct findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        uint32_t known = f->sights.count, number;

        alert_sight(f->given[i].sight, &f->d->maker, f->found[i]);
        number = dictionary_put(&f->sights, str_of(f->given[i].sight), &f->texts);
        if (number == known)
            f->first[number] = i;
    }
}

/* An alert that stands: was it made of what one is made of now? */
static void recall(void *ctx, const struct recalled *known)
{
    struct findings *f = ctx;
    uint32_t number = f->d->o->reveal || !f->d->recalls
                          ? DICTIONARY_NONE : dictionary_find(&f->sights, known->sight);
    struct given *g = number == DICTIONARY_NONE ? NULL : &f->given[f->first[number]];

    if (!g || g->recalled)
        return;
    g->recalled = true;
    g->standing = known->standing;
    alert_renew(&g->alert, &f->d->maker, f->found[f->first[number]], known->id, known->body);
}

/* The alerts of all findings that were not recalled. The records that opened them are read in
 * the order in which they stand. */
static int make_alerts(struct findings *f, struct err *err)
{
    struct detecting *d = f->d;
    struct placed *order = xcalloc(f->n + 1, sizeof *order);
    struct trail_range *range = xcalloc(f->n + 1, sizeof *range);
    size_t make = 0;
    int rc = 0;

    for (size_t i = 0; i < f->n; i++)
        if (!f->given[i].recalled)
            order[make++] = (struct placed){f->found[i]->opened.record, i};
    if (make > 0)
        qsort(order, make, sizeof *order, by_record);
    for (size_t i = 0; i < make; i++)
        range[i] = (struct trail_range){d->maker.met[order[i].record].seq, 1};
    trail_expect(d->trail, range, make);
    for (size_t i = 0; rc == 0 && i < make; i++)
        rc = alert_make(&f->given[order[i].place].alert, &d->maker, f->found[order[i].place],
                        d->o->reveal, err);
    trail_expect(d->trail, NULL, 0);
    free(order);
    free(range);
    return rc;
}

static int give_all(struct detecting *d, struct err *err)
{
    struct findings f = {.d = d};
    int rc;

    f.n = correlator_findings(d->correlator, &f.found);
    f.given = xcalloc(f.n + 1, sizeof *f.given);
    f.first = xcalloc(f.n + 1, sizeof *f.first);
    d->maker.correlator = d->correlator;
    if (f.n > 0)
        describe_makers(d);
    find_sights(&f);
    rc = register_begin(d->known, d->maker.origin, recall, &f, err);
    if (rc == 0)
        rc = make_alerts(&f, err);
    for (size_t i = 0; rc == 0 && i < f.n; i++)
        rc = give_alert(d, f.found[i], &f.given[i], err);
    if (rc == 0)
        rc = register_withdraw(d->known, &d->set, d->since_us, d->until_us, give_withdrawn, d,
                               err);
    for (size_t i = 0; i < f.n; i++)
        alert_release(&f.given[i].alert);
    free(f.given);
    free(f.first);
    dictionary_release(&f.sights);
    arena_release(&f.texts);
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
        (rc = register_open(&d->known, d->state, false, err)) < 0)
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
    numbering_release(&d->sources);
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
        rc = look_at_all(&d, &err);
    if (rc == 0) {
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
