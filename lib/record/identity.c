/* identity.c - see identity.h. */
#include "record/identity.h"

#define SAMPLE_LOCAL "98ed4f78-814d-4266-8d5b-cde742f3093c"

static void set(struct record *out, enum column c, struct str text)
{
    out->column[c] = (struct value){.kind = VALUE_TEXT, .text = text};
}

static void set_member(struct record *out, enum column c, const struct document *d,
                       const struct token *of, const char *name)
{
    const struct token *k = lookup_member(d, of, name);

    if (lookup_is(k, TOKEN_STRING))
        set(out, c, lookup_text(d, k));
}

static struct str text_member(const struct document *d, const struct token *of,
                              const char *name)
{
    const struct token *k = lookup_member(d, of, name);

    return lookup_is(k, TOKEN_STRING) ? lookup_text(d, k) : STR("");
}

bool identity_twelve_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return s.len == 12;
}

void identity_organization(struct identity *id, struct record *out, const struct document *d,
                           const struct token *what, bool old)
{
    const struct token *list = lookup_member(d, what, "identifier");
    struct str system = old ? STR("http://fhir.nhs.net/Id/ods-organization-code")
                            : STR("https://fhir.nhs.uk/Id/ods-organization-code");

    set_member(out, COLUMN_ORG_NAME, d, what, "name");
    if (!lookup_is(list, TOKEN_ARRAY))
        return;
    for (const struct token *e = lookup_first(d, list); e; e = lookup_next(d, list, e)) {
        struct str value;
        bool own;

        if (!lookup_filled(d, lookup_member(d, e, "value"), &value))
            continue;
        own = str_equal(text_member(d, e, "system"), system);
        if (!id->any_identifier || (own && !id->own_system))
            id->ods = value;
        id->any_identifier = true;
        id->own_system = id->own_system || own;
    }
    if (id->any_identifier)
        set(out, COLUMN_ORG_ODS, id->ods);
}

static bool is_sds(struct str system, struct str what)
{
    static const char *const heads[] = {"https://fhir.nhs.uk/Id/", "http://fhir.nhs.net/Id/",
                                        "http://fhir.nhs.net/"};

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct str head = str_of(heads[i]);

        if (str_starts(system, head) &&
            str_equal(str_part(system, head.len, system.len), what))
            return true;
    }
    return false;
}

static void identifiers(struct identity *id, const struct document *d,
                        const struct token *list, bool *has_local)
{
    if (!lookup_is(list, TOKEN_ARRAY))
        return;
    for (const struct token *e = lookup_first(d, list); e; e = lookup_next(d, list, e)) {
        struct str value;
        struct str system;

        if (!lookup_filled(d, lookup_member(d, e, "value"), &value))
            continue;
        system = text_member(d, e, "system");
        if (is_sds(system, STR("sds-user-id"))) {
            if (id->sds_id.len == 0)
                id->sds_id = value;
        } else if (is_sds(system, STR("sds-role-profile-id"))) {
            if (id->sds_role.len == 0)
                id->sds_role = value;
        } else if (!*has_local) {
            *has_local = true;
            id->local_value = value;
            id->local_system = system;
        }
    }
}

/* A string or an array of strings, the non-empty ones joined by one space. */
static bool joined(const struct document *d, const struct token *of, const char *name,
                   struct str *out)
{
    const struct token *k = lookup_member(d, of, name);
    struct str part;
    size_t room = 0;
    char *to;

    if (lookup_is(k, TOKEN_STRING))
        return lookup_filled(d, k, out);
    if (!lookup_is(k, TOKEN_ARRAY))
        return false;
    for (const struct token *e = lookup_first(d, k); e; e = lookup_next(d, k, e))
        room += e->len + 1;
    to = arena_alloc(d->arena, room);
    *out = (struct str){to, 0};
    for (const struct token *e = lookup_first(d, k); e; e = lookup_next(d, k, e)) {
        if (!lookup_filled(d, e, &part))
            continue;
        if (out->len > 0)
            to[out->len++] = ' ';
        memcpy(to + out->len, part.at, part.len);
        out->len += part.len;
    }
    return out->len > 0;
}

/* The first non-empty practitionerRole[].role.coding[].code. */
static bool role_code(const struct document *d, const struct token *what, struct str *out)
{
    const struct token *roles = lookup_member(d, what, "practitionerRole");
    const struct token *one = lookup_is(roles, TOKEN_OBJECT) ? roles : NULL;

    if (!roles)
        return false;
    for (const struct token *r = one ? one : lookup_first(d, roles); r;
         r = one ? NULL : lookup_next(d, roles, r)) {
        const struct token *coding = lookup_member(d, lookup_member(d, r, "role"), "coding");
        const struct token *only = lookup_is(coding, TOKEN_OBJECT) ? coding : NULL;

        if (!coding)
            continue;
        for (const struct token *c = only ? only : lookup_first(d, coding); c;
             c = only ? NULL : lookup_next(d, coding, c))
            if (lookup_filled(d, lookup_member(d, c, "code"), out))
                return true;
    }
    return false;
}

void identity_practitioner(struct identity *id, struct record *out, const struct document *d,
                           const struct token *what)
{
    const struct token *name = lookup_object(d, lookup_member(d, what, "name"));
    bool has_local = false;
    struct str text;

    if (!what)
        return;
    set_member(out, COLUMN_USER_ID, d, what, "id");
    identifiers(id, d, lookup_member(d, what, "identifier"), &has_local);
    if (id->sds_id.len > 0)
        set(out, COLUMN_USER_SDS_ID, id->sds_id);
    if (id->sds_role.len > 0)
        set(out, COLUMN_USER_SDS_ROLE, id->sds_role);
    if (has_local) {
        set(out, COLUMN_USER_LOCAL_ID, id->local_value);
        set(out, COLUMN_USER_LOCAL_SYSTEM, id->local_system);
    }
    if (joined(d, name, "family", &id->family))
        set(out, COLUMN_USER_FAMILY, id->family);
    if (joined(d, name, "given", &id->given))
        set(out, COLUMN_USER_GIVEN, id->given);
    if (joined(d, name, "prefix", &text))
        set(out, COLUMN_USER_PREFIX, text);
    if (role_code(d, what, &text))
        set(out, COLUMN_USER_ROLE, text);
}

void identity_device(struct record *out, const struct document *d, const struct token *what)
{
    const struct token *list = lookup_member(d, what, "identifier");
    const struct token *first = lookup_is(list, TOKEN_ARRAY) ? lookup_first(d, list) : NULL;

    set_member(out, COLUMN_DEVICE_SYSTEM, d, first, "system");
    set_member(out, COLUMN_DEVICE_VALUE, d, first, "value");
    set_member(out, COLUMN_DEVICE_MODEL, d, what, "model");
    set_member(out, COLUMN_DEVICE_VERSION, d, what, "version");
}

struct key {
    char *at;
    size_t len;
};

static void put(struct key *k, struct str s, bool upper)
{
    for (size_t i = 0; i < s.len; i++)
        k->at[k->len++] = upper ? ascii_upper(s.at[i]) : s.at[i];
}

void identity_key(const struct identity *id, struct record *out, struct str sub,
                  struct arena *arena)
{
    struct key k = {arena_alloc(arena, 64 + id->ods.len + id->local_system.len +
                                           id->local_value.len + id->family.len +
                                           id->given.len + sub.len + id->sds_id.len +
                                           id->sds_role.len), 0};
    int level = 6;

    if (identity_twelve_digits(id->sds_id) && !str_equal(id->sds_id, STR("111222333444"))) {
        level = 1;
        put(&k, STR("sds:"), false);
        put(&k, id->sds_id, false);
    } else if (identity_twelve_digits(id->sds_role) &&
               !str_equal(id->sds_role, STR("444555666777"))) {
        level = 2;
        put(&k, STR("role:"), false);
        put(&k, id->sds_role, false);
    } else if (id->local_value.len > 0 && !str_equal(id->local_value, STR(SAMPLE_LOCAL))) {
        level = 3;
        put(&k, STR("local:"), false);
        put(&k, id->ods, true);
        put(&k, STR("|"), false);
        put(&k, id->local_system, false);
        put(&k, STR("|"), false);
        put(&k, id->local_value, false);
    } else if (sub.len > 0) {
        level = 4;
        put(&k, STR("sub:"), false);
        put(&k, id->ods, true);
        put(&k, STR("|"), false);
        put(&k, sub, false);
    } else if (id->family.len > 0) {
        level = 5;
        put(&k, STR("name:"), false);
        put(&k, id->ods, true);
        put(&k, STR("|"), false);
        put(&k, id->family, true);
        put(&k, STR("|"), false);
        put(&k, id->given, true);
    } else {
        put(&k, STR("none"), false);
    }
    set(out, COLUMN_USER_KEY, (struct str){k.at, k.len});
    out->column[COLUMN_USER_LEVEL] = (struct value){.kind = VALUE_INTEGER, .integer = level};
}
