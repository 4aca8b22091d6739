/* Any bytes as a record of any format: nothing may crash, and printing gives JSON. */
#include "base/zone.h"
#include "record/print.h"
#include "record/tokenizer.h"
#include "tests/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zone *zone;
    struct arena arena = {0};
    struct record record;
    struct record_input in = {.header = STR("_time,sspFrom,sspTo,SspTraceId,interaction,"
                                            "responseCode,duration,sender,recipient")};
    struct err err;

    if (size == 0 || (!zone && zone_load(&zone, "Europe/London", &err) < 0))
        return 0;
    in.format = data[0] % FORMAT_COUNT;
    in.bytes = (struct str){(const char *)data + 1, size - 1};
    record_read(&record, &in, zone, &arena);
    for (int c = 0; c < COLUMN_COUNT; c++) {
        struct buf out = {0};

        print_json_value(&out, &record.column[c]);
        buf_release(&out);
    }
    arena_release(&arena);
    return 0;
}
