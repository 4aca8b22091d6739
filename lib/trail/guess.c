/* guess.c - see guess.h. Sums wrap, so that no input is an error here. */
#include "trail/guess.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "trail/leaf.h"

enum { SEEN_SLOTS = 2 * LIMIT_BLOCK_ROWS };

uint8_t guess_wants(enum guess g)
{
    switch (g) {
    case GUESS_EQUAL:
        return WANT_TEXT;
    case GUESS_FOLLOWS:
    case GUESS_SUCCESSOR:
        return WANT_ENTRY;
    case GUESS_PARENT:
    case GUESS_SUM:
        return WANT_NUMBER;
    case GUESS_NOTHING:
    case GUESS_PREVIOUS:
    case GUESSES:
        break;
    }
    return 0;
}

void row_values_make(struct row_values *v, uint8_t wanted, size_t rows, struct arena *arena)
{
    if (wanted & WANT_ENTRY) {
        v->entry = arena_alloc(arena, rows * sizeof *v->entry);
        memset(v->entry, 0xff, rows * sizeof *v->entry);
    }
    if (wanted & WANT_NUMBER) {
        v->number = arena_alloc(arena, rows * sizeof *v->number);
        for (size_t i = 0; i < rows; i++)
            v->number[i] = GUESS_ABSENT;
    }
    if (wanted & WANT_TEXT) {
        v->text = arena_alloc(arena, rows * sizeof *v->text);
        memset(v->text, 0, rows * sizeof *v->text);
    }
}

static int64_t add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t subtract(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

bool guess_read(struct plan plan, struct str text, int64_t *number)
{
    return plan.type == TYPE_INTEGER ? leaf_integer_read(text, number)
                                     : leaf_moment_read(text, plan.style, number);
}

void guess_begin(struct guesser *g, const struct model *m, struct plan plan,
                 const struct row_values *parent, struct arena *arena)
{
    const struct plan *p = plan.parent == LABEL_NONE ? NULL : &m->label[plan.parent].plan;

    *g = (struct guesser){.plan = plan, .parent = parent, .unit = 1, .parent_unit = 1};
    if (plan.type == TYPE_MOMENT)
        g->unit = leaf_moment_unit(plan.style);
    if (p && p->type == TYPE_MOMENT) {
        g->parent_moment = true;
        g->parent_unit = leaf_moment_unit(p->style);
    }
    if (plan.guess == GUESS_SUCCESSOR) {
        g->seen = arena_alloc(arena, SEEN_SLOTS * sizeof *g->seen);
        memset(g->seen, 0, SEEN_SLOTS * sizeof *g->seen);
    }
}

/* Where the last number with the parent's entry of this row stands; NULL without one. At
 * most LIMIT_BLOCK_ROWS entries are seen, so there is always a free slot. */
static struct last_seen *seen_at(const struct guesser *g, size_t row)
{
    uint32_t entry = g->parent->entry[row];
    uint32_t at = entry * 0x9e3779b1U;

    if (entry == DICTIONARY_NONE)
        return NULL;
    for (at >>= 16;; at++) {
        struct last_seen *s = &g->seen[at % SEEN_SLOTS];

        if (s->entry == 0 || s->entry == entry + 1)
            return s;
    }
}

/* The parent's number as milliseconds of this label's unit. */
static int64_t sum_part(const struct guesser *g, size_t row)
{
    int64_t ms = g->parent->number[row];

    if (ms == GUESS_ABSENT)
        return 0;
    return g->unit >= 1000 ? (int64_t)((uint64_t)ms * (uint64_t)(g->unit / 1000))
                           : ms / (1000 / g->unit);
}

int64_t guess_number(const struct guesser *g, size_t row)
{
    const struct last_seen *s;
    int64_t number;

    switch ((enum guess)g->plan.guess) {
    case GUESS_PREVIOUS:
        return g->last;
    case GUESS_SUCCESSOR:
        s = seen_at(g, row);
        return s && s->entry ? add(s->value, 1) : 0;
    case GUESS_PARENT:
        number = g->parent->number[row];
        if (number == GUESS_ABSENT)
            return 0;
        if (!g->parent_moment)
            return number;
        number = number / g->parent_unit - (number % g->parent_unit < 0);
        return (int64_t)((uint64_t)number * (uint64_t)g->unit);
    case GUESS_SUM:
        return subtract(g->last, sum_part(g, row));
    case GUESS_NOTHING:
    case GUESS_EQUAL:
    case GUESS_FOLLOWS:
    case GUESSES:
        break;
    }
    return 0;
}

void guess_learn(struct guesser *g, size_t row, int64_t number)
{
    if (g->plan.guess == GUESS_PREVIOUS) {
        g->last = number;
    } else if (g->plan.guess == GUESS_SUM) {
        g->last = add(number, sum_part(g, row));
    } else if (g->plan.guess == GUESS_SUCCESSOR) {
        struct last_seen *s = seen_at(g, row);

        if (s)
            *s = (struct last_seen){g->parent->entry[row] + 1, number};
    }
}

uint64_t guess_difference(int64_t value, int64_t guess)
{
    return zigzag(subtract(value, guess));
}

int64_t guess_value(uint64_t difference, int64_t guess)
{
    return add(unzigzag(difference), guess);
}
