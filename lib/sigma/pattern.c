/* pattern.c - see pattern.h. ASCII against ASCII is matched by hand; where either goes
 * beyond it, letters fold as Unicode says, and PCRE2 knows how. */
#include "sigma/pattern.h"

#include "base/buf.h"

struct pattern pattern_read(struct str text, bool literal, struct arena *arena)
{
    struct pattern p = {.unit = arena_alloc(arena, (text.len + 1) * sizeof *p.unit),
                        .ascii = true};

    for (size_t i = 0; i < text.len; i++) {
        uint16_t c = (uint8_t)text.at[i];
        char after = i + 1 < text.len ? text.at[i + 1] : '\0';

        p.ascii = p.ascii && c < 128;
        if (!literal && c == '\\' && (after == '*' || after == '?' || after == '\\')) {
            c = (uint8_t)after;
            i++;
        } else if (!literal && c == '*') {
            c = PATTERN_ANY;
        } else if (!literal && c == '?') {
            c = PATTERN_ONE;
        }
        if (c == PATTERN_ANY && p.units > 0 && p.unit[p.units - 1] == PATTERN_ANY)
            continue;
        p.unit[p.units++] = c;
    }
    return p;
}

void pattern_open(struct pattern *p, bool front, bool back, struct arena *arena)
{
    uint16_t *unit = arena_alloc(arena, (p->units + 2) * sizeof *unit);
    size_t n = 0;

    if (front && (p->units == 0 || p->unit[0] != PATTERN_ANY))
        unit[n++] = PATTERN_ANY;
    if (p->units)
        memcpy(unit + n, p->unit, p->units * sizeof *unit);
    n += p->units;
    if (back && (n == 0 || unit[n - 1] != PATTERN_ANY))
        unit[n++] = PATTERN_ANY;
    p->unit = unit;
    p->units = n;
}

static bool in_word(uint16_t u)
{
    return (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') ||
           u == '_' || (u >= 128 && u < 256);
}

void pattern_dashes(struct pattern *p)
{
    for (size_t i = 0; i < p->units; i++)
        if ((p->unit[i] == '-' || p->unit[i] == '/') && (i == 0 || !in_word(p->unit[i - 1])) &&
            i + 1 < p->units && in_word(p->unit[i + 1]))
            p->unit[i] = PATTERN_DASH;
}

bool pattern_has_wildcards(const struct pattern *p)
{
    for (size_t i = 0; i < p->units; i++)
        if (p->unit[i] >= PATTERN_ANY)
            return true;
    return false;
}

struct str pattern_text(const struct pattern *p, struct arena *arena)
{
    char *text = arena_alloc(arena, p->units + 1);

    for (size_t i = 0; i < p->units; i++)
        text[i] = (char)p->unit[i];
    return (struct str){text, p->units};
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.at[i] >= 128)
            return false;
    return true;
}

static bool fits(const struct pattern *p, uint16_t unit, char c)
{
    if (unit == PATTERN_DASH)
        return c == '-' || c == '/';
    if (unit >= PATTERN_ANY)
        return unit == PATTERN_ONE;
    return p->cased ? (char)unit == c : ascii_lower((char)unit) == ascii_lower(c);
}

/* What stands behind the last * is tried again one byte on. */
static bool match_ascii(const struct pattern *p, struct str text)
{
    size_t at = 0, u = 0;
    size_t star = SIZE_MAX, from = 0;

    while (at < text.len) {
        if (u < p->units && p->unit[u] == PATTERN_ANY) {
            star = u++;
            from = at;
        } else if (u < p->units && fits(p, p->unit[u], text.at[at])) {
            u++;
            at++;
        } else if (star != SIZE_MAX) {
            u = star + 1;
            at = ++from;
        } else {
            return false;
        }
        if (star != SIZE_MAX && u == p->units && p->unit[u - 1] == PATTERN_ANY)
            return true;
    }
    while (u < p->units && p->unit[u] == PATTERN_ANY)
        u++;
    return u == p->units;
}

static void compile(struct pattern *p)
{
    struct buf text = {0};
    char why[160];
    size_t where;

    buf_put_text(&text, "\\A");
    for (size_t i = 0; i < p->units; i++) {
        char c = (char)p->unit[i];

        if (p->unit[i] == PATTERN_ANY)
            buf_put_text(&text, ".*");
        else if (p->unit[i] == PATTERN_ONE)
            buf_put_text(&text, ".");
        else if (p->unit[i] == PATTERN_DASH)
            buf_put_text(&text, "[-/\xe2\x80\x93\xe2\x80\x94\xe2\x80\x95]");
        else if (p->unit[i] < 128 && !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                       (c >= 'A' && c <= 'Z')))
            buf_printf(&text, "\\x{%02x}", p->unit[i]);
        else
            buf_put(&text, &c, 1);
    }
    buf_put_text(&text, "\\z");
    p->wide = regex_compile(buf_str(&text), REGEX_DOTALL | (p->cased ? 0 : REGEX_CASELESS),
                            why, &where);
    buf_release(&text);
}

int pattern_match(struct pattern *p, struct str text)
{
    if ((p->ascii || p->cased) && is_ascii(text))
        return match_ascii(p, text);
    if (!p->wide)
        compile(p);
    return p->wide ? regex_match(p->wide, text) : 0;
}

void pattern_release(struct pattern *p)
{
    regex_free(p->wide);
    p->wide = NULL;
}
