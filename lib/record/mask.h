/* mask.h - keeping NHS numbers out of what people see (format 4.10). Pure. */
#ifndef RECORD_MASK_H
#define RECORD_MASK_H

#include "base/buf.h"

/* Append text with every run of exactly ten digits, or 3-3-4 digits parted by single
 * spaces, hyphens, + or %20, that passes mod 11 shown as its mask. */
void mask_text(struct buf *out, struct str text);

/* Append text with every occurrence of the digits of `number` masked, in any spelling:
 * separators between the digits may be spaces, hyphens, +, %20 or nothing. */
void mask_known(struct buf *out, struct str text, struct str number);

/* Append the mask of one number: seven dots and its last three digits. */
void mask_number(struct buf *out, struct str number);

#endif
