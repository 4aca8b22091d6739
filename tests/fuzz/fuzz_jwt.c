/* Any bytes as the Authorization of a whole record, quoted as JSON needs it, and any bytes
 * as its payload under a good header: the record is read, twice the same. */
#include "base/base64url.h"
#include "base/zone.h"
#include "record/print.h"
#include "record/record.h"
#include "tests/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_with(struct str authorization, const struct zone *zone)
{
    struct buf bytes = {0};
    struct arena arena = {0};
    struct record a, b;
    struct record_input in = {.format = FORMAT_GPC_AUDIT};

    buf_put_text(&bytes, "{\"time\":\"2026-03-10T09:15:30Z\",\"source\":\"f\",\"seq\":1,"
                         "\"request\":{\"method\":\"GET\",\"url\":\"/Z90001/STU3/1/gpconnect/"
                         "Patient\",\"headers\":{\"Ssp-InteractionID\":\"urn:nhs:names:services:"
                         "gpconnect:fhir:rest:search:patient-1\",\"Authorization\":");
    print_json_text(&bytes, authorization);
    buf_put_text(&bytes, "}},\"response\":{\"status\":200}}");
    in.bytes = buf_str(&bytes);
    record_read(&a, &in, zone, &arena);
    record_read(&b, &in, zone, &arena);
    CHECK(a.reject == REJECT_NONE);
    for (int c = 0; c < COLUMN_COUNT; c++)
        CHECK(a.column[c].kind == b.column[c].kind &&
              (a.column[c].kind != VALUE_TEXT ||
               str_equal(a.column[c].text, b.column[c].text)));
    buf_release(&bytes);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zone *zone;
    struct str text = {(const char *)data, size};
    struct buf token = {0};
    struct err err;

    if (!zone && zone_load(&zone, "Europe/London", &err) < 0)
        abort();
    read_with(text, zone);
    buf_put_text(&token, "Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.");
    token.len += base64url_encode(buf_reserve(&token, base64url_length(size)), text);
    buf_put_text(&token, ".");
    read_with(buf_str(&token), zone);
    buf_release(&token);
    return 0;
}
