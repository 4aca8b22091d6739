/* page.h - a report as data: facts, tables and charts, written as HTML, CSV and JSON from
 * the same cells. */
#ifndef ANALYZER_PAGE_H
#define ANALYZER_PAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

struct page_table {
    struct str title, finding; /* finding: one sentence of what it shows */
    struct str *column;
    bool *number;              /* by column: aligned as numbers */
    size_t columns;
    struct str *cell;          /* row by row */
    size_t cells, cap;
    size_t most;               /* rows that the page shows, JSON has all; 0: all */
    bool chart;                /* the first two columns are drawn as bars too */
};

struct page {
    struct str name, title, lead;
    struct page_table *table;
    size_t tables, main;       /* main: the one that the CSV has */
    struct str *fact;          /* name, value, name, value ... of the header */
    size_t facts;
    struct str *note;          /* what the report cannot show */
    size_t notes;
    struct arena arena;
};

/* All texts are copied. */
void page_fact(struct page *p, const char *name, struct str value);
void page_note(struct page *p, const char *text);
/* Columns parted by |, a # in front of those that hold numbers. */
struct page_table *page_table(struct page *p, const char *title, const char *columns);
void page_cell(struct page *p, struct page_table *t, struct str text);
void page_number(struct page *p, struct page_table *t, uint64_t n);
void page_finding(struct page *p, struct page_table *t, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "12345" as "12,345", at out; a text that is no whole number of up to twenty digits as it is,
 * as far as there is room. */
enum { PAGE_NUMBER = 32 };
const char *page_thousands(char out[PAGE_NUMBER], struct str digits);
void page_release(struct page *p);

/* JSON, with the member "hash" behind the others: the SHA-256 of the text without it. */
void page_json(struct buf *out, const struct page *p, char hash[2 * HASH_BYTES + 1]);
/* The header alone, beside a CSV. */
void page_meta(struct buf *out, const struct page *p, const char *hash);
/* The main table by RFC 4180, with CRLF; no cell can start a formula. */
void page_csv(struct buf *out, const struct page *p);
/* One file with everything in it, for screen and paper. */
void page_html(struct buf *out, const struct page *p, const char *hash);

#endif
