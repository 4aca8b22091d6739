/* answer.h - how records are shown to people: masked, unless they may see. */
#ifndef ANALYZER_ANSWER_H
#define ANALYZER_ANSWER_H

#include "base/buf.h"
#include "record/record.h"

enum answer_format { ANSWER_TABLE, ANSWER_CSV, ANSWER_JSON, ANSWER_NDJSON };

bool answer_format_find(enum answer_format *out, const char *name);

/* The value of column c of the record as it may be shown, as plain text or as JSON. */
void answer_value(struct buf *out, const struct record *r, enum column c, bool json,
                  bool reveal);

/* All present columns of one record, one a line. */
void answer_sheet(const struct record *r, bool reveal);

/* A row in the given format; first: no row before it. */
void answer_row(const struct record *r, const enum column *column, size_t columns,
                enum answer_format format, bool first, bool reveal);
void answer_head(const enum column *column, size_t columns, enum answer_format format);
void answer_foot(enum answer_format format);

#endif
