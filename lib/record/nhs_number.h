/* nhs_number.h - NHS numbers (format 4.10): ten digits, the last a check digit mod 11. */
#ifndef RECORD_NHS_NUMBER_H
#define RECORD_NHS_NUMBER_H

#include <stdbool.h>

#include "base/arena.h"

/* Ten ASCII digits? */
bool nhs_number_digits(struct str text);
/* Ten ASCII digits with the right check digit? */
bool nhs_number_good(const char *ten_digits);
/* "valid", "placeholder" (ten equal digits) or "invalid". */
struct str nhs_number_judge(struct str text);
/* Without spaces and hyphens: what searches and references compare. */
struct str nhs_number_plain(struct str text, struct arena *arena);

#endif
