/* draw.c - see draw.h. The generator is splitmix64 (Steele, Lea and Flood, 2014). */
#include "bench/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t draw_word(struct draw *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

static double unit(struct draw *d)
{
    return (double)(draw_word(d) >> 11) / 9007199254740992.0;
}

static void book(struct draw *d, enum purpose p, double probability)
{
    d->bits[p] -= log2(probability);
}

unsigned draw_below(struct draw *d, enum purpose p, unsigned n)
{
    book(d, p, 1.0 / n);
    return (unsigned)(draw_word(d) % n);
}

bool draw_chance(struct draw *d, enum purpose p, double chance)
{
    bool yes = unit(d) < chance;

    if (chance > 0 && chance < 1)
        book(d, p, yes ? chance : 1 - chance);
    return yes;
}

unsigned draw_wait(struct draw *d, enum purpose p, double mean)
{
    double at = floor(-mean * log(1 - unit(d)));

    at = at < 4e9 ? at : 4e9;
    book(d, p, exp(-at / mean) * (1 - exp(-1 / mean)));
    return (unsigned)at;
}

/* Box and Muller; booked as the mass between the halves around the number. */
unsigned draw_lognormal(struct draw *d, enum purpose p, double median, double spread)
{
    double z = sqrt(-2 * log(1 - unit(d))) * cos(2 * M_PI * unit(d));
    double at = floor(median * exp(spread * z) + 0.5);
    double low, high, mass;

    at = at < 1 ? 1 : at > 1e9 ? 1e9 : at;
    low = log((at - 0.5) / median) / spread;
    high = log((at + 0.5) / median) / spread;
    mass = 0.5 * (erfc(-high / M_SQRT2) - erfc(-(at > 1 ? low : -40) / M_SQRT2));
    book(d, p, mass > 1e-12 ? mass : 1e-12);
    return (unsigned)at;
}

void draw_bytes(struct draw *d, enum purpose p, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)draw_below(d, p, 256);
}

void draw_uuid(struct draw *d, enum purpose p, bool upper, char out[37])
{
    uint64_t a = draw_word(d);
    uint64_t b = draw_word(d);

    d->bits[p] += 122;
    snprintf(out, 37, upper ? "%08X-%04X-4%03X-%04X-%012llX" : "%08x-%04x-4%03x-%04x-%012llx",
             (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
             0x8000U | (unsigned)(b >> 48 & 0x3fff),
             (unsigned long long)(b & 0xffffffffffffULL));
}

void popularity_init(struct popularity *p, unsigned n, double s)
{
    double sum = 0;

    p->n = n;
    p->until = malloc(n * sizeof *p->until);
    if (!p->until)
        abort();
    for (unsigned i = 0; i < n; i++)
        p->until[i] = sum += pow(i + 1.0, -s);
    for (unsigned i = 0; i < n; i++)
        p->until[i] /= sum;
}

unsigned draw_popular(struct draw *d, enum purpose p, const struct popularity *pop,
                      uint8_t *seen, double *unseen, bool *first)
{
    double u = unit(d);
    unsigned low = 0;
    unsigned high = pop->n - 1;
    double mass;

    while (low < high) {
        unsigned mid = (low + high) / 2;

        if (pop->until[mid] > u)
            high = mid;
        else
            low = mid + 1;
    }
    mass = pop->until[low] - (low ? pop->until[low - 1] : 0);
    *first = !seen[low];
    book(d, p, *first ? *unseen : mass);
    if (*first)
        *unseen = *unseen - mass > 1e-9 ? *unseen - mass : 1e-9;
    seen[low] = 1;
    return low;
}

const char *purpose_name(enum purpose p)
{
    static const char *const names[PURPOSE_COUNT] = {
        "trace ids", "signatures", "times",    "response bytes", "durations", "new entities",
        "documents", "user, organisation", "patient, practice", "steps, status", "oddities"};

    return names[p];
}
