/* verify.c - proves a store, byte by byte.
 *
 * Faults of the layout end the walk of the file in which they are, since nothing behind
 * them can be placed; faults inside a group do not. The tree is recomputed from the rows,
 * and compared with the right edge, the level-1 nodes and the signed head in every group;
 * the last head must be the checkpoint. The index, which is no evidence but finds it, is made
 * anew of the rows and compared: one that leaves a row out would hide it from a search. A
 * fault names file and byte. */
#include "base/mem.h"
#include "store/format.h"
#include "store/keys.h"
#include "store/segment.h"
#include "trail/block.h"
#include "trail/columns.h"
#include "trail/commit.h"
#include "trail/generation.h"
#include "trail/indexer.h"
#include "trail/input.h"
#include "trail/trail.h"

struct walk {
    struct segment_map map;
    bool has_keys;
    struct keys keys;
    const struct note_key *key;
    void (*found)(void *ctx, const struct trail_fault *f);
    void *ctx;
    uint64_t faults;
    struct tree_edge edge;
    bool lost; /* the tree cannot be followed any more */
    struct str head;
    struct generation generation;
    struct arena arena, block_arena;
    struct block_row row[LIMIT_BLOCK_ROWS];
    const struct zone *zone; /* NULL: the index is not compared */
    struct columns *columns;
    struct index_file index; /* of the segment at hand; no entries: nothing is compared */
    size_t segment;          /* at hand */
    struct indexed_group found_by; /* keys of the rows of the group at hand, ... */
    size_t keys_taken;             /* ... so many of them */
    struct indexed_names names;    /* as the file should have them */
    struct arena row_arena;
};

static void fault(struct walk *w, const char *file, uint64_t at, const struct group *g,
                  const char *text)
{
    struct trail_fault f = {.file = file, .offset = at, .text = text};

    if (g && g->rows > 0) {
        f.has_seq = true;
        f.first_seq = g->first_seq;
        f.last_seq = g->first_seq + g->rows - 1;
    }
    w->faults++;
    w->found(w->ctx, &f);
}

/* An error text of the map is "FILE, byte N: sentence"; give its parts back. */
static void fault_of_err(struct walk *w, const struct err *err, const struct group *g)
{
    const char *comma = strstr(err->text, ", byte ");
    const char *colon = comma ? strstr(comma, ": ") : NULL;
    char file[128] = "";

    if (!colon || comma - err->text >= (ptrdiff_t)sizeof file) {
        fault(w, "", 0, g, err->text);
        return;
    }
    memcpy(file, err->text, (size_t)(comma - err->text));
    fault(w, file, strtoull(comma + 7, NULL, 10), g, colon + 2);
}

static void hash_rows(struct walk *w, const struct group *g, size_t from, size_t count,
                      const struct group_run *run, size_t *left, struct buf *tiles)
{
    struct entry e[TREE_BATCH];
    const struct block_row *row[TREE_BATCH];

    for (size_t at = 0, n; at < count; at += n) {
        n = count - at < TREE_BATCH ? count - at : TREE_BATCH;
        for (size_t i = 0; i < n; i++, (*left)--) {
            while (*left == 0)
                *left = (++run)->rows;
            row[i] = &w->row[at + i];
            e[i] = (struct entry){.kind = run->kind, .class = run->class,
                                  .index = g->first_seq + from + at + i,
                                  .received_ms = (uint64_t)(run->received_us / 1000),
                                  .destruction_day = run->destruction_day,
                                  .source = run->source};
        }
        commit_rows(&w->edge, tiles, e, row, n, &w->keys.commitment);
    }
}

/* At the place that the error names, or else there. */
static void fault_at(struct walk *w, const char *file, uint64_t at, const struct group *g,
                     const struct err *err)
{
    if (strstr(err->text, ", byte "))
        fault_of_err(w, err, g);
    else
        fault(w, file, at, g, err->text);
}

/* The keys of the row that was just read, for the index. */
static int take_keys(struct walk *w, struct block_reader *b, const struct group *g, size_t at,
                     struct err *err)
{
    struct record_input in;
    struct record record;
    struct judgement j;
    int rc;

    arena_reset(&w->row_arena);
    if ((rc = input_describe(&in, g, at, &b->row[b->at - 1], err)) < 0 ||
        (rc = columns_read(w->columns, b, w->generation.number, &in, &record, &w->row_arena,
                           err)) < 0)
        return rc;
    judge_full(&j, &record, &w->row_arena);
    indexed_group_row(&w->found_by, at, &j);
    w->keys_taken++;
    return 0;
}

/* The n rows of a block, the first of which is row `from` of the group. */
static int read_block(struct walk *w, const struct group *g, size_t from, size_t n,
                      struct str packed, struct err *err)
{
    struct block_reader b;
    char *to;
    int rc = block_open(&b, w->row, n, packed, &w->generation.model, &w->block_arena, err);

    if (rc == 0)
        rc = block_room(&b, n, NULL, &to, &w->block_arena, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        block_step(&b);
        rc = block_write(&b, to, err);
        to += w->row[i].bytes.len;
        if (rc == 0 && w->index.entries > 0 && g->rows <= LIMIT_GROUP_ROWS)
            rc = take_keys(w, &b, g, from + i, err);
    }
    return rc == 0 ? block_end(&b, err) : rc;
}

/* The block in extent x, its rows hashed into the tree. */
static void walk_block(struct walk *w, size_t index, const struct group *g, size_t x,
                       size_t from, const char *file, struct buf *tiles)
{
    uint64_t at = w->map.group[index].at;
    struct buf packed = {0};
    size_t n = from < g->rows ? g->rows - from : 0;
    struct err err;
    size_t left;

    n = n < LIMIT_BLOCK_ROWS ? n : LIMIT_BLOCK_ROWS;
    arena_reset(&w->block_arena);
    if (segment_extent_read(&w->map, index, g, x, &packed, &err) < 0) {
        fault_of_err(w, &err, g);
        w->lost = true;
    } else if (read_block(w, g, from, n, buf_str(&packed), &err) < 0) {
        fault_at(w, file, at + g->extent[x].at, g, &err);
        w->lost = true;
    } else if (!w->lost && w->has_keys && n > 0) {
        const struct group_run *run = input_run(g, from, &left);

        hash_rows(w, g, from, n, run, &left, tiles);
    }
    buf_release(&packed);
}

/* ---- the index ---- */

static void index_fault(struct walk *w, uint64_t at, const struct group *g, const char *text)
{
    char file[96];

    snprintf(file, sizeof file, "segments/%012llu.idx",
             (unsigned long long)w->map.segment[w->segment].first_seq);
    fault(w, file, at, g, text);
}

/* The index of that segment becomes the one at hand, if it is good. */
static void take_index(struct walk *w, size_t segment)
{
    uint64_t at = 0;
    struct err err;
    int rc;

    index_close(&w->index);
    indexed_names_release(&w->names);
    w->segment = segment;
    rc = index_open(&w->index, w->map.dir, w->map.segment[segment].first_seq, false, &err);
    if (rc == 0)
        rc = index_verify(&w->index, &at, &err);
    if (rc < 0)
        index_fault(w, at, NULL, err.text);
    if (rc < 0 || !w->zone)
        index_close(&w->index);
}

/* Does the entry of the group that was read say what its rows do? */
static void compare_index(struct walk *w, size_t index, const struct group *g)
{
    size_t first = w->map.segment[w->segment].first_group;
    const struct index_entry *e = index_entry_of(&w->index, index - first, g);
    struct buf entry = {0};
    bool equal = true;
    struct err err;

    if (w->index.entries == 0 || w->keys_taken < g->rows)
        return;
    indexed_group_encode(&entry, &w->found_by, &w->names, g);
    equal = e || index - first >= w->index.entries; /* else it is of another group */
    if (e && index_equal(&w->index, e, buf_str(&entry), &equal, &err) < 0)
        index_fault(w, e->at, g, err.text);
    else if (!equal)
        index_fault(w, w->index.entry[index - first].at, g, "the index does not say what these"
                    " records do, and could hide them from a search: delete the file, it is"
                    " made anew; no record is lost");
    if (!equal)
        index_close(&w->index); /* one fault a file */
    buf_release(&entry);
}

static void walk_rows(struct walk *w, size_t index, const struct group *g, const char *file,
                      struct buf *tiles)
{
    struct buf packed = {0};
    struct err err;
    size_t blocks, failed = 0;

    indexed_group_restart(&w->found_by);
    if (generation_reach(&w->generation, &w->map, index, g, &blocks, &err) < 0 ||
        (failed = 1, generation_texts(&w->generation, &err) < 0)) {
        fault_at(w, file, w->map.group[index].at + (g->extents ? g->extent[0].at : 0), g, &err);
        w->lost = true;
        for (size_t x = failed + 1; x < g->extents; x++) /* the rest is looked at too */
            if (segment_extent_read(&w->map, index, g, x, &packed, &err) < 0)
                fault_of_err(w, &err, g);
        buf_release(&packed);
        return;
    }
    for (size_t x = blocks; x < g->extents; x++)
        walk_block(w, index, g, x, (x - blocks) * LIMIT_BLOCK_ROWS, file, tiles);
    compare_index(w, index, g);
}

static void check_head(struct walk *w, const struct group *g, const char *file, uint64_t at)
{
    uint8_t root[HASH_BYTES];
    struct checkpoint c;
    struct err err;

    if (checkpoint_open(&c, g->head, w->key, &err) < 0) {
        fault(w, file, at, g, err.text);
        return;
    }
    tree_edge_root(&g->edge, root);
    if (c.size != g->first_seq + g->rows || memcmp(c.root, root, HASH_BYTES) != 0)
        fault(w, file, at, g, "the signed head of the group is not that of its tree");
}

static void walk_group(struct walk *w, size_t index)
{
    const struct segment_group *sg = &w->map.group[index];
    char file[96];
    struct buf tiles = {0};
    struct group g;
    struct err err;

    snprintf(file, sizeof file, "segments/%s", w->map.segment[sg->segment].name);
    arena_reset(&w->arena);
    if (segment_group_read(&w->map, index, &g, &w->arena, &err) < 0) {
        fault_of_err(w, &err, &sg->head);
        w->lost = true;
        return;
    }
    walk_rows(w, index, &g, file, &tiles);
    check_head(w, &g, file, sg->at);
    if (!w->lost && w->has_keys) {
        size_t n = (size_t)__builtin_popcountll(g.edge.size);

        if (w->edge.size != g.edge.size ||
            memcmp(w->edge.hash, g.edge.hash, n * HASH_BYTES) != 0)
            fault(w, file, sg->at, &g, "the records are not those that the tree was built"
                                       " from: one was changed, or its description was");
        if (tiles.len != g.tiles * HASH_BYTES ||
            (g.tiles > 0 && memcmp(tiles.at, g.tile, tiles.len) != 0))
            fault(w, file, sg->at, &g, "the stored nodes of the tree are not those of the"
                                       " records");
        w->edge = g.edge; /* a fault is named once, not in every later group */
    }
    buf_release(&tiles);
}

static void walk_segment(struct walk *w, size_t segment)
{
    const struct segment *s = &w->map.segment[segment];

    take_index(w, segment);
    for (size_t i = s->first_group; i < s->first_group + s->groups; i++) {
        const struct group *g = &w->map.group[i].head;

        w->keys_taken = 0;
        if (!w->map.has_checkpoint || g->first_seq < w->map.head.size)
            walk_group(w, i);
        if (w->keys_taken < g->rows)
            index_close(&w->index); /* it was damaged; names behind it cannot be told */
    }
}

static void check_checkpoint(struct walk *w)
{
    struct arena arena = {0};
    struct checkpoint c;
    struct group g;
    struct err err;
    size_t last = w->map.groups;

    if (!w->map.has_checkpoint) {
        fault(w, "checkpoint", 0, NULL, "the file is missing: the end of the log is unknown");
        return;
    }
    if (checkpoint_open(&c, buf_str(&w->map.note), w->key, &err) < 0) {
        fault(w, "checkpoint", 0, NULL, err.text);
        return;
    }
    while (last > 0 && w->map.group[last - 1].head.first_seq >= c.size)
        last--;
    if (last > 0 && segment_group_read(&w->map, last - 1, &g, &arena, &err) == 0 &&
        !str_equal(g.head, buf_str(&w->map.note)))
        fault(w, "checkpoint", 0, NULL, "it is not the head that stands in the last group");
    arena_release(&arena);
}

int trail_verify(const char *dir, const struct note_key *key, const struct zone *zone,
                 void (*found)(void *ctx, const struct trail_fault *f), void *ctx,
                 struct trail_verdict *out, struct err *err)
{
    struct walk *w = xcalloc(1, sizeof *w);
    struct err keys_err;
    int rc;

    generation_init(&w->generation);
    w->found = found;
    w->ctx = ctx;
    w->key = key;
    w->zone = zone;
    w->columns = zone ? indexer_columns(zone) : NULL;
    w->has_keys = keys_load(&w->keys, dir, &keys_err) == 0;
    if (!w->key && w->has_keys)
        w->key = &w->keys.verifier;
    memset(out, 0, sizeof *out);
    rc = segment_map_load(&w->map, dir, false, err);
    if (rc == ERR_CORRUPT) {
        fault_of_err(w, err, NULL);
        rc = 0;
    } else if (rc < 0) {
        goto out;
    } else {
        check_checkpoint(w);
    }
    for (size_t i = 0; i < w->map.segments; i++)
        walk_segment(w, i);
    out->records = w->map.has_checkpoint ? w->map.head.size : w->map.rows;
    out->faults = w->faults;
    out->tree_checked = w->has_keys && !w->lost;
    if (w->map.has_checkpoint)
        memcpy(out->root, w->map.head.root, HASH_BYTES);
out:
    generation_release(&w->generation); /* first: its thread reads the map */
    segment_map_release(&w->map);
    arena_release(&w->arena);
    arena_release(&w->block_arena);
    arena_release(&w->row_arena);
    indexed_group_release(&w->found_by);
    indexed_names_release(&w->names);
    index_close(&w->index);
    columns_free(w->columns);
    free(w);
    return rc;
}
