/* reference.c - see reference.h. Rows are kept as they were read; the few kinds that are
 * used are searched through, the largest of them (ASIDs) by a dictionary. All rows of an ASID
 * are kept, the later behind the earlier: the latest that is valid at the time of an event
 * holds, so that what is loaded today does not change what was true of last year's calls. */
#include "analyzer/reference.h"

#include <sys/stat.h>

#include "base/dictionary.h"
#include "base/disk.h"
#include "base/limits.h"
#include "base/mem.h"
#include "record/csv.h"
#include "record/nhs_number.h"
#include "record/timestamp.h"

enum { KINDS = 9, COLUMNS_MAX = 12, FILE_MAX_BYTES = 256 << 20 };
enum { KIND_ASID, KIND_PRODUCTS = 8 };

static const struct {
    const char *file;
    bool used;
    const char *column[COLUMNS_MAX]; /* those that are known */
    int must;                        /* the first so many must be there */
} kinds[KINDS] = {
    {"asid.csv", true, {"ASID", "NACS", "PName", "MName", "OrgName", "OrgType", "PostCode"}, 1},
    {"organisations.csv", false, {"ods", "name", "type", "parent_ods", "postcode", "opens",
                                  "closes", "days"}, 1},
    {"staff.csv", false, {"user_key", "ods", "name", "role", "nhs_number", "family"}, 2},
    {"patients.csv", false, {"nhs_number", "family", "postcode", "household", "sex"}, 1},
    {"watchlist.csv", false, {"nhs_number", "list", "reason"}, 2},
    {"evidence.csv", false, {"nhs_number", "ods", "kind", "from", "to", "user_key"}, 3},
    {"coverage.csv", false, {"kind", "ods", "from", "to"}, 2},
    {"calendar.csv", false, {"date", "name"}, 1},
    {"products.csv", true, {"iss", "model", "treat_as", "note"}, 3},
};

struct row {
    struct str field[COLUMNS_MAX];
    int64_t from_us, to_us; /* INT64_MIN, INT64_MAX: open */
    uint32_t before;        /* ASIDs: the row of the same before this one, NO_ROW */
};
#define NO_ROW UINT32_MAX

struct reference_data {
    struct row *row[KINDS];
    size_t rows[KINDS], cap[KINDS];
    struct dictionary asids;
    uint32_t *asid_row; /* the last, by number of the ASID */
    size_t asid_cap;
    struct arena arena;
};

struct reference_data *reference_new(void)
{
    return xcalloc(1, sizeof(struct reference_data));
}

void reference_free(struct reference_data *r)
{
    if (!r)
        return;
    for (int i = 0; i < KINDS; i++)
        free(r->row[i]);
    dictionary_release(&r->asids);
    free(r->asid_row);
    arena_release(&r->arena);
    free(r);
}

size_t reference_kinds(void)
{
    return KINDS;
}

const char *reference_kind(size_t i, bool *used)
{
    *used = kinds[i].used;
    return kinds[i].file;
}

size_t reference_rows(const struct reference_data *r, size_t kind)
{
    return r->rows[kind];
}

/* ---- reading ---- */

struct reading {
    struct reference_data *r;
    int kind;
    const char *file;
    int64_t since_us; /* rows that say nothing else hold from then on */
    size_t line;
    int at[COLUMNS_MAX + 2]; /* of each known column, valid_from, valid_to; -1: not there */
    reference_fault *fault;
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
    for (int c = 0; c < COLUMNS_MAX + 2; c++) {
        const char *want = c == COLUMNS_MAX       ? "valid_from"
                           : c == COLUMNS_MAX + 1 ? "valid_to"
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

/* A bound of validity: RFC 3339, or a day (its midnight in UTC). */
static bool read_bound(struct str s, int64_t open, int64_t *us)
{
    char day[32];

    *us = open;
    if (s.len == 0 || timestamp_parse(s, us))
        return true;
    if (s.len != 10)
        return false;
    snprintf(day, sizeof day, "%.*sT00:00:00Z", STR_ARG(s));
    return timestamp_parse(str_of(day), us);
}

static bool good_cell(struct reading *d, int c, struct str s)
{
    const char *name = kinds[d->kind].column[c];
    static const char *const treat[] = {"person", "system", "placeholder", "volatile-sub"};

    if (c < kinds[d->kind].must && s.len == 0 && d->kind != KIND_PRODUCTS) {
        complain_of(d, name, "this cell must not be empty");
        return false;
    }
    if (strcmp(name, "nhs_number") == 0 && s.len > 0 &&
        !(s.len == 10 && nhs_number_good(s.at))) {
        complain_of(d, name, "this is no NHS number");
        return false;
    }
    if (strcmp(name, "treat_as") == 0) {
        for (int i = 0; i < 4; i++)
            if (str_equal(s, str_of(treat[i])))
                return true;
        complain_of(d, name, "one of person, system, placeholder, volatile-sub");
        return false;
    }
    return true;
}

static void index_asid(struct reference_data *r, size_t row)
{
    uint32_t n = dictionary_put(&r->asids, r->row[KIND_ASID][row].field[0], &r->arena);

    if (n >= r->asid_cap) {
        size_t cap = r->asid_cap ? r->asid_cap * 2 : 64;

        r->asid_row = xrealloc(r->asid_row, cap * sizeof *r->asid_row);
        for (size_t i = r->asid_cap; i < cap; i++)
            r->asid_row[i] = NO_ROW;
        r->asid_cap = cap;
    }
    r->row[KIND_ASID][row].before = r->asid_row[n];
    r->asid_row[n] = (uint32_t)row;
}

static void read_row(struct reading *d, const struct str *field, int count)
{
    struct reference_data *r = d->r;
    struct row row = {.from_us = d->since_us, .to_us = INT64_MAX};

    for (int c = 0; c < COLUMNS_MAX && kinds[d->kind].column[c]; c++) {
        struct str s = d->at[c] >= 0 && d->at[c] < count ? field[d->at[c]] : STR("");

        if (!good_cell(d, c, s))
            return;
        row.field[c] = arena_copy(&r->arena, s);
    }
    for (int c = COLUMNS_MAX; c < COLUMNS_MAX + 2; c++) {
        struct str s = d->at[c] >= 0 && d->at[c] < count ? field[d->at[c]] : STR("");
        bool from = c == COLUMNS_MAX;

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
    r->row[d->kind][r->rows[d->kind]++] = row;
    if (d->kind == KIND_ASID)
        index_asid(r, r->rows[KIND_ASID] - 1);
    d->rows++;
}

static void read_text(struct reading *d, struct str text)
{
    struct arena once = {0};
    struct str *field = arena_alloc(&d->r->arena, CSV_FIELDS_MAX * sizeof *field);
    bool head = true;
    struct str row;
    size_t used;

    while (text.len > 0 && csv_row(&row, &used, text, true) && used > 0) {
        int count;

        d->line++;
        text = str_part(text, used, text.len);
        arena_reset(&once);
        if (row.len == 0)
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

/* The rows of the file that d names, in dir; a path too long is one that is not there. */
static int read_file(struct reading *d, const char *dir, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    struct buf text = {0};
    int rc;

    if (snprintf(path, sizeof path, "%s/%s", dir, d->file) >= (int)sizeof path)
        return err_set(err, ERR_MISSING, "%s: the path is too long", d->file);
    rc = disk_read_all(path, FILE_MAX_BYTES, &text, err);
    if (rc == 0) {
        if (d->kind == KIND_PRODUCTS)
            d->r->rows[d->kind] = 0; /* a site's own list stands for the one brought */
        read_text(d, buf_str(&text));
    }
    buf_release(&text);
    return rc;
}

/* The files of a directory; ASIDs hold from then on where they say nothing else. */
static int read_dir(struct reference_data *r, const char *dir, int64_t asids_since_us,
                    reference_fault *fault, void *ctx, size_t *rows, size_t *bad,
                    struct err *err)
{
    struct stat st;
    int rc = 0;

    *rows = *bad = 0;
    if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(err, ERR_MISSING, "%s is no directory", dir);
    for (int k = 0; rc == 0 && k < KINDS; k++) {
        struct reading d = {.r = r, .kind = k, .file = kinds[k].file, .fault = fault,
                            .ctx = ctx,
                            .since_us = k == KIND_ASID ? asids_since_us : INT64_MIN};

        rc = read_file(&d, dir, err);
        rc = rc == ERR_MISSING ? 0 : rc;
        *rows += d.rows;
        *bad += d.bad;
    }
    return rc;
}

int reference_read(struct reference_data *r, const char *dir, reference_fault *fault, void *ctx,
                   size_t *rows, size_t *bad, struct err *err)
{
    return read_dir(r, dir, INT64_MIN, fault, ctx, rows, bad, err);
}

/* A list of ASIDs that was kept, and when it came or, in the state, was followed by another. */
struct extract {
    const char *name;
    int64_t at_us;
};

static int by_time(const void *a, const void *b)
{
    const struct extract *x = a;
    const struct extract *y = b;

    return x->at_us != y->at_us ? (x->at_us < y->at_us ? -1 : 1) : strcmp(x->name, y->name);
}

/* Is it a list of ASIDs of the state that another followed (asid.csv.SECONDS), or one that
 * the collector keeps in the store? */
static bool is_extract(struct extract *x, const char *dir, const char *name, bool state)
{
    static const char stem[] = "asid.csv.";
    char path[LIMIT_PATH_BYTES];
    struct stat st;

    x->name = name;
    if (state) {
        x->at_us = strncmp(name, stem, sizeof stem - 1) == 0
                       ? strtoll(name + sizeof stem - 1, NULL, 10) * 1000000
                       : 0;
        return x->at_us > 0;
    }
    if (!strstr(name, ".csv") ||
        snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path ||
        stat(path, &st) < 0)
        return false;
    x->at_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    return true;
}

/* The lists of ASIDs kept in the store, or those of the state that were followed by others:
 * the first holds from the beginning, each other from when it came. Gives the time from which
 * one that came behind them all holds. */
static int64_t read_extracts(struct reference_data *r, const char *dir, bool state)
{
    struct buf names = {0};
    struct extract *list;
    const char *name;
    size_t count = 0, n = 0;
    struct err ignored;
    int64_t since_us = INT64_MIN;

    if (disk_list(dir, &names, &count, &ignored) < 0)
        count = 0; /* none were kept */
    list = xcalloc(count + 1, sizeof *list);
    name = names.at;
    for (size_t i = 0; i < count; i++, name += strlen(name) + 1)
        n += is_extract(&list[n], dir, name, state);
    if (n > 0)
        qsort(list, n, sizeof *list, by_time);
    for (size_t i = 0; i < n; i++) {
        struct reading d = {.r = r, .kind = KIND_ASID, .file = list[i].name};

        if (!state && i > 0)
            since_us = list[i].at_us;
        d.since_us = since_us;
        read_file(&d, dir, &ignored); /* what cannot be read is left out */
        if (state)
            since_us = list[i].at_us;
    }
    free(list);
    buf_release(&names);
    return since_us;
}

int reference_read_all(struct reference_data *r, const char *brought, const char *store,
                       const char *state, const char *given, reference_fault *fault, void *ctx,
                       size_t *bad, struct err *err)
{
    char dir[LIMIT_PATH_BYTES];
    struct err ignored;
    int64_t since_us;
    size_t rows;

    reference_read(r, brought, fault, ctx, &rows, bad, &ignored);
    snprintf(dir, sizeof dir, "%s/reference", store);
    read_extracts(r, dir, false);
    if (given)
        return reference_read(r, given, fault, ctx, &rows, bad, err);
    snprintf(dir, sizeof dir, "%s/reference", state);
    since_us = read_extracts(r, dir, true);
    read_dir(r, dir, since_us, fault, ctx, &rows, bad, &ignored);
    return 0;
}

/* ---- asking ---- */

static bool valid_at(const struct row *row, const struct record *r)
{
    const struct value *time = &r->column[COLUMN_TIME];

    return time->kind != VALUE_TIME ||
           (row->from_us <= time->integer && time->integer < row->to_us);
}

struct str reference_product(const struct reference_data *r, const struct record *of,
                             struct arena *arena)
{
    struct str model = record_text(of, COLUMN_DEVICE_MODEL);
    struct str version = record_text(of, COLUMN_DEVICE_VERSION);
    struct str from = record_text(of, COLUMN_SSP_FROM);
    struct reference_data *search = (struct reference_data *)(uintptr_t)r;
    uint32_t n;
    char *text;

    if (model.len > 0) {
        text = arena_alloc(arena, model.len + version.len + 2);
        memcpy(text, model.at, model.len);
        text[model.len] = ' ';
        if (version.len)
            memcpy(text + model.len + 1, version.at, version.len);
        return (struct str){text, model.len + (version.len ? version.len + 1 : 0)};
    }
    if (from.len == 0)
        return STR("unknown");
    n = dictionary_find(&search->asids, from);
    for (uint32_t i = n != DICTIONARY_NONE ? r->asid_row[n] : NO_ROW; i != NO_ROW;) {
        const struct row *row = &r->row[KIND_ASID][i];

        if (valid_at(row, of))
            return row->field[2].len > 0 ? row->field[2] : from;
        i = row->before;
    }
    return from;
}

struct str reference_treat_as(const struct reference_data *r, const struct record *of)
{
    struct str iss = record_text(of, COLUMN_JWT_ISS);
    struct str model = record_text(of, COLUMN_DEVICE_MODEL);
    struct str best = STR("person");
    int most = -1;

    for (size_t i = 0; i < r->rows[KIND_PRODUCTS]; i++) {
        const struct row *row = &r->row[KIND_PRODUCTS][i];
        int specific = (row->field[0].len > 0) + (row->field[1].len > 0);

        if (specific > most && valid_at(row, of) &&
            (row->field[0].len == 0 || str_equal(row->field[0], iss)) &&
            (row->field[1].len == 0 || str_equal(row->field[1], model))) {
            most = specific;
            best = row->field[2];
        }
    }
    return best;
}
