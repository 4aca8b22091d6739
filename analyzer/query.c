/* query.c - `analyzer query`: a scan that tells the matches (matches.h), which are then
 * shown. Where the index names few rows they are read whole and mostly once; where it does
 * not, only the columns that the selectors ask for are looked at first. */
#include "analyzer/answer.h"
#include "analyzer/commands.h"
#include "analyzer/matches.h"
#include "analyzer/period.h"
#include "analyzer/sql.h"
#include "analyzer/state.h"
#include "base/mem.h"
#include "base/zone.h"
#include "trail/scan.h"

enum { TABLE_ROWS = 100 };

struct query {
    const struct options *o;
    struct scan_filter filter;
    enum column column[COLUMN_COUNT];
    size_t columns;
    enum answer_format format;
    uint64_t limit;
    struct matches *matches;
    uint64_t untied;
    struct zone *zone;
    struct state *state;
    struct arena own, arena;
};

static const enum column table_columns[] = {
    COLUMN_SEQ,          COLUMN_TIME,          COLUMN_USER_KEY,     COLUMN_ORG_ODS,
    COLUMN_PRACTICE_ODS, COLUMN_GPC_OPERATION, COLUMN_HTTP_STATUS, COLUMN_PATIENT_NHS_NUMBER};

static const enum column access_columns[] = {
    COLUMN_SEQ,          COLUMN_TIME,        COLUMN_ACCESS_LOGIN,  COLUMN_ACCESS_ACTION,
    COLUMN_ACCESS_SCOPE, COLUMN_ACCESS_ROWS, COLUMN_ACCESS_REASON};

static int parse_columns(struct query *q)
{
    struct str rest = str_of(q->o->columns ? q->o->columns : "");

    if (!q->o->columns && q->format == ANSWER_TABLE && q->o->command == COMMAND_ACCESS) {
        q->columns = sizeof access_columns / sizeof access_columns[0];
        memcpy(q->column, access_columns, sizeof access_columns);
    } else if (!q->o->columns && q->format == ANSWER_TABLE) {
        q->columns = sizeof table_columns / sizeof table_columns[0];
        memcpy(q->column, table_columns, sizeof table_columns);
    } else if (!q->o->columns) {
        for (q->columns = 0; q->columns < COLUMN_COUNT; q->columns++)
            q->column[q->columns] = (enum column)q->columns;
    }
    while (rest.len > 0) {
        size_t end = str_index(rest, ',');

        if (q->columns == COLUMN_COUNT ||
            !column_find(&q->column[q->columns++], str_part(rest, 0, end))) {
            complain("--columns names a column that there is not");
            return 2;
        }
        rest = end < rest.len ? str_part(rest, end + 1, rest.len) : STR("");
    }
    return 0;
}

static int parse(struct query *q)
{
    const struct options *o = q->o;
    char *end = NULL;

    if (!options_patient(o, &q->filter.patient, &q->own))
        return complain("--patient -: there is no number on standard input");
    q->filter.last_seq = UINT64_MAX;
    q->filter.count_untied = true;
    q->filter.user = str_of(o->user ? o->user : "");
    q->filter.org = str_of(o->org ? o->org : "");
    q->filter.practice = str_of(o->practice ? o->practice : "");
    q->filter.trace = str_of(o->trace ? o->trace : "");
    q->limit = o->limit ? strtoull(o->limit, &end, 10) : UINT64_MAX;
    q->filter.has_since = o->since != NULL;
    q->filter.has_until = o->until != NULL;
    if (o->sql && (o->patient || o->user || o->org || o->practice || o->trace || o->since ||
                   o->until || o->columns))
        complain("--sql stands alone: say the rest in the SQL");
    else if (o->format && !answer_format_find(&q->format, o->format))
        complain("--format takes table, csv, json or ndjson");
    else if (o->limit && (*end || end == o->limit))
        complain("--limit takes a number");
    else if ((o->since && !period_bound(o->since, q->zone, &q->filter.since_us)) ||
             (o->until && !period_bound(o->until, q->zone, &q->filter.until_us)))
        complain("--since and --until take RFC 3339 or YYYY-MM-DD");
    else
        return parse_columns(q);
    return 2;
}

/* Columns that are shown, and what masking goes by. */
static void find_wanted(const struct query *q, bool wanted[COLUMN_COUNT])
{
    memset(wanted, 0, COLUMN_COUNT * sizeof *wanted);
    for (size_t i = 0; i < q->columns; i++)
        wanted[q->column[i]] = true;
    wanted[COLUMN_PATIENT_NHS_NUMBER] = wanted[COLUMN_TIME] = true;
}

static bool is_keyed(const struct scan_filter *f)
{
    return f->patient.len > 0 || f->user.len > 0 || f->org.len > 0 || f->practice.len > 0;
}

static int scan(struct query *q, struct trail *t, struct err *err)
{
    static const bool times[COLUMN_COUNT] = {[COLUMN_SEQ] = true, [COLUMN_TIME] = true};
    bool some = q->o->columns || q->format == ANSWER_TABLE, wanted[COLUMN_COUNT];
    struct record record;
    struct scan s;
    int rc;

    find_wanted(q, wanted);
    q->matches = matches_new(some ? wanted : NULL, q->zone);
    q->filter.wanted = !is_keyed(&q->filter) ? times : some ? wanted : NULL;
    scan_begin(&s, t, &q->filter, q->zone);
    while ((rc = scan_next(&s, &record, err)) > 0) {
        const struct value *time = &record.column[COLUMN_TIME];

        matches_add(q->matches, (uint64_t)record.column[COLUMN_SEQ].integer,
                    time->kind == VALUE_TIME ? time->integer : INT64_MAX,
                    q->filter.wanted ? NULL : &s.input,
                    q->filter.wanted == wanted ? &record : NULL);
    }
    q->untied = s.untied;
    if (s.unnamed > 0)
        fprintf(stderr, "analyzer: %llu records have no index of this version and are read"
                " whole, which takes longer; the next run of the collector makes it\n",
                (unsigned long long)s.unnamed);
    scan_end(&s);
    return rc;
}

static void print_row(void *ctx, struct record *r, size_t number)
{
    struct query *q = ctx;

    arena_reset(&q->arena);
    if (r->column[COLUMN_PATIENT_NHS_NUMBER].kind == VALUE_TEXT)
        r->column[COLUMN_PATIENT_REF] = (struct value){
            .kind = VALUE_TEXT,
            .text = state_reference(q->state, r->column[COLUMN_PATIENT_NHS_NUMBER].text,
                                    &q->arena)};
    answer_row(r, q->column, q->columns, q->format, number == 0, q->o->reveal);
}

static int print(struct query *q, struct trail *t, struct err *err)
{
    struct str name[COLUMN_COUNT];
    size_t found = matches_count(q->matches), show = found;
    int rc;

    if (q->format == ANSWER_TABLE && !q->o->limit && show > TABLE_ROWS)
        show = TABLE_ROWS;
    if (show > q->limit)
        show = (size_t)q->limit;
    for (size_t i = 0; i < q->columns; i++)
        name[i] = str_of(column_name(q->column[i]));
    answer_head(name, q->columns, q->format);
    if ((rc = matches_each(q->matches, t, show, print_row, q, err)) < 0)
        return rc;
    answer_foot(q->format);
    fprintf(stderr, "%zu of %zu\n", show, found);
    if (q->untied > 0)
        fprintf(stderr, "%llu records of the period open patient data without carrying a"
                " number; a search by patient cannot find those\n",
                (unsigned long long)q->untied);
    return 0;
}

/* Say in the own log who asked for what, before the answer is given. */
static int log_query(struct query *q, struct err *err)
{
    const struct options *o = q->o;
    const struct {
        const char *name, *value;
    } said[] = {{"user", o->user},   {"org", o->org},     {"practice", o->practice},
                {"trace", o->trace}, {"since", o->since}, {"until", o->until}};
    struct buf scope = {0};
    int rc;

    if (q->filter.patient.len > 0)
        buf_printf(&scope, "patient=%.*s ",
                   STR_ARG(state_reference(q->state, q->filter.patient, &q->own)));
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (said[i].value)
            buf_printf(&scope, "%s=%s ", said[i].name, said[i].value);
    if (scope.len == 0)
        buf_put_text(&scope, "all ");
    scope.len--;
    rc = state_log(q->state, o->reveal ? "query --reveal" : "query", buf_str(&scope),
                   o->reason, matches_count(q->matches), err);
    buf_release(&scope);
    if (rc == 0 || o->reveal)
        return rc;
    complain(err->text);
    return 0;
}

int query_run(const struct options *o)
{
    struct query q = {.o = o};
    struct trail *t = NULL;
    struct err err;
    int rc;

    if (zone_load(&q.zone, "Europe/London", &err) < 0)
        return complain(err.text);
    if ((rc = parse(&q)) != 0)
        goto out;
    if (o->store && o->command == COMMAND_QUERY && trail_open(&t, o->store, &err) < 0) {
        rc = complain(err.text);
        goto out;
    }
    q.state = state_new(o);
    if (!t && trail_open(&t, state_access_dir(q.state), &err) < 0) {
        rc = complain(err.text);
        goto out;
    }
    if (*trail_remark(t))
        complain(trail_remark(t));
    if (o->sql) {
        rc = sql_answer(o, t, q.state, q.zone, q.format, q.limit, &err) < 0 ? complain(err.text)
                                                                            : 0;
        goto out;
    }
    if (scan(&q, t, &err) < 0) {
        rc = complain(err.text);
        goto out;
    }
    if (o->command != COMMAND_ACCESS && log_query(&q, &err) < 0) {
        rc = complain(err.text);
        goto out;
    }
    rc = print(&q, t, &err) < 0 ? complain(err.text) : 0;
out:
    matches_free(q.matches);
    trail_close(t);
    state_free(q.state);
    zone_free(q.zone);
    arena_release(&q.own);
    arena_release(&q.arena);
    return rc;
}
