/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_REPLAY_INTERNAL_H
#define TOOLS_REPLAY_INTERNAL_H

/* What the files of the replay share. */

#include "tools/replay/space.h"

struct replay {
    ReplayOptions options;
    Host *host;
    Host *own_host; /* null: the host is the caller's */
    usize pages_out_before;
    Space *spaces[REPLAY_SPACES_MAX];
    usize space_count;
    Space *selected;
    const TraceOp *op; /* under way; null: after the last one */
    bool failing;      /* the trace has told allocations to fail, and not yet to succeed again */
    ReplayCounts counts;
};

/* What the engine answered to one operation. */
typedef struct Answer {
    int code;    /* of a translate: MEM_EMISS where the miss flag was set */
    usize phys;  /* of a translate */
    usize count; /* of tables */
    MemVmapLeaf leaf;
    MemVmapDefect defect;
    bool starved; /* the host had no page for it, by command or because its arena is empty */
} Answer;

typedef char Text[200];

/* Reports one mismatch of the operation under way. */
void replay_mismatch(Replay *replay, const char *said, const char *expected);

/* Fill and return `text`. */
const char *text_code(Text text, int code);
const char *text_result(Text text, TraceResult result);
const char *text_phys(Text text, uint64_t phys);
const char *text_leaf(Text text, uint64_t phys, uint64_t size, TraceFlags flags);
const char *text_run(Text text, const ModelRun *run);
const char *text_number(Text text, const char *what, uint64_t number);
const char *text_translation(Text text, uint64_t virt, bool hit, uint64_t phys);
const char *text_lookup(Text text, uint64_t virt, TraceResult code, const ModelLeaf *leaf);
const char *text_loss(Text text, const char *what, uint64_t virt, uint64_t len);
const char *text_defect(Text text, const MemVmapDefect *defect);

/* The engine's leaf and run in the model's words. */
ModelLeaf seen_leaf(const MemVmapLeaf *leaf);
ModelRun seen_run(const Layout *layout, const MemVmapRun *run);

/* Holds an answer against what the line of the trace says. */
void check_expectation(Replay *replay, const TraceOp *op, const Answer *answer);

/* The pages that an operation names, as their first and last byte. */
typedef struct Span {
    uint64_t first, last;
} Span;

Span span_of(const Space *space, uint64_t virt, uint64_t len);

/* The NO_RESERVE leaves that an unmap is about to cut: they may be lost. */
typedef struct Cuts {
    Span leaves[2];
    usize count;
} Cuts;

Cuts check_before(const Space *space, const TraceOp *op);

/* Tells the model of the operation, and compares the answer and the tree with it. */
void check_after(Replay *replay, Space *space, const TraceOp *op, const Answer *answer, const Cuts *cuts);

/* Where an unmap found no memory: finds out which leaves went whole, and takes them out of the model. */
void find_losses(Space *space, Span span, const Cuts *cuts);

/* What the lost hook told must be what was found missing; with a batch open it may still come. */
bool check_told(Replay *replay, Space *space);

/* Compares the tree with the model in these pages; counts the runs where `count` is not null. */
bool check_span(Replay *replay, Space *space, Span span, LayoutCount *count);

/* Compares what lookup and translate say of one address. */
bool check_address(Replay *replay, Space *space, uint64_t virt);

/* Everything about a space: invariants, each run, counts of leaves, tables and credits. */
bool check_space(Replay *replay, Space *space);

/* Whether there is a naive walker that reads tables of this format. */
bool raw_format_known(const char *format);

/* What it costs to look at a whole space with so many tables, in tables to read. */
usize check_cost(const Space *space, usize tables);

/* The whole tree as the naive walker reads it: against the model, and every table page accounted for. */
bool check_raw(Replay *replay, Space *space);

/*
 * The same after a change, as often as the number of tables allows, and the addresses around the change each
 * time; where the call failed, not a byte may have changed.
 */
void check_raw_after(Replay *replay, Space *space, const TraceOp *op, const Answer *answer);

/*
 * Every page that the host gave must be in a tree, waiting, or in a pool. How many tables `read` has is taken from
 * the walker, who has just read them; null: from the engine, as for all others.
 */
bool check_pages(Replay *replay, const Space *read);

#endif
