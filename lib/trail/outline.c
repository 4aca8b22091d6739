/* outline.c - see outline.h. */
#include "trail/outline.h"

#include "base/mem.h"
#include "record/text.h"
#include "trail/leaf.h"

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

static const struct path *path_of(struct str name)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (paths[i].way == WAY_HEADER ? str_equal_nocase(name, str_of(paths[i].name))
                                       : str_equal(name, str_of(paths[i].name)))
            return &paths[i];
    return NULL;
}

bool outline_in_full(const struct label *l)
{
    return l->number && str_starts(l->name, STR(".request.headers."));
}

static void keep_leaf(struct outline *o, const struct model *m, uint16_t label,
                      const struct path *path)
{
    o->leaf[o->leaves++] =
        (struct wanted_leaf){.label = label, .number = m->label[label].number, .path = path};
}

static void look_at_record(struct outlines *all, struct outline *o, const struct model *m,
                           const struct shape *s)
{
    bool seen[COLUMN_COUNT] = {false};

    for (size_t i = 0; i < s->leaves; i++) {
        const struct path *path = path_of(m->label[s->label[i]].name);

        if (!leaf_plain(m->label[s->label[i]].name) || outline_in_full(&m->label[s->label[i]]))
            o->verdict = VERDICT_BAD; /* a member's name is not what stands here */
        if (path && !seen[path->column] && (path->always || all->wanted[path->column])) {
            seen[path->column] = true;
            keep_leaf(o, m, s->label[i], path);
        }
    }
    if (s->token < 0 || s->url < 0 || s->more_holders)
        o->verdict = VERDICT_BAD;
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

/* A parameter `identifier` of a URL stands in its pieces: a word of digits cannot hold it. */
static bool url_names_patient(const struct model *m, const struct shape *s)
{
    static const struct str word = {"identifier", 10};
    struct arena once = {0};
    bool names = false;

    for (size_t i = 0; i <= s->leaves; i++) {
        struct str piece = url_decode(m->shapes.pieces.entry[s->piece[i]], &once);

        for (size_t at = 0; at + word.len <= piece.len; at++)
            names |= memcmp(piece.at + at, word.at, word.len) == 0;
    }
    arena_release(&once);
    return names;
}

static bool payload_names_patient(const struct model *m, const struct shape *s)
{
    for (size_t i = 0; i < s->leaves; i++) {
        struct str name = m->label[s->label[i]].name;

        if (!leaf_plain(name) || str_starts(name, STR(".requested_record")) ||
            str_starts(name, STR(".requesting_record")))
            return true;
    }
    return false;
}

bool outline_names_patient(const struct model *m, const struct shape *s)
{
    return s->kind == SHAPE_URL ? url_names_patient(m, s)
                                : s->kind == SHAPE_PAYLOAD && payload_names_patient(m, s);
}

static void look_at_payload(struct outline *o, const struct model *m, const struct shape *s)
{
    o->iat = o->exp = o->aud = LABEL_NONE;
    for (size_t i = 0; i < s->leaves; i++) {
        uint16_t label = s->label[i];
        struct str name = m->label[label].name;

        if (!leaf_plain(name))
            o->verdict = VERDICT_BAD;
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

struct outline *outline_of(struct outlines *all, const struct model *m, const struct shape *s)
{
    size_t number = (size_t)(s - m->shapes.shape);
    struct outline *o;

    if (number >= all->count) {
        size_t n = (number + 64) * 2;

        all->outline = xrealloc(all->outline, n * sizeof(struct outline *));
        memset(all->outline + all->count, 0, (n - all->count) * sizeof(struct outline *));
        all->count = n;
    }
    if (all->outline[number])
        return all->outline[number];
    o = arena_alloc(&all->arena, sizeof *o);
    *o = (struct outline){.verdict = VERDICT_UNTRIED,
                          .names_patient = outline_names_patient(m, s)};
    o->leaf = arena_alloc(&all->arena, (s->leaves + 1U) * sizeof *o->leaf);
    all->outline[number] = o;
    switch ((enum shape_kind)s->kind) {
    case SHAPE_RECORD:
        look_at_record(all, o, m, s);
        break;
    case SHAPE_HEADER:
        for (size_t i = 0; i < s->leaves; i++)
            keep_leaf(o, m, s->label[i], NULL);
        break;
    case SHAPE_PAYLOAD:
        look_at_payload(o, m, s);
        break;
    case SHAPE_URL:
    case SHAPE_KINDS:
        break;
    }
    return o;
}

void outlines_restart(struct outlines *all)
{
    for (size_t i = 0; i < all->count; i++)
        for (size_t k = 0; all->outline[i] && k < all->outline[i]->leaves; k++)
            renumber_release(&all->outline[i]->leaf[k].known);
    free(all->outline);
    all->outline = NULL;
    all->count = 0;
    arena_reset(&all->arena);
}

void outlines_release(struct outlines *all)
{
    outlines_restart(all);
    arena_release(&all->arena);
}
