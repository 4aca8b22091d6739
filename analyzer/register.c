/* register.c - see register.h. An alert is known by its id; a table that lives as long as
 * the run says which it has found, so that what has not changed is not written. */
#include "analyzer/register.h"

#include "base/db.h"
#include "base/limits.h"
#include "base/mem.h"

struct register_of {
    struct db *db;
    struct buf recalled;
};

static const char *const schema[] = {
    "CREATE TABLE IF NOT EXISTS alerts(alert TEXT PRIMARY KEY, rule TEXT NOT NULL,"
    " digest TEXT NOT NULL, level TEXT NOT NULL, origin TEXT NOT NULL, opened INTEGER,"
    " first INTEGER, state INTEGER NOT NULL, revision INTEGER NOT NULL,"
    " content TEXT NOT NULL, run INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS runs(run INTEGER PRIMARY KEY)",
};

/* What came later; user_version says how many of them are there. */
static const char *const additions[] = {
    "ALTER TABLE alerts ADD COLUMN sight TEXT",
    "CREATE INDEX alerts_by_sight ON alerts(sight)",
    "PRAGMA user_version = 2",
};

static const char *const of_the_run[] = {
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32768", /* KiB: alerts are asked for in no order */
    "CREATE TEMP TABLE found(alert TEXT PRIMARY KEY) WITHOUT ROWID",
};

const char *alert_state_name(enum alert_state s)
{
    static const char *const names[] = {"raised", "amended", "withdrawn"};

    return names[s];
}

enum { VERSION = 2 };

static int take_number(void *ctx, int64_t number, const struct db_value *value, size_t count)
{
    (void)number;
    if (count > 0 && value[0].type == DB_INTEGER)
        *(long long *)ctx = strtoll(value[0].text.at, NULL, 10);
    return 0;
}

static int run_all(struct db *db, const char *const *sql, size_t n, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = db_run(db, sql[i], NULL, 0, NULL, NULL, err);
    return rc;
}

static int run_one(struct db *db, const char *sql, struct err *err)
{
    return db_run(db, sql, NULL, 0, NULL, NULL, err);
}

static int version_of(struct db *db, long long *version, struct err *err)
{
    int rc = db_run(db, "PRAGMA user_version", NULL, 0, take_number, version, err);

    return rc == 0 && *version > VERSION
               ? err_set(err, ERR_INVALID, "the state was written by a newer gpca: use that,"
                         " or another --state") : rc;
}

/* All additions or none; another run may be making them. */
static int add(struct db *db, struct err *err)
{
    long long version = 0;
    int rc = run_one(db, "BEGIN IMMEDIATE", err);

    if (rc < 0)
        return rc;
    rc = version_of(db, &version, err);
    if (rc == 0 && version < VERSION)
        rc = run_all(db, additions, sizeof additions / sizeof additions[0], err);
    return rc == 0 ? run_one(db, "COMMIT", err) : rc;
}

static int make_tables(struct db *db, struct err *err)
{
    long long version = 0;
    int rc = run_all(db, schema, sizeof schema / sizeof schema[0], err);

    if (rc == 0)
        rc = version_of(db, &version, err);
    if (rc == 0 && version < VERSION)
        rc = add(db, err);
    return rc == 0 ? run_all(db, of_the_run, sizeof of_the_run / sizeof of_the_run[0], err)
                   : rc;
}

int register_open(struct register_of **out, const struct state *state, bool reads,
                  struct err *err)
{
    struct register_of *r = xcalloc(1, sizeof *r);
    char path[LIMIT_PATH_BYTES];
    int rc;

    *out = r;
    if (!state || (!reads && *state_problem(state)))
        return 0;
    if (snprintf(path, sizeof path, "%s/state.db", state_dir(state)) >= (int)sizeof path)
        return err_set(err, ERR_LIMIT, "the path of the state is too long");
    rc = db_open_file(&r->db, path, err);
    return rc == 0 && !reads ? make_tables(r->db, err) : rc;
}

void register_close(struct register_of *r)
{
    if (!r)
        return;
    db_close(r->db);
    buf_release(&r->recalled);
    free(r);
}

static struct db_value text_value(struct str s)
{
    return (struct db_value){DB_TEXT, s};
}

static struct db_value number_value(int64_t n, char text[24])
{
    snprintf(text, 24, "%lld", (long long)n);
    return (struct db_value){n == INT64_MIN ? DB_NULL : DB_INTEGER, str_of(text)};
}

int register_begin(struct register_of *r, struct err *err)
{
    int rc = r->db ? run_one(r->db, "BEGIN IMMEDIATE", err) : 0;

    return rc == 0 && r->db
               ? run_one(r->db, "INSERT INTO runs SELECT coalesce(max(run), 0) + 1 FROM runs",
                         err) : rc;
}

int register_commit(struct register_of *r, struct err *err)
{
    return r->db ? db_run(r->db, "COMMIT", NULL, 0, NULL, NULL, err) : 0;
}

struct known {
    bool there;
    struct standing standing;
    char content[2 * HASH_BYTES + 1];
};

static int take_known(void *ctx, int64_t number, const struct db_value *value, size_t count)
{
    struct known *k = ctx;

    (void)number;
    (void)count;
    k->there = true;
    k->standing.state = (enum alert_state)strtol(value[0].text.at, NULL, 10);
    k->standing.revision = (unsigned)strtoul(value[1].text.at, NULL, 10);
    snprintf(k->content, sizeof k->content, "%.*s", STR_ARG(value[2].text));
    return 0;
}

int register_found_again(struct register_of *r, const char *id, struct err *err)
{
    struct db_value v = text_value(str_of(id));

    return r->db ? db_run(r->db, "INSERT OR IGNORE INTO found VALUES(?)", &v, 1, NULL, NULL,
                          err) : 0;
}

int register_found(struct register_of *r, const struct alert *a,
                   const uint8_t sight[HASH_BYTES], const struct rule *rule,
                   struct str origin, struct standing *out, struct err *err)
{
    char content[2 * HASH_BYTES + 1], seen[2 * HASH_BYTES + 1], digest[RULE_DIGEST];
    char number[4][24];
    struct db_value v[12];
    struct known k = {.there = false};
    int rc;

    *out = (struct standing){ALERT_RAISED, 1};
    if (!r->db)
        return 0;
    hash_hex(content, a->content, HASH_BYTES);
    v[0] = text_value(str_of(a->id));
    rc = db_run(r->db, "SELECT state, revision, content FROM alerts WHERE alert = ?", v, 1,
                take_known, &k, err);
    if (rc < 0)
        return rc;
    if (k.there) {
        *out = k.standing;
        if (strcmp(k.content, content) != 0 || k.standing.state == ALERT_WITHDRAWN)
            *out = (struct standing){ALERT_AMENDED, k.standing.revision + 1};
    }
    v[1] = text_value(rule_id(rule));
    v[2] = text_value(rule_digest(rule, digest));
    v[3] = text_value(str_of(rule_levels[rule->level]));
    v[4] = text_value(origin);
    v[5] = number_value(a->opened_us, number[0]);
    v[6] = number_value(a->first_us, number[1]);
    v[7] = number_value(out->state, number[2]);
    v[8] = number_value(out->revision, number[3]);
    v[9] = text_value(str_of(content));
    v[10] = text_value(buf_str(&a->body));
    hash_hex(seen, sight, HASH_BYTES);
    v[11] = text_value(str_of(seen));
    rc = db_run(r->db, "INSERT OR REPLACE INTO alerts(alert, rule, digest, level, origin,"
                " opened, first, state, revision, content, body, sight, run)"
                " VALUES(?,?,?,?,?,?,?,?,?,?,?,?, (SELECT max(run) FROM runs))", v, 12, NULL,
                NULL, err);
    return rc == 0 ? register_found_again(r, a->id, err) : rc;
}

struct recalling {
    struct register_of *r;
    struct recalled *out;
};

static int take_recalled(void *ctx, int64_t number, const struct db_value *v, size_t count)
{
    struct recalling *q = ctx;
    struct buf *b = &q->r->recalled;

    (void)number;
    (void)count;
    buf_clear(b);
    buf_put_str(b, v[0].text);
    buf_put_str(b, v[3].text);
    q->out->id = (struct str){b->at, v[0].text.len};
    q->out->body = (struct str){b->at + v[0].text.len, v[3].text.len};
    q->out->standing.state = (enum alert_state)strtol(v[1].text.at, NULL, 10);
    q->out->standing.revision = (unsigned)strtoul(v[2].text.at, NULL, 10);
    return 0;
}

int register_recall(struct register_of *r, const uint8_t sight[HASH_BYTES],
                    struct recalled *out, struct err *err)
{
    char seen[2 * HASH_BYTES + 1];
    struct recalling q = {r, out};
    struct db_value v;

    *out = (struct recalled){.id = STR("")};
    if (!r->db)
        return 0;
    hash_hex(seen, sight, HASH_BYTES);
    v = text_value(str_of(seen));
    return db_run(r->db, "SELECT alert, state, revision, body FROM alerts WHERE"
                  " sight = ? AND state < 2", &v, 1, take_recalled, &q, err);
}

struct withdrawing {
    void (*row)(void *ctx, struct str id, unsigned revision, struct str level, struct str body);
    void *ctx;
};

static int take_withdrawn(void *ctx, int64_t number, const struct db_value *v, size_t count)
{
    struct withdrawing *w = ctx;

    (void)number;
    (void)count;
    w->row(w->ctx, v[0].text, (unsigned)strtoul(v[1].text.at, NULL, 10), v[2].text, v[3].text);
    return 0;
}

/* Of a rule and a log, opened in the period, and not found in this run. One without a time
 * lies in no period: ?5 is where it is taken to lie, ?3 in a run over all, else ?4. */
#define NOT_FOUND                                                                            \
    " WHERE digest = ?1 AND origin = ?2 AND alert NOT IN (SELECT alert FROM found)"          \
    " AND coalesce(opened, ?5) >= ?3 AND coalesce(opened, ?5) < ?4"

int register_withdraw(struct register_of *r, const struct ruleset *s, struct str origin,
                      int64_t since_us, int64_t until_us,
                      void (*row)(void *ctx, struct str id, unsigned revision,
                                  struct str level, struct str body),
                      void *ctx, struct err *err)
{
    char change[512], list[512], digest[RULE_DIGEST], number[2][24];
    struct withdrawing w = {row, ctx};
    struct db_value v[5];
    int rc = 0;

    snprintf(change, sizeof change, "UPDATE alerts SET state = %d, revision = revision + 1"
             NOT_FOUND " AND state <> %d", ALERT_WITHDRAWN, ALERT_WITHDRAWN);
    snprintf(list, sizeof list, "SELECT alert, revision, level, body FROM alerts" NOT_FOUND
             " AND state = %d", ALERT_WITHDRAWN);
    v[1] = text_value(origin);
    v[2] = number_value(since_us == INT64_MIN ? INT64_MIN + 1 : since_us, number[0]);
    v[3] = number_value(until_us, number[1]);
    v[4] = since_us == INT64_MIN && until_us == INT64_MAX ? v[2] : v[3];
    for (size_t i = 0; r->db && rc == 0 && i < s->rules; i++) {
        if (s->rule[i]->bad)
            continue;
        v[0] = text_value(rule_digest(s->rule[i], digest));
        rc = db_run(r->db, change, v, 5, NULL, NULL, err);
        if (rc == 0)
            rc = db_run(r->db, list, v, 5, take_withdrawn, &w, err);
    }
    return rc;
}

struct listing {
    void (*row)(void *ctx, struct str level, struct str body);
    void *ctx;
};

static int take_listed(void *ctx, int64_t number, const struct db_value *v, size_t count)
{
    struct listing *l = ctx;

    (void)number;
    (void)count;
    l->row(l->ctx, v[0].text, v[1].text);
    return 0;
}

int register_list(struct register_of *r, int64_t since_us, int64_t until_us,
                  void (*row)(void *ctx, struct str level, struct str body), void *ctx,
                  struct err *err)
{
    struct listing l = {row, ctx};
    char number[2][24];
    struct db_value v[2] = {number_value(since_us, number[0]),
                            number_value(until_us, number[1])};

    if (!r->db)
        return 0;
    return db_run(r->db, "SELECT level, body FROM alerts WHERE state < 2 AND first >= ?1 AND"
                  " first < ?2 AND level IN ('critical', 'high', 'medium') ORDER BY CASE level"
                  " WHEN 'critical' THEN 0 WHEN 'high' THEN 1 ELSE 2 END, first DESC, alert"
                  " LIMIT 50", v, 2, take_listed, &l, err);
}

struct str register_sentence(struct str body, bool names, struct arena *arena)
{
    static const char behind[] = ",\"reasons\":["; /* quotes and all: it is in no text */
    const char *end = memmem(body.at, body.len, behind, sizeof behind - 1);
    struct buf whole = {0};
    const struct json *alert, *text;

    buf_put_text(&whole, "{");
    buf_put_str(&whole, end ? str_part(body, 0, (size_t)(end - body.at)) : body);
    buf_put_text(&whole, "}");
    alert = json_read(buf_str(&whole), arena);
    text = names ? json_member(alert, STR("text"))
                 : json_member(json_member(alert, STR("rule")), STR("title"));
    buf_release(&whole);
    return text ? text->text : STR("");
}
