/* twice.c - see twice.h. Keys of 64 bits, sorted and gone through side by side. */
#include "analyzer/twice.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/mix.h"
#include "base/order.h"

enum { TRACE_MAX = 64 };

/* 0: it cannot be told which request it is of. */
static uint64_t key_of(const struct record *r)
{
    static const enum column parts[] = {COLUMN_SSP_INTERACTION, COLUMN_SSP_FROM, COLUMN_SSP_TO};
    struct str trace = record_text(r, COLUMN_SSP_TRACE_ID);
    uint64_t h[2] = {0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL};
    char upper[TRACE_MAX];

    if (trace.len == 0 || trace.len > TRACE_MAX)
        return 0;
    for (size_t i = 0; i < trace.len; i++)
        upper[i] = ascii_upper(trace.at[i]);
    mix_two(h, (struct str){upper, trace.len});
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        mix_two(h, record_text(r, parts[i]));
    return h[0] | 1;
}

bool twice_add(struct twice *t, const struct record *r)
{
    uint64_t key = key_of(r);

    if (str_equal(record_text(r, COLUMN_INGEST_FORMAT), str_of(format_name(FORMAT_SSP_CSV)))) {
        if (t->rows == t->row_cap) {
            t->row_cap = t->row_cap ? t->row_cap * 2 : 1024;
            t->row = xrealloc(t->row, t->row_cap * sizeof *t->row);
        }
        t->row[t->rows++] =
            (struct twice_row){key, (uint64_t)r->column[COLUMN_SEQ].integer, false};
        return true;
    }
    if (key) {
        if (t->keys == t->key_cap) {
            t->key_cap = t->key_cap ? t->key_cap * 2 : 4096;
            t->key = xrealloc(t->key, t->key_cap * sizeof *t->key);
        }
        t->key[t->keys++] = key;
    }
    return false;
}

static int by_key(const void *a, const void *b)
{
    const struct twice_row *x = a;
    const struct twice_row *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int by_seq(const void *a, const void *b)
{
    return order_u64(&((const struct twice_row *)a)->seq, &((const struct twice_row *)b)->seq);
}

void twice_settle(struct twice *t)
{
    size_t k = 0;

    if (t->rows == 0 || t->keys == 0)
        return;
    qsort(t->key, t->keys, sizeof *t->key, order_u64);
    qsort(t->row, t->rows, sizeof *t->row, by_key);
    for (size_t i = 0; i < t->rows; i++) {
        while (k < t->keys && t->key[k] < t->row[i].key)
            k++;
        if (k < t->keys && t->key[k] == t->row[i].key && t->row[i].key) {
            t->row[i].told = true;
            k++;
        }
    }
    qsort(t->row, t->rows, sizeof *t->row, by_seq);
}

void twice_release(struct twice *t)
{
    free(t->key);
    free(t->row);
}
