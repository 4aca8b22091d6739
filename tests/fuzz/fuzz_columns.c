/* Records of one outline with any values in it - each line of the input, its fields between
 * tabs - are read part by part and in full: the columns are the same. Then the block with one
 * byte changed: any answer but a crash. The last four bytes of the input say where. */
#include "base/base64url.h"
#include "base/zone.h"
#include "record/print.h"
#include "tests/test.h"
#include "trail/columns.h"
#include "trail/shred.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 40, FIELDS = 10 };
enum { TIME, SEQ, STATUS, PATIENT, PRACTICE, IAT, EXP, AUD, SUB, SCOPE };

static const char *const usual[FIELDS] = {
    "2026-03-10T09:15:30Z", "7", "200", "9990000000", "Z90001", "1773134130", "1773134430",
    "https://provider.example/Z90001/STU3/1/gpconnect", "10019", "patient/*.read"};

static void put_text(struct buf *out, const char *name, struct str text)
{
    buf_put_text(out, name);
    print_json_text(out, text);
}

static void put_payload(struct buf *out, const struct str f[FIELDS])
{
    struct buf p = {0};

    put_text(&p, "{\"iss\":\"https://consumer.example\",\"sub\":", f[SUB]);
    put_text(&p, ",\"aud\":", f[AUD]);
    buf_printf(&p, ",\"exp\":%.*s,\"iat\":%.*s", STR_ARG(f[EXP]), STR_ARG(f[IAT]));
    put_text(&p, ",\"requested_scope\":", f[SCOPE]);
    put_text(&p, ",\"reason_for_request\":\"directcare\",\"requesting_practitioner\":{"
                 "\"resourceType\":\"Practitioner\",\"id\":", f[SUB]);
    buf_put_text(&p, "}}");
    out->len += base64url_encode(buf_reserve(out, base64url_length(p.len)), buf_str(&p));
    buf_release(&p);
}

/* The record of a line. */
static struct str write_record(struct str line, struct arena *arena)
{
    struct buf b = {0};
    struct str f[FIELDS], record;

    for (int i = 0; i < FIELDS; i++) {
        size_t end = str_index(line, '\t');

        f[i] = end > 0 ? str_part(line, 0, end) : str_of(usual[i]);
        line = str_part(line, end + (end < line.len), line.len);
    }
    put_text(&b, "{\"time\":", f[TIME]);
    buf_printf(&b, ",\"source\":\"f\",\"seq\":%.*s", STR_ARG(f[SEQ]));
    buf_put_text(&b, ",\"request\":{\"method\":\"GET\",\"url\":\"/Z90001/STU3/1/gpconnect/Patient"
                     "\",\"headers\":{\"Ssp-InteractionID\":\"urn:nhs:names:services:gpconnect:"
                     "fhir:rest:search:patient-1\",\"Authorization\":\"Bearer "
                     "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.");
    put_payload(&b, f);
    buf_printf(&b, ".\"}},\"response\":{\"status\":%.*s}", STR_ARG(f[STATUS]));
    put_text(&b, ",\"provider\":{\"ods\":", f[PRACTICE]);
    put_text(&b, "},\"patient\":{\"nhsNumber\":", f[PATIENT]);
    buf_put_text(&b, "}}");
    record = arena_copy(arena, buf_str(&b));
    buf_release(&b);
    return record;
}

/* Read the rows part by part; with row, compare each with what it was. */
static void read_all(struct str block, const struct model *m, const struct block_row *row,
                     size_t rows, const bool *wanted, const struct zone *zone)
{
    struct columns *c = columns_new(wanted, false, zone);
    struct block_row back[ROWS];
    struct block_reader b;
    struct arena arena = {0}, once = {0};
    struct record parts, full;
    struct err err;
    bool good = block_open(&b, back, rows, block, m, &arena, &err) == 0;

    CHECK(good || !row);
    for (size_t i = 0; i < rows && good; i++) {
        struct record_input in = {.format = FORMAT_GPC_AUDIT, .seq = i};

        block_step(&b);
        good = columns_read(c, &b, 0, &in, &parts, &once, &err) == 0;
        CHECK(good || !row);
        if (!row)
            continue;
        in.bytes = row[i].bytes;
        record_read(&full, &in, zone, &once);
        CHECK(parts.reject == full.reject);
        for (int k = 0; k < COLUMN_COUNT; k++)
            CHECK(!wanted[k] || value_equal(&parts.column[k], &full.column[k]));
    }
    columns_free(c);
    arena_release(&arena);
    arena_release(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zone *zone;
    struct str text = {(const char *)data, size - 4};
    struct buf block = {0}, definitions = {0}, texts = {0};
    struct block_row row[ROWS];
    struct arena arena = {0};
    struct shredder *s;
    bool wanted[COLUMN_COUNT];
    uint32_t where;
    struct err err;
    size_t rows = 0;

    if (size < 5 || (!zone && zone_load(&zone, "Europe/London", &err) < 0))
        return 0;
    memcpy(&where, data + size - 4, 4);
    for (int i = 0; i < COLUMN_COUNT; i++)
        wanted[i] = i != COLUMN_HTTP_URL && i != COLUMN_HTTP_PATH && i != COLUMN_HTTP_QUERY &&
                    i != COLUMN_GPC_ASKED && (i % 5 != (int)(where >> 8 & 7));
    s = shredder_new();
    while (text.len > 0 && rows < ROWS) {
        size_t end = str_index(text, '\n');

        memset(&row[rows], 0, sizeof row[rows]);
        row[rows].bytes = write_record(str_part(text, 0, end), &arena);
        row[rows].full_len = row[rows].bytes.len;
        shred_row(s, &row[rows], true);
        rows++;
        text = str_part(text, end + (end < text.len), text.len);
    }
    shred_block(s, &block);
    CHECK(shred_definitions(s, &definitions, &texts, &err) == 0);
    CHECK(shred_check(s, buf_str(&block), row, rows, &err) == 0);
    read_all(buf_str(&block), shredder_reader(s), row, rows, wanted, zone);
    block.at[where % block.len] = (char)(block.at[where % block.len] ^ (1 << where % 8));
    read_all(buf_str(&block), shredder_reader(s), NULL, rows, wanted, zone);
    shredder_free(s);
    buf_release(&block);
    buf_release(&definitions);
    buf_release(&texts);
    arena_release(&arena);
    return 0;
}
