/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

/*
 * Runs one trace with every oracle: as `vmap replay --check` does, which checks all that is checked here. The
 * fuzzers, the replay of their corpus and the failure sweep are callers of this.
 */

#include "tools/host/host.h"
#include "tools/trace/trace.h"

typedef struct FuzzOptions {
    Host *host;        /* to take pages from; survives the run */
    usize cache_pages; /* free table pages that spaces keep; 0: none */
} FuzzOptions;

typedef struct FuzzOutcome {
    usize ops;       /* that were applied */
    usize page_gets; /* allocations that they asked for, */
    usize failures;  /* of which failed */
    size_t bad_op;   /* index of the first operation after which something was wrong; count: at the end */
    bool failed;     /* something was; the two texts say what */
    char said[200];  /* the library, or its tables */
    char expected[200];
} FuzzOutcome;

/* False: something is wrong, and `*outcome` says what. The trace must pass replay_validate. */
bool fuzz_run(const Trace *trace, const FuzzOptions *options, FuzzOutcome *outcome);

/* Writes the trace and, as comments, how to run it again and what went wrong in it. */
void fuzz_print(FILE *out, const Trace *trace, const FuzzOptions *options, const FuzzOutcome *outcome);

#endif
