/* stats.c - `analyzer stats`. */
#include "analyzer/commands.h"
#include "record/mask.h"
#include "trail/trail.h"

struct listing {
    bool json, first;
    uint64_t rows;
    int left; /* lines that a person wants to see */
};

/* Paths come from records, so anything may stand in them: an NHS number is masked, and what
 * is not plain ASCII is shown as a question mark. */
static void print_name(struct str name)
{
    struct buf shown = {0};

    mask_text(&shown, name);
    for (size_t i = 0; i < shown.len; i++) {
        char c = shown.at[i];

        putchar(c < 0x20 || c == 0x7f || c == '"' || c == '\\' ? '?' : c);
    }
    buf_release(&shown);
}

static void print_column(void *ctx, struct str name, double bytes)
{
    struct listing *l = ctx;

    if (l->json) {
        if (!l->first)
            putchar(',');
        putchar('"');
        print_name(name);
        printf("\":%.0f", bytes);
    } else if (l->left-- > 0 && l->rows > 0) {
        printf("%9.3f bytes a record  ", bytes / (double)l->rows);
        print_name(name);
        putchar('\n');
    }
    l->first = false;
}

int stats_run(const struct options *o)
{
    struct trail *t = NULL;
    struct listing listing = {.json = o->json, .first = true, .left = 25};
    struct trail_sizes s;
    struct err err;

    if (trail_open(&t, o->store, &err) < 0)
        return complain(err.text);
    if (trail_sizes(t, &s, &err) < 0) {
        trail_close(t);
        return complain(err.text);
    }
    listing.rows = s.rows;
    if (o->json)
        printf("{\"records\":%llu,\"malformed\":%llu,\"bytes_in\":%llu,\"bytes\":{\"seg\":%llu,"
               "\"idx\":%llu,\"other\":%llu},\"segments\":%llu,\"groups\":%llu,\"columns\":{",
               (unsigned long long)s.rows, (unsigned long long)s.malformed,
               (unsigned long long)s.bytes_in, (unsigned long long)s.seg,
               (unsigned long long)s.idx, (unsigned long long)s.other,
               (unsigned long long)s.segments, (unsigned long long)s.groups);
    else
        printf("%llu records (%llu malformed) in %llu groups of %llu segments\n%llu bytes"
               " received, %llu stored: %.1f to 1\n", (unsigned long long)s.rows,
               (unsigned long long)s.malformed, (unsigned long long)s.groups,
               (unsigned long long)s.segments,
               (unsigned long long)s.bytes_in, (unsigned long long)(s.seg + s.idx + s.other),
               (double)s.bytes_in / (double)(s.seg + s.idx + s.other));
    if (trail_sizes_by_column(o->store, print_column, &listing, &err) < 0) {
        trail_close(t);
        return complain(err.text);
    }
    if (o->json)
        puts("}}");
    if (*trail_remark(t))
        complain(trail_remark(t));
    trail_close(t);
    return 0;
}
