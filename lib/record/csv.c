/* csv.c - see csv.h. Fields are found by the header's names, in any order and case. */
#include "record/csv.h"

#include "base/utf8.h"
#include "record/catalogue.h"
#include "record/nhs_number.h"
#include "record/text.h"
#include "record/timestamp.h"

size_t csv_look(struct csv_state *s, struct str text, size_t i)
{
    for (; i < text.len && (s->quoted || text.at[i] != '\n'); i++) {
        bool quote = text.at[i] == '"';

        s->begins |= s->closed; /* two quotes in a quoted field are one of its text */
        s->closed = s->quoted && quote;
        s->quoted = s->quoted ? !quote : quote && s->begins;
        s->begins = !s->quoted && !s->closed && text.at[i] == ',';
    }
    return i;
}

bool csv_row(struct str *row, size_t *used, struct str text, bool end)
{
    struct csv_state s = CSV_BEGIN;
    size_t i = csv_look(&s, text, 0);

    *used = i < text.len ? i + 1 : i;
    *row = str_part(text, 0, i);
    return i < text.len || (end && !s.quoted);
}

bool csv_next(struct str *row, struct str *text)
{
    size_t used = 0;

    if (text->len > 0 && !csv_row(row, &used, *text, true)) {
        *row = str_part(*text, 0, str_index(*text, '\n'));
        used = row->len + (row->len < text->len);
    }
    *text = str_part(*text, used, text->len);
    return used > 0;
}

struct str csv_text(struct str bytes)
{
    return str_starts(bytes, STR("\xef\xbb\xbf")) ? str_part(bytes, 3, bytes.len) : bytes;
}

struct str csv_plain(struct str row)
{
    return row.len > 0 && row.at[row.len - 1] == '\r' ? str_part(row, 0, row.len - 1) : row;
}

int csv_split(struct str *field, struct str row, struct arena *arena)
{
    int n = 0;
    size_t i = 0;

    row = csv_plain(row);
    if (csv_text(row).len < row.len)
        return -1; /* a byte order mark frames a file, not a row */
    for (;;) {
        char *to = arena_alloc(arena, row.len - i);
        size_t len = 0;

        if (n == CSV_FIELDS_MAX)
            return -1;
        if (i < row.len && row.at[i] == '"') {
            for (i++;; i++) {
                if (i >= row.len)
                    return -1;
                if (row.at[i] == '"' && !(i + 1 < row.len && row.at[i + 1] == '"'))
                    break;
                i += row.at[i] == '"';
                to[len++] = row.at[i];
            }
            i++;
        } else {
            for (; i < row.len && row.at[i] != ','; i++) {
                if (row.at[i] == '"')
                    return -1;
                to[len++] = row.at[i];
            }
        }
        field[n++] = (struct str){to, len};
        if (i >= row.len)
            return n;
        if (row.at[i++] != ',')
            return -1;
    }
}

struct header {
    struct str name[CSV_FIELDS_MAX];
    struct str field[CSV_FIELDS_MAX];
    int count;
};

static bool has(const struct header *h, const char *name)
{
    for (int i = 0; i < h->count; i++)
        if (str_equal_nocase(h->name[i], str_of(name)))
            return true;
    return false;
}

enum csv_feed csv_recognise(struct str text, struct str file_name)
{
    struct arena arena = {0};
    struct header *h = arena_alloc(&arena, sizeof *h);
    enum csv_feed feed = CSV_UNKNOWN;
    size_t slash = file_name.len;
    size_t used;
    struct str row;

    csv_row(&row, &used, csv_text(text), true);
    h->count = csv_split(h->name, row, &arena);
    if (has(h, "sspFrom") && has(h, "sspTo") && has(h, "SspTraceId") && has(h, "interaction"))
        feed = CSV_SSP;
    else if (has(h, "sender") && has(h, "recipient") && has(h, "workflow"))
        feed = CSV_MESH;
    else if (has(h, "ASID") && has(h, "NACS") && has(h, "OrgName"))
        feed = CSV_ASID;
    while (slash > 0 && file_name.at[slash - 1] != '/')
        slash--;
    if (feed == CSV_UNKNOWN && h->count > 0 &&
        str_starts(str_part(file_name, slash, file_name.len),
                   STR("gpcanalytics-ssptrans-")))
        feed = CSV_SSP;
    arena_release(&arena);
    return feed;
}

/* The row's value under that header; false where there is none, or it is empty. */
static bool value(const struct header *h, const char *name, struct str *out)
{
    for (int i = 0; i < h->count; i++)
        if (str_equal_nocase(h->name[i], str_of(name))) {
            *out = h->field[i];
            return out->len > 0;
        }
    return false;
}

static void set(struct record *out, enum column c, struct str text)
{
    out->column[c] = (struct value){.kind = VALUE_TEXT, .text = text};
}

static void set_text(struct record *out, enum column c, const struct header *h,
                     const char *name)
{
    struct str text;

    if (value(h, name, &text))
        set(out, c, text);
}

static bool integer(struct str s, int64_t *out)
{
    int64_t v = 0;

    for (size_t i = 0; i < s.len; i++) {
        int digit = s.at[i] - '0';

        if (digit < 0 || digit > 9 || v > (INT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return s.len > 0;
}

static void set_integer(struct record *out, enum column c, const struct header *h,
                        const char *name)
{
    struct str text;
    int64_t v;

    if (value(h, name, &text) && integer(text, &v))
        out->column[c] = (struct value){.kind = VALUE_INTEGER, .integer = v};
}

static void set_time(struct record *out, const struct header *h, const char *name,
                     const struct zone *zone, struct arena *arena)
{
    struct str text;
    int64_t us;

    if (value(h, name, &text))
        set(out, COLUMN_TIME_RAW, text);
    if (value(h, name, &text) && timestamp_parse_csv(text, &us))
        timestamp_columns(out, us, zone, arena);
    else if (out->reject == REJECT_NONE)
        out->reject = REJECT_TIME;
}

/* Seconds in digits, with a point or without, as milliseconds: the decimal number times a
 * thousand, so that 0.112 is 112 and no digit is lost. */
static void set_duration(struct record *out, const struct header *h, struct arena *arena)
{
    struct str text;
    size_t points = 0;
    char *thousand;
    double ms;

    if (!value(h, "duration", &text))
        return;
    for (size_t i = 0; i < text.len; i++) {
        points += text.at[i] == '.';
        if (text.at[i] != '.' && (text.at[i] < '0' || text.at[i] > '9'))
            return;
    }
    thousand = arena_alloc(arena, text.len + 2);
    memcpy(thousand, text.at, text.len);
    memcpy(thousand + text.len, "e3", 2);
    if (points <= 1 && text.len > points &&
        text_number((struct str){thousand, text.len + 2}, &ms, arena))
        out->column[COLUMN_HTTP_DURATION_MS] =
            (struct value){.kind = VALUE_NUMBER, .number = ms};
}

static void interaction_columns(struct record *out)
{
    const struct value *id = &out->column[COLUMN_SSP_INTERACTION];
    const struct interaction *row = id->kind == VALUE_TEXT ? catalogue_find(id->text) : NULL;

    set(out, COLUMN_GPC_PROFILE, STR("unknown"));
    if (!row)
        return;
    set(out, COLUMN_GPC_CAPABILITY, row->capability);
    set(out, COLUMN_GPC_OPERATION, row->operation);
    if (row->access.len > 0)
        set(out, COLUMN_GPC_ACCESS, row->access);
    set(out, COLUMN_GPC_VERSION, row->version);
    set(out, COLUMN_GPC_PROFILE,
        str_equal(row->version, STR("0.x")) ? STR("ssp-0x") : STR("ssp-1x"));
}

static void ssp_columns(struct record *out, const struct header *h, const struct zone *zone,
                        struct arena *arena)
{
    struct str text;
    int64_t status;

    set_time(out, h, "_time", zone, arena);
    set(out, COLUMN_KIND, STR("request"));
    set_text(out, COLUMN_SSP_FROM, h, "sspFrom");
    set_text(out, COLUMN_SSP_TO, h, "sspTo");
    set_text(out, COLUMN_SSP_TRACE_ID, h, "SspTraceId");
    set_text(out, COLUMN_SSP_INTERACTION, h, "interaction");
    set_text(out, COLUMN_HTTP_METHOD, h, "method");
    set_integer(out, COLUMN_HTTP_BYTES, h, "responseSize");
    if (value(h, "responseCode", &text)) {
        set_duration(out, h, arena);
        if (integer(text, &status) && status <= 999)
            out->column[COLUMN_HTTP_STATUS] =
                (struct value){.kind = VALUE_INTEGER, .integer = status};
        else if (out->reject == REJECT_NONE)
            out->reject = REJECT_STATUS;
    }
    if (value(h, "responseErrorMessage", &text) && !str_equal(text, STR("None")))
        set(out, COLUMN_HTTP_ERROR, text);
    interaction_columns(out);
}

/* The ODS code in a mailbox name like "A00001OT001": the mailbox as a whole where it has no
 * such form. */
static struct str mailbox_ods(struct str mailbox)
{
    for (size_t i = 3; i + 2 < mailbox.len && i <= 10; i++)
        if (mailbox.at[i] == 'O' && mailbox.at[i + 1] == 'T' && mailbox.at[i + 2] >= '0' &&
            mailbox.at[i + 2] <= '9')
            return str_part(mailbox, 0, i);
    return mailbox;
}

static void mesh_columns(struct record *out, const struct header *h, const struct zone *zone,
                         struct arena *arena)
{
    struct str text;

    set_time(out, h, has(h, "_time") ? "_time" : "time", zone, arena);
    set(out, COLUMN_KIND, STR("request"));
    set(out, COLUMN_GPC_PROFILE, STR("mesh"));
    set(out, COLUMN_GPC_CAPABILITY, STR("messaging"));
    set_text(out, COLUMN_GPC_OPERATION, h, "workflow");
    if (value(h, "senderOdsCode", &text))
        set(out, COLUMN_ORG_ODS, text);
    else if (value(h, "sender", &text))
        set(out, COLUMN_ORG_ODS, mailbox_ods(text));
    set_text(out, COLUMN_PRACTICE_ODS, h, "recipientOdsCode");
    set_integer(out, COLUMN_HTTP_BYTES, h, has(h, "fileSize") ? "fileSize" : "size");
    if (!value(h, "recipient", &text))
        return;
    if (str_starts(text, STR("GPPROVIDER_"))) {
        struct str rest = str_part(text, 11, text.len);

        text = str_part(rest, 0, str_index(rest, '_'));
        if (text.len == 0)
            return;
        set(out, COLUMN_PATIENT_NHS_NUMBER, text);
        set(out, COLUMN_PATIENT_NHS_VALID, nhs_number_judge(text));
    } else if (out->column[COLUMN_PRACTICE_ODS].kind == VALUE_MISSING) {
        set(out, COLUMN_PRACTICE_ODS, mailbox_ods(text));
    }
}

void csv_columns(struct record *out, const struct record_input *in, const struct zone *zone,
                 struct arena *arena)
{
    struct header *h = arena_alloc(arena, sizeof *h);
    int fields;

    h->count = csv_split(h->name, in->header, arena);
    fields = utf8_all(in->bytes) ? csv_split(h->field, in->bytes, arena) : -1;
    if (fields < 0 || h->count < 0 || fields != h->count) {
        out->reject = REJECT_CSV;
        return;
    }
    if (in->format == FORMAT_SSP_CSV)
        ssp_columns(out, h, zone, arena);
    else
        mesh_columns(out, h, zone, arena);
}
