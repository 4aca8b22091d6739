/* print.h - columns as JSON (format 4.15). Pure. */
#ifndef RECORD_PRINT_H
#define RECORD_PRINT_H

#include "base/buf.h"
#include "record/record.h"

/* Append text as a JSON string; bytes that are no UTF-8 are shown as U+FFFD. */
void print_json_text(struct buf *out, struct str text);
/* Append one present value as JSON. */
void print_json_value(struct buf *out, const struct value *v);
/* Append one value as plain text: numbers and times as in JSON, lists as JSON. */
void print_plain_value(struct buf *out, const struct value *v);

#endif
