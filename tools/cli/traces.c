/* SPDX-License-Identifier: MIT */
#include "tools/cli/cli.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of one file; the others are only counted. */
#define MISMATCHES_SHOWN 20

/* Reads one file. 0, or an exit status after a message, and then there is no trace. */
static int load(Trace *trace, const char *file, const ReplayOptions *options, TraceFit fit)
{
    TraceError error;
    if (trace_parse_file(trace, file, &error) != 0) {
        trace_print_error(stderr, &error);
        return EXIT_BAD_CALL;
    }
    int status = 0;
    if (replay_validate(trace, options, &error) != 0) {
        trace_print_error(stderr, &error);
        status = EXIT_BAD_CALL;
    }
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

Replay *replay_lines(const Trace *trace, const ReplayOptions *options, usize line)
{
    Replay *replay = replay_open(options);
    for (size_t i = 0; replay && i < trace->count && trace->ops[i].line <= line; i++) {
        if (replay_apply(replay, &trace->ops[i]) == 0)
            continue;
        replay_close(replay);
        replay = NULL;
    }
    if (!replay)
        fprintf(stderr, "%s: not enough memory\n", trace->name);
    return replay;
}

usize parse_number(const char *text, const char *option, usize least, usize most,
                   const struct argp_state *state)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value < least || value > most)
        argp_error(state, "bad number '%s' for %s: %zu to %zu", text, option, least, most);
    return value;
}
