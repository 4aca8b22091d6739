/* judge.c - see judge.h. That a record of a known good shape is good too rests on what a
 * shape fixes (record/audit.c): which members there are, and whether each is a string, a
 * number or something else. Values that can make a record malformed are its time, source,
 * seq, kind and status, and no others. */
#include "trail/judge.h"

#include "base/limits.h"
#include "base/mem.h"
#include "record/timestamp.h"
#include "trail/leaf.h"

enum { INTERACTIONS = 32 };

enum part { PART_TIME, PART_SOURCE, PART_SEQ, PART_KIND, PART_STATUS, PART_COUNT };

static const char *const part_names[PART_COUNT] = {".time", ".source", ".seq", ".kind",
                                                   ".response.status"};

/* What is known of the records of one shape. */
struct known {
    bool judged, good;
    bool escaped; /* a member's name is: its path here is not its name */
    int16_t part[PART_COUNT]; /* leaves, or -1 */
    int16_t number, interaction;
    struct str kind;
};

struct judge {
    const struct zone *zone;
    struct known *known; /* by shape */
    size_t shapes;
    struct str untouched[INTERACTIONS]; /* interactions that touch no patient */
    size_t interactions;
    struct arena texts, once;
};

struct judge *judge_new(const struct zone *zone)
{
    struct judge *j = xcalloc(1, sizeof *j);

    j->zone = zone;
    return j;
}

void judge_restart(struct judge *j)
{
    free(j->known);
    j->known = NULL;
    j->shapes = j->interactions = 0;
    arena_reset(&j->texts);
}

void judge_free(struct judge *j)
{
    if (!j)
        return;
    free(j->known);
    arena_release(&j->texts);
    arena_release(&j->once);
    free(j);
}

static struct str leaf_text(const struct leaf *leaf, int16_t at)
{
    return (struct str){leaf[at].at, leaf[at].len};
}

static bool plain(struct str s)
{
    return str_index(s, '\\') == s.len;
}

static bool good_part(const struct known *k, enum part part, const struct leaf *leaf)
{
    struct str s = leaf_text(leaf, k->part[part]);
    int64_t n;

    switch (part) {
    case PART_TIME:
        return plain(s) && timestamp_parse(s, &n);
    case PART_SOURCE:
        return s.len > 0 && s.len <= LIMIT_SOURCE_BYTES && plain(s);
    case PART_SEQ:
        return leaf_integer_read(s, &n) && n >= 0;
    case PART_KIND:
        return str_equal(s, k->kind);
    case PART_STATUS:
        return s.len == 3 && s.at[0] > '0' && leaf_integer_read(s, &n);
    case PART_COUNT:
        break;
    }
    return false;
}

static bool surely_good(const struct known *k, const struct leaf *leaf)
{
    for (int i = 0; i < PART_COUNT; i++)
        if (k->part[i] >= 0 && !good_part(k, (enum part)i, leaf))
            return false;
    return k->good;
}

static bool surely_tied(const struct judge *j, const struct known *k, const struct leaf *leaf)
{
    struct str s;
    int64_t n;

    if (k->number >= 0) {
        s = leaf_text(leaf, k->number);
        return s.len == 10 && s.at[0] != '0' && leaf_integer_read(s, &n) && n > 0;
    }
    if (k->interaction < 0)
        return false;
    s = leaf_text(leaf, k->interaction);
    for (size_t i = 0; i < j->interactions; i++)
        if (str_equal(s, j->untouched[i]))
            return true;
    return false;
}

static void learn_shape(struct judge *j, struct known *k, const struct model *m,
                        const struct shape *shape, const struct leaf *leaf)
{
    k->judged = true;
    k->number = k->interaction = -1;
    memset(k->part, 0xff, sizeof k->part);
    for (int16_t i = 0; i < (int16_t)shape->leaves; i++) {
        struct str name = m->label[shape->label[i]].name;

        k->escaped |= !plain(name);
        for (int p = 0; p < PART_COUNT; p++)
            if (str_equal(name, str_of(part_names[p])))
                k->part[p] = i;
        if (str_equal(name, STR(".patient.nhsNumber")))
            k->number = i;
        if (k->interaction < 0 &&
            str_equal_nocase(name, STR(".request.headers.ssp-interactionid")))
            k->interaction = i;
    }
    if (k->part[PART_KIND] >= 0)
        k->kind = arena_copy(&j->texts, leaf_text(leaf, k->part[PART_KIND]));
}

/* An interaction that its id alone, in the header, says touches no patient. */
static void learn_interaction(struct judge *j, const struct record *r, const struct known *k,
                              const struct leaf *leaf)
{
    const struct value *access = &r->column[COLUMN_GPC_ACCESS];

    if (k->interaction >= 0 && j->interactions < INTERACTIONS && access->kind == VALUE_TEXT &&
        str_equal(access->text, STR("none")) &&
        r->column[COLUMN_GPC_INFERRED].kind == VALUE_MISSING)
        j->untouched[j->interactions++] =
            arena_copy(&j->texts, leaf_text(leaf, k->interaction));
}

static struct known *known_of(struct judge *j, uint32_t shape)
{
    if (shape == SHAPE_NONE)
        return NULL;
    if (shape >= j->shapes) {
        size_t shapes = (shape + 64U) * 2;

        j->known = xrealloc(j->known, shapes * sizeof *j->known);
        memset(j->known + j->shapes, 0, (shapes - j->shapes) * sizeof *j->known);
        j->shapes = shapes;
    }
    return &j->known[shape];
}

void judge_record(struct judge *j, const struct record_input *in, const struct model *m,
                  uint32_t shape, const struct leaf *leaf, struct judgement *out)
{
    struct known *k = known_of(j, shape);
    const struct value *access;
    struct record r;

    *out = (struct judgement){REJECT_NONE, false};
    if (!j->zone || (k && k->judged && surely_good(k, leaf) && surely_tied(j, k, leaf)))
        return;
    arena_reset(&j->once);
    record_read(&r, in, j->zone, &j->once);
    out->reject = r.reject;
    access = &r.column[COLUMN_GPC_ACCESS];
    out->untied = access->kind == VALUE_TEXT && !str_equal(access->text, STR("none")) &&
                  r.column[COLUMN_PATIENT_NHS_NUMBER].kind == VALUE_MISSING;
    if (!k)
        return;
    if (!k->judged)
        learn_shape(j, k, m, &m->shapes.shape[shape], leaf);
    if (r.reject == REJECT_NONE && !k->escaped &&
        (k->part[PART_KIND] < 0 || str_equal(leaf_text(leaf, k->part[PART_KIND]), k->kind)))
        k->good = true;
    learn_interaction(j, &r, k, leaf);
}
