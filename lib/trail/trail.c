/* trail.c - reading rows by seq.
 *
 * Opening makes the map of groups (headers only). A row is found by a search over the
 * groups; its group's description and its block, decoded, are kept until another one is
 * asked for, so that reading in ascending order decodes each block once. */
#include "trail/trail.h"

#include "base/mem.h"
#include "store/keys.h"
#include "store/segment.h"
#include "trail/block.h"
#include "trail/columns.h"
#include "trail/commit.h"
#include "trail/generation.h"
#include "trail/index.h"
#include "trail/input.h"

static const size_t NOTHING = SIZE_MAX;

struct trail {
    struct segment_map map;
    uint64_t rows; /* durable */
    char remark[256];
    bool has_keys;
    struct keys keys;
    struct err keys_err;
    size_t group, block; /* what the arenas hold; NOTHING: nothing */
    struct group head;
    size_t first_block; /* the extent of the group's first block */
    struct generation generation;
    struct arena head_arena, block_arena;
    struct buf packed;
    struct block_row row[LIMIT_BLOCK_ROWS];
    const struct trail_range *range; /* expected, or NULL: all */
    size_t ranges;
    bool wanted[LIMIT_BLOCK_ROWS], partial;
    bool reading; /* the block is read part by part, and its rows are not written down */
    struct block_reader reader;
};

int trail_open(struct trail **out, const char *dir, struct err *err)
{
    struct trail *t = xcalloc(1, sizeof *t);
    int rc;

    t->group = t->block = NOTHING;
    generation_init(&t->generation);
    if ((rc = segment_map_load(&t->map, dir, false, err)) < 0) {
        trail_close(t);
        return rc;
    }
    t->rows = t->map.has_checkpoint ? t->map.head.size : 0;
    if (t->map.torn > 0)
        snprintf(t->remark, sizeof t->remark, "the last %llu bytes of %s are an unfinished"
                 " write and were never acknowledged; the collector cuts them on its next"
                 " start", (unsigned long long)t->map.torn,
                 t->map.segment[t->map.segments - 1].name);
    else if (!t->map.has_checkpoint && t->map.rows > 0)
        snprintf(t->remark, sizeof t->remark, "the file checkpoint is missing, so no row is"
                 " known to be durable: run the collector once, or put the file back");
    t->has_keys = keys_load(&t->keys, dir, &t->keys_err) == 0;
    *out = t;
    return 0;
}

void trail_close(struct trail *t)
{
    if (!t)
        return;
    generation_release(&t->generation); /* first: its thread reads the map */
    segment_map_release(&t->map);
    arena_release(&t->head_arena);
    arena_release(&t->block_arena);
    buf_release(&t->packed);
    free(t);
}

uint64_t trail_count(const struct trail *t)
{
    return t->rows;
}

const struct segment_map *trail_map(const struct trail *t)
{
    return &t->map;
}

const char *trail_remark(const struct trail *t)
{
    return t->remark;
}

void trail_expect(struct trail *t, const struct trail_range *range, size_t ranges)
{
    uint64_t last = ranges ? range[ranges - 1].first + range[ranges - 1].count - 1 : 0;

    t->range = range;
    t->ranges = ranges;
    if (last >= trail_count(t) && trail_count(t) > 0)
        last = trail_count(t) - 1;
    generation_expect(&t->generation, ranges && trail_count(t) > 0
                                          ? segment_group_of(&t->map, last) : 0);
}

void trail_start(struct trail *t)
{
    generation_start(&t->generation, &t->map);
}

/* Which rows of a block are expected; false where they are many, or `seq` is none. */
static bool few_expected(struct trail *t, uint64_t first, size_t count, uint64_t seq)
{
    size_t low = 0;
    size_t high = t->ranges;
    size_t n = 0;

    if (!t->range)
        return false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (t->range[mid].first + t->range[mid].count > first)
            high = mid;
        else
            low = mid + 1;
    }
    memset(t->wanted, 0, sizeof t->wanted);
    for (; low < t->ranges && t->range[low].first < first + count; low++)
        for (uint64_t k = 0; k < t->range[low].count; k++) {
            uint64_t row = t->range[low].first + k;

            if (row < first || row >= first + count)
                continue;
            t->wanted[row - first] = true;
            n++;
        }
    return t->wanted[seq - first] && n <= count / 4;
}

static int hold_group(struct trail *t, size_t group, struct err *err)
{
    int rc;

    if (t->group == group)
        return 0;
    t->group = t->block = NOTHING;
    arena_reset(&t->head_arena);
    if ((rc = segment_group_read(&t->map, group, &t->head, &t->head_arena, err)) < 0 ||
        (rc = generation_reach(&t->generation, &t->map, group, &t->head, &t->first_block,
                               err)) < 0)
        return rc;
    t->group = group;
    return 0;
}

/* The bytes of a block of the group at hand; *count: its rows. */
static int fetch_block(struct trail *t, size_t block, size_t *count, struct err *err)
{
    size_t from = block * LIMIT_BLOCK_ROWS;
    size_t extent = t->first_block + block;

    t->block = NOTHING;
    arena_reset(&t->block_arena);
    buf_clear(&t->packed);
    *count = t->head.rows - from < LIMIT_BLOCK_ROWS ? t->head.rows - from : LIMIT_BLOCK_ROWS;
    if (extent >= t->head.extents || t->head.extent[extent].tag != BLOCK_TAG)
        return err_set(err, ERR_NEWER, "a row group holds parts that this version does not"
                       " know: use a newer gpca");
    return segment_extent_read(&t->map, t->group, &t->head, extent, &t->packed, err);
}

static int hold_block(struct trail *t, size_t group, size_t block, uint64_t seq,
                      struct err *err)
{
    uint64_t first;
    size_t count;
    int rc;

    if ((rc = hold_group(t, group, err)) < 0)
        return rc;
    first = t->head.first_seq + block * LIMIT_BLOCK_ROWS;
    if (t->block == block && !t->reading && (!t->partial || t->wanted[seq - first]))
        return 0;
    if ((rc = fetch_block(t, block, &count, err)) < 0)
        return rc;
    t->partial = few_expected(t, first, count, seq);
    rc = block_decode(t->row, count, t->partial ? t->wanted : NULL, buf_str(&t->packed),
                      &t->generation.model, &t->block_arena, err);
    if (rc < 0)
        return rc;
    t->reading = false;
    t->block = block;
    return 0;
}

/* Bring the reader of a block to stand at a row. */
static int reach_row(struct trail *t, size_t group, size_t block, size_t row, struct err *err)
{
    size_t count;
    int rc;

    if ((rc = hold_group(t, group, err)) < 0)
        return rc;
    if (t->block != block || !t->reading || t->reader.at > row) {
        if ((rc = fetch_block(t, block, &count, err)) < 0 ||
            (rc = block_open(&t->reader, t->row, count, buf_str(&t->packed),
                             &t->generation.model, &t->block_arena, err)) < 0)
            return rc;
        t->reading = true;
        t->block = block;
    }
    while (t->reader.at < row) {
        block_step(&t->reader);
        block_pass(&t->reader);
    }
    block_step(&t->reader);
    return 0;
}

/* In which group, and which row of it; false: it is none. */
static int find_row(const struct trail *t, uint64_t seq, size_t *group, size_t *at,
                    struct err *err)
{
    if (seq >= t->rows)
        return err_set(err, ERR_MISSING, "there is no record %llu: the log holds %llu",
                       (unsigned long long)seq, (unsigned long long)t->rows);
    *group = segment_group_of(&t->map, seq);
    *at = (size_t)(seq - t->map.group[*group].head.first_seq);
    return 0;
}

int trail_record(struct trail *t, uint64_t seq, struct columns *c, struct record *out,
                 struct arena *arena, struct err *err)
{
    struct record_input in;
    size_t group = 0;
    size_t at = 0;
    int rc;

    if ((rc = find_row(t, seq, &group, &at, err)) < 0 ||
        (rc = reach_row(t, group, at / LIMIT_BLOCK_ROWS, at % LIMIT_BLOCK_ROWS, err)) < 0 ||
        (rc = input_describe(&in, &t->head, at, &t->row[at % LIMIT_BLOCK_ROWS], err)) < 0)
        return rc;
    return columns_read(c, &t->reader, t->generation.number, &in, out, arena, err);
}

int trail_row(struct trail *t, uint64_t seq, struct trail_row *out, struct err *err)
{
    const struct group_run *run;
    const struct block_row *row;
    size_t group = 0;
    size_t at = 0;
    size_t left;
    int rc;

    if ((rc = find_row(t, seq, &group, &at, err)) < 0 ||
        (rc = hold_block(t, group, at / LIMIT_BLOCK_ROWS, seq, err)) < 0)
        return rc;
    run = input_run(&t->head, at, &left);
    row = &t->row[at % LIMIT_BLOCK_ROWS];
    memset(out, 0, sizeof *out);
    if ((rc = input_describe(&out->input, &t->head, at, row, err)) < 0)
        return rc;
    out->input.bytes = row->bytes;
    out->full_len = row->full_len;
    memcpy(out->full_sha, row->full_sha, HASH_BYTES);
    out->entry = (struct entry){.kind = run->kind, .class = run->class, .index = seq,
                                .received_ms = (uint64_t)(run->received_us / 1000),
                                .destruction_day = run->destruction_day,
                                .source = run->source};
    return 0;
}

int trail_nodes(struct trail *t, struct buf *out, struct err *err)
{
    size_t end = out->len + t->rows / TREE_TILE * HASH_BYTES;
    struct arena once = {0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < t->map.groups && out->len < end; i++) {
        struct group g;

        arena_reset(&once);
        rc = segment_group_read(&t->map, i, &g, &once, err);
        if (rc == 0)
            buf_put(out, g.tile, g.tiles * HASH_BYTES);
    }
    arena_release(&once);
    if (rc == 0 && out->len < end)
        rc = err_set(err, ERR_CORRUPT, "the row groups lack nodes of the tree: run verify");
    out->len = rc == 0 ? end : out->len;
    return rc;
}

int trail_nonce(struct trail *t, uint64_t seq, uint8_t out[TREE_NONCE_BYTES], struct err *err)
{
    if (!t->has_keys) {
        *err = t->keys_err;
        return err->code;
    }
    entry_nonce(out, &t->keys.commitment, seq);
    return 0;
}

void trail_commit(uint8_t out[HASH_BYTES], const struct trail_row *row,
                  const uint8_t nonce[TREE_NONCE_BYTES])
{
    struct block_row r = {.bytes = row->input.bytes, .too_large = row->input.too_large,
                          .full_len = row->full_len};

    memcpy(r.full_sha, row->full_sha, HASH_BYTES);
    commit_row(out, &r, nonce);
}

struct str trail_checkpoint_origin(const struct trail *t)
{
    return t->map.has_checkpoint ? str_of(t->map.head.origin) : STR("");
}

struct str trail_checkpoint(const struct trail *t)
{
    return buf_str(&t->map.note);
}

int trail_key(struct trail *t, struct note_key *out, struct err *err)
{
    if (!t->has_keys) {
        *err = t->keys_err;
        return err->code;
    }
    *out = t->keys.verifier;
    return 0;
}

int trail_sizes(struct trail *t, struct trail_sizes *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    out->segments = t->map.segments;
    out->groups = t->map.groups;
    for (size_t i = 0; i < t->map.segments; i++) {
        struct index_file f;
        int rc = index_open(&f, t->map.dir, t->map.segment[i].first_seq, false, err);

        if (rc < 0)
            return rc;
        out->seg += t->map.segment[i].size;
        out->idx += f.size;
        index_close(&f);
    }
    for (size_t i = 0; i < t->map.groups; i++) {
        const struct group *g = &t->map.group[i].head;

        if (g->first_seq >= t->rows)
            break;
        out->rows += g->rows;
        out->malformed += g->malformed;
        out->bytes_in += g->bytes_in;
    }
    out->other = t->map.note.len + sizeof "gpca store 1";
    return 0;
}
