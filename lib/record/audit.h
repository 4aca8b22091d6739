/* audit.h - the columns of a record in gpc-audit (JSON), and of our own entries. Pure. */
#ifndef RECORD_AUDIT_H
#define RECORD_AUDIT_H

#include "record/record.h"

void audit_columns(struct record *out, const struct record_input *in, const struct zone *zone,
                   struct arena *arena);

#endif
