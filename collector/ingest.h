/* ingest.h - `collector ingest`: files into the store, once each. */
#ifndef COLLECTOR_INGEST_H
#define COLLECTOR_INGEST_H

#include <signal.h>

#include "base/err.h"
#include "record/record.h"

struct ingest_options {
    const char *store;
    const char *format; /* "auto" or a format's name */
    bool json;
    char *const *path;
    size_t paths;
    const volatile sig_atomic_t *stop; /* set by a signal: commit and end */
};

/* Exit status: 0, or 1 when a file could not be taken or it was stopped. */
int ingest_run(const struct ingest_options *o);

#endif
