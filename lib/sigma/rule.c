/* rule.c - see rule.h. A file is read document by document; a rule with errors stays in the
 * set as bad, so that others that name it are not blamed for it. */
#include "sigma/rule.h"

#include "base/mem.h"
#include "sigma/build.h"

enum { TITLE_MAX = 256, SEARCH_MAX = 256 };

/* ---- members ---- */

static struct str text_member(struct build *b, const struct yaml_node *doc, const char *key,
                              bool must)
{
    const struct yaml_node *n = yaml_get(doc, key);

    if (!n) {
        if (must)
            ERROR(b, doc->at, "missing", "", "the rule has no %s", key);
        return STR("");
    }
    if (n->kind == YAML_SCALAR)
        return n->text;
    ERROR(b, n->at, "type", "", "%s must be a text", key);
    return STR("");
}

static const struct yaml_node *list_member(struct build *b, const struct yaml_node *doc,
                                           const char *key)
{
    const struct yaml_node *n = yaml_get(doc, key);

    if (n && n->kind != YAML_LIST) {
        ERROR(b, n->at, "type", "write it as a list", "%s must be a list", key);
        return NULL;
    }
    for (size_t i = 0; n && i < n->items; i++)
        if (n->item[i]->kind != YAML_SCALAR)
            ERROR(b, n->item[i]->at, "type", "", "%s holds texts", key);
    return n;
}

/* One of some words, whatever their case; 0: it is not given. */
static int word_member(struct build *b, const struct yaml_node *doc, const char *key,
                       const char *const *words, size_t count)
{
    const struct yaml_node *n = yaml_get(doc, key);
    char hint[WORD_HINT] = "";

    if (!n)
        return 0;
    for (size_t i = 1; i < count; i++)
        if (n->kind == YAML_SCALAR && str_equal_nocase(n->text, str_of(words[i])))
            return (int)i;
    if (n->kind == YAML_SCALAR)
        word_hint(hint, n->text, words + 1, count - 1);
    ERROR(b, n->at, "value", hint, "this is no %s", key);
    return 0;
}

static bool is_uuid(struct str s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = ascii_lower(s.at[i]);
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

static void check_tags(struct build *b, const struct yaml_node *tags)
{
    for (size_t i = 0; tags && i < tags->items; i++) {
        struct str s = tags->item[i]->text;
        size_t dot = tags->item[i]->kind == YAML_SCALAR ? str_index(s, '.') : 0;

        if (tags->item[i]->kind == YAML_SCALAR && (dot == 0 || dot + 1 >= s.len))
            ERROR(b, tags->item[i]->at, "tag", "write it like attack.t1087",
                  "a tag is a namespace, a point and a name");
    }
}

static void read_head(struct build *b, const struct yaml_node *doc)
{
    static const char *const states[] = {"", "stable", "test", "experimental", "deprecated",
                                         "unsupported"};
    struct rule *r = b->rule;
    const struct yaml_node *id = yaml_get(doc, "id");

    r->title = text_member(b, doc, "title", true);
    if (r->title.len > TITLE_MAX)
        ERROR(b, yaml_get(doc, "title")->at, "too-long", "",
              "a title has at most 256 characters");
    r->id = text_member(b, doc, "id", false);
    if (id && id->kind == YAML_SCALAR && !is_uuid(r->id))
        ERROR(b, id->at, "id", "make one with uuidgen", "an id is a UUID");
    r->name = text_member(b, doc, "name", false);
    r->description = text_member(b, doc, "description", false);
    r->status = str_of(states[word_member(b, doc, "status", states, 6)]);
    r->level = (enum rule_level)word_member(b, doc, "level", rule_levels, RULE_LEVELS);
    r->tags = list_member(b, doc, "tags");
    check_tags(b, r->tags);
    r->fields = list_member(b, doc, "fields");
    r->falsepositives = list_member(b, doc, "falsepositives");
    list_member(b, doc, "references");
}

static void read_logsource(struct build *b, const struct yaml_node *doc)
{
    const struct yaml_node *n = yaml_get(doc, "logsource");
    struct rule *r = b->rule;

    if (!n || n->kind != YAML_MAP) {
        ERROR(b, n ? n->at : doc->at, "missing", "", "the rule has no logsource");
        return;
    }
    r->category = text_member(b, n, "category", false);
    r->product = text_member(b, n, "product", false);
    r->service = text_member(b, n, "service", false);
    if (r->category.len + r->product.len + r->service.len == 0)
        ERROR(b, n->at, "missing", "", "logsource names no category, product or service");
}

/* ---- x-gpc ---- */

static void read_tests(struct build *b, const struct yaml_node *n)
{
    struct rule *r = b->rule;

    if (n->kind != YAML_LIST) {
        ERROR(b, n->at, "type", "", "tests must be a list");
        return;
    }
    r->tests = arena_alloc(&b->set->arena, (n->items + 1) * sizeof *r->tests);
    for (size_t i = 0; i < n->items; i++) {
        struct rule_test *t = &r->tests[r->test_count];

        *t = (struct rule_test){yaml_get(n->item[i], "events"),
                                yaml_get(n->item[i], "fires"), n->item[i]->at};
        if (!t->events || t->events->kind != YAML_LIST || !t->fires ||
            t->fires->kind != YAML_SCALAR)
            ERROR(b, n->item[i]->at, "x-gpc", "",
                  "a test has events (a list) and fires (true, false or a number)");
        else
            r->test_count++;
    }
}

static void check_place(struct build *b, struct yaml_mark at, struct str name)
{
    const char *near = NULL;
    char hint[96] = "";

    if (b->set->place(name, &near))
        return;
    if (near)
        snprintf(hint, sizeof hint, "did you mean {%s}?", near);
    ERROR(b, at, "unknown-place", hint, "a sentence has no place {%.*s}", STR_ARG(name));
}

/* Places of a sentence stand in braces. Its lines may be folded: only where it begins is
 * known. */
static void check_places(struct build *b, struct yaml_mark at, struct str text)
{
    while (text.len > 0) {
        size_t open = str_index(text, '{'), close = str_index(text, '}');

        if (open < close && close < text.len)
            check_place(b, at, str_part(text, open + 1, close));
        text = str_part(text, close < text.len ? close + 1 : text.len, text.len);
    }
}

static void read_extension(struct build *b, const struct yaml_node *doc)
{
    static const char *const known[] = {"version", "requires", "on-missing", "window", "gap",
                                        "lateness", "suppress", "evidence", "class", "owner",
                                        "review", "tests", "text", "absence"};
    enum { KNOWN = sizeof known / sizeof known[0] };
    const struct yaml_node *x = yaml_get(doc, "x-gpc");
    const struct yaml_node *n;

    if (!x)
        return;
    if (x->kind != YAML_MAP) {
        ERROR(b, x->at, "type", "", "x-gpc must be a map");
        return;
    }
    for (size_t i = 0; i < x->items; i++)
        if (word_index(x->key[i]->text, known, KNOWN) == KNOWN)
            ERROR(b, x->key[i]->at, "x-gpc", "", "x-gpc has no member %s",
                  x->key[i]->text.at);
    n = yaml_get(x, "version");
    if (!n || n->kind != YAML_SCALAR || !str_equal(n->text, STR("1")))
        ERROR(b, n ? n->at : x->at, "x-gpc", "write version: 1", "x-gpc has a version, 1");
    n = yaml_get(x, "window");
    if (n && !(n->kind == YAML_SCALAR && str_equal(n->text, STR("sliding"))))
        ERROR(b, n->at, "x-gpc", "", "windows are sliding; others are not there yet");
    if ((n = yaml_get(x, "absence")))
        ERROR(b, n->at, "x-gpc", "", "rules of absence are not there yet");
    n = yaml_get(x, "suppress");
    if (n && !(n->kind == YAML_SCALAR &&
               timespan_read(n->text, &b->rule->correlation.suppress_us)))
        ERROR(b, n->at, "timespan", "write it like 10m, 1h, 7d", "this is no span of time");
    b->rule->sentence = text_member(b, x, "text", false);
    if ((n = yaml_get(x, "text")) && b->set->place)
        check_places(b, n->at, b->rule->sentence);
    if ((n = yaml_get(x, "tests")))
        read_tests(b, n);
}

/* ---- detections and filters ---- */

/* Check the fields of a rule about our log: keys of maps, wherever they stand. */
static void check_fields(struct build *b, const struct yaml_node *n)
{
    for (size_t i = 0; n->kind != YAML_SCALAR && i < n->items; i++) {
        const char *near = NULL;
        char hint[96] = "";

        if (n->kind == YAML_MAP && n->key[i]->text.len > 0) {
            struct str name = n->key[i]->text;

            name = str_part(name, 0, str_index(name, '|'));
            if (name.len > 0 && !b->set->known(name, &near)) {
                if (near)
                    snprintf(hint, sizeof hint, "did you mean %s?", near);
                ERROR(b, n->key[i]->at, "unknown-field", hint,
                      "records have no field %.*s", STR_ARG(name));
            }
        }
        check_fields(b, n->item[i]);
    }
}

static bool about_us(const struct rule *r)
{
    return str_equal_nocase(r->product, STR("gpconnect")) &&
           str_equal_nocase(r->service, STR("audit"));
}

static size_t read_searches(struct build *b, const struct yaml_node *n, struct search *search)
{
    size_t count = 0;

    for (size_t i = 0; i < n->items; i++) {
        struct str name = n->key[i]->text;

        if (str_equal(name, STR("condition")) ||
            (b->rule->kind == RULE_FILTER && str_equal(name, STR("rules"))))
            continue;
        if (str_equal(name, STR("timeframe"))) {
            ERROR(b, n->key[i]->at, "timeframe", "write a correlation rule with a timespan",
                  "timeframe went with Sigma 2.0");
            continue;
        }
        if (count == SEARCH_MAX) {
            ERROR(b, n->key[i]->at, "too-large", "", "more than 256 search identifiers");
            break;
        }
        if (str_starts(name, STR("not")) && !str_starts(name, STR("not_")))
            WARN(b, n->key[i]->at, "identifier", "",
                 "some tools read an identifier that begins with not as a negation");
        if (about_us(b->rule) && b->set->known)
            check_fields(b, n->item[i]);
        search[count++] = (struct search){name, n->key[i]->at,
                                          detection_build(b, n->item[i]), false};
    }
    return count;
}

static void read_condition(struct build *b, const struct yaml_node *n)
{
    struct search search[SEARCH_MAX];
    size_t searches = read_searches(b, n, search);
    const struct yaml_node *c = yaml_get(n, "condition");
    struct expression *e;

    if (searches == 0)
        ERROR(b, n->at, "empty", "", "there is no search identifier");
    if (!c) {
        ERROR(b, n->at, "missing", "", "there is no condition");
        return;
    }
    if (c->kind == YAML_SCALAR) {
        b->rule->condition = condition_build(b, c, search, searches);
    } else {
        e = expression_new(b->set, EXPRESSION_OR, c->items);
        e->parts = 0;
        for (size_t i = 0; c->kind == YAML_LIST && i < c->items; i++)
            if (c->item[i]->kind == YAML_SCALAR)
                e->part[e->parts++] = condition_build(b, c->item[i], search, searches);
        if (e->parts == 0)
            ERROR(b, c->at, "type", "", "a condition is a text or a list of texts");
        b->rule->condition = e;
    }
    for (size_t i = 0; i < searches && !b->rule->bad; i++)
        if (!search[i].used && search[i].name.at[0] != '_')
            WARN(b, search[i].at, "unused", "", "the condition does not use this identifier");
}

static void read_filter(struct build *b, const struct yaml_node *n)
{
    struct rule *r = b->rule;
    const struct yaml_node *rules = yaml_get(n, "rules");
    const struct yaml_node *c = yaml_get(n, "condition");

    if (!rules) {
        ERROR(b, n->at, "missing", "", "a filter names the rules that it is for");
        return;
    }
    if (rules->kind == YAML_LIST) {
        r->filters = arena_alloc(&b->set->arena, (rules->items + 1) * sizeof *r->filters);
        for (size_t i = 0; i < rules->items; i++)
            r->filters[r->filter_count++] =
                (struct reference){rules->item[i]->text, rules->item[i]->at, NULL};
    } else if (rules->kind != YAML_SCALAR || !str_equal(rules->text, STR("any"))) {
        ERROR(b, rules->at, "type", "", "rules is a list of ids, or any");
    }
    read_condition(b, n);
    if (c && c->kind == YAML_SCALAR && !str_starts(c->text, STR("not ")))
        ERROR(b, c->at, "filter-not-negated", "write: not selection",
              "a filter's condition says what is kept, so it begins with not");
}

/* ---- a document ---- */

static void normalise(struct buf *out, const struct yaml_node *n, bool top)
{
    if (n->kind == YAML_SCALAR) {
        buf_printf(out, "%d%zu:", yaml_type(n), n->text.len);
        buf_put_str(out, n->text);
        return;
    }
    buf_put_u8(out, n->kind == YAML_MAP ? '{' : '[');
    for (size_t i = 0; i < n->items; i++) {
        if (n->kind == YAML_MAP) {
            if (top && str_equal(n->key[i]->text, STR("x-gpc")))
                continue; /* strategy and tests: not what the rule says */
            normalise(out, n->key[i], false);
            buf_put_u8(out, '=');
        }
        normalise(out, n->item[i], false);
        buf_put_u8(out, ',');
    }
    buf_put_u8(out, n->kind == YAML_MAP ? '}' : ']');
}

static void read_document(struct ruleset *s, struct diagnostics *d, struct yaml_node *doc,
                          size_t before)
{
    struct rule *r = arena_alloc(&s->arena, sizeof *r);
    struct build b = {s, d, r};
    const struct yaml_node *body;
    struct buf normal = {0};

    memset(r, 0, sizeof *r);
    *r = (struct rule){.file = d->file, .source = d->source, .at = doc->at,
                       .bad = d->errors > before};
    if (doc->kind != YAML_MAP) {
        ERROR(&b, doc->at, "type", "", "a rule is a map");
        return;
    }
    if ((body = yaml_get(doc, "action")))
        ERROR(&b, body->at, "action", "write the rules out",
              "documents with action are not taken");
    body = yaml_get(doc, "correlation");
    r->kind = body ? RULE_CORRELATION : yaml_get(doc, "filter") ? RULE_FILTER : RULE_DETECTION;
    read_head(&b, doc);
    if (r->kind != RULE_CORRELATION)
        read_logsource(&b, doc);
    if (r->kind == RULE_DETECTION)
        body = yaml_get(doc, "detection");
    else if (r->kind == RULE_FILTER)
        body = yaml_get(doc, "filter");
    if (!body || body->kind != YAML_MAP)
        ERROR(&b, body ? body->at : doc->at, "missing", "", "there is no detection");
    else if (r->kind == RULE_CORRELATION)
        correlation_build(&b, body);
    else if (r->kind == RULE_FILTER)
        read_filter(&b, body);
    else
        read_condition(&b, body);
    read_extension(&b, doc);
    normalise(&normal, doc, true);
    r->normal = arena_copy(&s->arena, buf_str(&normal));
    buf_release(&normal);
    hash_sha256(r->digest, &r->normal, 1);
    if (s->rules == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->rule = xrealloc(s->rule, s->cap * sizeof *s->rule);
    }
    r->number = (uint32_t)s->rules;
    s->rule[s->rules++] = r;
}

static void fault(void *ctx, struct yaml_mark at, const char *code, const char *text)
{
    diagnose(ctx, SEVERITY_ERROR, at, code, "", "%s", text);
}

void rule_read(struct ruleset *s, const char *file, struct str text, struct diagnostics *d)
{
    struct str both[2] = {{(const char *)s->texts, HASH_BYTES}, text};
    uint8_t texts[HASH_BYTES];
    size_t before = d->errors;
    struct yaml_node **doc;
    size_t count;

    hash_sha256(texts, both, 2);
    memcpy(s->texts, texts, HASH_BYTES);
    d->file = arena_copy(&d->arena, (struct str){file, strlen(file) + 1}).at;
    d->source = arena_copy(&d->arena, text);
    doc = yaml_read(text, &count, &s->arena, fault, d);
    for (size_t i = 0; doc && i < count; i++)
        read_document(s, d, doc[i], before);
}
