/* SPDX-License-Identifier: MIT */
#include "fuzz/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/oracle/compare.h"
#include "tools/replay/convert.h"
#include "tools/replay/internal.h"

/* Up to so many tables the whole tree is read after every operation, beyond it once in tables / this. */
#define TABLES_PER_OPERATION 48

/*
 * The library's own account of the whole space (verify, walk, stats) is asked for after so many changes and at
 * the end. The raw tables, which it cannot embellish, are read after each.
 */
#define CHANGES_PER_ACCOUNT 6

typedef struct Run {
    Replay *replay;
    FuzzOutcome *outcome;
    Host *host;
    usize pages_before;
    const Space *space; /* that `hash` is of */
    bool hash_known;    /* nothing was applied since */
    uint64_t hash;
    usize tables;
    usize wait; /* operations until the whole tree is read again */
} Run;

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

static OracleCall oracle_call(const Space *space)
{
    OracleCall call = {.model = space->model};
    call.cpu.root = mem_vmap_root(&space->vmap);
    call.cpu.levels = space->layout.levels;
    call.cpu.phys_bits = space->geometry.phys_bits;
    call.cpu.memory_base = space->host.direct_map;
    for (unsigned type = 0; type < TRACE_TYPES; type++) {
        TraceFlags flags = {.type = (uint8_t)type};
        call.pat_index[type] = convert_type_index[convert_flags(&flags) >> MEM_VMAP_TYPE_SHIFT];
    }
    return call;
}

static bool agree(Run *run, bool same, const OracleDifference *difference)
{
    if (!same)
        note(run->outcome, difference->said, difference->expected);
    return same;
}

/* Every page that the host gave is in a tree, as the walker counts it, waits for a flush, or is in a pool. */
static bool check_pages_of(Run *run, const Space *read, usize tables)
{
    usize known = 0, out = host_pages_out(run->host) - run->pages_before;
    for (usize i = 0; i < run->replay->space_count; i++) {
        const Space *space = run->replay->spaces[i];
        const MemVmap *vmap = &space->vmap; /* mem_vmap_stats says the same, and reads every table for it */
        known += vmap->waiting + vmap->pool.free + (space == read ? tables : vmap->tables);
    }
    if (known == out)
        return true;
    Text said, expected;
    note(run->outcome, text_number(said, "table pages out", out),
         text_number(expected, "pages reachable, waiting or in a pool", known));
    return false;
}

/* Reads the whole tree. */
static bool check_raw(Run *run, Space *space)
{
    OracleCall call = oracle_call(space);
    OracleDifference difference;
    X86Survey survey;
    if (!agree(run, oracle_compare(&call, &survey, &difference), &difference))
        return false;
    run->space = space;
    run->hash = survey.hash;
    run->hash_known = true;
    run->tables = survey.tables;
    run->wait = survey.tables / TABLES_PER_OPERATION;
    return check_pages_of(run, space, survey.tables);
}

/* Walks to the ends of what the operation named, and to their neighbours. */
static bool check_edges(Run *run, Space *space, const TraceOp *op)
{
    OracleCall call = oracle_call(space);
    OracleDifference difference;
    Span span = span_of(space, op->virt, op->len);
    const uint64_t edges[] = {span.first - 1, span.first, op->virt, span.last, span.last + 1};
    for (usize i = 0; i < sizeof edges / sizeof *edges; i++) {
        if (!agree(run, oracle_compare_at(&call, edges[i], &difference), &difference))
            return false;
    }
    return true;
}

/* Whether the last operation, of this verb, was answered with an error. */
static bool was_refused(const ReplayCounts *before, const ReplayCounts *after, TraceVerb verb)
{
    for (usize result = 0; result < TRACE_RESULTS; result++) {
        if (result != TRACE_OK && after->results[verb][result] != before->results[verb][result])
            return true;
    }
    return false;
}

/* A failed call has changed nothing: the tables are byte for byte what they were. */
static bool check_unchanged(Run *run, bool known, uint64_t hash)
{
    if (!known || !run->hash_known || run->hash == hash)
        return true;
    note(run->outcome, "raw tables: the call failed and changed them", "not a byte changed");
    return false;
}

static bool is_change(TraceVerb verb)
{
    return verb == TRACE_MAP || verb == TRACE_UNMAP || verb == TRACE_PROTECT || verb == TRACE_COLLAPSE ||
           verb == TRACE_BATCH_END;
}

static void check_change(Run *run, const TraceOp *op, const ReplayCounts *before)
{
    Space *space = run->replay->selected;
    bool known = run->hash_known && run->space == space;
    uint64_t hash = run->hash;
    run->hash_known = false;
    if (!check_edges(run, space, op))
        return;
    if (run->wait > 0) {
        run->wait--;
        return;
    }
    if (check_raw(run, space) && was_refused(before, &run->replay->counts, op->verb))
        check_unchanged(run, known, hash);
}

static void set_cache(Run *run, usize pages)
{
    for (usize i = 0; i < run->replay->space_count; i++)
        run->replay->spaces[i]->vmap.pool.cache = pages;
}

static bool step(Run *run, const TraceOp *op, const FuzzOptions *options)
{
    ReplayCounts before = *replay_counts(run->replay);
    run->replay->selected->wait = run->outcome->ops % CHANGES_PER_ACCOUNT;
    if (replay_apply(run->replay, op) != 0)
        note(run->outcome, "the replay refused this operation", "a trace that passes replay_validate");
    if (op->verb == TRACE_SPACE)
        set_cache(run, options->cache_pages);
    if (!run->outcome->failed && is_change(op->verb))
        check_change(run, op, &before);
    run->outcome->ops++;
    return !run->outcome->failed;
}

/* The raw tables of every space once more; then the replay looks for what did not come back. */
static void finish(Run *run, const Trace *trace)
{
    for (usize i = 0; i < run->replay->space_count && !run->outcome->failed; i++)
        check_raw(run, run->replay->spaces[i]);
    replay_close(run->replay);
    if (run->outcome->failed && run->outcome->bad_op == SIZE_MAX)
        run->outcome->bad_op = trace->count;
}

bool fuzz_run(const Trace *trace, const FuzzOptions *options, FuzzOutcome *outcome)
{
    *outcome = (FuzzOutcome){.bad_op = SIZE_MAX};
    ReplayOptions replay_options = {
        .checks = REPLAY_MODEL, .host = options->host, .report = report, .context = outcome};
    Run run = {.outcome = outcome, .host = options->host, .pages_before = host_pages_out(options->host)};
    usize failures = host_failures(options->host);
    run.replay = replay_open(&replay_options);
    if (!run.replay)
        abort(); /* the machine has no memory */
    set_cache(&run, options->cache_pages);
    usize page_gets = host_page_gets(options->host);
    for (size_t i = 0; i < trace->count && outcome->bad_op == SIZE_MAX; i++) {
        if (!step(&run, &trace->ops[i], options))
            outcome->bad_op = i;
    }
    finish(&run, trace);
    outcome->page_gets = host_page_gets(options->host) - page_gets;
    outcome->failures = host_failures(options->host) - failures;
    return !outcome->failed;
}

void fuzz_print(FILE *out, const Trace *trace, const FuzzOptions *options, const FuzzOutcome *outcome)
{
    if (options->cache_pages != MEM_VMAP_CACHE_PAGES)
        fprintf(out, "# with cache_pages %zu\n", options->cache_pages);
    for (size_t i = 0; i < trace->count; i++) {
        trace_print_op(out, &trace->ops[i]);
        if (outcome && outcome->failed && outcome->bad_op == i)
            fprintf(out, "# ^ said: %s\n# ^ expected: %s\n", outcome->said, outcome->expected);
    }
    if (outcome && outcome->failed && outcome->bad_op == trace->count)
        fprintf(out, "# at the end: %s\n# expected: %s\n", outcome->said, outcome->expected);
}
