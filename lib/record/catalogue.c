/* catalogue.c - see catalogue.h. Few rows, so they are searched in order; the id is
 * compared by length first. */
#include "record/catalogue.h"

enum { SEGMENTS_MAX = 8, RESOURCES = 9 };

static const struct interaction rows[] = {
#define TEXT(literal) {"" literal, sizeof(literal) - 1}
#define INTERACTION(id, version, capability, operation, access, scope, migrate, method, path) \
    {TEXT(id), TEXT(version), TEXT(capability), TEXT(operation), TEXT(access), TEXT(scope),   \
     TEXT(method), TEXT(path), migrate},
#include "record/catalogue.def"
#undef INTERACTION
#undef TEXT
};

static const char *const resources[RESOURCES] = {
    "metadata", "Patient", "Practitioner", "Organization", "Location",
    "HealthcareService", "Slot", "Appointment", "Binary"};

const struct interaction *catalogue_find(struct str id)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (str_equal(rows[i].id, id))
            return &rows[i];
    return NULL;
}

/* Take the next segment that is not empty off the path. */
static bool next_segment(struct str *path, struct str *segment)
{
    while (path->len > 0) {
        size_t end = str_index(*path, '/');

        *segment = str_part(*path, 0, end);
        *path = end < path->len ? str_part(*path, end + 1, path->len) : (struct str){"", 0};
        if (end > 0)
            return true;
    }
    return false;
}

static bool is_resource(struct str s)
{
    for (int i = 0; i < RESOURCES; i++)
        if (str_equal_nocase(s, str_of(resources[i])))
            return true;
    return false;
}

static int version_of(struct str s)
{
    return str_equal_nocase(s, STR("DSTU2")) ? 2 : str_equal_nocase(s, STR("STU3")) ? 3 : 0;
}

int catalogue_fhir_version(struct str path)
{
    struct str segment;

    while (next_segment(&path, &segment))
        if (version_of(segment))
            return version_of(segment);
    return 0;
}

/* Does the pattern match the segments? The first fixed one without case. */
static bool matches(struct str pattern, const struct str *segment, size_t count)
{
    struct str want;
    size_t i = 0;

    for (; next_segment(&pattern, &want); i++) {
        if (i == count)
            return false;
        if (str_equal(want, STR("{id}"))) {
            if (segment[i].at[0] == '$')
                return false;
        } else if (i == 0 ? !str_equal_nocase(want, segment[i])
                          : !str_equal(want, segment[i])) {
            return false;
        }
    }
    return i == count;
}

/* Is it a row of one area? */
static bool has_area(const struct interaction *row)
{
    return str_starts(row->path, STR("structured/")) ||
           str_starts(row->path, STR("documents/"));
}

/* "structured/metadata" is pattern "metadata" in area "structured". */
static bool in_area(const struct interaction *row, struct str area, struct str *pattern)
{
    size_t cut = str_index(row->path, '/');

    *pattern = row->path;
    if (!has_area(row))
        return true;
    *pattern = str_part(row->path, cut + 1, row->path.len);
    return str_equal(str_part(row->path, 0, cut), area);
}

static bool covers(const struct interaction *row, struct str method, struct str area,
                   const struct str *segment, size_t count, struct str *pattern)
{
    return row->method.len > 0 && str_equal(row->method, method) &&
           in_area(row, area, pattern) && matches(*pattern, segment, count);
}

/* May a call that the row covers be taken for it, under that FHIR version? */
static bool is_inferred(const struct interaction *row, struct str pattern, int version)
{
    bool old = str_equal(row->version, STR("0.x"));

    if (str_equal(row->path, STR("Binary/{id}")) ||
        (str_equal(row->method, STR("PUT")) &&
         str_equal(row->path, STR("Appointment/{id}"))))
        return false;
    if (str_equal(pattern, STR("metadata")))
        return version == (old ? 2 : 3);
    if (version == 2)
        return str_equal(row->operation, STR("gpc.getcarerecord"));
    return true;
}

const struct interaction *catalogue_infer(struct str method, struct str path)
{
    struct str segment[SEGMENTS_MAX];
    const struct interaction *general = NULL;
    struct str area = {"", 0}, next;
    int version = 0;
    size_t n = 0;

    while (next_segment(&path, &next)) {
        if (n > 0 || is_resource(next)) {
            if (n == SEGMENTS_MAX)
                return NULL; /* no row has as many */
            segment[n++] = next;
            continue;
        }
        if (version_of(next))
            version = version_of(next);
        area = next;
    }
    if (n == 0)
        return NULL;
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        struct str pattern;

        if (!covers(&rows[k], method, area, segment, n, &pattern))
            continue;
        if (has_area(&rows[k]))
            return is_inferred(&rows[k], pattern, version) ? &rows[k] : NULL; /* of its area */
        if (!general && is_inferred(&rows[k], pattern, version))
            general = &rows[k];
    }
    return general;
}
