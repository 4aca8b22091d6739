/* generation.c - see generation.h. The definitions of group n say how many groups of its
 * generation came before it, and those are the groups right before it in the log; so the
 * first one to read is found without any list. */
#include "trail/generation.h"

#include "trail/ahead.h"

enum { AHEAD_GROUPS = 8 }; /* fewer are not worth a thread */

/* The texts of the n-th group of the generation. */
static int fetch_texts(void *ctx, uint64_t n, struct str *texts, struct arena *arena,
                       struct err *err)
{
    struct generation *g = ctx;
    size_t group = g->first + (size_t)n; /* of those that were taken */
    struct arena once = {0};
    struct buf packed = {0};
    struct group head;
    int rc = segment_group_read(g->map, group, &head, &once, err);

    if (rc == 0 && (head.extents < 2 || head.extent[1].tag != TEXTS_TAG))
        *texts = STR("");
    else if (rc == 0 &&
             (rc = segment_extent_read(g->map, group, &head, 1, &packed, err)) == 0)
        rc = texts_read(buf_str(&packed), texts, arena, err);
    buf_release(&packed);
    arena_release(&once);
    return rc;
}

static void begin_model(struct generation *g)
{
    model_init(&g->model);
    model_fetch(&g->model, fetch_texts, g);
}

void generation_init(struct generation *g)
{
    memset(g, 0, sizeof *g);
    begin_model(g);
}

void generation_release(struct generation *g)
{
    ahead_stop(g->ahead);
    model_release(&g->model);
}

void generation_expect(struct generation *g, size_t last)
{
    if (last == 0) {
        ahead_stop(g->ahead);
        g->ahead = NULL;
    }
    g->expected = last;
}

void generation_start(struct generation *g, struct segment_map *map)
{
    if (!g->ahead && g->taken == 0 && map->groups >= AHEAD_GROUPS)
        g->ahead = ahead_start(map, 0, map->groups);
}

static void restart(struct generation *g, uint64_t number)
{
    model_release(&g->model);
    begin_model(g);
    g->number = number;
    g->taken = 0;
}

/* Take the definitions of one group, which must be the next of the generation. */
static int take(struct generation *g, struct loaded *l, struct err *err)
{
    int rc = 0;

    if (l->head.generation != g->number || l->head.groups_before != g->taken)
        rc = err_set(err, ERR_CORRUPT, "the definitions of row groups are out of order");
    arena_join(&g->model.texts, &l->arena);
    if (rc == 0)
        rc = model_take(&g->model, l->bytes, l->head.inline_texts, err);
    if (rc == 0)
        g->taken++;
    else
        restart(g, UINT64_MAX);
    return rc;
}

static int load(struct generation *g, struct segment_map *map, size_t group,
                struct loaded *out, struct err *err)
{
    struct arena arena = {0};
    struct group head;
    int rc;

    if (ahead_has(g->ahead, group))
        return ahead_next(g->ahead, group, out, err);
    rc = segment_group_read(map, group, &head, &arena, err);
    if (rc == 0)
        rc = ahead_load(out, map, group, &head, err);
    arena_release(&arena);
    return rc;
}

/* Take those of the groups from `from` to `to`, all of one generation. */
static int take_groups(struct generation *g, struct segment_map *map, size_t from, size_t to,
                       struct err *err)
{
    size_t last = g->expected > to ? g->expected : to;
    int rc = 0;

    if (!ahead_has(g->ahead, from) && last - from >= AHEAD_GROUPS) {
        ahead_stop(g->ahead);
        g->ahead = ahead_start(map, from, last + 1);
    }
    for (size_t i = from; rc == 0 && i <= to; i++) {
        struct loaded l = {.arena = {NULL}};

        rc = load(g, map, i, &l, err);
        if (rc == 0)
            rc = take(g, &l, err);
        arena_release(&l.arena);
    }
    return rc;
}

int generation_reach(struct generation *g, struct segment_map *map, size_t index,
                     const struct group *head, size_t *blocks, struct err *err)
{
    struct buf packed = {0};
    struct definitions d;
    int rc;

    *blocks = head->extents > 0 && head->extent[0].tag == DEFINITIONS_TAG;
    if (!*blocks) {
        restart(g, UINT64_MAX); /* verbatim rows need nothing */
        return 0;
    }
    *blocks += head->extents > 1 && head->extent[1].tag == TEXTS_TAG;
    g->map = map;
    rc = segment_extent_read(map, index, head, 0, &packed, err);
    if (rc == 0)
        rc = definitions_open(&d, buf_str(&packed), err);
    buf_release(&packed);
    if (rc < 0)
        return rc;
    if (g->number == d.generation && g->taken == d.groups_before + 1)
        return 0;
    if (d.groups_before > index)
        return err_set(err, ERR_CORRUPT, "the definitions of row groups are out of order");
    if (g->number != d.generation || g->taken > d.groups_before)
        restart(g, d.generation);
    g->first = index - (size_t)d.groups_before;
    return take_groups(g, map, index - (size_t)(d.groups_before - g->taken), index, err);
}

int generation_texts(struct generation *g, struct err *err)
{
    return g->taken > 0 ? values_reach(g->model.values, g->taken - 1, err) : 0;
}
