/* talk.c - see talk.h. */
#include "collector/talk.h"

#include <stdarg.h>
#include <unistd.h>

#include "base/buf.h"
#include "record/mask.h"

enum { PROGRESS_CALLS = 256 };

void talk(const char *fmt, ...)
{
    char line[1024];
    struct buf masked = {0};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    mask_text(&masked, str_of(line));
    fprintf(stderr, "collector: %.*s\n", STR_ARG(buf_str(&masked)));
    buf_release(&masked);
}

double talk_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void talk_progress(struct progress *p, uint64_t done, uint64_t size, uint64_t records)
{
    double now, spent, left;

    if (++p->calls % PROGRESS_CALLS || size == 0 || done == 0 || !isatty(STDERR_FILENO))
        return;
    now = talk_clock();
    spent = now - p->begun;
    if (now - p->last < 0.2)
        return;
    p->last = now;
    left = spent * (double)(size > done ? size - done : 0) / (double)done;
    fprintf(stderr, "\r%3.0f %%  %llu records, %.0f a second, %.0f s left \033[K",
            100.0 * (double)done / (double)size, (unsigned long long)records,
            (double)records / (spent > 0 ? spent : 1), left);
}

void talk_progress_end(struct progress *p)
{
    if (p->last > 0)
        fputs("\r\033[K", stderr);
}
