/* shown.h - the value of a column as it may be shown to people (format 4.10): the record's
 * own NHS number is masked in every column that may hold it, any other in those that hold
 * free text. Pure. */
#ifndef RECORD_SHOWN_H
#define RECORD_SHOWN_H

#include "base/buf.h"
#include "record/record.h"

/* Append the present value of column c, as plain text (lists as JSON). */
void shown_value(struct buf *out, const struct record *r, enum column c, bool reveal);
/* Append the user's name as the token has it: prefix, given, family; nothing without one. */
void shown_user_name(struct buf *out, const struct record *r, bool reveal);

/* Can the record's own NHS number stand in that column, so that what is shown hangs on it? */
bool shown_by_patient(enum column c);

#endif
