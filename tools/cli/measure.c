/* SPDX-License-Identifier: MIT */
#include "tools/cli/replay.h"

#include <stdio.h>
#include <stdlib.h>

/* Lines that look into the tree: not what anyone wants timed. */
static bool is_timed(const TraceOp *op)
{
    return op->verb != TRACE_VERIFY && op->verb != TRACE_TABLES;
}

/* Applies [first, last) of the trace. False, after a message: memory is out. */
static bool apply(Replay *replay, const Trace *trace, usize first, usize last)
{
    for (usize i = first; i < last; i++) {
        if (replay_line(replay, trace, &trace->ops[i]) != 0)
            return false;
    }
    return true;
}

/* Applies the operations and returns the time of those that are timed, or a negative number. */
static double apply_timed(Replay *replay, const Trace *trace)
{
    double total = 0;
    usize at = 0;
    while (at < trace->count) {
        usize end = at;
        while (end < trace->count && is_timed(&trace->ops[end]))
            end++;
        double begin = clock_seconds();
        if (!apply(replay, trace, at, end))
            return -1;
        total += clock_seconds() - begin;
        at = end;
        while (end < trace->count && !is_timed(&trace->ops[end]))
            end++;
        if (!apply(replay, trace, at, end))
            return -1;
        at = end;
    }
    return total;
}

/* The time of all operations, with what checking them takes. */
static double apply_checked(Replay *replay, const Trace *trace)
{
    double begin = clock_seconds();
    return apply(replay, trace, 0, trace->count) ? clock_seconds() - begin : -1;
}

/* One replay in fresh spaces; its time, or a negative number, after a message, when memory is out. */
static double pass(const ReplayOptions *options, const Trace *trace, Outcome *outcome)
{
    Replay *replay = replay_open(options);
    double seconds = -1;
    if (!replay) {
        fail_memory(trace->name);
        return seconds;
    }
    if (options->checks == REPLAY_ORACLES)
        seconds = apply_checked(replay, trace);
    else
        seconds = apply_timed(replay, trace);
    outcome->operations = replay_counts(replay)->ops;
    outcome->pages_mapped = replay_counts(replay)->pages_mapped;
    outcome->mismatches = replay_close(replay);
    return seconds;
}

static int compare_seconds(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Replays until the number of passes is reached or one has a mismatch. False, after a message: memory is out. */
static bool pass_all(const ReplayCall *call, const ReplayOptions *options, const Trace *trace,
                     Outcome *outcome, double *seconds)
{
    double time = 0;
    progress_begin(trace->name, call->repeat * trace->count);
    while (time >= 0 && outcome->passes < call->repeat && outcome->mismatches == 0) {
        time = pass(options, trace, outcome);
        seconds[outcome->passes] = time;
        outcome->passes += time >= 0;
    }
    progress_end();
    if (time < 0)
        return false;
    qsort(seconds, outcome->passes, sizeof *seconds, compare_seconds);
    outcome->least = seconds[0];
    outcome->median = seconds[outcome->passes / 2];
    return true;
}

static usize count_timed(const Trace *trace)
{
    usize count = 0;
    for (usize i = 0; i < trace->count; i++)
        count += is_timed(&trace->ops[i]);
    return count;
}

int measure(const ReplayCall *call, const Trace *trace, Outcome *outcome)
{
    Reporter reporter = {.file = trace->name};
    ReplayOptions options = call->options;
    options.report = reporter_report;
    options.context = &reporter;
    options.host = host_new(REPLAY_PAGES);
    *outcome = (Outcome){.file = trace->name, .checks = options.checks, .timed = count_timed(trace)};
    if (!options.host)
        return fail_memory(trace->name);
    if (options.checks == REPLAY_EXPECTATIONS)
        host_quiet(options.host);
    double *seconds = must_realloc(NULL, call->repeat * sizeof *seconds);
    bool done = pass_all(call, &options, trace, outcome, seconds);
    outcome->peak_pages = host_pages_peak(options.host);
    host_free(options.host);
    free(seconds);
    return done ? 0 : EXIT_BAD_CALL;
}
