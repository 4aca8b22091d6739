/* plan.c - see plan.h.
 *
 * A label is surveyed: how many values, how many distinct ones, which of the typed forms
 * they all have. Costs are bits a value: what differs from a guess costs its entropy and
 * its place; a value that is new with its parent costs a part of it, since that is paid
 * once. First the types, then equal texts, then entries that follow from others, then
 * numbers; a guess is taken only if it is clearly better than none. */
#include "trail/plan.h"

#include <math.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/order.h"
#include "trail/guess.h"
#include "trail/leaf.h"

enum { FEW_CELLS = 48, ABSENT = 0xffff, SAMPLE = 300 };
static const double place_bits = 7, new_share = 0.35, clearly = 0.85;

/* By row, GUESS_ABSENT or DICTIONARY_NONE where there is none; NULL: not asked for yet. */
struct row_values {
    uint32_t *entry;
    int64_t *number;
};

struct survey {
    uint32_t cells, distinct;
    uint16_t *id;      /* by row: number among the distinct ones, or ABSENT */
    struct str *text;  /* by row */
    double entropy;    /* bits a value */
    double first_bits; /* texts of the dictionary, bits a value */
    size_t bytes;
    struct row_values values; /* numbers by row, where all are of one type */
};

struct planning {
    struct model *m;
    const struct cells *cells;
    size_t rows;
    struct survey *survey; /* by label */
    struct plan *plan;     /* by label: the one being made */
    bool *open;            /* by label: is planned now */
    uint64_t differ[SAMPLE];
    struct arena arena, once; /* once: of one cost */
};

/* ---- survey ---- */

static uint8_t common_style(const struct cells *c)
{
    uint8_t style = leaf_moment_style((struct str){c->at[0].at, c->at[0].len});

    for (uint32_t i = 1; i < c->count && i < 16 && style != LEAF_NO_STYLE; i++)
        if (leaf_moment_style((struct str){c->at[i].at, c->at[i].len}) != style)
            return LEAF_NO_STYLE;
    return style;
}

static void survey_values(struct planning *p, uint16_t label)
{
    struct survey *v = &p->survey[label];
    const struct cells *c = &p->cells[label];
    struct dictionary values = {0};
    uint32_t *count = arena_alloc(&p->arena, (c->count + 1) * sizeof *count);
    size_t distinct_bytes = 0;

    v->id = arena_alloc(&p->arena, p->rows * sizeof *v->id);
    v->text = arena_alloc(&p->arena, p->rows * sizeof *v->text);
    memset(v->id, 0xff, p->rows * sizeof *v->id);
    memset(v->text, 0, p->rows * sizeof *v->text);
    for (uint32_t i = 0; i < c->count; i++) {
        const struct cell *k = &c->at[i];
        struct str text = k->at ? (struct str){k->at, k->len}
                                : (struct str){(const char *)&k->len, sizeof k->len};
        uint32_t before = values.count;
        uint32_t id = dictionary_put(&values, text, &p->arena);

        if (values.count > before) {
            count[id] = 0;
            distinct_bytes += text.len;
        }
        count[id]++;
        v->id[k->row] = (uint16_t)id;
        v->text[k->row] = text;
        v->bytes += text.len;
    }
    v->cells = c->count;
    v->distinct = values.count;
    for (uint32_t i = 0; i < values.count; i++)
        v->entropy -= count[i] * log2((double)count[i] / c->count);
    v->entropy /= c->count;
    v->first_bits = 5.0 * (double)distinct_bytes / c->count;
    dictionary_release(&values);
}

/* The numbers of a label as that type, if nearly all values are of it. */
static bool survey_numbers(struct planning *p, uint16_t label, struct plan plan)
{
    struct survey *v = &p->survey[label];
    const struct cells *c = &p->cells[label];
    uint32_t good = 0;

    v->values.number = arena_alloc(&p->arena, p->rows * sizeof *v->values.number);
    for (size_t row = 0; row < p->rows; row++)
        v->values.number[row] = GUESS_ABSENT;
    for (uint32_t i = 0; i < c->count; i++) {
        struct str text = {c->at[i].at, c->at[i].len};
        int64_t n;

        if (guess_read(plan, text, &n)) {
            v->values.number[c->at[i].row] = n;
            good++;
        }
    }
    return good >= c->count - c->count / 16;
}

/* Are nearly all of the values UUIDs, and how are they written? */
static bool all_uuids(const struct cells *c, uint8_t *style)
{
    uint8_t ignored[LEAF_UUID_BYTES];
    uint32_t lower = 0;
    uint32_t upper = 0;

    for (uint32_t i = 0; i < c->count; i++) {
        struct str text = {c->at[i].at, c->at[i].len};

        if (leaf_uuid_read(text, false, ignored))
            lower++;
        else
            upper += leaf_uuid_read(text, true, ignored);
    }
    *style = upper == 0 ? 0 : lower == 0 ? 1 : LEAF_UUID_EITHER;
    return lower + upper >= c->count - c->count / 16;
}

/* ---- numbers ---- */

static struct now value_in(const struct row_values *v, size_t row)
{
    struct now now = now_absent;

    if (v && v->entry)
        now.entry = v->entry[row];
    if (v && v->number)
        now.number = v->number[row];
    return now;
}

/* Bits a value of the differences from the guess: of their bytes' lengths, or of their
 * entropy where few of them are distinct. */
static double number_cost(struct planning *p, uint16_t label, struct plan plan)
{
    const struct survey *v = &p->survey[label];
    uint64_t *differ = p->differ;
    const struct row_values *parent = NULL;
    double bits = 0, entropy = 0;
    struct guesser g;
    size_t n = 0;

    if (plan.parent != LABEL_NONE)
        parent = &p->survey[plan.parent].values;
    arena_reset(&p->once);
    guess_begin(&g, plan, plan.parent == LABEL_NONE ? NULL : &p->plan[plan.parent], &p->once);
    for (size_t row = 0; row < p->rows; row++) {
        int64_t number = v->values.number[row];
        struct now from = value_in(parent, row);

        if (number == GUESS_ABSENT)
            continue;
        differ[n] = guess_difference(number, guess_number(&g, &from));
        guess_learn(&g, &from, number);
        bits += log2((double)differ[n] + 1) + 1.5;
        if (++n == SAMPLE)
            break;
    }
    if (n == 0)
        return INFINITY;
    qsort(differ, n, sizeof *differ, order_u64);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && differ[to] == differ[from];)
            to++;
        entropy -= (double)(to - from) * log2((double)(to - from) / (double)n) -
                   (to - from == 1 ? 8 : 0);
    }
    return (bits < entropy ? bits : entropy) / (double)n;
}

/* ---- circles ---- */

/* Can b be read only after a (or is it a)? */
static bool depends(const struct planning *p, uint16_t b, uint16_t a, int depth)
{
    if (b == a || depth > 24)
        return true;
    if (p->plan[b].parent != LABEL_NONE && depends(p, p->plan[b].parent, a, depth + 1))
        return true;
    return b != LABEL_RECORD && depends(p, model_shapes_label(p->m, b), a, depth + 1);
}

/* ---- types ---- */

static bool is_number(struct plan plan)
{
    return plan.type == TYPE_INTEGER || plan.type == TYPE_MOMENT;
}

static void choose_type(struct planning *p, uint16_t label)
{
    const struct survey *v = &p->survey[label];
    const struct cells *c = &p->cells[label];
    struct plan *plan = &p->plan[label];
    struct plan number = {TYPE_INTEGER, GUESS_NOTHING, 0, LABEL_NONE};
    double as_entries = v->entropy + v->first_bits;

    *plan = (struct plan){TYPE_ENTRY, GUESS_NOTHING, 0, LABEL_NONE};
    if (label <= LABEL_URL) {
        plan->type = TYPE_SHAPE;
        return;
    }
    if (v->distinct > v->cells - v->cells / 8 && all_uuids(c, &plan->style)) {
        plan->type = TYPE_UUID;
        return;
    }
    plan->style = 0;
    if (!p->m->label[label].number) {
        number.style = common_style(c);
        number.type = TYPE_MOMENT;
        if (number.style == LEAF_NO_STYLE)
            number.type = TYPES;
    }
    if (number.type != TYPES && survey_numbers(p, label, number)) {
        struct plan near = {number.type, GUESS_PREVIOUS, number.style, LABEL_NONE};
        double cost = fmin(number_cost(p, label, number), number_cost(p, label, near));

        if (cost < as_entries || (v->distinct > v->cells / 4 && v->cells >= FEW_CELLS)) {
            *plan = number;
            return;
        }
    }
    if (v->cells >= FEW_CELLS && v->distinct > v->cells - v->cells / 20 &&
        v->bytes > (size_t)v->cells * 24)
        plan->type = TYPE_TEXT;
}

/* ---- guesses ---- */

/* Is the other label there often enough to guess from? */
static bool covers(const struct survey *o, const struct survey *v)
{
    return o->cells > 0 && o->cells >= v->cells / 2;
}

static void choose_equal(struct planning *p, uint16_t label)
{
    const struct survey *v = &p->survey[label];
    struct plan *plan = &p->plan[label];
    double best = v->entropy * clearly;

    if ((plan->type != TYPE_ENTRY && plan->type != TYPE_TEXT) || v->entropy < 1)
        return;
    for (size_t i = 0; i < p->m->labels; i++)
        if (p->plan[i].parent == label)
            return; /* it must be read before another one; its entries are asked for */
    for (uint16_t i = LABEL_SIGNATURE; i < p->m->labels; i++) {
        const struct survey *o = &p->survey[i];
        uint32_t misses = 0;
        double cost;

        if (i == label || !covers(o, v) || p->plan[i].guess == GUESS_EQUAL)
            continue;
        for (size_t row = 0; row < p->rows && misses <= v->cells / 8; row++)
            misses += v->id[row] != ABSENT &&
                      (!o->text[row].at || !str_equal(o->text[row], v->text[row]));
        if (misses > v->cells / 8)
            continue;
        cost = misses * (v->entropy + place_bits) / v->cells;
        if (cost < best && !depends(p, i, label, 0)) {
            best = cost;
            plan->guess = GUESS_EQUAL;
            plan->parent = i;
        }
    }
}

/* Bits a value when it follows from the label `from`, or with LABEL_NONE is a constant;
 * given up with infinity above `most`. */
static double follow_cost(struct planning *p, uint16_t label, uint16_t from, double most)
{
    uint16_t seen[LIMIT_BLOCK_ROWS + 1];
    const struct survey *v = &p->survey[label];
    const struct survey *o = from == LABEL_NONE ? NULL : &p->survey[from];
    uint32_t bound = (uint32_t)(most * v->cells / (v->entropy + place_bits)) + 1;
    uint32_t misses = 0;
    uint32_t news = 0;

    memset(seen, 0xff, sizeof seen);
    for (size_t row = 0; row < p->rows; row++) {
        if (misses > bound)
            return INFINITY;
        uint16_t parent = o ? o->id[row] : 0;

        if (v->id[row] == ABSENT)
            continue;
        if (parent == ABSENT) {
            misses++;
        } else if (seen[parent] == ABSENT) {
            seen[parent] = v->id[row];
            news++;
        } else {
            misses += seen[parent] != v->id[row];
        }
    }
    return (misses * (v->entropy + place_bits) + news * new_share * v->entropy) / v->cells;
}

static void choose_follows(struct planning *p, uint16_t label)
{
    const struct survey *v = &p->survey[label];
    struct plan *plan = &p->plan[label];
    double best = v->entropy * clearly;
    double cost;

    if ((plan->type != TYPE_ENTRY && plan->type != TYPE_SHAPE) || plan->guess != GUESS_NOTHING)
        return;
    if ((cost = follow_cost(p, label, LABEL_NONE, best)) <= best) {
        best = cost;
        plan->guess = GUESS_FOLLOWS;
    }
    if (best <= 0.02)
        return;
    for (uint16_t i = 0; i < p->m->labels; i++) {
        const struct survey *o = &p->survey[i];

        if (i == label || !covers(o, v) || o->distinct < 2 ||
            p->plan[i].guess == GUESS_EQUAL ||
            (p->plan[i].type != TYPE_ENTRY && p->plan[i].type != TYPE_SHAPE))
            continue;
        cost = follow_cost(p, label, i, best);
        if (cost < best * clearly && !depends(p, i, label, 0)) {
            best = cost;
            plan->guess = GUESS_FOLLOWS;
            plan->parent = i;
        }
    }
}

static void try_number(struct planning *p, uint16_t label, enum guess guess, uint16_t parent,
                       double *best)
{
    struct plan plan = p->plan[label];
    double cost;

    plan.guess = (uint8_t)guess;
    plan.parent = parent;
    if (parent != LABEL_NONE && depends(p, parent, label, 0))
        return;
    cost = number_cost(p, label, plan);
    if (cost < *best * clearly) {
        *best = cost;
        p->plan[label].guess = plan.guess;
        p->plan[label].parent = plan.parent;
    }
}

static void choose_number_guess(struct planning *p, uint16_t label)
{
    const struct survey *v = &p->survey[label];
    double best;

    if (!is_number(p->plan[label]))
        return;
    best = number_cost(p, label, p->plan[label]);
    try_number(p, label, GUESS_PREVIOUS, LABEL_NONE, &best);
    for (uint16_t i = LABEL_FIRST_NAMED; i < p->m->labels; i++) {
        struct survey *o = &p->survey[i];

        if (i == label || !covers(o, v))
            continue;
        if (is_number(p->plan[i])) {
            try_number(p, label, GUESS_PARENT, i, &best);
            if (p->plan[label].type == TYPE_MOMENT && p->plan[i].type == TYPE_INTEGER)
                try_number(p, label, GUESS_SUM, i, &best);
        } else if (p->plan[i].type == TYPE_ENTRY && p->plan[i].guess != GUESS_EQUAL &&
                   o->distinct <= 64 && o->distinct <= v->cells / 4) {
            if (!o->values.entry) {
                o->values.entry = arena_alloc(&p->arena, p->rows * sizeof *o->values.entry);
                for (size_t row = 0; row < p->rows; row++)
                    o->values.entry[row] = o->id[row] == ABSENT ? DICTIONARY_NONE : o->id[row];
            }
            try_number(p, label, GUESS_SUCCESSOR, i, &best);
        }
    }
}

/* ---- all of it ---- */

static bool begin(struct planning *p, struct model *m, const struct cells *cells, size_t rows,
                  bool again)
{
    bool any = false;

    *p = (struct planning){.m = m, .cells = cells, .rows = rows};
    p->survey = xcalloc(m->labels, sizeof *p->survey);
    p->plan = xcalloc(m->labels, sizeof *p->plan);
    p->open = xcalloc(m->labels, sizeof *p->open);
    for (uint16_t i = 0; i < m->labels; i++) {
        const struct label *l = &m->label[i];

        p->plan[i] = l->plan;
        p->open[i] = i != LABEL_RECORD && i != LABEL_VERBATIM && cells[i].count > 0 &&
                     (!l->planned || (l->provisional && cells[i].count >= FEW_CELLS) ||
                      (again && cells[i].count >= FEW_CELLS));
        any |= p->open[i];
    }
    for (uint16_t i = 0; any && i < m->labels; i++)
        if (cells[i].count > 0 && i != LABEL_VERBATIM)
            survey_values(p, i);
    return any;
}

static void end(struct planning *p)
{
    free(p->survey);
    free(p->plan);
    free(p->open);
    arena_release(&p->once);
    arena_release(&p->arena);
}

static bool same_plan(struct plan a, struct plan b)
{
    return a.type == b.type && a.guess == b.guess && a.style == b.style &&
           a.parent == b.parent;
}

static void adopt(struct planning *p, uint16_t label)
{
    struct label *l = &p->m->label[label];

    struct plan *plan = &p->plan[label];

    l->provisional = p->cells[label].count < FEW_CELLS;
    if (plan->guess == GUESS_FOLLOWS && !model_has_place(p->m, label, plan->parent)) {
        plan->guess = GUESS_NOTHING;
        plan->parent = LABEL_NONE;
    }
    if (!same_plan(l->plan, p->plan[label]))
        model_set_plan(p->m, label, p->plan[label]);
    l->planned = true;
}

bool plan_is_due(uint64_t groups)
{
    return groups == 1 || groups == 8 || groups == 64;
}

bool plan_is_wanted(const struct model *m, const struct encoder *e)
{
    for (size_t i = 0; i < m->labels; i++)
        if (m->label[i].provisional && e->column[i].cells >= FEW_CELLS)
            return true;
    return false;
}

bool plan_group(struct model *m, const struct cells *cells, size_t rows, uint64_t groups)
{
    bool again = plan_is_due(groups) && rows >= LIMIT_BLOCK_ROWS / 2;
    struct planning p;
    bool any = begin(&p, m, cells, rows, again);

    for (uint16_t i = 0; any && i < m->labels; i++)
        if (p.open[i])
            choose_type(&p, i);
        else if (is_number(p.plan[i]) && cells[i].count > 0)
            survey_numbers(&p, i, p.plan[i]);
    for (int record = 0; any && record < 2; record++)
        for (uint16_t i = LABEL_SIGNATURE; i < m->labels; i++)
            if (p.open[i] && cells[i].count >= FEW_CELLS &&
                (m->label[i].kind == SHAPE_RECORD) == record)
                choose_equal(&p, i);
    for (uint16_t i = 0; any && i < m->labels; i++)
        if (p.open[i])
            choose_follows(&p, i);
    for (uint16_t i = 0; any && i < m->labels; i++)
        if (p.open[i])
            choose_number_guess(&p, i);
    for (uint16_t i = 0; any && i < m->labels; i++)
        if (p.open[i])
            adopt(&p, i);
    end(&p);
    return any;
}

void plan_new(struct model *m, const struct cells *cells, size_t rows)
{
    struct planning p;
    bool any = begin(&p, m, cells, rows, false);

    for (uint16_t i = 0; any && i < m->labels; i++)
        if (p.open[i] && !m->label[i].planned) {
            choose_type(&p, i);
            adopt(&p, i);
            m->label[i].provisional = true;
        }
    end(&p);
}
