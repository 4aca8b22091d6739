/* test.h - the whole test framework. A test is a program: exit 0 is a pass, 77 a skip. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdio.h>
#include <stdlib.h>

enum { TEST_SKIPPED = 77 };

#define CHECK(cond)                                                            \
    do {                                                                       \
        if (!(cond)) {                                                         \
            fprintf(stderr, "%s:%d: CHECK(%s)\n", __FILE__, __LINE__, #cond);  \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

#endif
