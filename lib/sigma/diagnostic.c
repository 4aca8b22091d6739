/* diagnostic.c - see diagnostic.h. */
#include "sigma/diagnostic.h"

#include <stdarg.h>

#include "base/mem.h"

enum { TEXT_MAX = 512, LINE_SHOWN = 160, WORD_MAX = 48 };

void diagnose(struct diagnostics *d, enum severity s, struct yaml_mark at, const char *code,
              const char *hint, const char *format, ...)
{
    char text[TEXT_MAX];
    struct diagnostic *n;
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (d->count == d->cap) {
        d->cap = d->cap ? d->cap * 2 : 16;
        d->at = xrealloc(d->at, d->cap * sizeof *d->at);
    }
    n = &d->at[d->count++];
    *n = (struct diagnostic){.file = d->file, .source = d->source, .at = at, .severity = s,
                             .code = code};
    n->text = arena_copy(&d->arena, (struct str){text, strlen(text) + 1}).at;
    n->hint = arena_copy(&d->arena, (struct str){hint, strlen(hint) + 1}).at;
    d->errors += s == SEVERITY_ERROR;
}

void diagnostics_release(struct diagnostics *d)
{
    free(d->at);
    arena_release(&d->arena);
    memset(d, 0, sizeof *d);
}

static struct str line_of(struct str source, unsigned line)
{
    size_t from = 0;

    for (; line > 1 && from < source.len; from++)
        line -= source.at[from] == '\n';
    source = str_part(source, from, source.len);
    return str_part(source, 0, str_index(source, '\n'));
}

void diagnostic_print(const struct diagnostic *d, FILE *to)
{
    struct str line = line_of(d->source, d->at.line);
    size_t shown = line.len < LINE_SHOWN ? line.len : LINE_SHOWN;

    fprintf(to, "%s:%u:%u: %s[%s]: %s\n", d->file, d->at.line, d->at.column,
            d->severity == SEVERITY_ERROR ? "error" : "warning", d->code, d->text);
    if (d->source.len > 0) {
        fprintf(to, "  %4u | ", d->at.line);
        for (size_t i = 0; i < shown; i++)
            putc((unsigned char)line.at[i] < ' ' || line.at[i] == 127 ? ' ' : line.at[i], to);
        fprintf(to, "\n       | ");
        fprintf(to, "%*s^\n", (int)(d->at.column <= shown ? d->at.column - 1 : shown), "");
    }
    if (*d->hint)
        fprintf(to, "       = %s\n", d->hint);
}

void diagnostics_print_errors(const struct diagnostics *d, FILE *to)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->at[i].severity == SEVERITY_ERROR)
            diagnostic_print(&d->at[i], to);
}

static size_t distance(struct str a, struct str b)
{
    size_t row[WORD_MAX + 1];

    if (a.len > WORD_MAX || b.len > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = corner + (a.at[i - 1] != b.at[j - 1]);

            corner = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[b.len];
}

size_t word_index(struct str word, const char *const *words, size_t count)
{
    size_t i = 0;

    while (i < count && !str_equal(word, str_of(words[i])))
        i++;
    return i;
}

const char *nearest_word(struct str word, const char *const *words, size_t count)
{
    size_t best = word.len / 3 + 1;
    const char *found = NULL;

    for (size_t i = 0; i < count; i++) {
        size_t n = distance(word, str_of(words[i]));

        if (n <= best && n > 0) {
            best = n - 1;
            found = words[i];
        }
    }
    return found;
}

const char *word_hint(char to[WORD_HINT], struct str word, const char *const *words,
                      size_t count)
{
    const char *near = nearest_word(word, words, count);

    to[0] = '\0';
    if (near)
        snprintf(to, WORD_HINT, "did you mean %s?", near);
    return to;
}
