/* writer.c - the one writer of a store.
 *
 * Rows are collected with their bytes; as soon as a block is full it is shredded. A commit
 * tells the definitions, reads every block back as a reader will and compares it, hashes the
 * rows into the tree, signs the head, and only then writes and syncs. The head is released
 * to DIR/checkpoint after the sync, so readers never see more than is durable. The
 * dictionaries begin anew with each segment and each opening.
 *
 * Opening reads the descriptions of the groups (for sources, known content and the right
 * edge of the tree), never rows. */
#include "trail/writer.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/fault.h"
#include "base/mem.h"
#include "store/format.h"
#include "store/keys.h"
#include "store/segment.h"
#include "trail/block.h"
#include "trail/commit.h"
#include "trail/indexer.h"
#include "trail/shred.h"

enum {
    GROUP_BYTES_MAX = 2 * LIMIT_GROUP_BYTES + LIMIT_RECORD_BYTES,
    FEW_ROWS = 16,
    EXTENTS_MAX = LIMIT_GROUP_ROWS / LIMIT_BLOCK_ROWS + 2 /* definitions, texts, blocks */
};

struct waiting_row {
    struct block_row row;
    uint32_t source;
    int64_t received_us;
    bool malformed;
};

struct trail_writer {
    struct segment_map map;
    struct keys keys;
    struct disk_file *lock;
    struct arena texts; /* of the sources */
    struct group_source *source;
    size_t sources;
    uint32_t now; /* index of the source that rows belong to */
    struct trail_prefix *prefix;
    size_t prefixes;
    struct trail_prefix position;
    bool has_position;
    struct buf bytes;   /* reserved for a whole group: rows stay where they are */
    struct shredder *shredder;
    struct judge *judge;
    struct buf blocks;  /* of the group, encoded */
    size_t block_end[LIMIT_GROUP_ROWS / LIMIT_BLOCK_ROWS];
    size_t blocks_made, rows_made;
    struct waiting_row *row;
    struct indexer *indexer;
    size_t rows;
    uint64_t bytes_in, written, seal_rows;
    int64_t day; /* of receipt of the open segment's first row */
    struct tree_edge edge;
};

static int path_in(struct trail_writer *w, const char *below, char out[LIMIT_PATH_BYTES],
                   struct err *err)
{
    return segment_path(out, w->map.dir, below, err);
}

static int release_head(struct trail_writer *w, struct str note, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    int rc = path_in(w, "checkpoint", path, err);

    if (rc == 0)
        rc = disk_replace(w->map.dir, path, note, 0644, err);
    if (rc == 0)
        fault_point("checkpoint.renamed");
    return rc;
}

static void new_generation(struct trail_writer *w, uint64_t first_seq)
{
    shredder_restart(w->shredder, first_seq);
    judge_restart(w->judge);
}

/* ---- opening ---- */

/* Is this directory ours to make a store in: nothing there but what a first run that was
 * cut short leaves? */
static int check_new(const char *dir, struct err *err)
{
    struct buf names = {0};
    const char *name;
    size_t count = 0;
    int rc = disk_list(dir, &names, &count, err);

    name = names.at;
    for (size_t i = 0; rc == 0 && i < count; i++, name += strlen(name) + 1)
        if (strcmp(name, "lock") != 0 && strcmp(name, "keys") != 0 &&
            strcmp(name, "segments") != 0 && strcmp(name, "format.tmp") != 0)
            rc = err_set(err, ERR_INVALID, "%s is not a gpca store and not empty: give"
                         " --store an empty or a new directory", dir);
    buf_release(&names);
    return rc;
}

static int create_store(struct trail_writer *w, const char *dir, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    int rc;

    if ((rc = keys_create(&w->keys, dir, err)) < 0 ||
        (rc = segment_path(path, dir, "segments", err)) < 0 ||
        (rc = disk_make_dir(path, 0755, err)) < 0 ||
        (rc = segment_path(path, dir, "format", err)) < 0)
        return rc;
    return disk_replace(dir, path, STR(FORMAT_STORE_TEXT), 0644, err);
}

static int open_directory(struct trail_writer *w, const char *dir, bool *created,
                          struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    struct buf format = {0};
    int rc;

    if ((rc = disk_make_dir(dir, 0755, err)) < 0 ||
        (rc = segment_path(path, dir, "format", err)) < 0)
        return rc;
    rc = disk_read_all(path, 256, &format, err);
    *created = rc == ERR_MISSING;
    buf_release(&format);
    if ((rc < 0 && rc != ERR_MISSING) || (*created && (rc = check_new(dir, err)) < 0) ||
        (rc = segment_path(path, dir, "lock", err)) < 0 ||
        (rc = disk_open(&w->lock, path, DISK_CREATE, err)) < 0)
        return rc;
    if ((rc = disk_lock(w->lock, err)) < 0)
        return rc == ERR_BUSY ? err_set(err, rc, "%s is held by another writer: wait until it"
                                        " has ended, or give another --store", dir)
                              : rc;
    return *created ? create_store(w, dir, err) : keys_load(&w->keys, dir, err);
}

static void know_source(struct trail_writer *w, const struct group_source *s)
{
    for (size_t i = 0; i < w->sources; i++)
        if (w->source[i].number == s->number)
            return;
    w->source = xrealloc(w->source, (w->sources + 1) * sizeof *w->source);
    w->source[w->sources] = *s;
    w->source[w->sources].via = arena_copy(&w->texts, s->via);
    w->source[w->sources].origin = arena_copy(&w->texts, s->origin);
    w->source[w->sources++].header = arena_copy(&w->texts, s->header);
}

static int compare_prefixes(const void *a, const void *b)
{
    const struct trail_prefix *p = a;
    const struct trail_prefix *q = b;

    return p->len < q->len ? -1 : p->len > q->len;
}

static void know_prefix(struct trail_writer *w, const struct trail_prefix *p)
{
    for (size_t i = 0; i < w->prefixes; i++)
        if (w->prefix[i].id == p->id) {
            w->prefix[i] = *p;
            return;
        }
    w->prefix = xrealloc(w->prefix, (w->prefixes + 1) * sizeof *w->prefix);
    w->prefix[w->prefixes++] = *p;
}

static void know_positions(struct trail_writer *w, const struct group *g)
{
    for (size_t i = 0; i < g->positions; i++) {
        struct cursor c = {g->position[i].bytes, false};
        struct trail_prefix p;
        struct str mac;

        if (g->position[i].type != POSITION_CONTENT)
            continue;
        p.id = cursor_u64(&c);
        p.len = cursor_u64(&c);
        p.rows = cursor_u64(&c);
        mac = cursor_bytes(&c, HASH_BYTES);
        if (c.bad)
            continue;
        memcpy(p.mac, mac.at, HASH_BYTES);
        know_prefix(w, &p);
    }
}

static int read_groups(struct trail_writer *w, struct err *err)
{
    struct arena arena = {0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < w->map.groups; i++) {
        struct group g;

        arena_reset(&arena);
        if ((rc = segment_group_read(&w->map, i, &g, &arena, err)) < 0)
            break;
        for (size_t k = 0; k < g.sources; k++)
            know_source(w, &g.source[k]);
        know_positions(w, &g);
        if (g.runs > 0 && i == w->map.segment[w->map.segments - 1].first_group)
            w->day = g.run[0].received_us / 86400000000;
        w->edge = g.edge;
        if (i + 1 == w->map.groups &&
            (!w->map.has_checkpoint || w->map.head.size < w->map.rows))
            rc = release_head(w, g.head, err);
    }
    if (w->prefixes > 0)
        qsort(w->prefix, w->prefixes, sizeof *w->prefix, compare_prefixes);
    arena_release(&arena);
    return rc;
}

static void sign_head(struct trail_writer *w, struct buf *out)
{
    struct checkpoint c = {.size = w->edge.size};

    snprintf(c.origin, sizeof c.origin, "%s", w->keys.verifier.name);
    tree_edge_root(&w->edge, c.root);
    checkpoint_sign(out, &c, &w->keys.verifier, w->keys.signing);
}

static int recover(struct trail_writer *w, struct trail_opened *what, struct err *err)
{
    struct buf note = {0};
    struct segment *s;
    int rc = 0;

    what->cut = w->map.torn;
    if (w->map.torn > 0 && (rc = segment_cut(&w->map, err)) < 0)
        return rc;
    s = w->map.segments ? &w->map.segment[w->map.segments - 1] : NULL;
    if (s && !s->sealed && (rc = disk_sync(s->file, err)) < 0)
        return rc;
    if ((rc = read_groups(w, err)) < 0)
        return rc;
    if (s && s->footed && !s->sealed && (rc = segment_seal(&w->map, err)) < 0)
        return rc;
    if (!w->map.has_checkpoint && w->map.rows == 0) {
        sign_head(w, &note);
        rc = release_head(w, buf_str(&note), err);
        buf_release(&note);
    }
    return rc;
}

int trail_writer_open(struct trail_writer **out, const char *dir, const struct zone *zone,
                      struct trail_opened *what, struct err *err)
{
    struct trail_writer *w = xcalloc(1, sizeof *w);
    const char *seal = getenv("GPCA_SEAL_ROWS");
    struct checkpoint head;
    int rc;

    memset(what, 0, sizeof *what);
    w->seal_rows = seal ? strtoull(seal, NULL, 10) : LIMIT_SEGMENT_ROWS;
    w->row = xmalloc(LIMIT_GROUP_ROWS * sizeof *w->row);
    w->indexer = indexer_new(dir, zone);
    buf_reserve(&w->bytes, GROUP_BYTES_MAX);
    w->shredder = shredder_new();
    w->judge = judge_new(zone);
    if ((rc = open_directory(w, dir, &what->created, err)) < 0 ||
        (rc = segment_map_load(&w->map, dir, true, err)) < 0)
        goto out;
    if (w->map.has_checkpoint && (rc = checkpoint_open(&head, buf_str(&w->map.note),
                                                       &w->keys.verifier, err)) < 0)
        goto out;
    if ((rc = recover(w, what, err)) < 0 ||
        (rc = indexer_catch_up(w->indexer, &w->map, &what->indexed, err)) < 0)
        goto out;
    new_generation(w, w->map.rows);
    what->rows = w->map.rows;
    what->key = w->keys.verifier;
    *out = w;
    return 0;
out:
    trail_writer_close(w);
    return rc;
}

void trail_writer_close(struct trail_writer *w)
{
    if (!w)
        return;
    segment_map_release(&w->map);
    disk_close(w->lock);
    arena_release(&w->texts);
    buf_release(&w->bytes);
    buf_release(&w->blocks);
    shredder_free(w->shredder);
    judge_free(w->judge);
    free(w->source);
    free(w->prefix);
    free(w->row);
    indexer_free(w->indexer);
    free(w);
}

/* ---- taking rows ---- */

int trail_writer_source(struct trail_writer *w, const struct trail_source *s, struct err *err)
{
    struct group_source g = {0, (uint8_t)s->format, s->via, s->origin, s->header};
    uint32_t highest = 0;

    if (s->origin.len > LIMIT_PATH_BYTES || s->header.len > LIMIT_SNIFF_BYTES)
        return err_set(err, ERR_LIMIT, "the name or the header row of a source is too long");
    for (size_t i = 0; i < w->sources; i++) {
        const struct group_source *k = &w->source[i];

        if (k->format == g.format && str_equal(k->via, g.via) &&
            str_equal(k->origin, g.origin) && str_equal(k->header, g.header)) {
            w->now = (uint32_t)i;
            return 0;
        }
        if (k->number > highest)
            highest = k->number;
    }
    g.number = highest + 1;
    know_source(w, &g);
    w->now = (uint32_t)w->sources - 1;
    return 0;
}

/* Encode the rows that are in no block yet. */
static void make_block(struct trail_writer *w)
{
    shred_block(w->shredder, &w->blocks);
    w->block_end[w->blocks_made++] = w->blocks.len;
    w->rows_made = w->rows;
}

static bool is_json(enum record_format f)
{
    return f != FORMAT_SSP_CSV && f != FORMAT_MESH_CSV;
}

static void judge_row(struct trail_writer *w, const struct waiting_row *r,
                      struct judgement *out)
{
    const struct group_source *s = &w->source[w->now];
    struct record_input in = {.bytes = r->row.bytes,
                              .format = (enum record_format)s->format,
                              .header = s->header,
                              .too_large = r->row.too_large,
                              .received_us = r->received_us};
    struct parted parts;

    shred_parts(w->shredder, &parts);
    judge_record(w->judge, &in, shredder_model(w->shredder), &parts, out);
}

int trail_writer_add(struct trail_writer *w, const struct trail_new_row *row,
                     struct trail_taken *taken, struct err *err)
{
    struct waiting_row *r = &w->row[w->rows];

    if (row->bytes.len > LIMIT_RECORD_BYTES)
        return err_set(err, ERR_LIMIT, "a record is larger than %d bytes",
                       LIMIT_RECORD_BYTES);
    assert(w->rows < LIMIT_GROUP_ROWS && w->sources > 0);
    memset(r, 0, sizeof *r);
    r->row.bytes = (struct str){w->bytes.at + w->bytes.len, row->bytes.len};
    buf_put_str(&w->bytes, row->bytes);
    r->row.has_position = row->has_position;
    r->row.position = row->position;
    r->row.full_len = row->bytes.len;
    if (row->full_len > row->bytes.len) {
        r->row.too_large = true;
        r->row.full_len = row->full_len;
        memcpy(r->row.full_sha, row->full_sha, HASH_BYTES);
    }
    r->source = w->now;
    r->received_us = row->received_us;
    if (w->rows == 0 && row->received_us / 86400000000 != w->day)
        new_generation(w, w->map.rows); /* in a new segment */
    shred_row(w->shredder, &r->row,
              is_json((enum record_format)w->source[w->now].format));
    judge_row(w, r, &taken->judgement);
    indexer_row(w->indexer, w->rows, &taken->judgement);
    r->malformed = taken->judgement.reject != REJECT_NONE;
    w->rows++;
    w->bytes_in += r->row.full_len;
    taken->full = w->rows == LIMIT_GROUP_ROWS ||
                  (w->bytes.len >= LIMIT_GROUP_BYTES && w->rows % LIMIT_BLOCK_ROWS == 0) ||
                  w->bytes.len >= 2 * (size_t)LIMIT_GROUP_BYTES;
    if (w->rows - w->rows_made == LIMIT_BLOCK_ROWS)
        make_block(w);
    return 0;
}

void trail_writer_position(struct trail_writer *w, const struct trail_prefix *p)
{
    w->position = *p;
    w->has_position = true;
}

uint64_t trail_writer_content_id(const struct trail_writer *w)
{
    return w->map.rows + w->rows;
}

size_t trail_writer_prefixes(const struct trail_writer *w, const struct trail_prefix **out)
{
    *out = w->prefix;
    return w->prefixes;
}

struct str trail_writer_mac_key(const struct trail_writer *w)
{
    return (struct str){(const char *)w->keys.content, HASH_BYTES};
}

/* ---- committing ---- */

static void grow_tree(struct trail_writer *w, struct buf *tiles)
{
    struct entry e[TREE_BATCH];
    const struct block_row *row[TREE_BATCH];

    for (size_t from = 0, n; from < w->rows; from += n) {
        n = w->rows - from < TREE_BATCH ? w->rows - from : TREE_BATCH;
        for (size_t i = 0; i < n; i++) {
            const struct waiting_row *r = &w->row[from + i];
            const struct group_source *s = &w->source[r->source];

            row[i] = &r->row;
            e[i] = commit_entry(w->map.rows + from + i, r->received_us, s->number, s->format);
        }
        commit_rows(&w->edge, tiles, e, row, n, &w->keys.commitment);
    }
}

/* Runs of equal row metadata, and the sources that the group uses. */
static void describe_rows(struct trail_writer *w, struct group *g, struct arena *arena)
{
    bool *used = arena_alloc(arena, w->sources * sizeof *used);

    memset(used, 0, w->sources * sizeof *used);
    g->run = arena_alloc(arena, w->rows * sizeof *g->run);
    g->source = arena_alloc(arena, w->sources * sizeof *g->source);
    for (size_t i = 0; i < w->rows; i++) {
        const struct waiting_row *r = &w->row[i];
        const struct group_source *s = &w->source[r->source];
        struct entry e = commit_entry(0, r->received_us, s->number, s->format);
        struct group_run *last = g->runs ? &g->run[g->runs - 1] : NULL;

        if (!used[r->source])
            g->source[g->sources++] = *s;
        used[r->source] = true;
        g->malformed += r->malformed;
        if (last && last->source == s->number && last->received_us == r->received_us) {
            last->rows++;
            continue;
        }
        g->run[g->runs++] = (struct group_run){1,      e.source, e.destruction_day,
                                               e.kind, e.class,  r->received_us};
    }
}

static void describe_position(struct trail_writer *w, struct group *g, struct buf *bytes,
                              struct group_position *position)
{
    if (!w->has_position)
        return;
    buf_put_u64(bytes, w->position.id);
    buf_put_u64(bytes, w->position.len);
    buf_put_u64(bytes, w->position.rows);
    buf_put(bytes, w->position.mac, HASH_BYTES);
    position->type = POSITION_CONTENT;
    position->bytes = buf_str(bytes);
    g->position = position;
    g->positions = 1;
}

/* The first rows of a generation, where they are few, are kept as they are: the shapes of
 * an answer to one question would be larger than the question. */
static void keep_few(struct trail_writer *w)
{
    new_generation(w, w->map.rows);
    for (size_t i = 0; i < w->rows; i++)
        shred_row(w->shredder, &w->row[i].row, false);
}

/* The block of the rows from that one on, read back and compared. */
static int check_block(struct trail_writer *w, struct str block, size_t from, struct err *err)
{
    struct block_row row[LIMIT_BLOCK_ROWS];
    size_t n = w->rows - from < LIMIT_BLOCK_ROWS ? w->rows - from : LIMIT_BLOCK_ROWS;

    for (size_t i = 0; i < n; i++)
        row[i] = w->row[from + i].row;
    return shred_check(w->shredder, block, row, n, err);
}

static void put_extent(struct group *g, struct str *payload, uint32_t tag, struct str bytes)
{
    g->extent[g->extents].tag = tag;
    payload[g->extents++] = bytes;
}

/* Finish the blocks of the group; one extent each, behind their definitions and texts. */
static int make_extents(struct trail_writer *w, struct group *g, struct str *payload,
                        struct buf *definitions, struct buf *texts, struct err *err)
{
    bool few = w->rows < FEW_ROWS && shredder_groups(w->shredder) == 0;
    size_t at = 0;
    int rc = 0;

    if (few)
        keep_few(w);
    if (w->rows > w->rows_made)
        make_block(w);
    if (!few) {
        if ((rc = shred_definitions(w->shredder, definitions, texts, err)) < 0)
            return rc;
        put_extent(g, payload, DEFINITIONS_TAG, buf_str(definitions));
        if (texts->len > 0)
            put_extent(g, payload, TEXTS_TAG, buf_str(texts));
    }
    for (size_t i = 0; i < w->blocks_made; i++) {
        put_extent(g, payload, BLOCK_TAG, str_part(buf_str(&w->blocks), at, w->block_end[i]));
        at = w->block_end[i];
        if ((rc = check_block(w, payload[g->extents - 1], i * LIMIT_BLOCK_ROWS, err)) < 0)
            return rc;
    }
    if (few)
        new_generation(w, w->map.rows + w->rows);
    return 0;
}

static int prepare_segment(struct trail_writer *w, struct err *err)
{
    struct segment *s = w->map.segments ? &w->map.segment[w->map.segments - 1] : NULL;
    int64_t day = w->row[0].received_us / 86400000000;
    int rc = 0;

    if (s && !s->sealed && s->rows > 0 && day != w->day)
        rc = segment_seal(&w->map, err);
    if (rc < 0)
        return rc;
    if (!s || s->sealed) {
        w->day = day;
        return segment_create(&w->map, w->map.rows, err);
    }
    if (s->rows == 0)
        w->day = day;
    return 0;
}

static int append(struct trail_writer *w, struct group *g, const struct str *payload,
                  struct err *err)
{
    struct buf bytes = {0};
    const struct segment *s;
    int rc;

    if ((rc = prepare_segment(w, err)) < 0)
        return rc;
    g->chain = w->map.segment[w->map.segments - 1].chain;
    group_encode(g, payload, &bytes);
    rc = segment_append(&w->map, g, buf_str(&bytes), err);
    w->written += rc == 0 ? bytes.len : 0;
    buf_release(&bytes);
    if (rc < 0 || (rc = release_head(w, g->head, err)) < 0 ||
        (rc = indexer_group(w->indexer, &w->map, g, &w->written, err)) < 0)
        return rc;
    s = &w->map.segment[w->map.segments - 1];
    if (s->rows < w->seal_rows)
        return 0;
    new_generation(w, w->map.rows);
    return segment_seal(&w->map, err);
}

int trail_writer_commit(struct trail_writer *w, struct err *err)
{
    struct group g = {.first_seq = w->map.rows, .rows = (uint32_t)w->rows,
                      .bytes_in = w->bytes_in, .key_id = KEYS_COMMITMENT_ID,
                      .key_first = w->map.rows, .key_count = w->rows};
    struct str payload[EXTENTS_MAX];
    struct group_extent extent[EXTENTS_MAX] = {0};
    struct buf tiles = {0}, note = {0}, definitions = {0}, texts = {0}, place = {0};
    struct group_position position;
    struct arena arena = {0};
    int rc;

    if (w->rows == 0)
        return 0;
    g.extent = extent;
    if ((rc = make_extents(w, &g, payload, &definitions, &texts, err)) < 0)
        goto out;
    grow_tree(w, &tiles);
    g.tiles = tiles.len / HASH_BYTES;
    g.tile = (const uint8_t *)buf_str(&tiles).at;
    g.edge = w->edge;
    sign_head(w, &note);
    g.head = buf_str(&note);
    describe_rows(w, &g, &arena);
    describe_position(w, &g, &place, &position);
    if ((rc = append(w, &g, payload, err)) < 0)
        goto out;
    if (w->has_position) {
        know_prefix(w, &w->position);
        qsort(w->prefix, w->prefixes, sizeof *w->prefix, compare_prefixes);
    }
    w->has_position = false;
    w->rows = w->rows_made = w->blocks_made = 0;
    w->bytes_in = 0;
    buf_clear(&w->bytes);
    buf_clear(&w->blocks);
out:
    buf_release(&tiles);
    buf_release(&note);
    buf_release(&definitions);
    buf_release(&texts);
    buf_release(&place);
    arena_release(&arena);
    return rc;
}

uint64_t trail_writer_rows(const struct trail_writer *w)
{
    return w->map.rows;
}

uint64_t trail_writer_bytes(const struct trail_writer *w)
{
    return w->written;
}
