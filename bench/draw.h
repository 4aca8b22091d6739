/* draw.h - seeded draws whose information is booked: the ledger adds -log2 p of every draw
 * under its purpose. The sum is a floor: no lossless coder can be below it on average. */
#ifndef BENCH_DRAW_H
#define BENCH_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum purpose {
    PURPOSE_TRACE,
    PURPOSE_SIGNATURE,
    PURPOSE_TIME,
    PURPOSE_BYTES,
    PURPOSE_DURATION,
    PURPOSE_ENTITIES, /* what is new: numbers, ids, names */
    PURPOSE_DOCUMENTS,
    PURPOSE_WHO,      /* organisation, user */
    PURPOSE_WHOSE,    /* practice, patient */
    PURPOSE_WHAT,     /* kind and steps of a session, status */
    PURPOSE_ODD,
    PURPOSE_COUNT
};

struct draw {
    uint64_t state;
    double bits[PURPOSE_COUNT];
};

uint64_t draw_word(struct draw *d); /* 64 bits that are not booked */
unsigned draw_below(struct draw *d, enum purpose p, unsigned n);
bool draw_chance(struct draw *d, enum purpose p, double chance);
/* Whole numbers: exponential of that mean; log-normal of that median and spread. */
unsigned draw_wait(struct draw *d, enum purpose p, double mean);
unsigned draw_lognormal(struct draw *d, enum purpose p, double median, double spread);
void draw_bytes(struct draw *d, enum purpose p, uint8_t *out, size_t n);
/* A version 4 UUID as text of 36 characters, NUL-terminated. */
void draw_uuid(struct draw *d, enum purpose p, bool upper, char out[37]);

/* Ranks 0 to n - 1 with popularity 1 / (rank + 1)^s, for populations of which a part was
 * never seen: one seen for the first time costs what all unseen ones weigh together. */
struct popularity {
    double *until; /* cumulative */
    unsigned n;
};
void popularity_init(struct popularity *p, unsigned n, double s);
unsigned draw_popular(struct draw *d, enum purpose p, const struct popularity *pop,
                      uint8_t *seen, double *unseen, bool *first);
const char *purpose_name(enum purpose p);

#endif
