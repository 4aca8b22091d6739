/* answer.c - see answer.h. The record's own number is masked in every text column that may
 * hold it, and any other NHS number in those that hold free text; what goes to a terminal
 * as a table has control and bidi characters replaced. */
#include "analyzer/answer.h"

#include "record/mask.h"
#include "record/print.h"

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

static bool never_masked(enum column c)
{
    const char *name = column_name(c);
    size_t len = strlen(name);

    return strncmp(name, "ssp.", 4) == 0 || strncmp(name, "source.", 7) == 0 ||
           strncmp(name, "user.sds_", 9) == 0 || c == COLUMN_JWT_HASH ||
           (len > 4 && strcmp(name + len - 4, ".ods") == 0);
}

static bool free_text(enum column c)
{
    return c == COLUMN_HTTP_URL || c == COLUMN_HTTP_PATH || c == COLUMN_HTTP_QUERY ||
           c == COLUMN_HTTP_ERROR || c == COLUMN_INGEST_ORIGIN || c == COLUMN_FHIR_DIAGNOSTICS;
}

static void mask(struct buf *out, const struct record *r, enum column c, struct str text)
{
    const struct value *number = &r->column[COLUMN_PATIENT_NHS_NUMBER];
    struct buf known = {0};

    if (c == COLUMN_PATIENT_NHS_NUMBER) {
        mask_number(out, text);
        return;
    }
    if (number->kind == VALUE_TEXT && number->text.len >= 3)
        mask_known(&known, text, number->text);
    else
        buf_put_str(&known, text);
    if (free_text(c))
        mask_text(out, buf_str(&known));
    else
        buf_put_str(out, buf_str(&known));
    buf_release(&known);
}

void answer_value(struct buf *out, const struct record *r, enum column c, bool json,
                  bool reveal)
{
    const struct value *v = &r->column[c];
    struct buf plain = {0};
    struct buf masked = {0};

    print_plain_value(&plain, v);
    if ((v->kind == VALUE_TEXT || v->kind == VALUE_LIST) && !reveal && !never_masked(c))
        mask(&masked, r, c, buf_str(&plain));
    else
        buf_put_str(&masked, buf_str(&plain));
    if (json && (v->kind == VALUE_TEXT || v->kind == VALUE_TIME))
        print_json_text(out, buf_str(&masked));
    else
        buf_put_str(out, buf_str(&masked));
    buf_release(&plain);
    buf_release(&masked);
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

void answer_sheet(const struct record *r, bool reveal)
{
    struct buf line = {0};

    for (int c = 0; c < COLUMN_COUNT; c++) {
        struct buf value = {0};

        if (r->column[c].kind == VALUE_MISSING)
            continue;
        answer_value(&value, r, (enum column)c, false, reveal);
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

    for (size_t i = 0; i < text.len; i++)
        quote = quote || strchr(",\"\r\n", text.at[i]);
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

void answer_head(const enum column *column, size_t columns, enum answer_format format)
{
    struct buf line = {0};

    if (format == ANSWER_JSON)
        puts("[");
    if (format != ANSWER_TABLE && format != ANSWER_CSV)
        return;
    for (size_t i = 0; i < columns; i++) {
        if (format == ANSWER_TABLE)
            put_cell(&line, str_of(column_name(column[i])), i + 1 == columns);
        else
            buf_printf(&line, "%s%s", i ? "," : "", column_name(column[i]));
    }
    printf("%.*s\n", STR_ARG(buf_str(&line)));
    buf_release(&line);
}

static void put_json_row(struct buf *line, const struct record *r, const enum column *column,
                         size_t columns, bool reveal)
{
    bool first = true;

    buf_put_text(line, "{");
    for (size_t i = 0; i < columns; i++) {
        if (r->column[column[i]].kind == VALUE_MISSING)
            continue;
        buf_printf(line, "%s\"%s\":", first ? "" : ",", column_name(column[i]));
        answer_value(line, r, column[i], true, reveal);
        first = false;
    }
    buf_put_text(line, "}");
}

void answer_row(const struct record *r, const enum column *column, size_t columns,
                enum answer_format format, bool first, bool reveal)
{
    struct buf line = {0};

    if (format == ANSWER_JSON && !first)
        puts(",");
    if (format == ANSWER_JSON || format == ANSWER_NDJSON) {
        put_json_row(&line, r, column, columns, reveal);
    } else {
        for (size_t i = 0; i < columns; i++) {
            struct buf value = {0};

            answer_value(&value, r, column[i], false, reveal);
            if (format == ANSWER_TABLE) {
                put_cell(&line, buf_str(&value), i + 1 == columns);
            } else {
                buf_put_text(&line, i ? "," : "");
                put_csv(&line, buf_str(&value));
            }
            buf_release(&value);
        }
    }
    printf(format == ANSWER_JSON ? "%.*s" : "%.*s\n", STR_ARG(buf_str(&line)));
    buf_release(&line);
}

void answer_foot(enum answer_format format)
{
    if (format == ANSWER_JSON)
        puts("\n]");
}
