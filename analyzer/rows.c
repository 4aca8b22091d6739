/* rows.c - see rows.h. All rows of a key are kept, the later behind the earlier: the latest
 * that is valid at the time of an event holds, so that what is loaded today does not change
 * what was true of last year's calls. */
#include "analyzer/rows.h"

#include <stdlib.h>

#include "analyzer/hours.h"
#include "base/dictionary.h"
#include "base/disk.h"
#include "base/limits.h"
#include "base/mem.h"
#include "record/csv.h"
#include "record/nhs_number.h"
#include "record/timestamp.h"

enum { FILE_MAX_BYTES = 256 << 20 };

static const struct {
    const char *file;
    bool used;
    const char *column[ROWS_COLUMNS]; /* those that are known */
    int must;                        /* the first so many must be there */
} kinds[ROWS_KINDS] = {
    {"asid.csv", true, {"ASID", "NACS", "PName", "MName", "OrgName", "OrgType", "PostCode"}, 1},
    {"organisations.csv", true, {"ods", "name", "type", "parent_ods", "postcode", "opens",
                                  "closes", "days"}, 1},
    {"staff.csv", false, {"user_key", "ods", "name", "role", "nhs_number", "family"}, 2},
    {"patients.csv", false, {"nhs_number", "family", "postcode", "household", "sex"}, 1},
    {"watchlist.csv", false, {"nhs_number", "list", "reason"}, 2},
    {"evidence.csv", false, {"nhs_number", "ods", "kind", "from", "to", "user_key"}, 3},
    {"coverage.csv", false, {"kind", "ods", "from", "to"}, 2},
    {"calendar.csv", true, {"date", "name"}, 1},
    {"products.csv", true, {"iss", "model", "treat_as", "note"}, 3},
};

#define NO_ROW UINT32_MAX

/* The rows of a kind by their key, the first column. */
struct by_key {
    struct dictionary keys;
    uint32_t *last; /* row, by number of the key */
    size_t cap;
};

struct rows {
    struct row *row[ROWS_KINDS];
    size_t rows[ROWS_KINDS], cap[ROWS_KINDS];
    struct by_key by_key[ROWS_KINDS];
    struct arena arena;
};

struct rows *rows_new(void)
{
    return xcalloc(1, sizeof(struct rows));
}

void rows_free(struct rows *r)
{
    if (!r)
        return;
    for (int i = 0; i < ROWS_KINDS; i++) {
        free(r->row[i]);
        dictionary_release(&r->by_key[i].keys);
        free(r->by_key[i].last);
    }
    arena_release(&r->arena);
    free(r);
}

const char *rows_file(enum rows_kind kind, bool *used)
{
    *used = kinds[kind].used;
    return kinds[kind].file;
}

size_t rows_count(const struct rows *r, enum rows_kind kind)
{
    return r->rows[kind];
}

/* ---- reading ---- */

struct reading {
    struct rows *r;
    enum rows_kind kind;
    const char *file;
    int64_t since_us; /* rows that say nothing else hold from then on: all ASIDs, and of
                       * organisations those that were listed before */
    size_t line;
    int at[ROWS_COLUMNS + 2]; /* of each known column, valid_from, valid_to; -1: not there */
    rows_fault *fault;
    void *ctx;
    size_t rows, bad;
};

static void complain_of(struct reading *d, const char *column, const char *why)
{
    d->bad++;
    if (d->fault)
        d->fault(d->ctx, d->file, d->line, column, why);
}

static bool read_header(struct reading *d, const struct str *name, int count)
{
    for (int c = 0; c < ROWS_COLUMNS + 2; c++) {
        const char *want = c == ROWS_COLUMNS       ? "valid_from"
                           : c == ROWS_COLUMNS + 1 ? "valid_to"
                                                  : kinds[d->kind].column[c];

        d->at[c] = -1;
        for (int i = 0; want && i < count; i++)
            if (str_equal_nocase(name[i], str_of(want)))
                d->at[c] = i;
        if (c < kinds[d->kind].must && d->at[c] < 0) {
            complain_of(d, want, "the header has no such column");
            return false;
        }
    }
    return true;
}

/* YYYY-MM-DD, as its midnight in UTC. */
static bool read_day(struct str s, int64_t *us)
{
    char day[32];

    if (s.len != 10)
        return false;
    snprintf(day, sizeof day, "%.*sT00:00:00Z", STR_ARG(s));
    return timestamp_parse(str_of(day), us);
}

/* A bound of validity: RFC 3339, or a day. */
static bool read_bound(struct str s, int64_t open, int64_t *us)
{
    *us = open;
    return s.len == 0 || timestamp_parse(s, us) || read_day(s, us);
}

static bool good_treatment(struct str s)
{
    static const char *const treat[] = {"person", "system", "placeholder", "volatile-sub"};

    for (int i = 0; i < 4; i++)
        if (str_equal(s, str_of(treat[i])))
            return true;
    return false;
}

/* Why the cell cannot be; NULL: it can. */
static const char *fault_of(enum rows_kind kind, int c, struct str s)
{
    const char *name = kinds[kind].column[c];
    int64_t ignored;

    if (c < kinds[kind].must && s.len == 0 && kind != ROWS_PRODUCTS)
        return "this cell must not be empty";
    if (strcmp(name, "nhs_number") == 0 && s.len > 0 &&
        !(s.len == 10 && nhs_number_good(s.at)))
        return "this is no NHS number";
    if (strcmp(name, "treat_as") == 0 && !good_treatment(s))
        return "one of person, system, placeholder, volatile-sub";
    if (strcmp(name, "date") == 0 && !read_day(s, &ignored))
        return "a day is written YYYY-MM-DD";
    if (kind == ROWS_ORGANISATIONS && (c == ORG_OPENS || c == ORG_CLOSES) && s.len > 0 &&
        hours_clock(s) < 0)
        return "a time of day is written HH:MM";
    if (kind == ROWS_ORGANISATIONS && c == ORG_DAYS && hours_days(s) == 0)
        return "days are written like 1-5 or 1-4,6 (1 is Monday)";
    return NULL;
}

static bool good_cell(struct reading *d, int c, struct str s)
{
    const char *why = fault_of(d->kind, c, s);

    if (why)
        complain_of(d, kinds[d->kind].column[c], why);
    return !why;
}

static void put_by_key(struct reading *d, struct row *row, uint32_t place)
{
    struct by_key *k = &d->r->by_key[d->kind];
    uint32_t n = dictionary_put(&k->keys, row->field[0], &d->r->arena);

    if (n >= k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 64;

        k->last = xrealloc(k->last, cap * sizeof *k->last);
        for (size_t i = k->cap; i < cap; i++)
            k->last[i] = NO_ROW;
        k->cap = cap;
    }
    row->before = k->last[n];
    k->last[n] = place;
    if (row->before == NO_ROW && d->kind == ROWS_ORGANISATIONS && row->from_us == d->since_us)
        row->from_us = INT64_MIN; /* it supersedes nothing */
}

static void read_row(struct reading *d, const struct str *field, int count)
{
    struct rows *r = d->r;
    struct row row = {.from_us = d->since_us, .to_us = INT64_MAX};

    for (int c = 0; c < ROWS_COLUMNS && kinds[d->kind].column[c]; c++) {
        struct str s = d->at[c] >= 0 && d->at[c] < count ? field[d->at[c]] : STR("");

        if (strcmp(kinds[d->kind].column[c], "nhs_number") == 0)
            s = nhs_number_plain(s, &r->arena); /* joins compare without spaces and hyphens */
        if (!good_cell(d, c, s))
            return;
        row.field[c] = arena_copy(&r->arena, s);
    }
    for (int c = ROWS_COLUMNS; c < ROWS_COLUMNS + 2; c++) {
        struct str s = d->at[c] >= 0 && d->at[c] < count ? field[d->at[c]] : STR("");
        bool from = c == ROWS_COLUMNS;

        if (!read_bound(s, from ? d->since_us : INT64_MAX,
                        from ? &row.from_us : &row.to_us)) {
            complain_of(d, from ? "valid_from" : "valid_to", "this is no date or time");
            return;
        }
    }
    if (r->rows[d->kind] == r->cap[d->kind]) {
        r->cap[d->kind] = r->cap[d->kind] ? r->cap[d->kind] * 2 : 64;
        r->row[d->kind] = xrealloc(r->row[d->kind], r->cap[d->kind] * sizeof row);
    }
    put_by_key(d, &row, (uint32_t)r->rows[d->kind]);
    r->row[d->kind][r->rows[d->kind]++] = row;
    d->rows++;
}

static void read_text(struct reading *d, struct str text)
{
    struct arena once = {0};
    struct str *field = arena_alloc(&d->r->arena, CSV_FIELDS_MAX * sizeof *field);
    bool head = true;
    struct str row;

    text = csv_text(text);
    while (csv_next(&row, &text)) {
        int count;

        d->line++;
        arena_reset(&once);
        if (csv_plain(row).len == 0)
            continue;
        count = csv_split(field, row, &once);
        if (count < 0) {
            complain_of(d, "", "the row is no CSV");
            continue;
        }
        if (head && !read_header(d, field, count))
            break;
        if (!head)
            read_row(d, field, count);
        head = false;
    }
    arena_release(&once);
}

int rows_read(struct rows *r, struct rows_source *from, struct err *err)
{
    struct reading d = {.r = r, .kind = from->kind, .file = from->file,
                        .since_us = from->since_us, .fault = from->fault, .ctx = from->ctx};
    char path[LIMIT_PATH_BYTES];
    struct buf text = {0};
    int rc;

    if (snprintf(path, sizeof path, "%s/%s", from->dir, from->file) >= (int)sizeof path)
        return err_set(err, ERR_MISSING, "%s: the path is too long", from->file);
    rc = disk_read_all(path, FILE_MAX_BYTES, &text, err);
    if (rc == 0) {
        if (d.kind == ROWS_PRODUCTS)
            r->rows[d.kind] = 0; /* a site's own list stands for the one brought */
        read_text(&d, buf_str(&text));
    }
    from->rows += d.rows;
    from->bad += d.bad;
    buf_release(&text);
    return rc;
}

/* ---- asking ---- */

bool row_valid(const struct row *row, const struct record *at)
{
    const struct value *time = &at->column[COLUMN_TIME];

    return time->kind != VALUE_TIME ||
           (row->from_us <= time->integer && time->integer < row->to_us);
}

const struct row *rows_find(const struct rows *r, enum rows_kind kind, struct str key,
                            const struct record *at)
{
    /* looking builds the dictionary's index where there is none yet */
    struct by_key *k = &((struct rows *)(uintptr_t)r)->by_key[kind];
    uint32_t n = key.len ? dictionary_find(&k->keys, key) : DICTIONARY_NONE;

    for (uint32_t i = n != DICTIONARY_NONE ? k->last[n] : NO_ROW; i != NO_ROW;) {
        const struct row *row = &r->row[kind][i];

        if (row_valid(row, at))
            return row;
        i = row->before;
    }
    return NULL;
}

const struct row *rows_all(const struct rows *r, enum rows_kind kind)
{
    return r->row[kind];
}
