/* projections.c - see projections.h. A file is bound to the heads of its groups, so that
 * one of another log, or of other groups, is not taken. One that is no longer than what has
 * come since is made anew together with that, so that there are few. */
#include "trail/projections.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/disk.h"
#include "base/limits.h"
#include "base/mem.h"
#include "trail/projector.h"
#include "trail/scan.h"

struct kept {
    struct projection_layout layout;
    struct disk_file *file; /* stays readable, whoever replaces it */
};

struct projections {
    char dir[LIMIT_PATH_BYTES];
    struct trail *trail;
    struct projection_want want, there; /* there: in the files, usable or not */
    struct kept *kept; /* without gaps from row 0 */
    size_t count, cap;
    uint64_t rows;     /* of them */
    struct projection_numbers numbers;
    struct projection *held;
    const struct kept *held_file;
};

/* Of the groups from `first` on that have exactly so many rows; false: there are none. */
static bool binding_of(const struct trail *t, uint64_t first, uint64_t rows,
                       uint8_t out[HASH_BYTES])
{
    const struct segment_map *m = trail_map(t);
    struct hash_sum *sum = hash_sum_new();
    uint64_t at = first;
    bool good = first + rows <= trail_count(t) && rows > 0;

    for (size_t g = good ? segment_group_of(m, first) : 0; good && at < first + rows; g++) {
        const struct group *head = &m->group[g].head;
        uint8_t bytes[24];

        good = head->first_seq == at;
        put_le64(bytes, head->first_seq);
        put_le64(bytes + 8, head->len);
        put_le32(bytes + 16, head->header_crc);
        put_le32(bytes + 20, head->chain);
        hash_sum_update(sum, (struct str){(const char *)bytes, sizeof bytes});
        at += head->rows;
    }
    hash_sum_update(sum, trail_checkpoint_origin(t));
    hash_sum_end(sum, out);
    hash_sum_free(sum);
    return good && at == first + rows;
}

static int path_of(const struct projections *s, uint64_t first, char out[LIMIT_PATH_BYTES],
                   struct err *err)
{
    if (snprintf(out, LIMIT_PATH_BYTES, "%s/%012llu.columns", s->dir,
                 (unsigned long long)first) >= LIMIT_PATH_BYTES)
        return err_set(err, ERR_LIMIT, "the path of the state is too long");
    return 0;
}

static int read_file(void *file, void *to, size_t len, uint64_t at, struct err *err)
{
    return disk_read(file, to, len, at, err);
}

/* How a file is laid out; false: it is none of this log. */
static bool look_at(struct projections *s, uint64_t first, struct kept *k)
{
    char path[LIMIT_PATH_BYTES], bytes[PROJECTION_LAYOUT_MAX];
    uint8_t binding[HASH_BYTES];
    uint64_t size = 0;
    struct err ignored;
    bool good;

    if (path_of(s, first, path, &ignored) < 0 ||
        disk_open(&k->file, path, DISK_READ, &ignored) < 0)
        return false;
    good = disk_size(k->file, &size, &ignored) == 0;
    size = size < sizeof bytes ? size : sizeof bytes;
    good = good && disk_read(k->file, bytes, (size_t)size, 0, &ignored) == 0 &&
           projection_layout_read(&k->layout, (struct str){bytes, (size_t)size}) &&
           k->layout.first_seq == first &&
           binding_of(s->trail, first, k->layout.rows, binding) &&
           memcmp(binding, k->layout.binding, HASH_BYTES) == 0;
    if (!good)
        disk_close(k->file);
    return good;
}

static void keep(struct projections *s, struct kept k)
{
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        s->kept = xrealloc(s->kept, s->cap * sizeof *s->kept);
    }
    s->kept[s->count++] = k;
    s->rows += k.layout.rows;
}

/* What is to be made holds all that was ever asked for. */
static void add_want(struct projection_want *to, const struct projection_want *more)
{
    for (int c = 0; c < COLUMN_COUNT; c++) {
        if (!more->column[c])
            continue;
        to->filled[c] = (to->filled[c] || !to->column[c]) && more->filled[c];
        to->decides[c] |= more->decides[c];
        to->column[c] = true;
    }
}

struct projections *projections_open(const char *dir, struct trail *t,
                                     const struct projection_want *want)
{
    struct projections *s = xcalloc(1, sizeof *s);
    struct projection_want has;
    struct kept k;

    snprintf(s->dir, sizeof s->dir, "%s", dir);
    s->trail = t;
    s->want = *want;
    while (s->rows < trail_count(t) && look_at(s, s->rows, &k)) {
        projection_layout_want(&has, &k.layout);
        add_want(&s->there, &has);
        if (!projection_want_holds(&has, want)) {
            disk_close(k.file);
            break;
        }
        keep(s, k);
    }
    return s;
}

void projections_free(struct projections *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        disk_close(s->kept[i].file);
    projection_free(s->held);
    free(s->kept);
    free(s);
}

uint64_t projections_missing(const struct projections *s)
{
    return trail_count(s->trail) - s->rows;
}

/* Forget the last ones that are no longer than what is missing behind them. */
static void forget_small(struct projections *s)
{
    while (s->count > 0 &&
           s->kept[s->count - 1].layout.rows <= projections_missing(s) &&
           s->kept[s->count - 1].layout.rows + projections_missing(s) <= PROJECTION_ROWS_MAX) {
        struct kept *last = &s->kept[--s->count];

        s->rows -= last->layout.rows;
        disk_close(last->file);
    }
}

/* The row behind the last whole group that begins a projection at `first` and fits. */
static uint64_t end_of(const struct projections *s, uint64_t first)
{
    const struct segment_map *m = trail_map(s->trail);
    uint64_t end = first;

    for (size_t g = segment_group_of(m, first); g < m->groups; g++) {
        const struct group *head = &m->group[g].head;

        if (head->first_seq + head->rows > trail_count(s->trail) ||
            (end > first && head->first_seq + head->rows - first > PROJECTION_ROWS_MAX))
            break;
        end = head->first_seq + head->rows;
    }
    return end;
}

static int read_rows(struct projections *s, struct projector *p, uint64_t first, uint64_t end,
                     const struct projection_want *want, const struct zone *zone,
                     struct err *err)
{
    struct scan_filter filter = {.first_seq = first, .last_seq = end - 1,
                                 .wanted = want->column};
    struct record r;
    struct scan scan;
    int rc;

    scan_begin(&scan, s->trail, &filter, zone);
    while ((rc = scan_next(&scan, &r, err)) > 0)
        projector_row(p, &r);
    scan_end(&scan);
    return rc;
}

static int make_one(struct projections *s, uint64_t first, uint64_t end,
                    const struct projection_want *want, const struct zone *zone,
                    struct err *err)
{
    struct projector *p = projector_new(want);
    uint8_t binding[HASH_BYTES];
    char path[LIMIT_PATH_BYTES];
    struct buf out = {0};
    struct kept k;
    int rc = read_rows(s, p, first, end, want, zone, err);

    if (rc == 0 && !binding_of(s->trail, first, end - first, binding))
        rc = err_set(err, ERR_CORRUPT, "the row groups of the log do not follow each other");
    if (rc == 0 && (rc = path_of(s, first, path, err)) == 0) {
        projector_encode(p, first, binding, &out);
        rc = disk_replace(s->dir, path, buf_str(&out), 0600, err);
    }
    if (rc == 0 && !look_at(s, first, &k))
        rc = err_set(err, ERR_IO, "%s cannot be read again", path);
    if (rc == 0)
        keep(s, k);
    buf_release(&out);
    projector_free(p);
    return rc;
}

/* Remove files that are not among those kept. */
static void remove_others(const struct projections *s)
{
    struct buf names = {0};
    const char *name;
    size_t count = 0;
    struct err ignored;

    if (disk_list(s->dir, &names, &count, &ignored) < 0)
        count = 0;
    name = names.at;
    for (size_t i = 0; i < count; i++, name += strlen(name) + 1) {
        unsigned long long first = strtoull(name, NULL, 10);
        char path[LIMIT_PATH_BYTES];
        bool among = !strstr(name, ".columns"); /* or is none of ours */

        for (size_t k = 0; k < s->count; k++)
            among |= s->kept[k].layout.first_seq == first;
        if (!among && snprintf(path, sizeof path, "%s/%s", s->dir, name) < (int)sizeof path)
            disk_unlink(path, &ignored);
    }
    buf_release(&names);
}

/* Only one run makes them. */
static int lock(const struct projections *s, struct disk_file **out, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    int rc;

    *out = NULL;
    if (snprintf(path, sizeof path, "%s.lock", s->dir) >= (int)sizeof path)
        return err_set(err, ERR_LIMIT, "the path of the state is too long");
    if ((rc = disk_open(out, path, DISK_CREATE, err)) < 0)
        return rc;
    if ((rc = disk_lock(*out, err)) == ERR_BUSY)
        err_set(err, rc, "another run is making the columns of this state");
    return rc;
}

int projections_make(struct projections *s, const struct zone *zone,
                     void (*told)(void *ctx, uint64_t rows), void *ctx, struct err *err)
{
    struct projection_want want = s->want;
    struct disk_file *held = NULL;
    int rc = disk_make_dir(s->dir, 0700, err);

    if (rc == 0)
        rc = lock(s, &held, err);
    if (rc < 0) {
        disk_close(held);
        return rc;
    }
    add_want(&want, &s->there);
    forget_small(s);
    while (rc == 0 && projections_missing(s) > 0) {
        rc = make_one(s, s->rows, end_of(s, s->rows), &want, zone, err);
        if (told && rc == 0)
            told(ctx, s->rows);
    }
    if (rc == 0)
        remove_others(s);
    disk_close(held);
    return rc;
}

/* A file that is damaged is no loss: it is made again. */
static int forget_damaged(const struct kept *k, struct err *err)
{
    struct err ignored;

    disk_unlink(disk_path(k->file), &ignored);
    return err_set(err, ERR_CORRUPT, "%s was damaged and is removed: run the same command"
                   " again", disk_path(k->file));
}

static int hold(struct projections *s, const struct kept *k, struct err *err)
{
    struct projection_source from = {.read = read_file, .ctx = k->file};
    int rc = disk_size(k->file, &from.size, err);

    projection_free(s->held);
    s->held = NULL;
    s->held_file = k;
    if (rc == 0)
        rc = projection_open(&s->held, &from, &s->numbers, err);
    return rc == ERR_CORRUPT ? forget_damaged(k, err) : rc;
}

void projections_choose(struct projections *s, const bool few[COLUMN_COUNT])
{
    projection_choose(s->held, few);
}

int projections_load(struct projections *s, const bool column[COLUMN_COUNT], struct err *err)
{
    int rc = projection_load(s->held, column, err);

    return rc == ERR_CORRUPT ? forget_damaged(s->held_file, err) : rc;
}

int projections_at(struct projections *s, uint64_t seq, const struct projection **out,
                   struct err *err)
{
    const struct projection_layout *h = s->held ? projection_layout(s->held) : NULL;
    size_t low = 0, high = s->count;
    int rc;

    if (!h || seq < h->first_seq || seq - h->first_seq >= h->rows) {
        *out = NULL;
        if (seq >= s->rows)
            return 0;
        while (high - low > 1) {
            size_t mid = low + (high - low) / 2;

            if (s->kept[mid].layout.first_seq <= seq)
                low = mid;
            else
                high = mid;
        }
        if ((rc = hold(s, &s->kept[low], err)) < 0)
            return rc;
    }
    *out = s->held;
    return 0;
}
