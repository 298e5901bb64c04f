/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_CLI_REPLAY_H
#define TOOLS_CLI_REPLAY_H

/* Between the three files of `vmap replay`: options and order, measuring, and printing. */

#include "tools/cli/cli.h"

typedef enum ReplayOutput {
    OUTPUT_TEXT,
    OUTPUT_JSON,
} ReplayOutput;

typedef struct ReplayCall {
    ReplayOptions options;
    TraceFit fit;
    usize repeat;
    ReplayOutput output;
    char **files;
    usize file_count;
} ReplayCall;

/* Of one file. Times are of the operations, without `verify` and `tables` lines, in seconds. */
typedef struct Outcome {
    const char *file;
    ReplayChecks checks;
    usize operations;
    usize timed; /* operations that the times are of */
    usize mismatches;
    usize passes;
    double least, median;
    usize pages_mapped;
    usize peak_pages;
} Outcome;

/* Replays one trace as often as wanted. 0, or an exit status after a message. */
int measure(const ReplayCall *call, const Trace *trace, Outcome *outcome);

void print_outcomes(const Outcome *outcomes, usize count);
void print_outcomes_json(const Outcome *outcomes, usize count);

#endif
