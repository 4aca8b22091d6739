/* reference.h - ASID extracts: reference data, kept beside the log, not in it. */
#ifndef COLLECTOR_REFERENCE_H
#define COLLECTOR_REFERENCE_H

#include "collector/feed.h"

/* Keep the content of the feed under DIR/reference with its checksum. *rows grows by the
 * data rows of an extract that was not there yet. */
int reference_keep(const char *dir, const char *path, struct feed *feed, uint64_t *rows,
                   struct err *err);

#endif
