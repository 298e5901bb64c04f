/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_CLI_CLI_H
#define TOOLS_CLI_CLI_H

/* What the commands of the tool share. */

#include "tools/replay/replay.h"

/* Exit statuses. */
#define EXIT_MISMATCH 1
#define EXIT_BAD_CALL 2 /* bad option or file; nothing has been done */

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

/* "operation 1200 of 30000" on stderr, where that is a terminal and the work takes long. */
typedef struct Progress {
    const char *what;
    double next; /* when to write again, in seconds of the clock */
    bool written;
} Progress;

Progress progress_begin(const char *what);
void progress_show(Progress *progress, usize done, usize all);
void progress_end(Progress *progress);

/* Seconds of a clock that only runs forward. */
double clock_seconds(void);

/* Whether this build has the format; says so on stderr where it has not. */
bool format_check(const char *command, const char *format);

/* Every line of a trace. */
#define LINE_LAST ((usize)-1)

/* Applies the lines of the trace up to `line` without timing. Null, with a message: memory is out. */
Replay *replay_lines(const Trace *trace, const ReplayOptions *options, usize line);

struct argp_state;

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
