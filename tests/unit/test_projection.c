/* Projections: rows come back as they were, all of one class agree in what classes decide,
 * and no byte can be changed unnoticed. Then, with the SHA-256 made to fit again, any bytes
 * give an answer or an error. */
#include <string.h>

#include "base/mem.h"
#include "base/zone.h"
#include "tests/memory.h"
#include "trail/projector.h"

enum { ROWS = 3000 };

static uint64_t state = 1;

static uint64_t draw(uint64_t below)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
}

static struct str text_of(struct arena *a, const char *head, uint64_t n)
{
    char *to = arena_alloc(a, 64);

    snprintf(to, 64, "%s%llu", head, (unsigned long long)n);
    return str_of(to);
}

/* A column's value, from few or many, now and then missing or empty. */
static struct value any_value(enum column c, struct arena *a)
{
    struct value v = {.kind = column_kind(c)};
    uint64_t many = draw(c % 3 == 0 ? 4 : c % 3 == 1 ? 40 : 100000);
    struct str *list;

    if (draw(8) == 0)
        return (struct value){.kind = VALUE_MISSING};
    switch (v.kind) {
    case VALUE_TEXT:
        v.text = draw(9) == 0 ? STR("") : text_of(a, "t", many);
        break;
    case VALUE_INTEGER:
        v.integer = draw(2) ? -(int64_t)many : (int64_t)many * 1000000007;
        break;
    case VALUE_TIME:
        v.integer = 1775026800000000 + (int64_t)many * 1000 * (int64_t)(1 + draw(999));
        break;
    case VALUE_NUMBER:
        v.number = (double)many / 7;
        break;
    case VALUE_LIST:
        v.list.count = draw(3);
        v.list.at = list = arena_alloc(a, 3 * sizeof *list);
        for (size_t i = 0; i < v.list.count; i++)
            list[i] = text_of(a, i ? "" : "code-", draw(4));
        break;
    case VALUE_TRUTH:
    case VALUE_MISSING:
        break;
    }
    return v;
}

static void any_record(struct record *r, const struct projection_want *want, struct arena *a)
{
    memset(r, 0, sizeof *r);
    r->reject = draw(20) ? REJECT_NONE : (enum reject)(1 + draw(REJECT_COUNT - 1));
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (want->column[c])
            r->column[c] = any_value((enum column)c, a);
    r->column[COLUMN_JWT_HASH].kind = VALUE_MISSING;
    if (want->column[COLUMN_JWT_HASH] && draw(5)) {
        char *hex = arena_alloc(a, 65);

        snprintf(hex, 65, "%016llx%048d", (unsigned long long)draw(1000) * 0x9e3779b97f4a7c15,
                 0);
        r->column[COLUMN_JWT_HASH] = (struct value){.kind = VALUE_TEXT, .text = str_of(hex)};
    }
}

static bool is_local(int c)
{
    return c == COLUMN_TIME_LOCAL_DATE || c == COLUMN_TIME_LOCAL_HOUR ||
           c == COLUMN_TIME_LOCAL_WEEKDAY;
}

static void compare(const struct record *was, const struct record *is, uint64_t seq,
                    const struct projection_want *want)
{
    CHECK(was->reject == is->reject);
    CHECK(is->column[COLUMN_SEQ].kind == VALUE_INTEGER &&
          is->column[COLUMN_SEQ].integer == (int64_t)seq);
    for (int c = 0; c < COLUMN_COUNT; c++) {
        const struct value *a = &was->column[c], *b = &is->column[c];

        if (c == COLUMN_SEQ || is_local(c))
            continue;
        if (!want->column[c])
            CHECK(b->kind == VALUE_MISSING);
        else if (want->filled[c])
            CHECK((a->kind == VALUE_MISSING) == (b->kind == VALUE_MISSING) &&
                  (a->kind != VALUE_TEXT || (a->text.len == 0) == (b->text.len == 0)));
        else if (c != COLUMN_JWT_HASH)
            CHECK(value_equal(a, b));
        else
            CHECK(a->kind == b->kind && (a->kind == VALUE_MISSING || b->text.len == 8));
    }
}

/* All rows of the class of the first agree. */
static void compare_class(const struct projection *p, const struct record *first,
                          const struct record *r, const struct projection_want *want)
{
    for (int c = 0; c < COLUMN_COUNT; c++) {
        const struct value *a = &first->column[c], *b = &r->column[c];

        if (!want->column[c] || c == COLUMN_SEQ || is_local(c))
            continue;
        CHECK(projection_has(p, (enum column)c));
        CHECK((a->kind == VALUE_MISSING) == (b->kind == VALUE_MISSING));
        CHECK(a->kind != VALUE_TEXT || (a->text.len == 0) == (b->text.len == 0));
        if (projection_decides(p, (enum column)c))
            CHECK(value_equal(a, b) && (a->same == 0 || a->same == b->same));
        else if (a->same && a->same == b->same)
            CHECK(value_equal(a, b));
    }
}

/* The numbers that are given without the row are those in it. */
static void compare_numbers(const struct projection *p, uint32_t row, const struct record *is)
{
    for (int c = 0; c < COLUMN_COUNT; c++) {
        uint32_t same = projection_same(p, row, (enum column)c);
        const struct value *v = projection_value(p, row, (enum column)c);

        CHECK(v->kind == VALUE_MISSING || value_equal(v, &is->column[c]));
        if (same == PROJECTION_SAME_NONE)
            CHECK(v->kind == VALUE_MISSING);
        else
            CHECK(same == is->column[c].same && v->same == same &&
                  v->kind == is->column[c].kind);
    }
}

/* Open it and load all of it. */
static int open_all(struct projection **out, struct buf *bytes, struct projection_numbers *n,
                    const struct projection_want *want)
{
    struct projection_source from = {read_memory, bytes, bytes->len};
    struct err err;
    int rc = projection_open(out, &from, n, &err);

    if (rc == 0 && (rc = projection_load(*out, want->column, &err)) < 0)
        projection_free(*out);
    return rc;
}

static void round_trip(unsigned third, const struct zone *zone)
{
    struct projection_want want = {.column = {[COLUMN_TIME] = true}}, has, few = {.column = {0}};
    struct projector *maker;
    struct record *was = xcalloc(ROWS, sizeof *was), is, some, *first;
    uint32_t *of_class;
    uint8_t binding[HASH_BYTES] = {7};
    struct projection_numbers n = {.class = 100, .column = {[COLUMN_TIME_RAW] = 50}};
    struct timestamp_hour hour = {0};
    struct projection_numbers same;
    struct projection *p, *whole; /* of which a few columns, and all, are filled */
    bool all[COLUMN_COUNT];
    struct arena a = {0};
    struct buf bytes = {0}, copy = {0};

    for (unsigned c = 0; c < COLUMN_COUNT; c++) {
        want.column[c] |= third == 3 || c % 3 == third;
        want.filled[c] = want.column[c] && c % 5 == 1;
        want.decides[c] = want.column[c] && c % 7 == 2;
        few.column[c] = want.column[c] && c % 4 == 1;
    }
    want.filled[COLUMN_TIME] = false;
    memcpy(few.filled, want.filled, sizeof few.filled);
    maker = projector_new(&want);
    for (size_t i = 0; i < ROWS; i++) {
        any_record(&was[i], &want, &a);
        projector_row(maker, &was[i]);
    }
    projector_encode(maker, 4000, binding, &bytes);
    projector_free(maker);
    buf_put_str(&copy, buf_str(&bytes));
    same = n;
    CHECK(open_all(&p, &bytes, &n, &want) == 0 && open_all(&whole, &bytes, &same, &want) == 0);
    CHECK(projection_layout(p)->first_seq == 4000 && projection_layout(p)->rows == ROWS &&
          projection_layout(p)->binding[0] == 7);
    projection_choose(p, few.column);
    memset(all, true, sizeof all);
    projection_choose(whole, all);
    projection_layout_want(&has, projection_layout(p));
    CHECK(projection_want_holds(&has, &want));
    of_class = xcalloc(projection_layout(p)->classes + 100U, sizeof *of_class);
    first = xcalloc(ROWS, sizeof *first);
    memset(&is, 0, sizeof is);
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t class = projection_class(p, i);

        projection_fill(p, i, PROJECTION_CLASS, &is, &hour, zone);
        compare_class(p, &was[i], &is, &want);
        projection_fill(whole, i, PROJECTION_FEW, &is, &hour, zone);
        compare(&was[i], &is, 4000 + i, &want);
        CHECK(class >= 100 && class < n.class);
        CHECK(projection_integer(p, i, COLUMN_TIME) ==
              (was[i].column[COLUMN_TIME].kind == VALUE_TIME ? was[i].column[COLUMN_TIME].integer
                                                             : INT64_MIN));
        compare_numbers(p, i, &is);
        CHECK((is.column[COLUMN_TIME].kind == VALUE_MISSING) ==
              (is.column[COLUMN_TIME_LOCAL_HOUR].kind == VALUE_MISSING));
        first[i] = is;
        projection_expect(p, i + 3);
        projection_fill(p, ROWS - 1 - i, PROJECTION_FEW, &is, &hour, zone);
        some = is;
        for (int c = 0; c < COLUMN_COUNT; c++) /* the others may be those of any row */
            if (!few.column[c] && c != COLUMN_SEQ && !(few.column[COLUMN_TIME] && is_local(c)))
                some.column[c].kind = VALUE_MISSING;
        compare(&was[ROWS - 1 - i], &some, 4000 + ROWS - 1 - i, &few);
        if (of_class[class])
            compare_class(p, &first[of_class[class] - 1], &first[i], &want);
        else
            of_class[class] = i + 1;
    }
    projection_free(p);
    projection_free(whole);
    for (size_t i = 0; i < 200; i++) { /* no byte can be another unnoticed */
        size_t at = draw(copy.len);

        buf_clear(&bytes);
        buf_put_str(&bytes, buf_str(&copy));
        bytes.at[at] = (char)((uint8_t)bytes.at[at] ^ (uint8_t)(1 + draw(255)));
        CHECK(open_all(&p, &bytes, &n, &want) == ERR_CORRUPT);
    }
    free(was);
    free(first);
    free(of_class);
    buf_release(&bytes);
    buf_release(&copy);
    arena_release(&hour.arena);
    arena_release(&a);
}

int main(void)
{
    struct zone *zone;
    struct err err;

    CHECK(zone_load(&zone, "Europe/London", &err) == 0);
    for (unsigned third = 0; third < 4; third++)
        round_trip(third, zone);
    zone_free(zone);
    return 0;
}
