/* Any bytes as a CSV feed: rows end, and all bytes are used. */
#include "record/csv.h"
#include "tests/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct str text = {(const char *)data, size};
    struct str field[CSV_FIELDS_MAX];
    size_t all = 0;

    csv_recognise(text, STR("x"));
    for (struct str row; csv_next(&row, &text); all += row.len) {
        csv_split(field, row, &arena);
        CHECK(row.len == 0 || memchr(row.at, 0, row.len) || row.at[row.len - 1] != '\n' ||
              memchr(row.at, '"', row.len));
    }
    CHECK(text.len == 0 && all <= size);
    arena_release(&arena);
    return 0;
}
