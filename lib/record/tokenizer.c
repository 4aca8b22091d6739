/* tokenizer.c - one pass over the text, no recursion: the open objects and arrays stand on
 * a stack of LIMIT_JSON_DEPTH. The fault met first in the bytes is the one reported.
 * Inside strings sixteen bytes are looked at per step for a quote, a backslash, a control
 * byte or a byte above ASCII; without SSE2 one at a time, with the same result.
 *
 * Duplicate members are found with the object's own members so far: up to a few by
 * comparison, above that through a table of hashes, so that a huge object costs O(n). */
#include "record/tokenizer.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "record/text.h"

enum { DUPLICATES_BY_COMPARISON = 16 };

struct open {
    uint32_t token;     /* its index */
    uint32_t members;
};

struct scan {
    struct tokens *t;
    struct str text;
    size_t at;
    enum duplicates how;
    int depth;
    struct open open[LIMIT_JSON_DEPTH];
    struct arena arena; /* of unescaped names */
    uint32_t *table;    /* token index + 1 by hash; of the object at table_depth */
    size_t table_size;
    uint32_t table_owner;
};

static bool fail(struct scan *s, enum reject why, size_t at)
{
    s->t->fault = why;
    s->t->fault_at = at;
    return false;
}

static void skip_space(struct scan *s)
{
    while (s->at < s->text.len) {
        char c = s->text.at[s->at];

        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            break;
        s->at++;
    }
}

/* What is wrong with a byte that no token begins with: bad UTF-8, or just not JSON. */
static bool fail_byte(struct scan *s)
{
    const uint8_t *p = (const uint8_t *)s->text.at + s->at;

    if (s->at < s->text.len && *p >= 0x80 && utf8_length(p, s->text.len - s->at) == 0)
        return fail(s, REJECT_UTF8, s->at);
    return fail(s, REJECT_JSON, s->at);
}

static size_t plain_run(const char *p, size_t left)
{
    size_t n = 0;

#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i slash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(0x20);

    for (; n + 16 <= left; n += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + n));
        __m128i stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
                                                 _mm_cmpeq_epi8(v, slash)),
                                    _mm_cmplt_epi8(v, space)); /* signed: above ASCII too */
        int mask = _mm_movemask_epi8(stop);

        if (mask)
            return n + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (n < left && p[n] != '"' && p[n] != '\\' && (signed char)p[n] >= 0x20)
        n++;
    return n;
}

static int hex_value(struct str s, size_t at)
{
    int v = 0;

    if (at + 4 > s.len)
        return -1;
    for (size_t i = at; i < at + 4; i++) {
        char c = ascii_lower(s.at[i]);
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* At a backslash. */
static bool scan_escape(struct scan *s)
{
    size_t from = s->at;
    char c = from + 1 < s->text.len ? s->text.at[from + 1] : 0;
    int v;

    if (c != 'u') {
        s->at += 2;
        return c && strchr("\"\\/bfnrt", c) ? true : (s->at = from + 1, fail_byte(s));
    }
    v = hex_value(s->text, from + 2);
    if (v < 0)
        return fail(s, REJECT_JSON, from);
    s->at += 6;
    if (v < 0xd800 || v > 0xdfff)
        return true;
    if (v <= 0xdbff && s->at + 1 < s->text.len && s->text.at[s->at] == '\\' &&
        s->text.at[s->at + 1] == 'u') {
        int low = hex_value(s->text, s->at + 2);

        if (low < 0)
            return fail(s, REJECT_LONE_SURROGATE, from);
        if (low >= 0xdc00 && low <= 0xdfff) {
            s->at += 6;
            return true;
        }
    }
    return fail(s, REJECT_LONE_SURROGATE, from);
}

/* At a quote; gives what stands between the quotes. */
static bool scan_string(struct scan *s, uint32_t *at, uint32_t *len, bool *escaped)
{
    size_t from = ++s->at;

    *escaped = false;
    for (;;) {
        const uint8_t *p;
        size_t n;

        s->at += plain_run(s->text.at + s->at, s->text.len - s->at);
        if (s->at >= s->text.len)
            return fail(s, REJECT_JSON, s->at);
        p = (const uint8_t *)s->text.at + s->at;
        if (*p == '"')
            break;
        if (*p == '\\') {
            *escaped = true;
            if (!scan_escape(s))
                return false;
        } else if (*p < 0x20) {
            return fail(s, REJECT_JSON, s->at);
        } else if ((n = utf8_length(p, s->text.len - s->at)) == 0) {
            return fail(s, REJECT_UTF8, s->at);
        } else {
            s->at += n;
        }
    }
    *at = (uint32_t)from;
    *len = (uint32_t)(s->at - from);
    s->at++;
    return true;
}

static size_t digits(struct scan *s)
{
    size_t from = s->at;

    while (s->at < s->text.len && s->text.at[s->at] >= '0' && s->text.at[s->at] <= '9')
        s->at++;
    return s->at - from;
}

static bool at_char(const struct scan *s, char c)
{
    return s->at < s->text.len && s->text.at[s->at] == c;
}

static bool scan_number(struct scan *s)
{
    if (at_char(s, '-'))
        s->at++;
    if (at_char(s, '0'))
        s->at++;
    else if (digits(s) == 0)
        return fail_byte(s);
    if (at_char(s, '.')) {
        s->at++;
        if (digits(s) == 0)
            return fail_byte(s);
    }
    if (at_char(s, 'e') || at_char(s, 'E')) {
        s->at++;
        if (at_char(s, '+') || at_char(s, '-'))
            s->at++;
        if (digits(s) == 0)
            return fail_byte(s);
    }
    return true;
}

static bool scan_word(struct scan *s, const char *word)
{
    for (; *word; word++, s->at++)
        if (!at_char(s, *word))
            return fail_byte(s);
    return true;
}

static struct token *push(struct scan *s)
{
    struct tokens *t = s->t;

    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 256;
        t->at = xrealloc(t->at, t->cap * sizeof *t->at);
    }
    memset(&t->at[t->count], 0, sizeof *t->at);
    return &t->at[t->count++];
}

static struct str name_of(struct scan *s, const struct token *k)
{
    struct str raw = str_part(s->text, k->name_at, k->name_at + k->name_len);

    return k->name_escaped ? text_unescape(raw, true, &s->arena) : raw;
}

static uint64_t hash_name(struct str name)
{
    uint64_t h = 14695981039346656037ULL;

    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.at[i]) * 1099511628211ULL;
    return h ^ h >> 29;
}

/* Put a member into the table of its object; true where an equal name is there. */
static bool table_put(struct scan *s, uint32_t index)
{
    struct str name = name_of(s, &s->t->at[index]);
    size_t slot = hash_name(name) & (s->table_size - 1);

    for (; s->table[slot]; slot = (slot + 1) & (s->table_size - 1))
        if (str_equal(name_of(s, &s->t->at[s->table[slot] - 1]), name))
            return true;
    s->table[slot] = index + 1;
    return false;
}

/* The members of the object so far, again into a table that has room for `members`. */
static void table_build(struct scan *s, const struct open *o, uint32_t members, uint32_t end)
{
    size_t size = 64;

    while (size < (size_t)members * 4)
        size *= 2;
    s->table = xrealloc(s->table, size * sizeof *s->table);
    memset(s->table, 0, size * sizeof *s->table);
    s->table_size = size;
    s->table_owner = o->token;
    for (uint32_t i = o->token + 1; i < end; i = s->t->at[i].next)
        table_put(s, i);
}

/* Is the name of the token just pushed that of an earlier member of its object? Finished
 * siblings have their `next`, so they can be walked. */
static bool is_duplicate(struct scan *s, struct open *o, uint32_t index)
{
    struct str name;

    o->members++;
    if (o->members <= DUPLICATES_BY_COMPARISON) {
        name = name_of(s, &s->t->at[index]);
        for (uint32_t i = o->token + 1; i < index; i = s->t->at[i].next)
            if (str_equal(name_of(s, &s->t->at[i]), name))
                return true;
        return false;
    }
    if (s->table_owner != o->token || o->members * 2 > s->table_size)
        table_build(s, o, o->members * 2, index);
    return table_put(s, index);
}

/* The value at s->at, of the token k; objects and arrays are only opened. */
static bool scan_value(struct scan *s, uint32_t index)
{
    struct token *k = &s->t->at[index];
    char c = s->at < s->text.len ? s->text.at[s->at] : 0;
    bool good;

    k->at = (uint32_t)s->at;
    k->next = index + 1;
    if (c == '{' || c == '[') {
        if (s->depth == LIMIT_JSON_DEPTH)
            return fail(s, REJECT_DEPTH, s->at);
        k->kind = c == '{' ? TOKEN_OBJECT : TOKEN_ARRAY;
        s->open[s->depth++] = (struct open){index, 0};
        s->at++;
        return true;
    }
    if (c == '"') {
        k->kind = TOKEN_STRING;
        return scan_string(s, &k->at, &k->len, &k->escaped);
    }
    k->kind = c == 't' ? TOKEN_TRUE : c == 'f' ? TOKEN_FALSE : c == 'n' ? TOKEN_NULL
                                                                        : TOKEN_NUMBER;
    good = c == 't' ? scan_word(s, "true") : c == 'f' ? scan_word(s, "false")
           : c == 'n' ? scan_word(s, "null") : scan_number(s);
    k->len = (uint32_t)s->at - k->at;
    return good;
}

static bool scan_member(struct scan *s, struct open *o)
{
    uint32_t index = (uint32_t)s->t->count;
    size_t quote = s->at;
    struct token *k;

    if (!at_char(s, '"'))
        return fail_byte(s);
    k = push(s);
    if (!scan_string(s, &k->name_at, &k->name_len, &k->name_escaped))
        return false;
    if (is_duplicate(s, o, index)) {
        if (s->how == DUPLICATES_REFUSE)
            return fail(s, REJECT_DUPLICATE_MEMBER, quote);
        s->t->duplicate = true;
    }
    skip_space(s);
    if (!at_char(s, ':'))
        return fail_byte(s);
    s->at++;
    skip_space(s);
    return scan_value(s, index);
}

/* Close what is on top of the stack. */
static void close_top(struct scan *s)
{
    struct token *k = &s->t->at[s->open[--s->depth].token];

    s->at++;
    k->len = (uint32_t)s->at - k->at;
    k->next = (uint32_t)s->t->count;
}

static bool scan_all(struct scan *s)
{
    bool first = true;
    int depth = 0;

    skip_space(s);
    if (!at_char(s, '{'))
        return fail_byte(s);
    push(s);
    if (!scan_value(s, 0))
        return false;
    while (s->depth > 0) {
        struct open *o = &s->open[s->depth - 1];
        bool object = s->t->at[o->token].kind == TOKEN_OBJECT;

        first = s->depth > depth;
        depth = s->depth;
        skip_space(s);
        if (at_char(s, object ? '}' : ']')) {
            close_top(s);
            depth = s->depth;
            continue;
        }
        if (!first) {
            if (!at_char(s, ','))
                return fail_byte(s);
            s->at++;
            skip_space(s);
        }
        if (object ? !scan_member(s, o) : (push(s), !scan_value(s, (uint32_t)s->t->count - 1)))
            return false;
    }
    skip_space(s);
    return s->at == s->text.len ? true : fail_byte(s);
}

bool tokens_read(struct tokens *t, struct str text, enum duplicates how)
{
    struct scan s = {.t = t, .text = text, .how = how, .table_owner = UINT32_MAX};
    bool good;

    t->count = 0;
    t->fault = REJECT_NONE;
    t->fault_at = 0;
    t->duplicate = false;
    good = text.len < UINT32_MAX ? scan_all(&s) : fail(&s, REJECT_TOO_LARGE, 0);
    free(s.table);
    arena_release(&s.arena);
    return good;
}

/* Strings with more in them than plain ASCII; apart, so that the usual ones pay for no
 * struct scan. */
__attribute__((noinline)) static size_t string_end(struct str text, size_t at)
{
    struct tokens ignored = {0};
    struct scan s = {.t = &ignored, .text = text, .at = at - 1};
    uint32_t from, len;
    bool escaped;

    return scan_string(&s, &from, &len, &escaped) ? s.at - 1 : SIZE_MAX;
}

size_t tokens_string_end(struct str text, size_t at)
{
    size_t end = at + plain_run(text.at + at, text.len - at);

    return end < text.len && text.at[end] == '"' ? end : string_end(text, at);
}

__attribute__((noinline)) static size_t number_end(struct str text, size_t at)
{
    struct tokens ignored = {0};
    struct scan s = {.t = &ignored, .text = text, .at = at};

    return scan_number(&s) ? s.at : SIZE_MAX;
}

size_t tokens_number_end(struct str text, size_t at)
{
    size_t end = at;

    while (end < text.len && text.at[end] >= '0' && text.at[end] <= '9')
        end++;
    if (end > at && (text.at[at] != '0' || end == at + 1) && end < text.len &&
        (text.at[end] == ',' || text.at[end] == '}'))
        return end;
    return number_end(text, at);
}

void tokens_release(struct tokens *t)
{
    free(t->at);
    memset(t, 0, sizeof *t);
}
