/* columns.c - see columns.h. That a record of a shape is as good as the one compared rests on
 * what a shape fixes (shape.h): the members there are, and whether each is a string, a
 * number or something else. What a value can change beside itself is looked at in each row;
 * wherever that is not plainly good, the row is read in full.
 *
 * Tokens are kept by what jwt_read() can see of them: the shapes of both parts, their values
 * but iat, exp and aud, and what the interaction asks of a token. Values are compared by
 * their numbers in the dictionaries, others by two hashes with random seeds, 128 bits. Texts
 * that come again are kept once; their number there is what value.same tells. */
#include "trail/columns.h"

#include "base/base64url.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/mix.h"
#include "record/audit.h"
#include "record/jwt.h"
#include "record/nhs_number.h"
#include "record/text.h"
#include "record/timestamp.h"
#include "trail/leaf.h"

enum {
    TOKEN_SLOTS = 1 << 18,
    TOKENS_MAX = 1 << 17,
    TEXTS_MAX = 1 << 20, /* numbers given away before they begin anew */
    INTERACTION_SLOTS = 256,
    TRIES_MAX = 16,
    VALIDITIES = 4,
    CODE_SETS = 32,
    TOKEN_FIRST = COLUMN_JWT_STATE,
    TOKEN_COLUMNS = COLUMN_DEVICE_VERSION - COLUMN_JWT_STATE + 1
};

/* How a leaf becomes a column. */
enum way {
    WAY_TEXT,
    WAY_HEADER,  /* the first of its name, a string or a number */
    WAY_NUMBER,  /* a whole one from 0 on */
    WAY_STATUS,
    WAY_DURATION,
    WAY_TIME,
    WAY_SOURCE,
    WAY_KIND,
    WAY_FILLED,  /* a string that is not empty */
    WAY_PATIENT,
    WAY_SPINE
};

struct path {
    const char *name;
    enum column column;
    enum way way;
    bool always; /* read though it is not asked for: others hang on it */
};

static const struct path paths[] = {
    {".time", COLUMN_TIME_RAW, WAY_TIME, true},
    {".source", COLUMN_SOURCE_NAME, WAY_SOURCE, true},
    {".seq", COLUMN_SOURCE_SEQ, WAY_NUMBER, true},
    {".kind", COLUMN_KIND, WAY_KIND, true},
    {".request.method", COLUMN_HTTP_METHOD, WAY_TEXT, true},
    {".response.status", COLUMN_HTTP_STATUS, WAY_STATUS, true},
    {".response.durationMs", COLUMN_HTTP_DURATION_MS, WAY_DURATION, false},
    {".response.bytes", COLUMN_HTTP_BYTES, WAY_NUMBER, false},
    {".response.matches", COLUMN_PATIENT_MATCHES, WAY_NUMBER, false},
    {".response.error", COLUMN_HTTP_ERROR, WAY_TEXT, false},
    {".response.outcome.issue.0.code", COLUMN_FHIR_ISSUE, WAY_TEXT, false},
    {".response.outcome.issue.0.diagnostics", COLUMN_FHIR_DIAGNOSTICS, WAY_TEXT, false},
    {".response.outcome.issue.0.details.coding.0.code", COLUMN_FHIR_SPINE_CODE_RAW, WAY_SPINE,
     false},
    {".provider.ods", COLUMN_PRACTICE_ODS, WAY_FILLED, true},
    {".provider.asid", COLUMN_PROVIDER_ASID, WAY_TEXT, false},
    {".provider.system", COLUMN_PROVIDER_SYSTEM, WAY_TEXT, false},
    {".provider.version", COLUMN_PROVIDER_VERSION, WAY_TEXT, false},
    {".client.ip", COLUMN_CLIENT_IP, WAY_TEXT, false},
    {".client.tls.version", COLUMN_CLIENT_TLS_VERSION, WAY_TEXT, false},
    {".client.tls.cipher", COLUMN_CLIENT_TLS_CIPHER, WAY_TEXT, false},
    {".client.tls.subject", COLUMN_CLIENT_TLS_SUBJECT, WAY_TEXT, false},
    {".client.tls.serial", COLUMN_CLIENT_TLS_SERIAL, WAY_TEXT, false},
    {".patient.id", COLUMN_PATIENT_ID, WAY_TEXT, false},
    {".patient.nhsNumber", COLUMN_PATIENT_NHS_NUMBER, WAY_PATIENT, false},
    {".request.headers.ssp-traceid", COLUMN_SSP_TRACE_ID, WAY_HEADER, false},
    {".request.headers.ssp-from", COLUMN_SSP_FROM, WAY_HEADER, false},
    {".request.headers.ssp-to", COLUMN_SSP_TO, WAY_HEADER, false},
    {".request.headers.ssp-interactionid", COLUMN_SSP_INTERACTION, WAY_HEADER, true},
    {".request.headers.user-agent", COLUMN_HTTP_USER_AGENT, WAY_HEADER, false},
    {".request.headers.x-request-id", COLUMN_HTTP_REQUEST_ID, WAY_HEADER, false}};

/* Columns that no value alone says. */
static const enum column in_full[] = {COLUMN_HTTP_URL, COLUMN_HTTP_PATH, COLUMN_HTTP_QUERY,
                                      COLUMN_GPC_ASKED};

struct wanted_leaf {
    uint16_t label;
    bool number;
    const struct path *path;
    uint32_t *same; /* by entry of the label: its number; 0: not asked for yet */
    uint32_t entries;
};

enum verdict { UNTRIED, GOOD, BAD };

/* What is known of the texts of one shape. */
struct outline {
    bool names_patient; /* URL, payload: one may stand in it */
    uint8_t verdict;         /* record; payload: of no BAD one tokens are kept */
    uint8_t tries;           /* record: rows that could not be compared */
    struct wanted_leaf *leaf; /* record: those to be read; header, payload: what is kept */
    uint16_t leaves;
    uint16_t iat, exp, aud;   /* payload; LABEL_NONE */
};

/* What the tokens of one kind say. */
struct token_kind {
    uint64_t a, b;
    struct jwt_said said;
    size_t values;
    struct said_value {
        uint8_t column, kind; /* enum value_kind: a text or an integer */
        uint32_t number;      /* the integer, or of its text */
    } value[];
};

struct interaction_slot {
    struct str id; /* at NULL: empty */
    const struct interaction *row;
    struct value gpc[5]; /* its columns */
};

struct columns {
    bool wanted[COLUMN_COUNT];
    bool always_full, wants_token;
    const struct zone *zone;
    uint64_t generation;
    struct outline **outline; /* by shape; NULL: not looked at */
    size_t outlines;
    struct token_kind **slot;
    size_t tokens;
    struct dictionary texts;
    uint32_t given; /* numbers, before the dictionary's first */
    struct interaction_slot interaction[INTERACTION_SLOTS];
    uint64_t seed[2];
    struct value validity[VALIDITIES];
    uint64_t codes[CODE_SETS][JWT_CODE_WORDS];
    uint32_t code_sets;
    struct timestamp_hour hour;
    struct buf header, payload; /* a token's parts, decoded */
    struct arena outlines_arena, texts_arena, once;
};

struct columns *columns_new(const bool wanted[COLUMN_COUNT], const struct zone *zone)
{
    struct columns *c = xcalloc(1, sizeof *c);

    memcpy(c->wanted, wanted, sizeof c->wanted);
    c->wanted[COLUMN_FHIR_SPINE_CODE_RAW] |= wanted[COLUMN_FHIR_SPINE_CODE];
    c->wanted[COLUMN_PATIENT_NHS_NUMBER] |= wanted[COLUMN_PATIENT_NHS_VALID] ||
                                            wanted[COLUMN_PATIENT_REF];
    for (size_t i = 0; i < sizeof in_full / sizeof in_full[0]; i++)
        c->always_full |= wanted[in_full[i]];
    for (int i = TOKEN_FIRST; i < TOKEN_FIRST + TOKEN_COLUMNS; i++)
        c->wants_token |= wanted[i];
    c->zone = zone;
    c->slot = xcalloc(TOKEN_SLOTS, sizeof(struct token_kind *));
    c->generation = UINT64_MAX;
    hash_random(c->seed, sizeof c->seed);
    return c;
}

/* Shapes and values are numbered anew. */
static void restart(struct columns *c)
{
    memset(c->slot, 0, TOKEN_SLOTS * sizeof(struct token_kind *));
    c->tokens = 0;
    c->given += c->texts.count;
    dictionary_release(&c->texts);
    arena_reset(&c->texts_arena);
    free(c->outline);
    c->outline = NULL;
    c->outlines = 0;
    memset(c->interaction, 0, sizeof c->interaction);
    memset(c->validity, 0, sizeof c->validity);
    arena_reset(&c->outlines_arena);
}

void columns_free(struct columns *c)
{
    if (!c)
        return;
    free(c->outline);
    free(c->slot);
    buf_release(&c->header);
    buf_release(&c->payload);
    arena_release(&c->hour.arena);
    arena_release(&c->outlines_arena);
    dictionary_release(&c->texts);
    arena_release(&c->texts_arena);
    arena_release(&c->once);
    free(c);
}

/* A text as a value that tells its number. */
static struct value numbered(const struct columns *c, uint32_t entry)
{
    return (struct value){.kind = VALUE_TEXT, .same = c->given + entry + 1,
                          .text = c->texts.entry[entry]};
}

static bool plain(struct str s)
{
    return s.len == 0 || !memchr(s.at, '\\', s.len);
}

static void set(struct record *out, enum column c, struct str text)
{
    out->column[c] = (struct value){.kind = VALUE_TEXT, .text = text};
}

static void set_integer(struct record *out, enum column c, int64_t v)
{
    out->column[c] = (struct value){.kind = VALUE_INTEGER, .integer = v};
}

/* ---- what shapes fix ---- */

static const struct path *path_of(struct str name)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (paths[i].way == WAY_HEADER ? str_equal_nocase(name, str_of(paths[i].name))
                                       : str_equal(name, str_of(paths[i].name)))
            return &paths[i];
    return NULL;
}

static void keep_leaf(struct outline *o, const struct model *m, uint16_t label,
                      const struct path *path)
{
    o->leaf[o->leaves++] =
        (struct wanted_leaf){.label = label, .number = m->label[label].number, .path = path};
}

static void look_at_record(struct columns *c, struct outline *o, const struct model *m,
                           const struct shape *s)
{
    bool seen[COLUMN_COUNT] = {false};

    for (size_t i = 0; i < s->leaves; i++) {
        const struct path *path = path_of(m->label[s->label[i]].name);

        if (!plain(m->label[s->label[i]].name))
            o->verdict = BAD; /* a member's name is not what stands here */
        if (path && !seen[path->column] && (path->always || c->wanted[path->column])) {
            seen[path->column] = true;
            keep_leaf(o, m, s->label[i], path);
        }
    }
    if (s->token < 0 || s->url < 0 || s->more_holders)
        o->verdict = BAD;
}

/* Does the judge look at what stands there, beside iat, exp and aud? */
static bool is_looked_at(struct str name)
{
    static const char *const looked_at[] = {".iss", ".sub", ".reason_for_request",
                                            ".requested_scope"};

    for (size_t i = 0; i < sizeof looked_at / sizeof looked_at[0]; i++)
        if (str_equal(name, str_of(looked_at[i])))
            return true;
    return str_starts(name, STR(".requesting_")) &&
           !str_starts(name, STR(".requesting_record"));
}

static void look_at_payload(struct outline *o, const struct model *m, const struct shape *s)
{
    o->iat = o->exp = o->aud = LABEL_NONE;
    for (size_t i = 0; i < s->leaves; i++) {
        uint16_t label = s->label[i];
        struct str name = m->label[label].name;

        if (!plain(name))
            o->verdict = BAD;
        o->names_patient |= !plain(name) || str_starts(name, STR(".requested_record")) ||
                            str_starts(name, STR(".requesting_record"));
        if (str_equal(name, STR(".iat")))
            o->iat = label;
        else if (str_equal(name, STR(".exp")))
            o->exp = label;
        else if (str_equal(name, STR(".aud")))
            o->aud = label;
        else if (is_looked_at(name))
            keep_leaf(o, m, label, NULL);
    }
}

/* A parameter `identifier` of a URL stands in its pieces: a word of digits cannot hold it. */
static void look_at_url(struct columns *c, struct outline *o, const struct model *m,
                        const struct shape *s)
{
    static const struct str word = {"identifier", 10};

    for (size_t i = 0; i <= s->leaves; i++) {
        struct str piece = url_decode(m->shapes.pieces.entry[s->piece[i]], &c->once);

        for (size_t at = 0; at + word.len <= piece.len; at++)
            o->names_patient |= memcmp(piece.at + at, word.at, word.len) == 0;
    }
}

static struct outline *outline_of(struct columns *c, const struct model *m,
                                  const struct shape *s)
{
    size_t number = (size_t)(s - m->shapes.shape);
    struct outline *o;

    if (number >= c->outlines) {
        size_t n = (number + 64) * 2;

        c->outline = xrealloc(c->outline, n * sizeof(struct outline *));
        memset(c->outline + c->outlines, 0, (n - c->outlines) * sizeof(struct outline *));
        c->outlines = n;
    }
    if (c->outline[number])
        return c->outline[number];
    o = arena_alloc(&c->outlines_arena, sizeof *o);
    *o = (struct outline){.verdict = UNTRIED};
    o->leaf = arena_alloc(&c->outlines_arena, (s->leaves + 1U) * sizeof *o->leaf);
    c->outline[number] = o;
    switch ((enum shape_kind)s->kind) {
    case SHAPE_RECORD:
        look_at_record(c, o, m, s);
        break;
    case SHAPE_HEADER:
        for (size_t i = 0; i < s->leaves; i++)
            keep_leaf(o, m, s->label[i], NULL);
        break;
    case SHAPE_PAYLOAD:
        look_at_payload(o, m, s);
        break;
    case SHAPE_URL:
        look_at_url(c, o, m, s);
        break;
    case SHAPE_KINDS:
        break;
    }
    return o;
}

/* ---- the record itself ---- */

static bool take_text(struct record *out, enum column c, struct str text)
{
    set(out, c, text);
    return plain(text);
}

static bool take_number(struct record *out, enum column c, struct str text)
{
    int64_t n;

    if (!leaf_integer_read(text, &n) || n < 0)
        return false;
    set_integer(out, c, n);
    return true;
}

/* What is said of a patient's number, one of few texts. */
static struct value validity_of(struct columns *c, struct str text)
{
    struct value *v = c->validity;

    while (v < c->validity + VALIDITIES - 1 && v->kind == VALUE_TEXT && v->text.at != text.at)
        v++;
    if (v->kind != VALUE_TEXT || v->text.at != text.at) {
        *v = numbered(c, dictionary_put(&c->texts, text, &c->texts_arena));
        v->text = text;
    }
    return *v;
}

/* False: read the record in full. */
static bool take_leaf(struct columns *c, struct record *out, const struct wanted_leaf *leaf,
                      struct str text, struct arena *arena)
{
    enum column to = leaf->path->column;
    bool number = leaf->path->way == WAY_NUMBER || leaf->path->way == WAY_STATUS ||
                  leaf->path->way == WAY_DURATION;
    double ms;
    int64_t us;

    if (leaf->number != number && leaf->path->way != WAY_HEADER)
        return true; /* of another type: nothing is said */
    switch (leaf->path->way) {
    case WAY_TEXT:
    case WAY_HEADER:
        return take_text(out, to, text);
    case WAY_NUMBER:
        return take_number(out, to, text);
    case WAY_STATUS:
        if (text.len != 3 || text.at[0] == '0' || !take_number(out, to, text))
            return false;
        out->column[to].same = (uint32_t)out->column[to].integer;
        return true;
    case WAY_DURATION:
        if (!text_number(text, &ms, arena) || ms < 0)
            return false;
        out->column[to] = (struct value){.kind = VALUE_NUMBER, .number = ms + 0.0};
        return true;
    case WAY_TIME:
        if (!take_text(out, to, text) || !timestamp_parse(text, &us))
            return false;
        timestamp_near(&c->hour, out, us, c->zone);
        return true;
    case WAY_SOURCE:
        return text.len > 0 && text.len <= LIMIT_SOURCE_BYTES && take_text(out, to, text);
    case WAY_KIND:
        return take_text(out, to, text) && str_equal(text, STR("request"));
    case WAY_FILLED:
        return text.len > 0 && take_text(out, to, text);
    case WAY_PATIENT:
        if (text.len == 0 || !take_text(out, to, text))
            return false;
        out->column[COLUMN_PATIENT_NHS_VALID] = validity_of(c, nhs_number_judge(text));
        return true;
    case WAY_SPINE:
        if (text.len == 0 || !take_text(out, to, text))
            return false;
        set(out, COLUMN_FHIR_SPINE_CODE, audit_spine_code(text, arena));
        return true;
    }
    return false;
}

/* The number of a text that is an entry of the label's dictionary. */
static uint32_t number_of(struct columns *c, struct wanted_leaf *leaf, uint32_t entry,
                          struct str text)
{
    if (entry >= leaf->entries) {
        uint32_t n = (entry + 32) * 2;
        uint32_t *same = arena_alloc(&c->outlines_arena, n * sizeof *same);

        memset(same, 0, n * sizeof *same);
        if (leaf->entries)
            memcpy(same, leaf->same, leaf->entries * sizeof *same);
        leaf->same = same;
        leaf->entries = n;
    }
    if (leaf->same[entry] == 0)
        leaf->same[entry] = c->given + dictionary_put(&c->texts, text, &c->texts_arena) + 1;
    return leaf->same[entry];
}

static bool has(const struct record *out, enum column c)
{
    return out->column[c].kind != VALUE_MISSING;
}

static const enum column gpc[] = {COLUMN_GPC_CAPABILITY, COLUMN_GPC_OPERATION,
                                  COLUMN_GPC_ACCESS, COLUMN_GPC_VERSION, COLUMN_GPC_PROFILE};
enum { GPC = sizeof gpc / sizeof gpc[0] };

/* NULL: it is not in the catalogue. */
static const struct interaction_slot *interaction_of(struct columns *c, struct str id)
{
    struct interaction_slot *s =
        &c->interaction[mix(c->seed[0], id) % INTERACTION_SLOTS];

    if (!s->id.at || !str_equal(s->id, id)) {
        const struct interaction *row = catalogue_find(id);
        struct record r = {.reject = REJECT_NONE};

        if (!row)
            return NULL;
        audit_interaction(&r, row);
        *s = (struct interaction_slot){.id = row->id, .row = row};
        for (int i = 0; i < GPC; i++)
            if (r.column[gpc[i]].kind == VALUE_TEXT)
                s->gpc[i] = numbered(c, dictionary_put(&c->texts, r.column[gpc[i]].text,
                                                       &c->texts_arena));
    }
    return s;
}

static bool lacks_patient(const struct columns *c, const struct record *out)
{
    return c->wanted[COLUMN_PATIENT_NHS_NUMBER] && !has(out, COLUMN_PATIENT_NHS_NUMBER);
}

/* The columns that the record has of its own, and its row of the catalogue; NULL: read it in
 * full. */
static const struct interaction *take_record(struct columns *c, struct decoder *d,
                                             struct outline *o, struct record *out,
                                             struct arena *arena)
{
    const struct interaction_slot *s;

    for (size_t i = 0; i < o->leaves; i++) {
        struct wanted_leaf *leaf = &o->leaf[i];
        struct value *v = &out->column[leaf->path->column];
        struct str text = decoder_text(d, leaf->label);
        uint32_t entry = decoder_value(d, leaf->label)->entry;

        if (!take_leaf(c, out, leaf, text, arena))
            return NULL;
        if (v->kind == VALUE_TEXT && entry != DICTIONARY_NONE)
            v->same = number_of(c, leaf, entry, text);
    }
    if (!has(out, COLUMN_TIME) || !has(out, COLUMN_PRACTICE_ODS) ||
        !has(out, COLUMN_HTTP_STATUS) || record_text(out, COLUMN_SSP_INTERACTION).len == 0)
        return NULL;
    if (!has(out, COLUMN_KIND))
        set(out, COLUMN_KIND, STR("request"));
    s = interaction_of(c, record_text(out, COLUMN_SSP_INTERACTION));
    for (int i = 0; s && i < GPC; i++)
        out->column[gpc[i]] = s->gpc[i];
    return s ? s->row : NULL;
}

/* ---- its token ---- */

static void mix_value(uint64_t h[2], struct decoder *d, uint16_t label)
{
    const struct now *now = decoder_value(d, label);
    uint64_t number = (uint64_t)label << 32 | now->entry;

    if (now->entry == DICTIONARY_NONE) {
        mix_two(h, decoder_text(d, label));
    } else {
        h[0] = mix_fold(h[0] ^ number, 0xd6e8feb86659fd93ULL);
        h[1] = mix_fold(h[1] ^ number, 0x8ebc6af09c88c6e3ULL);
    }
}

static void write_part(struct buf *out, struct decoder *d, const struct shape *s)
{
    const struct str *piece = d->model->shapes.pieces.entry;

    buf_clear(out);
    for (size_t i = 0; i < s->leaves; i++) {
        buf_put_str(out, piece[s->piece[i]]);
        buf_put_str(out, decoder_text(d, s->label[i]));
    }
    buf_put_str(out, piece[s->piece[s->leaves]]);
}

static struct jwt_input input_of(const struct record *out, const struct interaction *row)
{
    return (struct jwt_input){.old = str_equal(row->version, STR("0.x")),
                              .migrate = row->migrate, .scope = row->scope, .has_time = true,
                              .time_us = out->column[COLUMN_TIME].integer,
                              .practice = record_text(out, COLUMN_PRACTICE_ODS)};
}

/* What tokens like this one say; it is not known yet. */
static struct token_kind *learn_token(struct columns *c, struct decoder *d,
                                      const struct shape *header, const struct shape *payload,
                                      const struct jwt_input *in)
{
    struct token_kind *k =
        arena_alloc(&c->texts_arena, sizeof *k + TOKEN_COLUMNS * sizeof k->value[0]);
    struct jwt_found found;
    struct record r;

    write_part(&c->header, d, header);
    write_part(&c->payload, d, payload);
    memset(&r, 0, sizeof r);
    jwt_read(&r, &k->said, &found, in, buf_str(&c->header), buf_str(&c->payload), &c->once);
    k->values = 0;
    for (int i = TOKEN_FIRST; i < TOKEN_FIRST + TOKEN_COLUMNS; i++) {
        const struct value *v = &r.column[i];

        if (v->kind == VALUE_MISSING || i == COLUMN_JWT_IAT || i == COLUMN_JWT_EXP ||
            i == COLUMN_JWT_AUD)
            continue;
        k->value[k->values++] = (struct said_value){
            (uint8_t)i, (uint8_t)v->kind,
            v->kind == VALUE_TEXT ? dictionary_put(&c->texts, v->text, &c->texts_arena)
                                  : (uint32_t)v->integer};
    }
    return k;
}

static const struct token_kind *token_of(struct columns *c, struct decoder *d,
                                         const struct shape *header,
                                         const struct shape *payload,
                                         const struct jwt_input *in)
{
    const struct outline *parts[2] = {outline_of(c, d->model, header),
                                      outline_of(c, d->model, payload)};
    uint64_t outline[3] = {(uint64_t)(header - d->model->shapes.shape),
                           (uint64_t)(payload - d->model->shapes.shape),
                           (uint64_t)in->old << 1 | in->migrate};
    uint64_t h[2] = {c->seed[0], c->seed[1]};
    size_t at;

    mix_two(h, (struct str){(const char *)outline, sizeof outline});
    mix_two(h, in->scope);
    for (int p = 0; p < 2; p++)
        for (size_t i = 0; i < parts[p]->leaves; i++)
            mix_value(h, d, parts[p]->leaf[i].label);
    for (at = h[0] % TOKEN_SLOTS; c->slot[at]; at = (at + 1) % TOKEN_SLOTS)
        if (c->slot[at]->a == h[0] && c->slot[at]->b == h[1])
            return c->slot[at];
    c->tokens++;
    c->slot[at] = learn_token(c, d, header, payload, in);
    c->slot[at]->a = h[0];
    c->slot[at]->b = h[1];
    return c->slot[at];
}

/* A number of the payload; false: the token is to be read in full. */
static bool claim_number(struct decoder *d, uint16_t label, bool *is, int64_t *v)
{
    *is = label != LABEL_NONE && d->model->label[label].number;
    return !*is || leaf_integer_read(decoder_text(d, label), v);
}

static void hash_token(struct columns *c, struct decoder *d, const struct shape *header,
                       const struct shape *payload, struct record *out, struct arena *arena)
{
    char *text, *hex = arena_alloc(arena, 2 * HASH_BYTES + 1);
    uint8_t sha[HASH_BYTES];
    struct str token;
    size_t n;

    write_part(&c->header, d, header);
    write_part(&c->payload, d, payload);
    text = arena_alloc(&c->once, base64url_length(c->header.len) +
                                     base64url_length(c->payload.len) + 2);
    n = base64url_encode(text, buf_str(&c->header));
    text[n++] = '.';
    n += base64url_encode(text + n, buf_str(&c->payload));
    text[n++] = '.';
    token = (struct str){text, n};
    hash_sha256(sha, &token, 1);
    hash_hex(hex, sha, sizeof sha);
    set(out, COLUMN_JWT_HASH, (struct str){hex, 2 * HASH_BYTES});
}

/* The number of a set of codes; 0 where there are too many. */
static uint32_t number_of_codes(struct columns *c, const struct jwt_said *said)
{
    for (uint32_t i = 0; i < c->code_sets; i++)
        if (memcmp(c->codes[i], said->code, sizeof said->code) == 0)
            return i + 1;
    if (c->code_sets == CODE_SETS)
        return 0;
    memcpy(c->codes[c->code_sets++], said->code, sizeof said->code);
    return c->code_sets;
}

static bool take_token(struct columns *c, struct decoder *d,
                       const struct interaction *call, struct record *out,
                       struct arena *arena)
{
    const struct shape *header = decoder_shape(d, SHAPE_HEADER);
    const struct shape *payload = decoder_shape(d, SHAPE_PAYLOAD);
    struct jwt_input in = input_of(out, call);
    const struct outline *o;
    const struct token_kind *k;
    bool has_iat, has_exp;
    struct jwt_said said;
    struct jwt_found found = {STR(""), STR("")};
    int64_t iat, exp;

    if (!header || !payload || decoder_text(d, LABEL_SIGNATURE).len > 0)
        return false;
    o = outline_of(c, d->model, payload);
    if (o->verdict == BAD || !claim_number(d, o->iat, &has_iat, &iat) ||
        !claim_number(d, o->exp, &has_exp, &exp))
        return false;
    if (o->aud != LABEL_NONE && !d->model->label[o->aud].number &&
        !plain(decoder_text(d, o->aud)))
        return false;
    k = token_of(c, d, header, payload, &in);
    for (size_t i = 0; i < k->values; i++)
        out->column[k->value[i].column] =
            k->value[i].kind == VALUE_TEXT
                ? numbered(c, k->value[i].number)
                : (struct value){.kind = VALUE_INTEGER, .integer = k->value[i].number};
    if (has_iat)
        set_integer(out, COLUMN_JWT_IAT, iat);
    if (has_exp)
        set_integer(out, COLUMN_JWT_EXP, exp);
    if (o->aud != LABEL_NONE && !d->model->label[o->aud].number)
        set(out, COLUMN_JWT_AUD, decoder_text(d, o->aud));
    said = k->said;
    jwt_meet(out, &said, &found, &in, arena);
    out->column[COLUMN_JWT_VIOLATIONS].same = number_of_codes(c, &said);
    if (c->wanted[COLUMN_JWT_HASH])
        hash_token(c, d, header, payload, out, arena);
    return true;
}

/* ---- a row ---- */

/* May the URL or the token name one, where the record does not? */
static bool may_name_patient(struct columns *c, struct decoder *d, const struct shape *url)
{
    const struct shape *payload = decoder_shape(d, SHAPE_PAYLOAD);

    return !payload || outline_of(c, d->model, url)->names_patient ||
           outline_of(c, d->model, payload)->names_patient;
}

static bool read_parts(struct columns *c, struct decoder *d, const struct shape *s,
                       const struct record_input *in, struct record *out,
                       struct arena *arena)
{
    const struct shape *url = decoder_shape(d, SHAPE_URL);
    const struct interaction *call;

    memset(out, 0, sizeof *out);
    if (!url)
        return false;
    call = take_record(c, d, outline_of(c, d->model, s), out, arena);
    if (!call || (lacks_patient(c, out) && may_name_patient(c, d, url)) ||
        (c->wants_token && !take_token(c, d, call, out, arena)))
        return false;
    record_frame(out, in);
    return !d->bad;
}

static bool same_value(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == VALUE_TEXT)
        return str_equal(a->text, b->text);
    if (a->kind == VALUE_NUMBER)
        return !(a->number < b->number) && !(a->number > b->number);
    if (a->kind != VALUE_LIST)
        return a->kind == VALUE_MISSING || a->integer == b->integer;
    for (size_t i = 0; i < a->list.count && a->list.count == b->list.count; i++)
        if (!str_equal(a->list.at[i], b->list.at[i]))
            return false;
    return a->list.count == b->list.count;
}

/* Both ways were gone for one row. */
static bool same_columns(const struct columns *c, const struct record *parts,
                         const struct record *full)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        if ((c->wanted[i] || parts->column[i].kind != VALUE_MISSING) &&
            !same_value(&parts->column[i], &full->column[i]))
            return false;
    return full->reject == REJECT_NONE;
}

static int read_in_full(struct columns *c, struct block_reader *b, struct record_input *in,
                        struct record *out, struct arena *arena, struct err *err)
{
    const struct block_row *row = &b->row[b->at - 1];
    int rc = block_write(b, arena_alloc(arena, row->bytes.len), err);

    in->bytes = row->bytes;
    if (rc == 0)
        record_read(out, in, c->zone, arena);
    return rc;
}

int columns_read(struct columns *c, struct block_reader *b, uint64_t generation,
                 struct record_input *in, struct record *out, struct arena *arena,
                 struct err *err)
{
    struct decoder *d = &b->decoder;
    const struct shape *s;
    struct outline *o;
    struct record parts;
    int rc;

    if (generation != c->generation || c->tokens >= TOKENS_MAX ||
        c->texts.count >= TEXTS_MAX)
        restart(c);
    c->generation = generation;
    arena_reset(&c->once);
    s = c->always_full || in->format != FORMAT_GPC_AUDIT || in->too_large
            ? NULL : decoder_shape(d, SHAPE_RECORD);
    o = s ? outline_of(c, d->model, s) : NULL;
    if (o && o->verdict == GOOD && read_parts(c, d, s, in, out, arena)) {
        block_pass(b);
        return 0;
    }
    if ((rc = read_in_full(c, b, in, out, arena, err)) < 0 || !o)
        return rc;
    if (o->verdict != UNTRIED)
        return 0;
    if (read_parts(c, d, s, in, &parts, arena))
        o->verdict = same_columns(c, &parts, out) ? GOOD : BAD;
    else if (++o->tries == TRIES_MAX)
        o->verdict = BAD;
    return 0;
}
