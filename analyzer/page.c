/* page.c - a report's cells, and their forms as JSON and CSV. */
#include "analyzer/page.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/mem.h"
#include "record/print.h"

enum { TABLES_MAX = 12, FACTS_MAX = 64, NOTES_MAX = 16, TEXT_MAX = 512 };

static struct str keep(struct page *p, struct str s)
{
    return arena_copy(&p->arena, s);
}

void page_fact(struct page *p, const char *name, struct str value)
{
    if (!p->fact)
        p->fact = arena_alloc(&p->arena, FACTS_MAX * sizeof *p->fact);
    if (p->facts + 2 > FACTS_MAX)
        return;
    p->fact[p->facts++] = keep(p, str_of(name));
    p->fact[p->facts++] = keep(p, value);
}

void page_note(struct page *p, const char *text)
{
    if (!p->note)
        p->note = arena_alloc(&p->arena, NOTES_MAX * sizeof *p->note);
    if (p->notes < NOTES_MAX)
        p->note[p->notes++] = keep(p, str_of(text));
}

struct page_table *page_table(struct page *p, const char *title, const char *columns)
{
    struct str rest = keep(p, str_of(columns));
    struct page_table *t;
    size_t n = 1;

    if (!p->table)
        p->table = xcalloc(TABLES_MAX, sizeof *p->table);
    if (p->tables == TABLES_MAX)
        abort();
    t = &p->table[p->tables++];
    t->title = keep(p, str_of(title));
    for (size_t i = 0; i < rest.len; i++)
        n += rest.at[i] == '|';
    t->column = arena_alloc(&p->arena, n * sizeof *t->column);
    t->number = arena_alloc(&p->arena, n * sizeof *t->number);
    for (size_t i = 0; i < n; i++) {
        size_t end = str_index(rest, '|');
        struct str name = str_part(rest, 0, end);

        t->number[i] = str_starts(name, STR("#"));
        t->column[t->columns++] = t->number[i] ? str_part(name, 1, name.len) : name;
        rest = end < rest.len ? str_part(rest, end + 1, rest.len) : STR("");
    }
    return t;
}

void page_cell(struct page *p, struct page_table *t, struct str text)
{
    if (t->cells == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->cell = xrealloc(t->cell, t->cap * sizeof *t->cell);
    }
    t->cell[t->cells++] = keep(p, text);
}

void page_number(struct page *p, struct page_table *t, uint64_t n)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, n);
    page_cell(p, t, str_of(text));
}

const char *page_thousands(char out[PAGE_NUMBER], struct str digits)
{
    bool whole = digits.len <= 20;
    size_t to = 0;

    for (size_t i = 0; i < digits.len; i++)
        whole &= digits.at[i] >= '0' && digits.at[i] <= '9';
    for (size_t i = 0; i < digits.len && to + 1 < PAGE_NUMBER; i++) {
        out[to++] = digits.at[i];
        if (whole && i + 1 < digits.len && (digits.len - i - 1) % 3 == 0)
            out[to++] = ',';
    }
    out[to] = '\0';
    return out;
}

void page_finding(struct page *p, struct page_table *t, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    t->finding = keep(p, str_of(text));
}

void page_release(struct page *p)
{
    for (size_t i = 0; i < p->tables; i++)
        free(p->table[i].cell);
    free(p->table);
    arena_release(&p->arena);
    memset(p, 0, sizeof *p);
}

/* ---- JSON ---- */

static void put_facts(struct buf *out, const struct page *p)
{
    buf_put_text(out, "\"header\":{");
    for (size_t i = 0; i + 1 < p->facts; i += 2) {
        buf_put_text(out, i ? "," : "");
        print_json_text(out, p->fact[i]);
        buf_put_text(out, ":");
        print_json_text(out, p->fact[i + 1]);
    }
    buf_put_text(out, "}");
}

static void put_cells(struct buf *out, const struct page_table *t)
{
    for (size_t i = 0; i < t->cells; i++) {
        size_t c = i % t->columns;

        buf_put_text(out, c ? "," : i ? "],\n[" : "[");
        if (t->number[c])
            buf_put_str(out, t->cell[i].len ? t->cell[i] : STR("null"));
        else
            print_json_text(out, t->cell[i]);
    }
    buf_put_text(out, t->cells ? "]" : "");
}

void page_json(struct buf *out, const struct page *p, char hash[2 * HASH_BYTES + 1])
{
    uint8_t sha[HASH_BYTES];
    struct str text;

    buf_put_text(out, "{\"report\":");
    print_json_text(out, p->name);
    buf_put_text(out, ",\"title\":");
    print_json_text(out, p->title);
    buf_put_text(out, ",");
    put_facts(out, p);
    buf_put_text(out, ",\"cannot_show\":[");
    for (size_t i = 0; i < p->notes; i++) {
        buf_put_text(out, i ? "," : "");
        print_json_text(out, p->note[i]);
    }
    buf_put_text(out, "],\"tables\":[");
    for (size_t i = 0; i < p->tables; i++) {
        const struct page_table *t = &p->table[i];

        buf_put_text(out, i ? ",\n{\"title\":" : "\n{\"title\":");
        print_json_text(out, t->title);
        buf_put_text(out, ",\"columns\":[");
        for (size_t c = 0; c < t->columns; c++) {
            buf_put_text(out, c ? "," : "");
            print_json_text(out, t->column[c]);
        }
        buf_put_text(out, "],\"rows\":[");
        put_cells(out, t);
        buf_put_text(out, "]}");
    }
    buf_put_text(out, "]}");
    text = buf_str(out);
    hash_sha256(sha, &text, 1);
    hash_hex(hash, sha, HASH_BYTES);
    out->len--;
    buf_printf(out, ",\"hash\":\"%s\"}\n", hash);
}

void page_meta(struct buf *out, const struct page *p, const char *hash)
{
    buf_put_text(out, "{\"report\":");
    print_json_text(out, p->name);
    buf_put_text(out, ",");
    put_facts(out, p);
    buf_printf(out, ",\"hash\":\"%s\"}\n", hash);
}

/* ---- CSV ---- */

static void put_csv(struct buf *out, struct str s, bool number, bool first)
{
    bool quote = false;
    bool guard = !number && s.len > 0 && memchr("=+-@\t\r", s.at[0], 6);

    for (size_t i = 0; i < s.len; i++)
        quote |= s.at[i] == ',' || s.at[i] == '"' || s.at[i] == '\n' || s.at[i] == '\r';
    buf_put_text(out, first ? "" : ",");
    buf_put_text(out, quote ? "\"" : "");
    buf_put_text(out, guard ? "'" : "");
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '"')
            buf_put_text(out, "\"");
        buf_put(out, s.at + i, 1);
    }
    buf_put_text(out, quote ? "\"" : "");
}

void page_csv(struct buf *out, const struct page *p)
{
    const struct page_table *t = &p->table[p->main];

    for (size_t c = 0; c < t->columns; c++)
        put_csv(out, t->column[c], false, c == 0);
    buf_put_text(out, "\r\n");
    for (size_t i = 0; i < t->cells; i++) {
        size_t c = i % t->columns;

        put_csv(out, t->cell[i], t->number[c], c == 0);
        if (c + 1 == t->columns)
            buf_put_text(out, "\r\n");
    }
}
