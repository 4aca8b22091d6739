/* decoded.c - see decoded.h. Members are put one a line with two spaces a depth; texts stay
 * as escaped as they were received. */
#include "analyzer/decoded.h"

#include "analyzer/answer.h"
#include "base/base64url.h"
#include "base/limits.h"
#include "record/lookup.h"

enum { LABEL_WIDTH = 18 };

static void put_line(struct buf *out, const char *label, struct str text)
{
    size_t width = strlen(label);

    buf_put_text(out, label);
    for (; width < LABEL_WIDTH; width++)
        buf_put_text(out, " ");
    answer_terminal(out, text);
    buf_put_text(out, "\n");
}

/* A JSON text, a member or element a line. False: it is none. */
static bool put_json(struct buf *out, struct str json)
{
    struct tokens t = {0};
    struct buf line = {0};
    uint32_t end[LIMIT_JSON_DEPTH + 1];
    size_t depth = 0;
    bool good = tokens_read(&t, json, DUPLICATES_KEEP);

    for (uint32_t i = 1; good && i < t.count; i++) {
        const struct token *k = &t.at[i];
        bool holds = k->kind == TOKEN_OBJECT || k->kind == TOKEN_ARRAY;

        while (depth > 0 && end[depth - 1] <= i)
            depth--;
        buf_clear(&line);
        for (size_t d = 0; d < depth; d++)
            buf_put_text(&line, "  ");
        buf_put(&line, json.at + k->name_at, k->name_len);
        buf_put_text(&line, k->name_len ? ":" : "-");
        buf_put_text(&line, holds ? "" : " ");
        if (!holds)
            buf_put(&line, json.at + k->at, k->len);
        put_line(out, "", buf_str(&line));
        if (holds)
            end[depth++] = k->next;
    }
    tokens_release(&t);
    buf_release(&line);
    return good;
}

/* One part of a token, canonical or padded. */
static bool decode(struct str part, struct buf *out)
{
    bool good;

    while (part.len > 0 && part.at[part.len - 1] == '=')
        part.len--;
    buf_clear(out);
    good = base64url_decode(buf_reserve(out, base64url_room(part.len)), &out->len, part);
    if (!good)
        out->len = 0;
    return good;
}

static void put_part(struct buf *out, const char *label, struct str part)
{
    struct buf json = {0};

    if (!decode(part, &json)) {
        put_line(out, label, STR("is not base64url"));
    } else {
        put_line(out, label, STR("as the consumer asserts it"));
        if (!put_json(out, buf_str(&json)))
            put_line(out, "", buf_str(&json));
    }
    buf_release(&json);
}

static void put_signature(struct buf *out, struct str part)
{
    struct buf bytes = {0};
    char text[64];

    if (part.len == 0)
        snprintf(text, sizeof text, "none: the token is not signed");
    else if (decode(part, &bytes))
        snprintf(text, sizeof text, "%zu bytes, not checked", bytes.len);
    else
        snprintf(text, sizeof text, "is not base64url");
    put_line(out, "token signature", str_of(text));
    buf_release(&bytes);
}

static void put_token(struct buf *out, struct str text)
{
    size_t space = str_index(text, ' ');
    struct str rest = space < text.len ? str_part(text, space + 1, text.len) : text;
    size_t dot = str_index(rest, '.');

    put_part(out, "token header", str_part(rest, 0, dot));
    rest = dot < rest.len ? str_part(rest, dot + 1, rest.len) : STR("");
    dot = str_index(rest, '.');
    put_part(out, "token payload", str_part(rest, 0, dot));
    put_signature(out, dot < rest.len ? str_part(rest, dot + 1, rest.len) : STR(""));
}

static const struct token *find_authorization(const struct document *d)
{
    const struct token *headers = lookup_member(
        d, lookup_member(d, d->tokens->at, "request"), "headers");

    if (!lookup_is(headers, TOKEN_OBJECT))
        return NULL;
    for (const struct token *k = lookup_first(d, headers); k; k = lookup_next(d, headers, k))
        if (k->kind == TOKEN_STRING &&
            str_equal_nocase(lookup_name(d, k), STR("Authorization")))
            return k;
    return NULL;
}

void decoded_sheet(struct buf *out, struct str bytes)
{
    struct tokens tokens = {0};
    struct arena arena = {0};
    struct document d = {&tokens, bytes, &arena};
    const struct token *k = NULL;

    put_line(out, "record", bytes);
    if (tokens_read(&tokens, bytes, DUPLICATES_KEEP))
        k = find_authorization(&d);
    if (k)
        put_token(out, lookup_text(&d, k));
    else
        put_line(out, "token", STR("there is none"));
    buf_put_text(out, "\n");
    tokens_release(&tokens);
    arena_release(&arena);
}
