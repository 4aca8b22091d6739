/* indexing.c - see indexing.h. Names are numbered in the group first, as its rows come, and in
 * the file when the entry is made: only then is it known in which file it stands. */
#include "trail/indexing.h"

#include "base/bytes.h"
#include "base/deflate.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/order.h"
#include "base/sparse.h"

enum { ROW_BITS = 14 };
_Static_assert(LIMIT_GROUP_ROWS == 1 << ROW_BITS, "a row of a group fits");

void indexed_names_release(struct indexed_names *n)
{
    for (int k = 0; k < POSTINGS_NAMES; k++)
        dictionary_release(&n->text[k]);
    arena_release(&n->arena);
}

int indexed_names_take(struct indexed_names *n, struct index_file *f, struct err *err)
{
    for (int k = 0; k < POSTINGS_NAMES; k++)
        for (uint32_t i = 0; i < index_texts(f, (enum index_key)(INDEX_USER + k)); i++) {
            struct str text;
            int rc = index_text(f, (enum index_key)(INDEX_USER + k), i, &text, err);

            if (rc < 0)
                return rc;
            if (dictionary_put(&n->text[k], text, &n->arena) != i)
                return err_set(err, ERR_CORRUPT, "a text stands twice in the index");
        }
    return 0;
}

void indexed_group_restart(struct indexed_group *x)
{
    dictionary_release(&x->small);
    for (int k = 0; k < POSTINGS_NAMES; k++)
        dictionary_release(&x->text[k]);
    arena_reset(&x->texts);
}

void indexed_group_release(struct indexed_group *x)
{
    indexed_group_restart(x);
    arena_release(&x->texts);
    buf_release(&x->bytes);
    free(x->row);
    memset(x, 0, sizeof *x);
}

/* ---- rows ---- */

/* A combination of small columns as bytes, which is also its key. */
static uint16_t small_of(struct indexed_group *x, const struct judgement *j)
{
    struct buf *bytes = &x->bytes;

    buf_clear(bytes);
    buf_put_varint(bytes, j->has_status ? (uint64_t)j->status + 1 : 0);
    for (int i = 0; i < JUDGE_SMALL; i++) {
        const struct value *v = &j->small[i];

        buf_put_varint(bytes, v->kind == VALUE_TEXT ? v->text.len + 1 : 0);
        if (v->kind == VALUE_TEXT)
            buf_put_str(bytes, v->text);
    }
    /* fewer than LIMIT_GROUP_ROWS */
    return (uint16_t)dictionary_put(&x->small, buf_str(bytes), &x->texts);
}

static uint32_t name_of(struct indexed_group *x, int k, struct str text)
{
    return text.len ? dictionary_put(&x->text[k], text, &x->texts) + 1 : 0;
}

void indexed_group_row(struct indexed_group *x, size_t at, const struct judgement *j)
{
    struct indexed_row *row;
    uint64_t patient = 0;

    if (!x->row)
        x->row = xmalloc(LIMIT_GROUP_ROWS * sizeof *x->row);
    row = &x->row[at];
    *row = (struct indexed_row){.has_time = j->has_time, .time_us = j->time_us,
                                .untied = j->untied, .odd = j->odd};
    if (j->odd)
        return;
    if (j->patient.len > 0 && index_scatter(j->patient, &patient))
        row->patient = patient + 1;
    row->name[0] = name_of(x, 0, j->user);
    row->name[1] = name_of(x, 1, j->org);
    row->name[2] = name_of(x, 2, j->practice);
    row->small = small_of(x, j);
}

/* ---- lists ---- */

struct making {
    struct indexed_group *x;
    struct indexed_names *names;
    size_t rows;
    struct index_entry head;
    uint64_t *order; /* of rows with a patient, by patient: patient << ROW_BITS | row */
    size_t ordered;
    uint64_t *patient; /* distinct ones, ascending */
    size_t patients;
    uint32_t *number[POSTINGS_NAMES]; /* of a name of the group in the file */
    struct posting *posting;
    struct buf out; /* all lists */
    size_t from;    /* where the one at hand begins */
};

static void end_list(struct making *m, enum index_list list)
{
    struct str bytes = str_part(buf_str(&m->out), m->from, m->out.len);

    buf_put_u32(&m->out, hash_crc32c(0, bytes));
    m->head.len[list] = (uint32_t)(m->out.len - m->from);
    m->from = m->out.len;
}

static void put_deflated(struct buf *out, struct buf *bytes)
{
    buf_put_varint(out, bytes->len);
    deflate_block(out, buf_str(bytes), DEFLATE_FAST);
    buf_release(bytes);
}

static void find_patients(struct making *m)
{
    const struct indexed_row *row = m->x->row;

    m->order = xmalloc((m->rows + 1) * sizeof *m->order);
    m->patient = xmalloc((m->rows + 1) * sizeof *m->patient);
    for (size_t i = 0; i < m->rows; i++)
        if (row[i].patient)
            m->order[m->ordered++] = (row[i].patient - 1) << ROW_BITS | i;
    if (m->ordered > 0)
        qsort(m->order, m->ordered, sizeof *m->order, order_u64);
    for (size_t i = 0; i < m->ordered; i++)
        if (i == 0 || m->order[i] >> ROW_BITS != m->order[i - 1] >> ROW_BITS)
            m->patient[m->patients++] = m->order[i] >> ROW_BITS;
}

static void put_patients(struct making *m)
{
    uint32_t *low = xmalloc((m->patients + 1) * sizeof *low);
    size_t at = 0;

    for (unsigned part = 0; part < INDEX_PARTS; part++) {
        size_t before = m->out.len;
        size_t n = 0;

        for (; at < m->patients && m->patient[at] >> INDEX_PART_BITS == part; at++)
            low[n++] = (uint32_t)(m->patient[at] & ((1UL << INDEX_PART_BITS) - 1));
        m->head.part[part] = (uint16_t)n;
        sparse_put(&m->out, low, n, INDEX_PART_BITS);
        buf_put_u32(&m->out, hash_crc32c(0, str_part(buf_str(&m->out), before, m->out.len)));
    }
    m->head.len[LIST_PATIENTS] = (uint32_t)(m->out.len - m->from);
    m->from = m->out.len;
    free(low);
}

/* Number the names of the group in the file. */
static void number_names(struct making *m, int k)
{
    const struct dictionary *own = &m->x->text[k];
    struct dictionary *all = &m->names->text[k];

    m->head.name[k] = (struct index_names){.before = all->count, .met = own->count};
    m->number[k] = xmalloc((own->count + 1U) * sizeof *m->number[k]);
    for (uint32_t i = 0; i < own->count; i++)
        m->number[k][i] = dictionary_put(all, own->entry[i], &m->names->arena);
    m->head.name[k].fresh = all->count - m->head.name[k].before;
}

static void put_set(struct making *m, int k)
{
    const struct index_names *n = &m->head.name[k];
    uint32_t *met = xmalloc((n->met + 1U) * sizeof *met);

    memcpy(met, m->number[k], n->met * sizeof *met);
    if (n->met > 0)
        qsort(met, n->met, sizeof *met, order_u32);
    sparse_put(&m->out, met, n->met, index_bits(n->before + n->fresh));
    end_list(m, (enum index_list)(LIST_SETS + k));
    free(met);
}

static void put_texts(struct making *m, int k)
{
    const struct dictionary *all = &m->names->text[k];
    struct buf texts = {0};

    for (uint32_t i = m->head.name[k].before; i < all->count; i++)
        buf_put_varint(&texts, all->entry[i].len);
    for (uint32_t i = m->head.name[k].before; i < all->count; i++)
        buf_put_str(&texts, all->entry[i]);
    put_deflated(&m->out, &texts);
    end_list(m, (enum index_list)(LIST_TEXTS + k));
}

static void put_rows(struct making *m, enum index_list list)
{
    struct buf rows = {0};
    size_t n = 0;
    size_t last = 0;

    for (size_t i = 0; i < m->rows; i++)
        if (list == LIST_ODD ? m->x->row[i].odd : m->x->row[i].untied) {
            buf_put_varint(&rows, i - last);
            last = i;
            n++;
        }
    buf_put_varint(&m->out, n);
    buf_put_str(&m->out, buf_str(&rows));
    end_list(m, list);
    buf_release(&rows);
}

static void put_smalls(struct making *m)
{
    const struct dictionary *small = &m->x->small;
    struct buf bytes = {0};

    buf_put_varint(&bytes, small->count);
    for (uint32_t i = 0; i < small->count; i++) {
        buf_put_varint(&bytes, small->entry[i].len);
        buf_put_str(&bytes, small->entry[i]);
    }
    put_deflated(&m->out, &bytes);
    end_list(m, LIST_SMALL);
}

/* ---- pages ---- */

static void put_posting(struct making *m, struct posting *p, size_t row, size_t place)
{
    const struct indexed_row *r = &m->x->row[row];

    *p = (struct posting){.row = (uint16_t)row, .patient = (uint16_t)place, .small = r->small,
                          .has_time = r->has_time, .odd = r->odd,
                          .time = r->has_time ? r->time_us / m->head.unit : 0};
    for (int k = 0; k < POSTINGS_NAMES; k++)
        p->name[k] = r->name[k] ? m->number[k][r->name[k] - 1] + 1 : 0;
}

/* By patient and row, then those without a patient. */
static void order_rows(struct making *m)
{
    size_t n = 0, place = 0;

    m->posting = xmalloc((m->rows + 1) * sizeof *m->posting);
    for (; n < m->ordered; n++) {
        place += m->order[n] >> ROW_BITS != m->patient[place];
        put_posting(m, &m->posting[n], m->order[n] & (LIMIT_GROUP_ROWS - 1), place);
    }
    for (size_t i = 0; i < m->rows; i++)
        if (!m->x->row[i].patient)
            put_posting(m, &m->posting[n++], i, m->patients);
}

static void put_pages(struct making *m)
{
    int64_t least = index_least(&m->head);
    struct buf pages = {0};

    order_rows(m);
    for (size_t from = 0, n; from < m->rows; from += n) {
        size_t before = pages.len;

        n = m->rows - from < POSTINGS_PAGE ? m->rows - from : POSTINGS_PAGE;
        postings_put(&pages, m->posting + from, n, least);
        buf_put_u32(&pages, hash_crc32c(0, str_part(buf_str(&pages), before, pages.len)));
        buf_put_u16(&m->out, m->posting[from].patient);
        buf_put_u16(&m->out, (uint16_t)(pages.len - before));
    }
    end_list(m, LIST_DIRECTORY);
    buf_put_str(&m->out, buf_str(&pages));
    m->head.len[LIST_PAGES] = (uint32_t)pages.len;
    buf_release(&pages);
}

/* ---- the entry ---- */

static void find_times(struct making *m)
{
    const struct indexed_row *row = m->x->row;

    m->head.time_min = INT64_MAX;
    m->head.time_max = INT64_MIN;
    m->head.unit = 1000; /* most clocks count milliseconds */
    for (size_t i = 0; i < m->rows; i++) {
        int64_t us = row[i].time_us;

        if (!row[i].has_time)
            continue;
        m->head.time_min = us < m->head.time_min ? us : m->head.time_min;
        m->head.time_max = us > m->head.time_max ? us : m->head.time_max;
        if (us % 1000 != 0)
            m->head.unit = 1;
    }
}

void indexed_group_encode(struct buf *out, struct indexed_group *x, struct indexed_names *names,
                          const struct group *g)
{
    struct making m = {.x = x, .names = names, .rows = g->rows};

    m.head.first_seq = g->first_seq;
    m.head.rows = g->rows;
    m.head.chain = g->header_crc;
    find_times(&m);
    find_patients(&m);
    put_patients(&m);
    for (int k = 0; k < POSTINGS_NAMES; k++)
        number_names(&m, k);
    for (int k = 0; k < POSTINGS_NAMES; k++)
        put_set(&m, k);
    for (int k = 0; k < POSTINGS_NAMES; k++)
        put_texts(&m, k);
    put_rows(&m, LIST_UNTIED);
    put_rows(&m, LIST_ODD);
    put_smalls(&m);
    put_pages(&m);
    m.head.crc = hash_crc32c(0, buf_str(&m.out));
    index_put_head(out, &m.head);
    buf_put_str(out, buf_str(&m.out));
    buf_release(&m.out);
    for (int k = 0; k < POSTINGS_NAMES; k++)
        free(m.number[k]);
    free(m.order);
    free(m.patient);
    free(m.posting);
    indexed_group_restart(x);
}
