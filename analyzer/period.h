/* period.h - times as people give them on the command line: moments, or days of London. */
#ifndef ANALYZER_PERIOD_H
#define ANALYZER_PERIOD_H

#include "analyzer/options.h"
#include "base/zone.h"

/* RFC 3339, or a day that begins at midnight; microseconds since 1970 (UTC). */
bool period_bound(const char *text, const struct zone *zone, int64_t *us);
/* 2026-10, 2026-Q3, or FROM..TO with TO inclusive: *until is the first moment behind it. */
bool period_parse(const char *text, const struct zone *zone, int64_t *since, int64_t *until);

#endif
