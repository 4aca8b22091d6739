/* generate.c - `generate [--hurt | --chaos] [--calm] [--month] [--ledger] RECORDS SEED` writes synthetic
 * traffic as NDJSON. --ledger writes instead, to standard output and nothing else, the
 * information in that traffic: bytes a record by purpose, and their sum, the floor of every
 * lossless coder. --hurt is the set made to hurt: members in any order, white space, escapes,
 * unknown members, about 64 k shapes; with --chaos no two records have the same. --calm leaves
 * out what should alert; --month spreads the records over April 2026, busy by day and quiet at
 * night and at weekends, where else they come evenly. */
#include "bench/traffic.h"

static void print_ledger(const struct draw *d, unsigned long records)
{
    double sum = 0;

    for (int i = 0; i < PURPOSE_COUNT; i++) {
        double bytes = d->bits[i] / 8 / (double)records;

        printf("%-20s %8.3f\n", purpose_name((enum purpose)i), bytes);
        sum += bytes;
    }
    printf("%-20s %8.3f\n", "floor", sum);
}

int main(int argc, char **argv)
{
    unsigned long records = 20000;
    unsigned long long seed = 1;
    bool hurt = false, ledger = false, calm = false, chaos = false, month = false;
    struct zone *zone = NULL;
    struct err err;
    struct buf out = {0};
    struct traffic *t;
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        hurt |= strcmp(argv[at], "--hurt") == 0;
        calm |= strcmp(argv[at], "--calm") == 0;
        chaos |= strcmp(argv[at], "--chaos") == 0;
        month |= strcmp(argv[at], "--month") == 0;
        ledger |= strcmp(argv[at], "--ledger") == 0;
    }
    if (at < argc)
        records = strtoul(argv[at++], NULL, 10);
    if (at < argc)
        seed = strtoull(argv[at], NULL, 10);
    t = traffic_new(seed, hurt || chaos, calm);
    if (chaos)
        traffic_layouts(t, 0);
    if (month && zone_load(&zone, "Europe/London", &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    if (month)
        traffic_month(t, records, zone);
    for (unsigned long i = 0; i < records; i++) {
        traffic_next(t, &out);
        if (!ledger && (out.len > 1 << 20 || i + 1 == records) &&
            fwrite(out.at, 1, out.len, stdout) != out.len)
            return 1;
        if (ledger || out.len > 1 << 20)
            buf_clear(&out);
    }
    if (ledger)
        print_ledger(traffic_ledger(t), records);
    traffic_free(t);
    zone_free(zone);
    buf_release(&out);
    return 0;
}
