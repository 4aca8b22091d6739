/* rules.c - `analyzer rules check | list | test | explain`. */
#include "analyzer/commands.h"
#include "analyzer/fields.h"
#include "analyzer/pack.h"
#include "analyzer/sentence.h"
#include "base/buf.h"
#include "base/disk.h"
#include "base/mem.h"
#include "record/print.h"

enum { EVENTS_MAX = 1 << 30 };

struct loaded_rules {
    struct ruleset set;
    struct diagnostics d;
    size_t files;
};

static size_t bad_rules(const struct ruleset *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->rules; i++)
        n += s->rule[i]->bad;
    return n;
}

static struct str handle(const struct rule *r)
{
    return r->id.len ? r->id : r->name.len ? r->name : r->title;
}

static int check(struct loaded_rules *l)
{
    size_t warnings = l->d.count - l->d.errors;

    for (size_t i = 0; i < l->d.count; i++)
        diagnostic_print(&l->d.at[i], stdout);
    printf("%zu rule%s in %zu file%s: %zu error%s, %zu warning%s\n", l->set.rules,
           l->set.rules == 1 ? "" : "s", l->files, l->files == 1 ? "" : "s", l->d.errors,
           l->d.errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
    return l->d.errors > 0;
}

static int list(struct loaded_rules *l)
{
    static const char *const kinds[] = {"detection", "correlation", "filter"};

    diagnostics_print_errors(&l->d, stderr);
    printf("%-13s  %-11s  %-28s  %s\n", "level", "kind", "name", "title");
    for (size_t i = 0; i < l->set.rules; i++) {
        const struct rule *r = l->set.rule[i];

        if (!r->bad)
            printf("%-13s  %-11s  %-28.*s  %.*s\n", rule_levels[r->level], kinds[r->kind],
                   STR_ARG(r->name), STR_ARG(r->title));
    }
    return l->d.errors > 0;
}

static void explain_list(const char *head, const struct yaml_node *n)
{
    for (size_t i = 0; n && i < n->items; i++)
        printf("%s%.*s\n", i == 0 ? head : "                 ", STR_ARG(n->item[i]->text));
}

static int explain(struct loaded_rules *l)
{
    diagnostics_print_errors(&l->d, stderr);
    for (size_t i = 0; i < l->set.rules; i++) {
        const struct rule *r = l->set.rule[i];

        if (r->bad || r->level <= LEVEL_INFORMATIONAL)
            continue;
        printf("%.*s (%s)\n", STR_ARG(r->title), rule_levels[r->level]);
        printf("  what it finds: %.*s%s", STR_ARG(r->description),
               r->description.len && r->description.at[r->description.len - 1] == '\n' ? ""
                                                                                       : "\n");
        if (r->kind == RULE_CORRELATION) {
            struct buf expected = {0};

            sentence_expected(&expected, &l->set, r);
            printf("  expected:      %.*s\n", STR_ARG(buf_str(&expected)));
            buf_release(&expected);
        }
        explain_list("  may be wrong:  ", r->falsepositives);
        explain_list("  look at:       ", r->fields);
        printf("  id:            %.*s\n\n", STR_ARG(handle(r)));
    }
    return l->d.errors > 0;
}

/* ---- tests that stand in the rules ---- */

/* How often the rule fires on the events of a test. */
static size_t fires(struct ruleset *s, const struct rule *r, const struct rule_test *t)
{
    struct evaluator *e = evaluator_new(s);
    struct correlator *c = correlator_new(s, e);
    struct example_fields f = {.map = NULL};
    const struct finding *const *found;
    size_t n = 0, met = 0;

    for (size_t i = 0, record = 0; i < t->events->items; i++) {
        f.map = t->events->item[i];
        for (size_t left = example_repeat(f.map, &f.every_us); left > 0; left--, f.n++) {
            struct event event = example_event(&f);
            struct moment at = {.us = event_time(&event), .source_seq = record,
                                .record = (uint32_t)record};

            evaluator_event(e, &event);
            correlator_look(c, CLASS_NONE);
            correlator_event(c, &at, UINT32_MAX, true);
            met += r->kind == RULE_DETECTION && correlator_met(c, r);
            record++;
        }
        f.n = 0;
    }
    correlator_finish(c);
    for (size_t i = 0, all = correlator_findings(c, &found); i < all; i++)
        n += found[i]->rule == r;
    correlator_free(c);
    evaluator_free(e);
    arena_release(&f.arena);
    return r->kind == RULE_DETECTION ? met : n;
}

static bool is_expected(const struct rule_test *t, size_t n)
{
    if (yaml_type(t->fires) == YAML_TRUTH)
        return (n > 0) == ((t->fires->text.at[0] | 32) == 't');
    return n == strtoull(t->fires->text.at, NULL, 10);
}

static int test(struct loaded_rules *l)
{
    size_t passed = 0, failed = 0, without = 0;

    diagnostics_print_errors(&l->d, stderr);
    for (size_t i = 0; i < l->set.rules; i++) {
        const struct rule *r = l->set.rule[i];

        without += r->test_count == 0 && r->level > LEVEL_INFORMATIONAL;
        for (size_t k = 0; k < r->test_count && !r->bad; k++) {
            size_t n = fires(&l->set, r, &r->tests[k]);
            bool good = is_expected(&r->tests[k], n);

            passed += good;
            failed += !good;
            if (!good)
                printf("%s:%u: %.*s: expected fires: %.*s, it fired %zu times\n", r->file,
                       r->tests[k].at.line, STR_ARG(r->title),
                       STR_ARG(r->tests[k].fires->text), n);
        }
    }
    if (without > 0)
        printf("%zu rules that alert have no tests\n", without);
    printf("%zu passed, %zu failed, %zu rules with errors\n", passed, failed,
           bad_rules(&l->set));
    return failed > 0 || l->d.errors > 0;
}

/* ---- events of a file ---- */

static void say_match(const struct rule *r, size_t line)
{
    struct buf out = {0};

    buf_put_text(&out, "{\"rule\":");
    print_json_text(&out, handle(r));
    buf_printf(&out, ",\"line\":%zu}\n", line);
    fwrite(out.at, 1, out.len, stdout);
    buf_release(&out);
}

struct running {
    struct loaded_rules *l;
    struct evaluator *e;
    struct correlator *c;
    struct json_fields fields;
    struct arena arena;
    size_t line, events, unreadable;
};

static void run_line(struct running *r, struct str text)
{
    struct event event;
    struct moment at = {.source_seq = r->line, .record = (uint32_t)r->line};

    arena_reset(&r->arena);
    r->fields.object = json_read(text, &r->arena);
    if (!r->fields.object || r->fields.object->kind != JSON_OBJECT) {
        r->unreadable++;
        return;
    }
    r->events++;
    event = json_event(&r->fields);
    at.us = event_time(&event);
    evaluator_event(r->e, &event);
    correlator_look(r->c, CLASS_NONE);
    correlator_event(r->c, &at, UINT32_MAX, true);
    for (size_t i = 0; i < r->l->set.rules; i++)
        if (correlator_met(r->c, r->l->set.rule[i]))
            say_match(r->l->set.rule[i], r->line);
}

static void say_stopped(const struct ruleset *s)
{
    for (size_t i = 0; i < s->predicates; i++)
        if (s->predicate[i]->stopped > 0)
            fprintf(stderr, "analyzer: a regular expression was stopped on %u values, since"
                            " it ran away; it counts as no match there\n",
                    s->predicate[i]->stopped);
}

static int test_events(struct loaded_rules *l, const char *path)
{
    struct running r = {.l = l};
    const struct finding *const *found;
    struct buf text = {0};
    struct str rest;
    struct err err;
    int rc = disk_read_all(path, EVENTS_MAX, &text, &err);

    if (rc < 0)
        return complain(err.text);
    diagnostics_print_errors(&l->d, stderr);
    r.e = evaluator_new(&l->set);
    r.c = correlator_new(&l->set, r.e);
    for (rest = buf_str(&text); rest.len > 0;) {
        size_t end = str_index(rest, '\n');

        r.line++;
        if (end > 0)
            run_line(&r, str_part(rest, 0, end));
        rest = str_part(rest, end + (end < rest.len), rest.len);
    }
    correlator_finish(r.c);
    for (size_t i = 0, n = correlator_findings(r.c, &found); i < n; i++)
        if (found[i]->rule->kind == RULE_CORRELATION)
            say_match(found[i]->rule, (size_t)found[i]->opened.record);
    say_stopped(&l->set);
    fprintf(stderr, "%zu events, %zu rules", r.events, l->set.rules - bad_rules(&l->set));
    fprintf(stderr, r.unreadable ? "; %zu lines are no JSON object\n" : "\n", r.unreadable);
    correlator_free(r.c);
    evaluator_free(r.e);
    arena_release(&r.arena);
    arena_release(&r.fields.arena);
    buf_release(&text);
    return l->d.errors > 0 || r.unreadable > 0;
}

int rules_run(const struct options *o)
{
    struct loaded_rules l = {.files = 0};
    struct err err;
    int rc = 2;

    if (pack_load(&l.set, o->rules, &l.d, &l.files, &err) < 0)
        rc = complain(err.text);
    else if (strcmp(o->word, "check") == 0)
        rc = check(&l);
    else if (strcmp(o->word, "list") == 0)
        rc = list(&l);
    else if (strcmp(o->word, "explain") == 0)
        rc = explain(&l);
    else if (strcmp(o->word, "test") == 0)
        rc = o->events ? test_events(&l, o->events) : test(&l);
    else
        complain("rules takes check, list, test or explain");
    ruleset_release(&l.set);
    diagnostics_release(&l.d);
    return rc;
}
