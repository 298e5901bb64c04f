/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_REPLAY_DEMAND_H
#define TOOLS_REPLAY_DEMAND_H

/*
 * Whether there is memory for the tables of a map, asked before it is made. A map that fails for want of memory has
 * taken all of it by then, page by page: gigabytes, and a minute, for an answer that was known before.
 */

#include "tools/replay/replay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of table pages. */
typedef struct Demand {
    uint64_t needed, left;
} Demand;

/* A map of less takes two megabytes at most. */
#define DEMAND_LEN_MIN ((uint64_t)1 << 30)

/* Whether to ask at all: it takes time, and times are measured. */
static inline bool demand_matters(const TraceOp *op)
{
    return op->verb == TRACE_MAP && op->len >= DEMAND_LEN_MIN;
}

/*
 * Whether the operation, one that matters, is a map that is bound to fail: what it takes is more than a host of
 * REPLAY_PAGES has left, or this machine has memory. Then fills `*demand`. False where the map has another error.
 */
bool demand_exceeds(Demand *demand, MemVmap *vmap, uint64_t page, const Host *host, const TraceOp *op);

/* The same for the selected space of a replay; false after a `fail`, which may end the map early. */
bool replay_exceeds(Demand *demand, Replay *replay, const TraceOp *op);

#ifdef __cplusplus
}
#endif

#endif
