/* reference.c - see reference.h. All rows of a key (an ASID, an organisation, a day) are
 * kept, the later behind the earlier: the latest that is valid at the time of an event holds,
 * so that what is loaded today does not change what was true of last year's calls. A list
 * that says nothing of validity holds from when it came; the first from the beginning. */
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
enum { KIND_ASID, KIND_ORGANISATIONS, KIND_CALENDAR = 7, KIND_PRODUCTS = 8 };
enum { ASID_ODS = 1, ASID_PRODUCT = 2, ASID_NAME = 4, ASID_TYPE = 5 };
enum { ORG_NAME = 1, ORG_TYPE, ORG_PARENT, ORG_OPENS = 5, ORG_CLOSES, ORG_DAYS };

static const struct {
    const char *file;
    bool used;
    const char *column[COLUMNS_MAX]; /* those that are known */
    int must;                        /* the first so many must be there */
} kinds[KINDS] = {
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

struct row {
    struct str field[COLUMNS_MAX];
    int64_t from_us, to_us; /* INT64_MIN, INT64_MAX: open */
    uint32_t before;        /* the row of the same key before this one, NO_ROW */
};
#define NO_ROW UINT32_MAX

/* The rows of a kind by their key, the first column. */
struct by_key {
    struct dictionary keys;
    uint32_t *last; /* row, by number of the key */
    size_t cap;
};

struct reference_data {
    struct row *row[KINDS];
    size_t rows[KINDS], cap[KINDS];
    struct by_key by_key[KINDS];
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
    for (int i = 0; i < KINDS; i++) {
        free(r->row[i]);
        dictionary_release(&r->by_key[i].keys);
        free(r->by_key[i].last);
    }
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

bool reference_loaded(const struct reference_data *r, const char *file)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].file, file) == 0)
            return r->rows[i] > 0;
    return false;
}

/* ---- reading ---- */

struct reading {
    struct reference_data *r;
    int kind;
    const char *file;
    int64_t since_us; /* rows that say nothing else hold from then on: all ASIDs, and of
                       * organisations those that were listed before */
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

/* "HH:MM" as minutes, 24:00 among them; -1: it is none. */
static int clock_of(struct str s)
{
    int hour, minute;

    if (s.len != 5 || s.at[2] != ':')
        return -1;
    for (int i = 0; i < 5; i++)
        if (i != 2 && (s.at[i] < '0' || s.at[i] > '9'))
            return -1;
    hour = (s.at[0] - '0') * 10 + s.at[1] - '0';
    minute = (s.at[3] - '0') * 10 + s.at[4] - '0';
    return minute > 59 || hour * 60 + minute > 24 * 60 ? -1 : hour * 60 + minute;
}

/* Days like 1-5 or 1-4,6 as a bit each, 1 << 1 for Monday; all where there are none said.
 * 0: it is no such list. */
static unsigned days_of(struct str s)
{
    unsigned days = 0;
    size_t i = 0;

    while (i < s.len) {
        int from = s.at[i] - '0', to = from;

        if (i + 2 < s.len && s.at[i + 1] == '-') {
            to = s.at[i + 2] - '0';
            i += 2;
        }
        if (from < 1 || to > 7 || from > to || (i + 1 < s.len && s.at[i + 1] != ','))
            return 0;
        for (int d = from; d <= to; d++)
            days |= 1U << d;
        i += 2;
    }
    return s.len == 0 ? 0xfe : days;
}

static bool is_day(struct str s)
{
    char text[32];
    int64_t ignored;

    if (s.len != 10)
        return false;
    snprintf(text, sizeof text, "%.*sT00:00:00Z", STR_ARG(s));
    return timestamp_parse(str_of(text), &ignored);
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
static const char *fault_of(int kind, int c, struct str s)
{
    const char *name = kinds[kind].column[c];

    if (c < kinds[kind].must && s.len == 0 && kind != KIND_PRODUCTS)
        return "this cell must not be empty";
    if (strcmp(name, "nhs_number") == 0 && s.len > 0 &&
        !(s.len == 10 && nhs_number_good(s.at)))
        return "this is no NHS number";
    if (strcmp(name, "treat_as") == 0 && !good_treatment(s))
        return "one of person, system, placeholder, volatile-sub";
    if (strcmp(name, "date") == 0 && !is_day(s))
        return "a day is written YYYY-MM-DD";
    if (kind == KIND_ORGANISATIONS && (c == ORG_OPENS || c == ORG_CLOSES) && s.len > 0 &&
        clock_of(s) < 0)
        return "a time of day is written HH:MM";
    if (kind == KIND_ORGANISATIONS && c == ORG_DAYS && days_of(s) == 0)
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

static void index_row(struct reading *d, struct row *row, uint32_t place)
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
    if (row->before == NO_ROW && d->kind == KIND_ORGANISATIONS && row->from_us == d->since_us)
        row->from_us = INT64_MIN; /* it supersedes nothing */
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
    index_row(d, &row, (uint32_t)r->rows[d->kind]);
    r->row[d->kind][r->rows[d->kind]++] = row;
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

/* The files of a directory; since: from when on the rows of each kind hold. */
static int read_dir(struct reference_data *r, const char *dir, const int64_t since_us[KINDS],
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
                            .ctx = ctx, .since_us = since_us[k]};

        rc = read_file(&d, dir, err);
        rc = rc == ERR_MISSING ? 0 : rc;
        *rows += d.rows;
        *bad += d.bad;
    }
    return rc;
}

static void from_the_beginning(int64_t since_us[KINDS])
{
    for (int k = 0; k < KINDS; k++)
        since_us[k] = INT64_MIN;
}

int reference_read(struct reference_data *r, const char *dir, reference_fault *fault, void *ctx,
                   size_t *rows, size_t *bad, struct err *err)
{
    int64_t since_us[KINDS];

    from_the_beginning(since_us);
    return read_dir(r, dir, since_us, fault, ctx, rows, bad, err);
}

/* ---- lists that came one after the other ---- */

/* A list that was kept, and when it came or, in the state, was followed by another. */
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

/* The day and time of the extract, the last in a name like
 * gpcanalytics-asidlookup-FROM-TO-cloud-20210430T120000.csv, taken as UTC. */
static bool extract_date(struct str name, int64_t *us)
{
    enum { STAMP = 15 };
    char text[TIMESTAMP_BYTES + 8];

    for (size_t at = name.len; at-- > STAMP;) {
        const char *s = name.at + at - STAMP;

        if (s[-1] == '-' && s[8] == 'T' && s[STAMP] == '.') {
            snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", s, s + 4, s + 6,
                     s + 9, s + 11, s + 13);
            return timestamp_parse(str_of(text), us);
        }
    }
    return false;
}

/* What the collector wrote beside the list: the date in its name, else its receipt. */
static bool noted_time(const char *path, int64_t *us)
{
    char note[LIMIT_PATH_BYTES];
    struct buf text = {0};
    struct err ignored;
    struct str rest;
    bool found = false;

    snprintf(note, sizeof note, "%.*s.txt", (int)strlen(path) - 4, path);
    if (disk_read_all(note, LIMIT_PATH_BYTES, &text, &ignored) == 0)
        for (rest = buf_str(&text); rest.len > 0 && !found;) {
            size_t end = str_index(rest, '\n');
            struct str line = str_part(rest, 0, end);

            rest = str_part(rest, end + (end < rest.len), rest.len);
            if (str_starts(line, STR("name ")))
                found = extract_date(line, us);
            else if (str_starts(line, STR("received ")) && line.len < 32) {
                *us = strtoll(line.at + 9, NULL, 10) * 1000000; /* ends before the \n */
                found = *us > 0;
            }
        }
    buf_release(&text);
    return found;
}

/* One of the lists of ASIDs that the collector keeps in the store? */
static bool is_stored(struct extract *x, const char *dir, const char *name)
{
    size_t len = strlen(name);
    char path[LIMIT_PATH_BYTES];
    struct stat st;

    x->name = name;
    if (len < 4 || strcmp(name + len - 4, ".csv") != 0 ||
        snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path ||
        stat(path, &st) < 0)
        return false;
    if (!noted_time(path, &x->at_us))
        x->at_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    return true;
}

/* One of the lists of the kind in the state that others followed, like asid.csv.TIME, in
 * microseconds since 1970? */
static bool is_followed(struct extract *x, const char *name, int kind)
{
    size_t stem = strlen(kinds[kind].file);

    x->name = name;
    if (strncmp(name, kinds[kind].file, stem) != 0 || name[stem] != '.')
        return false;
    x->at_us = strtoll(name + stem + 1, NULL, 10);
    return x->at_us > 0;
}

/* The lists of a kind kept in the store, or those of the state that were followed by others:
 * the first holds from the beginning, each other from when it came. Gives the time from which
 * one that came behind them all holds. */
static int64_t read_extracts(struct reference_data *r, const char *dir, int kind, bool state)
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
        n += state ? is_followed(&list[n], name, kind) : is_stored(&list[n], dir, name);
    if (n > 0)
        qsort(list, n, sizeof *list, by_time);
    for (size_t i = 0; i < n; i++) {
        struct reading d = {.r = r, .kind = kind, .file = list[i].name};

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
    int64_t since_us[KINDS];
    char dir[LIMIT_PATH_BYTES];
    struct err ignored;
    size_t rows;

    reference_read(r, brought, fault, ctx, &rows, bad, &ignored);
    snprintf(dir, sizeof dir, "%s/reference", store);
    read_extracts(r, dir, KIND_ASID, false);
    if (given)
        return reference_read(r, given, fault, ctx, &rows, bad, err);
    snprintf(dir, sizeof dir, "%s/reference", state);
    from_the_beginning(since_us);
    since_us[KIND_ASID] = read_extracts(r, dir, KIND_ASID, true);
    since_us[KIND_ORGANISATIONS] = read_extracts(r, dir, KIND_ORGANISATIONS, true);
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

/* The row of the key that held then; NULL: none. */
static const struct row *row_of(const struct reference_data *r, int kind, struct str key,
                                const struct record *at)
{
    /* looking builds the dictionary's index where there is none yet */
    struct by_key *k = &((struct reference_data *)(uintptr_t)r)->by_key[kind];
    uint32_t n = key.len ? dictionary_find(&k->keys, key) : DICTIONARY_NONE;

    for (uint32_t i = n != DICTIONARY_NONE ? k->last[n] : NO_ROW; i != NO_ROW;) {
        const struct row *row = &r->row[kind][i];

        if (valid_at(row, at))
            return row;
        i = row->before;
    }
    return NULL;
}

static const struct row *asid_of(const struct reference_data *r, const struct record *of)
{
    return row_of(r, KIND_ASID, record_text(of, COLUMN_SSP_FROM), of);
}

static struct str cell(const struct row *row, int c)
{
    return row ? row->field[c] : STR("");
}

struct str reference_product(const struct reference_data *r, const struct record *of,
                             struct arena *arena)
{
    struct str model = record_text(of, COLUMN_DEVICE_MODEL);
    struct str version = record_text(of, COLUMN_DEVICE_VERSION);
    struct str from = record_text(of, COLUMN_SSP_FROM);
    struct str product;
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
    product = cell(asid_of(r, of), ASID_PRODUCT);
    return product.len > 0 ? product : from;
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

bool reference_products_always(const struct reference_data *r)
{
    for (size_t i = 0; i < r->rows[KIND_PRODUCTS]; i++)
        if (r->row[KIND_PRODUCTS][i].from_us != INT64_MIN ||
            r->row[KIND_PRODUCTS][i].to_us != INT64_MAX)
            return false;
    return true;
}

struct str reference_asid_ods(const struct reference_data *r, const struct record *of)
{
    return cell(asid_of(r, of), ASID_ODS);
}

struct str reference_asid_type(const struct reference_data *r, const struct record *of)
{
    return cell(asid_of(r, of), ASID_TYPE);
}

struct organisation reference_organisation(const struct reference_data *r,
                                           const struct record *of)
{
    const struct row *asid = asid_of(r, of);
    struct organisation o = {record_text(of, COLUMN_ORG_ODS), record_text(of, COLUMN_ORG_NAME)};

    if (o.ods.len == 0)
        o.ods = cell(asid, ASID_ODS);
    if (o.name.len == 0)
        o.name = cell(row_of(r, KIND_ORGANISATIONS, o.ods, of), ORG_NAME);
    if (o.name.len == 0 && str_equal(o.ods, cell(asid, ASID_ODS)))
        o.name = cell(asid, ASID_NAME);
    return o;
}

struct str reference_type(const struct reference_data *r, struct str ods,
                          const struct record *at)
{
    return cell(row_of(r, KIND_ORGANISATIONS, ods, at), ORG_TYPE);
}

size_t reference_parents(const struct reference_data *r, struct str ods,
                         const struct record *at, struct str out[REFERENCE_PARENTS])
{
    size_t n = 0;

    while (n < REFERENCE_PARENTS) {
        ods = cell(row_of(r, KIND_ORGANISATIONS, ods, at), ORG_PARENT);
        if (ods.len == 0)
            break;
        out[n++] = ods;
    }
    return n;
}

/* ---- time ---- */

struct str reference_holiday(const struct reference_data *r, struct str date,
                             const struct record *at)
{
    const struct row *row = row_of(r, KIND_CALENDAR, date, at);

    return row && row->field[1].len == 0 ? row->field[0] : cell(row, 1);
}

/* The day `ago` days before that of the record, as organisations count: a bank holiday is
 * a Sunday. */
static unsigned day_bit(const struct reference_data *r, const struct record *of,
                        const struct civil *local, int ago)
{
    int64_t days = civil_to_days(local->year, local->month, local->day) - ago;
    struct civil c;
    char date[16];

    civil_from_seconds(&c, days * 86400);
    snprintf(date, sizeof date, "%04d-%02d-%02d", c.year % 10000, c.month % 100, c.day % 100);
    return row_of(r, KIND_CALENDAR, str_of(date), of) ? 1U << 7 : 1U << c.weekday;
}

bool reference_open(const struct reference_data *r, struct str ods, const struct record *of,
                    const struct zone *zone, bool *open)
{
    const struct value *time = &of->column[COLUMN_TIME];
    const struct row *row = row_of(r, KIND_ORGANISATIONS, ods, of);
    int opens = clock_of(cell(row, ORG_OPENS)), closes = clock_of(cell(row, ORG_CLOSES));
    struct civil c;
    unsigned days;
    int now;

    if (opens < 0 || closes < 0 || time->kind != VALUE_TIME)
        return false;
    days = days_of(row->field[ORG_DAYS]);
    civil_local(&c, zone, time->integer);
    now = c.hour * 60 + c.minute;
    if (opens < closes)
        *open = now >= opens && now < closes && (days & day_bit(r, of, &c, 0));
    else /* over midnight, or around the clock */
        *open = (now >= opens && (days & day_bit(r, of, &c, 0))) ||
                (now < closes && (days & day_bit(r, of, &c, 1)));
    return true;
}
