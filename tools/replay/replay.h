/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_REPLAY_REPLAY_H
#define TOOLS_REPLAY_REPLAY_H

/*
 * The replay: applies the operations of a trace to the library, one by one, and holds its answers
 * against what the trace expects and, on request, against two oracles: the flat model, and the naive walker of
 * the raw tables that was written from the manual of the space's format. It prints nothing: whoever opened it is
 * told of every mismatch. Used by the command-line tool, the tests and the fuzzers.
 */

#include <mem/vmap.h>

#include "tools/host/host.h"
#include "tools/replay/layout.h"
#include "tools/trace/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The format of space 0 and of spaces that name none, where the options name none. */
#define REPLAY_FORMAT "x86_64_4level"

/* Table pages of a replay's own host: 16 GiB, of which only what is used takes memory. */
#define REPLAY_PAGES ((usize)1 << 22)

/* More spaces in one trace are refused. */
#define REPLAY_SPACES_MAX 1024

typedef enum ReplayChecks {
    REPLAY_EXPECTATIONS, /* what the trace says after `=>`, and that every page comes back */
    REPLAY_ORACLES,      /* also everything that the oracles say of the space, after every operation */
} ReplayChecks;

typedef struct ReplayMismatch {
    const TraceOp *op; /* null: seen after the last operation */
    uint64_t space;    /* the selected space */
    char said[200];    /* what the engine answered */
    char expected[200];
} ReplayMismatch;

typedef void (*ReplayReport)(void *context, const ReplayMismatch *mismatch);

typedef struct ReplayOptions {
    const char *format; /* null: REPLAY_FORMAT */
    ReplayChecks checks;
    usize cache_pages; /* free table pages that a space keeps, as in MemVmapOptions */
    usize thinning; /* of the comparisons of a whole space that are due, each of so many is made; 0: all */
    Host *host;     /* to take pages from; null: one of its own */
    ReplayReport report; /* null: mismatches are only counted */
    void *context;       /* handed to report */
} ReplayOptions;

typedef struct ReplayCounts {
    usize ops;
    usize mismatches;
    usize pages_mapped; /* by all successful maps, in the format's pages */
    usize verbs[TRACE_VERBS];
    usize results[TRACE_VERBS][TRACE_RESULTS]; /* of the verbs that have one; a miss is MEM_EMISS */
} ReplayCounts;

/* A space, for whoever wants to look into it. Valid until the replay is closed. */
typedef struct ReplaySpace {
    uint64_t number;
    const char *format;
    MemVmap *vmap;
    Layout layout;
} ReplaySpace;

typedef struct replay Replay;

/*
 * Whether the trace can be replayed: 0, or -1 with `*error` filled when it selects a space that it did not
 * make, makes one twice, names an unknown format, does not pair its batches, or uses a verb that this
 * build does not support.
 */
int replay_validate(const Trace *trace, const ReplayOptions *options, TraceError *error);

/* Begins with space 0. Null: the format is unknown or memory is out. `options` is copied. */
Replay *replay_open(const ReplayOptions *options);

/* Applies one operation. 0, or -1 with nothing done: what replay_validate refuses, or memory is out. */
int replay_apply(Replay *replay, const TraceOp *op);

/*
 * Compares every space with the oracles where that is wanted, destroys them all and looks for pages that
 * did not come back. Returns all mismatches that the replay has seen. Null is allowed.
 */
usize replay_close(Replay *replay);

const ReplayCounts *replay_counts(const Replay *replay);
usize replay_spaces(const Replay *replay);
ReplaySpace replay_space(Replay *replay, usize index);

#ifdef __cplusplus
}
#endif

#endif
