/* generate.c - seeded synthetic traffic: `generate RECORDS SEED` writes NDJSON.
 *
 * People, organisations and numbers are invented; NHS numbers are of the 999 range, which
 * is never issued. The same seed gives the same bytes. Not here yet: the entropy ledger and
 * the full mix of products that the size target is measured against. */
#include "base/base64.h"
#include "base/zone.h"

enum { PATIENTS = 4000, USERS = 300, ORGS = 40, PRACTICES = 60, SOURCES = 4 };

struct traffic {
    uint64_t state;
    uint64_t seq[SOURCES];
    int64_t time_ms;
};

/* splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t draw(struct traffic *t)
{
    uint64_t z = t->state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

static unsigned below(struct traffic *t, unsigned n)
{
    return (unsigned)(draw(t) % n);
}

/* Small numbers are more likely: some patients and users are seen often. */
static unsigned skewed(struct traffic *t, unsigned n)
{
    uint64_t a = below(t, n);

    return (unsigned)(a * below(t, n) / n);
}

/* The patient's number: 999, six digits, and the check digit; indices without one are
 * stepped over. */
static void nhs_number(char out[11], unsigned patient)
{
    for (unsigned n = patient * 3;; n++) {
        int sum = 0;

        snprintf(out, 11, "999%06u0", n % 1000000U);
        for (int i = 0; i < 9; i++)
            sum += (out[i] - '0') * (10 - i);
        sum = (11 - sum % 11) % 11;
        if (sum < 10) {
            out[9] = (char)('0' + sum);
            return;
        }
    }
}

static void put_base64url(struct buf *out, struct str s)
{
    size_t from = out->len;

    base64_encode(out, s);
    while (out->len > from && out->at[out->len - 1] == '=')
        out->len--;
    for (size_t i = from; i < out->len; i++)
        out->at[i] = out->at[i] == '+' ? '-' : out->at[i] == '/' ? '_' : out->at[i];
}

static void put_token(struct buf *out, unsigned user, unsigned org, unsigned practice,
                      int64_t now_s, const char *scope)
{
    static const char *const families[] = {"Abara", "Brook", "Chandra", "Doyle", "Eze"};
    static const char *const givens[] = {"Ada", "Ben", "Chloe", "Dev", "Ewa", "Finn", "Gia"};
    struct buf payload = {0};

    buf_put_text(out, "Bearer ");
    put_base64url(out, STR("{\"alg\":\"none\",\"typ\":\"JWT\"}"));
    buf_printf(&payload,
               "{\"iss\":\"https://consumer%u.example.nhs.uk\",\"sub\":\"u-%05u\",\"aud\":"
               "\"https://provider.example.nhs.uk/Z9%04u/STU3/1/gpconnect\",\"exp\":%lld,"
               "\"iat\":%lld,\"reason_for_request\":\"directcare\",\"requested_scope\":\"%s\","
               "\"requesting_device\":{\"resourceType\":\"Device\",\"identifier\":[{\"system\":"
               "\"https://consumer%u.example.nhs.uk/Id/device\",\"value\":\"WS-%03u\"}],\"model\":"
               "\"Careview\",\"version\":\"4.%u\"},\"requesting_organization\":{\"resourceType\":"
               "\"Organization\",\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/"
               "ods-organization-code\",\"value\":\"ZR%03u\"}],\"name\":\"Example Trust %u\"},",
               org, user, practice, (long long)now_s + 300, (long long)now_s, scope, org,
               user % 90, org % 7, org, org);
    buf_printf(&payload,
               "\"requesting_practitioner\":{\"resourceType\":\"Practitioner\",\"id\":\"u-%05u\","
               "\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/sds-user-id\",\"value\":"
               "\"2003%08u\"},{\"system\":\"https://fhir.nhs.uk/Id/sds-role-profile-id\","
               "\"value\":\"5006%08u\"}],\"name\":[{\"family\":\"%s\",\"given\":[\"%s\"],"
               "\"prefix\":[\"Dr\"]}]}}",
               user, user * 37 + 11, user * 41 + 7, families[user % 5], givens[user % 7]);
    buf_put_text(out, ".");
    put_base64url(out, buf_str(&payload));
    buf_put_text(out, ".");
    buf_release(&payload);
}

static void put_uuid(struct buf *out, struct traffic *t)
{
    uint64_t a = draw(t);
    uint64_t b = draw(t);

    buf_printf(out, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
               (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
               0x8000U | (unsigned)(b >> 48 & 0x3fff),
               (unsigned long long)(b & 0xffffffffffffULL));
}

static void put_record(struct buf *out, struct traffic *t)
{
    static const struct {
        const char *interaction, *method, *path, *scope;
    } calls[] = {
        {"rest:search:patient-1", "GET", "Patient?identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2F"
                                         "nhs-number%7C", "patient/*.read"},
        {"operation:gpc.getstructuredrecord-1", "POST", "Patient/$gpc.getstructuredrecord",
         "patient/*.read"},
        {"rest:search:slot-1", "GET", "Slot?status=free", "organization/*.read"}};
    unsigned call = below(t, 10) < 4 ? 0 : below(t, 10) < 8 ? 1 : 2;
    unsigned user = skewed(t, USERS);
    unsigned org = user % ORGS;
    unsigned patient = skewed(t, PATIENTS);
    unsigned practice = patient % PRACTICES;
    unsigned source = practice % SOURCES;
    bool error = below(t, 1000) < 55;
    char number[11];
    struct civil c;

    t->time_ms += below(t, 2 * 86400000U / 20000U);
    civil_from_seconds(&c, t->time_ms / 1000);
    nhs_number(number, patient);
    buf_printf(out, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\",\"source\":\"gw-%u\",\"seq\":"
                    "%llu,\"provider\":{\"ods\":\"Z9%04u\",\"asid\":\"20000000%04u\",\"system\":"
                    "\"Kestrel\",\"version\":\"9.1\"},\"request\":{\"method\":\"%s\",\"url\":"
                    "\"https://provider.example.nhs.uk/Z9%04u/STU3/1/gpconnect/%s%s\",\"headers\":"
                    "{\"Ssp-TraceID\":\"",
               c.year, c.month, c.day, c.hour, c.minute, c.second, (int)(t->time_ms % 1000),
               source, (unsigned long long)t->seq[source]++, practice, practice,
               calls[call].method, practice, calls[call].path, call == 0 ? number : "");
    put_uuid(out, t);
    buf_printf(out, "\",\"Ssp-From\":\"30000000%04u\",\"Ssp-To\":\"20000000%04u\","
                    "\"Ssp-InteractionID\":\"urn:nhs:names:services:gpconnect:fhir:%s\","
                    "\"Authorization\":\"", org, practice, calls[call].interaction);
    put_token(out, user, org, practice, t->time_ms / 1000, calls[call].scope);
    buf_printf(out, "\"}},%s%s%s\"response\":{\"status\":%d,\"durationMs\":%u,\"bytes\":%u",
               call < 2 ? "\"patient\":{\"nhsNumber\":\"" : "", call < 2 ? number : "",
               call < 2 ? "\"}," : "", error ? 404 : 200, 20 + skewed(t, 3000),
               200 + skewed(t, 90000));
    if (error)
        buf_put_text(out, ",\"outcome\":{\"resourceType\":\"OperationOutcome\",\"issue\":[{"
                          "\"severity\":\"error\",\"code\":\"not-found\",\"details\":{\"coding\":[{"
                          "\"code\":\"PATIENT_NOT_FOUND\"}]},\"diagnostics\":\"No patient record\"}]}");
    buf_put_text(out, "}}\n");
}

int main(int argc, char **argv)
{
    struct traffic t = {.time_ms = 1775026800000};
    struct buf out = {0};
    unsigned long records = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;

    t.state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (unsigned long i = 0; i < records; i++) {
        put_record(&out, &t);
        if (out.len > 1 << 20 || i + 1 == records) {
            if (fwrite(out.at, 1, out.len, stdout) != out.len)
                return 1;
            buf_clear(&out);
        }
    }
    buf_release(&out);
    return 0;
}
