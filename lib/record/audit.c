/* audit.c - a gpc-audit record: tokens, then the members by path, then what follows from
 * them (URL, interaction, profile, token, patient, practice). An incomplete record keeps
 * the first fault of the format's list and is read like any other. */
#include "record/audit.h"

#include <math.h>

#include "record/catalogue.h"
#include "record/jwt.h"
#include "record/lookup.h"
#include "record/nhs_number.h"
#include "base/limits.h"
#include "record/text.h"
#include "record/timestamp.h"

struct audit {
    struct record *out;
    const struct zone *zone;
    struct document d;
    const struct token *root, *request, *headers, *response;
    bool is_request;
    struct str authorization, path;
    bool has_authorization, has_path;
    unsigned headers_seen; /* a bit for each that is known */
    const struct interaction *row;
};

static void set(struct audit *a, enum column c, struct str text)
{
    a->out->column[c] = (struct value){.kind = VALUE_TEXT, .text = text};
}

static bool is_set(const struct audit *a, enum column c)
{
    return a->out->column[c].kind != VALUE_MISSING;
}

static struct str text_of(const struct audit *a, enum column c)
{
    return is_set(a, c) ? a->out->column[c].text : STR("");
}

static void fault(struct audit *a, enum reject r)
{
    if (a->out->reject == REJECT_NONE)
        a->out->reject = r;
}

static const struct token *object_of(struct audit *a, const struct token *of,
                                     const char *name)
{
    const struct token *k = lookup_member(&a->d, of, name);

    return lookup_is(k, TOKEN_OBJECT) ? k : NULL;
}

static bool set_text(struct audit *a, enum column c, const struct token *of, const char *name)
{
    const struct token *k = lookup_member(&a->d, of, name);

    if (lookup_is(k, TOKEN_STRING))
        set(a, c, lookup_text(&a->d, k));
    return lookup_is(k, TOKEN_STRING);
}

static bool set_integer(struct audit *a, enum column c, const struct token *of,
                        const char *name, int64_t least, int64_t most)
{
    int64_t v;

    if (!lookup_integer(&a->d, lookup_member(&a->d, of, name), false, &v) || v < least ||
        v > most)
        return false;
    a->out->column[c] = (struct value){.kind = VALUE_INTEGER, .integer = v};
    return true;
}

/* time, source, seq, kind: what every record has. */
static void read_frame(struct audit *a)
{
    const struct token *kind = lookup_member(&a->d, a->root, "kind");
    struct str text;
    int64_t us;

    set_text(a, COLUMN_TIME_RAW, a->root, "time");
    if (is_set(a, COLUMN_TIME_RAW) && timestamp_parse(text_of(a, COLUMN_TIME_RAW), &us))
        timestamp_columns(a->out, us, a->zone, a->d.arena);
    else
        fault(a, REJECT_TIME);
    if (!set_text(a, COLUMN_SOURCE_NAME, a->root, "source") ||
        text_of(a, COLUMN_SOURCE_NAME).len == 0 ||
        text_of(a, COLUMN_SOURCE_NAME).len > LIMIT_SOURCE_BYTES) {
        a->out->column[COLUMN_SOURCE_NAME].kind = VALUE_MISSING;
        fault(a, REJECT_SOURCE);
    }
    if (!set_integer(a, COLUMN_SOURCE_SEQ, a->root, "seq", 0, INT64_MAX))
        fault(a, REJECT_SEQ);
    text = lookup_is(kind, TOKEN_STRING) ? lookup_text(&a->d, kind) : STR("");
    if (!kind)
        text = STR("request");
    if (str_equal(text, STR("request")) || str_equal(text, STR("config")) ||
        str_equal(text, STR("heartbeat")) || str_equal(text, STR("start")) ||
        str_equal(text, STR("stop"))) {
        a->is_request = str_equal(text, STR("request"));
        set(a, COLUMN_KIND, text);
    } else {
        a->is_request = true;
        fault(a, REJECT_KIND);
    }
}

static void require(struct audit *a)
{
    if (!a->is_request || a->out->reject == REJECT_KIND)
        return;
    if (!a->request)
        fault(a, REJECT_REQUEST);
    if (!is_set(a, COLUMN_HTTP_METHOD))
        fault(a, REJECT_METHOD);
    if (!is_set(a, COLUMN_HTTP_URL))
        fault(a, REJECT_URL);
    if (!a->headers)
        fault(a, REJECT_HEADERS);
}

/* Of two names that differ in case only the first counts, whatever its value. False: that is
 * neither a text nor a number. */
static bool read_header(struct audit *a, const struct token *k)
{
    static const struct {
        const char *name;
        enum column column;
    } known[] = {{"Ssp-TraceID", COLUMN_SSP_TRACE_ID},
                 {"Ssp-From", COLUMN_SSP_FROM},
                 {"Ssp-To", COLUMN_SSP_TO},
                 {"Ssp-InteractionID", COLUMN_SSP_INTERACTION},
                 {"User-Agent", COLUMN_HTTP_USER_AGENT},
                 {"X-Request-Id", COLUMN_HTTP_REQUEST_ID}};
    enum { KNOWN = sizeof known / sizeof known[0] };
    struct str name = lookup_name(&a->d, k);
    struct str text = k->kind == TOKEN_STRING ? lookup_text(&a->d, k)
                                              : (struct str){a->d.text.at + k->at, k->len};
    double number;
    bool good = k->kind == TOKEN_STRING || lookup_number(&a->d, k, &number);

    if (str_equal_nocase(name, STR("Authorization")) && !(a->headers_seen & 1U << KNOWN)) {
        a->headers_seen |= 1U << KNOWN;
        a->has_authorization = good;
        a->authorization = text;
    }
    for (unsigned i = 0; i < KNOWN; i++)
        if (str_equal_nocase(name, str_of(known[i].name)) && !(a->headers_seen & 1U << i)) {
            a->headers_seen |= 1U << i;
            if (good)
                set(a, known[i].column, text);
        }
    return good;
}

static bool read_headers(struct audit *a)
{
    bool good = true;

    if (!a->headers)
        return true;
    for (const struct token *k = lookup_first(&a->d, a->headers); k;
         k = lookup_next(&a->d, a->headers, k))
        good &= read_header(a, k);
    return good;
}

static void read_request(struct audit *a)
{
    bool good;

    a->request = object_of(a, a->root, "request");
    a->headers = object_of(a, a->request, "headers");
    set_text(a, COLUMN_HTTP_METHOD, a->request, "method");
    if (set_text(a, COLUMN_HTTP_URL, a->request, "url")) {
        struct url url;

        url_split(&url, text_of(a, COLUMN_HTTP_URL));
        a->has_path = true;
        a->path = url.path;
        set(a, COLUMN_HTTP_PATH, url.path);
        if (url.has_query)
            set(a, COLUMN_HTTP_QUERY, url.query);
    }
    good = read_headers(a);
    require(a);
    if (!good && a->is_request && a->out->reject != REJECT_KIND)
        fault(a, REJECT_HEADER_VALUE);
}

struct str audit_spine_code(struct str raw, struct arena *arena)
{
    static const char wrong[] = "ORGANISATIONAL";
    char *to = arena_alloc(arena, raw.len);
    size_t n = 0;

    for (size_t i = 0; i < raw.len; i++)
        to[i] = raw.at[i] == ' ' ? '_' : ascii_upper(raw.at[i]);
    for (size_t i = 0; i < raw.len;) {
        bool hit = raw.len - i >= sizeof wrong - 1 &&
                   memcmp(to + i, wrong, sizeof wrong - 1) == 0;

        memmove(to + n, to + i, hit ? 12 : 1);
        n += hit ? 12 : 1;
        i += hit ? sizeof wrong - 1 : 1;
    }
    return (struct str){to, n};
}

static void read_outcome(struct audit *a)
{
    const struct token *list =
        lookup_member(&a->d, object_of(a, a->response, "outcome"), "issue");
    const struct token *issue = lookup_is(list, TOKEN_ARRAY) ? lookup_first(&a->d, list) : NULL;
    const struct token *coding =
        lookup_member(&a->d, lookup_member(&a->d, issue, "details"), "coding");
    struct str raw;

    set_text(a, COLUMN_FHIR_ISSUE, issue, "code");
    set_text(a, COLUMN_FHIR_DIAGNOSTICS, issue, "diagnostics");
    if (!lookup_is(coding, TOKEN_ARRAY))
        return;
    for (const struct token *e = lookup_first(&a->d, coding); e;
         e = lookup_next(&a->d, coding, e)) {
        if (!lookup_filled(&a->d, lookup_member(&a->d, e, "code"), &raw))
            continue;
        set(a, COLUMN_FHIR_SPINE_CODE_RAW, raw);
        set(a, COLUMN_FHIR_SPINE_CODE, audit_spine_code(raw, a->d.arena));
        return;
    }
}

static void read_response(struct audit *a)
{
    double ms;

    a->response = object_of(a, a->root, "response");
    if (a->is_request && a->out->reject != REJECT_KIND && !a->response)
        fault(a, REJECT_RESPONSE);
    if (!set_integer(a, COLUMN_HTTP_STATUS, a->response, "status", 100, 999) &&
        a->is_request && a->out->reject != REJECT_KIND)
        fault(a, REJECT_STATUS);
    if (lookup_number(&a->d, lookup_member(&a->d, a->response, "durationMs"), &ms) && ms >= 0)
        a->out->column[COLUMN_HTTP_DURATION_MS] =
            (struct value){.kind = VALUE_NUMBER, .number = ms + 0.0};
    set_integer(a, COLUMN_HTTP_BYTES, a->response, "bytes", 0, INT64_MAX);
    set_integer(a, COLUMN_PATIENT_MATCHES, a->response, "matches", 0, INT64_MAX);
    set_text(a, COLUMN_HTTP_ERROR, a->response, "error");
    read_outcome(a);
}

static void read_parties(struct audit *a)
{
    const struct token *provider = object_of(a, a->root, "provider");
    const struct token *client = object_of(a, a->root, "client");
    const struct token *tls = object_of(a, client, "tls");

    set_text(a, COLUMN_PROVIDER_ASID, provider, "asid");
    set_text(a, COLUMN_PROVIDER_SYSTEM, provider, "system");
    set_text(a, COLUMN_PROVIDER_VERSION, provider, "version");
    set_text(a, COLUMN_CLIENT_IP, client, "ip");
    set_text(a, COLUMN_CLIENT_TLS_VERSION, tls, "version");
    set_text(a, COLUMN_CLIENT_TLS_CIPHER, tls, "cipher");
    set_text(a, COLUMN_CLIENT_TLS_SUBJECT, tls, "subject");
    set_text(a, COLUMN_CLIENT_TLS_SERIAL, tls, "serial");
    set_text(a, COLUMN_PATIENT_ID, object_of(a, a->root, "patient"), "id");
}

/* The columns of a row of the catalogue; its profile. */
static struct str put_interaction(struct record *out, const struct interaction *row)
{
    struct value *c = out->column;

    c[COLUMN_GPC_CAPABILITY] = (struct value){.kind = VALUE_TEXT, .text = row->capability};
    c[COLUMN_GPC_OPERATION] = (struct value){.kind = VALUE_TEXT, .text = row->operation};
    c[COLUMN_GPC_VERSION] = (struct value){.kind = VALUE_TEXT, .text = row->version};
    if (row->access.len > 0)
        c[COLUMN_GPC_ACCESS] = (struct value){.kind = VALUE_TEXT, .text = row->access};
    return str_equal(row->version, STR("0.x")) ? STR("ssp-0x") : STR("ssp-1x");
}

void audit_interaction(struct record *out, const struct interaction *row)
{
    out->column[COLUMN_GPC_PROFILE] =
        (struct value){.kind = VALUE_TEXT, .text = put_interaction(out, row)};
}

static void read_interaction(struct audit *a)
{
    struct str id = text_of(a, COLUMN_SSP_INTERACTION);
    int fhir = a->has_path ? catalogue_fhir_version(a->path) : 0;
    bool inferred = false;
    struct str profile = STR("unknown");

    if (id.len > 0) {
        a->row = catalogue_find(id);
    } else if (a->has_path && is_set(a, COLUMN_HTTP_METHOD)) {
        a->row = catalogue_infer(text_of(a, COLUMN_HTTP_METHOD), a->path);
        inferred = a->row != NULL;
    }
    if (a->row)
        profile = put_interaction(a->out, a->row);
    if (inferred)
        a->out->column[COLUMN_GPC_INFERRED] = (struct value){.kind = VALUE_TRUTH, .integer = 1};
    if (!a->request)
        return;
    if ((!a->row || inferred) && id.len == 0 && text_of(a, COLUMN_SSP_TRACE_ID).len == 0 &&
        text_of(a, COLUMN_SSP_FROM).len == 0 && text_of(a, COLUMN_SSP_TO).len == 0 &&
        text_of(a, COLUMN_HTTP_REQUEST_ID).len > 0)
        profile = STR("pfs");
    else if (!a->row && fhir && (id.len == 0 ||
             str_starts(id, STR("urn:nhs:names:services:gpconnect:"))))
        profile = fhir == 2 ? STR("ssp-0x") : STR("ssp-1x");
    set(a, COLUMN_GPC_PROFILE, profile);
}

/* ---- what was asked (4.9) ---- */

struct asked {
    struct str *at;
    size_t count;
};

static void ask(struct asked *q, struct str s)
{
    q->at[q->count++] = s;
}

static void ask_section(struct audit *a, struct asked *q, const struct token *k)
{
    if (lookup_is(k, TOKEN_STRING)) {
        ask(q, lookup_text(&a->d, k));
    } else if (lookup_is(k, TOKEN_ARRAY)) {
        for (const struct token *e = lookup_first(&a->d, k); e; e = lookup_next(&a->d, k, e))
            if (e->kind == TOKEN_STRING)
                ask(q, lookup_text(&a->d, e));
    } else if (lookup_is(k, TOKEN_OBJECT)) {
        const struct token *coding = lookup_member(&a->d, k, "coding");

        if (!lookup_is(coding, TOKEN_ARRAY))
            return;
        for (const struct token *e = lookup_first(&a->d, coding); e;
             e = lookup_next(&a->d, coding, e)) {
            const struct token *code = lookup_member(&a->d, e, "code");

            if (lookup_is(code, TOKEN_STRING)) /* "" too: the text names all codes */
                ask(q, lookup_text(&a->d, code));
        }
    }
}

/* The parameters of a Parameters resource, or the parts of one of them. */
static void ask_parameters(struct audit *a, struct asked *q, const struct token *list,
                           int depth)
{
    if (!lookup_is(list, TOKEN_ARRAY) || depth > LIMIT_JSON_DEPTH)
        return;
    for (const struct token *e = lookup_first(&a->d, list); e;
         e = lookup_next(&a->d, list, e)) {
        const struct token *name = lookup_member(&a->d, e, "name");
        struct str text;

        if (lookup_filled(&a->d, name, &text)) {
            if (str_starts(text, STR("include")) &&
                !lookup_is(lookup_member(&a->d, e, "valueBoolean"), TOKEN_FALSE))
                ask(q, text);
            if (str_equal(text, STR("recordSection"))) {
                ask_section(a, q, lookup_member(&a->d, e, "valueString"));
                ask_section(a, q, lookup_member(&a->d, e, "valueCode"));
                ask_section(a, q, lookup_member(&a->d, e, "valueCodeableConcept"));
            }
        }
        ask_parameters(a, q, lookup_member(&a->d, e, "part"), depth + 1);
    }
}

static void ask_plain(struct audit *a, struct asked *q, const struct token *of, int depth)
{
    if (depth > LIMIT_JSON_DEPTH)
        return;
    for (const struct token *k = lookup_first(&a->d, of); k; k = lookup_next(&a->d, of, k)) {
        struct str name = lookup_name(&a->d, k);

        if (str_starts(name, STR("include")) && k->kind != TOKEN_FALSE &&
            k->kind != TOKEN_NULL)
            ask(q, name);
        if (str_equal(name, STR("recordSection")))
            ask_section(a, q, k);
        else if (k->kind == TOKEN_OBJECT)
            ask_plain(a, q, k, depth + 1);
    }
}

static void read_asked(struct audit *a)
{
    const struct token *what = object_of(a, a->request, "parameters");
    struct value *v = &a->out->column[COLUMN_GPC_ASKED];
    struct asked q;

    if (!what)
        return;
    q.at = arena_alloc(a->d.arena, (what->next - (size_t)(what - a->root) + 1) * sizeof *q.at);
    q.count = 0;
    if (lookup_is(lookup_member(&a->d, what, "parameter"), TOKEN_ARRAY))
        ask_parameters(a, &q, lookup_member(&a->d, what, "parameter"), 0);
    else
        ask_plain(a, &q, what, 0);
    v->kind = VALUE_LIST;
    v->list.at = q.at;
    v->list.count = q.count;
}

/* ---- patient and practice ---- */

static bool query_number(struct audit *a, struct str *out)
{
    struct str rest = text_of(a, COLUMN_HTTP_QUERY);

    while (rest.len > 0) {
        size_t end = str_index(rest, '&');
        struct str pair = str_part(rest, 0, end);
        size_t equals = str_index(pair, '=');
        struct str value;
        size_t bar;

        rest = end < rest.len ? str_part(rest, end + 1, rest.len) : STR("");
        if (equals == pair.len ||
            !str_equal(url_decode(str_part(pair, 0, equals), a->d.arena), STR("identifier")))
            continue;
        value = url_decode(str_part(pair, equals + 1, pair.len), a->d.arena);
        bar = str_index(value, '|');
        if (bar + 1 >= value.len)
            continue;
        *out = str_part(value, bar + 1, value.len);
        value.len = bar;
        if (str_equal(value, STR("https://fhir.nhs.uk/Id/nhs-number")) ||
            str_equal(value, STR("http://fhir.nhs.net/Id/nhs-number")))
            return true;
    }
    return false;
}

static void read_patient(struct audit *a, struct str from_token)
{
    const struct token *patient = object_of(a, a->root, "patient");
    struct str number = STR("");

    if (!lookup_filled(&a->d, lookup_member(&a->d, patient, "nhsNumber"), &number) &&
        !query_number(a, &number))
        number = from_token;
    if (number.len == 0)
        return;
    set(a, COLUMN_PATIENT_NHS_NUMBER, number);
    set(a, COLUMN_PATIENT_NHS_VALID, nhs_number_judge(number));
}

static void read_token_and_parties(struct audit *a)
{
    const struct token *provider = object_of(a, a->root, "provider");
    struct jwt_found found = {STR(""), STR("")};
    struct str practice = STR("");
    struct jwt_input in = {.present = a->has_authorization,
                           .authorization = a->authorization};

    if (!lookup_filled(&a->d, lookup_member(&a->d, provider, "ods"), &practice) &&
        (!a->has_path || !url_root_ods(&practice, a->path)))
        practice = STR("");
    if (a->headers && a->is_request) {
        in.old = str_equal(text_of(a, COLUMN_GPC_PROFILE), STR("ssp-0x"));
        in.migrate = a->row && a->row->migrate;
        in.scope = a->row ? a->row->scope : STR("");
        in.has_time = is_set(a, COLUMN_TIME);
        in.time_us = in.has_time ? a->out->column[COLUMN_TIME].integer : 0;
        in.practice = practice;
        jwt_judge(a->out, &found, &in, a->d.arena);
    }
    if (practice.len == 0)
        practice = found.aud_ods;
    if (practice.len > 0)
        set(a, COLUMN_PRACTICE_ODS, practice);
    read_patient(a, found.requested_nhs);
}

static void read_access(struct audit *a)
{
    static const struct {
        const char *name;
        enum column column;
    } texts[] = {{"login", COLUMN_ACCESS_LOGIN},     {"sudo", COLUMN_ACCESS_SUDO},
                 {"host", COLUMN_ACCESS_HOST},       {"version", COLUMN_ACCESS_VERSION},
                 {"action", COLUMN_ACCESS_ACTION},   {"scope", COLUMN_ACCESS_SCOPE},
                 {"reason", COLUMN_ACCESS_REASON}};
    const struct token *access = object_of(a, a->root, "access");
    int64_t us;

    if (set_text(a, COLUMN_TIME_RAW, a->root, "time") &&
        timestamp_parse(text_of(a, COLUMN_TIME_RAW), &us))
        timestamp_columns(a->out, us, a->zone, a->d.arena);
    set_text(a, COLUMN_SOURCE_NAME, a->root, "source");
    set_integer(a, COLUMN_SOURCE_SEQ, a->root, "seq", 0, INT64_MAX);
    set(a, COLUMN_KIND, STR("event"));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        set_text(a, texts[i].column, access, texts[i].name);
    set_integer(a, COLUMN_ACCESS_UID, access, "uid", 0, INT64_MAX);
    set_integer(a, COLUMN_ACCESS_ROWS, access, "rows", 0, INT64_MAX);
}

void audit_columns(struct record *out, const struct record_input *in, const struct zone *zone,
                   struct arena *arena)
{
    struct tokens tokens = {0};
    struct audit a = {.out = out, .zone = zone};

    if (!tokens_read(&tokens, in->bytes, DUPLICATES_REFUSE)) {
        out->reject = tokens.fault;
        goto out;
    }
    a.d = (struct document){&tokens, in->bytes, arena};
    a.root = tokens.at;
    if (in->format == FORMAT_GPCA_ACCESS || in->format == FORMAT_GPCA_EVENT) {
        read_access(&a);
        goto out;
    }
    read_frame(&a);
    read_request(&a);
    read_response(&a);
    read_parties(&a);
    read_interaction(&a);
    read_asked(&a);
    read_token_and_parties(&a);
out:
    tokens_release(&tokens);
}
