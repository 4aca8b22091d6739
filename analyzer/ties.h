/* ties.h - records of one time, source and seq, which only the hash of their bytes puts in
 * order (the format's identity of a record): alerts must not depend on which came first. */
#ifndef ANALYZER_TIES_H
#define ANALYZER_TIES_H

#include "analyzer/alert.h"
#include "sigma/correlate.h"

/* After all events, before correlator_finish(): number tied records in order of their bytes,
 * in the correlator and in what the maker keeps of them. Reads those records only. */
int ties_order(struct correlator *c, struct alert_maker *m, struct err *err);

#endif
