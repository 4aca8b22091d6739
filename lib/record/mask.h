/* mask.h - keeping NHS numbers out of what people see (format 4.10). Pure. */
#ifndef RECORD_MASK_H
#define RECORD_MASK_H

#include "base/buf.h"

/* Append text with every run of exactly ten digits, or 3-3-4 digits parted by single
 * spaces, hyphens, + or %20, that passes mod 11 shown as its mask. */
void mask_text(struct buf *out, struct str text);
/* The same, with what put() appends of each number instead of its mask. */
void mask_each(struct buf *out, struct str text,
               void (*put)(void *ctx, struct buf *out, struct str number), void *ctx);

/* Append text with every occurrence of the digits of `number` masked, in any spelling: spaces,
 * hyphens and + between the digits, and digits and these percent-encoded. */
void mask_known(struct buf *out, struct str text, struct str number);

/* Append the mask of one number: seven dots and its last three digits. */
void mask_number(struct buf *out, struct str number);

#endif
