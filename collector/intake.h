/* intake.h - one input's records into the writer: recognise, skip what is committed, cut
 * into records, add, commit. One thread owns it. */
#ifndef COLLECTOR_INTAKE_H
#define COLLECTOR_INTAKE_H

#include "collector/ingest.h"
#include "collector/tally.h"
#include "collector/talk.h"
#include "trail/writer.h"

struct intake {
    struct trail_writer *writer;
    const struct ingest_options *options;
    struct tally *tally;
    struct progress progress;
    bool warned_disk;
};

/* Take the file at path ("-": standard input). An error of the input is ERR_INVALID or
 * ERR_IO with *store_failed false: go on with the next; true: the store failed, end. */
int intake_file(struct intake *in, const char *path, bool *store_failed, struct err *err);

#endif
