/* answers.c - see answers.h. A page is read where the directory says that it can hold rows that
 * are asked for, and not at all where the sets say that there are none. */
#include "trail/answers.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/sparse.h"

static bool is_name(enum index_key key, struct str a, struct str b)
{
    return key == INDEX_USER ? str_equal(a, b) : str_equal_nocase(a, b);
}

void answers_want(struct answers_want *w, struct index_file *f, enum index_key key,
                  struct str text, struct arena *arena)
{
    uint32_t n = key == INDEX_PATIENT ? 0 : index_texts(f, key);
    struct err ignored;

    *w = (struct answers_want){.key = key};
    if (key == INDEX_PATIENT) {
        w->nobody = !index_scatter(text, &w->patient);
        return;
    }
    w->number = arena_alloc(arena, (n + 1UL) * sizeof *w->number);
    for (size_t i = 0; i < f->entries; i++)
        w->doubt |= index_read_texts(f, &f->entry[i], (int)key - 1, &ignored) < 0;
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
    uint64_t at = index_place(e, LIST_PATIENTS);
    struct buf set = {0};
    size_t before = 0;
    size_t found;
    int rc;

    for (uint64_t i = 0; i < part; i++) {
        at += sparse_bytes(e->part[i], INDEX_PART_BITS) + 4;
        before += e->part[i];
    }
    rc = index_read(f, at, sparse_bytes(e->part[part], INDEX_PART_BITS) + 4, &set, err);
    found = rc < 0 ? 0
                   : sparse_find(buf_str(&set), e->part[part], INDEX_PART_BITS,
                                 (uint32_t)(patient & ((1UL << INDEX_PART_BITS) - 1)));
    *place = rc == 0 && found < e->part[part] ? before + found : index_patients_count(e);
    buf_release(&set);
    return rc;
}

/* Is one of the names met in the group? */
static int meets(const struct index_file *f, const struct index_entry *e,
                 const struct answers_want *w, bool *met, struct err *err)
{
    const struct index_names *n = &e->name[w->key - 1];
    struct buf set = {0};
    int rc = index_list(f, e, (enum index_list)(LIST_SETS + (int)w->key - 1), &set, err);

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
    size_t n = directory.len / INDEX_DIRECTORY;

    *from = 0;
    for (size_t i = 0; i < n; i++)
        if (get_le16((const uint8_t *)directory.at + i * INDEX_DIRECTORY) < place)
            *from = i; /* it may begin in the middle of the page */
    for (*to = *from;
         *to < n && get_le16((const uint8_t *)directory.at + *to * INDEX_DIRECTORY) <= place;)
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
    uint64_t at = index_place(e, LIST_PAGES);
    uint64_t end = at + e->len[LIST_PAGES];
    struct posting p[POSTINGS_PAGE];
    struct buf page = {0};
    int rc = 0;

    for (size_t i = 0; i < from; i++)
        at += get_le16(d + i * INDEX_DIRECTORY + 2);
    for (size_t i = from; rc == 0 && i < to; i++) {
        size_t left = e->rows - i * POSTINGS_PAGE;
        size_t n = left < POSTINGS_PAGE ? left : POSTINGS_PAGE;
        uint16_t len = get_le16(d + i * INDEX_DIRECTORY + 2);

        if (len > end - at)
            rc = index_damaged(err);
        else
            rc = index_read(f, at, len, &page, err);
        if (rc == 0 && !postings_get(p, n, buf_str(&page), get_le16(d + i * INDEX_DIRECTORY),
                                     index_least(e)))
            rc = index_damaged(err);
        for (size_t k = 0; rc == 0 && k < n; k++) {
            if (!good_posting(e, &p[k]))
                rc = index_damaged(err);
            else
                each(ctx, &p[k]);
        }
        at += len;
    }
    buf_release(&page);
    return rc;
}

struct finding {
    const struct answers_want *want;
    size_t place; /* of the patient */
    struct posting *out;
    size_t *n;
};

static void take_found(void *ctx, const struct posting *p)
{
    struct finding *x = ctx;
    const struct answers_want *w = x->want;
    bool found = w->key == INDEX_PATIENT && p->patient == x->place;

    for (size_t i = 0; w->key != INDEX_PATIENT && i < w->numbers; i++)
        found |= p->name[w->key - 1] == w->number[i] + 1;
    if (found && !p->odd)
        x->out[(*x->n)++] = *p;
}

static int find_good(struct index_file *f, const struct index_entry *e,
                     const struct answers_want *w, struct posting *out, size_t *n,
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
    if ((rc = index_list(f, e, LIST_DIRECTORY, &directory, err)) == 0) {
        if (w->key == INDEX_PATIENT)
            pages_of(buf_str(&directory), x.place, &from, &to);
        rc = read_pages(f, e, buf_str(&directory), from, to, take_found, &x, err);
    }
    buf_release(&directory);
    return rc;
}

int answers_find(struct index_file *f, const struct index_entry *e,
                 const struct answers_want *w, struct posting *out, size_t *n, struct err *err)
{
    uint32_t odd[LIMIT_GROUP_ROWS];
    size_t odds = 0;
    int rc = w->doubt ? index_damaged(err) : 0;

    *n = 0;
    if (rc == 0 && !w->nobody)
        rc = find_good(f, e, w, out, n, err);
    if (rc == 0 && e->len[LIST_ODD] > 1 + 4)
        rc = answers_rows(f, e, LIST_ODD, odd, &odds, err);
    if (rc == 0 && *n + odds > e->rows)
        rc = index_damaged(err);
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

int answers_all(struct index_file *f, const struct index_entry *e, struct posting *out,
                struct err *err)
{
    bool there[LIMIT_GROUP_ROWS] = {false};
    struct all all = {out, there, 0};
    struct buf directory = {0};
    int rc = index_list(f, e, LIST_DIRECTORY, &directory, err);

    if (rc == 0)
        rc = read_pages(f, e, buf_str(&directory), 0, directory.len / INDEX_DIRECTORY,
                        take_one, &all, err);
    buf_release(&directory);
    return rc == 0 && all.n != e->rows ? index_damaged(err) : rc;
}

int answers_rows(struct index_file *f, const struct index_entry *e, enum index_list list,
                 uint32_t *row, size_t *rows, struct err *err)
{
    struct buf bytes = {0};
    int rc = index_list(f, e, list, &bytes, err);
    struct cursor c = {buf_str(&bytes), false};
    uint64_t n = cursor_varint(&c);
    uint64_t at = 0;

    *rows = 0;
    if (rc == 0 && n > e->rows)
        rc = index_damaged(err);
    for (uint64_t i = 0; rc == 0 && i < n; i++) {
        at += cursor_varint(&c);
        if (c.bad || at >= e->rows)
            rc = index_damaged(err);
        row[(*rows)++] = (uint32_t)at;
    }
    if (rc == 0 && c.rest.len > 0)
        rc = index_damaged(err);
    buf_release(&bytes);
    return rc;
}

/* ---- what rows say ---- */

static bool read_small(struct answers_small *out, struct str bytes)
{
    struct cursor c = {bytes, false};
    uint64_t status = cursor_varint(&c);

    *out = (struct answers_small){.has_status = status > 0, .status = (int64_t)status - 1};
    for (int i = 0; i < JUDGE_SMALL; i++) {
        uint64_t len = cursor_varint(&c);

        if (len > 0)
            out->value[i] =
                (struct value){.kind = VALUE_TEXT, .text = cursor_bytes(&c, len - 1)};
    }
    return !c.bad && c.rest.len == 0;
}

int answers_smalls(struct index_file *f, const struct index_entry *e,
                   struct answers_small **small, size_t *n, struct arena *arena,
                   struct err *err)
{
    struct cursor c = {.bad = false};
    int rc = index_inflate(f, e, LIST_SMALL, &c, arena, err);
    uint64_t count = rc == 0 ? cursor_varint(&c) : 0;

    *n = 0;
    if (rc < 0)
        return rc;
    if (count > e->rows)
        return index_damaged(err);
    *small = arena_alloc(arena, (count + 1) * sizeof **small);
    for (; *n < count; ++*n)
        if (!read_small(&(*small)[*n], cursor_bytes(&c, cursor_varint(&c))))
            return index_damaged(err);
    return c.bad || c.rest.len ? index_damaged(err) : 0;
}

int answers_patients(struct index_file *f, const struct index_entry *e, uint64_t **patient,
                     struct arena *arena, struct err *err)
{
    uint64_t at = index_place(e, LIST_PATIENTS);
    size_t count = index_patients_count(e);
    uint64_t *to = arena_alloc(arena, (count + 1) * sizeof *to);
    uint32_t *low = arena_alloc(arena, (count + 1) * sizeof *low);
    struct buf set = {0};
    size_t found = 0;
    int rc = 0;

    for (uint64_t part = 0; rc == 0 && part < INDEX_PARTS; part++) {
        size_t n = e->part[part];
        size_t len = sparse_bytes(n, INDEX_PART_BITS) + 4;

        rc = index_read(f, at, len, &set, err);
        if (rc == 0 && !sparse_all(buf_str(&set), n, INDEX_PART_BITS, low))
            rc = index_damaged(err);
        for (size_t i = 0; rc == 0 && i < n; i++)
            to[found++] = part << INDEX_PART_BITS | low[i];
        at += len;
    }
    buf_release(&set);
    *patient = rc == 0 ? to : NULL;
    return rc;
}
