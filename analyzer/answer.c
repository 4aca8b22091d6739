/* answer.c - see answer.h. What goes to a terminal as a table has control and bidi
 * characters replaced. */
#include "analyzer/answer.h"

#include "record/print.h"
#include "record/shown.h"

enum { TABLE_WIDTH = 28 };

bool answer_format_find(enum answer_format *out, const char *name)
{
    static const char *const names[] = {"table", "csv", "json", "ndjson"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (enum answer_format)i;
            return true;
        }
    return false;
}

/* Bidi controls are U+200E/F, U+202A-E, U+2066-9 and U+061C. */
static size_t unsafe(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.at;

    if (p[0] < 0x20 || p[0] == 0x7f)
        return 1;
    if (s.len >= 2 && ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xd8 && p[1] == 0x9c)))
        return 2;
    if (s.len >= 3 && p[0] == 0xe2 &&
        ((p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae))) ||
         (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
        return 3;
    return 0;
}

/* Append text for a terminal, at most `width` characters; returns how many. */
static size_t terminal(struct buf *out, struct str text, size_t width)
{
    size_t shown = 0;

    while (text.len > 0 && shown < width) {
        size_t bad = unsafe(text);
        size_t n = 1;

        while (!bad && n < text.len && ((unsigned char)text.at[n] & 0xc0) == 0x80)
            n++;
        if (bad)
            buf_put_u8(out, '?');
        else
            buf_put(out, text.at, n);
        n = bad ? bad : n;
        text = str_part(text, n, text.len);
        shown++;
    }
    return shown;
}

void answer_terminal(struct buf *out, struct str text)
{
    terminal(out, text, SIZE_MAX);
}

void answer_sheet(const struct record *r, bool reveal)
{
    struct buf line = {0};

    for (int c = 0; c < COLUMN_COUNT; c++) {
        struct buf value = {0};

        if (r->column[c].kind == VALUE_MISSING)
            continue;
        shown_value(&value, r, (enum column)c, reveal);
        buf_printf(&line, "%-22s ", column_name((enum column)c));
        terminal(&line, buf_str(&value), SIZE_MAX);
        buf_put_text(&line, "\n");
        buf_release(&value);
    }
    printf("%.*s\n", STR_ARG(buf_str(&line)));
    buf_release(&line);
}

static void put_csv(struct buf *out, struct str text)
{
    bool quote = false;

    for (size_t i = 0; i < text.len && !quote; i++) {
        char c = text.at[i];

        quote = c == ',' || c == '"' || c == '\r' || c == '\n' || c == '\0';
    }
    if (!quote) {
        buf_put_str(out, text);
        return;
    }
    buf_put_text(out, "\"");
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            buf_put_text(out, "\"");
        buf_put_u8(out, (uint8_t)text.at[i]);
    }
    buf_put_text(out, "\"");
}

static void put_cell(struct buf *line, struct str text, bool last)
{
    size_t shown = terminal(line, text, TABLE_WIDTH);

    for (; !last && shown < TABLE_WIDTH + 1; shown++)
        buf_put_text(line, " ");
}

void answer_head(const struct str *name, size_t columns, enum answer_format format)
{
    struct buf line = {0};

    if (format == ANSWER_JSON)
        puts("[");
    if (format != ANSWER_TABLE && format != ANSWER_CSV)
        return;
    for (size_t i = 0; i < columns; i++) {
        if (format == ANSWER_TABLE) {
            put_cell(&line, name[i], i + 1 == columns);
        } else {
            buf_put_text(&line, i ? "," : "");
            put_csv(&line, name[i]);
        }
    }
    printf("%.*s\n", STR_ARG(buf_str(&line)));
    buf_release(&line);
}

static void put_json_cells(struct buf *line, const struct answer_cell *cell, size_t cells)
{
    bool first = true;

    buf_put_text(line, "{");
    for (size_t i = 0; i < cells; i++) {
        if (cell[i].missing)
            continue;
        buf_put_text(line, first ? "" : ",");
        print_json_text(line, cell[i].name);
        buf_put_text(line, ":");
        if (cell[i].bare)
            buf_put_str(line, cell[i].text);
        else
            print_json_text(line, cell[i].text);
        first = false;
    }
    buf_put_text(line, "}");
}

void answer_cells(struct buf *out, const struct answer_cell *cell, size_t cells,
                  enum answer_format format, bool first)
{
    if (format == ANSWER_JSON && !first)
        buf_put_text(out, ",\n");
    if (format == ANSWER_JSON || format == ANSWER_NDJSON) {
        put_json_cells(out, cell, cells);
    } else {
        for (size_t i = 0; i < cells; i++) {
            struct str text = cell[i].missing ? STR("") : cell[i].text;

            if (format == ANSWER_TABLE) {
                put_cell(out, text, i + 1 == cells);
            } else {
                buf_put_text(out, i ? "," : "");
                put_csv(out, text);
            }
        }
    }
    if (format != ANSWER_JSON)
        buf_put_text(out, "\n");
}

void answer_row(const struct record *r, const enum column *column, size_t columns,
                enum answer_format format, bool first, bool reveal)
{
    struct answer_cell cell[COLUMN_COUNT];
    size_t end[COLUMN_COUNT];
    struct buf values = {0}, line = {0};

    for (size_t i = 0; i < columns; i++) {
        const struct value *v = &r->column[column[i]];

        cell[i] = (struct answer_cell){.name = str_of(column_name(column[i])),
                                       .missing = v->kind == VALUE_MISSING,
                                       .bare = v->kind != VALUE_TEXT && v->kind != VALUE_TIME};
        if (!cell[i].missing)
            shown_value(&values, r, column[i], reveal);
        end[i] = values.len;
    }
    for (size_t i = 0; i < columns; i++)
        cell[i].text = str_part(buf_str(&values), i ? end[i - 1] : 0, end[i]);
    answer_cells(&line, cell, columns, format, first);
    fwrite(buf_str(&line).at, 1, line.len, stdout);
    buf_release(&values);
    buf_release(&line);
}

void answer_foot(enum answer_format format)
{
    if (format == ANSWER_JSON)
        puts("\n]");
}
