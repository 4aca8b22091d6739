/* fault.h - named points where a test may end the process.
 *
 * GPCA_FAULT=seal.renamed:2 makes the second passage through that point a kill -9. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

void fault_point(const char *name);

#endif
