/* db.h - the door to SQLite. One thread owns a database. */
#ifndef BASE_DB_H
#define BASE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct db;

/* An empty database in memory, for questions only: whoever asks can read what is there,
 * and neither write, attach, load nor set anything. */
int db_open_for_questions(struct db **out, struct err *err);
/* A database of our own in a file, made where it is not there; every commit is durable. */
int db_open_file(struct db **out, const char *path, struct err *err);
void db_close(struct db *d); /* NULL is allowed */
/* SQLite's own handle, for those who bring a table (lib/trail/table.h). */
void *db_handle(struct db *d);
/* From now on the questioner's rules hold. Before it, tables are brought. */
void db_guard(struct db *d);

enum db_type { DB_NULL, DB_INTEGER, DB_REAL, DB_TEXT };
struct db_value {
    enum db_type type;
    struct str text; /* of any type but DB_NULL */
};

/* Ask one statement; each row's values are given to row(), names first with row -1. Ended
 * with ERR_LIMIT after seconds. row() may return a negative code to stop. */
int db_ask(struct db *d, const char *sql, int seconds,
           int (*row)(void *ctx, int64_t number, const struct db_value *value, size_t count),
           void *ctx, struct err *err);

/* Have the seconds passed? For tables that work long between two rows. */
bool db_is_late(struct db *d);

/* Run one statement of our own with values for its parameters; rows as in db_ask(), without
 * the names. row may be NULL. */
int db_run(struct db *d, const char *sql, const struct db_value *value, size_t values,
           int (*row)(void *ctx, int64_t number, const struct db_value *value, size_t count),
           void *ctx, struct err *err);

#endif
