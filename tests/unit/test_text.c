/* Moments, numbers, masks, URLs and the catalogue: the edges that the examples leave out. */
#include "record/catalogue.h"
#include "record/mask.h"
#include "record/nhs_number.h"
#include "record/text.h"
#include "record/timestamp.h"
#include "record/tokenizer.h"
#include "tests/test.h"

static void moments(void)
{
    static const char *const bad[] = {
        "2026-03-10 09:15:30Z",      "2026-03-10T09:15:30",      "2026-03-10T09:15:30+0100",
        "2026-02-29T09:15:30Z",      "2026-03-10T24:00:00Z",     "2026-03-10T09:15:60Z",
        "2026-03-10T09:15:30,5Z",    "2026-03-10T09:15Z",        "1775026800",
        "2026-03-10T09:15:30.Z",     "2026-03-10T09:15:30.1234567890Z"};
    int64_t a;
    int64_t b;
    char text[TIMESTAMP_BYTES + 8];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!timestamp_parse(str_of(bad[i]), &a));
    CHECK(timestamp_parse(STR("2016-12-31T23:59:60Z"), &a));
    CHECK(timestamp_parse(STR("2017-01-01T00:00:00z"), &b) && a == b);
    CHECK(timestamp_parse(STR("2026-03-10t09:15:30.1234569-01:30"), &a));
    timestamp_print(text, a);
    CHECK(strcmp(text, "2026-03-10T10:45:30.123456Z") == 0);
    CHECK(timestamp_parse_csv(STR("2026-03-10T09:15:30.001+0000"), &a));
}

static void numbers_and_masks(void)
{
    struct buf out = {0};

    CHECK(str_equal(nhs_number_judge(STR("9999999999")), STR("placeholder")));
    CHECK(str_equal(nhs_number_judge(STR("9434765919")), STR("valid")));
    CHECK(str_equal(nhs_number_judge(STR("9434765918")), STR("invalid")));
    CHECK(str_equal(nhs_number_judge(STR("943 476 5919")), STR("invalid")));
    mask_text(&out, STR("a 943%20476%205919 b 19434765919 c 943-476-5919"));
    CHECK(!memmem(out.at, out.len, "476", 3) || memmem(out.at, out.len, "19434765919", 11));
    CHECK(!memmem(out.at, out.len, "943-476", 7) && !memmem(out.at, out.len, "943%20", 6));
    buf_release(&out);
}

static void catalogue(void)
{
    const struct interaction *r = catalogue_infer(
        STR("GET"), STR("/A00001/STU3/1/gpconnect/documents/Patient"));

    CHECK(r && str_equal(r->capability, STR("access-document")));
    r = catalogue_infer(STR("GET"), STR("/A00001/STU3/1/gpconnect/patient/7"));
    CHECK(r && str_equal(r->operation, STR("read:patient")));
    CHECK(!catalogue_infer(STR("GET"), STR("/A00001/gpconnect/metadata")));
    CHECK(!catalogue_infer(STR("GET"), STR("/A00001/STU3/1/gpconnect/Binary/7")));
    CHECK(!catalogue_infer(STR("PUT"), STR("/A00001/STU3/1/gpconnect/Appointment/7")));
    CHECK(!catalogue_infer(STR("GET"), STR("/A00001/DSTU2/1/gpconnect/Slot")));
}

/* Equal names are found among many members, and after unescaping. */
static void duplicates(void)
{
    struct tokens t = {0};
    struct buf text = {0};

    CHECK(!tokens_read(&t, STR("{\"a\":1,\"\\u0061\":2}"), DUPLICATES_REFUSE));
    CHECK(t.fault == REJECT_DUPLICATE_MEMBER);
    CHECK(tokens_read(&t, STR("{\"a\":{\"b\":1},\"b\":[{\"a\":1},{\"a\":2}]}"),
                      DUPLICATES_REFUSE));
    for (int last = 0; last < 2; last++) {
        buf_clear(&text);
        buf_put_text(&text, "{");
        for (int i = 0; i < 5000; i++)
            buf_printf(&text, "\"k%d\":{\"x\":%d},", i, i);
        buf_printf(&text, "\"k%d\":0}", last ? 3141 : 5000);
        CHECK(tokens_read(&t, buf_str(&text), DUPLICATES_REFUSE) == !last);
    }
    buf_release(&text);
    tokens_release(&t);
}

static void urls(void)
{
    struct url u;
    struct str ods;

    url_split(&u, STR("https://host:1/A00001/STU3/x?a=b?c#d"));
    CHECK(str_equal(u.path, STR("/A00001/STU3/x")) && str_equal(u.query, STR("a=b?c")));
    url_split(&u, STR("//host/x"));
    CHECK(str_equal(u.path, STR("//host/x")) && !u.has_query);
    CHECK(url_root_ods(&ods, STR("/A00001/stu3/x")) && str_equal(ods, STR("A00001")));
    CHECK(!url_root_ods(&ods, STR("/ABCDEF/STU3/x")));
}

int main(void)
{
    moments();
    numbers_and_masks();
    catalogue();
    duplicates();
    urls();
    return 0;
}
