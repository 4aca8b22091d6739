/* tokenizer.h - strict JSON (RFC 8259), one object, as a flat list of tokens.
 *
 * Accepts exactly one object with white space around it: valid UTF-8, no lone surrogate
 * escapes, at most LIMIT_JSON_DEPTH deep, no two members of one object equal after
 * unescaping (unless told to keep them). Pure; the list is the caller's and is reused. */
#ifndef RECORD_TOKENIZER_H
#define RECORD_TOKENIZER_H

#include "record/record.h"

enum token_kind {
    TOKEN_OBJECT,
    TOKEN_ARRAY,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NULL
};

/* A value in document order. Strings: at/len without the quotes, still escaped. */
struct token {
    uint32_t at, len;           /* of the value in the text */
    uint32_t name_at, name_len; /* of the member's name, raw; 0,0 in an array */
    uint32_t next;              /* index of the token behind this one's whole subtree */
    uint8_t kind;               /* enum token_kind */
    bool escaped, name_escaped; /* holds a backslash */
};

struct tokens {
    struct token *at; /* at[0] is the record's object */
    size_t count, cap;
    enum reject fault; /* REJECT_NONE when the text was accepted */
    size_t fault_at;   /* byte offset of the fault */
    bool duplicate;    /* a duplicate was seen and kept */
};

enum duplicates { DUPLICATES_REFUSE, DUPLICATES_KEEP };

/* False with t->fault set when the text is refused. */
bool tokens_read(struct tokens *t, struct str text, enum duplicates how);
void tokens_release(struct tokens *t);

/* The same grammar for one value, where the text around it is known already: the index of
 * the quote that closes the string whose content begins at `at`, or of the first byte
 * behind the number that begins there. SIZE_MAX where the grammar is broken. */
size_t tokens_string_end(struct str text, size_t at);
size_t tokens_number_end(struct str text, size_t at);

#endif
