/* stats.c - `analyzer stats`. */
#include "analyzer/commands.h"
#include "trail/trail.h"

int stats_run(const struct options *o)
{
    struct trail *t = NULL;
    struct trail_sizes s;
    struct err err;

    if (trail_open(&t, o->store, &err) < 0)
        return complain(err.text);
    if (trail_sizes(t, &s, &err) < 0) {
        trail_close(t);
        return complain(err.text);
    }
    if (o->json)
        printf("{\"records\":%llu,\"malformed\":%llu,\"bytes_in\":%llu,\"bytes\":{\"seg\":%llu,"
               "\"idx\":%llu,\"other\":%llu},\"segments\":%llu,\"columns\":{}}\n",
               (unsigned long long)s.rows, (unsigned long long)s.malformed,
               (unsigned long long)s.bytes_in, (unsigned long long)s.seg,
               (unsigned long long)s.idx, (unsigned long long)s.other,
               (unsigned long long)s.segments);
    else
        printf("%llu records (%llu malformed) in %llu segments\n%llu bytes received, %llu"
               " stored: %.1f to 1\n", (unsigned long long)s.rows,
               (unsigned long long)s.malformed, (unsigned long long)s.segments,
               (unsigned long long)s.bytes_in, (unsigned long long)(s.seg + s.idx + s.other),
               (double)s.bytes_in / (double)(s.seg + s.idx + s.other));
    if (*trail_remark(t))
        complain(trail_remark(t));
    trail_close(t);
    return 0;
}
