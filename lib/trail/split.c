/* split.c - see split.h. A record must pass the strict tokenizer whole; in a token's parts
 * equal members are no hindrance, since nothing is interpreted here. */
#include "trail/split.h"

#include "base/limits.h"
#include "record/tokenizer.h"

enum { NAME_MAX_BYTES = 160, URL_NAME_BYTES = 12 };

struct split {
    enum shape_kind kind;
    struct str text;
    struct leaf *leaf;
    size_t leaves;
    split_label *label;
    void *ctx;
};

static bool used(const struct split *s, uint16_t label)
{
    for (size_t i = 0; i < s->leaves; i++)
        if (s->leaf[i].label == label)
            return true;
    return false;
}

/* A second leaf of one name (equal members, names cut at the bound) is told apart by a
 * mark, so that a label stands once in a shape. */
static bool add(struct split *s, struct str value, enum leaf_kind kind, char *name, size_t len)
{
    uint16_t label;

    if (s->leaves == SHAPE_LEAVES)
        return false;
    for (;; len++) {
        if (!s->label(s->ctx, s->kind, (struct str){name, len}, kind == LEAF_NUMBER, &label))
            return false;
        if (!used(s, label))
            break;
        if (len == NAME_MAX_BYTES + SHAPE_LEAVES)
            return false;
        name[len] = '\'';
    }
    s->leaf[s->leaves++] = (struct leaf){value.at, (uint32_t)value.len, label, (uint8_t)kind};
    return true;
}

static size_t append(char *name, size_t len, struct str s)
{
    size_t n = s.len < NAME_MAX_BYTES - len ? s.len : NAME_MAX_BYTES - len;

    if (n)
        memcpy(name + len, s.at, n);
    return len + n;
}

/* A point in a member's name is no step of the path: it stands as a control character,
 * which no name can hold. */
static size_t append_name(char *name, size_t len, struct str s)
{
    size_t end = append(name, len, s);

    for (size_t i = len; i < end; i++)
        if (name[i] == '.')
            name[i] = 1;
    return end;
}

struct open_value {
    uint32_t next, element;
    size_t name_len;
    bool array;
};

static bool split_tokens(struct split *s, const struct tokens *t)
{
    char name[NAME_MAX_BYTES + SHAPE_LEAVES + 1];
    struct open_value open[LIMIT_JSON_DEPTH + 1];
    size_t depth = 0;

    open[depth++] = (struct open_value){t->at[0].next, 0, 0, false};
    for (uint32_t i = 1; i < t->count; i++) {
        const struct token *k = &t->at[i];
        struct open_value *o;
        char number[16];
        size_t len;

        while (open[depth - 1].next <= i)
            depth--;
        o = &open[depth - 1];
        len = append(name, o->name_len, STR("."));
        if (o->array) {
            snprintf(number, sizeof number, "%u", o->element++);
            len = append(name, len, str_of(number));
        } else {
            len = append_name(name, len, (struct str){s->text.at + k->name_at, k->name_len});
        }
        if (k->kind == TOKEN_OBJECT || k->kind == TOKEN_ARRAY)
            open[depth++] = (struct open_value){k->next, 0, len, k->kind == TOKEN_ARRAY};
        else if (k->kind == TOKEN_STRING || k->kind == TOKEN_NUMBER)
            if (!add(s, (struct str){s->text.at + k->at, k->len},
                     k->kind == TOKEN_STRING ? LEAF_STRING : LEAF_NUMBER, name, len))
                return false;
    }
    return true;
}

static bool split_json(struct split *s)
{
    struct tokens tokens = {0};
    bool good = tokens_read(&tokens, s->text, s->kind == SHAPE_RECORD ? DUPLICATES_REFUSE
                                                                      : DUPLICATES_KEEP) &&
                split_tokens(s, &tokens);

    tokens_release(&tokens);
    return good;
}

static bool is_hex(char c)
{
    c = ascii_lower(c);
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool split_url(struct split *s)
{
    struct str t = s->text;
    size_t piece = 0;

    for (size_t at = 0; at < t.len;) {
        char name[NAME_MAX_BYTES + SHAPE_LEAVES + 1];
        size_t from = at;
        size_t digits = 0;

        if (t.at[at] == '%' && at + 2 < t.len && is_hex(t.at[at + 1]) && is_hex(t.at[at + 2])) {
            at += 3;
            continue;
        }
        if (shape_delimiter(t.at[at])) {
            at++;
            continue;
        }
        for (; at < t.len && !shape_delimiter(t.at[at]); at++)
            digits += t.at[at] >= '0' && t.at[at] <= '9';
        if (digits < 3)
            continue;
        if (from - piece > URL_NAME_BYTES)
            piece = from - URL_NAME_BYTES;
        if (!add(s, str_part(t, from, at), LEAF_WORD, name,
                 append(name, 0, str_part(t, piece, from))))
            return false;
        piece = at;
    }
    return true;
}

bool split_text(enum shape_kind kind, struct str text, struct leaf *leaf, size_t *leaves,
                split_label *label, void *ctx)
{
    struct split s = {kind, text, leaf, 0, label, ctx};
    bool good = kind == SHAPE_URL ? split_url(&s) : split_json(&s);

    *leaves = s.leaves;
    return good;
}
