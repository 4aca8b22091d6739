/* reference.c - see reference.h. A list that says nothing of validity holds from when it came;
 * the first from the beginning. */
#include "analyzer/reference.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "analyzer/hours.h"
#include "analyzer/rows.h"
#include "base/disk.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/order.h"
#include "record/timestamp.h"

struct reference_data {
    struct rows *rows;
};

struct reference_data *reference_new(void)
{
    struct reference_data *r = xcalloc(1, sizeof *r);

    r->rows = rows_new();
    return r;
}

void reference_free(struct reference_data *r)
{
    if (!r)
        return;
    rows_free(r->rows);
    free(r);
}

size_t reference_kinds(void)
{
    return ROWS_KINDS;
}

const char *reference_kind(size_t i, bool *used)
{
    return rows_file((enum rows_kind)i, used);
}

size_t reference_rows(const struct reference_data *r, size_t kind)
{
    return rows_count(r->rows, (enum rows_kind)kind);
}

bool reference_loaded(const struct reference_data *r, const char *file)
{
    bool used;

    for (int i = 0; i < ROWS_KINDS; i++)
        if (strcmp(rows_file((enum rows_kind)i, &used), file) == 0)
            return rows_count(r->rows, (enum rows_kind)i) > 0;
    return false;
}

void reference_digest(const struct reference_data *r, uint8_t out[HASH_BYTES])
{
    struct hash_sum *sum = hash_sum_new();
    struct buf text = {0};

    for (int k = 0; k < ROWS_KINDS; k++) {
        const struct row *row = rows_all(r->rows, (enum rows_kind)k);
        size_t n = rows_count(r->rows, (enum rows_kind)k);

        for (size_t i = 0; i < n; i++) {
            buf_clear(&text);
            buf_put_u8(&text, (uint8_t)k);
            for (int c = 0; c < ROWS_COLUMNS; c++) {
                buf_put_varint(&text, row[i].field[c].len);
                buf_put_str(&text, row[i].field[c]);
            }
            buf_put_u64(&text, (uint64_t)row[i].from_us);
            buf_put_u64(&text, (uint64_t)row[i].to_us);
            hash_sum_update(sum, buf_str(&text));
        }
    }
    hash_sum_end(sum, out);
    hash_sum_free(sum);
    buf_release(&text);
}

size_t reference_changes(const struct reference_data *r, int64_t **out)
{
    int64_t *list;
    size_t n = 0, kept = 0;

    for (int k = 0; k < ROWS_KINDS; k++)
        n += rows_count(r->rows, (enum rows_kind)k);
    list = xcalloc(2 * n + 1, sizeof *list);
    n = 0;
    for (int k = 0; k < ROWS_KINDS; k++)
        for (size_t i = 0; i < rows_count(r->rows, (enum rows_kind)k); i++) {
            const struct row *row = &rows_all(r->rows, (enum rows_kind)k)[i];

            if (row->from_us != INT64_MIN)
                list[n++] = row->from_us;
            if (row->to_us != INT64_MAX)
                list[n++] = row->to_us;
        }
    if (n > 0)
        qsort(list, n, sizeof *list, order_i64);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || list[i] != list[kept - 1])
            list[kept++] = list[i];
    *out = list;
    return kept;
}

/* ---- reading ---- */

/* The files of a directory; since: from when on the rows of each kind hold. */
static int read_dir(struct reference_data *r, const char *dir,
                    const int64_t since_us[ROWS_KINDS],
                    rows_fault *fault, void *ctx, size_t *rows, size_t *bad,
                    struct err *err)
{
    struct stat st;
    int rc = 0;

    *rows = *bad = 0;
    if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(err, ERR_MISSING, "%s is no directory", dir);
    for (int k = 0; rc == 0 && k < ROWS_KINDS; k++) {
        struct rows_source from = {.dir = dir, .kind = (enum rows_kind)k, .fault = fault,
                                   .ctx = ctx, .since_us = since_us[k]};
        bool used;

        from.file = rows_file(from.kind, &used);
        rc = rows_read(r->rows, &from, err);
        rc = rc == ERR_MISSING ? 0 : rc;
        *rows += from.rows;
        *bad += from.bad;
    }
    return rc;
}

static void from_the_beginning(int64_t since_us[ROWS_KINDS])
{
    for (int k = 0; k < ROWS_KINDS; k++)
        since_us[k] = INT64_MIN;
}

int reference_read(struct reference_data *r, const char *dir, rows_fault *fault, void *ctx,
                   size_t *rows, size_t *bad, struct err *err)
{
    int64_t since_us[ROWS_KINDS];

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
static bool is_followed(struct extract *x, const char *name, enum rows_kind kind)
{
    bool used;
    const char *file = rows_file(kind, &used);
    size_t stem = strlen(file);

    x->name = name;
    if (strncmp(name, file, stem) != 0 || name[stem] != '.')
        return false;
    x->at_us = strtoll(name + stem + 1, NULL, 10);
    return x->at_us > 0;
}

/* The lists of a kind kept in the store, or those of the state that were followed by others:
 * the first holds from the beginning, each other from when it came. Gives the time from which
 * one that came behind them all holds. */
static int64_t read_extracts(struct reference_data *r, const char *dir,
                             enum rows_kind kind, bool state)
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
        struct rows_source from = {.dir = dir, .file = list[i].name, .kind = kind};

        if (!state && i > 0)
            since_us = list[i].at_us;
        from.since_us = since_us;
        rows_read(r->rows, &from, &ignored); /* what cannot be read is left out */
        if (state)
            since_us = list[i].at_us;
    }
    free(list);
    buf_release(&names);
    return since_us;
}

int reference_read_all(struct reference_data *r, const char *brought, const char *store,
                       const char *state, const char *given, rows_fault *fault, void *ctx,
                       size_t *bad, struct err *err)
{
    int64_t since_us[ROWS_KINDS];
    char dir[LIMIT_PATH_BYTES];
    struct err ignored;
    size_t rows;

    reference_read(r, brought, fault, ctx, &rows, bad, &ignored);
    snprintf(dir, sizeof dir, "%s/reference", store);
    read_extracts(r, dir, ROWS_ASID, false);
    if (given)
        return reference_read(r, given, fault, ctx, &rows, bad, err);
    snprintf(dir, sizeof dir, "%s/reference", state);
    from_the_beginning(since_us);
    since_us[ROWS_ASID] = read_extracts(r, dir, ROWS_ASID, true);
    since_us[ROWS_ORGANISATIONS] = read_extracts(r, dir, ROWS_ORGANISATIONS, true);
    read_dir(r, dir, since_us, fault, ctx, &rows, bad, &ignored);
    return 0;
}

/* ---- asking ---- */

static const struct row *asid_of(const struct reference_data *r, const struct record *of)
{
    return rows_find(r->rows, ROWS_ASID, record_text(of, COLUMN_SSP_FROM), of);
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

/* Is the cell empty, which is any, or that text? */
static bool fits(const struct row *row, int c, struct str text)
{
    return row->field[c].len == 0 || str_equal(row->field[c], text);
}

struct str reference_treat_as(const struct reference_data *r, const struct record *of)
{
    struct str iss = record_text(of, COLUMN_JWT_ISS);
    struct str model = record_text(of, COLUMN_DEVICE_MODEL);
    struct str best = STR("person");
    int most = -1;

    for (size_t i = 0; i < rows_count(r->rows, ROWS_PRODUCTS); i++) {
        const struct row *row = &rows_all(r->rows, ROWS_PRODUCTS)[i];
        int specific = (row->field[PRODUCT_ISS].len > 0) + (row->field[PRODUCT_MODEL].len > 0);

        if (specific > most && row_valid(row, of) &&
            fits(row, PRODUCT_ISS, iss) && fits(row, PRODUCT_MODEL, model)) {
            most = specific;
            best = row->field[PRODUCT_TREAT_AS];
        }
    }
    return best;
}

bool reference_products_always(const struct reference_data *r)
{
    for (size_t i = 0; i < rows_count(r->rows, ROWS_PRODUCTS); i++)
        if (rows_all(r->rows, ROWS_PRODUCTS)[i].from_us != INT64_MIN ||
            rows_all(r->rows, ROWS_PRODUCTS)[i].to_us != INT64_MAX)
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
    struct organisation o = {record_text(of, COLUMN_ORG_ODS), record_text(of, COLUMN_ORG_NAME)};
    const struct row *asid;

    if (o.ods.len > 0 && o.name.len > 0)
        return o;
    asid = asid_of(r, of);
    if (o.ods.len == 0)
        o.ods = cell(asid, ASID_ODS);
    if (o.name.len == 0)
        o.name = cell(rows_find(r->rows, ROWS_ORGANISATIONS, o.ods, of), ORG_NAME);
    if (o.name.len == 0 && str_equal(o.ods, cell(asid, ASID_ODS)))
        o.name = cell(asid, ASID_NAME);
    return o;
}

struct str reference_type(const struct reference_data *r, struct str ods,
                          const struct record *at)
{
    return cell(rows_find(r->rows, ROWS_ORGANISATIONS, ods, at), ORG_TYPE);
}

size_t reference_parents(const struct reference_data *r, struct str ods,
                         const struct record *at, struct str out[REFERENCE_PARENTS])
{
    size_t n = 0;

    while (n < REFERENCE_PARENTS) {
        ods = cell(rows_find(r->rows, ROWS_ORGANISATIONS, ods, at), ORG_PARENT);
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
    const struct row *row = rows_find(r->rows, ROWS_CALENDAR, date, at);

    return row && row->field[CALENDAR_NAME].len == 0 ? date : cell(row, CALENDAR_NAME);
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
    return rows_find(r->rows, ROWS_CALENDAR, str_of(date), of) ? 1U << 7 : 1U << c.weekday;
}

bool reference_open(const struct reference_data *r, struct str ods, const struct record *of,
                    const struct zone *zone, bool *open)
{
    const struct value *time = &of->column[COLUMN_TIME];
    const struct row *row = rows_find(r->rows, ROWS_ORGANISATIONS, ods, of);
    int opens = hours_clock(cell(row, ORG_OPENS)), closes = hours_clock(cell(row, ORG_CLOSES));
    struct civil c;
    unsigned days;
    int now;

    if (opens < 0 || closes < 0 || time->kind != VALUE_TIME)
        return false;
    days = hours_days(row->field[ORG_DAYS]);
    civil_local(&c, zone, time->integer);
    now = c.hour * 60 + c.minute;
    if (opens < closes)
        *open = now >= opens && now < closes && (days & day_bit(r, of, &c, 0));
    else /* over midnight, or around the clock */
        *open = (now >= opens && (days & day_bit(r, of, &c, 0))) ||
                (now < closes && (days & day_bit(r, of, &c, 1)));
    return true;
}
