/* html.c - a report's page: plain HTML with its style in it (a subset of nhsuk-frontend,
 * built in dashboards/), no script and no request to anywhere. What comes from records is
 * text only, in <bdi>, without control characters. Bars are SVG with a title; the table below
 * holds the same numbers. */
#include "analyzer/page.h"

#include <stdlib.h>

enum { BARS_MAX = 62, CHART_WIDTH = 960, CHART_HEIGHT = 220, LEFT = 60, FOOT = 24,
       SHORT = 12 /* such a cell is not broken */,
       WIDE = 9, WIDER = 13 /* columns */ };

/* dashboards/dist/report.css, as the Makefile puts it here. */
static const char style[] = {
#include "report_css.inc"
    , '\0'};

/* Is this the first byte of a bidirectional mark (U+200E, U+200F, U+202A to U+202E, U+2066
 * to U+2069)? */
static bool is_bidi(struct str s, size_t i)
{
    const uint8_t *c = (const uint8_t *)s.at + i;

    if (i + 2 >= s.len || c[0] != 0xe2)
        return false;
    return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xaa && c[2] <= 0xae))) ||
           (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

static void put(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.at[i];

        if (c == '<')
            buf_put_text(out, "&lt;");
        else if (c == '>')
            buf_put_text(out, "&gt;");
        else if (c == '&')
            buf_put_text(out, "&amp;");
        else if (c == '"')
            buf_put_text(out, "&quot;");
        else if (c < ' ' || c == 127)
            buf_put_text(out, " ");
        else if (is_bidi(s, i))
            i += 2;
        else
            buf_put(out, s.at + i, 1);
    }
}

static void put_text(struct buf *out, struct str s)
{
    if (s.len == 0) {
        buf_put_text(out, "<span class=\"none\">not given</span>");
        return;
    }
    buf_put_text(out, "<bdi>");
    put(out, s);
    buf_put_text(out, "</bdi>");
}

/* ---- charts ---- */

static double value_at(const struct page_table *t, size_t row)
{
    char text[32];
    struct str s = t->cell[row * t->columns + 1];

    snprintf(text, sizeof text, "%.*s", (int)(s.len < 31 ? s.len : 31), s.at);
    return strtod(text, NULL);
}

static double nice(double most)
{
    static const int times[] = {2, 3, 4, 6, 8};
    double step = 1;

    while (step * 10 <= most)
        step *= 10;
    for (int i = 0; i < 5; i++)
        if (most <= step * times[i])
            return step * times[i];
    return step * 10;
}

static void put_chart(struct buf *out, const struct page_table *t)
{
    size_t rows = t->cells / t->columns;
    double most = 1, top, width;
    char text[32], number[PAGE_NUMBER];

    if (rows == 0 || rows > BARS_MAX)
        return;
    for (size_t i = 0; i < rows; i++)
        most = value_at(t, i) > most ? value_at(t, i) : most;
    top = nice(most);
    width = (CHART_WIDTH - LEFT) / (double)rows;
    buf_printf(out, "<svg class=\"gpca-chart\" role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                    "height=\"%d\"><title>",
               CHART_WIDTH, CHART_HEIGHT + FOOT, CHART_WIDTH, CHART_HEIGHT + FOOT);
    put(out, t->title);
    buf_put_text(out, "</title><desc>");
    put(out, t->finding);
    buf_put_text(out, " The table below holds the same numbers.</desc>"
                      "<g aria-hidden=\"true\">");
    for (int i = 0; i <= 2; i++) {
        double y = CHART_HEIGHT - i * (CHART_HEIGHT - 16) / 2.0;

        buf_printf(out, "<line class=\"line\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                        "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                   LEFT, CHART_WIDTH, y, y, LEFT - 6, y + 4);
        snprintf(text, sizeof text, "%.0f", top * i / 2);
        buf_put_text(out, page_thousands(number, str_of(text)));
        buf_put_text(out, "</text>");
    }
    for (size_t i = 0; i < rows; i++) {
        double h = value_at(t, i) / top * (CHART_HEIGHT - 16);

        buf_printf(out, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                        "height=\"%.1f\"/>",
                   LEFT + width * (double)i + width * .1, CHART_HEIGHT - h, width * .8, h);
        if (i == 0 || i + 1 == rows || (rows > 8 && i == rows / 2)) {
            buf_printf(out, "<text class=\"x\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">",
                       i == 0 ? LEFT : i + 1 == rows ? CHART_WIDTH
                                                     : LEFT + width * ((double)i + .5),
                       CHART_HEIGHT + 6, i == 0 ? "start" : i + 1 == rows ? "end" : "middle");
            put(out, t->cell[i * t->columns]);
            buf_put_text(out, "</text>");
        }
    }
    buf_put_text(out, "</g></svg>");
}

static void put_left_out(struct buf *out, size_t rows)
{
    char digits[24], number[PAGE_NUMBER];

    snprintf(digits, sizeof digits, "%zu", rows);
    buf_printf(out, "<p class=\"none\">%s more rows are not shown here; the JSON of this report"
                    " (--format json) has all of them.</p>",
               page_thousands(number, str_of(digits)));
}

/* ---- the page ---- */

static void put_table(struct buf *out, const struct page_table *t)
{
    size_t rows = t->cells / t->columns;
    size_t shown = t->most && t->most < rows ? t->most : rows;
    char number[PAGE_NUMBER];

    buf_put_text(out, t->chart ? "<section class=\"gpca-sheet gpca-charted\"><h2>"
                               : "<section class=\"gpca-sheet\"><h2>");
    put(out, t->title);
    buf_put_text(out, "</h2>");
    if (t->finding.len > 0) {
        buf_put_text(out, "<p>");
        put(out, t->finding);
        buf_put_text(out, "</p>");
    }
    if (t->chart)
        put_chart(out, t);
    if (t->cells == 0) {
        buf_put_text(out, "<p class=\"none\">There is nothing of this in the period.</p>"
                          "</section>\n");
        return;
    }
    buf_put_text(out, "<div class=\"gpca-scroll\" tabindex=\"0\" role=\"region\""
                      " aria-label=\"");
    put(out, t->title);
    buf_printf(out, "\"><table class=\"%s\"><thead><tr>",
               t->columns > WIDER                    ? "wide wider"
               : t->columns > WIDE                   ? "wide"
               : t->columns == 2 && t->number[1] ? "two"
                                                     : "plain");
    for (size_t c = 0; c < t->columns; c++) {
        buf_printf(out, "<th scope=\"col\"%s>", t->number[c] ? " class=\"n\"" : "");
        put(out, t->column[c]);
        buf_put_text(out, "</th>");
    }
    buf_put_text(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < shown * t->columns; i++) {
        size_t c = i % t->columns;

        buf_put_text(out, c == 0 ? "<tr>" : "");
        buf_printf(out, "<td%s>", t->number[c]             ? " class=\"n\""
                                  : t->cell[i].len <= SHORT ? " class=\"s\""
                                                            : "");
        if (t->number[c])
            buf_put_text(out, page_thousands(number, t->cell[i]));
        else
            put_text(out, t->cell[i]);
        buf_put_text(out, c + 1 == t->columns ? "</td></tr>\n" : "</td>");
    }
    buf_put_text(out, "</tbody></table></div>");
    if (shown < rows)
        put_left_out(out, rows - shown);
    buf_put_text(out, "</section>\n");
}

static void put_fact(struct buf *out, struct str name, struct str text)
{
    buf_put_text(out, "<div class=\"nhsuk-summary-list__row\">"
                      "<dt class=\"nhsuk-summary-list__key\">");
    put(out, name);
    buf_put_text(out, "</dt><dd class=\"nhsuk-summary-list__value\">");
    put_text(out, text);
    buf_put_text(out, "</dd></div>");
}

void page_html(struct buf *out, const struct page *p, const char *hash)
{
    buf_put_text(out, "<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\">"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                      "<meta name=\"format-detection\" content=\"telephone=no\"><title>");
    put(out, p->title);
    buf_put_text(out, "</title><style>");
    buf_put_text(out, style);
    buf_put_text(out, "</style></head>\n<body><header class=\"gpca-header\">"
                      "<div class=\"nhsuk-width-container\"><p>GP Connect Audit</p></div>"
                      "</header><div class=\"nhsuk-width-container\">"
                      "<main class=\"nhsuk-main-wrapper\" id=\"maincontent\"><h1>");
    put(out, p->title);
    buf_put_text(out, "</h1>\n<p class=\"gpca-lead\">");
    put(out, p->lead);
    buf_put_text(out, "</p>\n<div class=\"gpca-sheet\"><dl class=\"nhsuk-summary-list\">");
    for (size_t i = 0; i + 1 < p->facts; i += 2)
        put_fact(out, p->fact[i], p->fact[i + 1]);
    put_fact(out, STR("Report hash"), str_of(hash));
    buf_put_text(out, "</dl></div>\n");
    for (size_t i = 0; i < p->tables; i++)
        put_table(out, &p->table[i]);
    if (p->notes > 0)
        buf_put_text(out, "<section class=\"gpca-sheet\"><h2>What this report cannot show</h2>"
                          "<ul class=\"nhsuk-list nhsuk-list--bullet\">");
    for (size_t i = 0; i < p->notes; i++) {
        buf_put_text(out, "<li>");
        put(out, p->note[i]);
        buf_put_text(out, "</li>");
    }
    buf_put_text(out, p->notes ? "</ul></section>\n" : "");
    buf_put_text(out, "</main></div></body></html>\n");
}
