/* report_overview.c - the period at a glance: calls a day, who asked, for what, how it
 * ended, and the alerts that the register holds. */
#include "analyzer/register.h"
#include "analyzer/report.h"

#include "base/mem.h"
#include "record/nhs_number.h"
#include "record/shown.h"

enum { MOST = 20 };

struct counts {
    struct tally days, organisations, deeds, outcomes, products;
    struct dictionary patients, users;
    struct arena arena;
};

static void begin(struct reporting *r)
{
    r->own = xcalloc(1, sizeof(struct counts));
    page_table(&r->page, "Requests a day", "Day|#Requests")->chart = true;
    page_table(&r->page, "Alerts of the period", "Level|What was seen");
    page_table(&r->page, "Organisations that asked", "Organisation|#Requests");
    page_table(&r->page, "What was done", "What|#Requests");
    page_table(&r->page, "How it ended", "Outcome|#Requests");
    page_table(&r->page, "Products", "Product|#Requests");
}

static void record(struct reporting *r, const struct record *of)
{
    struct counts *c = r->own;
    struct str patient = record_text(of, COLUMN_PATIENT_NHS_NUMBER);
    struct buf text = {0}, name = {0};
    struct arena once = {0};

    patient = nhs_number_plain(patient, &once);
    tally_add(&c->days, record_text(of, COLUMN_TIME_LOCAL_DATE), &c->arena);
    report_organisation(r, of, &text, &name);
    buf_put_text(&text, name.len > 0 ? " " : "");
    buf_put_str(&text, buf_str(&name));
    tally_add(&c->organisations, buf_str(&text), &c->arena);
    tally_add(&c->deeds, report_deed(of), &c->arena);
    buf_clear(&text);
    report_outcome(&text, of);
    tally_add(&c->outcomes, buf_str(&text), &c->arena);
    tally_add(&c->products, reference_product(r->reference, of, &once), &c->arena);
    if (patient.len > 0)
        dictionary_put(&c->patients, patient, &c->arena);
    if (record_text(of, COLUMN_USER_KEY).len > 0)
        dictionary_put(&c->users, record_text(of, COLUMN_USER_KEY), &c->arena);
    buf_release(&name);
    buf_release(&text);
    arena_release(&once);
}

static void put_tally(struct reporting *r, struct page_table *t, const struct tally *from,
                      size_t most)
{
    uint32_t *order = tally_order(from);
    uint64_t rest = 0;

    for (uint32_t i = 0; i < from->name.count; i++) {
        if (i >= most) {
            rest += from->count[order[i]];
            continue;
        }
        page_cell(&r->page, t, from->name.entry[order[i]]);
        page_number(&r->page, t, from->count[order[i]]);
    }
    if (rest > 0) {
        page_cell(&r->page, t, STR("all others"));
        page_number(&r->page, t, rest);
    }
    free(order);
}

static int by_text(const void *a, const void *b, void *ctx)
{
    const struct tally *t = ctx;
    const struct str *name = t->name.entry;

    return str_compare(name[*(const uint32_t *)a], name[*(const uint32_t *)b]);
}

static void put_days(struct reporting *r, struct page_table *t, struct counts *c)
{
    uint32_t *order = tally_order(&c->days);
    uint32_t busiest = order[0];
    char n[4][32];

    if (c->days.name.count > 0)
        qsort_r(order, c->days.name.count, sizeof *order, by_text, &c->days);
    for (uint32_t i = 0; i < c->days.name.count; i++) {
        page_cell(&r->page, t, c->days.name.entry[order[i]]);
        page_number(&r->page, t, c->days.count[order[i]]);
    }
    if (c->days.name.count > 0)
        page_finding(&r->page, t, "%s requests about %s patients by %s people; the busiest day"
                     " was %.*s with %s.", report_count(n[0], r->records),
                     report_count(n[1], c->patients.count), report_count(n[2], c->users.count),
                     STR_ARG(c->days.name.entry[busiest]),
                     report_count(n[3], c->days.count[busiest]));
    free(order);
}

static void put_alert(void *ctx, struct str level, struct str body)
{
    struct reporting *r = ctx;
    struct arena once = {0};

    page_cell(&r->page, &r->page.table[1], level);
    page_cell(&r->page, &r->page.table[1], register_sentence(body, r->names, &once));
    arena_release(&once);
}

/* Those that `detect` has found so far; at most fifty of medium level and above. They are of
 * the whole log, so a report about one practice or organisation leaves them out. */
static void put_alerts(struct reporting *r, struct page_table *t)
{
    struct register_of *known = NULL;
    struct err ignored;

    if (r->o->practice || r->o->org)
        page_finding(&r->page, t, "Alerts stand in the overview of the whole log.");
    else if (register_open(&known, r->state, true, &ignored) == 0 &&
             register_list(known, r->since_us, r->until_us, put_alert, r, &ignored) == 0)
        page_finding(&r->page, t, "%zu alert%s of medium level or above, as analyzer detect"
                     " found them last; an alert says what was seen, not that somebody is"
                     " guilty.", t->cells / t->columns, t->cells == t->columns ? "" : "s");
    register_close(known);
}

static void end(struct reporting *r)
{
    struct counts *c = r->own;
    struct page_table *t = r->page.table;

    put_days(r, &t[0], c);
    put_alerts(r, &t[1]);
    put_tally(r, &t[2], &c->organisations, MOST);
    put_tally(r, &t[3], &c->deeds, MOST);
    put_tally(r, &t[4], &c->outcomes, MOST);
    put_tally(r, &t[5], &c->products, MOST);
    page_note(&r->page, "Requests that never reached the practice's system.");
    tally_release(&c->days);
    tally_release(&c->organisations);
    tally_release(&c->deeds);
    tally_release(&c->outcomes);
    tally_release(&c->products);
    dictionary_release(&c->patients);
    dictionary_release(&c->users);
    arena_release(&c->arena);
    free(c);
}

const struct report_kind report_overview = {
    "overview", "Overview of requests over GP Connect",
    "Who asked for what in the period, and how it ended.", false, begin, record, end};
