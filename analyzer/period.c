/* period.c - see period.h. */
#include "analyzer/period.h"

#include <stdio.h>

#include "record/timestamp.h"

/* Midnight of that day since 1970. */
static int64_t midnight(const struct zone *zone, int64_t day)
{
    int64_t local = day * 86400;
    int64_t utc = local - zone_offset(zone, local);

    return (local - zone_offset(zone, utc)) * 1000000;
}

/* A day as YYYY-MM-DD, the first ten characters of text. */
static bool read_day(const char *text, int64_t *day)
{
    char moment[32];
    int64_t us;

    snprintf(moment, sizeof moment, "%.10sT00:00:00Z", text);
    if (!timestamp_parse(str_of(moment), &us))
        return false;
    *day = us / 1000000 / 86400;
    return true;
}

bool period_bound(const char *text, const struct zone *zone, int64_t *us)
{
    int64_t day;

    if (timestamp_parse(str_of(text), us))
        return true;
    if (strlen(text) != 10 || !read_day(text, &day))
        return false;
    *us = midnight(zone, day);
    return true;
}

/* From a month on, so many of them. */
static bool months(const struct zone *zone, int year, int month, int count, int64_t *since,
                   int64_t *until)
{
    int end = month + count;

    if (month < 1 || month > 12 || year < 1970)
        return false;
    *since = midnight(zone, civil_to_days(year, month, 1));
    *until = midnight(zone, civil_to_days(year + (end - 1) / 12, (end - 1) % 12 + 1, 1));
    return true;
}

bool period_parse(const char *text, const struct zone *zone, int64_t *since, int64_t *until)
{
    int year, part, used = 0;
    int64_t from, to;

    if (strlen(text) == 22 && memcmp(text + 10, "..", 2) == 0) {
        if (!read_day(text, &from) || !read_day(text + 12, &to) || from < 0)
            return false;
        *since = midnight(zone, from);
        *until = midnight(zone, to + 1);
        return *since < *until;
    }
    if (strlen(text) != 7)
        return false;
    if (sscanf(text, "%4d-Q%1d%n", &year, &part, &used) == 2 && used == 7)
        return part <= 4 && months(zone, year, 3 * part - 2, 3, since, until);
    return sscanf(text, "%4d-%2d%n", &year, &part, &used) == 2 && used == 7 &&
           months(zone, year, part, 1, since, until);
}
