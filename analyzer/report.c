/* report.c - `analyzer report`: a scan over the period fills the report's tables, then all
 * forms are written from the same cells. Who asked is in the own log before a file is. */
#include "analyzer/report.h"

#include <inttypes.h>
#include <pwd.h>
#include <unistd.h>

#include "analyzer/commands.h"
#include "analyzer/joined.h"
#include "analyzer/pack.h"
#include "analyzer/period.h"
#include "analyzer/twice.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/disk.h"
#include "base/limits.h"
#include "base/mem.h"
#include "record/shown.h"
#include "record/timestamp.h"
#include "store/note.h"
#include "trail/columns.h"
#include "trail/scan.h"

static const struct report_kind *const kinds[] = {&report_overview, &report_patient,
                                                  &report_conformance, &report_failed};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- what the kinds share ---- */

void tally_add(struct tally *t, struct str name, struct arena *arena)
{
    uint32_t n = dictionary_put(&t->name, name.len ? name : STR("not given"), arena);

    if (n >= t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;

        t->count = xrealloc(t->count, cap * sizeof *t->count);
        memset(t->count + t->cap, 0, (cap - t->cap) * sizeof *t->count);
        t->cap = cap;
    }
    t->count[n]++;
}

void tally_release(struct tally *t)
{
    dictionary_release(&t->name);
    free(t->count);
    memset(t, 0, sizeof *t);
}

static int by_count(const void *a, const void *b, void *ctx)
{
    const struct tally *t = ctx;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    if (t->count[x] != t->count[y])
        return t->count[x] > t->count[y] ? -1 : 1;
    return str_compare(t->name.entry[x], t->name.entry[y]);
}

uint32_t *tally_order(const struct tally *t)
{
    uint32_t *order = xcalloc(t->name.count + 1U, sizeof *order);

    for (uint32_t i = 0; i < t->name.count; i++)
        order[i] = i;
    qsort_r(order, t->name.count, sizeof *order, by_count, (void *)(uintptr_t)t);
    return order;
}

void report_shown(struct reporting *r, struct page_table *t, const struct record *of,
                  enum column c)
{
    struct buf text = {0};

    if (of->column[c].kind != VALUE_MISSING)
        shown_value(&text, of, c, r->o->reveal);
    page_cell(&r->page, t, buf_str(&text));
    buf_release(&text);
}

/* Numbers in lists stay masked, whatever is revealed of the record. */
static void put_told(struct reporting *r, struct buf *out, const struct record *of,
                     enum column c, struct str listed)
{
    organisation_shown(out, of, c, listed, r->o->reveal && record_text(of, c).len > 0);
}

void report_organisation(struct reporting *r, const struct record *of, struct buf *ods,
                         struct buf *name)
{
    struct organisation o = reference_organisation(r->reference, of);

    put_told(r, ods, of, COLUMN_ORG_ODS, o.ods);
    if (name)
        put_told(r, name, of, COLUMN_ORG_NAME, o.name);
}

static bool local_time(const struct reporting *r, const struct record *of, struct civil *c)
{
    const struct value *v = &of->column[COLUMN_TIME];

    if (v->kind == VALUE_TIME)
        civil_local(c, r->zone, v->integer);
    return v->kind == VALUE_TIME;
}

void report_day(const struct reporting *r, const struct record *of, char out[32])
{
    struct civil c;

    out[0] = '\0';
    if (local_time(r, of, &c))
        snprintf(out, 32, "%d %s %d", c.day, month_name(c.month), c.year);
}

void report_clock(const struct reporting *r, const struct record *of, char out[16])
{
    struct civil c;

    out[0] = '\0';
    if (local_time(r, of, &c))
        snprintf(out, 16, "%02d:%02d:%02d", c.hour % 24, c.minute % 60, c.second % 60);
}

const char *report_count(char out[32], uint64_t n)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, n);
    return page_thousands(out, str_of(digits));
}

struct str report_deed(const struct record *of)
{
    static const struct {
        const char *operation, *words;
    } deeds[] = {
        {"search:patient", "searched for the patient"},
        {"read:patient", "read the patient's details"},
        {"gpc.registerpatient", "registered the patient"},
        {"gpc.getstructuredrecord", "opened the structured record"},
        {"gpc.getcarerecord", "opened the record as a page"},
        {"gpc.migratestructuredrecord", "took over the whole record"},
        {"search:documentreference", "listed the documents"},
        {"read:binary", "opened a document"},
        {"migrate:binary", "took over a document"},
        {"search:patient_appointments", "listed the patient's appointments"},
        {"read:appointment", "opened an appointment"},
        {"create:appointment", "booked an appointment"},
        {"update:appointment", "changed an appointment"},
        {"cancel:appointment", "cancelled an appointment"},
        {"read:metadata", "asked what the system can do"},
        {"search:slot", "looked for free appointments"},
    };
    struct str operation = record_text(of, COLUMN_GPC_OPERATION);

    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        if (str_equal(operation, str_of(deeds[i].operation)))
            return str_of(deeds[i].words);
    return operation.len ? operation : STR("a request that is not known");
}

void report_outcome(struct buf *out, const struct record *of)
{
    const struct value *status = &of->column[COLUMN_HTTP_STATUS];
    struct str code = record_text(of, COLUMN_FHIR_SPINE_CODE);
    int64_t n = status->kind == VALUE_INTEGER ? status->integer : 0;

    if (n >= 200 && n < 300) {
        const struct value *matches = &of->column[COLUMN_PATIENT_MATCHES];

        buf_put_text(out, matches->kind == VALUE_INTEGER && matches->integer == 0
                              ? "answered, nothing found" : "answered");
        return;
    }
    buf_put_text(out, n == 403 || n == 401 ? "refused" : n == 0 ? "outcome not recorded"
                                                                : "failed");
    if (code.len > 0)
        buf_printf(out, " (%.*s)", STR_ARG(code));
    else if (n > 0)
        buf_printf(out, " (%lld)", (long long)n);
}

/* ---- header ---- */

struct job {
    struct reporting r;
    const struct report_kind *kind;
    struct zone *zone;
    struct trail *trail;
    struct scan_filter filter;
    struct twice twice;
    uint64_t told_twice; /* rows of the Spine's log whose request a record tells of too */
};

static void fact_time(struct page *p, const char *name, int64_t since, int64_t until)
{
    char a[TIMESTAMP_BYTES + 8], b[TIMESTAMP_BYTES + 8], text[96];

    timestamp_print(a, since);
    timestamp_print(b, until);
    snprintf(text, sizeof text, "from %.19sZ to before %.19sZ", a, b);
    page_fact(p, name, str_of(text));
}

/* The period in days of London, the last one included. */
static void fact_days(struct job *j)
{
    struct civil a, b;
    char text[96];

    civil_local(&a, j->zone, j->r.since_us);
    civil_local(&b, j->zone, j->r.until_us - 1);
    snprintf(text, sizeof text, "%d %s %d to %d %s %d", a.day, month_name(a.month), a.year,
             b.day, month_name(b.month), b.year);
    page_fact(&j->r.page, "Period, London", str_of(text));
}

static void fact_rules(struct job *j)
{
    struct ruleset set = {0};
    struct diagnostics d = {0};
    struct buf all = {0};
    char text[96];
    uint8_t sha[HASH_BYTES];
    struct str part;
    size_t files, rules = 0;
    struct err err;

    if (pack_load(&set, j->r.o->rules, &d, &files, &err) == 0)
        for (size_t i = 0; i < set.rules; i++, rules++)
            buf_put(&all, set.rule[i]->digest, HASH_BYTES);
    part = buf_str(&all);
    hash_sha256(sha, &part, 1);
    snprintf(text, sizeof text, "%zu rules, digest %016" PRIx64, rules, get_be64(sha));
    page_fact(&j->r.page, "Rules", str_of(text));
    buf_release(&all);
    ruleset_release(&set);
    diagnostics_release(&d);
}

static void fact_log(struct job *j)
{
    struct checkpoint c;
    struct buf text = {0};
    struct err ignored;
    char n[32];

    if (checkpoint_open(&c, trail_checkpoint(j->trail), NULL, &ignored) < 0)
        return;
    buf_printf(&text, "%s, %s records, root ", c.origin, report_count(n, c.size));
    base64_encode(&text, (struct str){(const char *)c.root, HASH_BYTES});
    page_fact(&j->r.page, "Log", buf_str(&text));
    buf_release(&text);
}

static void describe(struct job *j)
{
    const struct options *o = j->r.o;
    struct page *p = &j->r.page;
    char now[TIMESTAMP_BYTES + 8], text[160], n[2][32];
    const struct passwd *user = getpwuid(getuid());

    page_fact(p, "Controller", str_of(o->practice ? o->practice : "all practices of the log"));
    if (o->org)
        page_fact(p, "Organisation that asked", str_of(o->org));
    page_fact(p, "Period", str_of(o->period));
    fact_days(j);
    fact_time(p, "Period, UTC", j->r.since_us, j->r.until_us);
    snprintf(text, sizeof text, "%s records of the log match",
             report_count(n[0], j->r.records));
    page_fact(p, "Coverage", str_of(text));
    if (j->twice.rows > 0) {
        snprintf(text, sizeof text, "%s requests are in this feed alone; %s more rows tell of"
                 " requests that are counted already",
                 report_count(n[0], j->twice.rows - j->told_twice),
                 report_count(n[1], j->told_twice));
        page_fact(p, "Spine's log (SSP)", str_of(text));
    }
    fact_rules(j);
    fact_log(j);
    snprintf(text, sizeof text, "%s (uid %u)", user ? user->pw_name : "unknown",
             (unsigned)getuid());
    page_fact(p, "Made for", str_of(text));
    page_fact(p, "Reason", str_of(o->reason ? o->reason : "none given"));
    timestamp_print(now, disk_now_us());
    page_fact(p, "Made at", str_of(now));
    page_fact(p, "Names of staff", str_of(j->r.names ? "shown" : "left out"));
    if (o->decision)
        page_fact(p, "Decision", str_of(o->decision));
}

/* ---- running ---- */

static int parse_options(struct job *j)
{
    const struct options *o = j->r.o;
    struct str patient = STR("");
    bool said = options_patient(o, &patient, &j->r.arena);

    for (int i = 0; i < KINDS; i++)
        if (strcmp(o->word, kinds[i]->name) == 0)
            j->kind = kinds[i];
    j->r.names = o->names && strcmp(o->names, "yes") == 0;
    if (!j->kind)
        complain("there is no such report: overview, patient-access, jwt-conformance,"
                 " failed-requests");
    else if (!period_parse(o->period, j->zone, &j->r.since_us, &j->r.until_us))
        complain("--period takes 2026-10, 2026-Q3 or 2026-10-01..2026-10-31");
    else if (!said)
        complain("--patient -: there is no number on standard input");
    else if (j->kind->patient && patient.len == 0)
        complain("this report is about one patient: give --patient NHS, or - to read it");
    else if (o->names && !j->r.names && strcmp(o->names, "no") != 0)
        complain("--names takes yes or no");
    else if (j->r.names && (!o->decision || !*o->decision))
        complain("--names yes needs --decision TEXT: who decided that staff are named");
    else {
        j->filter = (struct scan_filter){.last_seq = UINT64_MAX, .has_since = true,
                                         .has_until = true, .since_us = j->r.since_us,
                                         .until_us = j->r.until_us};
        j->filter.practice = str_of(o->practice ? o->practice : "");
        j->filter.org = str_of(o->org ? o->org : "");
        j->filter.patient = patient;
        return 0;
    }
    return 2;
}

static void put_record(struct job *j, const struct record *of)
{
    j->r.records++;
    j->kind->record(&j->r, of);
}

/* Rows of the Spine's log of which no record tells. */
static int put_rows_alone(struct job *j, const bool wanted[COLUMN_COUNT], struct err *err)
{
    struct columns *columns;
    struct arena once = {0};
    struct record record;
    int rc = 0;

    if (j->twice.rows == 0)
        return 0;
    columns = columns_new(wanted, false, j->zone);
    twice_settle(&j->twice);
    for (size_t i = 0; i < j->twice.rows && rc == 0; i++) {
        if (j->twice.row[i].told) {
            j->told_twice++;
            continue;
        }
        arena_reset(&once);
        rc = trail_record(j->trail, j->twice.row[i].seq, columns, &record, &once, err);
        if (rc == 0)
            put_record(j, &record);
    }
    arena_release(&once);
    columns_free(columns);
    return rc;
}

static int scan(struct job *j, struct err *err)
{
    /* Reports on many calls show none of these, for which records are read in full. */
    static const enum column unseen[] = {COLUMN_HTTP_URL, COLUMN_HTTP_PATH, COLUMN_HTTP_QUERY,
                                         COLUMN_GPC_ASKED, COLUMN_JWT_HASH};
    bool wanted[COLUMN_COUNT];
    struct record record;
    struct scan s;
    int rc;

    for (int i = 0; i < COLUMN_COUNT; i++)
        wanted[i] = true;
    for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++)
        wanted[unseen[i]] = false;
    j->filter.wanted = j->kind->patient ? NULL : wanted;

    scan_begin(&s, j->trail, &j->filter, j->zone);
    j->kind->begin(&j->r);
    while ((rc = scan_next(&s, &record, err)) > 0)
        if (!twice_add(&j->twice, &record))
            put_record(j, &record);
    scan_end(&s);
    if (rc == 0)
        rc = put_rows_alone(j, wanted, err);
    j->kind->end(&j->r);
    return rc;
}

static int write_file(struct job *j, const char *end, const struct buf *text, struct err *err)
{
    char path[LIMIT_PATH_BYTES];

    if (snprintf(path, sizeof path, "%s/%s%s", j->r.o->out, j->kind->name, end) >=
        (int)sizeof path)
        return err_set(err, ERR_LIMIT, "the path in --out is too long");
    return disk_replace(j->r.o->out, path, buf_str(text), 0600, err);
}

static bool wants(const struct options *o, const char *form)
{
    return !o->format || strstr(o->format, form);
}

static int write_forms(struct job *j, struct err *err)
{
    char hash[2 * HASH_BYTES + 1];
    struct buf json = {0}, csv = {0}, meta = {0}, html = {0};
    int rc = disk_make_dir(j->r.o->out, 0700, err);

    page_json(&json, &j->r.page, hash);
    page_csv(&csv, &j->r.page);
    page_meta(&meta, &j->r.page, hash);
    page_html(&html, &j->r.page, hash);
    if (rc == 0 && wants(j->r.o, "html"))
        rc = write_file(j, ".html", &html, err);
    if (rc == 0 && wants(j->r.o, "json"))
        rc = write_file(j, ".json", &json, err);
    if (rc == 0 && wants(j->r.o, "csv")) {
        rc = write_file(j, ".csv", &csv, err);
        if (rc == 0)
            rc = write_file(j, ".meta.json", &meta, err);
    }
    buf_release(&json);
    buf_release(&csv);
    buf_release(&meta);
    buf_release(&html);
    return rc;
}

static int log_run(struct job *j, struct err *err)
{
    struct buf scope = {0};
    int rc;

    buf_printf(&scope, "%s; period %s", j->kind->name, j->r.o->period);
    if (j->filter.patient.len > 0)
        buf_printf(&scope, "; patient %.*s",
                   STR_ARG(state_reference(j->r.state, j->filter.patient, &j->r.arena)));
    if (j->r.o->decision)
        buf_printf(&scope, "; names %s: %s", j->r.names ? "yes" : "no", j->r.o->decision);
    rc = state_log(j->r.state, "report", buf_str(&scope), j->r.o->reason, j->r.records, err);
    buf_release(&scope);
    if (rc < 0 && !j->r.o->reveal && !j->r.names) {
        complain("this report is not in the log of who asked");
        rc = 0;
    }
    return rc;
}

static int run(struct job *j, struct err *err)
{
    size_t bad;
    int rc;

    if ((rc = zone_load(&j->zone, "Europe/London", err)) < 0)
        return rc;
    j->r.zone = j->zone;
    if ((rc = parse_options(j)) != 0)
        return rc;
    j->r.state = state_new(j->r.o);
    if (*state_problem(j->r.state))
        complain(state_problem(j->r.state));
    j->r.reference = reference_new();
    if ((rc = reference_read_all(j->r.reference, pack_default(), j->r.o->store,
                                 state_dir(j->r.state), j->r.o->reference, NULL, NULL, &bad,
                                 err)) < 0 ||
        (rc = trail_open(&j->trail, j->r.o->store, err)) < 0)
        return rc;
    j->r.page.name = str_of(j->kind->name);
    j->r.page.title = str_of(j->kind->title);
    j->r.page.lead = str_of(j->kind->lead);
    if ((rc = scan(j, err)) < 0)
        return rc;
    describe(j);
    return (rc = log_run(j, err)) < 0 ? rc : write_forms(j, err);
}

int report_run(const struct options *o)
{
    struct job j = {.r = {.o = o}};
    struct err err;
    int rc = run(&j, &err);

    if (rc < 0)
        rc = complain(err.text);
    else if (rc == 0)
        fprintf(stderr, "%s: %" PRIu64 " records; look at %s/%s.html\n", o->word, j.r.records,
                o->out, o->word);
    twice_release(&j.twice);
    page_release(&j.r.page);
    trail_close(j.trail);
    reference_free(j.r.reference);
    state_free(j.r.state);
    zone_free(j.zone);
    arena_release(&j.r.arena);
    return rc;
}
