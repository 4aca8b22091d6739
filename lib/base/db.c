/* db.c - see db.h. The limits are SQLite's own: an authorizer that knows only reading, no
 * double-quoted strings, and a clock that is looked at every few thousand steps. */
#include "base/db.h"

#include <sqlite3.h>
#include <time.h>

#include "base/mem.h"

enum { BUSY_MS = 30000, STEPS_PER_LOOK = 4000, COLUMNS_MAX = 2000, KEPT_STATEMENTS = 16 };

struct db {
    sqlite3 *handle;
    double deadline;
    bool late;
    struct statement {
        char *sql;
        sqlite3_stmt *prepared; /* NULL: in use */
    } kept[KEPT_STATEMENTS];    /* of db_run(), so that each is prepared once */
    unsigned keeps;             /* places given so far */
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool db_is_late(struct db *d)
{
    d->late = d->deadline > 0 && now() > d->deadline;
    return d->late;
}

static int look_at_clock(void *ctx)
{
    return db_is_late(ctx);
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *c,
                     const char *e)
{
    (void)ctx;
    (void)a;
    (void)c;
    (void)e;
    if (action == SQLITE_FUNCTION)
        return b && strcmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE
               ? SQLITE_OK
               : SQLITE_DENY;
}

int db_open_for_questions(struct db **out, struct err *err)
{
    struct db *d = xcalloc(1, sizeof *d);

    if (sqlite3_open_v2(":memory:", &d->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        NULL) != SQLITE_OK) {
        db_close(d);
        return err_set(err, ERR_IO, "SQLite gives no database");
    }
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_progress_handler(d->handle, STEPS_PER_LOOK, look_at_clock, d);
    *out = d;
    return 0;
}

int db_open_file(struct db **out, const char *path, struct err *err)
{
    struct db *d = xcalloc(1, sizeof *d);

    if (sqlite3_open_v2(path, &d->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
            SQLITE_OK ||
        sqlite3_busy_timeout(d->handle, BUSY_MS) != SQLITE_OK ||
        sqlite3_exec(d->handle, "PRAGMA journal_mode=PERSIST; PRAGMA synchronous=EXTRA;", NULL,
                     NULL, NULL) != SQLITE_OK) {
        err_set(err, ERR_IO, "%s: %s", path, sqlite3_errmsg(d->handle));
        db_close(d);
        return ERR_IO;
    }
    *out = d;
    return 0;
}

void db_close(struct db *d)
{
    if (!d)
        return;
    for (unsigned i = 0; i < KEPT_STATEMENTS; i++) {
        sqlite3_finalize(d->kept[i].prepared);
        free(d->kept[i].sql);
    }
    sqlite3_close(d->handle);
    free(d);
}

void *db_handle(struct db *d)
{
    return d->handle;
}

void db_guard(struct db *d)
{
    sqlite3_set_authorizer(d->handle, authorize, NULL);
}

enum { REAL_TEXT = 32 };

/* The shortest digits that give the number again; SQLite's own text has fifteen at most. */
static struct str print_real(double number, char text[REAL_TEXT])
{
    int digits = 14;

    do {
        snprintf(text, REAL_TEXT, "%.*g", ++digits, number);
    } while (digits < 17 && strtod(text, NULL) != number);
    if (!strpbrk(text, ".eEn")) /* it stays a number with a point */
        snprintf(text, REAL_TEXT, "%.1f", number);
    return str_of(text);
}

/* real: where the text of a number lies until the next row. */
static struct db_value value_of(sqlite3_stmt *s, int i, char real[REAL_TEXT])
{
    struct db_value v = {DB_TEXT, {"", 0}};

    switch (sqlite3_column_type(s, i)) {
    case SQLITE_NULL:
        v.type = DB_NULL;
        return v;
    case SQLITE_INTEGER:
        v.type = DB_INTEGER;
        break;
    case SQLITE_FLOAT:
        v.type = DB_REAL;
        v.text = print_real(sqlite3_column_double(s, i), real);
        return v;
    default:
        break;
    }
    v.text.at = (const char *)sqlite3_column_text(s, i);
    v.text.len = (size_t)sqlite3_column_bytes(s, i);
    return v;
}

static int fail(struct db *d, int seconds, struct err *err)
{
    if (d->late)
        return err_set(err, ERR_LIMIT, "the question was stopped after %d seconds: ask for a"
                       " shorter period, or for one patient, user or organisation", seconds);
    return err_set(err, ERR_INVALID, "SQL: %s", sqlite3_errmsg(d->handle));
}

static int give_rows(struct db *d, sqlite3_stmt *s, int seconds,
                     int (*row)(void *, int64_t, const struct db_value *, size_t), void *ctx,
                     struct err *err)
{
    struct db_value value[COLUMNS_MAX];
    char real[COLUMNS_MAX][REAL_TEXT];
    int n = sqlite3_column_count(s);
    int64_t number = 0;
    int rc = 0;
    int step;

    for (int i = 0; i < n; i++)
        value[i] = (struct db_value){DB_TEXT, str_of(sqlite3_column_name(s, i))};
    rc = row(ctx, -1, value, (size_t)n);
    while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
        for (int i = 0; i < n; i++)
            value[i] = value_of(s, i, real[i]);
        rc = row(ctx, number++, value, (size_t)n);
    }
    return rc < 0 ? rc : step == SQLITE_DONE ? 0 : fail(d, seconds, err);
}

int db_ask(struct db *d, const char *sql, int seconds,
           int (*row)(void *ctx, int64_t number, const struct db_value *value, size_t count),
           void *ctx, struct err *err)
{
    sqlite3_stmt *s = NULL;
    const char *rest = "";
    int rc;

    d->late = false;
    d->deadline = now() + seconds;
    if (sqlite3_prepare_v2(d->handle, sql, -1, &s, &rest) != SQLITE_OK)
        return fail(d, seconds, err);
    rest += strspn(rest, " \t\r\n;");
    if (!s || *rest)
        rc = err_set(err, ERR_INVALID, "SQL: give exactly one statement");
    else
        rc = give_rows(d, s, seconds, row, ctx, err);
    sqlite3_finalize(s);
    return rc;
}

static int bind_value(sqlite3_stmt *s, int at, const struct db_value *v)
{
    char text[64];

    if (v->type == DB_NULL)
        return sqlite3_bind_null(s, at);
    if (v->type == DB_TEXT)
        return sqlite3_bind_text64(s, at, v->text.at, v->text.len, SQLITE_TRANSIENT,
                                   SQLITE_UTF8);
    snprintf(text, sizeof text, "%.*s", (int)(v->text.len < 63 ? v->text.len : 63), v->text.at);
    return v->type == DB_INTEGER ? sqlite3_bind_int64(s, at, strtoll(text, NULL, 10))
                                 : sqlite3_bind_double(s, at, strtod(text, NULL));
}

/* The place of a statement; NULL: it has none. */
static struct statement *place_of(struct db *d, const char *sql)
{
    for (unsigned i = 0; i < KEPT_STATEMENTS; i++)
        if (d->kept[i].sql && strcmp(d->kept[i].sql, sql) == 0)
            return &d->kept[i];
    return NULL;
}

/* A statement that was kept, taken out of its place, or a new one. */
static sqlite3_stmt *take_statement(struct db *d, const char *sql)
{
    struct statement *k = place_of(d, sql);
    sqlite3_stmt *s = k ? k->prepared : NULL;

    if (s)
        k->prepared = NULL;
    else if (sqlite3_prepare_v2(d->handle, sql, -1, &s, NULL) != SQLITE_OK)
        return NULL;
    return s;
}

/* Into its place, or into the one that was given longest ago. */
static void keep_statement(struct db *d, const char *sql, sqlite3_stmt *s)
{
    struct statement *k = place_of(d, sql);

    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    if (!k) {
        k = &d->kept[d->keeps++ % KEPT_STATEMENTS];
        free(k->sql);
        k->sql = xstrdup(sql);
    }
    sqlite3_finalize(k->prepared);
    k->prepared = s;
}

int db_run(struct db *d, const char *sql, const struct db_value *value, size_t values,
           int (*row)(void *ctx, int64_t number, const struct db_value *value, size_t count),
           void *ctx, struct err *err)
{
    struct db_value got[COLUMNS_MAX];
    char real[COLUMNS_MAX][REAL_TEXT];
    sqlite3_stmt *s = take_statement(d, sql);
    int64_t number = 0;
    int rc = 0;
    int step = SQLITE_ERROR;

    if (!s)
        return err_set(err, ERR_IO, "the state: %s", sqlite3_errmsg(d->handle));
    for (size_t i = 0; i < values && rc == 0; i++)
        rc = bind_value(s, (int)i + 1, &value[i]) == SQLITE_OK ? 0 : ERR_IO;
    while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
        int n = sqlite3_column_count(s);

        for (int i = 0; i < n; i++)
            got[i] = value_of(s, i, real[i]);
        if (row)
            rc = row(ctx, number++, got, (size_t)n);
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = ERR_IO;
    if (rc == ERR_IO)
        err_set(err, ERR_IO, "the state: %s", sqlite3_errmsg(d->handle));
    keep_statement(d, sql, s);
    return rc;
}
