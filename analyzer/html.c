/* html.c - a report's page: plain HTML with its style in it, no script and no request to
 * anywhere. What comes from records is text only, in <bdi>, without control characters.
 * Bars are SVG with a title; the table below holds the same numbers. */
#include "analyzer/page.h"

#include <stdlib.h>

enum { BARS_MAX = 62, CHART_WIDTH = 960, CHART_HEIGHT = 220, LEFT = 60, FOOT = 24,
       SHORT = 12 /* such a cell is not broken */,
       WIDE = 9 /* columns */ };

static const char style[] =
    ":root{color-scheme:light}"
    "html{font-family:Frutiger W01,arial,sans-serif;color:#212b32;background:#f0f4f5}"
    "body{margin:0;font-size:1rem;line-height:1.5}"
    "header{background:#005eb8;color:#fff;padding:1.25rem 1rem}"
    "header p,header h1,main{max-width:82rem;margin-left:auto;margin-right:auto}"
    "header p{margin-top:0;margin-bottom:.25rem}"
    "h1{font-size:1.75rem;line-height:1.25;margin-top:0;margin-bottom:0}"
    "main{padding:1rem}"
    "h2{font-size:1.375rem;margin:2rem 0 .5rem}"
    "section,dl.facts{background:#fff;padding:1rem;margin:0 0 1.5rem;border:1px solid #d8dde0}"
    "section h2{margin-top:0}"
    "dl.facts{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:.25rem 1rem}"
    "dt{font-weight:700}dd{margin:0;overflow-wrap:anywhere}"
    ".scroll{overflow-x:auto}"
    ".wide{font-size:.8125rem}.wide th,.wide td{padding-right:.5rem}"
    "table{border-collapse:collapse;width:100%}"
    "caption{text-align:left;font-weight:700;padding-bottom:.5rem}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .75rem .4rem 0;"
    "border-bottom:1px solid #d8dde0}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "td.s{white-space:nowrap}.none{color:#4c6272}"
    "svg{max-width:100%;height:auto;display:block;margin:.5rem 0 1rem}"
    "svg text{font-size:12px;fill:#212b32}.bar{fill:#12436d}"
    "@media(max-width:40rem){dl.facts{grid-template-columns:1fr}dd{margin-bottom:.5rem}}"
    "@media(forced-colors:active){.bar{fill:CanvasText}}"
    "@media print{html{background:#fff}header{color:#000;background:#fff;"
    "border-bottom:2px solid #005eb8}section,dl.facts{border:0;padding:0}"
    "thead{display:table-header-group}tr{break-inside:avoid}table{font-size:.75rem}"
    ".wide{font-size:.59rem}.scroll{overflow:visible}th,td{overflow-wrap:break-word}"
    "@page{size:A4 landscape;margin:14mm;@bottom-right{content:counter(page) \" of \" "
    "counter(pages)}}}";

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

/* 12,345 */
static void put_thousands(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        buf_put(out, s.at + i, 1);
        if (s.at[i] >= '0' && s.at[i] <= '9' && i + 1 < s.len && (s.len - i - 1) % 3 == 0 &&
            str_index(s, '.') == s.len)
            buf_put_text(out, ",");
    }
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
    double step = 1;

    while (step * 10 <= most)
        step *= 10;
    return most <= step * 2 ? step * 2 : most <= step * 5 ? step * 5 : step * 10;
}

static void put_chart(struct buf *out, const struct page_table *t)
{
    size_t rows = t->cells / t->columns;
    double most = 1, top, width;

    if (rows == 0 || rows > BARS_MAX)
        return;
    for (size_t i = 0; i < rows; i++)
        most = value_at(t, i) > most ? value_at(t, i) : most;
    top = nice(most);
    width = (CHART_WIDTH - LEFT) / (double)rows;
    buf_printf(out, "<svg role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                    "height=\"%d\"><title>",
               CHART_WIDTH, CHART_HEIGHT + FOOT, CHART_WIDTH, CHART_HEIGHT + FOOT);
    put(out, t->title);
    buf_put_text(out, "</title><desc>");
    put(out, t->finding);
    buf_put_text(out, " The table below holds the same numbers.</desc>"
                      "<g aria-hidden=\"true\">");
    for (int i = 0; i <= 2; i++) {
        double y = CHART_HEIGHT - i * (CHART_HEIGHT - 16) / 2.0;

        buf_printf(out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#d8dde0\"/>"
                        "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>",
                   LEFT, CHART_WIDTH, y, y, LEFT - 6, y + 4, top * i / 2);
    }
    for (size_t i = 0; i < rows; i++) {
        double h = value_at(t, i) / top * (CHART_HEIGHT - 16);

        buf_printf(out, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                        "height=\"%.1f\"/>",
                   LEFT + width * (double)i + width * .1, CHART_HEIGHT - h, width * .8, h);
        if (i == 0 || i + 1 == rows || (rows > 8 && i == rows / 2)) {
            buf_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">",
                       i == 0 ? LEFT : i + 1 == rows ? CHART_WIDTH
                                                     : LEFT + width * ((double)i + .5),
                       CHART_HEIGHT + 16, i == 0 ? "start" : i + 1 == rows ? "end" : "middle");
            put(out, t->cell[i * t->columns]);
            buf_put_text(out, "</text>");
        }
    }
    buf_put_text(out, "</g></svg>");
}

/* ---- the page ---- */

static void put_table(struct buf *out, const struct page_table *t)
{
    buf_put_text(out, "<section><h2>");
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
    buf_put_text(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    put(out, t->title);
    buf_put_text(out, t->columns > WIDE ? "\"><table class=\"wide\"><thead><tr>"
                                         : "\"><table><thead><tr>");
    for (size_t c = 0; c < t->columns; c++) {
        buf_printf(out, "<th scope=\"col\"%s>", t->number[c] ? " class=\"n\"" : "");
        put(out, t->column[c]);
        buf_put_text(out, "</th>");
    }
    buf_put_text(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < t->cells; i++) {
        size_t c = i % t->columns;

        buf_put_text(out, c == 0 ? "<tr>" : "");
        buf_printf(out, "<td%s>", t->number[c]             ? " class=\"n\""
                                  : t->cell[i].len <= SHORT ? " class=\"s\""
                                                            : "");
        if (t->number[c])
            put_thousands(out, t->cell[i]);
        else
            put_text(out, t->cell[i]);
        buf_put_text(out, c + 1 == t->columns ? "</td></tr>\n" : "</td>");
    }
    buf_put_text(out, "</tbody></table></div></section>\n");
}

void page_html(struct buf *out, const struct page *p, const char *hash)
{
    buf_put_text(out, "<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\">"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                      "<meta name=\"format-detection\" content=\"telephone=no\"><title>");
    put(out, p->title);
    buf_printf(out, "</title><style>%s</style></head>\n<body><header><p>GP Connect Audit</p>"
                    "<h1>", style);
    put(out, p->title);
    buf_put_text(out, "</h1></header><main>\n<p>");
    put(out, p->lead);
    buf_put_text(out, "</p>\n<dl class=\"facts\">");
    for (size_t i = 0; i + 1 < p->facts; i += 2) {
        buf_put_text(out, "<dt>");
        put(out, p->fact[i]);
        buf_put_text(out, "</dt><dd>");
        put_text(out, p->fact[i + 1]);
        buf_put_text(out, "</dd>");
    }
    buf_printf(out, "<dt>Report hash</dt><dd>%s</dd></dl>\n", hash);
    for (size_t i = 0; i < p->tables; i++)
        put_table(out, &p->table[i]);
    if (p->notes > 0)
        buf_put_text(out, "<section><h2>What this report cannot show</h2><ul>");
    for (size_t i = 0; i < p->notes; i++) {
        buf_put_text(out, "<li>");
        put(out, p->note[i]);
        buf_put_text(out, "</li>");
    }
    buf_put_text(out, p->notes ? "</ul></section>\n" : "");
    buf_put_text(out, "</main></body></html>\n");
}
