/* The worked examples of the format, every column of every line. */
#include "base/buf.h"
#include "base/disk.h"
#include "base/zone.h"
#include "record/lookup.h"
#include "record/print.h"
#include "tests/test.h"

#define EXAMPLES "../shared/format/examples/"

static struct str next_line(struct str *rest)
{
    size_t end = str_index(*rest, '\n');
    struct str line = str_part(*rest, 0, end);

    *rest = end < rest->len ? str_part(*rest, end + 1, rest->len) : (struct str){"", 0};
    return line;
}

static bool same(const struct document *d, const struct token *want, const struct value *have)
{
    struct buf got = {0};
    bool equal = false;
    double number;

    if (want->kind == TOKEN_NULL)
        return have->kind == VALUE_MISSING;
    if (want->kind == TOKEN_NUMBER && lookup_number(d, want, &number)) {
        double value = have->kind == VALUE_NUMBER ? have->number : (double)have->integer;

        return (have->kind == VALUE_INTEGER || have->kind == VALUE_NUMBER) &&
               !(value < number || value > number);
    }
    print_plain_value(&got, have);
    if (want->kind == TOKEN_STRING)
        equal = (have->kind == VALUE_TEXT || have->kind == VALUE_TIME) &&
                str_equal(lookup_text(d, want), buf_str(&got));
    else if (want->kind == TOKEN_TRUE)
        equal = have->kind == VALUE_TRUTH;
    else if (want->kind == TOKEN_ARRAY && have->kind == VALUE_LIST) {
        size_t n = 0;

        equal = true;
        for (const struct token *e = lookup_first(d, want); e; e = lookup_next(d, want, e), n++)
            equal = equal && n < have->list.count &&
                    str_equal(lookup_text(d, e), have->list.at[n]);
        equal = equal && n == have->list.count;
    }
    buf_release(&got);
    return equal;
}

static int check_line(int line, struct str bytes, struct str expected, const struct zone *zone)
{
    struct arena arena = {0};
    struct tokens tokens = {0};
    struct record_input in = {.bytes = bytes, .via = STR("file")};
    struct document d = {&tokens, expected, &arena};
    struct record record;
    const struct token *columns;
    int wrong = 0;

    CHECK(tokens_read(&tokens, expected, DUPLICATES_REFUSE));
    record_read(&record, &in, zone, &arena);
    columns = lookup_member(&d, tokens.at, "columns");
    CHECK(columns);
    for (const struct token *k = lookup_first(&d, columns); k; k = lookup_next(&d, columns, k)) {
        struct str name = lookup_name(&d, k);
        struct buf got = {0};
        enum column c;

        CHECK(column_find(&c, name));
        if (c == COLUMN_PATIENT_REF || same(&d, k, &record.column[c]))
            continue;
        print_plain_value(&got, &record.column[c]);
        fprintf(stderr, "line %d %.*s: want %.*s have %.*s\n", line, STR_ARG(name), (int)k->len,
                expected.at + k->at, STR_ARG(buf_str(&got)));
        buf_release(&got);
        wrong++;
    }
    tokens_release(&tokens);
    arena_release(&arena);
    return wrong;
}

int main(void)
{
    struct buf records = {0};
    struct buf expected = {0};
    struct zone *zone;
    struct err err;
    struct str r;
    struct str e;
    int wrong = 0;
    int line = 0;

    if (disk_read_all(EXAMPLES "records.ndjson", 64 << 20, &records, &err) < 0 ||
        disk_read_all(EXAMPLES "expected.ndjson", 64 << 20, &expected, &err) < 0) {
        puts("skipped: the format's examples are not there");
        return TEST_SKIPPED;
    }
    CHECK(zone_load(&zone, "Europe/London", &err) == 0);
    r = buf_str(&records);
    e = buf_str(&expected);
    while (e.len > 0)
        wrong += check_line(++line, next_line(&r), next_line(&e), zone);
    CHECK(line > 200);
    CHECK(wrong == 0);
    zone_free(zone);
    buf_release(&records);
    buf_release(&expected);
    return 0;
}
