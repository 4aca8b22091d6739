/* sql.c - see sql.h. The question is logged before it is asked, so that one which fails or is
 * stopped is there too; the answer is gathered before it is printed, since a second entry says
 * how many rows it has and must be written first. */
#include "analyzer/sql.h"

#include "analyzer/complain.h"
#include "base/db.h"
#include "base/mem.h"
#include "record/mask.h"
#include "trail/table.h"

enum { SECONDS = 60, ROW_LIMIT_REACHED = -100 };

struct gathering {
    enum answer_format format;
    uint64_t limit, rows;
    struct answer_cell *cell;
    struct str *name;
    size_t columns;
    struct buf out;
    struct arena names;
};

static int gather(void *ctx, int64_t number, const struct db_value *value, size_t count)
{
    struct gathering *g = ctx;

    if (number < 0) {
        g->columns = count;
        g->cell = xcalloc(count + 1, sizeof *g->cell);
        g->name = xcalloc(count + 1, sizeof *g->name);
        for (size_t i = 0; i < count; i++)
            g->name[i] = g->cell[i].name = arena_copy(&g->names, value[i].text);
        return 0;
    }
    if (g->rows == g->limit)
        return ROW_LIMIT_REACHED;
    for (size_t i = 0; i < count; i++) {
        g->cell[i].text = value[i].text;
        g->cell[i].missing = value[i].type == DB_NULL;
        g->cell[i].bare = value[i].type == DB_INTEGER || value[i].type == DB_REAL;
        if (g->cell[i].missing && (g->format == ANSWER_JSON || g->format == ANSWER_NDJSON)) {
            g->cell[i].missing = false;
            g->cell[i].bare = true;
            g->cell[i].text = STR("null");
        }
    }
    answer_cells(&g->out, g->cell, count, g->format, g->rows == 0);
    g->rows++;
    return 0;
}

struct asking {
    struct db *db;
    const struct state *state;
};

static struct str reference(const void *ctx, struct str number, struct arena *arena)
{
    return state_reference(((const struct asking *)ctx)->state, number, arena);
}

static bool is_late(const void *ctx)
{
    return db_is_late(((const struct asking *)ctx)->db);
}

static int ask(struct gathering *g, const struct options *o, struct trail *t,
               const struct state *s, const struct zone *zone, struct err *err)
{
    struct asking a = {NULL, s};
    struct table_options table = {o->reveal, zone, reference, is_late, &a};
    int rc = db_open_for_questions(&a.db, err);

    if (rc == 0)
        rc = table_bring(db_handle(a.db), t, &table, err);
    if (rc == 0) {
        db_guard(a.db);
        rc = db_ask(a.db, o->sql, SECONDS, gather, g, err);
    }
    db_close(a.db);
    return rc == ROW_LIMIT_REACHED ? 0 : rc;
}

struct naming {
    const struct state *state;
    struct arena arena;
};

static void put_reference(void *ctx, struct buf *out, struct str number)
{
    struct naming *n = ctx;

    buf_put_str(out, state_reference(n->state, number, &n->arena));
}

/* Patients in the text of the question are named by their references in the log. */
static int log_question(const struct options *o, const struct state *s, uint64_t rows,
                        struct err *err)
{
    struct naming naming = {.state = s};
    struct buf scope = {0};
    int rc;

    buf_put_text(&scope, "sql=");
    mask_each(&scope, str_of(o->sql), put_reference, &naming);
    arena_release(&naming.arena);
    rc = state_log(s, o->reveal ? "query --reveal" : "query",
                   buf_str(&scope), o->reason, rows, err);
    buf_release(&scope);
    if (rc == 0 || o->reveal)
        return rc;
    complain(err->text);
    return 0;
}

int sql_answer(const struct options *o, struct trail *t, const struct state *s,
               const struct zone *zone, enum answer_format format, uint64_t limit,
               struct err *err)
{
    struct gathering g = {.format = format, .limit = limit};
    int rc = log_question(o, s, STATE_ROWS_UNKNOWN, err);

    if (rc == 0)
        rc = ask(&g, o, t, s, zone, err);
    if (rc == 0)
        rc = log_question(o, s, g.rows, err);
    if (rc == 0) {
        answer_head(g.name, g.columns, format);
        fwrite(buf_str(&g.out).at, 1, g.out.len, stdout);
        answer_foot(format);
        fprintf(stderr, "%llu rows\n", (unsigned long long)g.rows);
    }
    free(g.cell);
    free(g.name);
    buf_release(&g.out);
    arena_release(&g.names);
    return rc;
}
