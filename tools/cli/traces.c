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

int traces_load(Traces *traces, char **files, usize count, const ReplayOptions *options)
{
    *traces = (Traces){.list = must_realloc(NULL, count * sizeof(Trace))};
    for (usize i = 0; i < count; i++) {
        TraceError error;
        int result = trace_parse_file(&traces->list[i], files[i], &error);
        if (result == 0) {
            traces->count++;
            result = replay_validate(&traces->list[i], options, &error);
        }
        if (result != 0) {
            trace_print_error(stderr, &error);
            traces_free(traces);
            return EXIT_BAD_CALL;
        }
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
