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
#include "trail/outline.h"

enum {
    TOKEN_SLOTS = 1 << 18,
    TOKENS_MAX = 1 << 17,
    TEXTS_MAX = 1 << 20, /* numbers given away before they begin anew */
    INTERACTION_SLOTS = 256,
    TRIES_MAX = 16,
    CODE_SETS = 32,
    TOKEN_FIRST = COLUMN_JWT_STATE,
    TOKEN_COLUMNS = COLUMN_DEVICE_VERSION - COLUMN_JWT_STATE + 1
};

/* Columns that no value alone says. */
static const enum column in_full[] = {COLUMN_HTTP_URL, COLUMN_HTTP_PATH, COLUMN_HTTP_QUERY,
                                      COLUMN_GPC_ASKED};

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
    bool always_full, wants_token, marks;
    const struct zone *zone;
    uint64_t generation;
    struct outlines outlines;
    struct token_kind **slot;
    size_t tokens;
    struct dictionary texts;
    uint32_t given; /* numbers, before the dictionary's first */
    struct interaction_slot interaction[INTERACTION_SLOTS];
    uint64_t seed[2];
    uint64_t codes[CODE_SETS][JWT_CODE_WORDS];
    uint32_t code_sets;
    struct timestamp_hour hour;
    struct buf header, payload; /* a token's parts, decoded */
    struct arena texts_arena, once;
};

struct columns *columns_new(const bool wanted[COLUMN_COUNT], bool marks,
                            const struct zone *zone)
{
    struct columns *c = xcalloc(1, sizeof *c);

    memcpy(c->outlines.wanted, wanted, sizeof c->outlines.wanted);
    c->outlines.wanted[COLUMN_FHIR_SPINE_CODE_RAW] |= wanted[COLUMN_FHIR_SPINE_CODE];
    c->outlines.wanted[COLUMN_PATIENT_NHS_NUMBER] |= wanted[COLUMN_PATIENT_NHS_VALID] ||
                                            wanted[COLUMN_PATIENT_REF];
    for (size_t i = 0; i < sizeof in_full / sizeof in_full[0]; i++)
        c->always_full |= wanted[in_full[i]];
    c->marks = c->wants_token = marks;
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
    if (c->tokens > 0)
        memset(c->slot, 0, TOKEN_SLOTS * sizeof(struct token_kind *));
    c->tokens = 0;
    c->given += c->texts.count;
    dictionary_release(&c->texts);
    arena_reset(&c->texts_arena);
    outlines_restart(&c->outlines);
    memset(c->interaction, 0, sizeof c->interaction);
}

void columns_free(struct columns *c)
{
    if (!c)
        return;
    outlines_release(&c->outlines);
    free(c->slot);
    buf_release(&c->header);
    buf_release(&c->payload);
    arena_release(&c->hour.arena);
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

static uint32_t keep(struct columns *c, struct str text)
{
    return dictionary_put(&c->texts, text, &c->texts_arena);
}

static struct value kept(struct columns *c, struct str text)
{
    return numbered(c, keep(c, text));
}

static void set(struct record *out, enum column c, struct str text)
{
    out->column[c] = (struct value){.kind = VALUE_TEXT, .text = text};
}

static void set_integer(struct record *out, enum column c, int64_t v)
{
    out->column[c] = (struct value){.kind = VALUE_INTEGER, .integer = v};
}

/* ---- the record itself ---- */

static bool take_text(struct record *out, enum column c, struct str text)
{
    set(out, c, text);
    return leaf_plain(text);
}

static bool take_number(struct record *out, enum column c, struct str text)
{
    int64_t n;

    if (!leaf_integer_read(text, &n) || n < 0)
        return false;
    set_integer(out, c, n);
    return true;
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
        out->column[COLUMN_PATIENT_NHS_VALID] = kept(c, nhs_number_judge(text));
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
    uint32_t *place = renumber_place(&leaf->known, entry + 1);

    if (!place)
        return 0;
    if (*place == 0)
        *place = kept(c, text).same;
    return *place;
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
                s->gpc[i] = kept(c, r.column[gpc[i]].text);
    }
    return s;
}

static bool lacks_patient(const struct columns *c, const struct record *out)
{
    return c->outlines.wanted[COLUMN_PATIENT_NHS_NUMBER] &&
           !has(out, COLUMN_PATIENT_NHS_NUMBER);
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
            v->kind == VALUE_TEXT ? keep(c, v->text) : (uint32_t)v->integer};
    }
    return k;
}

static const struct token_kind *token_of(struct columns *c, struct decoder *d,
                                         const struct shape *header,
                                         const struct shape *payload,
                                         const struct jwt_input *in)
{
    const struct outline *parts[2] = {outline_of(&c->outlines, d->model, header),
                                      outline_of(&c->outlines, d->model, payload)};
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
    struct str token;
    char *text;
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
    jwt_hash(out, token, arena);
}

/* Columns alone decide, so that both ways give one token the same mark. */
static void mark_token(const struct columns *c, struct record *out, struct arena *arena)
{
    const struct value times[2] = {out->column[COLUMN_JWT_IAT], out->column[COLUMN_JWT_EXP]};
    uint64_t h[2] = {c->seed[0], c->seed[1]};
    char *text = arena_alloc(arena, sizeof h[0]);

    mix_two(h, record_text(out, COLUMN_USER_KEY));
    mix_two(h, record_text(out, COLUMN_JWT_AUD));
    for (int i = 0; i < 2; i++)
        if (times[i].kind == VALUE_INTEGER)
            mix_two(h, (struct str){(const char *)&times[i].integer, sizeof(int64_t)});
    memcpy(text, h, sizeof h[0]);
    set(out, COLUMN_JWT_HASH, (struct str){text, sizeof h[0]});
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
    o = outline_of(&c->outlines, d->model, payload);
    if (o->verdict == VERDICT_BAD || !claim_number(d, o->iat, &has_iat, &iat) ||
        !claim_number(d, o->exp, &has_exp, &exp))
        return false;
    if (o->aud != LABEL_NONE && !d->model->label[o->aud].number &&
        !leaf_plain(decoder_text(d, o->aud)))
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
    if (c->marks)
        mark_token(c, out, arena);
    else if (c->outlines.wanted[COLUMN_JWT_HASH])
        hash_token(c, d, header, payload, out, arena);
    return true;
}

/* ---- a row ---- */

/* May the URL or the token name one, where the record does not? */
static bool may_name_patient(struct columns *c, struct decoder *d, const struct shape *url)
{
    const struct shape *payload = decoder_shape(d, SHAPE_PAYLOAD);

    return !payload || outline_of(&c->outlines, d->model, url)->names_patient ||
           outline_of(&c->outlines, d->model, payload)->names_patient;
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
    call = take_record(c, d, outline_of(&c->outlines, d->model, s), out, arena);
    if (!call || (lacks_patient(c, out) && may_name_patient(c, d, url)) ||
        (c->wants_token && !take_token(c, d, call, out, arena)))
        return false;
    record_frame(out, in);
    return !d->bad;
}

/* Both ways were gone for one row. */
static bool same_columns(const struct columns *c, const struct record *parts,
                         const struct record *full)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        if ((c->outlines.wanted[i] || parts->column[i].kind != VALUE_MISSING) &&
            !value_equal(&parts->column[i], &full->column[i]))
            return false;
    return full->reject == REJECT_NONE;
}

static int read_in_full(struct columns *c, struct block_reader *b, struct record_input *in,
                        struct record *out, struct arena *arena, struct err *err)
{
    const struct block_row *row = &b->row[b->at - 1];
    int rc = row->bytes.at ? 0 : block_write(b, arena_alloc(arena, row->bytes.len), err);

    in->bytes = row->bytes;
    if (rc < 0)
        return rc;
    record_read(out, in, c->zone, arena);
    if (c->marks && has(out, COLUMN_JWT_HASH))
        mark_token(c, out, arena);
    return 0;
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
    o = s ? outline_of(&c->outlines, d->model, s) : NULL;
    if (o && o->verdict == VERDICT_GOOD && read_parts(c, d, s, in, out, arena)) {
        block_pass(b);
        return 0;
    }
    if ((rc = read_in_full(c, b, in, out, arena, err)) < 0)
        return rc;
    if (o && o->verdict == VERDICT_UNTRIED) {
        if (read_parts(c, d, s, in, &parts, arena))
            o->verdict = same_columns(c, &parts, out) ? VERDICT_GOOD : VERDICT_BAD;
        else if (++o->tries == TRIES_MAX)
            o->verdict = VERDICT_BAD;
    }
    return 0;
}
