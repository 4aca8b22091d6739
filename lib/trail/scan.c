/* scan.c - see scan.h. The index says in which groups and rows an answer can be; every such
 * record is read and judged, so that a row is never taken on the index's word. Groups that
 * the index does not name, or whose entry is damaged, are read whole. */
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
static enum index_key best_key(const struct scan_filter *f, uint32_t *hash)
{
    const struct str *want[INDEX_KEYS] = {&f->patient, &f->user, &f->org, &f->practice};
    static const enum index_key order[INDEX_KEYS] = {INDEX_PATIENT, INDEX_USER, INDEX_PRACTICE,
                                                     INDEX_ORG};

    for (int i = 0; i < INDEX_KEYS; i++)
        if (want[order[i]]->len > 0) {
            *hash = index_hash(order[i], *want[order[i]]);
            return order[i];
        }
    return INDEX_KEYS;
}

/* The rows of a group that the index names for the key. */
static void add_rows(struct scan *s, const struct index_file *f, const struct index_entry *e,
                     enum index_key key, uint32_t hash)
{
    static const size_t room = 2 * LIMIT_GROUP_ROWS;
    uint32_t *row = arena_alloc(&s->arena, room * sizeof *row);
    size_t rows = 0;
    struct err ignored;

    if (index_rows(f, e, key, hash, row, &rows, room, &ignored) < 0 ||
        (s->filter->count_untied &&
         index_rows(f, e, INDEX_KEYS, 0, row, &rows, room, &ignored) < 0)) {
        add_range(s, e->first_seq, e->rows);
        return;
    }
    if (rows > 0)
        qsort(row, rows, sizeof *row, order_u32);
    for (size_t i = 0; i < rows; i++)
        if (i == 0 || row[i] != row[i - 1])
            add_range(s, e->first_seq + row[i], 1);
}

static bool outside(const struct scan_filter *f, const struct index_entry *e)
{
    return (f->has_since && e->time_max < f->since_us) ||
           (f->has_until && e->time_min >= f->until_us) ||
           ((f->has_since || f->has_until) && e->time_min > e->time_max);
}

static void plan_segment(struct scan *s, const struct segment_map *m, const struct segment *seg)
{
    uint32_t hash = 0;
    enum index_key key = best_key(s->filter, &hash);
    struct index_file f;
    struct err ignored;

    index_open(&f, m->dir, seg->first_seq, false, &ignored); /* else all is read */
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
            add_rows(s, &f, e, key, hash);
    }
    index_close(&f);
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

void scan_begin(struct scan *s, struct trail *t, const struct scan_filter *f,
                const struct zone *zone)
{
    const struct segment_map *m = trail_map(t);
    uint32_t hash;

    *s = (struct scan){.trail = t, .filter = f, .zone = zone, .segment = SIZE_MAX,
                       .group = SIZE_MAX};
    s->parts = f->wanted ? new_columns(f, zone) : NULL;
    if (best_key(f, &hash) != INDEX_KEYS && !f->has_since && f->first_seq == 0)
        trail_start(t); /* while the index is looked through */
    for (size_t i = 0; i < m->segments; i++)
        plan_segment(s, m, &m->segment[i]);
    s->next = s->ranges ? s->range[0].first : 0;
    trail_expect(t, s->range, s->ranges);
}

void scan_end(struct scan *s)
{
    trail_expect(s->trail, NULL, 0);
    free(s->range);
    index_close(&s->index);
    arena_release(&s->columns_arena);
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

/* The columns of the row's group from the index; false: there are none. */
static bool load_columns(struct scan *s, uint64_t seq)
{
    const struct segment_map *m = trail_map(s->trail);
    const struct group *g = s->group == SIZE_MAX ? NULL : &m->group[s->group].head;
    const struct segment *seg;
    const struct index_entry *e;
    struct err ignored;

    if (g && seq >= g->first_seq && seq - g->first_seq < g->rows)
        return s->has_columns;
    s->group = segment_group_of(m, seq);
    g = &m->group[s->group].head;
    seg = &m->segment[m->group[s->group].segment];
    arena_reset(&s->columns_arena);
    if (s->segment != m->group[s->group].segment) {
        index_close(&s->index);
        s->segment = m->group[s->group].segment;
        index_open(&s->index, m->dir, seg->first_seq, false, &ignored);
    }
    e = index_entry_of(&s->index, s->group - seg->first_group, g);
    s->has_columns = e && index_columns(&s->index, e, &s->columns, &s->columns_arena,
                                        &ignored) == 0;
    return s->has_columns;
}

/* A record of nothing but what the index holds. */
static void fill_small(struct scan *s, uint64_t seq, struct record *out)
{
    size_t at = (size_t)(seq - trail_map(s->trail)->group[s->group].head.first_seq);
    const struct index_small *small = &s->columns.small[s->columns.which[at]];
    int64_t us = s->columns.time_us[at];

    memset(out, 0, sizeof *out);
    out->column[COLUMN_SEQ] = (struct value){.kind = VALUE_INTEGER, .integer = (int64_t)seq};
    if (us != INT64_MIN)
        timestamp_near(&s->hour, out, us, s->zone);
    if (small->has_status)
        out->column[COLUMN_HTTP_STATUS] =
            (struct value){.kind = VALUE_INTEGER, .integer = small->status};
    for (int i = 0; i < JUDGE_SMALL; i++)
        out->column[judge_small(i)] = small->value[i];
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
        int rc;

        arena_reset(&s->arena);
        if (s->filter->small_only && load_columns(s, seq)) {
            fill_small(s, seq, out);
            if (in_period(s->filter, out) && of_status(s->filter, out))
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
