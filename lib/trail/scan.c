/* scan.c - see scan.h. The index says in which groups and rows an answer can be, and where it
 * has all columns that are wanted it is the answer, too; else the records are read. Groups
 * that the index does not name, or whose entry is damaged, are read whole. */
#include "trail/scan.h"

#include "base/mem.h"
#include "base/order.h"
#include "record/nhs_number.h"
#include "trail/columns.h"

/* ---- where the rows can be ---- */

static void add_range(struct scan *s, uint64_t first, uint64_t count)
{
    const struct scan_filter *f = s->filter;
    struct trail_range *last = s->ranges ? &s->range[s->ranges - 1] : NULL;

    if (first < f->first_seq) {
        uint64_t less = f->first_seq - first;

        first += less;
        count -= less < count ? less : count;
    }
    if (count == 0 || first > f->last_seq)
        return;
    if (last && last->first + last->count == first) {
        last->count += count;
        return;
    }
    if (s->ranges == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->range = xrealloc(s->range, s->cap * sizeof *s->range);
    }
    s->range[s->ranges++] = (struct trail_range){first, count};
}

/* The key that leaves the fewest rows; INDEX_KEYS: none is asked for. */
static enum index_key best_key(const struct scan_filter *f, struct str *text)
{
    const struct str *want[INDEX_KEYS] = {&f->patient, &f->user, &f->org, &f->practice};
    static const enum index_key order[INDEX_KEYS] = {INDEX_PATIENT, INDEX_USER, INDEX_PRACTICE,
                                                     INDEX_ORG};

    for (int i = 0; i < INDEX_KEYS; i++)
        if (want[order[i]]->len > 0) {
            *text = *want[order[i]];
            return order[i];
        }
    return INDEX_KEYS;
}

static void add_found(struct scan *s, uint64_t seq, const struct posting *p)
{
    add_range(s, seq, 1);
    if (!s->by_index)
        return;
    if (s->founds == s->found_cap) {
        s->found_cap = s->found_cap ? s->found_cap * 2 : 64;
        s->found = xrealloc(s->found, s->found_cap * sizeof *s->found);
    }
    s->found[s->founds++] = (struct scan_found){seq, *p};
}

static int by_row(const void *a, const void *b)
{
    const struct posting *p = a;
    const struct posting *q = b;

    return (int)p->row - q->row;
}

/* The rows of a group that the index names for the key, and of a patient's also those that may
 * be of anybody. */
static void add_rows(struct scan *s, struct index_file *f, const struct index_entry *e,
                     const struct answers_want *want)
{
    struct posting *p = arena_alloc(&s->arena, 2 * LIMIT_GROUP_ROWS * sizeof *p);
    uint32_t *row = arena_alloc(&s->arena, LIMIT_GROUP_ROWS * sizeof *row);
    size_t n = 0, rows = 0;
    struct err ignored;

    if (answers_find(f, e, want, p, &n, &ignored) < 0 ||
        (s->filter->count_untied &&
         answers_rows(f, e, LIST_UNTIED, row, &rows, &ignored) < 0)) {
        add_range(s, e->first_seq, e->rows);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        p[n++] = (struct posting){.row = (uint16_t)row[i], .odd = true};
    if (n > 0)
        qsort(p, n, sizeof *p, by_row);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || p[i].row != p[i - 1].row)
            add_found(s, e->first_seq + p[i].row, &p[i]);
}

static bool outside(const struct scan_filter *f, const struct index_entry *e)
{
    return (f->has_since && e->time_max < f->since_us) ||
           (f->has_until && e->time_min >= f->until_us) ||
           ((f->has_since || f->has_until) && e->time_min > e->time_max);
}

static void plan_segment(struct scan *s, const struct segment_map *m, const struct segment *seg)
{
    struct str text = {NULL, 0};
    enum index_key key = best_key(s->filter, &text);
    struct arena arena = {0};
    struct answers_want want;
    struct index_file f;
    struct err ignored;

    index_open(&f, m->dir, seg->first_seq, false, &ignored); /* else all is read */
    if (key != INDEX_KEYS)
        answers_want(&want, &f, key, text, &arena);
    for (size_t i = 0; i < seg->groups; i++) {
        const struct group *g = &m->group[seg->first_group + i].head;
        const struct index_entry *e = index_entry_of(&f, i, g);

        arena_reset(&s->arena);
        if (g->first_seq > s->filter->last_seq ||
            g->first_seq + g->rows <= s->filter->first_seq)
            continue;
        s->unnamed += e ? 0 : g->rows;
        if (!e || (key == INDEX_KEYS && !outside(s->filter, e)))
            add_range(s, g->first_seq, g->rows);
        else if (!outside(s->filter, e))
            add_rows(s, &f, e, &want);
    }
    index_close(&f);
    arena_release(&arena);
}

/* A reader of those that are asked for and those that the filter looks at. */
static struct columns *new_columns(const struct scan_filter *f, const struct zone *zone)
{
    bool wanted[COLUMN_COUNT];

    memcpy(wanted, f->wanted, sizeof wanted);
    wanted[COLUMN_PATIENT_NHS_NUMBER] |= f->patient.len > 0 || f->count_untied;
    wanted[COLUMN_SSP_TRACE_ID] |= f->trace.len > 0;
    wanted[COLUMN_USER_KEY] |= f->user.len > 0;
    wanted[COLUMN_ORG_ODS] |= f->org.len > 0;
    return columns_new(wanted, f->token_marks, zone);
}

/* Has the index all columns that are wanted or looked at? */
static bool answers(const struct scan_filter *f)
{
    const bool *wanted = f->surely ? f->surely : f->wanted;

    for (int i = 0; wanted && i < COLUMN_COUNT; i++)
        if (wanted[i] && !index_has((enum column)i))
            return false;
    return wanted && f->trace.len == 0;
}

void scan_begin(struct scan *s, struct trail *t, const struct scan_filter *f,
                const struct zone *zone)
{
    const struct segment_map *m = trail_map(t);
    struct str text;

    *s = (struct scan){.trail = t, .filter = f, .zone = zone, .segment = SIZE_MAX,
                       .group = SIZE_MAX};
    s->parts = f->wanted ? new_columns(f, zone) : NULL;
    s->by_index = answers(f);
    s->keyed = best_key(f, &text) != INDEX_KEYS;
    if (!s->by_index && s->keyed && !f->has_since && f->first_seq == 0)
        trail_start(t); /* while the index is looked through */
    for (size_t i = 0; i < m->segments; i++)
        plan_segment(s, m, &m->segment[i]);
    s->next = s->ranges ? s->range[0].first : 0;
    trail_expect(t, s->range, s->ranges);
    s->wants_patient = s->by_index && (f->wanted[COLUMN_PATIENT_NHS_NUMBER] ||
                                       f->wanted[COLUMN_PATIENT_REF] || f->count_untied);
}

void scan_end(struct scan *s)
{
    trail_expect(s->trail, NULL, 0);
    free(s->range);
    free(s->found);
    index_close(&s->index);
    arena_release(&s->group_arena);
    arena_release(&s->hour.arena);
    columns_free(s->parts);
    arena_release(&s->arena);
}

/* ---- which rows they are ---- */

static bool same(const struct record *r, enum column c, struct str want)
{
    return want.len == 0 || (r->column[c].kind == VALUE_TEXT &&
                             str_equal_nocase(r->column[c].text, want));
}

static bool in_period(const struct scan_filter *f, const struct record *r)
{
    const struct value *time = &r->column[COLUMN_TIME];

    if (!f->has_since && !f->has_until)
        return true;
    return time->kind == VALUE_TIME && (!f->has_since || time->integer >= f->since_us) &&
           (!f->has_until || time->integer < f->until_us);
}

static bool of_patient(struct scan *s, const struct record *r)
{
    const struct value *number = &r->column[COLUMN_PATIENT_NHS_NUMBER];

    return s->filter->patient.len == 0 ||
           (number->kind == VALUE_TEXT &&
            str_equal(nhs_number_plain(number->text, &s->arena), s->filter->patient));
}

static bool of_status(const struct scan_filter *f, const struct record *r)
{
    const struct value *status = &r->column[COLUMN_HTTP_STATUS];

    return !f->has_status || (status->kind == VALUE_INTEGER &&
                              status->integer >= f->status_min &&
                              status->integer <= f->status_max);
}

static bool matches(struct scan *s, const struct record *r)
{
    const struct scan_filter *f = s->filter;
    const struct value *access = &r->column[COLUMN_GPC_ACCESS];
    const struct value *user = &r->column[COLUMN_USER_KEY];

    if (!in_period(f, r))
        return false;
    if (r->column[COLUMN_PATIENT_NHS_NUMBER].kind == VALUE_MISSING &&
        access->kind == VALUE_TEXT && !str_equal(access->text, STR("none")))
        s->untied++;
    return of_patient(s, r) && of_status(f, r) &&
           (f->user.len == 0 || (user->kind == VALUE_TEXT && str_equal(user->text, f->user))) &&
           same(r, COLUMN_ORG_ODS, f->org) && same(r, COLUMN_PRACTICE_ODS, f->practice) &&
           same(r, COLUMN_SSP_TRACE_ID, f->trace);
}

/* The next seq of the ranges; false behind the last, or behind what is durable. */
static bool advance(struct scan *s, uint64_t *seq)
{
    while (s->at < s->ranges && s->next >= s->range[s->at].first + s->range[s->at].count)
        if (++s->at < s->ranges)
            s->next = s->range[s->at].first;
    *seq = s->next++;
    return s->at < s->ranges && *seq < trail_count(s->trail) && *seq <= s->filter->last_seq;
}

/* ---- what the index says of them ---- */

/* Take the group of the row; its entry is NULL where the index has none that is good. */
static void take_group(struct scan *s, uint64_t seq)
{
    const struct segment_map *m = trail_map(s->trail);
    const struct group *g = s->group == SIZE_MAX ? NULL : &m->group[s->group].head;
    const struct segment *seg;
    struct err ignored;

    if (g && seq >= g->first_seq && seq - g->first_seq < g->rows)
        return;
    s->group = segment_group_of(m, seq);
    g = &m->group[s->group].head;
    seg = &m->segment[m->group[s->group].segment];
    arena_reset(&s->group_arena);
    s->patient = NULL;
    s->posting = NULL;
    if (s->segment != m->group[s->group].segment) {
        index_close(&s->index);
        s->segment = m->group[s->group].segment;
        index_open(&s->index, m->dir, seg->first_seq, false, &ignored);
    }
    s->entry = index_entry_of(&s->index, s->group - seg->first_group, g);
    if (s->entry && answers_smalls(&s->index, s->entry, &s->small, &s->smalls, &s->group_arena,
                                 &ignored) < 0)
        s->entry = NULL;
}

/* What the index says of a row; NULL: it is to be read. */
static const struct posting *posting_of(struct scan *s, uint64_t seq)
{
    struct err ignored;
    const struct posting *p;

    while (s->found_at < s->founds && s->found[s->found_at].seq < seq)
        s->found_at++;
    if (s->keyed && (s->found_at == s->founds || s->found[s->found_at].seq != seq))
        return NULL;
    take_group(s, seq);
    if (!s->keyed && s->entry && !s->posting) {
        s->posting = arena_alloc(&s->group_arena, s->entry->rows * sizeof *s->posting);
        if (answers_all(&s->index, s->entry, s->posting, &ignored) < 0)
            s->entry = NULL;
    }
    if (!s->entry)
        return NULL;
    p = s->keyed ? &s->found[s->found_at].posting : &s->posting[seq - s->entry->first_seq];
    return p->odd || p->small >= s->smalls ? NULL : p;
}

/* The digits of a row's patient; false: the index is damaged. */
static bool fill_patient(struct scan *s, const struct posting *p, struct record *out)
{
    char *digits = arena_alloc(&s->arena, 10);
    struct err ignored;

    if (p->patient >= index_patients_count(s->entry))
        return true; /* it has none */
    if (!s->patient && answers_patients(&s->index, s->entry, &s->patient, &s->group_arena,
                                        &ignored) < 0) {
        s->entry = NULL; /* the group is read */
        return false;
    }
    index_gather(s->patient[p->patient], digits);
    out->column[COLUMN_PATIENT_NHS_NUMBER] =
        (struct value){.kind = VALUE_TEXT, .text = {digits, 10}};
    return true;
}

/* A record of nothing but what the index holds; false: it is damaged. */
static bool fill(struct scan *s, uint64_t seq, const struct posting *p, struct record *out)
{
    static const enum column names[] = {COLUMN_USER_KEY, COLUMN_ORG_ODS, COLUMN_PRACTICE_ODS};
    const struct answers_small *small = &s->small[p->small];

    memset(out, 0, sizeof *out);
    out->column[COLUMN_SEQ] = (struct value){.kind = VALUE_INTEGER, .integer = (int64_t)seq};
    if (p->has_time)
        timestamp_near(&s->hour, out, p->time * s->entry->unit, s->zone);
    if (small->has_status)
        out->column[COLUMN_HTTP_STATUS] =
            (struct value){.kind = VALUE_INTEGER, .integer = small->status};
    for (int i = 0; i < JUDGE_SMALL; i++)
        out->column[judge_small(i)] = small->value[i];
    for (int k = 0; k < POSTINGS_NAMES; k++) {
        struct value *v = &out->column[names[k]];
        struct err ignored;

        if (p->name[k] == 0 || !(s->filter->wanted[names[k]] || s->keyed))
            continue;
        v->kind = VALUE_TEXT;
        if (index_text(&s->index, (enum index_key)(INDEX_USER + k), p->name[k] - 1, &v->text,
                       &ignored) < 0)
            return false;
    }
    return !(s->wants_patient || s->keyed) || fill_patient(s, p, out);
}

static int read_record(struct scan *s, uint64_t seq, struct record *out, struct err *err)
{
    struct trail_row row;
    int rc;

    if (s->parts)
        return trail_record(s->trail, seq, s->parts, out, &s->arena, err);
    if ((rc = trail_row(s->trail, seq, &row, err)) < 0)
        return rc;
    s->input = row.input;
    record_read(out, &row.input, s->zone, &s->arena);
    return 0;
}

int scan_next(struct scan *s, struct record *out, struct err *err)
{
    uint64_t seq;

    while (advance(s, &seq)) {
        const struct posting *p;
        int rc;

        arena_reset(&s->arena);
        if (s->by_index && (p = posting_of(s, seq)) && fill(s, seq, p, out)) {
            if (matches(s, out))
                return 1;
            continue;
        }
        if ((rc = read_record(s, seq, out, err)) < 0)
            return rc;
        if (matches(s, out))
            return 1;
    }
    return 0;
}

int scan_complete(struct scan *s, struct record *out, struct err *err)
{
    s->by_index = false;
    return read_record(s, s->next - 1, out, err);
}
