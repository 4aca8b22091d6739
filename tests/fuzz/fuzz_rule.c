/* Any bytes as a file of rules: they are read, linked and asked about an event, whatever
 * stands in them. */
#include "sigma/correlate.h"
#include "sigma/rule.h"
#include "tests/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void field(void *ctx, size_t number, struct str name, struct event_value *out)
{
    (void)ctx;
    (void)number;
    *out = (struct event_value){.kind = EVENT_TEXT, .text = name};
}

static bool text(void *ctx, size_t at, struct str *out)
{
    (void)ctx;
    *out = STR("a text with 7 words of b\xc3\xa4r");
    return at == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ruleset set = {0};
    struct diagnostics d = {0};
    struct event event = {NULL, field, text};
    struct evaluator *e;
    struct correlator *c;

    if (size > 4096)
        return 0;
    rule_read(&set, "fuzz.yml", (struct str){(const char *)data, size}, &d);
    rules_link(&set, &d);
    e = evaluator_new(&set);
    c = correlator_new(&set, e);
    for (uint64_t i = 0; i < 4; i++) {
        struct moment at = {(int64_t)i * 1000000, 0, i, i};

        evaluator_event(e, &event);
        correlator_look(c, CLASS_NONE);
        correlator_event(c, &at, UINT32_MAX, true);
    }
    correlator_finish(c);
    correlator_free(c);
    evaluator_free(e);
    ruleset_release(&set);
    diagnostics_release(&d);
    return 0;
}
