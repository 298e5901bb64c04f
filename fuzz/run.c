/* SPDX-License-Identifier: MIT */
#include "fuzz/run.h"

#include <stdlib.h>

#include "tools/replay/replay.h"

/*
 * Of the comparisons of a whole space that `vmap replay --check` makes, each of so many is made: the library's own
 * account of it (verify, walk, stats). The raw tables, which it cannot embellish, are read as often as there.
 */
#define THINNING 6

static void note(FuzzOutcome *outcome, const char *said, const char *expected)
{
    if (outcome->failed)
        return; /* what follows the first defect says nothing */
    outcome->failed = true;
    snprintf(outcome->said, sizeof outcome->said, "%s", said);
    snprintf(outcome->expected, sizeof outcome->expected, "%s", expected);
}

static void report(void *context, const ReplayMismatch *mismatch)
{
    note(context, mismatch->said, mismatch->expected);
}

static ReplayOptions replay_options(const FuzzOptions *options, FuzzOutcome *outcome)
{
    return (ReplayOptions){
        .checks = REPLAY_ORACLES,
        .cache_pages = options->cache_pages > 0 ? options->cache_pages : MEM_VMAP_NO_CACHE,
        .thinning = THINNING,
        .host = options->host,
        .report = report,
        .context = outcome,
    };
}

/* Applies operations up to the first after which something is wrong; returns its index, or the count. */
static size_t apply(Replay *replay, const Trace *trace, FuzzOutcome *outcome)
{
    for (size_t i = 0; i < trace->count; i++) {
        if (replay_apply(replay, &trace->ops[i]) != 0)
            note(outcome, "the replay refused this operation", "a trace that passes replay_validate");
        if (outcome->failed)
            return i;
    }
    return trace->count;
}

bool fuzz_run(const Trace *trace, const FuzzOptions *options, FuzzOutcome *outcome)
{
    *outcome = (FuzzOutcome){.failed = false};
    ReplayOptions replayed = replay_options(options, outcome);
    usize failures = host_failures(options->host);
    Replay *replay = replay_open(&replayed);
    if (!replay)
        abort(); /* the machine has no memory */
    usize page_gets = host_page_gets(options->host);
    outcome->bad_op = apply(replay, trace, outcome);
    outcome->ops = replay_counts(replay)->ops;
    replay_close(replay);
    outcome->page_gets = host_page_gets(options->host) - page_gets;
    outcome->failures = host_failures(options->host) - failures;
    return !outcome->failed;
}

void fuzz_print(FILE *out, const Trace *trace, const FuzzOptions *options, const FuzzOutcome *outcome)
{
    fprintf(out, "# vmap replay --check --cache=%zu\n", options->cache_pages);
    for (size_t i = 0; i < trace->count; i++) {
        trace_print_op(out, &trace->ops[i]);
        if (outcome && outcome->failed && outcome->bad_op == i)
            fprintf(out, "# ^ said: %s\n# ^ expected: %s\n", outcome->said, outcome->expected);
    }
    if (outcome && outcome->failed && outcome->bad_op == trace->count)
        fprintf(out, "# at the end: %s\n# expected: %s\n", outcome->said, outcome->expected);
}
