/* table.c - see table.h. What SQLite asks for is handed to the scan where the scan knows
 * it (time, patient, user, organisation, practice, trace, status, seq); SQLite checks all
 * of it again but the patient, whose number it may not see. Where it groups or sorts by
 * columns of few values and uses no others, it is given each combination as often as there
 * are rows of it, in order (counted.h), and need not sort them. */
#include "trail/table.h"

#ifdef GPCA_EXTENSION
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1
#else
#include <sqlite3.h>
#endif

#include "base/mem.h"
#include "base/zone.h"
#include "record/nhs_number.h"
#include "record/mask.h"
#include "record/reference.h"
#include "record/shown.h"
#include "record/timestamp.h"
#include "trail/counted.h"
#include "trail/scan.h"

struct table {
    sqlite3_vtab base; /* must be first */
    struct trail *trail;
    const struct table_options *options;
    void (*release)(struct table *t); /* of what the table itself opened; NULL: nothing */
};

struct table_cursor {
    sqlite3_vtab_cursor base; /* must be first */
    struct scan scan;
    bool begun, end, nothing;
    struct scan_filter filter;
    bool wanted[COLUMN_COUNT], surely[COLUMN_COUNT]; /* the latter without those of bit 63 */
    bool partly;              /* the record has only what the index does */
    struct str patient_shown; /* asked for by mask and reference */
    struct counted_order order[COLUMN_COUNT];
    size_t orders;            /* 0: the rows themselves are given */
    struct counted counted;
    size_t at;                /* in counted */
    uint64_t given;           /* of its rows */
    struct record record;
    struct arena asked, arena;
};

struct module {
    struct trail *trail;
    const struct table_options *options;
};

static int declare(sqlite3 *db)
{
    struct buf sql = {0};
    int rc;

    buf_put_text(&sql, "CREATE TABLE audit(");
    for (int c = 0; c < COLUMN_COUNT; c++)
        buf_printf(&sql, "%s\"%s\" %s", c ? "," : "", column_name((enum column)c),
                   column_kind((enum column)c) == VALUE_NUMBER ? "REAL"
                   : column_kind((enum column)c) == VALUE_TEXT ||
                           column_kind((enum column)c) == VALUE_LIST
                       ? "TEXT"
                       : "INTEGER");
    buf_put_text(&sql, ")");
    buf_put_u8(&sql, 0);
    rc = sqlite3_declare_vtab(db, sql.at);
    buf_release(&sql);
    return rc;
}

static int connect_table(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **error)
{
    const struct module *m = aux;
    struct table *t;
    int rc = declare(db);

    (void)argc;
    (void)argv;
    (void)error;
    if (rc != SQLITE_OK)
        return rc;
    t = xcalloc(1, sizeof *t);
    t->trail = m->trail;
    t->options = m->options;
    *out = &t->base;
    return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *base)
{
    struct table *t = (struct table *)base;

    if (t->release)
        t->release(t);
    free(t);
    return SQLITE_OK;
}

/* ---- what is handed to the scan ---- */

static bool is_known(int column, int op)
{
    bool equal = op == SQLITE_INDEX_CONSTRAINT_EQ;
    bool above = op == SQLITE_INDEX_CONSTRAINT_GT || op == SQLITE_INDEX_CONSTRAINT_GE;
    bool below = op == SQLITE_INDEX_CONSTRAINT_LT || op == SQLITE_INDEX_CONSTRAINT_LE;

    if (column == COLUMN_TIME || column == COLUMN_SEQ || column == COLUMN_HTTP_STATUS)
        return equal || above || below;
    return equal && (column == COLUMN_PATIENT_NHS_NUMBER || column == COLUMN_USER_KEY ||
                     column == COLUMN_ORG_ODS || column == COLUMN_PRACTICE_ODS ||
                     column == COLUMN_SSP_TRACE_ID);
}

/* Are only columns used that can be counted? Bit 63 stands for all from 63 on. */
static bool can_count(sqlite3_uint64 used)
{
    for (int i = 0; i < 64; i++)
        if (used >> i & 1 && (i == 63 || !counted_has((enum column)i)))
            return false;
    return true;
}

enum { USED_DIGITS = 16 };
_Static_assert(COLUMN_GPC_PROFILE < 63, "small columns have bits of their own");

/* Does the scan find all that is equal in that collation? It compares organisations, practices
 * and traces without case. */
static bool is_compared_so(int column, const char *collation)
{
    bool no_case = column == COLUMN_ORG_ODS || column == COLUMN_PRACTICE_ODS ||
                   column == COLUMN_SSP_TRACE_ID;

    return sqlite3_stricmp(collation, "BINARY") == 0 ||
           (no_case && sqlite3_stricmp(collation, "NOCASE") == 0);
}

/* Conditions that the scan knows, as pairs: column + 1, operator; in the order of the
 * arguments. Returns how many rows they leave, by guess. */
static double take_conditions(sqlite3_index_info *info, char **to)
{
    double rows = 1e6;

    for (int i = 0; i < info->nConstraint; i++) {
        int column = info->aConstraint[i].iColumn;
        int op = info->aConstraint[i].op;

        if (!info->aConstraint[i].usable || column < 0 || !is_known(column, op) ||
            !is_compared_so(column, sqlite3_vtab_collation(info, i)))
            continue;
        *(*to)++ = (char)(column + 1);
        *(*to)++ = (char)op;
        info->aConstraintUsage[i].argvIndex = ++info->idxNum;
        info->aConstraintUsage[i].omit = column == COLUMN_PATIENT_NHS_NUMBER;
        rows /= column == COLUMN_PATIENT_NHS_NUMBER || column == COLUMN_SSP_TRACE_ID ? 1e5
                : column == COLUMN_USER_KEY                                          ? 1e4
                : op == SQLITE_INDEX_CONSTRAINT_EQ                                   ? 100
                                                                                     : 4;
    }
    return rows < 1 ? 1 : rows;
}

/* The order asked for, as pairs: column + 1, whether it goes down; where rows can be counted.
 * seq and time are no columns of few values, and a rowid is neither. */
static void take_order(sqlite3_index_info *info, char **to)
{
    sqlite3_uint64 used = info->nOrderBy > COLUMN_COUNT ? UINT64_MAX : info->colUsed;

    for (int i = 0; i < info->nOrderBy; i++)
        if (info->aOrderBy[i].iColumn < 0 || info->aOrderBy[i].iColumn >= 63)
            return;
        else
            used |= 1ULL << info->aOrderBy[i].iColumn;
    if (!can_count(used))
        return;
    for (int i = 0; i < info->nOrderBy; i++) {
        *(*to)++ = (char)(info->aOrderBy[i].iColumn + 1);
        *(*to)++ = info->aOrderBy[i].desc ? 'd' : 'u';
        info->orderByConsumed = 1;
    }
}

/* The columns used as in colUsed, in hexadecimal; idxNum conditions; the order. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    size_t room = USED_DIGITS + 2 * (size_t)(info->nConstraint + info->nOrderBy) + 1;
    char *to;

    (void)base;
    info->idxStr = sqlite3_malloc((int)room);
    if (!info->idxStr)
        return SQLITE_NOMEM;
    info->needToFreeIdxStr = 1;
    sqlite3_snprintf(USED_DIGITS + 1, info->idxStr, "%016llx", info->colUsed);
    to = info->idxStr + USED_DIGITS;
    info->idxNum = 0;
    info->estimatedCost = take_conditions(info, &to);
    info->estimatedRows = (sqlite3_int64)info->estimatedCost;
    take_order(info, &to);
    *to = '\0';
    return SQLITE_OK;
}

static struct str text_of(sqlite3_value *v, struct arena *arena)
{
    const char *text = (const char *)sqlite3_value_text(v);

    return text ? arena_copy(arena, (struct str){text, (size_t)sqlite3_value_bytes(v)})
                : (struct str){NULL, 0};
}

/* A bound on a whole number: [*low, *high] shrinks to it. */
static void bound(int64_t *low, int64_t *high, int op, int64_t v)
{
    if (op == SQLITE_INDEX_CONSTRAINT_GT && v < INT64_MAX)
        v++;
    if (op == SQLITE_INDEX_CONSTRAINT_LT && v > INT64_MIN)
        v--;
    if (op != SQLITE_INDEX_CONSTRAINT_LT && op != SQLITE_INDEX_CONSTRAINT_LE && v > *low)
        *low = v;
    if (op != SQLITE_INDEX_CONSTRAINT_GT && op != SQLITE_INDEX_CONSTRAINT_GE && v < *high)
        *high = v;
}

static void time_bound(struct scan_filter *f, int op, int64_t us)
{
    int64_t low = f->has_since ? f->since_us : INT64_MIN;
    int64_t high = f->has_until ? f->until_us - 1 : INT64_MAX;

    bound(&low, &high, op, us);
    f->has_since = low != INT64_MIN;
    f->since_us = low;
    f->has_until = high != INT64_MAX;
    f->until_us = high + (high != INT64_MAX);
}

static void number_bound(struct table_cursor *c, int column, int op, sqlite3_value *v)
{
    int64_t low = column == COLUMN_SEQ ? (int64_t)c->filter.first_seq
                  : c->filter.has_status ? c->filter.status_min : INT64_MIN;
    int64_t high = column == COLUMN_SEQ ? (c->filter.last_seq > INT64_MAX
                                               ? INT64_MAX : (int64_t)c->filter.last_seq)
                   : c->filter.has_status ? c->filter.status_max : INT64_MAX;

    if (sqlite3_value_type(v) != SQLITE_INTEGER)
        return; /* SQLite's own comparison decides */
    bound(&low, &high, op, sqlite3_value_int64(v));
    if (column == COLUMN_SEQ) {
        c->filter.first_seq = (uint64_t)low;
        c->filter.last_seq = (uint64_t)(high < 0 ? 0 : high);
        c->nothing |= high < low;
    } else {
        c->filter.has_status = true;
        c->filter.status_min = low;
        c->filter.status_max = high;
    }
}

/* Ten digits, or a mask and a reference. Anything else is no patient's. */
static void patient_is(struct table_cursor *c, struct str text)
{
    if (text.len == 10 && c->filter.patient.len == 0 && c->patient_shown.len == 0)
        c->filter.patient = text;
    else if (text.len > 10 && c->filter.patient.len == 0 && c->patient_shown.len == 0)
        c->patient_shown = text;
    else
        c->nothing = true;
}

static void text_is(struct table_cursor *c, struct str *of_filter, struct str text)
{
    bool user = of_filter == &c->filter.user;

    if (!text.at || text.len == 0 ||
        (of_filter->len > 0 && !(user ? str_equal(*of_filter, text)
                                      : str_equal_nocase(*of_filter, text))))
        c->nothing = true;
    else
        *of_filter = text;
}

/* False: a time is compared with a text, which no number ever equals. */
static bool condition(struct table_cursor *c, int column, int op, sqlite3_value *v)
{
    struct str text;

    if (column == COLUMN_SEQ || column == COLUMN_HTTP_STATUS) {
        number_bound(c, column, op, v);
        return true;
    }
    if (column == COLUMN_TIME) {
        if (sqlite3_value_type(v) == SQLITE_INTEGER)
            time_bound(&c->filter, op, sqlite3_value_int64(v));
        return sqlite3_value_type(v) != SQLITE_TEXT;
    }
    text = text_of(v, &c->asked);
    if (column == COLUMN_PATIENT_NHS_NUMBER)
        patient_is(c, text);
    else if (column == COLUMN_USER_KEY)
        text_is(c, &c->filter.user, text);
    else if (column == COLUMN_ORG_ODS)
        text_is(c, &c->filter.org, text);
    else if (column == COLUMN_PRACTICE_ODS)
        text_is(c, &c->filter.practice, text);
    else
        text_is(c, &c->filter.trace, text);
    return true;
}

/* ---- rows ---- */

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    struct table_cursor *c = xcalloc(1, sizeof *c);

    (void)base;
    *out = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    struct table_cursor *c = (struct table_cursor *)base;

    if (c->begun)
        scan_end(&c->scan);
    counted_release(&c->counted);
    arena_release(&c->asked);
    arena_release(&c->arena);
    free(c);
    return SQLITE_OK;
}

/* The patient of the record as a masked table shows it. */
static struct str patient_shown(const struct table *t, struct table_cursor *c)
{
    const struct value *number = &c->record.column[COLUMN_PATIENT_NHS_NUMBER];
    struct buf shown = {0};
    struct str s;

    mask_number(&shown, number->text);
    buf_put_text(&shown, " ");
    buf_put_str(&shown, t->options->reference(t->options->ctx, number->text, &c->arena));
    s = arena_copy(&c->arena, buf_str(&shown));
    buf_release(&shown);
    return s;
}

static int failed(sqlite3_vtab *base, const char *text)
{
    sqlite3_free(base->zErrMsg);
    base->zErrMsg = sqlite3_mprintf("%s", text);
    return SQLITE_ERROR;
}

/* The same row again, or the next of another kind. */
static void next_counted(struct table_cursor *c)
{
    if (c->at < c->counted.rows && c->given++ < c->counted.row[c->at].count)
        return;
    c->end = ++c->at >= c->counted.rows;
    c->given = 1;
    if (!c->end)
        counted_fill(&c->counted, c->at, &c->record);
}

static int next_row(sqlite3_vtab_cursor *base)
{
    struct table_cursor *c = (struct table_cursor *)base;
    struct table *t = (struct table *)base->pVtab;
    struct err err;
    int rc;

    if (c->nothing) {
        c->end = true;
        return SQLITE_OK;
    }
    if (c->orders > 0) {
        next_counted(c);
        return SQLITE_OK;
    }
    do {
        arena_reset(&c->arena);
        rc = scan_next(&c->scan, &c->record, &err);
    } while (rc > 0 && c->patient_shown.len > 0 &&
             (c->record.column[COLUMN_PATIENT_NHS_NUMBER].kind != VALUE_TEXT ||
              !str_equal(patient_shown(t, c), c->patient_shown)));
    c->end = rc == 0;
    c->partly = c->scan.by_index;
    return rc < 0 ? failed(base->pVtab, err.text) : SQLITE_OK;
}

/* Count all rows, where an order was asked for. */
static int count_rows(struct table_cursor *c, const struct table *t, struct err *err)
{
    counted_release(&c->counted);
    c->at = SIZE_MAX; /* before the first */
    for (size_t i = 0; i < c->orders; i++)
        c->wanted[c->order[i].column] = true;
    if (c->orders == 0 || c->nothing)
        return 0;
    return counted_take(&c->counted, &c->scan, c->wanted, t->options->reveal, c->order,
                        c->orders, t->options->stop, t->options->ctx, err);
}

static void take_order_text(struct table_cursor *c, const char *pairs)
{
    for (c->orders = 0; *pairs; pairs += 2)
        c->order[c->orders++] = (struct counted_order){
            (enum column)((unsigned char)pairs[0] - 1), pairs[1] == 'd'};
}

static void take_used(struct table_cursor *c, const char *hex, bool reveal)
{
    sqlite3_uint64 used = 0;

    for (int i = 0; i < USED_DIGITS; i++)
        used = used << 4 | (sqlite3_uint64)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        c->wanted[i] = used >> (i < 63 ? i : 63) & 1;
        c->surely[i] = c->wanted[i] && i < 63;
    }
    for (int i = 0; i < COLUMN_COUNT && !reveal; i++)
        if (c->wanted[i] && shown_by_patient((enum column)i)) /* masked by the own number */
            c->wanted[COLUMN_PATIENT_NHS_NUMBER] = c->surely[COLUMN_PATIENT_NHS_NUMBER] = true;
    c->filter = (struct scan_filter){.last_seq = UINT64_MAX, .wanted = c->wanted,
                                     .surely = c->surely};
}

static int filter_rows(sqlite3_vtab_cursor *base, int n, const char *conditions, int argc,
                       sqlite3_value **argv)
{
    struct table_cursor *c = (struct table_cursor *)base;
    struct table *t = (struct table *)base->pVtab;
    struct err err;

    if (c->begun)
        scan_end(&c->scan);
    arena_reset(&c->asked);
    take_used(c, conditions, t->options->reveal);
    conditions += USED_DIGITS;
    take_order_text(c, conditions + 2 * (size_t)n);
    c->patient_shown = (struct str){NULL, 0};
    c->nothing = c->partly = false;
    for (int i = 0; i < n && i < argc; i++)
        if (!condition(c, (unsigned char)conditions[2 * i] - 1,
                       (unsigned char)conditions[2 * i + 1], argv[i]))
            return failed(base->pVtab, "time is a number of microseconds in SQL: write"
                          " us('2026-04-01T00:00:00Z')");
    scan_begin(&c->scan, t->trail, &c->filter, t->options->zone);
    c->begun = true;
    return count_rows(c, t, &err) < 0 ? failed(base->pVtab, err.text) : next_row(base);
}

static int at_end(sqlite3_vtab_cursor *base)
{
    return ((struct table_cursor *)base)->end;
}

static void give_text(sqlite3_context *ctx, struct str s)
{
    sqlite3_result_text64(ctx, s.at, s.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int give_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int number)
{
    struct table_cursor *c = (struct table_cursor *)base;
    const struct table *t = (const struct table *)base->pVtab;
    enum column column = (enum column)number;
    const struct value *v = &c->record.column[column];
    const struct value *patient = &c->record.column[COLUMN_PATIENT_NHS_NUMBER];
    struct buf shown = {0};
    struct err err;

    if (c->partly && !index_has(column)) {
        c->partly = false;
        if (scan_complete(&c->scan, &c->record, &err) < 0)
            return failed(base->pVtab, err.text);
    }
    if (column == COLUMN_PATIENT_REF && patient->kind == VALUE_TEXT) {
        give_text(ctx, t->options->reference(t->options->ctx, patient->text, &c->arena));
    } else if (v->kind == VALUE_MISSING) {
        sqlite3_result_null(ctx);
    } else if (v->kind == VALUE_INTEGER || v->kind == VALUE_TIME || v->kind == VALUE_TRUTH) {
        sqlite3_result_int64(ctx, v->integer);
    } else if (v->kind == VALUE_NUMBER) {
        sqlite3_result_double(ctx, v->number);
    } else if (column == COLUMN_PATIENT_NHS_NUMBER && !t->options->reveal) {
        give_text(ctx, patient_shown(t, c));
    } else {
        shown_value(&shown, &c->record, column, t->options->reveal);
        give_text(ctx, buf_str(&shown));
    }
    buf_release(&shown);
    return SQLITE_OK;
}

/* SQLite does not say that a rowid is used when it asks for an order. */
static int give_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    const struct table_cursor *c = (const struct table_cursor *)base;

    if (c->orders > 0)
        return failed(base->pVtab, "rows that are grouped have no rowid: use seq");
    *out = c->record.column[COLUMN_SEQ].integer;
    return SQLITE_OK;
}

static const sqlite3_module module = {.xConnect = connect_table,
                                      .xBestIndex = best_index,
                                      .xDisconnect = disconnect_table,
                                      .xDestroy = disconnect_table,
                                      .xOpen = open_cursor,
                                      .xClose = close_cursor,
                                      .xFilter = filter_rows,
                                      .xNext = next_row,
                                      .xEof = at_end,
                                      .xColumn = give_column,
                                      .xRowid = give_rowid};

/* ---- times ---- */

/* rfc3339(us): the text of a time; us(text): the time of a text. */
static void print_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char time[TIMESTAMP_BYTES + 8];
    int64_t us = sqlite3_value_int64(argv[0]);

    (void)argc;
    if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER || !timestamp_good(us))
        return; /* NULL */
    timestamp_print(time, us);
    give_text(ctx, str_of(time));
}

static void parse_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct str text = {(const char *)sqlite3_value_text(argv[0]),
                       (size_t)sqlite3_value_bytes(argv[0])};
    int64_t us;

    (void)argc;
    if (!text.at)
        return;
    if (timestamp_parse(text, &us))
        sqlite3_result_int64(ctx, us);
    else
        sqlite3_result_error(ctx, "us() takes RFC 3339, like '2026-04-01T00:00:00Z'", -1);
}

static int bring_functions(sqlite3 *db)
{
    int how = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    int rc = sqlite3_create_function(db, "rfc3339", 1, how, NULL, print_time, NULL, NULL);

    return rc == SQLITE_OK ? sqlite3_create_function(db, "us", 1, how, NULL, parse_time, NULL,
                                                     NULL)
                           : rc;
}

int table_bring(void *sqlite, struct trail *t, const struct table_options *o, struct err *err)
{
    struct module *m = xmalloc(sizeof *m);
    sqlite3_stmt *first = NULL;

    *m = (struct module){t, o};
    /* Naming the table once connects it, before a guard forbids that. */
    if (sqlite3_create_module_v2(sqlite, "audit", &module, m, free) != SQLITE_OK ||
        bring_functions(sqlite) != SQLITE_OK ||
        sqlite3_prepare_v2(sqlite, "SELECT seq FROM audit", -1, &first, NULL) != SQLITE_OK ||
        sqlite3_finalize(first) != SQLITE_OK)
        return err_set(err, ERR_IO, "SQLite refuses the table: %s", sqlite3_errmsg(sqlite));
    return 0;
}

#ifdef GPCA_EXTENSION

/* ---- the extension: a table that opens its store itself ---- */

struct opened {
    struct table_options options;
    struct zone *zone;
    uint8_t key[HASH_BYTES];
};

static struct str own_reference(const void *ctx, struct str number, struct arena *arena)
{
    return reference_of(((const struct opened *)ctx)->key, number, arena);
}

static bool never_stop(const void *ctx)
{
    (void)ctx;
    return false;
}

static void release_opened(struct table *t)
{
    struct opened *o = (struct opened *)(uintptr_t)t->options->ctx;

    trail_close(t->trail);
    zone_free(o->zone);
    free(o);
}

/* The analyzer's key, so that references agree with its answers; else one of our own. */
static void take_key(struct opened *o, const char *dir)
{
    char path[LIMIT_PATH_BYTES];
    struct buf key = {0};
    struct err ignored;

    hash_random(o->key, sizeof o->key);
    if (segment_path(path, dir, "analyzer/pseudonym", &ignored) == 0 &&
        disk_read_all(path, HASH_BYTES, &key, &ignored) == 0 && key.len == HASH_BYTES)
        memcpy(o->key, key.at, HASH_BYTES);
    buf_release(&key);
}

/* The argument 'DIR', without its quotes. */
static bool directory_of(char out[LIMIT_PATH_BYTES], const char *argument)
{
    size_t len = strlen(argument);
    bool quoted = len >= 2 && (argument[0] == '\'' || argument[0] == '"') &&
                  argument[len - 1] == argument[0];

    return snprintf(out, LIMIT_PATH_BYTES, "%.*s", (int)(quoted ? len - 2 : len),
                    argument + quoted) < LIMIT_PATH_BYTES;
}

static int open_table(sqlite3 *db, void *aux, int argc, const char *const *argv,
                      sqlite3_vtab **out, char **error)
{
    char dir[LIMIT_PATH_BYTES];
    struct trail *trail = NULL;
    struct zone *zone = NULL;
    struct opened *o;
    struct table *t;
    struct err err;

    (void)aux;
    if (argc != 4 || !directory_of(dir, argv[3])) {
        *error = sqlite3_mprintf("say which store: USING gpca('DIR')");
        return SQLITE_ERROR;
    }
    if (zone_load(&zone, "Europe/London", &err) < 0 || trail_open(&trail, dir, &err) < 0) {
        zone_free(zone);
        *error = sqlite3_mprintf("%s", err.text);
        return SQLITE_ERROR;
    }
    o = xcalloc(1, sizeof *o);
    o->zone = zone;
    o->options = (struct table_options){false, zone, own_reference, never_stop, o};
    take_key(o, dir);
    t = xcalloc(1, sizeof *t);
    t->trail = trail;
    t->options = &o->options;
    t->release = release_opened;
    *out = &t->base;
    return declare(db);
}

__attribute__((visibility("default"))) int sqlite3_gpca_init(sqlite3 *db, char **error,
                                                             const sqlite3_api_routines *api);

int sqlite3_gpca_init(sqlite3 *db, char **error, const sqlite3_api_routines *api)
{
    static sqlite3_module own;

    (void)error;
    SQLITE_EXTENSION_INIT2(api);
    own = module;
    own.xCreate = own.xConnect = open_table;
    return bring_functions(db) == SQLITE_OK ? sqlite3_create_module(db, "gpca", &own, NULL)
                                            : SQLITE_ERROR;
}

#endif
