/* csv.h - the NHS CSV feeds (format 3): rows by RFC 4180, and what they say. Pure. */
#ifndef RECORD_CSV_H
#define RECORD_CSV_H

#include "record/record.h"

enum csv_feed { CSV_UNKNOWN, CSV_SSP, CSV_MESH, CSV_ASID };
enum { CSV_FIELDS_MAX = 256 };

/* What a row is at some place: in a quoted field, where a field begins, behind a quote that
 * closed one. */
struct csv_state {
    bool quoted, begins, closed;
};
#define CSV_BEGIN {false, true, false}
/* Look on from text[i], where the row is in that state: the line feed that ends it, or the end
 * of text, with the state there. */
size_t csv_look(struct csv_state *s, struct str text, size_t i);

/* The first row of text: *row without its line feed, *used bytes with it. A line feed in a
 * quoted field does not end it. False: it does not end here, as more may come or, at the end,
 * as a quote was not closed. */
bool csv_row(struct str *row, size_t *used, struct str text, bool end);

/* Take the next row off a text that is there as a whole; one whose quote is not closed ends
 * with its line. False: there is none. */
bool csv_next(struct str *row, struct str *text);

/* The text of a file without the byte order mark that may frame it, and a row without a
 * carriage return, which is white space, at its end. */
struct str csv_text(struct str bytes);
struct str csv_plain(struct str row);

/* What the header row at the start of text, or else the file's name, says it is. */
enum csv_feed csv_recognise(struct str text, struct str file_name);

/* Split a row into at most CSV_FIELDS_MAX fields, unquoted; -1 where it is no CSV. */
int csv_split(struct str *field, struct str row, struct arena *arena);

/* Columns of an SSP or MESH row, in->header being its header row. */
void csv_columns(struct record *out, const struct record_input *in, const struct zone *zone,
                 struct arena *arena);

#endif
