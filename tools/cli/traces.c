/* SPDX-License-Identifier: MIT */
#include "tools/cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of one file; the others are only counted. */
#define MISMATCHES_SHOWN 20

/* "FILE:LINE:COLUMN: ..." stays as editors know it; what concerns the whole file is said by the tool. */
static int fail_file(const TraceError *error)
{
    if (error->line == 0)
        fprintf(stderr, "vmap: ");
    trace_print_error(stderr, error);
    return EXIT_BAD_CALL;
}

/* Reads one file. 0, or an exit status after a message, and then there is no trace. */
static int load(Trace *trace, const char *file, const ReplayOptions *options, TraceFit fit)
{
    TraceError error;
    if (trace_parse_file(trace, file, &error) != 0)
        return fail_file(&error);
    int status = 0;
    if (replay_validate(trace, options, &error) != 0)
        status = fail_file(&error);
    if (status == 0 && fit == FIT_ADAPT)
        status = trace_adapt(trace, options->format);
    if (status == 0)
        status = fit_check(trace, options->format);
    if (status != 0)
        trace_free(trace);
    return status;
}

int traces_load(Traces *traces, char **files, usize count, const ReplayOptions *options, TraceFit fit)
{
    *traces = (Traces){.list = must_realloc(NULL, count * sizeof(Trace))};
    for (usize i = 0; i < count; i++) {
        int status = load(&traces->list[i], files[i], options, fit);
        if (status != 0) {
            traces_free(traces);
            return status;
        }
        traces->count++;
    }
    return 0;
}

void traces_free(Traces *traces)
{
    for (usize i = 0; i < traces->count; i++)
        trace_free(&traces->list[i]);
    free(traces->list);
    *traces = (Traces){0};
}

void reporter_report(void *context, const ReplayMismatch *mismatch)
{
    Reporter *reporter = context;
    reporter->shown++;
    if (reporter->shown == MISMATCHES_SHOWN + 1)
        fprintf(stderr, "%s: more mismatches are counted, but not shown\n", reporter->file);
    if (reporter->shown > MISMATCHES_SHOWN)
        return;
    if (mismatch->op) {
        fprintf(stderr, "%s:%zu: ", reporter->file, mismatch->op->line);
        trace_print_op(stderr, mismatch->op);
    } else {
        fprintf(stderr, "%s: after the last operation\n", reporter->file);
    }
    fprintf(stderr, "      space: %" PRIu64 "\n", mismatch->space);
    fprintf(stderr, "     engine: %s\n", mismatch->said);
    fprintf(stderr, "   expected: %s\n", mismatch->expected);
}

bool format_check(const char *command, const char *format)
{
    if (mem_vmap_format_find(format))
        return true;
    fprintf(stderr, "%s: unknown format '%s'; this build has", command, format);
    for (unsigned i = 0; mem_vmap_format_at(i); i++)
        fprintf(stderr, "%s %s", i ? "," : "", mem_vmap_format_name(mem_vmap_format_at(i)));
    fprintf(stderr, "\n");
    return false;
}

int fail_memory(const char *file)
{
    fprintf(stderr, "vmap: %s: not enough memory\n", file);
    return EXIT_BAD_CALL;
}

int fail_demand(const Trace *trace, const TraceOp *op, const Demand *demand)
{
    char needed[TRACE_NAME_MAX], left[TRACE_NAME_MAX];
    fprintf(stderr, "%s:%zu:1: not enough memory: this map takes %s of tables, and %s are left\n",
            trace->name, op->line, size_text(demand->needed, needed), size_text(demand->left, left));
    return EXIT_BAD_CALL;
}

int replay_demand(Replay *replay, const Trace *trace, const TraceOp *op)
{
    Demand demand;
    return replay_exceeds(&demand, replay, op) ? fail_demand(trace, op, &demand) : 0;
}

/* How many operations there are up to a line. */
static usize count_lines(const Trace *trace, usize line)
{
    usize count = 0;
    while (count < trace->count && trace->ops[count].line <= line)
        count++;
    return count;
}

Replay *replay_lines(const Trace *trace, const ReplayOptions *options, usize line)
{
    usize count = count_lines(trace, line);
    Replay *replay = replay_open(options);
    int status = replay ? 0 : fail_memory(trace->name);
    progress_begin(trace->name, count);
    for (usize i = 0; status == 0 && i < count; i++)
        status = replay_line(replay, trace, &trace->ops[i]);
    progress_end();
    if (status == 0)
        return replay;
    replay_close(replay);
    return NULL;
}
