/* register.c - see register.h. An alert is known by its id, of whatever log. What the register
 * has is read once, when the run begins with it: the run works out everything anew and will ask
 * for nearly all of it. What has not changed is not written. */
#include "analyzer/register.h"

#include "base/db.h"
#include "base/limits.h"
#include "base/mem.h"

/* An alert. */
struct kept {
    struct standing standing;
    int64_t opened_us; /* INT64_MIN: its record has no time */
    uint32_t digest;   /* its number */
    bool ours;         /* of the log at hand */
    bool found;        /* in this run */
    char content[2 * HASH_BYTES + 1];
};

struct register_of {
    struct db *db;
    struct kept *kept; /* by number of the id; those that were there first, by id */
    size_t there, cap;
    struct dictionary ids, digests;
    struct arena texts;
};

static const char *const schema[] = {
    "CREATE TABLE IF NOT EXISTS alerts(alert TEXT PRIMARY KEY, rule TEXT NOT NULL,"
    " digest TEXT NOT NULL, level TEXT NOT NULL, origin TEXT NOT NULL, opened INTEGER,"
    " first INTEGER, state INTEGER NOT NULL, revision INTEGER NOT NULL,"
    " content TEXT NOT NULL, run INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS runs(run INTEGER PRIMARY KEY)",
};

enum { VERSION = 3 };

/* What came later, and the version, which user_version tells, from which on it is there. */
static const struct addition {
    int version;
    const char *sql;
} additions[] = {
    {2, "ALTER TABLE alerts ADD COLUMN sight TEXT"},
    {3, "DROP INDEX IF EXISTS alerts_by_sight"},
    {VERSION, "PRAGMA user_version = 3"},
};

const char *alert_state_name(enum alert_state s)
{
    static const char *const names[] = {"raised", "amended", "withdrawn"};

    return names[s];
}

static int take_number(void *ctx, int64_t number, const struct db_value *value, size_t count)
{
    (void)number;
    if (count > 0 && value[0].type == DB_INTEGER)
        *(long long *)ctx = strtoll(value[0].text.at, NULL, 10);
    return 0;
}

static int run(struct db *db, const char *sql, struct err *err)
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
    int rc = run(db, "BEGIN IMMEDIATE", err);

    if (rc == 0)
        rc = version_of(db, &version, err);
    for (size_t i = 0; rc == 0 && i < sizeof additions / sizeof additions[0]; i++)
        if (version < additions[i].version)
            rc = run(db, additions[i].sql, err);
    return rc == 0 ? run(db, "COMMIT", err) : rc;
}

static int make_tables(struct db *db, struct err *err)
{
    long long version = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof schema / sizeof schema[0]; i++)
        rc = run(db, schema[i], err);
    if (rc == 0)
        rc = version_of(db, &version, err);
    if (rc == 0 && version < VERSION)
        rc = add(db, err);
    /* KiB: new alerts come in no order of their ids */
    return rc == 0 ? run(db, "PRAGMA cache_size = -32768", err) : rc;
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
    free(r->kept);
    dictionary_release(&r->ids);
    dictionary_release(&r->digests);
    arena_release(&r->texts);
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

/* ---- what is there ---- */

static struct kept *keep(struct register_of *r)
{
    size_t n = r->ids.count;

    if (n > r->cap) {
        r->cap = n * 2;
        r->kept = xrealloc(r->kept, r->cap * sizeof *r->kept);
    }
    r->kept[n - 1] = (struct kept){.found = false};
    return &r->kept[n - 1];
}

struct reading {
    struct register_of *r;
    void (*row)(void *ctx, const struct recalled *alert);
    void *ctx;
};

enum { READ_ID, READ_OURS, READ_DIGEST, READ_OPENED, READ_STATE, READ_REVISION, READ_CONTENT,
       READ_BODY, READ_SIGHT };
static const char read_all[] =
    "SELECT alert, origin = ?1, digest, opened, state, revision, content,"
    " CASE WHEN state < 2 AND origin = ?1 THEN body END, sight FROM alerts ORDER BY alert";

static int take_kept(void *ctx, int64_t number, const struct db_value *v, size_t count)
{
    struct reading *q = ctx;
    struct register_of *r = q->r;
    struct kept *k;

    (void)number;
    (void)count;
    dictionary_add(&r->ids, arena_copy(&r->texts, v[READ_ID].text));
    k = keep(r);
    k->ours = *v[READ_OURS].text.at == '1';
    k->digest = dictionary_put(&r->digests, v[READ_DIGEST].text, &r->texts);
    k->opened_us = v[READ_OPENED].type == DB_NULL
                       ? INT64_MIN : strtoll(v[READ_OPENED].text.at, NULL, 10);
    k->standing.state = (enum alert_state)strtol(v[READ_STATE].text.at, NULL, 10);
    k->standing.revision = (unsigned)strtoul(v[READ_REVISION].text.at, NULL, 10);
    snprintf(k->content, sizeof k->content, "%.*s", STR_ARG(v[READ_CONTENT].text));
    if (v[READ_BODY].type != DB_NULL && v[READ_SIGHT].type != DB_NULL)
        q->row(q->ctx, &(struct recalled){v[READ_ID].text, v[READ_SIGHT].text,
                                          v[READ_BODY].text, k->standing});
    return 0;
}

int register_begin(struct register_of *r, struct str origin,
                   void (*row)(void *ctx, const struct recalled *alert), void *ctx,
                   struct err *err)
{
    struct reading q = {r, row, ctx};
    struct db_value v = text_value(origin);
    int rc = r->db ? run(r->db, "BEGIN IMMEDIATE", err) : 0;

    if (rc == 0 && r->db)
        rc = run(r->db, "INSERT INTO runs SELECT coalesce(max(run), 0) + 1 FROM runs", err);
    if (rc == 0 && r->db)
        rc = db_run(r->db, read_all, &v, 1, take_kept, &q, err);
    r->there = r->ids.count;
    return rc;
}

int register_commit(struct register_of *r, struct err *err)
{
    return r->db ? run(r->db, "COMMIT", err) : 0;
}

/* ---- what is found ---- */

void register_found_again(struct register_of *r, const char *id)
{
    uint32_t number = dictionary_find(&r->ids, str_of(id));

    if (number != DICTIONARY_NONE)
        r->kept[number].found = true;
}

/* How the alert stands from now on, in *k. */
static void stand(struct kept *k, bool known, const char *content)
{
    if (!known)
        k->standing = (struct standing){ALERT_RAISED, 1};
    else if (strcmp(k->content, content) != 0 || k->standing.state == ALERT_WITHDRAWN)
        k->standing = (struct standing){ALERT_AMENDED, k->standing.revision + 1};
    snprintf(k->content, sizeof k->content, "%s", content);
    k->found = true;
}

int register_found(struct register_of *r, const struct alert *a, const char *sight,
                   const struct rule *rule, struct str origin, struct standing *out,
                   struct err *err)
{
    char content[2 * HASH_BYTES + 1], digest[RULE_DIGEST], number[4][24];
    struct db_value v[12];
    uint32_t id;
    bool known;

    *out = (struct standing){ALERT_RAISED, 1};
    if (!r->db)
        return 0;
    hash_hex(content, a->content, HASH_BYTES);
    id = dictionary_find(&r->ids, str_of(a->id));
    known = id != DICTIONARY_NONE;
    if (!known) {
        id = dictionary_put(&r->ids, str_of(a->id), &r->texts);
        keep(r);
    }
    stand(&r->kept[id], known, content);
    *out = r->kept[id].standing;
    v[0] = text_value(str_of(a->id));
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
    v[11] = text_value(str_of(sight));
    return db_run(r->db, "INSERT OR REPLACE INTO alerts(alert, rule, digest, level, origin,"
                  " opened, first, state, revision, content, body, sight, run)"
                  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?, (SELECT max(run) FROM runs))", v, 12, NULL,
                  NULL, err);
}

/* ---- what is no longer found ---- */

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

static int withdraw(struct register_of *r, uint32_t id, struct withdrawing *w, struct err *err)
{
    struct db_value v = text_value(r->ids.entry[id]);
    int rc = 0;

    if (r->kept[id].standing.state != ALERT_WITHDRAWN)
        rc = db_run(r->db, "UPDATE alerts SET state = 2, revision = revision + 1 WHERE"
                    " alert = ?", &v, 1, NULL, NULL, err);
    return rc < 0 ? rc : db_run(r->db, "SELECT alert, revision, level, body FROM alerts WHERE"
                                " alert = ?", &v, 1, take_withdrawn, w, err);
}

int register_withdraw(struct register_of *r, const struct ruleset *s, int64_t since_us,
                      int64_t until_us,
                      void (*row)(void *ctx, struct str id, unsigned revision,
                                  struct str level, struct str body),
                      void *ctx, struct err *err)
{
    bool whole = since_us == INT64_MIN && until_us == INT64_MAX;
    struct withdrawing w = {row, ctx};
    char text[RULE_DIGEST];
    int rc = 0;

    for (size_t i = 0; i < s->rules; i++) {
        uint32_t digest = s->rule[i]->bad ? DICTIONARY_NONE
                          : dictionary_find(&r->digests, rule_digest(s->rule[i], text));

        for (uint32_t id = 0; rc == 0 && digest != DICTIONARY_NONE && id < r->there; id++) {
            const struct kept *k = &r->kept[id];
            bool in = k->opened_us == INT64_MIN
                          ? whole : k->opened_us >= since_us && k->opened_us < until_us;

            if (k->ours && k->digest == digest && !k->found && in)
                rc = withdraw(r, id, &w, err);
        }
    }
    return rc;
}

/* ---- for those who read ---- */

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
    /* With their quotes and commas these are in no text. The sentence stands before the
     * reasons, so that the rest of the alert need not be read for it. */
    static const char behind[] = ",\"reasons\":[", sentence[] = ",\"text\":";
    const char *end = memmem(body.at, body.len, behind, sizeof behind - 1);
    struct str told = end ? str_part(body, 0, (size_t)(end - body.at)) : body;
    size_t begin = names ? str_last(told, str_of(sentence)) : told.len;
    struct buf whole = {0};
    const struct json *alert, *text;

    if (begin < told.len)
        told = str_part(told, begin + 1, told.len);
    buf_put_text(&whole, "{");
    buf_put_str(&whole, told);
    buf_put_text(&whole, "}");
    alert = json_read(buf_str(&whole), arena);
    text = names ? json_member(alert, STR("text"))
                 : json_member(json_member(alert, STR("rule")), STR("title"));
    buf_release(&whole);
    return text ? text->text : STR("");
}
