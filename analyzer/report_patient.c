/* report_patient.c - who looked at this patient's record: what GP Connect's transparency
 * notice (appendix 1) says that an audit trail holds, one line for each call, whether it was
 * answered, refused or failed. */
#include "analyzer/report.h"

#include "record/shown.h"

static void begin(struct reporting *r)
{
    struct page_table *t;

    t = page_table(&r->page, "Requests about the patient",
                   r->names ? "Date|Time (London)|What was done|Outcome|Organisation|User name|"
                              "User id|Role profile|Purpose|Asked for|Authority|ODS code|"
                              "Practice|End-user device|#Sequence number"
                            : "Date|Time (London)|What was done|Outcome|Organisation|Role|"
                              "Purpose|Asked for|Authority|ODS code|Practice|End-user device|"
                              "#Sequence number");
    r->page.main = (size_t)(t - r->page.table);
    page_note(&r->page, "Attempts that the asking system or the Spine stopped before they"
                        " reached the practice: ask the organisation that asked, and the NHS.");
    page_note(&r->page, "On whose authority a person acted: GP Connect does not carry it; the"
                        " organisation that asked can say.");
    page_note(&r->page, "What the asking organisation did with the data, and who else saw them"
                        " there.");
    page_note(&r->page, "Requests in which no NHS number stands and the practice resolved"
                        " none.");
}

static void put_name(struct reporting *r, struct page_table *t, const struct record *of)
{
    struct buf text = {0};

    shown_user_name(&text, of, r->o->reveal);
    page_cell(&r->page, t, buf_str(&text));
    buf_release(&text);
}

/* Devices are named after people now and then: without names only the product is told. */
static void put_device(struct reporting *r, struct page_table *t, const struct record *of)
{
    struct buf text = {0};
    struct str product = reference_product(r->reference, of, &r->arena);

    if (r->names && record_text(of, COLUMN_DEVICE_VALUE).len > 0) {
        shown_value(&text, of, COLUMN_DEVICE_VALUE, r->o->reveal);
        buf_put_text(&text, ", ");
    }
    buf_put_str(&text, product);
    page_cell(&r->page, t, buf_str(&text));
    buf_release(&text);
}

static struct str purpose(const struct record *of)
{
    struct str reason = record_text(of, COLUMN_JWT_REASON);

    return str_equal(reason, STR("directcare"))  ? STR("direct care")
           : str_equal(reason, STR("migration")) ? STR("transfer of the record")
                                                 : reason;
}

static void record(struct reporting *r, const struct record *of)
{
    struct page *p = &r->page;
    struct page_table *t = &p->table[p->main];
    struct buf text = {0}, ods = {0};
    char day[32], clock[16];

    report_day(r, of, day);
    report_clock(r, of, clock);
    page_cell(p, t, str_of(day));
    page_cell(p, t, str_of(clock));
    page_cell(p, t, report_deed(of));
    report_outcome(&text, of);
    page_cell(p, t, buf_str(&text));
    buf_clear(&text);
    report_organisation(r, of, &ods, &text);
    page_cell(p, t, buf_str(&text));
    if (r->names) {
        put_name(r, t, of);
        report_shown(r, t, of, COLUMN_USER_KEY);
        report_shown(r, t, of, COLUMN_USER_SDS_ROLE);
    } else {
        report_shown(r, t, of, COLUMN_USER_ROLE);
    }
    page_cell(p, t, purpose(of));
    report_shown(r, t, of, COLUMN_GPC_ASKED);
    page_cell(p, t, STR("not carried"));
    page_cell(p, t, buf_str(&ods));
    report_shown(r, t, of, COLUMN_PRACTICE_ODS);
    put_device(r, t, of);
    page_number(p, t, (uint64_t)of->column[COLUMN_SEQ].integer);
    buf_release(&ods);
    buf_release(&text);
}

static void end(struct reporting *r)
{
    struct page_table *t = &r->page.table[r->page.main];
    size_t calls = t->cells / t->columns;

    page_finding(&r->page, t, "%zu request%s about this patient in the period, answered,"
                 " refused and failed ones together.", calls,
                 calls == 1 ? " was made" : "s were made");
}

const struct report_kind report_patient = {
    "patient-access", "Who looked at the patient's record",
    "Every request over GP Connect that names this patient: when, from where, for which"
    " purpose, and how it ended. It says what was recorded, not whether it was right.",
    true, begin, record, end};
