/* guess.c - see guess.h. Sums wrap, so that no input is an error here. */
#include "trail/guess.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "trail/leaf.h"

enum { SEEN_SLOTS = 2 * LIMIT_BLOCK_ROWS };

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

struct str guess_print(struct plan plan, char *to, int64_t number)
{
    return (struct str){to, plan.type == TYPE_INTEGER
                                ? leaf_integer_print(to, number)
                                : leaf_moment_print(to, plan.style, number)};
}

bool guess_chains(struct plan plan)
{
    return plan.guess == GUESS_PREVIOUS || plan.guess == GUESS_SUM ||
           plan.guess == GUESS_SUCCESSOR;
}

void guess_begin(struct guesser *g, struct plan plan, const struct plan *parent,
                 struct arena *arena)
{
    *g = (struct guesser){.plan = plan, .unit = 1, .parent_unit = 1};
    if (plan.type == TYPE_MOMENT)
        g->unit = leaf_moment_unit(plan.style);
    if (parent && parent->type == TYPE_MOMENT) {
        g->parent_moment = true;
        g->parent_unit = leaf_moment_unit(parent->style);
    }
    if (plan.guess == GUESS_SUCCESSOR) {
        g->seen = arena_alloc(arena, SEEN_SLOTS * sizeof *g->seen);
        memset(g->seen, 0, SEEN_SLOTS * sizeof *g->seen);
    }
}

/* Where the last number with the parent's entry of this row stands; NULL without one. At
 * most LIMIT_BLOCK_ROWS entries are seen, so there is always a free slot. */
static struct last_seen *seen_at(const struct guesser *g, uint32_t entry)
{
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
static int64_t sum_part(const struct guesser *g, int64_t ms)
{
    if (ms == GUESS_ABSENT)
        return 0;
    return g->unit >= 1000 ? (int64_t)((uint64_t)ms * (uint64_t)(g->unit / 1000))
                           : ms / (1000 / g->unit);
}

int64_t guess_number(const struct guesser *g, const struct now *parent)
{
    const struct last_seen *s;
    int64_t number;

    switch ((enum guess)g->plan.guess) {
    case GUESS_PREVIOUS:
        return g->last;
    case GUESS_SUCCESSOR:
        s = seen_at(g, parent->entry);
        return s && s->entry ? add(s->value, 1) : 0;
    case GUESS_PARENT:
        number = parent->number;
        if (number == GUESS_ABSENT)
            return 0;
        if (!g->parent_moment)
            return number;
        number = number / g->parent_unit - (number % g->parent_unit < 0);
        return (int64_t)((uint64_t)number * (uint64_t)g->unit);
    case GUESS_SUM:
        return subtract(g->last, sum_part(g, parent->number));
    case GUESS_NOTHING:
    case GUESS_EQUAL:
    case GUESS_FOLLOWS:
    case GUESSES:
        break;
    }
    return 0;
}

void guess_learn(struct guesser *g, const struct now *parent, int64_t number)
{
    if (g->plan.guess == GUESS_PREVIOUS) {
        g->last = number;
    } else if (g->plan.guess == GUESS_SUM) {
        g->last = add(number, sum_part(g, parent->number));
    } else if (g->plan.guess == GUESS_SUCCESSOR) {
        struct last_seen *s = seen_at(g, parent->entry);

        if (s)
            *s = (struct last_seen){parent->entry + 1, number};
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
