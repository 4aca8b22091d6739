/* tally.h - what one run of ingest counted, and how it is told. */
#ifndef COLLECTOR_TALLY_H
#define COLLECTOR_TALLY_H

#include "base/buf.h"
#include "trail/judge.h"

struct tally {
    uint64_t records, malformed, duplicates, reference, bytes_in, bytes_stored;
    uint64_t untied;    /* open patient data and carry no NHS number */
    uint64_t first_seq; /* when records > 0 */
    double seconds;
    uint64_t reject[REJECT_COUNT];
    uint64_t reject_line[REJECT_COUNT]; /* of the first of its kind, from 1 */
    char *reject_file[REJECT_COUNT];
};

/* Count a record that was just taken from that line of that file. */
void tally_record(struct tally *t, const struct judgement *j, const char *file, uint64_t line);
void tally_print(const struct tally *t, bool json); /* stdout */
void tally_talk(const struct tally *t);             /* stderr: malformed ones, untied ones */
void tally_release(struct tally *t);

#endif
