/* Any bytes as JSON: the tokens lie in the text and in each other, and what is known of a
 * string or a number alone agrees with what the whole says. */
#include "record/tokenizer.h"
#include "tests/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct tokens t = {0};

    if (tokens_read(&t, text, DUPLICATES_REFUSE)) {
        CHECK(t.count > 0 && t.at[0].kind == TOKEN_OBJECT && t.at[0].next == t.count);
        for (size_t i = 0; i < t.count; i++) {
            const struct token *k = &t.at[i];

            CHECK((size_t)k->at + k->len <= size && k->next > i && k->next <= t.count);
            CHECK((size_t)k->name_at + k->name_len <= size);
            if (k->kind == TOKEN_STRING)
                CHECK(tokens_string_end(text, k->at) == (size_t)k->at + k->len);
            if (k->kind == TOKEN_NUMBER)
                CHECK(tokens_number_end(text, k->at) == (size_t)k->at + k->len);
        }
        CHECK(tokens_read(&t, text, DUPLICATES_KEEP) && !t.duplicate);
    } else {
        CHECK(t.fault != REJECT_NONE && t.fault_at <= size);
    }
    tokens_release(&t);
    return 0;
}
