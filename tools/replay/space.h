/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_REPLAY_SPACE_H
#define TOOLS_REPLAY_SPACE_H

/* One space of a replay: the engine's, and beside it the model's where that is wanted. */

#include "tools/replay/replay.h"

/* Leaves that an unmap removed whole for want of memory. */
#define SPACE_LOSSES_MAX 64

typedef struct Loss {
    uint64_t virt, len;
} Loss;

typedef struct Losses {
    Loss list[SPACE_LOSSES_MAX];
    usize count;
} Losses;

/* What the naive walker last saw of a space. */
typedef struct Raw {
    bool walkable; /* the walker knows the format */
    bool current;  /* nothing was changed since */
    uint64_t hash; /* of all tables */
    usize tables;  /* that can be reached */
    usize wait;    /* changes until the whole tree is read again */
} Raw;

typedef struct Space {
    uint64_t number;
    char *format;
    Layout layout;
    ModelGeometry geometry;
    MemVmap vmap;
    MemVmapBatch batch;
    bool batch_open;
    Model *model;     /* null: only expectations are checked */
    MemVmapPort host; /* the hooks that the checked space's own hooks pass on to */
    Losses told;      /* by the port's lost hook, since the last comparison */
    Losses seen;      /* found missing from the tree, since the last comparison */
    usize wait;       /* changes until the next full comparison is due */
    usize due;        /* full comparisons that were due so far */
    Raw raw;
} Space;

/* True where the tool can make spaces of this format: the library and the model know it. */
bool space_format_known(const char *format);

/* Makes the space that `op` describes; for space 0 `op` is null. Null: unknown format or memory is out. */
Space *space_new(const TraceOp *op, const ReplayOptions *options, Host *host);

/* Destroys it. A batch that is still open is ended first. Null is allowed. */
void space_free(Space *space);

void losses_add(Losses *losses, uint64_t virt, uint64_t len);

#endif
