/* generation.c - see generation.h. The definitions of group n say how many groups of its
 * generation came before it, and those are the groups right before it in the log; so the
 * first one to read is found without any list. */
#include "trail/generation.h"

#include "trail/block.h"

void generation_init(struct generation *g)
{
    memset(g, 0, sizeof *g);
    model_init(&g->model);
}

void generation_release(struct generation *g)
{
    model_release(&g->model);
    buf_release(&g->bytes);
}

static void restart(struct generation *g, uint64_t number)
{
    model_release(&g->model);
    model_init(&g->model);
    g->number = number;
    g->taken = 0;
}

static bool has_definitions(const struct group *head)
{
    return head->extents > 0 && head->extent[0].tag == DEFINITIONS_TAG;
}

static int open_definitions(struct generation *g, struct segment_map *map, size_t index,
                            const struct group *head, struct definitions *d, struct err *err)
{
    int rc;

    buf_clear(&g->bytes);
    if (!has_definitions(head))
        return err_set(err, ERR_CORRUPT, "a row group has no definitions, but a later one"
                       " builds on them");
    if ((rc = segment_extent_read(map, index, head, 0, &g->bytes, err)) < 0)
        return rc;
    return definitions_open(d, buf_str(&g->bytes), err);
}

/* Take the definitions of one group, which must be the next of the generation. */
static int take_group(struct generation *g, struct segment_map *map, size_t index,
                      const struct group *head, struct err *err)
{
    struct definitions d;
    int rc = open_definitions(g, map, index, head, &d, err);

    if (rc == 0 && (d.generation != g->number || d.groups_before != g->taken))
        rc = err_set(err, ERR_CORRUPT, "the definitions of row groups are out of order");
    if (rc == 0)
        rc = definitions_take(&d, &g->model, err);
    if (rc == 0)
        g->taken++;
    else
        restart(g, UINT64_MAX);
    return rc;
}

int generation_reach(struct generation *g, struct segment_map *map, size_t index,
                     const struct group *head, size_t *blocks, struct err *err)
{
    struct definitions d;
    struct arena arena = {0};
    uint64_t before;
    int rc;

    *blocks = has_definitions(head);
    if (!*blocks) {
        restart(g, UINT64_MAX); /* verbatim rows need nothing */
        return 0;
    }
    if ((rc = open_definitions(g, map, index, head, &d, err)) < 0)
        return rc;
    before = d.groups_before;
    if (g->number == d.generation && g->taken == before + 1)
        return 0;
    if (before > index)
        return err_set(err, ERR_CORRUPT, "the definitions of row groups are out of order");
    if (g->number != d.generation || g->taken > before)
        restart(g, d.generation);
    for (size_t i = index - (before - g->taken); rc == 0 && i < index; i++) {
        struct group earlier;

        arena_reset(&arena);
        if ((rc = segment_group_read(map, i, &earlier, &arena, err)) == 0)
            rc = take_group(g, map, i, &earlier, err);
    }
    arena_release(&arena);
    return rc < 0 ? rc : take_group(g, map, index, head, err);
}
