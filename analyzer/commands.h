/* commands.h - what the analyzer can be asked. Each gives the exit status. */
#ifndef ANALYZER_COMMANDS_H
#define ANALYZER_COMMANDS_H

#include "analyzer/complain.h"
#include "analyzer/options.h"

int query_run(const struct options *o);
int show_run(const struct options *o);
int verify_run(const struct options *o);
int tiles_run(const struct options *o);
int rules_run(const struct options *o);
int detect_run(const struct options *o);
int reference_run(const struct options *o);
int report_run(const struct options *o);
int stats_run(const struct options *o);

#endif
