/* text.h - the text of JSON strings and the parts of URLs. Pure; results live in the
 * arena or in the argument. */
#ifndef RECORD_TEXT_H
#define RECORD_TEXT_H

#include <stdbool.h>

#include "base/arena.h"

/* Unescape what the tokenizer accepted: raw without quotes. Borrows raw when !escaped. */
struct str text_unescape(struct str raw, bool escaped, struct arena *arena);

/* The value of a JSON number; false: it is not finite. */
bool text_number(struct str s, double *out, struct arena *arena);

struct url {
    struct str path, query; /* as format 4.6 cuts them, not decoded */
    bool has_query;
};

void url_split(struct url *out, struct str url);

/* ODS code of the service root (format 4.11); false where there is none. */
bool url_root_ods(struct str *out, struct str path);

/* The byte that stands there or is percent-encoded there; how long that is. A `%` without two
 * hex digits is itself. */
size_t url_byte(struct str s, size_t at, char *byte);

/* Percent-decode once; a `%` without two hex digits stays; bytes that are no UTF-8 after
 * decoding give U+FFFD. */
struct str url_decode(struct str s, struct arena *arena);

#endif
