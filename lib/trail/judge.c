/* judge.c - see judge.h. That a record of a known good shape is good too rests on what a
 * shape fixes (record/audit.c): which members there are, and whether each is a string, a
 * number or something else. Values that can make a record malformed are its time, source,
 * seq, kind and status, and no others.
 *
 * User and organisation are a function of the token's header and payload, without its
 * times, audience, scope, reason, issuer and device and without what does not tell who a
 * practitioner is (record/identity.c), and of the generation of the interface, which hangs on
 * interaction, method and the outline of record and URL (record/audit.c, identity.c). Both
 * are kept by a hash with a random seed; that of the identities has 128 bits. */
#include "trail/judge.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/mix.h"
#include "record/jwt.h"
#include "record/nhs_number.h"
#include "record/timestamp.h"
#include "trail/leaf.h"
#include "trail/outline.h"

enum {
    INTERACTIONS = 32,
    GENERATION_SLOTS = 4096,
    MEMO_SLOTS = 1 << 18,
    MEMO_MAX = MEMO_SLOTS / 2
};

enum part {
    PART_TIME,
    PART_SOURCE,
    PART_SEQ,
    PART_KIND,
    PART_STATUS,
    PART_NUMBER,
    PART_PRACTICE,
    PART_METHOD,
    PART_INTERACTION,
    PART_COUNT
};

static const char *const part_names[PART_COUNT] = {
    ".time",          ".source",        ".seq",
    ".kind",          ".response.status", ".patient.nhsNumber",
    ".provider.ods",  ".request.method",  ".request.headers.ssp-interactionid"};

enum column judge_small(int i)
{
    static const enum column columns[JUDGE_SMALL] = {
        COLUMN_SSP_INTERACTION, COLUMN_GPC_CAPABILITY, COLUMN_GPC_OPERATION,
        COLUMN_GPC_ACCESS,      COLUMN_GPC_VERSION,    COLUMN_GPC_PROFILE};

    return columns[i];
}

bool judge_is_small(enum column c)
{
    bool is = false;

    for (int i = 0; i < JUDGE_SMALL; i++)
        is |= c == judge_small(i);
    return is;
}

/* What is known of the texts of one shape. */
struct known {
    bool looked_at, good;
    bool escaped;  /* a member's name is: its path here is not its name; or a header is a
                      number. Such records are read in full */
    bool numbers;  /* URL, payload: may name a patient */
    int16_t part[PART_COUNT]; /* record: leaves, or -1 */
    struct str kind;
    bool *identity; /* payload: by leaf, does it bear on who asks? */
};

/* Whether calls of one kind are of generation 0.x. */
struct generation_slot {
    uint64_t hash; /* 0: empty */
    bool old, inferred;
    struct value small[JUDGE_SMALL];
};

struct identity_slot {
    uint64_t a, b;
    uint32_t user, org; /* entries + 1, 0: missing */
};

struct judge {
    const struct zone *zone;
    struct known *known; /* by shape */
    size_t shapes;
    struct str untouched[INTERACTIONS]; /* interactions that touch no patient */
    size_t interactions;
    struct identity_slot *slot;
    struct generation_slot generation[GENERATION_SLOTS];
    size_t identities, generations;
    struct dictionary users, orgs;
    uint64_t seed[2];
    struct arena texts, names, once;
};

struct judge *judge_new(const struct zone *zone)
{
    struct judge *j = xcalloc(1, sizeof *j);

    j->zone = zone;
    if (!zone)
        return j;
    j->slot = xcalloc(MEMO_SLOTS, sizeof *j->slot);
    hash_random(j->seed, sizeof j->seed);
    return j;
}

static void forget_identities(struct judge *j)
{
    memset(j->slot, 0, MEMO_SLOTS * sizeof *j->slot);
    dictionary_release(&j->users);
    dictionary_release(&j->orgs);
    arena_reset(&j->names);
    j->identities = 0;
}

void judge_restart(struct judge *j)
{
    free(j->known);
    j->known = NULL;
    j->shapes = j->interactions = j->generations = 0;
    memset(j->generation, 0, sizeof j->generation);
    if (j->identities > 0)
        forget_identities(j);
    arena_reset(&j->texts);
}

void judge_free(struct judge *j)
{
    if (!j)
        return;
    free(j->known);
    free(j->slot);
    dictionary_release(&j->users);
    dictionary_release(&j->orgs);
    arena_release(&j->texts);
    arena_release(&j->names);
    arena_release(&j->once);
    free(j);
}

static struct str leaf_text(const struct leaf *leaf, int16_t at)
{
    return (struct str){leaf[at].at, leaf[at].len};
}

/* ---- what shapes fix ---- */

static void look_at_record(struct judge *j, struct known *k, const struct model *m,
                           const struct shape *shape, const struct leaf *leaf)
{
    memset(k->part, 0xff, sizeof k->part);
    for (int16_t i = 0; i < (int16_t)shape->leaves; i++) {
        struct str name = m->label[shape->label[i]].name;

        k->escaped |= !leaf_plain(name) || outline_in_full(&m->label[shape->label[i]]);
        for (int p = 0; p < PART_COUNT; p++)
            if (k->part[p] < 0 && (p == PART_INTERACTION
                                       ? str_equal_nocase(name, str_of(part_names[p]))
                                       : str_equal(name, str_of(part_names[p])))) {
                k->part[p] = i;
                /* A number is no text: what stands for it is found in full. */
                k->escaped |= m->label[shape->label[i]].number &&
                              (p == PART_NUMBER || p == PART_PRACTICE);
            }
    }
    if (k->part[PART_KIND] >= 0)
        k->kind = arena_copy(&j->texts, leaf_text(leaf, k->part[PART_KIND]));
}

/* Values of a payload that do not bear on who asks: neither on the identifiers of person and
 * organisation nor on the subject. Those that end in a point are heads of paths. */
static bool tells_who(struct str name)
{
    static const char *const beside[] = {
        ".iat", ".exp", ".aud", ".iss", ".requested_scope", ".reason_for_request",
        ".requesting_device.", ".requesting_organization.name", ".requesting_practitioner.id",
        ".requesting_practitioner.practitionerRole"};

    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        struct str text = str_of(beside[i]);
        bool head = text.at[text.len - 1] == '.' || i == sizeof beside / sizeof beside[0] - 1;

        if (head ? str_starts(name, text) : str_equal(name, text))
            return false;
    }
    return true;
}

static void look_at_payload(struct judge *j, struct known *k, const struct model *m,
                            const struct shape *shape)
{
    k->identity = arena_alloc(&j->texts, shape->leaves + 1U);
    for (size_t i = 0; i < shape->leaves; i++) {
        struct str name = m->label[shape->label[i]].name;

        k->identity[i] = tells_who(name);
    }
}

static struct known *known_of(struct judge *j, const struct model *m,
                              const struct parted *parts, enum shape_kind kind)
{
    uint32_t number = parts->shape[kind];
    struct known *k;

    if (number == SHAPE_NONE)
        return NULL;
    if (number >= j->shapes) {
        size_t shapes = (number + 64U) * 2;

        j->known = xrealloc(j->known, shapes * sizeof *j->known);
        memset(j->known + j->shapes, 0, (shapes - j->shapes) * sizeof *j->known);
        j->shapes = shapes;
    }
    k = &j->known[number];
    if (k->looked_at)
        return k;
    k->looked_at = true;
    k->numbers = outline_names_patient(m, &m->shapes.shape[number]);
    if (kind == SHAPE_RECORD)
        look_at_record(j, k, m, &m->shapes.shape[number], parts->leaf[kind]);
    else if (kind == SHAPE_PAYLOAD)
        look_at_payload(j, k, m, &m->shapes.shape[number]);
    return k;
}

/* ---- values ---- */

static struct str part_text(const struct known *k, enum part part, const struct leaf *leaf)
{
    return k->part[part] < 0 ? STR("") : leaf_text(leaf, k->part[part]);
}

static bool good_part(const struct known *k, enum part part, struct str s,
                      struct judgement *out)
{
    int64_t n;

    switch (part) {
    case PART_TIME:
        out->has_time = leaf_plain(s) && timestamp_parse(s, &out->time_us);
        return out->has_time;
    case PART_SOURCE:
        return s.len > 0 && s.len <= LIMIT_SOURCE_BYTES && leaf_plain(s);
    case PART_SEQ:
        return leaf_integer_read(s, &n) && n >= 0;
    case PART_KIND:
        return str_equal(s, k->kind);
    case PART_STATUS:
        out->has_status = s.len == 3 && s.at[0] > '0' && leaf_integer_read(s, &out->status);
        return out->has_status;
    case PART_NUMBER:
        return s.len == 10 && s.at[0] != '0' && leaf_integer_read(s, &n) && n > 0;
    case PART_PRACTICE:
        return s.len > 0 && s.len <= LIMIT_KEY_BYTES && leaf_plain(s);
    case PART_METHOD:
    case PART_INTERACTION:
        return leaf_plain(s);
    case PART_COUNT:
        break;
    }
    return true;
}

static bool is_untouched(const struct judge *j, struct str interaction)
{
    for (size_t i = 0; i < j->interactions; i++)
        if (str_equal(interaction, j->untouched[i]))
            return true;
    return false;
}

static struct generation_slot *find_generation(struct judge *j, const struct known *record,
                                               const struct parted *parts, uint64_t *hash)
{
    const struct leaf *leaf = parts->leaf[SHAPE_RECORD];
    uint32_t outline[2] = {parts->shape[SHAPE_RECORD], parts->shape[SHAPE_URL]};

    *hash = mix(j->seed[0], (struct str){(const char *)outline, sizeof outline});
    *hash = mix(*hash, part_text(record, PART_METHOD, leaf));
    *hash = mix(*hash, part_text(record, PART_INTERACTION, leaf)) | 1;
    for (uint64_t at = *hash >> 1;; at++) {
        struct generation_slot *s = &j->generation[at % GENERATION_SLOTS];

        if (s->hash == 0 || s->hash == *hash)
            return s;
    }
}

/* The hash of all that user and organisation hang on. */
static void identity_hash(const struct judge *j, bool old, const struct known *payload,
                          const struct model *m, const struct parted *parts, uint64_t h[2])
{
    uint32_t outline[3] = {old, parts->shape[SHAPE_HEADER], parts->shape[SHAPE_PAYLOAD]};

    for (int i = 0; i < 2; i++)
        h[i] = mix(j->seed[i], (struct str){(const char *)outline, sizeof outline});
    for (int kind = SHAPE_HEADER; kind <= SHAPE_PAYLOAD; kind++) {
        const struct shape *s = &m->shapes.shape[parts->shape[kind]];

        for (int16_t i = 0; i < (int16_t)s->leaves; i++)
            if (kind == SHAPE_HEADER || payload->identity[i])
                mix_two(h, leaf_text(parts->leaf[kind], i));
    }
    h[0] |= 1;
}

/* Most likely its slot is in no cache: let it come meanwhile. */
static void expect_identity(const struct judge *j, const uint64_t h[2])
{
    __builtin_prefetch(&j->slot[h[0] % MEMO_SLOTS]);
}

static struct identity_slot *find_identity(struct judge *j, const uint64_t h[2])
{
    for (uint64_t at = h[0];; at++) {
        struct identity_slot *s = &j->slot[at % MEMO_SLOTS];

        if ((s->a == 0 && s->b == 0) || (s->a == h[0] && s->b == h[1]))
            return s;
    }
}

static struct str entry_text(const struct dictionary *d, uint32_t entry)
{
    return entry ? d->entry[entry - 1] : STR("");
}

static uint32_t entry_of(struct judge *j, struct dictionary *d, struct str s)
{
    return s.len ? dictionary_put(d, s, &j->names) + 1 : 0;
}

/* Who asks, kept in its slot. */
static struct identity_slot *learn_identity(struct judge *j, struct identity_slot *to,
                                            const uint64_t h[2], struct str user,
                                            struct str org)
{
    if (j->identities == MEMO_MAX) {
        forget_identities(j);
        to = find_identity(j, h);
    }
    *to = (struct identity_slot){h[0], h[1], entry_of(j, &j->users, user),
                                 entry_of(j, &j->orgs, org)};
    j->identities++;
    return to;
}

static const struct identity_slot *identity_of(struct judge *j, bool old,
                                               const uint64_t h[2],
                                               const struct parted *parts)
{
    struct identity_slot *slot = find_identity(j, h);
    struct record r;

    if (slot->a != 0)
        return slot;
    arena_reset(&j->once);
    memset(&r, 0, sizeof r);
    jwt_identity(&r, parts->payload, old, &j->once);
    return learn_identity(j, slot, h, record_text(&r, COLUMN_USER_KEY),
                          record_text(&r, COLUMN_ORG_ODS));
}

/* Where what is learned of the calls like this one belongs; NULL: nowhere. */
struct places {
    struct generation_slot *generation;
    uint64_t hash;
};

/* A small column that the index does not take. */
static bool is_long(const struct judgement *j)
{
    bool is = false;

    for (int i = 0; i < JUDGE_SMALL; i++)
        is |= j->small[i].kind == VALUE_TEXT && j->small[i].text.len > LIMIT_KEY_BYTES;
    return is;
}

/* All that the judgement says, without reading the record in full; false: read it. */
static bool judge_parts(struct judge *j, const struct model *m, const struct parted *parts,
                        struct places *p, struct judgement *out)
{
    const struct leaf *leaf = parts->leaf[SHAPE_RECORD];
    const struct known *k, *url, *payload;
    const struct identity_slot *who;
    uint64_t h[2];

    for (int kind = 0; kind < SHAPE_KINDS; kind++)
        if (!known_of(j, m, parts, (enum shape_kind)kind))
            return false;
    k = &j->known[parts->shape[SHAPE_RECORD]];
    url = &j->known[parts->shape[SHAPE_URL]];
    payload = &j->known[parts->shape[SHAPE_PAYLOAD]];
    if (k->escaped || !k->good)
        return false;
    p->generation = find_generation(j, k, parts, &p->hash);
    if (p->generation->hash == 0 || p->generation->inferred)
        return false;
    identity_hash(j, p->generation->old, payload, m, parts, h);
    expect_identity(j, h);
    for (int i = 0; i < PART_COUNT; i++)
        if (k->part[i] >= 0 &&
            !good_part(k, (enum part)i, leaf_text(leaf, k->part[i]), out))
            return false;
    if (k->part[PART_TIME] < 0 || k->part[PART_PRACTICE] < 0)
        return false;
    if (k->part[PART_NUMBER] < 0 &&
        (url->numbers || payload->numbers ||
         !is_untouched(j, part_text(k, PART_INTERACTION, leaf))))
        return false;
    out->patient = part_text(k, PART_NUMBER, leaf);
    out->practice = part_text(k, PART_PRACTICE, leaf);
    who = identity_of(j, p->generation->old, h, parts);
    out->user = entry_text(&j->users, who->user);
    out->org = entry_text(&j->orgs, who->org);
    memcpy(out->small, p->generation->small, sizeof out->small);
    return out->user.len <= LIMIT_KEY_BYTES && out->org.len <= LIMIT_KEY_BYTES &&
           !is_long(out);
}

/* ---- in full ---- */

/* An interaction that its id alone, in the header, says touches no patient. */
static void learn_interaction(struct judge *j, const struct record *r, struct str interaction)
{
    if (interaction.len > 0 && j->interactions < INTERACTIONS &&
        str_equal(record_text(r, COLUMN_GPC_ACCESS), STR("none")) &&
        r->column[COLUMN_GPC_INFERRED].kind == VALUE_MISSING && !is_untouched(j, interaction))
        j->untouched[j->interactions++] = arena_copy(&j->texts, interaction);
}

/* A column that is not as it stands a key that the index takes. */
static bool is_odd(const struct record *r, enum column c)
{
    const struct value *v = &r->column[c];

    return v->kind != VALUE_MISSING &&
           (v->kind != VALUE_TEXT || v->text.len == 0 || v->text.len > LIMIT_KEY_BYTES);
}

void judge_full(struct judgement *out, const struct record *r, struct arena *arena)
{
    struct str access = record_text(r, COLUMN_GPC_ACCESS);

    *out = (struct judgement){.reject = r->reject,
                              .has_time = r->column[COLUMN_TIME].kind == VALUE_TIME,
                              .has_status = r->column[COLUMN_HTTP_STATUS].kind == VALUE_INTEGER,
                              .user = record_text(r, COLUMN_USER_KEY),
                              .org = record_text(r, COLUMN_ORG_ODS),
                              .practice = record_text(r, COLUMN_PRACTICE_ODS)};
    out->time_us = out->has_time ? r->column[COLUMN_TIME].integer : 0;
    out->status = out->has_status ? r->column[COLUMN_HTTP_STATUS].integer : 0;
    out->patient = nhs_number_plain(record_text(r, COLUMN_PATIENT_NHS_NUMBER), arena);
    out->untied = access.len > 0 && !str_equal(access, STR("none")) &&
                  r->column[COLUMN_PATIENT_NHS_NUMBER].kind == VALUE_MISSING;
    out->odd = is_odd(r, COLUMN_USER_KEY) || is_odd(r, COLUMN_ORG_ODS) ||
               is_odd(r, COLUMN_PRACTICE_ODS) || is_odd(r, COLUMN_PATIENT_NHS_NUMBER) ||
               (r->column[COLUMN_PATIENT_NHS_NUMBER].kind == VALUE_TEXT &&
                !nhs_number_digits(record_text(r, COLUMN_PATIENT_NHS_NUMBER)));
    for (int i = 0; i < JUDGE_SMALL; i++)
        out->small[i] = r->column[judge_small(i)];
    out->odd |= is_long(out);
}

static void learn_places(struct judge *j, const struct record *r, struct places *p,
                         const struct judgement *out)
{
    if (p->generation && p->generation->hash == 0 && j->generations < GENERATION_SLOTS / 2) {
        p->generation->hash = p->hash;
        p->generation->old = str_equal(record_text(r, COLUMN_GPC_PROFILE), STR("ssp-0x"));
        p->generation->inferred = r->column[COLUMN_GPC_INFERRED].kind != VALUE_MISSING;
        for (int i = 0; i < JUDGE_SMALL; i++) {
            p->generation->small[i] = out->small[i];
            if (out->small[i].kind == VALUE_TEXT)
                p->generation->small[i].text = arena_copy(&j->texts, out->small[i].text);
        }
        j->generations++;
    }
}

void judge_record(struct judge *j, const struct record_input *in, const struct model *m,
                  const struct parted *parts, struct judgement *out)
{
    const struct leaf *leaf = parts->leaf[SHAPE_RECORD];
    struct places places = {NULL, 0};
    struct known *k;
    struct record r;

    *out = (struct judgement){.reject = REJECT_NONE};
    if (!j->zone || judge_parts(j, m, parts, &places, out))
        return;
    arena_reset(&j->once);
    record_read(&r, in, j->zone, &j->once);
    judge_full(out, &r, &j->once);
    k = known_of(j, m, parts, SHAPE_RECORD);
    if (!k)
        return;
    if (r.reject == REJECT_NONE && !k->escaped &&
        str_equal(part_text(k, PART_KIND, leaf), k->kind))
        k->good = true;
    learn_interaction(j, &r, part_text(k, PART_INTERACTION, leaf));
    learn_places(j, &r, &places, out);
}
