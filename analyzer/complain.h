/* complain.h - what the analyzer says when something is wrong. */
#ifndef ANALYZER_COMPLAIN_H
#define ANALYZER_COMPLAIN_H

/* One sentence on stderr, every NHS number in it masked; always gives 1. */
int complain(const char *text);

#endif
