/* timestamp.c - see timestamp.h. */
#include "record/timestamp.h"

#include "base/zone.h"

/* Times whose year has four digits in UTC and in London, whose clock was 75 s behind. */
static const int64_t LEAST_SECOND = -62167219200 + 75, GREATEST_SECOND = 253402300799;

static bool two(struct str s, size_t at, int *out)
{
    if (at + 2 > s.len || s.at[at] < '0' || s.at[at] > '9' || s.at[at + 1] < '0' ||
        s.at[at + 1] > '9')
        return false;
    *out = (s.at[at] - '0') * 10 + s.at[at + 1] - '0';
    return true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* Up to nine digits after a point; the first six count. */
static bool fraction(struct str s, size_t *at, int64_t *us)
{
    int64_t scale = 100000;
    size_t n = 0;

    if (*at >= s.len || s.at[*at] != '.')
        return true;
    for ((*at)++; *at < s.len && s.at[*at] >= '0' && s.at[*at] <= '9'; (*at)++, n++) {
        *us += (s.at[*at] - '0') * scale;
        scale /= 10;
    }
    return n >= 1 && n <= 9;
}

static bool offset(struct str s, size_t at, bool loose, int *seconds)
{
    bool minus;
    int h;
    int m = 0;
    size_t minutes;

    *seconds = 0;
    if (loose && at == s.len)
        return true;
    if (at + 1 == s.len)
        return s.at[at] == 'Z' || s.at[at] == 'z';
    if (at >= s.len || (s.at[at] != '+' && s.at[at] != '-') || !two(s, at + 1, &h))
        return false;
    minus = s.at[at] == '-';
    minutes = at + 3;
    if (minutes < s.len && s.at[minutes] == ':')
        minutes++;
    else if (!loose)
        return false;
    if (!two(s, minutes, &m) || minutes + 2 != s.len || h > 23 || m > 59)
        return false;
    *seconds = (h * 60 + m) * (minus ? -60 : 60);
    return true;
}

static bool parse(struct str s, bool loose, int64_t *us)
{
    int century, year, month, day, hour, minute, second, east;
    int64_t sub = 0;
    int64_t at_s;
    size_t at = 19;

    if (s.len < 19 || !two(s, 0, &century) || !two(s, 2, &year) || s.at[4] != '-' ||
        !two(s, 5, &month) || s.at[7] != '-' || !two(s, 8, &day) || !two(s, 11, &hour) ||
        s.at[13] != ':' || !two(s, 14, &minute) || s.at[16] != ':' || !two(s, 17, &second))
        return false;
    if (s.at[10] != 'T' && s.at[10] != 't' && !(loose && s.at[10] == ' '))
        return false;
    year += century * 100;
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    if (!fraction(s, &at, &sub) || !offset(s, at, loose, &east))
        return false;
    at_s = civil_to_days(year, month, day) * 86400 + hour * 3600 + minute * 60 +
           (second == 60 ? 59 : second) - east;
    if (second == 60) {
        if (((at_s % 86400) + 86400) % 86400 != 86399)
            return false;
        at_s++;
    }
    if (at_s < LEAST_SECOND || at_s > GREATEST_SECOND)
        return false;
    *us = at_s * 1000000 + sub;
    return true;
}

bool timestamp_good(int64_t us)
{
    return us / 1000000 >= LEAST_SECOND && us / 1000000 <= GREATEST_SECOND;
}

bool timestamp_parse(struct str text, int64_t *us)
{
    return parse(text, false, us);
}

bool timestamp_parse_csv(struct str text, int64_t *us)
{
    return parse(text, true, us);
}

static int64_t floor_seconds(int64_t us)
{
    return us / 1000000 - (us % 1000000 < 0);
}

/* The last digits of v, in front of `end`. */
static void put_digits(char *end, unsigned v, int digits)
{
    for (; digits > 0; digits--, v /= 10)
        *--end = (char)('0' + v % 10);
}

void timestamp_print(char out[TIMESTAMP_BYTES + 8], int64_t us)
{
    int64_t s = floor_seconds(us);
    struct civil c;

    civil_from_seconds(&c, s);
    memcpy(out, "0000-00-00T00:00:00.000000Z", 28);
    put_digits(out + 4, (unsigned)c.year, 4);
    put_digits(out + 7, (unsigned)c.month, 2);
    put_digits(out + 10, (unsigned)c.day, 2);
    put_digits(out + 13, (unsigned)c.hour, 2);
    put_digits(out + 16, (unsigned)c.minute, 2);
    put_digits(out + 19, (unsigned)c.second, 2);
    put_digits(out + 26, (unsigned)(us - s * 1000000), 6);
}

enum { DAYS_MAX = 2932897 }; /* from 1970 to the end of 9999, whose dates differ as texts */

void timestamp_columns(struct record *out, int64_t us, const struct zone *zone,
                       struct arena *arena)
{
    char text[32];
    struct civil c;
    int64_t day;
    int n;

    civil_local(&c, zone, us);
    day = civil_to_days(c.year, c.month, c.day);
    n = snprintf(text, sizeof text, "%04u-%02u-%02u", (unsigned)c.year % 10000U,
                 (unsigned)c.month % 100U, (unsigned)c.day % 100U);
    out->column[COLUMN_TIME] = (struct value){.kind = VALUE_TIME, .integer = us};
    out->column[COLUMN_TIME_LOCAL_DATE] = (struct value){
        .kind = VALUE_TEXT, .text = arena_copy(arena, (struct str){text, (size_t)n}),
        .same = day >= 0 && day < DAYS_MAX ? (uint32_t)day + 1 : 0};
    out->column[COLUMN_TIME_LOCAL_HOUR] =
        (struct value){.kind = VALUE_INTEGER, .integer = c.hour};
    out->column[COLUMN_TIME_LOCAL_WEEKDAY] =
        (struct value){.kind = VALUE_INTEGER, .integer = c.weekday};
}

uint32_t timestamp_near_date(const struct timestamp_hour *h, int64_t us)
{
    return us >= 0 && floor_seconds(us) / 3600 + 1 == h->hour ? h->local[0].same : 0;
}

void timestamp_near(struct timestamp_hour *h, struct record *out, int64_t us,
                    const struct zone *zone)
{
    static const enum column local[3] = {COLUMN_TIME_LOCAL_DATE, COLUMN_TIME_LOCAL_HOUR,
                                         COLUMN_TIME_LOCAL_WEEKDAY};
    int64_t hour = floor_seconds(us) / 3600;

    if (us < 0 || hour + 1 != h->hour) {
        arena_reset(&h->arena);
        timestamp_columns(out, us, zone, &h->arena);
        for (int i = 0; i < 3; i++)
            h->local[i] = out->column[local[i]];
        h->hour = us < 0 ? 0 : hour + 1;
        return;
    }
    out->column[COLUMN_TIME] = (struct value){.kind = VALUE_TIME, .integer = us};
    for (int i = 0; i < 3; i++)
        out->column[local[i]] = h->local[i];
}
