/* regex.c - see regex.h. Texts of records may hold any bytes: what is no UTF-8 matches
 * nothing, and does not end the search. */
#include "sigma/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

enum { MATCH_LIMIT = 1000000, HEAP_KIB = 4096 };

struct regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

struct regex *regex_compile(struct str pattern, int flags, char text[160], size_t *offset)
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
                       (flags & REGEX_CASELESS ? PCRE2_CASELESS : 0U) |
                       (flags & REGEX_MULTILINE ? PCRE2_MULTILINE : 0U) |
                       (flags & REGEX_DOTALL ? PCRE2_DOTALL : 0U);
    struct regex *r;
    pcre2_code *code;
    size_t at = 0;
    int error;

    code = pcre2_compile((PCRE2_SPTR)pattern.at, pattern.len, options, &error, &at, NULL);
    *offset = at;
    if (!code) {
        pcre2_get_error_message(error, (PCRE2_UCHAR *)text, 160);
        return NULL;
    }
    r = xcalloc(1, sizeof *r);
    r->code = code;
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it the interpreter matches */
    r->data = pcre2_match_data_create(1, NULL);
    r->context = pcre2_match_context_create(NULL);
    if (!r->data || !r->context)
        abort();
    pcre2_set_match_limit(r->context, MATCH_LIMIT);
    pcre2_set_heap_limit(r->context, HEAP_KIB);
    return r;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_code_free(r->code);
    pcre2_match_data_free(r->data);
    pcre2_match_context_free(r->context);
    free(r);
}

int regex_match(const struct regex *r, struct str subject)
{
    int rc = pcre2_match(r->code, (PCRE2_SPTR)subject.at, subject.len, 0, 0, r->data,
                         r->context);

    return rc >= 0 ? 1 : rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
