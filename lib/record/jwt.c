/* jwt.c - the judge, step by step in the order of the judging's table (its step numbers
 * stand at the functions). Codes are a set, told in the order of codes.def; stopping ends
 * the codes, not the reading. First comes what the token says whatever it was sent with,
 * then what hangs on the moment and the practice of the request (steps 8 and 10). */
#include "record/jwt.h"

#include "base/base64url.h"
#include "base/hash.h"
#include "record/identity.h"
#include "record/text.h"

enum claim {
    ISS, SUB, AUD, EXP, IAT, REASON, SCOPE, DEVICE, ORGANIZATION, PRACTITIONER, CLAIMS
};

enum code {
#define CODE(id, text) CODE_##id,
#define SOFT(id, text) CODE_##id,
#define CLAIM(id, name) CODE_##id##_MISSING, CODE_##id##_NULL, CODE_##id##_WRONG_TYPE,
#include "record/codes.def"
#undef CODE
#undef SOFT
#undef CLAIM
    CODES
};

static const struct {
    const char *text;
    bool soft;
} codes[CODES] = {
#define CODE(id, text) {text, false},
#define SOFT(id, text) {text, true},
#define CLAIM(id, name) {name "-missing", false}, {name "-null", false}, \
                        {name "-wrong-type", false},
#include "record/codes.def"
#undef CODE
#undef SOFT
#undef CLAIM
};
_Static_assert(CODES <= 64 * JWT_CODE_WORDS, "a bit for each code");

static const struct {
    const char *name;
    enum token_kind kind;
} claims[CLAIMS] = {
    {"iss", TOKEN_STRING},
    {"sub", TOKEN_STRING},
    {"aud", TOKEN_STRING},
    {"exp", TOKEN_NUMBER},
    {"iat", TOKEN_NUMBER},
    {"reason_for_request", TOKEN_STRING},
    {"requested_scope", TOKEN_STRING},
    {"requesting_device", TOKEN_OBJECT},
    {"requesting_organization", TOKEN_OBJECT},
    {"requesting_practitioner", TOKEN_OBJECT},
};

struct judge {
    struct record *out;
    struct jwt_found *found;
    const struct jwt_input *in;
    struct arena *arena;
    struct jwt_said *said;
    struct tokens header_tokens, payload_tokens;
    struct document header, payload;
    const struct token *claim[CLAIMS]; /* NULL: missing or so marked */
    struct identity id;
};

static void note(struct jwt_said *said, enum code c)
{
    if (!said->stopped)
        said->code[c / 64] |= 1ULL << c % 64;
}

static void code(struct judge *j, enum code c)
{
    note(j->said, c);
}

static void set(struct judge *j, enum column c, struct str text)
{
    j->out->column[c] = (struct value){.kind = VALUE_TEXT, .text = text};
}

static bool space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Steps 1 and 2. */
static bool find_token(struct judge *j, struct str *token, bool *absent)
{
    struct str s = j->in->present ? j->in->authorization : STR("");
    size_t first = 0;
    size_t gap;

    while (s.len > 0 && space(s.at[0]))
        s = str_part(s, 1, s.len);
    while (s.len > 0 && space(s.at[s.len - 1]))
        s.len--;
    *absent = s.len == 0;
    if (*absent) {
        code(j, CODE_AUTHORIZATION_MISSING);
        return false;
    }
    while (first < s.len && !space(s.at[first]))
        first++;
    gap = first;
    while (gap < s.len && space(s.at[gap]))
        gap++;
    *token = str_part(s, gap, s.len);
    for (const char *c = " \t\r\n"; *c; c++)
        if (str_index(*token, *c) < token->len)
            first = SIZE_MAX;
    if (first == SIZE_MAX || token->len == 0 ||
        !str_equal_nocase((struct str){s.at, first}, STR("bearer"))) {
        code(j, CODE_AUTHORIZATION_NOT_BEARER);
        return false;
    }
    if (gap != 7 || s.at[6] != ' ' || s.len != j->in->authorization.len)
        code(j, CODE_AUTHORIZATION_NOT_BEARER);
    return true;
}

void jwt_hash(struct record *out, struct str token, struct arena *arena)
{
    uint8_t sha[HASH_BYTES];
    char *hex = arena_alloc(arena, 2 * HASH_BYTES + 1);

    hash_sha256(sha, &token, 1);
    hash_hex(hex, sha, sizeof sha);
    out->column[COLUMN_JWT_HASH] =
        (struct value){.kind = VALUE_TEXT, .text = {hex, (size_t)2 * HASH_BYTES}};
}

/* Step 4, one part. False: no base64url, even as read leniently. */
struct part {
    struct str text, bytes;
    bool padding, wrong, unreadable;
};

static void decode_part(struct part *p, struct arena *arena)
{
    char *to = arena_alloc(arena, base64url_room(p->text.len));
    uint32_t bits = 0;
    int have = 0;
    size_t n = 0;

    for (; p->text.len > 0 && p->text.at[p->text.len - 1] == '='; p->text.len--)
        p->padding = true;
    if (base64url_decode(to, &n, p->text)) { /* nearly all are as they should be */
        p->bytes = (struct str){to, n};
        return;
    }
    n = 0;
    for (size_t i = 0; i < p->text.len; i++) {
        char c = p->text.at[i];
        int v = c >= 'A' && c <= 'Z'   ? c - 'A'
                : c >= 'a' && c <= 'z' ? c - 'a' + 26
                : c >= '0' && c <= '9' ? c - '0' + 52
                : c == '-' || c == '+' ? 62
                : c == '_' || c == '/' ? 63
                                       : -1;

        p->wrong = p->wrong || v < 0 || c == '+' || c == '/';
        if (v < 0) {
            p->unreadable = true;
            return;
        }
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            to[n++] = (char)(bits >> have);
        }
    }
    p->unreadable = p->text.len % 4 == 1;
    p->wrong = p->wrong || p->unreadable || (bits & ((1U << have) - 1)) != 0;
    p->bytes = (struct str){to, n};
}

/* Steps 3 and 4. Gives header and payload bytes; false: nothing can be read. */
static bool split_token(struct judge *j, struct str token, struct part part[3])
{
    size_t parts = 1;

    part[0].text = token;
    for (; parts < 4; parts++) {
        size_t dot = str_index(part[parts - 1].text, '.');
        struct str rest = part[parts - 1].text;

        if (dot == rest.len)
            break;
        if (parts == 3) {
            parts = 4;
            break;
        }
        part[parts - 1].text = str_part(rest, 0, dot);
        part[parts].text = str_part(rest, dot + 1, rest.len);
    }
    if (parts < 2 || parts > 3 || part[0].text.len == 0 || part[1].text.len == 0) {
        code(j, CODE_PART_COUNT);
        j->said->stopped = true;
        return false;
    }
    if (parts == 2)
        code(j, CODE_TRAILING_DOT_MISSING);
    if (parts == 3 && part[2].text.len > 0)
        code(j, CODE_SIGNATURE_PRESENT);
    for (size_t i = 0; i < parts; i++)
        decode_part(&part[i], j->arena);
    if (part[0].padding || part[1].padding || part[2].padding)
        code(j, CODE_PADDING);
    if (part[0].wrong || part[1].wrong || part[2].wrong)
        code(j, CODE_NOT_BASE64URL);
    j->said->stopped = part[0].unreadable || part[1].unreadable || part[2].unreadable;
    return true;
}

static bool parse_part(struct judge *j, struct document *d, struct tokens *t,
                       const struct part *p)
{
    *d = (struct document){t, p->bytes, j->arena};
    return !p->unreadable && tokens_read(t, p->bytes, DUPLICATES_KEEP);
}

/* Step 5. */
static void judge_header(struct judge *j, const struct part *p)
{
    const struct token *alg;
    const struct token *typ;

    if (!parse_part(j, &j->header, &j->header_tokens, p)) {
        code(j, CODE_HEADER_NOT_JSON);
        return;
    }
    alg = lookup_member(&j->header, j->header_tokens.at, "alg");
    typ = lookup_member(&j->header, j->header_tokens.at, "typ");
    if (lookup_is(alg, TOKEN_STRING))
        set(j, COLUMN_JWT_ALG, lookup_text(&j->header, alg));
    if (lookup_is(typ, TOKEN_STRING))
        set(j, COLUMN_JWT_TYP, lookup_text(&j->header, typ));
    if (!lookup_is(alg, TOKEN_STRING) ||
        !str_equal(j->out->column[COLUMN_JWT_ALG].text, STR("none")))
        code(j, CODE_ALG_NOT_NONE);
    if (!lookup_is(typ, TOKEN_STRING) ||
        !str_equal(j->out->column[COLUMN_JWT_TYP].text, STR("JWT")))
        code(j, CODE_TYP_NOT_JWT);
}

/* The member whatever it is, null included. */
static const struct token *raw_member(const struct document *d, const char *name)
{
    const struct token *of = d->tokens->at;

    for (const struct token *k = lookup_first(d, of); k; k = lookup_next(d, of, k))
        if (str_equal(lookup_name(d, k), str_of(name)))
            return k;
    return NULL;
}

/* Step 7. */
static void judge_claims(struct judge *j)
{
    static const enum column columns[CLAIMS] = {
        [ISS] = COLUMN_JWT_ISS, [SUB] = COLUMN_JWT_SUB, [AUD] = COLUMN_JWT_AUD,
        [EXP] = COLUMN_JWT_EXP, [IAT] = COLUMN_JWT_IAT,
        [REASON] = COLUMN_JWT_REASON, [SCOPE] = COLUMN_JWT_SCOPE};

    for (enum claim c = ISS; c <= PRACTITIONER; c++) {
        const struct token *k = raw_member(&j->payload, claims[c].name);
        enum code missing = (enum code)(CODE_ISS_MISSING + 3 * (int)c);
        int64_t n;

        if (!k) {
            if (c != PRACTITIONER || !j->in->migrate)
                code(j, missing);
        } else if (k->kind == TOKEN_NULL) {
            code(j, missing + 1);
        } else if (k->kind != claims[c].kind ||
                   (k->kind == TOKEN_NUMBER && !lookup_integer(&j->payload, k, true, &n))) {
            code(j, missing + 2);
        } else {
            j->claim[c] = k;
            if (k->kind == TOKEN_STRING)
                set(j, columns[c], lookup_text(&j->payload, k));
            else if (k->kind == TOKEN_NUMBER)
                j->out->column[columns[c]] =
                    (struct value){.kind = VALUE_INTEGER, .integer = n};
        }
    }
}

static struct str claim_text(struct judge *j, enum claim c)
{
    return j->claim[c] ? lookup_text(&j->payload, j->claim[c]) : STR("");
}

/* Step 9. */
static void judge_subject(struct judge *j)
{
    const struct token *id = lookup_member(&j->payload, j->claim[PRACTITIONER], "id");

    if (j->claim[SUB] && lookup_is(id, TOKEN_STRING) &&
        !str_equal(lookup_text(&j->payload, id), claim_text(j, SUB)))
        code(j, CODE_SUB_NOT_PRACTITIONER);
}

static bool known_scope(struct str scope, struct str *first)
{
    static const char *const heads[] = {"patient/*.read", "patient/*.write",
                                        "organization/*.read", "organization/*.write"};
    size_t gap = str_index(scope, ' ');
    struct str rest = str_part(scope, gap, scope.len);

    *first = str_part(scope, 0, gap);
    if (rest.len > 0 && !str_equal(rest, STR(" conf/N")) && !str_equal(rest, STR(" conf/R")))
        return false;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (str_equal(*first, str_of(heads[i])))
            return true;
    return false;
}

/* Steps 11 and 12. */
static void judge_purpose(struct judge *j)
{
    struct str reason = claim_text(j, REASON);
    struct str first;

    if (j->claim[REASON]) {
        bool care = str_equal(reason, STR("directcare"));
        bool migration = str_equal(reason, STR("migration"));

        if (!care && (!migration || j->in->old))
            code(j, CODE_REASON_NOT_ALLOWED);
        if ((migration && !j->in->migrate) || (care && j->in->migrate))
            code(j, CODE_REASON_MISMATCH);
    }
    if (!j->claim[SCOPE])
        return;
    if (!known_scope(claim_text(j, SCOPE), &first))
        code(j, CODE_SCOPE_UNKNOWN);
    else if (j->in->scope.len > 0 && !str_equal(first, j->in->scope))
        code(j, CODE_SCOPE_MISMATCH);
}

static bool is_type(struct judge *j, enum claim c, const char *type)
{
    const struct token *k = lookup_member(&j->payload, j->claim[c], "resourceType");

    return lookup_is(k, TOKEN_STRING) &&
           str_equal(lookup_text(&j->payload, k), str_of(type));
}

static bool filled(struct judge *j, const struct token *of, const char *name)
{
    struct str ignored;

    return lookup_filled(&j->payload, lookup_member(&j->payload, of, name), &ignored);
}

/* Steps 13 and 14. */
static void judge_device_and_organization(struct judge *j)
{
    const struct token *device = j->claim[DEVICE];

    if (device) {
        const struct token *list = lookup_member(&j->payload, device, "identifier");
        const struct token *first =
            lookup_is(list, TOKEN_ARRAY) ? lookup_first(&j->payload, list) : NULL;

        if (!is_type(j, DEVICE, "Device"))
            code(j, CODE_DEVICE_RESOURCE_TYPE);
        if (!filled(j, first, "system") || !filled(j, first, "value") ||
            !filled(j, device, "model") || !filled(j, device, "version") ||
            (j->in->old && !filled(j, device, "id")))
            code(j, CODE_DEVICE_INCOMPLETE);
    }
    if (!j->claim[ORGANIZATION])
        return;
    if (!is_type(j, ORGANIZATION, "Organization"))
        code(j, CODE_ORGANIZATION_RESOURCE_TYPE);
    if (j->id.any_identifier && !j->id.own_system)
        code(j, CODE_ORGANIZATION_ODS_SYSTEM);
    if (!j->id.any_identifier)
        code(j, CODE_ORGANIZATION_ODS_MISSING);
}

static bool generic_text(struct str s)
{
    static const char *const words[] = {"system",  "admin",   "administrator", "user",
                                        "service", "test",    "default",       "integration",
                                        "portal",  "unknown", "generic",       "n/a"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (str_equal_nocase(s, str_of(words[i])))
            return true;
    return false;
}

static bool generic_member(struct judge *j, const struct token *name, const char *member)
{
    const struct token *k = lookup_member(&j->payload, name, member);

    if (lookup_is(k, TOKEN_STRING))
        return generic_text(lookup_text(&j->payload, k));
    if (!lookup_is(k, TOKEN_ARRAY))
        return false;
    for (const struct token *e = lookup_first(&j->payload, k); e;
         e = lookup_next(&j->payload, k, e))
        if (e->kind == TOKEN_STRING && generic_text(lookup_text(&j->payload, e)))
            return true;
    return false;
}

static bool has_identifier(struct judge *j, struct str value)
{
    const struct token *list = lookup_member(&j->payload, j->claim[PRACTITIONER],
                                             "identifier");

    if (!lookup_is(list, TOKEN_ARRAY))
        return false;
    for (const struct token *e = lookup_first(&j->payload, list); e;
         e = lookup_next(&j->payload, list, e)) {
        struct str v;

        if (lookup_filled(&j->payload, lookup_member(&j->payload, e, "value"), &v) &&
            str_equal(v, value))
            return true;
    }
    return false;
}

static bool column_is(struct judge *j, enum column c, const char *text)
{
    const struct value *v = &j->out->column[c];

    return v->kind == VALUE_TEXT && str_equal(v->text, str_of(text));
}

static bool is_sample(struct judge *j)
{
    return str_equal(j->id.sds_id, STR("111222333444")) ||
           str_equal(j->id.sds_role, STR("444555666777")) ||
           has_identifier(j, STR("98ed4f78-814d-4266-8d5b-cde742f3093c")) ||
           column_is(j, COLUMN_DEVICE_VALUE, "CONS-APP-4") ||
           column_is(j, COLUMN_DEVICE_MODEL, "Consumer product name") ||
           column_is(j, COLUMN_DEVICE_MODEL, "GPConnect Demonstrator") ||
           column_is(j, COLUMN_DEVICE_MODEL, "GP Connect Demonstrator") ||
           column_is(j, COLUMN_DEVICE_MODEL, "Postman");
}

static bool no_sds(struct str s)
{
    return s.len == 0 || str_equal(s, STR("UNK"));
}

static bool bad_sds(struct str s)
{
    return !no_sds(s) && !identity_twelve_digits(s);
}

/* Step 15. */
static void judge_practitioner(struct judge *j)
{
    const struct token *who = j->claim[PRACTITIONER];
    const struct token *name =
        lookup_object(&j->payload, lookup_member(&j->payload, who, "name"));

    if (who) {
        if (!is_type(j, PRACTITIONER, "Practitioner"))
            code(j, CODE_PRACTITIONER_RESOURCE_TYPE);
        if (!filled(j, who, "id"))
            code(j, CODE_PRACTITIONER_ID_MISSING);
        if (j->id.family.len == 0 || j->id.given.len == 0)
            code(j, CODE_PRACTITIONER_NAME_MISSING);
        if (no_sds(j->id.sds_id) && no_sds(j->id.sds_role) && j->id.local_value.len == 0)
            code(j, CODE_PRACTITIONER_UNIDENTIFIED);
        if (bad_sds(j->id.sds_id) || bad_sds(j->id.sds_role))
            code(j, CODE_SDS_ID_MALFORMED);
        if (generic_member(j, name, "prefix") || generic_member(j, name, "given") ||
            generic_member(j, name, "family"))
            code(j, CODE_GENERIC_USER);
    }
    if (is_sample(j))
        code(j, CODE_SAMPLE_IDENTITY);
}

static bool is_nhs_system(struct str s)
{
    return str_equal(s, STR("https://fhir.nhs.uk/Id/nhs-number")) ||
           str_equal(s, STR("http://fhir.nhs.net/Id/nhs-number"));
}

static bool requested_number(struct judge *j, const char *member)
{
    const struct token *list = lookup_member(
        &j->payload, lookup_member(&j->payload, j->payload_tokens.at, member), "identifier");

    if (!lookup_is(list, TOKEN_ARRAY))
        return false;
    for (const struct token *e = lookup_first(&j->payload, list); e;
         e = lookup_next(&j->payload, list, e)) {
        const struct token *system = lookup_member(&j->payload, e, "system");

        if (lookup_is(system, TOKEN_STRING) &&
            is_nhs_system(lookup_text(&j->payload, system)) &&
            lookup_filled(&j->payload, lookup_member(&j->payload, e, "value"),
                          &j->found->requested_nhs))
            return true;
    }
    return false;
}

/* Step 16. */
static void judge_requested(struct judge *j)
{
    const struct token *of = j->payload_tokens.at;
    const struct document *d = &j->payload;

    if (!j->in->old) {
        if (raw_member(d, "requested_record") || raw_member(d, "requesting_record"))
            code(j, CODE_REQUESTED_RECORD_UNEXPECTED);
        return;
    }
    if (!lookup_is(lookup_member(d, of, "requested_record"), TOKEN_OBJECT) &&
        !lookup_is(lookup_member(d, of, "requesting_record"), TOKEN_OBJECT))
        code(j, CODE_REQUESTED_RECORD_MISSING);
    if (!requested_number(j, "requested_record"))
        requested_number(j, "requesting_record");
}

static void judge_payload(struct judge *j, const struct part *p)
{
    if (!parse_part(j, &j->payload, &j->payload_tokens, p)) {
        code(j, CODE_PAYLOAD_NOT_JSON);
        j->said->stopped = true;
        return;
    }
    if (j->header_tokens.duplicate || j->payload_tokens.duplicate)
        code(j, CODE_DUPLICATE_CLAIM);
    judge_claims(j);
    identity_organization(&j->id, j->out, &j->payload, j->claim[ORGANIZATION], j->in->old);
    identity_practitioner(&j->id, j->out, &j->payload, j->claim[PRACTITIONER]);
    identity_device(j->out, &j->payload, j->claim[DEVICE]);
    judge_subject(j);
    judge_purpose(j);
    judge_device_and_organization(j);
    judge_practitioner(j);
    judge_requested(j);
}

/* Steps 3 to 7, 9 and 11 to 16. */
static void read_parts(struct judge *j, const struct part part[2])
{
    judge_header(j, &part[0]);
    judge_payload(j, &part[1]);
}

static void end_reading(struct judge *j)
{
    identity_key(&j->id, j->out, record_text(j->out, COLUMN_JWT_SUB), j->arena);
    tokens_release(&j->header_tokens);
    tokens_release(&j->payload_tokens);
}

void jwt_read(struct record *out, struct jwt_said *said, struct jwt_found *found,
              const struct jwt_input *in, struct str header, struct str payload,
              struct arena *arena)
{
    struct judge j = {.out = out, .found = found, .in = in, .arena = arena, .said = said};
    struct part part[2] = {{.bytes = header}, {.bytes = payload}};

    *said = (struct jwt_said){.stopped = false};
    *found = (struct jwt_found){STR(""), STR("")};
    read_parts(&j, part);
    end_reading(&j);
}

/* ---- what hangs on the request ---- */

static int64_t floor_seconds(int64_t us)
{
    return us / 1000000 - (us % 1000000 < 0);
}

static void set_integer(struct record *out, enum column c, int64_t v)
{
    out->column[c] = (struct value){.kind = VALUE_INTEGER, .integer = v};
}

/* Step 8. */
static void judge_times(struct record *out, struct jwt_said *said, const struct jwt_input *in)
{
    bool has_exp = out->column[COLUMN_JWT_EXP].kind == VALUE_INTEGER;
    bool has_iat = out->column[COLUMN_JWT_IAT].kind == VALUE_INTEGER;
    int64_t exp = out->column[COLUMN_JWT_EXP].integer;
    int64_t iat = out->column[COLUMN_JWT_IAT].integer;
    int64_t now = floor_seconds(in->time_us);
    int64_t life;
    int64_t skew;

    if (has_exp && has_iat) {
        bool fits = !__builtin_sub_overflow(exp, iat, &life);

        if (fits)
            set_integer(out, COLUMN_JWT_LIFETIME_S, life);
        if (fits && (life == 299 || life == 301))
            note(said, CODE_EXP_ROUNDING);
        else if (exp <= iat)
            note(said, CODE_EXP_BEFORE_IAT);
        else if (!fits || life != 300)
            note(said, CODE_EXP_NOT_IAT_PLUS_300);
    }
    if (!in->has_time)
        return;
    if (has_exp && now >= exp)
        note(said, CODE_EXPIRED_AT_RECEIPT);
    if (has_iat && iat > now)
        note(said, CODE_IAT_IN_FUTURE);
    if (has_iat && !__builtin_sub_overflow(iat, now, &skew))
        set_integer(out, COLUMN_JWT_SKEW_S, skew);
}

/* Step 10. */
static void judge_audience(const struct record *out, struct jwt_said *said,
                           struct jwt_found *found, const struct jwt_input *in)
{
    struct str aud = record_text(out, COLUMN_JWT_AUD);
    bool legacy = str_equal(aud, STR("https://authorize.fhir.nhs.net/token"));
    struct url url;

    if (out->column[COLUMN_JWT_AUD].kind != VALUE_TEXT)
        return;
    url_split(&url, aud);
    if (!url_root_ods(&found->aud_ods, url.path))
        found->aud_ods = STR("");
    if (!in->old && legacy)
        note(said, CODE_AUD_LEGACY);
    if (in->old && !legacy)
        note(said, CODE_AUD_NOT_TOKEN_ENDPOINT);
    if (!in->old && found->aud_ods.len > 0 && in->practice.len > 0 &&
        !str_equal_nocase(found->aud_ods, in->practice))
        note(said, CODE_AUD_OTHER_PRACTICE);
}

static void tell(struct record *out, const struct jwt_said *said, bool absent,
                 struct arena *arena)
{
    struct value *v = &out->column[COLUMN_JWT_VIOLATIONS];
    struct str *list;
    size_t n = 0;
    bool hard = false;

    for (int i = 0; i < JWT_CODE_WORDS; i++)
        n += (size_t)__builtin_popcountll(said->code[i]);
    list = arena_alloc(arena, n * sizeof *list);
    *v = (struct value){.kind = VALUE_LIST};
    for (int i = 0; i < JWT_CODE_WORDS; i++)
        for (uint64_t left = said->code[i]; left; left &= left - 1) {
            int c = 64 * i + __builtin_ctzll(left);

            list[v->list.count++] = str_of(codes[c].text);
            hard |= !codes[c].soft;
        }
    v->list.at = list;
    out->column[COLUMN_JWT_STATE] = (struct value){
        .kind = VALUE_TEXT, .text = absent          ? STR("absent")
                                    : said->stopped ? STR("malformed")
                                    : hard          ? STR("invalid")
                                                    : STR("ok")};
}

void jwt_meet(struct record *out, struct jwt_said *said, struct jwt_found *found,
              const struct jwt_input *in, struct arena *arena)
{
    judge_times(out, said, in);
    judge_audience(out, said, found, in);
    tell(out, said, false, arena);
}

void jwt_judge(struct record *out, struct jwt_found *found, const struct jwt_input *in,
               struct arena *arena)
{
    struct jwt_said said = {.stopped = false};
    struct judge j = {.out = out, .found = found, .in = in, .arena = arena, .said = &said};
    struct part part[3] = {{.padding = false}};
    struct str token;
    bool absent = false;

    *found = (struct jwt_found){STR(""), STR("")};
    if (!find_token(&j, &token, &absent)) {
        said.stopped = true;
        end_reading(&j);
        tell(out, &said, absent, arena);
        return;
    }
    jwt_hash(out, token, arena);
    if (split_token(&j, token, part))
        read_parts(&j, part);
    end_reading(&j);
    jwt_meet(out, &said, found, in, arena);
}

void jwt_identity(struct record *out, struct str payload, bool old, struct arena *arena)
{
    static const enum claim who[] = {SUB, ORGANIZATION, PRACTITIONER};
    struct jwt_input in = {.old = old};
    struct jwt_said said = {.stopped = false};
    struct judge j = {.out = out, .in = &in, .arena = arena, .said = &said};
    struct part part = {.bytes = payload};

    if (parse_part(&j, &j.payload, &j.payload_tokens, &part)) {
        for (size_t i = 0; i < sizeof who / sizeof who[0]; i++) {
            const struct token *k = raw_member(&j.payload, claims[who[i]].name);

            if (lookup_is(k, claims[who[i]].kind))
                j.claim[who[i]] = k;
        }
        if (j.claim[SUB])
            set(&j, COLUMN_JWT_SUB, lookup_text(&j.payload, j.claim[SUB]));
        identity_organization(&j.id, out, &j.payload, j.claim[ORGANIZATION], old);
        identity_practitioner(&j.id, out, &j.payload, j.claim[PRACTITIONER]);
    }
    end_reading(&j);
}
