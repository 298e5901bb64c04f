/* SPDX-License-Identifier: MIT */
#ifndef FAILURE_WORKLOAD_H
#define FAILURE_WORKLOAD_H

/*
 * What the failure sweep runs: a trace whose first operation says which allocation fails, and which ends by
 * unmapping everything while there is no memory at all, and then maps again.
 */

#include "fuzz/input.h"

/* The first `operations` of the trace in the file; false with the error printed. */
bool workload_of_file(Trace *workload, const char *path, size_t operations);

/* Random operations, without the failures that the fuzzers mix in: the sweep makes its own. */
void workload_random(Trace *workload, InputArea area, const char *format, uint64_t seed);

/* Says which allocation fails: number `k` from the beginning (TRACE_FAIL_*). */
void workload_fail(Trace *workload, TraceVerb verb, uint64_t k);

#endif
