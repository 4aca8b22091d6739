/* index.c - see index.h. A list is read alone and only where it is asked for, and never used
 * where its CRC is wrong: what it does not name must not be missed. */
#include "trail/index.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/deflate.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sparse.h"

enum {
    INDEX_VERSION = 3,
    INDEX_DERIVATION = 3, /* raise it when a column is derived otherwise */
    INDEX_HEAD = 168,
    LIST_MAX = 8 << 20, /* of one, inflated */
    DIRECTORY_BYTES = 4
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
    for (int i = 0; i < JUDGE_SMALL; i++)
        if (c == judge_small(i))
            return true;
    return false;
}

/* Times an odd number, modulo 2^34, which its inverse undoes. */
#define SCATTER_MASK ((1ULL << 34) - 1)
#define SCATTER_BY 0x29e3779b1ULL
#define SCATTER_BACK 0x10e8b2f51ULL

bool index_scatter(struct str digits, uint64_t *number)
{
    uint64_t n = 0;

    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(digits.at[i] - '0');
    }
    *number = n * SCATTER_BY & SCATTER_MASK;
    return digits.len == 10;
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
        e->len[LIST_DIRECTORY] != pages * DIRECTORY_BYTES + 4 ||
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

static int damaged(struct err *err)
{
    return err_set(err, ERR_CORRUPT, "a list of the index is damaged");
}

/* len bytes, the last four of which are the CRC of the others. */
static int read_checked(const struct index_file *f, uint64_t at, size_t len, struct buf *out,
                        struct err *err)
{
    int rc;

    if (len < 4)
        return damaged(err);
    buf_clear(out);
    rc = disk_read(f->file, buf_reserve(out, len), len, at, err);
    out->len = rc == 0 ? len - 4 : 0;
    if (rc < 0)
        return rc;
    return get_le32((const uint8_t *)out->at + len - 4) == hash_crc32c(0, buf_str(out))
               ? 0 : damaged(err);
}

static uint64_t place_of(const struct index_entry *e, enum index_list list)
{
    uint64_t at = e->at + INDEX_HEAD;

    for (unsigned i = 0; i < list; i++)
        at += e->len[i];
    return at;
}

static int read_list(const struct index_file *f, const struct index_entry *e,
                     enum index_list list, struct buf *out, struct err *err)
{
    return read_checked(f, place_of(e, list), e->len[list], out, err);
}

/* A list that is deflated behind its length, inflated into the arena. */
static int read_deflated(const struct index_file *f, const struct index_entry *e,
                         enum index_list list, struct cursor *out, struct arena *arena,
                         struct err *err)
{
    struct buf packed = {0};
    int rc = read_list(f, e, list, &packed, err);
    struct cursor c = {buf_str(&packed), false};
    uint64_t len = cursor_varint(&c);
    char *bytes;

    if (rc == 0 && (c.bad || len > LIST_MAX))
        rc = damaged(err);
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

/* The texts that are new in an entry. */
static int read_texts(struct index_file *f, struct index_entry *e, int k, struct err *err)
{
    struct cursor c = {.bad = false};
    struct cursor_texts texts;
    int rc;

    if (e->texts[k] != TEXTS_UNREAD)
        return e->texts[k] == TEXTS_THERE ? 0 : damaged(err);
    if (!f->text[k])
        f->text[k] = xcalloc(index_texts(f, (enum index_key)(INDEX_USER + k)) + 1UL,
                             sizeof *f->text[k]);
    e->texts[k] = TEXTS_DAMAGED;
    rc = read_deflated(f, e, (enum index_list)(LIST_TEXTS + k), &c, &f->arena, err);
    if (rc < 0)
        return rc;
    texts = cursor_texts(&c, e->name[k].fresh, LIST_MAX);
    for (uint32_t i = 0; i < e->name[k].fresh && !texts.bytes.bad; i++)
        f->text[k][e->name[k].before + i] = cursor_text(&texts);
    if (texts.bytes.bad || texts.bytes.rest.len || c.rest.len)
        return damaged(err);
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
        return damaged(err);
    while (high - low > 1) { /* the last entry that begins at or before it, and has any */
        size_t mid = low + (high - low) / 2;

        if (f->entry[mid].name[k].before <= number)
            low = mid;
        else
            high = mid;
    }
    rc = read_texts(f, &f->entry[low], k, err);
    if (rc == 0)
        *out = f->text[k][number];
    return rc;
}

/* ---- finding ---- */

static bool is_name(enum index_key key, struct str a, struct str b)
{
    return key == INDEX_USER ? str_equal(a, b) : str_equal_nocase(a, b);
}

void index_want(struct index_want *w, struct index_file *f, enum index_key key, struct str text,
                struct arena *arena)
{
    uint32_t n = key == INDEX_PATIENT ? 0 : index_texts(f, key);
    struct err ignored;

    *w = (struct index_want){.key = key};
    if (key == INDEX_PATIENT) {
        w->nobody = !index_scatter(text, &w->patient);
        return;
    }
    w->number = arena_alloc(arena, (n + 1UL) * sizeof *w->number);
    for (size_t i = 0; i < f->entries; i++)
        w->doubt |= read_texts(f, &f->entry[i], (int)key - 1, &ignored) < 0;
    for (uint32_t i = 0; i < n && !w->doubt; i++)
        if (is_name(key, f->text[key - 1][i], text))
            w->number[w->numbers++] = i;
    w->nobody = w->numbers == 0;
}

/* The place of a patient among those of the group; their number: it is none of them. */
static int find_patient(const struct index_file *f, const struct index_entry *e,
                        uint64_t patient, size_t *place, struct err *err)
{
    uint64_t part = patient >> INDEX_PART_BITS;
    uint64_t at = place_of(e, LIST_PATIENTS);
    struct buf set = {0};
    size_t before = 0;
    size_t found;
    int rc;

    for (uint64_t i = 0; i < part; i++) {
        at += sparse_bytes(e->part[i], INDEX_PART_BITS) + 4;
        before += e->part[i];
    }
    rc = read_checked(f, at, sparse_bytes(e->part[part], INDEX_PART_BITS) + 4, &set, err);
    found = rc < 0 ? 0 : sparse_find(buf_str(&set), e->part[part], INDEX_PART_BITS,
                                     (uint32_t)(patient & ((1UL << INDEX_PART_BITS) - 1)));
    *place = rc == 0 && found < e->part[part] ? before + found : index_patients_count(e);
    buf_release(&set);
    return rc;
}

/* Is one of the names met in the group? */
static int meets(const struct index_file *f, const struct index_entry *e,
                 const struct index_want *w, bool *met, struct err *err)
{
    const struct index_names *n = &e->name[w->key - 1];
    struct buf set = {0};
    int rc = read_list(f, e, (enum index_list)(LIST_SETS + (int)w->key - 1), &set, err);

    *met = false;
    for (size_t i = 0; rc == 0 && i < w->numbers && !*met; i++)
        *met = w->number[i] < n->before + n->fresh &&
               sparse_find(buf_str(&set), n->met, index_bits((uint64_t)n->before + n->fresh),
                           w->number[i]) < n->met;
    buf_release(&set);
    return rc;
}

/* Pages [*from, *to) of the directory that can hold rows of that place. */
static void pages_of(struct str directory, size_t place, size_t *from, size_t *to)
{
    size_t n = directory.len / DIRECTORY_BYTES;

    *from = 0;
    for (size_t i = 0; i < n; i++)
        if (get_le16((const uint8_t *)directory.at + i * DIRECTORY_BYTES) < place)
            *from = i; /* it may begin in the middle of the page */
    for (*to = *from; *to < n && get_le16((const uint8_t *)directory.at +
                                          *to * DIRECTORY_BYTES) <= place;)
        ++*to;
}

static bool good_posting(const struct index_entry *e, const struct posting *p)
{
    for (int k = 0; k < POSTINGS_NAMES; k++)
        if (p->name[k] > e->name[k].before + e->name[k].fresh)
            return false;
    return p->row < e->rows && p->patient <= index_patients_count(e);
}

/* Call each() with the postings of pages [from, to) of the directory. */
static int read_pages(const struct index_file *f, const struct index_entry *e,
                      struct str directory, size_t from, size_t to,
                      void (*each)(void *ctx, const struct posting *p), void *ctx,
                      struct err *err)
{
    const uint8_t *d = (const uint8_t *)directory.at;
    uint64_t at = place_of(e, LIST_PAGES);
    uint64_t end = at + e->len[LIST_PAGES];
    struct posting p[POSTINGS_PAGE];
    struct buf page = {0};
    int rc = 0;

    for (size_t i = 0; i < from; i++)
        at += get_le16(d + i * DIRECTORY_BYTES + 2);
    for (size_t i = from; rc == 0 && i < to; i++) {
        size_t left = e->rows - i * POSTINGS_PAGE;
        size_t n = left < POSTINGS_PAGE ? left : POSTINGS_PAGE;
        uint16_t len = get_le16(d + i * DIRECTORY_BYTES + 2);

        if (len > end - at)
            rc = damaged(err);
        else
            rc = read_checked(f, at, len, &page, err);
        if (rc == 0 && !postings_get(p, n, buf_str(&page), get_le16(d + i * DIRECTORY_BYTES),
                                     index_least(e)))
            rc = damaged(err);
        for (size_t k = 0; rc == 0 && k < n; k++) {
            if (!good_posting(e, &p[k]))
                rc = damaged(err);
            else
                each(ctx, &p[k]);
        }
        at += len;
    }
    buf_release(&page);
    return rc;
}

struct finding {
    const struct index_want *want;
    size_t place; /* of the patient */
    struct posting *out;
    size_t *n;
};

static void take_found(void *ctx, const struct posting *p)
{
    struct finding *x = ctx;
    const struct index_want *w = x->want;
    bool found = w->key == INDEX_PATIENT && p->patient == x->place;

    for (size_t i = 0; w->key != INDEX_PATIENT && i < w->numbers; i++)
        found |= p->name[w->key - 1] == w->number[i] + 1;
    if (found && !p->odd)
        x->out[(*x->n)++] = *p;
}

static int find_good(struct index_file *f, const struct index_entry *e,
                     const struct index_want *w, struct posting *out, size_t *n,
                     struct err *err)
{
    struct finding x = {w, 0, out, n};
    struct buf directory = {0};
    size_t from = 0, to = (e->rows + POSTINGS_PAGE - 1U) / POSTINGS_PAGE;
    bool met = true;
    int rc;

    if (w->key == INDEX_PATIENT) {
        rc = find_patient(f, e, w->patient, &x.place, err);
        met = x.place < index_patients_count(e);
    } else {
        rc = meets(f, e, w, &met, err);
    }
    if (rc < 0 || !met)
        return rc;
    if ((rc = read_list(f, e, LIST_DIRECTORY, &directory, err)) == 0) {
        if (w->key == INDEX_PATIENT)
            pages_of(buf_str(&directory), x.place, &from, &to);
        rc = read_pages(f, e, buf_str(&directory), from, to, take_found, &x, err);
    }
    buf_release(&directory);
    return rc;
}

int index_find(struct index_file *f, const struct index_entry *e, const struct index_want *w,
               struct posting *out, size_t *n, struct err *err)
{
    uint32_t odd[LIMIT_GROUP_ROWS];
    size_t odds = 0;
    int rc = w->doubt ? damaged(err) : 0;

    *n = 0;
    if (rc == 0 && !w->nobody)
        rc = find_good(f, e, w, out, n, err);
    if (rc == 0 && e->len[LIST_ODD] > 1 + 4)
        rc = index_rows(f, e, LIST_ODD, odd, &odds, err);
    if (rc == 0 && *n + odds > e->rows)
        rc = damaged(err);
    for (size_t i = 0; rc == 0 && i < odds; i++)
        out[(*n)++] = (struct posting){.row = (uint16_t)odd[i], .odd = true};
    return rc;
}

struct all {
    struct posting *out;
    bool *there;
    size_t n;
};

static void take_one(void *ctx, const struct posting *p)
{
    struct all *a = ctx;

    a->n += !a->there[p->row];
    a->there[p->row] = true;
    a->out[p->row] = *p;
}

int index_all(struct index_file *f, const struct index_entry *e, struct posting *out,
              struct err *err)
{
    bool there[LIMIT_GROUP_ROWS] = {false};
    struct all all = {out, there, 0};
    struct buf directory = {0};
    int rc = read_list(f, e, LIST_DIRECTORY, &directory, err);

    if (rc == 0)
        rc = read_pages(f, e, buf_str(&directory), 0, directory.len / DIRECTORY_BYTES, take_one,
                        &all, err);
    buf_release(&directory);
    return rc == 0 && all.n != e->rows ? damaged(err) : rc;
}

int index_rows(struct index_file *f, const struct index_entry *e, enum index_list list,
               uint32_t *row, size_t *rows, struct err *err)
{
    struct buf bytes = {0};
    int rc = read_list(f, e, list, &bytes, err);
    struct cursor c = {buf_str(&bytes), false};
    uint64_t n = cursor_varint(&c);
    uint64_t at = 0;

    *rows = 0;
    if (rc == 0 && n > e->rows)
        rc = damaged(err);
    for (uint64_t i = 0; rc == 0 && i < n; i++) {
        at += cursor_varint(&c);
        if (c.bad || at >= e->rows)
            rc = damaged(err);
        row[(*rows)++] = (uint32_t)at;
    }
    buf_release(&bytes);
    return rc;
}

/* ---- what rows say ---- */

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

int index_smalls(struct index_file *f, const struct index_entry *e, struct index_small **small,
                 size_t *n, struct arena *arena, struct err *err)
{
    struct cursor c = {.bad = false};
    int rc = read_deflated(f, e, LIST_SMALL, &c, arena, err);
    uint64_t count = rc == 0 ? cursor_varint(&c) : 0;

    *n = 0;
    if (rc < 0)
        return rc;
    if (count > e->rows)
        return damaged(err);
    *small = arena_alloc(arena, (count + 1) * sizeof **small);
    for (; *n < count; ++*n)
        if (!read_small(&(*small)[*n], cursor_bytes(&c, cursor_varint(&c))))
            return damaged(err);
    return c.bad || c.rest.len ? damaged(err) : 0;
}

size_t index_patients_count(const struct index_entry *e)
{
    size_t n = 0;

    for (int i = 0; i < INDEX_PARTS; i++)
        n += e->part[i];
    return n;
}

int index_patients(struct index_file *f, const struct index_entry *e, uint64_t **patient,
                   struct arena *arena, struct err *err)
{
    uint64_t at = place_of(e, LIST_PATIENTS);
    size_t count = index_patients_count(e);
    uint64_t *to = arena_alloc(arena, (count + 1) * sizeof *to);
    uint32_t *low = arena_alloc(arena, (count + 1) * sizeof *low);
    struct buf set = {0};
    int rc = 0;

    *patient = to;
    for (uint64_t part = 0; rc == 0 && part < INDEX_PARTS; part++) {
        size_t n = e->part[part];
        size_t len = sparse_bytes(n, INDEX_PART_BITS) + 4;

        rc = read_checked(f, at, len, &set, err);
        if (rc == 0 && !sparse_all(buf_str(&set), n, INDEX_PART_BITS, low))
            rc = damaged(err);
        for (size_t i = 0; rc == 0 && i < n; i++)
            *to++ = part << INDEX_PART_BITS | low[i];
        at += len;
    }
    buf_release(&set);
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
    size_t n = directory.len / DIRECTORY_BYTES;

    for (size_t i = 0; i < n; i++) {
        const uint8_t *d = (const uint8_t *)directory.at + i * DIRECTORY_BYTES;
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
    size_t at = INDEX_HEAD;
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
        if (!packed)
            buf_put_str(out, list[i]);
        else if (!unfold(out, list[i]))
            return false;
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
