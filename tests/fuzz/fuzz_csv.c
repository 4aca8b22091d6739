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
    while (text.len > 0) {
        struct str row;
        size_t used = 0;

        CHECK(csv_row(&row, &used, text, true) && used > 0);
        csv_split(field, row, &arena);
        text = str_part(text, used, text.len);
        all += used;
    }
    CHECK(all == size);
    arena_release(&arena);
    return 0;
}
