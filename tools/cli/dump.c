/* SPDX-License-Identifier: MIT */
#include "tools/cli/dump.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    KEY_FORMAT = 'f',
    KEY_ADAPT = 'a',
    KEY_UNTIL = 'u',
    KEY_TREE = 't',
};

typedef enum DumpForm {
    DUMP_RUNS,
    DUMP_TREE,
} DumpForm;

typedef struct DumpCall {
    ReplayOptions options;
    TraceFit fit;
    DumpForm form;
    usize until;
    char *file;
} DumpCall;

static const struct argp_option option_rows[] = {
    {"tree", KEY_TREE, NULL, 0, "Print the tree of tables, with what each one holds", 0},
    {"format", KEY_FORMAT, "NAME", 0, "Page-table format of spaces that name none (" REPLAY_FORMAT ")", 0},
    {"adapt", KEY_ADAPT, NULL, 0, ADAPT_HELP, 0},
    {"until", KEY_UNTIL, "LINE", 0, "Stop after this line of the trace", 0},
    {0},
};

static const char doc[] =
    "Replays FILE ('-' is standard input; gzip is understood) and prints what is mapped at its end, space "
    "by space. A line is a run: leaves of one size, contiguous in virtual and physical memory, with the "
    "same rights and memory type."
    "\v"
    "Rights are r(ead) w(rite) x (execute) u(ser) g(lobal). 'no reserve' marks leaves that keep no table "
    "pages aside for being split.";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    DumpCall *call = state->input;
    switch (key) {
    case KEY_TREE:
        call->form = DUMP_TREE;
        return 0;
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

const char *leaves_text(const Layout *layout, const MemVmapRun *run, char text[2 * TRACE_NAME_MAX])
{
    char size[TRACE_NAME_MAX];
    uint64_t leaf = layout_entry_size(layout, run->level);
    snprintf(text, 2 * TRACE_NAME_MAX, "%" PRIu64 " x %s", run->len / leaf, size_text(leaf, size));
    return text;
}

static void print_run(const Layout *layout, const MemVmapRun *run)
{
    char leaves[2 * TRACE_NAME_MAX], size[TRACE_NAME_MAX], rights[TRACE_NAME_MAX];
    printf("0x%016zx-0x%016zx  %7s  %13s  0x%013zx  %s   %s\n", run->virt, run->virt + (run->len - 1),
           size_text(run->len, size), leaves_text(layout, run, leaves), run->phys,
           rights_text(run->flags, rights), type_text(run->flags));
}

static void print_runs(const Runs *runs, const Layout *layout)
{
    if (runs->count > 0)
        printf("%-37s  %7s  %13s  %-15s  %-6s  %s\n", "VIRTUAL", "SIZE", "LEAVES", "PHYSICAL", "RIGHTS",
               "TYPE");
    for (usize i = 0; i < runs->count; i++)
        print_run(layout, &runs->list[i]);
}

static void print_space(const ReplaySpace *space, DumpForm form)
{
    Runs runs;
    char size[TRACE_NAME_MAX];
    runs_collect(&runs, space->vmap);
    LayoutCount count = runs_count(&runs, &space->layout);
    printf("space %" PRIu64 " (%s): %s mapped in %zu run%s, %" PRIu64 " table%s\n", space->number,
           space->format, size_text(count.bytes, size), runs.count, runs.count == 1 ? "" : "s",
           layout_tables(&count, &space->layout), layout_tables(&count, &space->layout) == 1 ? "" : "s");
    if (form == DUMP_TREE)
        print_tree(&runs, &space->layout);
    else
        print_runs(&runs, &space->layout);
    runs_free(&runs);
}

static int dump(const DumpCall *call, const Trace *trace)
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
        if (i > 0)
            printf("\n");
        print_space(&space, call->form);
    }
    return replay_close(replay) ? EXIT_MISMATCH : 0;
}

int cli_dump(int argc, char **argv)
{
    const struct argp argp = {.options = option_rows, .parser = parse, .args_doc = "FILE", .doc = doc};
    DumpCall call = {.options = {.format = REPLAY_FORMAT}, .until = LINE_LAST};
    Traces traces;
    parse_arguments(&argp, argc, argv, 0, &call);
    if (!format_check(argv[0], call.options.format))
        return EXIT_BAD_CALL;
    int status = traces_load(&traces, &call.file, 1, &call.options, call.fit);
    if (status != 0)
        return status;
    status = dump(&call, &traces.list[0]);
    traces_free(&traces);
    return status;
}
