/* indexer.c - see indexer.h. */
#include "trail/indexer.h"

#include "base/fault.h"
#include "base/mem.h"
#include "trail/columns.h"
#include "trail/trail.h"

struct indexer {
    char dir[LIMIT_PATH_BYTES];
    const struct zone *zone;
    struct indexed_group group;
    struct indexed_names names; /* of `file` */
    struct columns *columns; /* made where the log is read */
    struct index_file file; /* of the segment that grows */
    uint64_t first_seq;     /* its segment; UINT64_MAX: none is open */
    struct buf bytes;
};

struct indexer *indexer_new(const char *dir, const struct zone *zone)
{
    struct indexer *x = xcalloc(1, sizeof *x);

    snprintf(x->dir, sizeof x->dir, "%s", dir);
    x->zone = zone;
    x->first_seq = UINT64_MAX;
    return x;
}

void indexer_free(struct indexer *x)
{
    if (!x)
        return;
    index_close(&x->file);
    buf_release(&x->bytes);
    indexed_group_release(&x->group);
    indexed_names_release(&x->names);
    columns_free(x->columns);
    free(x);
}

void indexer_row(struct indexer *x, size_t at, const struct judgement *j)
{
    if (x->zone)
        indexed_group_row(&x->group, at, j);
}

struct columns *indexer_columns(const struct zone *zone)
{
    bool wanted[COLUMN_COUNT] = {[COLUMN_TIME] = true,
                                 [COLUMN_HTTP_STATUS] = true,
                                 [COLUMN_PATIENT_NHS_NUMBER] = true,
                                 [COLUMN_USER_KEY] = true,
                                 [COLUMN_ORG_ODS] = true,
                                 [COLUMN_PRACTICE_ODS] = true};

    for (int i = 0; i < JUDGE_SMALL; i++)
        wanted[judge_small(i)] = true;
    return columns_new(wanted, false, zone);
}

static int write_entry(struct indexer *x, struct index_file *f, struct indexed_names *names,
                       const struct group *g, struct err *err)
{
    int rc;

    buf_clear(&x->bytes);
    indexed_group_encode(&x->bytes, &x->group, names, g);
    rc = disk_write(f->file, buf_str(&x->bytes), f->end, err);
    fault_point("index.written");
    f->end += x->bytes.len;
    return rc;
}

int indexer_group(struct indexer *x, const struct segment_map *map, const struct group *g,
                  uint64_t *bytes, struct err *err)
{
    uint64_t first = map->segment[map->segments - 1].first_seq;
    int rc;

    if (!x->zone)
        return 0;
    if (x->first_seq != first) {
        index_close(&x->file);
        indexed_names_release(&x->names);
        if ((rc = index_open(&x->file, x->dir, first, true, err)) < 0 ||
            (rc = indexed_names_take(&x->names, &x->file, err)) < 0)
            return rc;
        x->first_seq = first;
    }
    rc = write_entry(x, &x->file, &x->names, g, err);
    *bytes += x->bytes.len;
    return rc;
}

/* ---- catching up ---- */

static int index_group_anew(struct indexer *x, struct trail *t, struct index_file *f,
                            struct indexed_names *names, const struct group *g,
                            struct err *err)
{
    struct arena arena = {0};
    int rc = 0;

    if (!x->columns)
        x->columns = indexer_columns(x->zone);
    for (uint32_t i = 0; rc == 0 && i < g->rows; i++) {
        struct record record;
        struct judgement j;

        arena_reset(&arena);
        if ((rc = trail_record(t, g->first_seq + i, x->columns, &record, &arena, err)) < 0)
            break;
        judge_full(&j, &record, &arena);
        indexed_group_row(&x->group, i, &j);
    }
    arena_release(&arena);
    return rc < 0 ? rc : write_entry(x, f, names, g, err);
}

/* How many groups of the segment, from its first, have an entry that is theirs. */
static size_t known_groups(const struct index_file *f, const struct segment_map *map,
                           const struct segment *s)
{
    size_t n = 0;

    while (n < s->groups && index_entry_of(f, n, &map->group[s->first_group + n].head))
        n++;
    return n;
}

static int catch_up_segment(struct indexer *x, struct trail **t, const struct segment_map *map,
                            const struct segment *s, uint64_t *rows, struct err *err)
{
    struct indexed_names names = {0};
    struct index_file f;
    size_t known;
    int rc = index_open(&f, x->dir, s->first_seq, true, err);

    if (rc < 0)
        return rc;
    known = known_groups(&f, map, s);
    if (known < f.entries)
        f.end = f.entry[known].at;
    f.entries = known;
    if ((known < s->groups || !s->sealed) && indexed_names_take(&names, &f, err) < 0) {
        indexed_names_release(&names); /* its texts are damaged: all of it anew */
        f.end = known = 0;
    }
    if (f.size > f.end)
        rc = disk_truncate(f.file, f.end, err);
    for (size_t i = known; rc == 0 && i < s->groups; i++) {
        const struct group *g = &map->group[s->first_group + i].head;

        if (!*t && (rc = trail_open(t, x->dir, err)) < 0)
            break;
        rc = index_group_anew(x, *t, &f, &names, g, err);
        *rows += g->rows;
    }
    indexed_names_release(&names);
    index_close(&f);
    return rc;
}

int indexer_catch_up(struct indexer *x, const struct segment_map *map, uint64_t *rows,
                     struct err *err)
{
    struct trail *t = NULL;
    int rc = 0;

    *rows = 0;
    for (size_t i = 0; x->zone && rc == 0 && i < map->segments; i++)
        rc = catch_up_segment(x, &t, map, &map->segment[i], rows, err);
    trail_close(t);
    return rc;
}
