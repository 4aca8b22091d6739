/* hours.h - opening hours as organisations.csv writes them (format "reference data"). Pure. */
#ifndef ANALYZER_HOURS_H
#define ANALYZER_HOURS_H

#include "base/str.h"

/* "HH:MM" as minutes, 24:00 among them; -1: it is none. */
int hours_clock(struct str text);
/* Days like 1-5 or 1-4,6 as a bit each, 1 << 1 for Monday; all where there are none said.
 * 0: it is no such list. */
unsigned hours_days(struct str text);

#endif
