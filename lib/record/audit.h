/* audit.h - the columns of a record in gpc-audit (JSON), and of our own entries. Pure. */
#ifndef RECORD_AUDIT_H
#define RECORD_AUDIT_H

#include "record/catalogue.h"
#include "record/record.h"

void audit_columns(struct record *out, const struct record_input *in, const struct zone *zone,
                   struct arena *arena);

/* gpc.* of a request that names this interaction. */
void audit_interaction(struct record *out, const struct interaction *row);
/* fhir.spine_code from what was sent. */
struct str audit_spine_code(struct str raw, struct arena *arena);

#endif
