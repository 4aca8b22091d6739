/* hours.c - see hours.h. */
#include "analyzer/hours.h"

int hours_clock(struct str s)
{
    int hour, minute;

    if (s.len != 5 || s.at[2] != ':')
        return -1;
    for (int i = 0; i < 5; i++)
        if (i != 2 && (s.at[i] < '0' || s.at[i] > '9'))
            return -1;
    hour = (s.at[0] - '0') * 10 + s.at[1] - '0';
    minute = (s.at[3] - '0') * 10 + s.at[4] - '0';
    return minute > 59 || hour * 60 + minute > 24 * 60 ? -1 : hour * 60 + minute;
}

unsigned hours_days(struct str s)
{
    unsigned days = 0;
    size_t i = 0;

    while (i < s.len) {
        int from = s.at[i] - '0', to = from;

        if (i + 2 < s.len && s.at[i + 1] == '-') {
            to = s.at[i + 2] - '0';
            i += 2;
        }
        if (from < 1 || to > 7 || from > to || (i + 1 < s.len && s.at[i + 1] != ','))
            return 0;
        for (int d = from; d <= to; d++)
            days |= 1U << d;
        i += 2;
    }
    return s.len == 0 ? 0xfe : days;
}
