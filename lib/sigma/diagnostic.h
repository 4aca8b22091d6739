/* diagnostic.h - what is wrong with a rule file, and where: said with the line and a mark
 * under the place, so that its author need not search. */
#ifndef SIGMA_DIAGNOSTIC_H
#define SIGMA_DIAGNOSTIC_H

#include <stdio.h>

#include "base/yaml.h"

enum severity { SEVERITY_WARNING, SEVERITY_ERROR };

struct diagnostic {
    const char *file;  /* lives as long as the list's arena */
    struct str source; /* the file's text */
    struct yaml_mark at;
    enum severity severity;
    const char *code, *text, *hint; /* hint "" where there is none */
};

struct diagnostics {
    struct diagnostic *at;
    size_t count, cap, errors;
    struct arena arena;
    /* the file that is being read */
    const char *file;
    struct str source;
};

/* Note one of the file being read. */
void diagnose(struct diagnostics *d, enum severity s, struct yaml_mark at, const char *code,
              const char *hint, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* file:line:column: error[code]: text, the line, a caret, the hint. No control characters
 * of the file reach the stream. */
void diagnostic_print(const struct diagnostic *d, FILE *to);
/* All that are errors. */
void diagnostics_print_errors(const struct diagnostics *d, FILE *to);
void diagnostics_release(struct diagnostics *d);

/* Which of the words it is; count where it is none. */
size_t word_index(struct str word, const char *const *words, size_t count);
/* The nearest of the words to a mistyped one, or NULL where none is near; and as a hint,
 * "did you mean X?" or "", at `to`. */
const char *nearest_word(struct str word, const char *const *words, size_t count);
enum { WORD_HINT = 160 };
const char *word_hint(char to[WORD_HINT], struct str word, const char *const *words,
                      size_t count);

#endif
