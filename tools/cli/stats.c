/* SPDX-License-Identifier: MIT */
#include "tools/cli/cli.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define GIB ((double)(1 << 30))

enum {
    KEY_FORMAT = 'f',
    KEY_ADAPT = 'a',
    KEY_UNTIL = 'u',
};

typedef struct StatsCall {
    ReplayOptions options;
    TraceFit fit;
    usize until;
    char *file;
} StatsCall;

static const struct argp_option option_rows[] = {
    {"format", KEY_FORMAT, "NAME", 0, "Page-table format of spaces that name none (" REPLAY_FORMAT ")", 0},
    {"adapt", KEY_ADAPT, NULL, 0, ADAPT_HELP, 0},
    {"until", KEY_UNTIL, "LINE", 0, "Stop after this line of the trace", 0},
    {0},
};

static const char doc[] =
    "Replays FILE ('-' is standard input; gzip is understood) and prints what each space is made of at its "
    "end, and the operations by verb and result."
    "\v"
    "'owed to splits' are table pages kept so that an unmap that cuts a large leaf cannot fail.";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    StatsCall *call = state->input;
    switch (key) {
    case KEY_ADAPT:
        call->fit = FIT_ADAPT;
        return 0;
    case KEY_FORMAT:
        call->options.format = argument;
        return 0;
    case KEY_UNTIL:
        call->until = parse_number(argument, "--until", 1, LINE_LAST, state);
        return 0;
    case ARGP_KEY_ARG:
        if (call->file)
            argp_error(state, "one file, not several");
        call->file = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a file is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_number(const char *name, usize number)
{
    printf("  %-24s %12zu\n", name, number);
}

/* Of the levels that can have leaves. */
static void print_leaves(const char *format, const MemVmapStats *stats)
{
    MemVmapFormatInfo info;
    mem_vmap_format_describe(mem_vmap_format_find(format), &info);
    for (unsigned level = 0; level < info.level_count; level++) {
        char size_name[TRACE_NAME_MAX], name[2 * TRACE_NAME_MAX];
        if (!info.levels[level].leaf)
            continue;
        snprintf(name, sizeof name, "leaves of %s", size_text(info.levels[level].size, size_name));
        print_number(name, stats->leaves[level]);
    }
}

static void print_tables_per_gib(usize tables, uint64_t bytes)
{
    if (bytes > 0)
        printf("  %-24s %14.1f\n", "tables per mapped GiB", (double)tables / ((double)bytes / GIB));
}

static void print_space(const ReplaySpace *space)
{
    Runs runs;
    MemVmapStats stats = {0};
    char size[TRACE_NAME_MAX];
    mem_vmap_stats(space->vmap, &stats);
    runs_collect(&runs, space->vmap);
    LayoutCount count = runs_count(&runs, &space->layout);
    printf("space %" PRIu64 " (%s)\n", space->number, space->format);
    printf("  %-24s %12s\n", "mapped", size_text(count.bytes, size));
    print_number("runs", runs.count);
    print_leaves(space->format, &stats);
    print_number("tables, root included", stats.tables);
    print_tables_per_gib(stats.tables, count.bytes);
    print_number("tables waiting", stats.tables_waiting);
    print_number("pages in the pool", stats.pool_free);
    print_number("  owed to splits", stats.credits);
    print_number("  reserved", stats.reserved);
    print_number("splits", stats.splits);
    print_number("collapses", stats.collapses);
    print_number("shootdowns", stats.shootdowns);
    print_number("leaves lost", stats.lost);
    printf("\n");
    runs_free(&runs);
}

static void print_verb(const ReplayCounts *counts, TraceVerb verb)
{
    printf("  %-24s %12zu", trace_verb_name(verb), counts->verbs[verb]);
    const char *separator = "   ";
    for (unsigned result = 0; result < TRACE_RESULTS; result++) {
        usize number = counts->results[verb][result];
        if (number == 0)
            continue;
        printf("%s%s %zu", separator, trace_result_name((TraceResult)result), number);
        separator = ", ";
    }
    printf("\n");
}

static void print_operations(const ReplayCounts *counts)
{
    printf("operations\n");
    for (unsigned verb = 0; verb < TRACE_VERBS; verb++) {
        if (counts->verbs[verb] > 0)
            print_verb(counts, (TraceVerb)verb);
    }
    print_number("all", counts->ops);
    print_number("pages mapped by them", counts->pages_mapped);
}

static int print_stats(const StatsCall *call, const Trace *trace)
{
    Reporter reporter = {.file = trace->name};
    ReplayOptions options = call->options;
    options.report = reporter_report;
    options.context = &reporter;
    Replay *replay = replay_lines(trace, &options, call->until);
    if (!replay)
        return EXIT_BAD_CALL;
    for (usize i = 0; i < replay_spaces(replay); i++) {
        ReplaySpace space = replay_space(replay, i);
        print_space(&space);
    }
    print_operations(replay_counts(replay));
    return replay_close(replay) ? EXIT_MISMATCH : 0;
}

int cli_stats(int argc, char **argv)
{
    const struct argp argp = {.options = option_rows, .parser = parse, .args_doc = "FILE", .doc = doc};
    StatsCall call = {.options = {.format = REPLAY_FORMAT}, .until = LINE_LAST};
    Traces traces;
    parse_arguments(&argp, argc, argv, 0, &call);
    if (!format_check(argv[0], call.options.format))
        return EXIT_BAD_CALL;
    int status = traces_load(&traces, &call.file, 1, &call.options, call.fit);
    if (status != 0)
        return status;
    status = print_stats(&call, &traces.list[0]);
    traces_free(&traces);
    return status;
}
