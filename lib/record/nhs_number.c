/* nhs_number.c - weights 10 down to 2 over nine digits; 11 less the remainder is the check
 * digit, 11 counts as 0 and 10 is never issued (NHS Data Dictionary). */
#include "record/nhs_number.h"

bool nhs_number_digits(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return text.len == 10;
}

bool nhs_number_good(const char *p)
{
    int sum = 0;

    for (int i = 0; i < 10; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    for (int i = 0; i < 9; i++)
        sum += (p[i] - '0') * (10 - i);
    return (11 - sum % 11) % 11 == p[9] - '0';
}

struct str nhs_number_judge(struct str text)
{
    bool equal = text.len == 10;

    for (size_t i = 0; equal && i < text.len; i++)
        equal = text.at[i] >= '0' && text.at[i] <= '9' && text.at[i] == text.at[0];
    if (equal)
        return STR("placeholder");
    return text.len == 10 && nhs_number_good(text.at) ? STR("valid") : STR("invalid");
}

struct str nhs_number_plain(struct str text, struct arena *arena)
{
    char *to = arena_alloc(arena, text.len);
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != ' ' && text.at[i] != '-')
            to[n++] = text.at[i];
    return (struct str){to, n};
}
