/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_CLI_CLI_H
#define TOOLS_CLI_CLI_H

/* What the commands of the tool share. */

#include <stdatomic.h>

#include "tools/replay/demand.h"
#include "tools/replay/replay.h"

/* Exit statuses. */
#define EXIT_MISMATCH 1
#define EXIT_BAD_CALL 2 /* bad option or file, and nothing has been done; or no memory; or no output */

/* The commands: `argv[0]` is the command's full name. They return the exit status. */
int cli_replay(int argc, char **argv);
int cli_dump(int argc, char **argv);
int cli_stats(int argc, char **argv);
int cli_shootdowns(int argc, char **argv);
int cli_formats(int argc, char **argv);
int cli_record(int argc, char **argv);

/* Files that were read and found fit for a replay. */
typedef struct Traces {
    Trace *list;
    usize count;
} Traces;

/* What becomes of a trace that names no format, and cannot be meant for that of --format. */
typedef enum TraceFit {
    FIT_REFUSE, /* it is refused */
    FIT_ADAPT,  /* page for page it becomes one that can */
} TraceFit;

/*
 * Reads and validates all files. On failure says on stderr what is wrong with the first bad one, and
 * is an exit status; `*traces` is empty then. 0 otherwise.
 */
int traces_load(Traces *traces, char **files, usize count, const ReplayOptions *options, TraceFit fit);
void traces_free(Traces *traces);

/*
 * Whether every call of the trace that should succeed can succeed in `format`, where the trace names none: pages,
 * addresses and rights. 0, or an exit status after a message.
 */
int fit_check(const Trace *trace, const char *format);

/* Adapts the trace to `format` where it names none. 0, or an exit status after a message. */
int trace_adapt(Trace *trace, const char *format);

/* Whether the line of the trace that makes the space names its format; false for space 0. */
bool trace_names_format(const Trace *trace, uint64_t space);

/* What the commands say of the option. */
#define ADAPT_HELP "Where FILE names no format: make it one for NAME, page for page"

/* Reports to stderr; the context of a replay. All zero but for the file is a good beginning. */
typedef struct Reporter {
    const char *file;
    usize shown;
} Reporter;

/* A ReplayReport with a Reporter as context. */
void reporter_report(void *context, const ReplayMismatch *mismatch);

/*
 * "WHAT: 1200 of 30000 operations" on stderr, where that is a terminal and the work takes long. Of one work at a
 * time; every begin has its end.
 */
void progress_begin(const char *what, usize all);
void progress_end(void);

extern _Atomic usize progress_done; /* for progress_step alone */

/* One more is done. Costs next to nothing: it is called where time is measured. */
static inline void progress_step(void)
{
    usize done = atomic_load_explicit(&progress_done, memory_order_relaxed);
    atomic_store_explicit(&progress_done, done + 1, memory_order_relaxed);
}

/* Seconds of a clock that only runs forward. */
double clock_seconds(void);

/* Whether this build has the format; says so on stderr where it has not. */
bool format_check(const char *command, const char *format);

/* Every line of a trace. */
#define LINE_LAST ((usize)-1)

/* Says on stderr that memory is out, which ends the work on the file. The exit status. */
int fail_memory(const char *file);

/* Says on stderr that there is no memory for the tables of a map. The exit status. */
int fail_demand(const Trace *trace, const TraceOp *op, const Demand *demand);

/* Whether there is memory for the tables that a line makes. 0, or an exit status after a message. */
int replay_demand(Replay *replay, const Trace *trace, const TraceOp *op);

/* Applies one line. 0, or an exit status after a message: memory is out. Here, because it is timed. */
static inline int replay_line(Replay *replay, const Trace *trace, const TraceOp *op)
{
    int status = demand_matters(op) ? replay_demand(replay, trace, op) : 0;
    if (status == 0 && replay_apply(replay, op) != 0)
        status = fail_memory(trace->name);
    progress_step();
    return status;
}

/* Applies the lines of the trace up to `line` without timing. Null, with a message: memory is out. */
Replay *replay_lines(const Trace *trace, const ReplayOptions *options, usize line);

struct argp;
struct argp_state;

/* What argp_parse does; and -h is --help. */
void parse_arguments(const struct argp *argp, int argc, char **argv, unsigned flags, void *input);

/* The number in an option's argument, `least` to `most`; ends the tool with a message where it is none. */
usize parse_number(const char *text, const char *option, usize least, usize most,
                   const struct argp_state *state);

/* All runs of a space in ascending order. */
typedef struct Runs {
    MemVmapRun *list;
    usize count, capacity;
} Runs;

/* Exits where memory is out. */
void runs_collect(Runs *runs, MemVmap *vmap);
void runs_free(Runs *runs);
LayoutCount runs_count(const Runs *runs, const Layout *layout);

/* "12K", "1.5G": rounded to a few digits; "4K" where it is exact. Fills and returns `text`. */
const char *size_text(uint64_t bytes, char text[TRACE_NAME_MAX]);

/* "rw-u-": read, write, execute, user, global. Fills and returns `text`. */
const char *rights_text(int flags, char text[TRACE_NAME_MAX]);

/* "write-back", and ", no reserve" where no credits are kept. */
const char *type_text(int flags);

/* Memory of the tool itself; exits where it is out. */
void *must_realloc(void *memory, usize size);

#endif
