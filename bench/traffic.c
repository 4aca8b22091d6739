/* traffic.c - see traffic.h. Sessions begin at random; each draws its user, its patient and
 * its kind, then call after call with pauses. Calls are put out in order of completion, so
 * their times are not sorted, as at a provider. */
#include "bench/traffic.h"

#include "base/base64url.h"
#include "base/mem.h"

enum {
    PRACTICES = 8000,
    PATIENTS = 112, /* of a practice */
    ORGS = 300,
    USERS = 133, /* of an organisation */
    SUPPLIERS = 4,
    SOURCES = 8,
    PRODUCTS = 12,
    OPEN = 256, /* sessions at once */
    NUMBERS = 896000
};

static const double session_gap_ms = 9000, step_gap_ms = 7000, session_calls = 2.66;

enum step {
    STEP_METADATA,
    STEP_PATIENT,
    STEP_STRUCTURED,
    STEP_HTML,
    STEP_DOCUMENTS,
    STEP_DOCUMENT,
    STEP_SLOTS,
    STEP_BOOK,
    STEP_APPOINTMENTS,
    STEP_COUNT
};

static const struct {
    const char *method, *interaction, *scope;
    double median_ms, median_bytes;
    bool patient;
} steps[STEP_COUNT] = {
    {"GET", "fhir:rest:read:metadata-1", "organization/*.read", 40, 6100, false},
    {"GET", "fhir:rest:search:patient-1", "patient/*.read", 120, 2400, true},
    {"POST", "fhir:operation:gpc.getstructuredrecord-1", "patient/*.read", 900, 60000, true},
    {"POST", "fhir:operation:gpc.getcarerecord", "patient/*.read", 700, 21000, true},
    {"GET", "documents:fhir:rest:search:documentreference-1", "patient/*.read", 260, 9000, true},
    {"GET", "documents:fhir:rest:read:binary-1", "patient/*.read", 450, 140000, true},
    {"GET", "fhir:rest:search:slot-1", "organization/*.read", 300, 30000, false},
    {"POST", "fhir:rest:create:appointment-1", "patient/*.write", 350, 3000, true},
    {"GET", "fhir:rest:search:patient_appointments-1", "patient/*.read", 180, 5200, true}};

/* Kinds of sessions: their share in hundredths, and their steps. */
static const struct {
    unsigned share;
    signed char step[6];
} sessions[] = {{46, {STEP_PATIENT, STEP_STRUCTURED, -1}},
                {18, {STEP_PATIENT, STEP_HTML, STEP_HTML, -1}},
                {12, {STEP_PATIENT, STEP_STRUCTURED, STEP_DOCUMENTS, STEP_DOCUMENT, -1}},
                {14, {STEP_PATIENT, STEP_SLOTS, STEP_BOOK, STEP_APPOINTMENTS, -1}},
                {6, {STEP_SLOTS, STEP_SLOTS, -1}},
                {4, {STEP_METADATA, -1}}};

struct user {
    char sds[13], role[13], local[40];
    uint8_t family, given, prefix, device;
};

struct call {
    int64_t start_ms, end_ms;
    unsigned session, bytes, duration;
    enum step step;
};

struct session {
    bool open;
    unsigned org, user, practice, patient, kind, at;
    int64_t next_ms;
};

struct traffic {
    struct draw d;
    bool hurt, calm;
    unsigned layouts; /* 0: no two messages are alike */
    struct tree tree;
    struct popularity orgs, users, practices, patients;
    uint8_t org_seen[ORGS], practice_seen[PRACTICES];
    double org_unseen, practice_unseen;
    double user_unseen[ORGS], *patient_unseen;
    uint8_t (*user_seen)[USERS], (*patient_seen)[PATIENTS];
    struct user (*user)[USERS];
    uint32_t *number, *logical; /* by patient: index of the NHS number + 1; id */
    uint32_t numbers;
    uint32_t *body, bodies; /* six digits of each valid number */
    char org_guid[ORGS][37];
    uint64_t seq[SOURCES];
    struct session session[OPEN];
    struct call waiting[OPEN]; /* each session has at most one call under way */
    int64_t clock_ms;
    const struct zone *zone; /* of the month's days; NULL: calls come evenly */
    double gap_ms;           /* between sessions, in the busiest hours */
    struct buf scratch, token;
};

static void list_numbers(struct traffic *t);

void traffic_layouts(struct traffic *t, unsigned layouts)
{
    t->layouts = layouts;
}

/* How busy an hour is: much by day, little in the evening, hardly at night, and a tenth of
 * that at weekends and at Easter. */
static double busy(const struct traffic *t, int64_t ms)
{
    struct civil c;
    bool off;

    civil_local(&c, t->zone, ms * 1000);
    off = c.weekday > 5 || (c.month == 4 && (c.day == 3 || c.day == 6));
    return (off ? 0.12 : 1) *
           (c.hour >= 8 && c.hour < 18 ? 1 : c.hour >= 6 && c.hour < 22 ? 0.15 : 0.03);
}

void traffic_month(struct traffic *t, unsigned long records, const struct zone *zone)
{
    int64_t hour = 3600000, end = 1777586400000; /* 2026-04-30T22:00:00Z */
    double all = 0;

    t->zone = zone;
    for (int64_t ms = t->clock_ms; ms < end; ms += hour)
        all += busy(t, ms) * (double)hour;
    t->gap_ms = all * session_calls / (double)(records ? records : 1);
}

/* The next session begins after that much of a busy hour's time. */
static void pass(struct traffic *t, double gap)
{
    const int64_t hour = 3600000;

    while (t->zone) {
        int64_t left = hour - t->clock_ms % hour;
        double weight = busy(t, t->clock_ms);

        if (gap <= (double)left * weight) {
            t->clock_ms += (int64_t)(gap / weight);
            return;
        }
        gap -= (double)left * weight;
        t->clock_ms += left;
    }
    t->clock_ms += (int64_t)gap;
}

/* Write a message in its layout. */
static void print_hurt(struct traffic *t, struct buf *out, struct node *root)
{
    struct draw layout = {.state = 0};

    if (t->layouts == 0) {
        tree_print(out, root, TREE_HURT, &t->d);
        return;
    }
    layout.state = (draw_below(&t->d, PURPOSE_ODD, t->layouts) + 1) * 0x9e3779b97f4a7c15ULL;
    tree_print(out, root, TREE_HURT, &layout);
}

struct traffic *traffic_new(uint64_t seed, bool hurt, bool calm)
{
    struct traffic *t = xcalloc(1, sizeof *t);

    t->d.state = seed;
    t->hurt = hurt;
    t->layouts = 2048;
    t->calm = calm;
    t->gap_ms = session_gap_ms;
    t->clock_ms = 1775026800000; /* 2026-04-01T07:00:00Z */
    popularity_init(&t->orgs, ORGS, 0.9);
    popularity_init(&t->users, USERS, 0.7);
    popularity_init(&t->practices, PRACTICES, 0.4);
    popularity_init(&t->patients, PATIENTS, 0.7);
    t->org_unseen = t->practice_unseen = 1;
    t->patient_unseen = xcalloc(PRACTICES, sizeof *t->patient_unseen);
    for (int i = 0; i < PRACTICES; i++)
        t->patient_unseen[i] = 1;
    for (int i = 0; i < ORGS; i++)
        t->user_unseen[i] = 1;
    list_numbers(t);
    t->user_seen = xcalloc(ORGS, sizeof *t->user_seen);
    t->patient_seen = xcalloc(PRACTICES, sizeof *t->patient_seen);
    t->user = xcalloc(ORGS, sizeof *t->user);
    t->number = xcalloc((size_t)PRACTICES * PATIENTS, sizeof *t->number);
    t->logical = xcalloc((size_t)PRACTICES * PATIENTS, sizeof *t->logical);
    return t;
}

void traffic_free(struct traffic *t)
{
    free(t->orgs.until);
    free(t->users.until);
    free(t->practices.until);
    free(t->patients.until);
    free(t->patient_unseen);
    free(t->user_seen);
    free(t->patient_seen);
    free(t->user);
    free(t->number);
    free(t->body);
    free(t->logical);
    buf_release(&t->scratch);
    buf_release(&t->token);
    arena_release(&t->tree.arena);
    free(t);
}

const struct draw *traffic_ledger(const struct traffic *t)
{
    return &t->d;
}

/* ---- who and whose ---- */

/* The number 999, six digits, check digit; false for the digits that have none. */
static bool number_of(char out[11], unsigned body)
{
    int sum = 0;

    snprintf(out, 11, "999%06u0", body % 1000000);
    for (int i = 0; i < 9; i++)
        sum += (out[i] - '0') * (10 - i);
    sum = (11 - sum % 11) % 11;
    out[9] = (char)('0' + sum % 10);
    return sum < 10;
}

static void list_numbers(struct traffic *t)
{
    char ignored[11];

    t->body = xmalloc(1000000 * sizeof *t->body);
    for (uint32_t i = 0; i < 1000000; i++)
        if (number_of(ignored, i))
            t->body[t->bodies++] = i;
}

/* Stepped through by a prime, so that neighbours in time are no neighbours in number; what
 * a number tells is the choice among all of them. */
static void nhs_number(const struct traffic *t, char out[11], uint32_t index)
{
    number_of(out, t->body[(uint64_t)index * 611953 % t->bodies]);
}

static void digits(struct draw *d, char *out, const char *head, int n)
{
    size_t len = strlen(head);

    memcpy(out, head, len);
    for (int i = 0; i < n; i++)
        out[len++] = (char)('0' + draw_below(d, PURPOSE_ENTITIES, 10));
    out[len] = '\0';
}

static void draw_user(struct traffic *t, struct session *s)
{
    struct user *u;
    bool first;

    s->org = draw_popular(&t->d, PURPOSE_WHO, &t->orgs, t->org_seen, &t->org_unseen, &first);
    if (first)
        draw_uuid(&t->d, PURPOSE_ENTITIES, false, t->org_guid[s->org]);
    s->user = draw_popular(&t->d, PURPOSE_WHO, &t->users, t->user_seen[s->org],
                           &t->user_unseen[s->org], &first);
    u = &t->user[s->org][s->user];
    if (!first)
        return;
    digits(&t->d, u->sds, "200", 9);
    digits(&t->d, u->role, "500", 9);
    if (s->org % 3 == 0)
        draw_uuid(&t->d, PURPOSE_ENTITIES, s->org % 2, u->local);
    else
        digits(&t->d, u->local, "u", 6);
    u->family = (uint8_t)draw_below(&t->d, PURPOSE_ENTITIES, 40);
    u->given = (uint8_t)draw_below(&t->d, PURPOSE_ENTITIES, 30);
    u->prefix = (uint8_t)draw_below(&t->d, PURPOSE_ENTITIES, 4);
    u->device = (uint8_t)draw_below(&t->d, PURPOSE_ENTITIES, 90);
}

static void draw_patient(struct traffic *t, struct session *s)
{
    size_t all;
    bool first;

    if (draw_chance(&t->d, PURPOSE_WHOSE, 0.7)) { /* one of the practices near by */
        s->practice = s->org * 26 + draw_below(&t->d, PURPOSE_WHOSE, 26);
        t->practice_seen[s->practice] = 1;
    } else {
        s->practice = draw_popular(&t->d, PURPOSE_WHOSE, &t->practices, t->practice_seen,
                                   &t->practice_unseen, &first);
    }
    s->patient = draw_popular(&t->d, PURPOSE_WHOSE, &t->patients, t->patient_seen[s->practice],
                              &t->patient_unseen[s->practice], &first);
    all = (size_t)s->practice * PATIENTS + s->patient;
    if (!first)
        return;
    draw_below(&t->d, PURPOSE_ENTITIES, NUMBERS);
    t->number[all] = ++t->numbers;
    t->logical[all] = 100000 + draw_below(&t->d, PURPOSE_ENTITIES, 9000000);
}

static void open_session(struct traffic *t, struct session *s)
{
    unsigned at = draw_below(&t->d, PURPOSE_WHAT, 100);

    draw_user(t, s);
    draw_patient(t, s);
    for (s->kind = 0; at >= sessions[s->kind].share; s->kind++)
        at -= sessions[s->kind].share;
    s->at = 0;
    s->open = true;
    s->next_ms = t->clock_ms;
}

static void begin_call(struct traffic *t, unsigned number)
{
    struct session *s = &t->session[number];
    struct call *c = &t->waiting[number];

    c->session = number;
    c->step = (enum step)sessions[s->kind].step[s->at++];
    c->duration = draw_lognormal(&t->d, PURPOSE_DURATION, steps[c->step].median_ms, 0.5);
    c->bytes = draw_lognormal(&t->d, PURPOSE_BYTES, steps[c->step].median_bytes, 0.7);
    c->start_ms = s->next_ms;
    c->end_ms = c->start_ms + c->duration;
    s->next_ms = c->end_ms + draw_wait(&t->d, PURPOSE_TIME, step_gap_ms);
}

/* ---- the token ---- */

/* How a product writes its tokens: order of the claims, and its habits. */
static const struct {
    const char *name, *order;
    bool pretty, upper, roles, escaped_pipe, old, device_id;
} products[PRODUCTS] = {{"Careview", "isaxtrcdop", false, false, true, true, false, false},
                        {"Heron EPR", "isaxtrcdop", false, true, true, true, false, true},
                        {"Mistle", "rcisaxtdpo", false, false, true, false, false, false},
                        {"Larkway", "saitxrcodp", true, false, true, true, false, false},
                        {"Plover 111", "isaxtcrdop", false, false, false, true, false, true},
                        {"Dunlin", "xtisarcpod", false, true, true, true, false, false},
                        {"Siskin", "aisxtrcdop", true, false, true, false, false, false},
                        {"Wren GP", "isaxtrcdopq", false, false, true, true, true, false},
                        {"Tern", "dopisaxtrc", false, false, true, true, false, true},
                        {"Avocet", "isaxtrcdpo", false, false, false, false, false, false},
                        {"Knot", "pisaxtrcdo", false, true, true, true, false, false},
                        {"Curlew", "isaxtrcdop", false, false, true, true, false, false}};

static const char *const families[40] = {
    "Abara",  "Brook",  "Chandra", "Doyle",   "Eze",    "Farrow", "Goss",   "Hale",
    "Iqbal",  "Jarvis", "Kaur",    "Lindqvist", "Mbeki", "Nunn",   "Okafor", "Pike",
    "Quayle", "Rahman", "Stroud",  "Tembo",   "Usher",  "Vance",  "Weir",   "Xu",
    "Yarrow", "Zaman",  "Ashby",   "Bell",    "Crane",  "Dunne",  "Ellis",  "Frost",
    "Grant",  "Hobbs",  "Ives",    "Joyce",   "Kemp",   "Lowe",   "Marsh",  "Noble"};
static const char *const givens[30] = {
    "Ada",  "Ben",  "Chloe", "Dev",   "Ewa",  "Finn", "Gia",  "Hugo",  "Ines", "Jan",
    "Kit",  "Lena", "Musa",  "Nia",   "Omar", "Petra", "Quinn", "Rosa", "Sam",  "Tess",
    "Uma",  "Viv",  "Wes",   "Xena",  "Yan",  "Zoe",  "Aled", "Bryn",  "Cerys", "Dara"};
static const char *const prefixes[4] = {"Dr", "Mr", "Ms", "Nurse"};

static struct node *identifier(struct tree *t, struct node *list, const char *system,
                               const char *value)
{
    struct node *n = tree_add(t, list, NULL, '{');

    tree_text(t, n, "system", system);
    tree_text(t, n, "value", value);
    return n;
}

static void put_practitioner(struct traffic *t, struct node *root, unsigned product,
                             const struct user *u, const char *issuer)
{
    struct tree *x = &t->tree;
    struct node *n = tree_add(x, root, "requesting_practitioner", '{');
    struct node *list, *name;
    char system[96];

    tree_text(x, n, "resourceType", "Practitioner");
    tree_text(x, n, "id", u->local);
    list = tree_add(x, n, "identifier", '[');
    identifier(x, list, "https://fhir.nhs.uk/Id/sds-user-id", u->sds);
    if (products[product].roles)
        identifier(x, list, "https://fhir.nhs.uk/Id/sds-role-profile-id", u->role);
    snprintf(system, sizeof system, "%s/Id/local-user", issuer);
    identifier(x, list, system, u->local);
    list = tree_add(x, n, "name", '[');
    name = tree_add(x, list, NULL, '{');
    tree_text(x, name, "family", families[u->family]);
    tree_text(x, tree_add(x, name, "given", '['), NULL, givens[u->given]);
    tree_text(x, tree_add(x, name, "prefix", '['), NULL, prefixes[u->prefix]);
}

static void put_device(struct traffic *t, struct node *root, unsigned product, unsigned org,
                       const struct user *u, const char *issuer)
{
    struct tree *x = &t->tree;
    struct node *n = tree_add(x, root, "requesting_device", '{');
    char text[96], system[96];

    tree_text(x, n, "resourceType", "Device");
    if (products[product].device_id)
        tree_text(x, n, "id", "1");
    snprintf(system, sizeof system, "%s/Id/device-identifier", issuer);
    snprintf(text, sizeof text, "WS-%03u-%03u", org, u->device);
    identifier(x, tree_add(x, n, "identifier", '['), system, text);
    snprintf(text, sizeof text, "%u.%u.0", product + 2, org % 3);
    tree_text(x, n, "model", products[product].name);
    tree_text(x, n, "version", text);
}

static void put_organisation(struct traffic *t, struct node *root, unsigned org)
{
    struct tree *x = &t->tree;
    struct node *n = tree_add(x, root, "requesting_organization", '{');
    char text[80];

    tree_text(x, n, "resourceType", "Organization");
    tree_text(x, n, "id", t->org_guid[org]);
    snprintf(text, sizeof text, "ZR%03u", org);
    identifier(x, tree_add(x, n, "identifier", '['),
               "https://fhir.nhs.uk/Id/ods-organization-code", text);
    snprintf(text, sizeof text, "Example Trust %u", org);
    tree_text(x, n, "name", text);
}

/* One claim of the token, by its letter in the product's order. */
static void put_claim(struct traffic *t, struct node *root, char claim,
                      const struct session *s, const struct call *c, int64_t iat)
{
    unsigned product = s->org % PRODUCTS;
    const struct user *u = &t->user[s->org][s->user];
    struct tree *x = &t->tree;
    char text[128], issuer[48];

    snprintf(issuer, sizeof issuer, "https://consumer%03u.example.nhs.uk", s->org);
    switch (claim) {
    case 'i':
        tree_text(x, root, "iss", issuer);
        break;
    case 's':
        tree_text(x, root, "sub", u->local);
        break;
    case 'a':
        snprintf(text, sizeof text, "https://provider%u.example.nhs.uk/Z9%04u/STU3/1/gpconnect",
                 s->practice % SUPPLIERS, s->practice);
        tree_text(x, root, "aud", text);
        break;
    case 'x':
        tree_number(x, root, "exp", iat + 300);
        break;
    case 't':
        tree_number(x, root, "iat", iat);
        break;
    case 'r':
        tree_text(x, root, "reason_for_request", "directcare");
        break;
    case 'c':
        tree_text(x, root, "requested_scope", steps[c->step].scope);
        break;
    case 'd':
        put_device(t, root, product, s->org, u, issuer);
        break;
    case 'o':
        put_organisation(t, root, s->org);
        break;
    default:
        put_practitioner(t, root, product, u, issuer);
        break;
    }
}

/* 0.x tokens name the patient. */
static void put_requested_record(struct traffic *t, struct node *root, const char *number)
{
    struct node *n = tree_add(&t->tree, root, "requested_record", '{');

    tree_text(&t->tree, n, "resourceType", "Patient");
    identifier(&t->tree, tree_add(&t->tree, n, "identifier", '['),
               "http://fhir.nhs.net/Id/nhs-number", number);
}

static void put_part(struct buf *out, struct str bytes)
{
    char *to = buf_reserve(out, base64url_length(bytes.len));

    out->len += base64url_encode(to, bytes);
}

static void make_token(struct traffic *t, const struct session *s, const struct call *c,
                       const char *number)
{
    unsigned product = s->org % PRODUCTS;
    bool signs = (product == 1 || product == 9) &&
                 draw_chance(&t->d, PURPOSE_SIGNATURE, 0.19);
    struct node *root = tree_add(&t->tree, NULL, NULL, '{');
    int64_t iat = c->start_ms / 1000 - draw_wait(&t->d, PURPOSE_TIME, 0.35);
    uint8_t signature[256];

    for (const char *claim = products[product].order; *claim; claim++)
        if (*claim != 'q')
            put_claim(t, root, *claim, s, c, iat);
        else if (steps[c->step].patient)
            put_requested_record(t, root, number);
    buf_clear(&t->scratch);
    buf_clear(&t->token);
    if (t->hurt)
        print_hurt(t, &t->scratch, root);
    else
        tree_print(&t->scratch, root, products[product].pretty ? TREE_PRETTY : TREE_COMPACT,
                   &t->d);
    buf_put_text(&t->token, draw_chance(&t->d, PURPOSE_ODD, 0.0005) ? "bearer " : "Bearer ");
    put_part(&t->token, signs ? STR("{\"alg\":\"RS256\",\"typ\":\"JWT\"}")
                              : STR("{\"alg\":\"none\",\"typ\":\"JWT\"}"));
    buf_put_text(&t->token, ".");
    if (draw_chance(&t->d, PURPOSE_ODD, 0.0004)) /* cut short on its way */
        t->scratch.len -= draw_below(&t->d, PURPOSE_ODD, 200);
    put_part(&t->token, buf_str(&t->scratch));
    if (draw_chance(&t->d, PURPOSE_ODD, 0.0004))
        buf_put_text(&t->token, "=");
    buf_put_text(&t->token, ".");
    if (!signs)
        return;
    draw_bytes(&t->d, PURPOSE_SIGNATURE, signature, sizeof signature);
    put_part(&t->token, (struct str){(const char *)signature, sizeof signature});
}

/* ---- the record ---- */

static void make_url(struct traffic *t, const struct session *s, const struct call *c,
                     const char *number, unsigned logical, char *out, size_t size)
{
    const char *pipe = products[s->org % PRODUCTS].escaped_pipe ? "%7C" : "|";
    char base[96], guid[37];

    snprintf(base, sizeof base, "https://provider%u.example.nhs.uk/Z9%04u/STU3/1/gpconnect",
             s->practice % SUPPLIERS, s->practice);
    switch (c->step) {
    case STEP_METADATA:
        snprintf(out, size, "%s/metadata", base);
        return;
    case STEP_PATIENT:
        snprintf(out, size, "%s/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%s%s", base,
                 pipe, number);
        return;
    case STEP_STRUCTURED:
        snprintf(out, size, "%s/Patient/$gpc.getstructuredrecord", base);
        return;
    case STEP_HTML:
        snprintf(out, size, "%s/Patient/$gpc.getcarerecord", base);
        return;
    case STEP_DOCUMENTS:
        snprintf(out, size, "%s/Patient/%u/DocumentReference?created=ge2025-04-01", base,
                 logical);
        return;
    case STEP_DOCUMENT:
        draw_uuid(&t->d, PURPOSE_DOCUMENTS, false, guid);
        snprintf(out, size, "%s/Binary/%s", base, guid);
        return;
    case STEP_SLOTS:
        snprintf(out, size, "%s/Slot?start=ge2026-04-%02u&end=le2026-05-%02u&status=free"
                 "&_include=Slot:schedule&searchFilter=https://fhir.nhs.uk/Id/"
                 "ods-organization-code%sZR%03u", base,
                 1 + draw_below(&t->d, PURPOSE_WHAT, 28), 1 + draw_below(&t->d, PURPOSE_WHAT, 4),
                 pipe, s->org);
        return;
    case STEP_BOOK:
        snprintf(out, size, "%s/Appointment", base);
        return;
    case STEP_APPOINTMENTS:
    case STEP_COUNT:
        break;
    }
    snprintf(out, size, "%s/Patient/%u/Appointment?start=ge2026-04-01", base, logical);
}

static void put_headers(struct traffic *t, struct node *request, const struct session *s,
                        const struct call *c)
{
    struct tree *x = &t->tree;
    struct node *h = tree_add(x, request, "headers", '{');
    char text[128], trace[37];

    draw_uuid(&t->d, PURPOSE_TRACE, products[s->org % PRODUCTS].upper, trace);
    tree_text(x, h, "Ssp-TraceID", trace);
    snprintf(text, sizeof text, "30000000%04u", s->org);
    tree_text(x, h, "Ssp-From", text);
    snprintf(text, sizeof text, "20000000%04u", s->practice);
    tree_text(x, h, "Ssp-To", text);
    snprintf(text, sizeof text, "urn:nhs:names:services:gpconnect:%s",
             steps[c->step].interaction);
    tree_text(x, h, "Ssp-InteractionID", text);
    tree_text(x, h, "Accept", "application/fhir+json");
    tree_text(x, h, "Content-Type", "application/fhir+json");
    snprintf(text, sizeof text, "%s/%u.%u", products[s->org % PRODUCTS].name,
             s->org % PRODUCTS + 2, s->org % 3);
    tree_text(x, h, "User-Agent", text);
    if (!draw_chance(&t->d, PURPOSE_ODD, 0.0005) || t->calm)
        tree_add(x, h, "Authorization", '"')->text = buf_str(&t->token);
}

static void put_response(struct traffic *t, struct node *root, const struct call *c)
{
    static const struct {
        int status;
        const char *code, *spine, *text;
    } errors[] = {{404, "not-found", "PATIENT_NOT_FOUND", "No patient record found"},
                  {400, "invalid", "INVALID_NHS_NUMBER", "The NHS number is not valid"},
                  {403, "forbidden", "NO_PATIENT_CONSENT", "Patient has dissented"},
                  {500, "processing", "INTERNAL_SERVER_ERROR", "Unexpected internal error"},
                  {422, "invalid", "INVALID_RESOURCE", "The resource failed validation"}};
    struct tree *x = &t->tree;
    struct node *n = tree_add(x, root, "response", '{');
    struct node *issue, *coding;
    unsigned e;

    if (!draw_chance(&t->d, PURPOSE_WHAT, 0.055)) {
        tree_number(x, n, "status", 200);
        tree_number(x, n, "durationMs", c->duration);
        tree_number(x, n, "bytes", c->bytes);
        return;
    }
    e = draw_below(&t->d, PURPOSE_WHAT, 5);
    if (t->calm && e == 2)
        e = 3;
    tree_number(x, n, "status", errors[e].status);
    tree_number(x, n, "durationMs", c->duration);
    tree_number(x, n, "bytes", 900 + (long long)e);
    n = tree_add(x, n, "outcome", '{');
    tree_text(x, n, "resourceType", "OperationOutcome");
    issue = tree_add(x, tree_add(x, n, "issue", '['), NULL, '{');
    tree_text(x, issue, "severity", "error");
    tree_text(x, issue, "code", errors[e].code);
    coding = tree_add(x, tree_add(x, tree_add(x, issue, "details", '{'), "coding", '['), NULL,
                      '{');
    tree_text(x, coding, "system", "https://fhir.nhs.uk/STU3/ValueSet/Spine-ErrorOrWarningCode-1");
    tree_text(x, coding, "code", errors[e].spine);
    tree_text(x, issue, "diagnostics", errors[e].text);
}

static void put_frame(struct traffic *t, struct node *root, const struct session *s,
                      const struct call *c)
{
    static const char *const systems[SUPPLIERS] = {"Kestrel", "Merlin", "Osprey", "Harrier"};
    unsigned source = s->practice % SOURCES;
    struct tree *x = &t->tree;
    struct node *n;
    struct civil at;
    char text[64];

    civil_from_seconds(&at, c->start_ms / 1000);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", at.year, at.month, at.day,
             at.hour, at.minute, at.second, (int)(c->start_ms % 1000));
    tree_text(x, root, "time", text);
    snprintf(text, sizeof text, "gw-%u", source);
    tree_text(x, root, "source", text);
    tree_number(x, root, "seq", (long long)t->seq[source]++);
    n = tree_add(x, root, "provider", '{');
    snprintf(text, sizeof text, "Z9%04u", s->practice);
    tree_text(x, n, "ods", text);
    snprintf(text, sizeof text, "20000000%04u", s->practice);
    tree_text(x, n, "asid", text);
    tree_text(x, n, "system", systems[s->practice % SUPPLIERS]);
    snprintf(text, sizeof text, "9.%u", s->practice % SUPPLIERS);
    tree_text(x, n, "version", text);
}

static void put_record(struct traffic *t, const struct call *c, struct buf *out)
{
    const struct session *s = &t->session[c->session];
    size_t patient = (size_t)s->practice * PATIENTS + s->patient;
    struct tree *x = &t->tree;
    struct node *root, *n;
    char url[320], number[11];

    nhs_number(t, number, t->number[patient]);
    tree_reset(x);
    make_token(t, s, c, number);
    root = tree_add(x, NULL, NULL, '{');
    put_frame(t, root, s, c);
    n = tree_add(x, root, "request", '{');
    tree_text(x, n, "method", steps[c->step].method);
    make_url(t, s, c, number, t->logical[patient], url, sizeof url);
    tree_text(x, n, "url", url);
    put_headers(t, n, s, c);
    if (steps[c->step].patient)
        tree_text(x, tree_add(x, root, "patient", '{'), "nhsNumber", number);
    put_response(t, root, c);
    n = tree_add(x, root, "client", '{');
    tree_text(x, n, "ip", "192.0.2.17");
    n = tree_add(x, n, "tls", '{');
    tree_text(x, n, "version", "TLSv1.2");
    tree_text(x, n, "cipher", "ECDHE-RSA-AES256-GCM-SHA384");
    tree_text(x, n, "subject", "CN=ssp.example.nhs.uk,O=NHS");
    if (t->hurt)
        print_hurt(t, out, root);
    else
        tree_print(out, root, TREE_COMPACT, &t->d);
    buf_put_text(out, "\n");
}

/* The call that ends first; SIZE_MAX where none is under way. */
static size_t first_to_end(const struct traffic *t)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < OPEN; i++)
        if (t->session[i].open &&
            (best == SIZE_MAX || t->waiting[i].end_ms < t->waiting[best].end_ms))
            best = i;
    return best;
}

static void open_until(struct traffic *t, int64_t end_ms)
{
    while (t->clock_ms <= end_ms) {
        unsigned free_one = 0;

        while (free_one < OPEN && t->session[free_one].open)
            free_one++;
        if (free_one == OPEN)
            return;
        open_session(t, &t->session[free_one]);
        begin_call(t, free_one);
        pass(t, (double)draw_wait(&t->d, PURPOSE_TIME, t->gap_ms));
        if (end_ms == INT64_MAX)
            return;
    }
}

void traffic_next(struct traffic *t, struct buf *out)
{
    size_t next = first_to_end(t);
    struct session *s;

    if (next == SIZE_MAX) {
        open_until(t, INT64_MAX);
        next = first_to_end(t);
    }
    open_until(t, t->waiting[next].end_ms);
    next = first_to_end(t);
    s = &t->session[next];
    put_record(t, &t->waiting[next], out);
    if (sessions[s->kind].step[s->at] < 0)
        s->open = false;
    else
        begin_call(t, (unsigned)next);
}
