/* index.c - see index.h. A list is read alone and only where it is asked for, and never used
 * where its CRC is wrong: what it does not name must not be missed. */
#include "trail/index.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/deflate.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sparse.h"
#include "record/nhs_number.h"

enum {
    INDEX_VERSION = 3,
    INDEX_DERIVATION = 3, /* raise it when a column is derived otherwise */
    INDEX_HEAD = 168,
    LIST_MAX = 8 << 20 /* of one, inflated */
};
enum { TEXTS_UNREAD, TEXTS_THERE, TEXTS_DAMAGED };

bool index_has(enum column c)
{
    static const enum column columns[] = {
        COLUMN_SEQ,         COLUMN_TIME,     COLUMN_TIME_LOCAL_DATE,   COLUMN_TIME_LOCAL_HOUR,
        COLUMN_PATIENT_REF, COLUMN_USER_KEY, COLUMN_TIME_LOCAL_WEEKDAY, COLUMN_HTTP_STATUS,
        COLUMN_ORG_ODS,     COLUMN_PRACTICE_ODS, COLUMN_PATIENT_NHS_NUMBER};

    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (c == columns[i])
            return true;
    return judge_is_small(c);
}

/* Times an odd number, modulo 2^34, which its inverse undoes. */
#define SCATTER_MASK ((1ULL << 34) - 1)
#define SCATTER_BY 0x29e3779b1ULL
#define SCATTER_BACK 0x10e8b2f51ULL

bool index_scatter(struct str digits, uint64_t *number)
{
    uint64_t n = 0;

    if (!nhs_number_digits(digits))
        return false;
    for (size_t i = 0; i < digits.len; i++)
        n = n * 10 + (uint64_t)(digits.at[i] - '0');
    *number = n * SCATTER_BY & SCATTER_MASK;
    return true;
}

void index_gather(uint64_t number, char digits[10])
{
    uint64_t n = number * SCATTER_BACK & SCATTER_MASK;

    for (int i = 9; i >= 0; i--, n /= 10)
        digits[i] = (char)('0' + n % 10);
}

unsigned index_bits(uint64_t n)
{
    return n <= 1 ? 0 : 64U - (unsigned)__builtin_clzll(n - 1);
}

int64_t index_least(const struct index_entry *e)
{
    return e->time_min == INT64_MAX ? 0 : e->time_min / e->unit;
}

size_t index_patients_count(const struct index_entry *e)
{
    size_t n = 0;

    for (int i = 0; i < INDEX_PARTS; i++)
        n += e->part[i];
    return n;
}

/* ---- heads ---- */

void index_put_head(struct buf *out, const struct index_entry *e)
{
    size_t from = out->len;

    buf_put_text(out, "GPCI");
    buf_put_u16(out, INDEX_VERSION);
    buf_put_u16(out, INDEX_DERIVATION);
    buf_put_u64(out, e->first_seq);
    buf_put_u32(out, e->rows);
    buf_put_u32(out, e->chain);
    buf_put_u64(out, (uint64_t)e->time_min);
    buf_put_u64(out, (uint64_t)e->time_max);
    buf_put_u32(out, e->unit);
    for (int k = 0; k < POSTINGS_NAMES; k++) {
        buf_put_u32(out, e->name[k].before);
        buf_put_u32(out, e->name[k].fresh);
        buf_put_u32(out, e->name[k].met);
    }
    for (int i = 0; i < INDEX_PARTS; i++)
        buf_put_u16(out, e->part[i]);
    for (int i = 0; i < INDEX_LISTS; i++)
        buf_put_u32(out, e->len[i]);
    buf_put_u32(out, e->crc);
    buf_put_u32(out, hash_crc32c(0, str_part(buf_str(out), from, out->len)));
}

static bool good_head(const struct index_entry *e)
{
    size_t pages = (e->rows + POSTINGS_PAGE - 1U) / POSTINGS_PAGE;
    size_t sets = 0;

    for (int i = 0; i < INDEX_PARTS; i++)
        sets += sparse_bytes(e->part[i], INDEX_PART_BITS) + 4;
    if (e->len[LIST_PATIENTS] != sets || index_patients_count(e) > e->rows ||
        e->len[LIST_DIRECTORY] != pages * INDEX_DIRECTORY + 4 ||
        (e->unit != 1 && e->unit != 1000))
        return false;
    for (int k = 0; k < POSTINGS_NAMES; k++) {
        const struct index_names *n = &e->name[k];
        uint64_t known = (uint64_t)n->before + n->fresh;

        if (n->met > e->rows || n->met > known || known > 1UL << SPARSE_BITS ||
            e->len[LIST_SETS + k] != sparse_bytes(n->met, index_bits(known)) + 4)
            return false;
    }
    for (int i = 0; i < INDEX_LISTS; i++)
        if (e->len[i] < 4 && i != LIST_PAGES)
            return false;
    return true;
}

/* *other: it is a good one of another version, whose head may be shorter. */
static bool read_head(struct index_entry *e, const uint8_t *head, bool *other)
{
    struct cursor c = {{(const char *)head, INDEX_HEAD}, false};
    struct str magic = cursor_bytes(&c, 4);
    uint16_t version = cursor_u16(&c);
    uint16_t derivation = cursor_u16(&c);

    *other = str_equal(magic, STR("GPCI")) &&
             (version != INDEX_VERSION || derivation != INDEX_DERIVATION);
    e->first_seq = cursor_u64(&c);
    e->rows = cursor_u32(&c);
    e->chain = cursor_u32(&c);
    e->time_min = (int64_t)cursor_u64(&c);
    e->time_max = (int64_t)cursor_u64(&c);
    e->unit = cursor_u32(&c);
    for (int k = 0; k < POSTINGS_NAMES; k++) {
        e->name[k].before = cursor_u32(&c);
        e->name[k].fresh = cursor_u32(&c);
        e->name[k].met = cursor_u32(&c);
    }
    for (int i = 0; i < INDEX_PARTS; i++)
        e->part[i] = cursor_u16(&c);
    for (int i = 0; i < INDEX_LISTS; i++)
        e->len[i] = cursor_u32(&c);
    e->crc = cursor_u32(&c);
    return str_equal(magic, STR("GPCI")) && !*other && e->rows <= LIMIT_GROUP_ROWS &&
           cursor_u32(&c) == hash_crc32c(0, (struct str){(const char *)head, INDEX_HEAD - 4}) &&
           good_head(e);
}

static uint64_t lists_len(const struct index_entry *e)
{
    uint64_t n = 0;

    for (int i = 0; i < INDEX_LISTS; i++)
        n += e->len[i];
    return n;
}

/* Texts are numbered on from the entry before. */
static bool follows(const struct index_file *f, const struct index_entry *e)
{
    for (int k = 0; k < POSTINGS_NAMES; k++)
        if (e->name[k].before != index_texts(f, (enum index_key)(INDEX_USER + k)))
            return false;
    return true;
}

static int read_entries(struct index_file *f, struct err *err)
{
    while (f->end < f->size) {
        struct index_entry e = {.at = f->end};
        uint8_t head[INDEX_HEAD] = {0}; /* those of other versions may be shorter */
        uint64_t left = f->size - f->end;
        int rc = disk_read(f->file, head, left < sizeof head ? left : sizeof head, f->end, err);

        if (rc < 0)
            return rc;
        if (!read_head(&e, head, &f->other) || !follows(f, &e) || left < INDEX_HEAD ||
            lists_len(&e) > left - INDEX_HEAD)
            break;
        if (f->entries == f->cap) {
            f->cap = f->cap ? f->cap * 2 : 64;
            f->entry = xrealloc(f->entry, f->cap * sizeof *f->entry);
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
    for (int k = 0; k < POSTINGS_NAMES; k++)
        free(f->text[k]);
    arena_release(&f->arena);
    memset(f, 0, sizeof *f);
}

/* ---- lists ---- */

int index_damaged(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "a list of the index is damaged");
}

int index_read(const struct index_file *f, uint64_t at, size_t len, struct buf *out,
               struct err *err)
{
    int rc;

    if (len < 4)
        return index_damaged(err);
    buf_clear(out);
    rc = disk_read(f->file, buf_reserve(out, len), len, at, err);
    out->len = rc == 0 ? len - 4 : 0;
    if (rc < 0)
        return rc;
    return get_le32((const uint8_t *)out->at + len - 4) == hash_crc32c(0, buf_str(out))
               ? 0 : index_damaged(err);
}

uint64_t index_place(const struct index_entry *e, enum index_list list)
{
    uint64_t at = e->at + INDEX_HEAD;

    for (unsigned i = 0; i < list; i++)
        at += e->len[i];
    return at;
}

int index_list(const struct index_file *f, const struct index_entry *e, enum index_list list,
               struct buf *out, struct err *err)
{
    return index_read(f, index_place(e, list), e->len[list], out, err);
}

int index_inflate(const struct index_file *f, const struct index_entry *e,
                  enum index_list list, struct cursor *out, struct arena *arena,
                  struct err *err)
{
    struct buf packed = {0};
    int rc = index_list(f, e, list, &packed, err);
    struct cursor c = {buf_str(&packed), false};
    uint64_t len = cursor_varint(&c);
    char *bytes;

    if (rc == 0 && (c.bad || len > LIST_MAX))
        rc = index_damaged(err);
    if (rc == 0) {
        bytes = arena_alloc(arena, len);
        rc = inflate_block(bytes, len, c.rest, err);
        *out = (struct cursor){{bytes, len}, false};
    }
    buf_release(&packed);
    return rc;
}

/* ---- texts ---- */

uint32_t index_texts(const struct index_file *f, enum index_key key)
{
    const struct index_names *n = f->entries ? &f->entry[f->entries - 1].name[key - 1] : NULL;

    return n ? n->before + n->fresh : 0;
}

int index_read_texts(struct index_file *f, struct index_entry *e, int k, struct err *err)
{
    struct cursor c = {.bad = false};
    struct cursor_texts texts;
    int rc;

    if (e->texts[k] != TEXTS_UNREAD)
        return e->texts[k] == TEXTS_THERE ? 0 : index_damaged(err);
    if (!f->text[k])
        f->text[k] = xcalloc(index_texts(f, (enum index_key)(INDEX_USER + k)) + 1UL,
                             sizeof *f->text[k]);
    e->texts[k] = TEXTS_DAMAGED;
    rc = index_inflate(f, e, (enum index_list)(LIST_TEXTS + k), &c, &f->arena, err);
    if (rc < 0)
        return rc;
    texts = cursor_texts(&c, e->name[k].fresh, LIST_MAX);
    for (uint32_t i = 0; i < e->name[k].fresh && !texts.bytes.bad; i++)
        f->text[k][e->name[k].before + i] = cursor_text(&texts);
    if (texts.bytes.bad || texts.bytes.rest.len || c.rest.len)
        return index_damaged(err);
    e->texts[k] = TEXTS_THERE;
    return 0;
}

int index_text(struct index_file *f, enum index_key key, uint32_t number, struct str *out,
               struct err *err)
{
    int k = (int)key - 1;
    size_t low = 0;
    size_t high = f->entries;
    int rc;

    if (number >= index_texts(f, key))
        return index_damaged(err);
    if (f->text[k] && f->text[k][number].at) {
        *out = f->text[k][number];
        return 0;
    }
    while (high - low > 1) { /* the last entry that begins at or before it, and has any */
        size_t mid = low + (high - low) / 2;

        if (f->entry[mid].name[k].before <= number)
            low = mid;
        else
            high = mid;
    }
    rc = index_read_texts(f, &f->entry[low], k, err);
    if (rc == 0)
        *out = f->text[k][number];
    return rc;
}

/* ---- proving ---- */

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

/* Append what deflated bytes behind their length say. */
static bool unfold(struct buf *out, struct str packed)
{
    struct cursor c = {packed, false};
    uint64_t len = cursor_varint(&c);
    struct err ignored;

    if (c.bad || len > LIST_MAX ||
        inflate_block(buf_reserve(out, len), len, c.rest, &ignored) < 0)
        return false;
    out->len += len;
    return true;
}

static bool unfold_pages(struct buf *out, struct str directory, struct str pages)
{
    size_t n = directory.len / INDEX_DIRECTORY;

    for (size_t i = 0; i < n; i++) {
        const uint8_t *d = (const uint8_t *)directory.at + i * INDEX_DIRECTORY;
        size_t len = get_le16(d + 2);

        if (len < 4 || len > pages.len || !unfold(out, str_part(pages, 0, len - 4)))
            return false;
        buf_put(out, d, 2);
        pages = str_part(pages, len, pages.len);
    }
    return pages.len == 0;
}

/* Append all that an entry says, inflated: how it is deflated says nothing. */
static bool unfold_entry(struct buf *out, struct str bytes)
{
    struct index_entry e;
    struct str list[INDEX_LISTS];
    size_t at = INDEX_HEAD, before;
    bool other;

    if (bytes.len < INDEX_HEAD || !read_head(&e, (const uint8_t *)bytes.at, &other) ||
        lists_len(&e) != bytes.len - INDEX_HEAD)
        return false;
    for (int i = 0; i < INDEX_LISTS; i++) {
        list[i] = str_part(bytes, at, at + e.len[i]);
        at += e.len[i];
        if (i != LIST_PATIENTS && i != LIST_PAGES)
            list[i] = str_part(list[i], 0, list[i].len - 4);
    }
    memset(e.len, 0, sizeof e.len);
    e.crc = 0;
    index_put_head(out, &e);
    for (int i = 0; i < INDEX_LISTS; i++) {
        bool packed = i == LIST_SMALL || (i >= LIST_TEXTS && i < LIST_TEXTS + POSTINGS_NAMES);

        if (i == LIST_DIRECTORY || i == LIST_PAGES)
            continue;
        before = out->len;
        if (!packed)
            buf_put_str(out, list[i]);
        else if (!unfold(out, list[i]))
            return false;
        buf_put_u64(out, out->len - before); /* each list is compared for itself */
    }
    return unfold_pages(out, list[LIST_DIRECTORY], list[LIST_PAGES]);
}

int index_equal(struct index_file *f, const struct index_entry *e, struct str bytes,
                bool *equal, struct err *err)
{
    size_t len = INDEX_HEAD + (size_t)lists_len(e);
    struct buf there = {0}, said = {0}, want = {0};
    int rc = disk_read(f->file, buf_reserve(&there, len), len, e->at, err);

    there.len = rc == 0 ? len : 0;
    *equal = rc == 0 && unfold_entry(&said, buf_str(&there)) && unfold_entry(&want, bytes) &&
             str_equal(buf_str(&said), buf_str(&want));
    buf_release(&there);
    buf_release(&said);
    buf_release(&want);
    return rc;
}
