/* sizes.c - which column takes how many bytes: what one looks at before asking why a store
 * is large. Labels have other numbers in each generation, so they are summed by name. */
#include "base/mem.h"
#include "trail/block.h"
#include "trail/generation.h"
#include "trail/trail.h"

struct sums {
    struct segment_map map;
    struct generation generation;
    struct dictionary names;
    struct arena texts, arena;
    double *bytes; /* by name */
    size_t cap;
};

static void add(struct sums *s, struct str name, double bytes)
{
    uint32_t at = dictionary_put(&s->names, name, &s->texts);

    if (at >= s->cap) {
        size_t cap = (at + 1U) * 2;

        s->bytes = xrealloc(s->bytes, cap * sizeof *s->bytes);
        memset(s->bytes + s->cap, 0, (cap - s->cap) * sizeof *s->bytes);
        s->cap = cap;
    }
    s->bytes[at] += bytes;
}

static void add_label(struct sums *s, uint16_t number, double bytes)
{
    static const char *const fixed[LABEL_FIRST_NAMED] = {
        "(shape)",      "token.header (shape)", "token.payload (shape)", "url (shape)",
        "token.signature", "(verbatim)",        "(positions)"};
    static const char *const kinds[SHAPE_KINDS] = {"record", "token.header", "token.payload",
                                                   "url "};
    const struct label *l = &s->generation.model.label[number];
    struct buf name = {0};

    if (number < LABEL_FIRST_NAMED) {
        add(s, str_of(fixed[number]), bytes);
        return;
    }
    buf_put_text(&name, kinds[l->kind]);
    buf_put_str(&name, l->name);
    add(s, buf_str(&name), bytes);
    buf_release(&name);
}

static int walk_group(struct sums *s, size_t index, struct err *err)
{
    struct buf packed = {0};
    size_t labels, blocks;
    double *bytes = NULL;
    double rest;
    struct group g;
    int rc;

    arena_reset(&s->arena);
    if ((rc = segment_group_read(&s->map, index, &g, &s->arena, err)) < 0 ||
        (rc = generation_reach(&s->generation, &s->map, index, &g, &blocks, err)) < 0)
        return rc;
    rest = (double)g.len;
    for (size_t x = 0; x < blocks; x++) {
        add(s, x == 0 ? STR("(definitions)") : STR("(values)"), g.extent[x].len);
        rest -= g.extent[x].len;
    }
    labels = s->generation.model.labels;
    bytes = xcalloc(labels, sizeof *bytes);
    for (size_t x = blocks; rc == 0 && x < g.extents; x++) {
        buf_clear(&packed);
        rc = segment_extent_read(&s->map, index, &g, x, &packed, err);
        if (rc == 0)
            rc = block_sizes(buf_str(&packed), &s->generation.model, bytes, &s->arena, err);
        rest -= g.extent[x].len;
    }
    for (size_t i = 0; rc == 0 && i < labels; i++)
        if (bytes[i] > 0)
            add_label(s, (uint16_t)i, bytes[i]);
    add(s, STR("(groups)"), rest);
    free(bytes);
    buf_release(&packed);
    return rc;
}

static void tell(const struct sums *s,
                 void (*each)(void *ctx, struct str name, double bytes), void *ctx)
{
    for (uint32_t done = 0; done < s->names.count; done++) {
        uint32_t best = 0;

        for (uint32_t i = 1; i < s->names.count; i++)
            if (s->bytes[i] > s->bytes[best])
                best = i;
        each(ctx, s->names.entry[best], s->bytes[best]);
        s->bytes[best] = -1;
    }
}

int trail_sizes_by_column(const char *dir,
                          void (*each)(void *ctx, struct str name, double bytes), void *ctx,
                          struct err *err)
{
    struct sums s = {.cap = 0};
    int rc;

    generation_init(&s.generation);
    rc = segment_map_load(&s.map, dir, false, err);
    for (size_t i = 0; rc == 0 && i < s.map.groups; i++)
        if (s.map.has_checkpoint && s.map.group[i].head.first_seq < s.map.head.size)
            rc = walk_group(&s, i, err);
    if (rc == 0)
        tell(&s, each, ctx);
    generation_release(&s.generation); /* first: its thread reads the map */
    segment_map_release(&s.map);
    dictionary_release(&s.names);
    arena_release(&s.texts);
    arena_release(&s.arena);
    free(s.bytes);
    return rc;
}
