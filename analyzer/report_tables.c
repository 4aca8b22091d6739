/* report_tables.c - two reports for those who run systems: which products send tokens that
 * break the rules, and which requests failed. Both count by a key of several texts, which
 * stand in the tally parted by line feeds. */
#include "analyzer/report.h"

#include "base/mem.h"

enum { ROWS_MOST = 200 /* of a page; the long rest is for machines */ };

static void put_key(struct buf *key, struct str part)
{
    buf_put_text(key, key->len ? "\n" : "");
    for (size_t i = 0; i < part.len; i++)
        buf_put(key, part.at[i] == '\n' ? " " : part.at + i, 1);
}

/* The parts of the at-th key, then its count, as a row; `columns` texts. */
static void put_row(struct reporting *r, struct page_table *t, const struct tally *from,
                    uint32_t at)
{
    struct str rest = from->name.entry[at];

    for (size_t c = 0; c + 1 < t->columns; c++) {
        size_t end = str_index(rest, '\n');

        page_cell(&r->page, t, str_part(rest, 0, end));
        rest = end < rest.len ? str_part(rest, end + 1, rest.len) : STR("");
    }
    page_number(&r->page, t, from->count[at]);
}

static void put_all(struct reporting *r, struct page_table *t, const struct tally *from)
{
    uint32_t *order = tally_order(from);

    for (uint32_t i = 0; i < from->name.count; i++)
        put_row(r, t, from, order[i]);
    free(order);
}

/* ---- tokens ---- */

struct conformance {
    struct tally states, violations;
    struct arena arena;
    uint64_t calls, good;
};

static void begin_conformance(struct reporting *r)
{
    page_table(&r->page, "Tokens by product", "Product|Version of GP Connect|State|#Requests");
    page_table(&r->page, "What was wrong", "Product|ASID|Finding|#Requests")->most = ROWS_MOST;
    r->page.main = 1;
    r->own = xcalloc(1, sizeof(struct conformance));
}

static void record_conformance(struct reporting *r, const struct record *of)
{
    struct conformance *c = r->own;
    const struct value *v = &of->column[COLUMN_JWT_VIOLATIONS];
    struct str state = record_text(of, COLUMN_JWT_STATE);
    struct arena once = {0};
    struct buf key = {0};
    struct str product;

    if (state.len == 0) {
        arena_release(&once);
        return;
    }
    product = reference_product(r->reference, of, &once);
    c->calls++;
    c->good += str_equal(state, STR("ok"));
    put_key(&key, product);
    put_key(&key, record_text(of, COLUMN_GPC_PROFILE));
    put_key(&key, state);
    tally_add(&c->states, buf_str(&key), &c->arena);
    for (size_t i = 0; v->kind == VALUE_LIST && i < v->list.count; i++) {
        buf_clear(&key);
        put_key(&key, product);
        put_key(&key, record_text(of, COLUMN_SSP_FROM));
        put_key(&key, v->list.at[i]);
        tally_add(&c->violations, buf_str(&key), &c->arena);
    }
    buf_release(&key);
    arena_release(&once);
}

static void end_conformance(struct reporting *r)
{
    struct conformance *c = r->own;
    char n[2][32];

    page_finding(&r->page, &r->page.table[0], "%s of %s requests carried a token without a"
                 " fault that matters.", report_count(n[0], c->good),
                 report_count(n[1], c->calls));
    put_all(r, &r->page.table[0], &c->states);
    put_all(r, &r->page.table[1], &c->violations);
    page_note(&r->page, "Tokens of requests that never reached the practice's system.");
    tally_release(&c->states);
    tally_release(&c->violations);
    arena_release(&c->arena);
    free(c);
}

const struct report_kind report_conformance = {
    "jwt-conformance", "Conformance of tokens",
    "Which products send tokens as the specification asks, and what is wrong with the others.",
    false, begin_conformance, record_conformance, end_conformance};

/* ---- failures ---- */

struct failures {
    struct tally codes, pairs;
    struct arena arena;
    uint64_t failed;
};

static void begin_failed(struct reporting *r)
{
    page_table(&r->page, "Failed and refused requests",
               "What was done|HTTP status|Issue|Spine code|#Requests");
    page_table(&r->page, "Where they came from",
               "Organisation|Product|Practice|HTTP status|#Requests")->most = ROWS_MOST;
    r->own = xcalloc(1, sizeof(struct failures));
}

static void record_failed(struct reporting *r, const struct record *of)
{
    struct failures *f = r->own;
    const struct value *status = &of->column[COLUMN_HTTP_STATUS];
    struct str reject = record_text(of, COLUMN_INGEST_REJECT);
    struct arena once = {0};
    struct buf key = {0}, ods = {0};
    char code[24] = "";

    if (status->kind == VALUE_INTEGER)
        snprintf(code, sizeof code, "%lld", (long long)status->integer);
    if (status->kind == VALUE_INTEGER && status->integer < 400 && reject.len == 0)
        return;
    if (status->kind != VALUE_INTEGER && reject.len == 0)
        return;
    f->failed++;
    put_key(&key, reject.len ? STR("the record itself is malformed") : report_deed(of));
    put_key(&key, reject.len ? reject : str_of(code));
    put_key(&key, record_text(of, COLUMN_FHIR_ISSUE));
    put_key(&key, record_text(of, COLUMN_FHIR_SPINE_CODE));
    tally_add(&f->codes, buf_str(&key), &f->arena);
    buf_clear(&key);
    report_organisation(r, of, &ods, NULL);
    put_key(&key, buf_str(&ods));
    put_key(&key, reference_product(r->reference, of, &once));
    put_key(&key, record_text(of, COLUMN_PRACTICE_ODS));
    put_key(&key, str_of(code));
    tally_add(&f->pairs, buf_str(&key), &f->arena);
    buf_release(&ods);
    buf_release(&key);
    arena_release(&once);
}

static void end_failed(struct reporting *r)
{
    struct failures *f = r->own;
    char n[2][32];

    page_finding(&r->page, &r->page.table[0], "%s of %s requests failed or were refused.",
                 report_count(n[0], f->failed), report_count(n[1], r->records));
    put_all(r, &r->page.table[0], &f->codes);
    put_all(r, &r->page.table[1], &f->pairs);
    page_note(&r->page, "Requests that the asking system or the Spine stopped by itself.");
    page_note(&r->page, "Searches that found nobody: they are answered with success, and stand"
                        " in the overview.");
    tally_release(&f->codes);
    tally_release(&f->pairs);
    arena_release(&f->arena);
    free(f);
}

const struct report_kind report_failed = {
    "failed-requests", "Failed requests",
    "Which requests failed or were refused, with which codes, and where they came from.", false,
    begin_failed, record_failed, end_failed};
