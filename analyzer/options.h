/* options.h - the analyzer's command line, one table for all commands. */
#ifndef ANALYZER_OPTIONS_H
#define ANALYZER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum command { COMMAND_QUERY = 1, COMMAND_SHOW = 2, COMMAND_VERIFY = 4, COMMAND_STATS = 8,
               COMMAND_ACCESS = 16,
               COMMAND_TILES = 32, COMMAND_RULES = 64, COMMAND_DETECT = 128,
               COMMAND_REFERENCE = 256, COMMAND_REPORT = 512 };

struct options {
    enum command command;
    const char *store, *patient, *user, *org, *practice, *trace, *since, *until, *limit,
        *columns, *format, *sql, *vkey, *state, *reason, *out, *rules, *events, *reference,
        *summary, *period, *names, *decision;
    bool raw, decoded, proof, json, reveal, help;
    const char *word;  /* what stands without an option: SEQ or FIRST..LAST, a name */
    const char *other; /* behind it: a directory */
};

/* The number of --patient, plain and in the arena, "" without one. Where it is `-` it is the
 * next line of standard input; false: there is none. */
bool options_patient(const struct options *o, struct str *number, struct arena *arena);

/* 0, or 2 after saying on stderr what is wrong. */
int options_parse(struct options *o, int argc, char **argv);

#endif
