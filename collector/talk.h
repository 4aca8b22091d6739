/* talk.h - what the collector says to a person, on stderr: one masked line at a time, and
 * a progress line where stderr is a terminal. */
#ifndef COLLECTOR_TALK_H
#define COLLECTOR_TALK_H

#include <stdint.h>

/* "collector: ...", every run of digits that is an NHS number masked. */
void talk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* At most five times a second, and only on a terminal. */
struct progress {
    double begun, last;
    unsigned calls;
};
double talk_clock(void); /* seconds, monotonic */
void talk_progress(struct progress *p, uint64_t done, uint64_t size, uint64_t records);
void talk_progress_end(struct progress *p);

#endif
