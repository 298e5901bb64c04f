/* SPDX-License-Identifier: MIT */
#ifndef TESTS_EXHAUSTIVE_EXPLORE_H
#define TESTS_EXHAUSTIVE_EXPLORE_H

#include "tests/exhaustive/scope.h"

/* Where to stop; 0: no limit. */
typedef struct limits {
    unsigned depth, seconds;
} Limits;

/*
 * Tries every sequence of the scope's operations, breadth first, until no new state is found or a limit is
 * met. Prints what was covered. False: engine and model differ; the sequence was printed.
 */
bool explore(const Scope *scope, const Limits *limits);

#endif
