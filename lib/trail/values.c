/* values.c - see values.h. Texts are found by pages, so that those which nobody asks for
 * take no memory; which group has the text of an entry is searched for once an entry. */
#include "trail/values.h"

#include "base/limits.h"
#include "base/mem.h"

enum { VALUES_MAX = LIMIT_ENTRIES_BYTES / sizeof(struct str) + 1 }; /* see model_entry() */

void values_group(struct values *e)
{
    if (e->groups == e->groups_cap) {
        e->groups_cap = e->groups_cap ? e->groups_cap * 2 : 64;
        e->group = xrealloc(e->group, e->groups_cap * sizeof *e->group);
    }
    e->group[e->groups++] = (struct values_group){e->spans, false};
}

static struct values_label *reach_label(struct values *e, uint32_t label)
{
    size_t n = e->labels ? e->labels : 128;

    if (label < e->labels)
        return &e->label[label];
    while (n <= label)
        n *= 2;
    e->label = xrealloc(e->label, n * sizeof *e->label);
    memset(e->label + e->labels, 0, (n - e->labels) * sizeof *e->label);
    e->labels = n;
    return &e->label[label];
}

/* Room for the pages of so many entries. */
static void fit_pages(struct values_label *l, uint32_t count)
{
    uint32_t pages = (count + VALUES_PAGE - 1) / VALUES_PAGE;
    uint32_t more = l->pages ? l->pages : 1;

    if (pages <= l->pages)
        return;
    while (more < pages)
        more *= 2;
    l->page = xrealloc(l->page, more * sizeof(struct str *));
    memset(l->page + l->pages, 0, (more - l->pages) * sizeof(struct str *));
    l->pages = more;
}

bool values_add(struct values *e, uint32_t label, uint64_t count)
{
    struct values_label *l = reach_label(e, label);

    if (count == 0 || count > VALUES_MAX - e->count ||
        (e->spans > e->group[e->groups - 1].first_span && e->span[e->spans - 1].label >= label))
        return false;
    e->count += count;
    if (l->starts == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 4;
        l->start = xrealloc(l->start, l->cap * sizeof *l->start);
    }
    l->start[l->starts++] = (struct values_start){l->count, (uint32_t)(e->groups - 1)};
    if (e->spans == e->spans_cap) {
        e->spans_cap = e->spans_cap ? e->spans_cap * 2 : 64;
        e->span = xrealloc(e->span, e->spans_cap * sizeof *e->span);
    }
    e->span[e->spans++] = (struct values_span){label, l->count, (uint32_t)count};
    l->count += (uint32_t)count;
    fit_pages(l, l->count);
    return true;
}

static struct str *place_of(struct values_label *l, uint32_t entry)
{
    struct str **page = &l->page[entry / VALUES_PAGE];

    if (!*page)
        *page = xcalloc(VALUES_PAGE, sizeof **page);
    return &(*page)[entry % VALUES_PAGE];
}

static void put_span(struct values *e, const struct values_span *s, struct cursor *texts)
{
    struct cursor_texts t = cursor_texts(texts, s->count, LIMIT_DEFINITIONS_BYTES);

    for (uint32_t i = 0; i < s->count && !t.bytes.bad; i++)
        *place_of(&e->label[s->label], s->first + i) = cursor_text(&t);
    texts->bad |= t.bytes.bad;
}

void values_put(struct values *e, struct cursor *texts)
{
    put_span(e, &e->span[e->spans - 1], texts);
    e->group[e->groups - 1].there = true;
}

int values_take(struct values *e, uint64_t n, struct str texts, struct err *err)
{
    size_t end = n + 1 < e->groups ? e->group[n + 1].first_span : e->spans;
    struct cursor c = {texts, false};

    for (size_t i = e->group[n].first_span; i < end && !c.bad; i++)
        put_span(e, &e->span[i], &c);
    if (c.bad || c.rest.len)
        return err_set(err, ERR_CORRUPT, "the texts of a row group contradict its"
                       " definitions");
    e->group[n].there = true;
    return 0;
}

int values_reach(struct values *e, uint64_t n, struct err *err)
{
    struct str texts;
    int rc;

    if (n >= e->groups || e->group[n].there)
        return 0;
    if (!e->fetch)
        return err_set(err, ERR_CORRUPT, "the texts of a row group are not there");
    rc = e->fetch(e->ctx, n, &texts, &e->texts, err);
    return rc == 0 ? values_take(e, n, texts, err) : rc;
}

int values_text_far(struct values *e, uint32_t label, uint32_t entry, struct str *out,
                    struct err *err)
{
    struct values_label *l = &e->label[label];
    uint32_t low = 0, high = l->starts;
    int rc;

    while (high - low > 1) { /* the last start at or before it */
        uint32_t mid = low + (high - low) / 2;

        if (l->start[mid].first <= entry)
            low = mid;
        else
            high = mid;
    }
    rc = values_reach(e, l->start[low].group, err);
    if (rc == 0)
        *out = *place_of(l, entry);
    return rc < 0 || out->at ? rc : err_set(err, ERR_CORRUPT, "a text of a row group is"
                                            " not there");
}

void values_release(struct values *e)
{
    for (size_t i = 0; i < e->labels; i++) {
        for (uint32_t k = 0; k < e->label[i].pages; k++)
            free(e->label[i].page[k]);
        free(e->label[i].page);
        free(e->label[i].start);
    }
    free(e->label);
    free(e->span);
    free(e->group);
    arena_release(&e->texts);
    memset(e, 0, sizeof *e);
}
