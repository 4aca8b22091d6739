/* answer.h - how records are shown to people: masked, unless they may see. */
#ifndef ANALYZER_ANSWER_H
#define ANALYZER_ANSWER_H

#include "base/buf.h"
#include "record/record.h"

enum answer_format { ANSWER_TABLE, ANSWER_CSV, ANSWER_JSON, ANSWER_NDJSON };

bool answer_format_find(enum answer_format *out, const char *name);

/* Append text for a terminal: control and bidi characters become question marks. */
void answer_terminal(struct buf *out, struct str text);

/* All present columns of one record, one a line. */
void answer_sheet(const struct record *r, bool reveal);

/* A row in the given format, to stdout; first: no row before it. */
void answer_row(const struct record *r, const enum column *column, size_t columns,
                enum answer_format format, bool first, bool reveal);

/* A row of anything; bare: text is JSON as it stands (numbers, lists). */
struct answer_cell {
    struct str name, text;
    bool bare, missing;
};
void answer_cells(struct buf *out, const struct answer_cell *cell, size_t cells,
                  enum answer_format format, bool first);
void answer_head(const struct str *name, size_t columns, enum answer_format format);
void answer_foot(enum answer_format format);

#endif
