/* decoded.h - a record as received with its token taken apart beside it, for people: what
 * the consumer asserted, as it is written, nothing masked. */
#ifndef ANALYZER_DECODED_H
#define ANALYZER_DECODED_H

#include "base/buf.h"

/* Append the sheet of one record's bytes; control and bidi characters are replaced. */
void decoded_sheet(struct buf *out, struct str bytes);

#endif
