/* values.h - the distinct values of the labels of one generation, as a reader has them: how
 * many there are is told by the definitions of each group; their texts stand apart and are
 * fetched a group at a time, when the first one of the group is asked for. A reader of few
 * rows needs those of few groups. Zero-initialise; values_release() frees. One thread. */
#ifndef TRAIL_VALUES_H
#define TRAIL_VALUES_H

#include "base/arena.h"
#include "base/cursor.h"
#include "base/err.h"

/* Give the texts of the n-th group of the generation, as values_take() wants them, in the
 * arena. */
typedef int values_fetch(void *ctx, uint64_t n, struct str *texts, struct arena *arena,
                         struct err *err);

enum { VALUES_PAGE = 256 };

struct values_label {
    struct str **page; /* of texts; NULL, and NULL in a page: not fetched */
    uint32_t pages, count;
    struct values_start {
        uint32_t first, group;
    } *start;          /* where each group's begin that has some, ascending */
    uint32_t starts, cap;
};

struct values {
    struct values_label *label;
    size_t labels;
    struct values_span {
        uint32_t label, first, count;
    } *span;           /* in the order of their texts */
    size_t spans, spans_cap;
    struct values_group {
        size_t first_span;
        bool there;
    } *group;
    size_t groups, groups_cap;
    uint64_t count;     /* of all labels */
    values_fetch *fetch;
    void *ctx;
    struct arena texts;
};

/* The definitions of the next group begin. */
void values_group(struct values *e);
/* It has count more entries of the label, which is greater than the one before; false: it is
 * none that a writer tells. */
bool values_add(struct values *e, uint32_t label, uint64_t count);
/* The texts of those that were added last: count lengths, then their bytes, which outlive the
 * entries. */
void values_put(struct values *e, struct cursor *texts);
/* The texts of the n-th group; they outlive the entries. */
int values_take(struct values *e, uint64_t n, struct str texts, struct err *err);
/* Fetch those of the n-th group, unless they are there. */
int values_reach(struct values *e, uint64_t n, struct err *err);
void values_release(struct values *e);

static inline uint32_t values_count(const struct values *e, uint32_t label)
{
    return label < e->labels ? e->label[label].count : 0;
}

int values_text_far(struct values *e, uint32_t label, uint32_t entry, struct str *out,
                    struct err *err);
/* The text of an entry below the label's count. */
static inline int values_text(struct values *e, uint32_t label, uint32_t entry,
                              struct str *out, struct err *err)
{
    const struct str *page = e->label[label].page[entry / VALUES_PAGE];

    if (page && page[entry % VALUES_PAGE].at) {
        *out = page[entry % VALUES_PAGE];
        return 0;
    }
    return values_text_far(e, label, entry, out, err);
}

#endif
