/* index.c - see index.h. */
#include "trail/index.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/deflate.h"
#include "base/mem.h"
#include "base/order.h"
#include "base/sparse.h"

enum {
    INDEX_VERSION = 2,
    INDEX_DERIVATION = 2, /* raise it when a key is derived otherwise */
    INDEX_HEAD = 72,
    LISTS = INDEX_KEYS + 2,
    LIST_SMALL = INDEX_KEYS + 1,
    LIST_MAX = 1 << 20
};

uint32_t index_hash(enum index_key key, struct str text)
{
    char upper[256];
    size_t n = text.len < sizeof upper ? text.len : sizeof upper;
    uint32_t hash;

    if (text.len == 0)
        return 0;
    if (key == INDEX_ORG || key == INDEX_PRACTICE) {
        for (size_t i = 0; i < n; i++)
            upper[i] = ascii_upper(text.at[i]);
        text = (struct str){upper, n};
    }
    hash = hash_crc32c(0, text) * 0x9e3779b1U >> (32 - SPARSE_BITS);
    return hash ? hash : 1;
}

/* A combination of small columns as bytes, which is also its key. */
static uint16_t small_of(const struct judgement *j, struct dictionary *small,
                         struct arena *texts)
{
    struct buf bytes = {0};
    uint32_t at;

    buf_put_varint(&bytes, j->has_status ? (uint64_t)j->status + 1 : 0);
    for (int i = 0; i < JUDGE_SMALL; i++) {
        const struct value *v = &j->small[i];

        buf_put_varint(&bytes, v->kind == VALUE_TEXT ? v->text.len + 1 : 0);
        if (v->kind == VALUE_TEXT)
            buf_put_str(&bytes, v->text);
    }
    at = dictionary_put(small, buf_str(&bytes), texts);
    buf_release(&bytes);
    return (uint16_t)at; /* fewer than LIMIT_GROUP_ROWS */
}

void index_group_row(struct index_group *x, size_t at, const struct judgement *j)
{
    struct index_row *row;

    if (!x->row)
        x->row = xmalloc(LIMIT_GROUP_ROWS * sizeof *x->row);
    row = &x->row[at];
    row->key[INDEX_PATIENT] = index_hash(INDEX_PATIENT, j->patient);
    row->key[INDEX_USER] = index_hash(INDEX_USER, j->user);
    row->key[INDEX_ORG] = index_hash(INDEX_ORG, j->org);
    row->key[INDEX_PRACTICE] = index_hash(INDEX_PRACTICE, j->practice);
    row->untied = j->untied;
    row->has_time = j->has_time;
    row->time_us = j->time_us;
    row->small = small_of(j, &x->small, &x->texts);
}

void index_group_restart(struct index_group *x)
{
    dictionary_release(&x->small);
    arena_reset(&x->texts);
}

void index_group_release(struct index_group *x)
{
    dictionary_release(&x->small);
    arena_release(&x->texts);
    free(x->row);
    memset(x, 0, sizeof *x);
}

/* ---- writing ---- */

static void put_deflated(struct buf *out, struct str bytes)
{
    buf_put_varint(out, bytes.len);
    deflate_block(out, bytes, DEFLATE_FAST);
}

static void put_hashes(struct buf *out, const uint64_t *pair, size_t n)
{
    uint32_t *hash = xmalloc((n + 1) * sizeof *hash);
    struct buf counts = {0}, rows = {0};
    size_t distinct = 0;

    for (size_t from = 0, to; from < n; from = to) {
        uint32_t last = 0;

        hash[distinct] = (uint32_t)(pair[from] >> 32);
        for (to = from; to < n && pair[to] >> 32 == hash[distinct]; to++) {
            uint32_t row = (uint32_t)pair[to];

            buf_put_varint(&rows, row - last);
            last = row;
        }
        buf_put_varint(&counts, to - from);
        distinct++;
    }
    buf_put_varint(out, distinct);
    sparse_put(out, hash, distinct);
    buf_put_str(&counts, buf_str(&rows));
    put_deflated(out, buf_str(&counts));
    buf_release(&counts);
    buf_release(&rows);
    free(hash);
}

static void put_key_list(struct buf *out, enum index_key key, const struct index_row *row,
                         size_t rows)
{
    uint64_t *pair = xmalloc(rows * sizeof *pair);
    size_t n = 0;

    for (size_t i = 0; i < rows; i++)
        if (row[i].key[key])
            pair[n++] = (uint64_t)row[i].key[key] << 32 | i;
    if (n > 0)
        qsort(pair, n, sizeof *pair, order_u64);
    put_hashes(out, pair, n);
    free(pair);
}

static void put_untied_list(struct buf *list, const struct index_row *row, size_t rows)
{
    size_t n = 0;
    size_t last = 0;

    for (size_t i = 0; i < rows; i++)
        n += row[i].untied;
    buf_put_varint(list, n);
    for (size_t i = 0; i < rows; i++)
        if (row[i].untied) {
            buf_put_varint(list, i - last);
            last = i;
        }
}

static void put_small_list(struct buf *list, const struct index_row *row, size_t rows,
                           const struct dictionary *small)
{
    int64_t unit = 1000; /* most clocks count milliseconds */
    int64_t last = 0;

    for (size_t i = 0; i < rows; i++)
        if (row[i].has_time && row[i].time_us % unit != 0)
            unit = 1;
    buf_put_varint(list, (uint64_t)unit);
    buf_put_varint(list, small->count);
    for (uint32_t i = 0; i < small->count; i++) {
        buf_put_varint(list, small->entry[i].len);
        buf_put_str(list, small->entry[i]);
    }
    for (size_t i = 0; i < rows; i++)
        buf_put_u16(list, row[i].small);
    for (size_t i = 0; i < rows; i++) {
        int64_t by = row[i].time_us / unit - last;

        if (!row[i].has_time) {
            buf_put_varint(list, 0);
            continue;
        }
        buf_put_varint(list, zigzag(by) + 1);
        last += by;
    }
}

void index_group_encode(struct buf *out, struct index_group *x, const struct group *g)
{
    const struct index_row *row = x->row;
    int64_t least = INT64_MAX;
    int64_t greatest = INT64_MIN;
    struct buf lists = {0}, list = {0};
    uint32_t len[LISTS];
    size_t from = out->len;

    for (size_t i = 0; i < g->rows; i++)
        if (row[i].has_time) {
            least = row[i].time_us < least ? row[i].time_us : least;
            greatest = row[i].time_us > greatest ? row[i].time_us : greatest;
        }
    for (int k = 0; k < LISTS; k++) {
        size_t before = lists.len;

        buf_clear(&list);
        if (k < INDEX_KEYS)
            put_key_list(&lists, (enum index_key)k, row, g->rows);
        else if (k == INDEX_KEYS)
            put_untied_list(&list, row, g->rows);
        else
            put_small_list(&list, row, g->rows, &x->small);
        if (k >= INDEX_KEYS)
            put_deflated(&lists, buf_str(&list));
        buf_put_u32(&lists, hash_crc32c(0, str_part(buf_str(&lists), before, lists.len)));
        len[k] = (uint32_t)(lists.len - before);
    }
    buf_put_text(out, "GPCI");
    buf_put_u16(out, INDEX_VERSION);
    buf_put_u16(out, INDEX_DERIVATION);
    buf_put_u64(out, g->first_seq);
    buf_put_u32(out, g->rows);
    buf_put_u32(out, g->header_crc);
    buf_put_u64(out, (uint64_t)least);
    buf_put_u64(out, (uint64_t)greatest);
    for (int k = 0; k < LISTS; k++)
        buf_put_u32(out, len[k]);
    buf_put_u32(out, hash_crc32c(0, buf_str(&lists)));
    buf_put_u32(out, hash_crc32c(0, str_part(buf_str(out), from, out->len)));
    buf_put_str(out, buf_str(&lists));
    buf_release(&lists);
    buf_release(&list);
    index_group_restart(x);
}

/* ---- reading ---- */

/* *other: it is a good one of another version. */
static bool read_head(struct index_entry *e, const uint8_t *head, bool *other)
{
    struct cursor c = {{(const char *)head, INDEX_HEAD}, false};
    struct str magic = cursor_bytes(&c, 4);
    uint16_t version = cursor_u16(&c);
    uint16_t derivation = cursor_u16(&c);

    e->first_seq = cursor_u64(&c);
    e->rows = cursor_u32(&c);
    e->chain = cursor_u32(&c);
    e->time_min = (int64_t)cursor_u64(&c);
    e->time_max = (int64_t)cursor_u64(&c);
    for (int k = 0; k < LISTS; k++)
        e->len[k] = cursor_u32(&c);
    e->crc = cursor_u32(&c);
    *other = false;
    if (!str_equal(magic, STR("GPCI")) || e->rows > LIMIT_GROUP_ROWS ||
        cursor_u32(&c) != hash_crc32c(0, (struct str){(const char *)head, INDEX_HEAD - 4}))
        return false;
    *other = version != INDEX_VERSION || derivation != INDEX_DERIVATION;
    return !*other;
}

static uint64_t lists_len(const struct index_entry *e)
{
    uint64_t n = 0;

    for (int k = 0; k < LISTS; k++)
        n += e->len[k];
    return n;
}

static int read_entries(struct index_file *f, struct err *err)
{
    size_t cap = 0;

    while (f->end + INDEX_HEAD <= f->size) {
        struct index_entry e = {.at = f->end};
        uint8_t head[INDEX_HEAD];
        int rc = disk_read(f->file, head, sizeof head, f->end, err);

        if (rc < 0)
            return rc;
        if (!read_head(&e, head, &f->other) || f->end + INDEX_HEAD + lists_len(&e) > f->size)
            break;
        if (f->entries == cap) {
            cap = cap ? cap * 2 : 64;
            f->entry = xrealloc(f->entry, cap * sizeof *f->entry);
        }
        f->entry[f->entries++] = e;
        f->end += INDEX_HEAD + lists_len(&e);
    }
    return 0;
}

int index_open(struct index_file *f, const char *dir, uint64_t segment_first_seq, bool write,
               struct err *err)
{
    char below[64];
    char path[LIMIT_PATH_BYTES];
    int rc;

    memset(f, 0, sizeof *f);
    snprintf(below, sizeof below, "segments/%012llu.idx",
             (unsigned long long)segment_first_seq);
    if ((rc = segment_path(path, dir, below, err)) < 0)
        return rc;
    rc = disk_open(&f->file, path, write ? DISK_CREATE : DISK_READ, err);
    if (rc == ERR_MISSING && !write)
        return 0;
    if (rc == 0)
        rc = disk_size(f->file, &f->size, err);
    if (rc == 0)
        rc = read_entries(f, err);
    if (rc < 0)
        index_close(f);
    return rc;
}

const struct index_entry *index_entry_of(const struct index_file *f, size_t at,
                                         const struct group *g)
{
    const struct index_entry *e = at < f->entries ? &f->entry[at] : NULL;

    return e && e->first_seq == g->first_seq && e->rows == g->rows &&
                   e->chain == g->header_crc
               ? e
               : NULL;
}

void index_close(struct index_file *f)
{
    disk_close(f->file);
    free(f->entry);
    memset(f, 0, sizeof *f);
}

static int damaged(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "a list of the index is damaged");
}

/* The bytes of a list as they lie in the file, whose CRC is right: what it does not name must
 * not be missed. */
static int read_list(const struct index_file *f, const struct index_entry *e, int list,
                     struct buf *out, struct err *err)
{
    uint64_t at = e->at + INDEX_HEAD;
    size_t len = e->len[list] - 4;
    int rc;

    for (int k = 0; k < list; k++)
        at += e->len[k];
    if (e->len[list] < 4)
        return damaged(err);
    rc = disk_read(f->file, buf_reserve(out, e->len[list]), e->len[list], at, err);
    out->len = rc == 0 ? len : 0;
    return rc < 0 || get_le32((const uint8_t *)out->at + len) == hash_crc32c(0, buf_str(out))
               ? rc : damaged(err);
}

/* Replace what put_deflated() wrote, which is all behind the first bytes. */
static int inflate_list(struct buf *list, size_t behind, struct err *err)
{
    struct cursor c = {str_part(buf_str(list), behind, list->len), false};
    uint64_t len = cursor_varint(&c);
    struct buf out = {0};
    int rc;

    if (c.bad || len > LIST_MAX)
        return damaged(err);
    rc = inflate_block(buf_reserve(&out, len), len, c.rest, err);
    out.len = rc == 0 ? len : 0;
    buf_release(list);
    *list = out;
    return rc;
}

static bool rows_at(struct cursor *c, uint64_t count, uint32_t limit, uint32_t *row,
                    size_t *rows, size_t room)
{
    uint64_t at = 0;

    for (uint64_t i = 0; i < count; i++) {
        at += cursor_varint(c);
        if (c->bad || at >= limit || *rows == room)
            return false;
        row[(*rows)++] = (uint32_t)at;
    }
    return true;
}

/* Rows of the place-th of n hashes. */
static bool rows_of(struct str list, uint64_t n, uint64_t place, uint32_t limit, uint32_t *row,
                    size_t *rows, size_t room)
{
    struct cursor c = {list, false};
    struct cursor counts = c;

    cursor_skip_varints(&c, n); /* the rows stand behind all counts */
    for (uint64_t i = 0; i < place; i++)
        cursor_skip_varints(&c, cursor_varint(&counts));
    return !c.bad && !counts.bad &&
           rows_at(&c, cursor_varint(&counts), limit, row, rows, room);
}

static int key_rows(struct buf *list, const struct index_entry *e, uint32_t hash,
                    uint32_t *row, size_t *rows, size_t room, struct err *err)
{
    struct cursor c = {buf_str(list), false};
    uint64_t n = cursor_varint(&c);
    struct str set = cursor_bytes(&c, n <= e->rows ? sparse_bytes((size_t)n) : UINT64_MAX);
    size_t place;
    int rc;

    if (c.bad)
        return damaged(err);
    place = sparse_find(set, (size_t)n, hash);
    if (place == n)
        return 0;
    rc = inflate_list(list, list->len - c.rest.len, err);
    return rc < 0 || rows_of(buf_str(list), n, place, e->rows, row, rows, room) ? rc
                                                                                : damaged(err);
}

static int untied_rows(struct buf *list, const struct index_entry *e, uint32_t *row,
                       size_t *rows, size_t room, struct err *err)
{
    int rc = inflate_list(list, 0, err);
    struct cursor c = {buf_str(list), false};

    return rc < 0 || rows_at(&c, cursor_varint(&c), e->rows, row, rows, room) ? rc
                                                                              : damaged(err);
}

int index_rows(const struct index_file *f, const struct index_entry *e, enum index_key key,
               uint32_t hash, uint32_t *row, size_t *rows, size_t room, struct err *err)
{
    struct buf list = {0};
    int rc = read_list(f, e, (int)key, &list, err);

    if (rc == 0)
        rc = key == INDEX_KEYS ? untied_rows(&list, e, row, rows, room, err)
                               : key_rows(&list, e, hash, row, rows, room, err);
    buf_release(&list);
    return rc;
}

static bool read_small(struct index_small *out, struct str bytes)
{
    struct cursor c = {bytes, false};
    uint64_t status = cursor_varint(&c);

    *out = (struct index_small){.has_status = status > 0, .status = (int64_t)status - 1};
    for (int i = 0; i < JUDGE_SMALL; i++) {
        uint64_t len = cursor_varint(&c);

        if (len > 0)
            out->value[i] =
                (struct value){.kind = VALUE_TEXT, .text = cursor_bytes(&c, len - 1)};
    }
    return !c.bad && c.rest.len == 0;
}

static bool read_columns(struct index_columns *out, const struct index_entry *e,
                         struct cursor *c, struct arena *arena)
{
    uint64_t unit = cursor_varint(c);
    uint64_t n = cursor_varint(c);
    struct index_small *small;
    uint16_t *which = arena_alloc(arena, e->rows * sizeof *which);
    int64_t *time_us = arena_alloc(arena, e->rows * sizeof *time_us);
    uint64_t last = 0;

    if (n > e->rows)
        return false;
    small = arena_alloc(arena, (size_t)n * sizeof *small);
    for (uint64_t i = 0; i < n; i++)
        if (!read_small(&small[i], cursor_bytes(c, cursor_varint(c))))
            return false;
    for (uint32_t i = 0; i < e->rows; i++)
        if ((which[i] = cursor_u16(c)) >= n)
            return false;
    for (uint32_t i = 0; i < e->rows; i++) {
        uint64_t by = cursor_varint(c);

        if (by > 0)
            last += (uint64_t)unzigzag(by - 1);
        time_us[i] = by > 0 ? (int64_t)(last * unit) : INT64_MIN;
    }
    *out = (struct index_columns){small, (size_t)n, which, time_us};
    return !c->bad && c->rest.len == 0;
}

int index_columns(const struct index_file *f, const struct index_entry *e,
                  struct index_columns *out, struct arena *arena, struct err *err)
{
    struct buf list = {0};
    int rc = read_list(f, e, LIST_SMALL, &list, err);
    struct cursor c = {.bad = false};

    if (rc == 0)
        rc = inflate_list(&list, 0, err);
    c.rest = arena_copy(arena, buf_str(&list));
    if (rc == 0 && !read_columns(out, e, &c, arena))
        rc = damaged(err);
    buf_release(&list);
    return rc;
}

int index_equal(const struct index_file *f, const struct index_entry *e, struct str bytes,
                bool *equal, struct err *err)
{
    struct buf there = {0};
    int rc = 0;

    *equal = bytes.len == INDEX_HEAD + lists_len(e);
    if (*equal) {
        rc = disk_read(f->file, buf_reserve(&there, bytes.len), bytes.len, e->at, err);
        there.len = rc == 0 ? bytes.len : 0;
        *equal = str_equal(buf_str(&there), bytes);
    }
    buf_release(&there);
    return rc;
}

int index_verify(const struct index_file *f, uint64_t *at, struct err *err)
{
    struct buf lists = {0};
    int rc = 0;

    *at = 0;
    for (size_t i = 0; rc == 0 && i < f->entries; i++) {
        const struct index_entry *e = &f->entry[i];
        size_t len = (size_t)lists_len(e);

        *at = e->at + INDEX_HEAD;
        buf_clear(&lists);
        rc = disk_read(f->file, buf_reserve(&lists, len), len, *at, err);
        lists.len = len;
        if (rc == 0 && hash_crc32c(0, buf_str(&lists)) != e->crc)
            rc = err_set(err, ERR_CORRUPT, "the index is damaged: delete the file, it is made"
                         " anew; no record is lost");
    }
    if (rc == 0 && f->end != f->size && !f->other) {
        *at = f->end;
        rc = err_set(err, ERR_CORRUPT, "the index is damaged from here on: delete the file, it"
                     " is made anew; no record is lost");
    }
    buf_release(&lists);
    return rc;
}
