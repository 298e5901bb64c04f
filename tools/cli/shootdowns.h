/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_CLI_SHOOTDOWNS_H
#define TOOLS_CLI_SHOOTDOWNS_H

/* Between the files of `vmap shootdowns`: options and printing, the replay, and the CPUs that count. */

#include "tools/cli/cli.h"

/* What CPUs were told, and what they did to forget. Exact; a total over all CPUs. */
typedef struct FlushCounts {
    usize calls;      /* of unmap, protect and collapse */
    usize shootdowns; /* times that the CPUs were told */
    usize interrupts; /* each of one CPU by another */
    usize addresses;  /* instructions that invalidate one address: INVLPG, SFENCE.VMA, TLBI */
    usize full;       /* full flushes: loads of CR3 and the like, and what also reaches global entries */
} FlushCounts;

/* Simulated CPUs of one kind, which serve an interrupt at once. */
typedef struct Machine Machine;

/* The kind of CPU whose root a table of this format can be, "x86_64" for example; null: there is none here. */
const char *machine_kind(const char *format);

/* How such a CPU forgets an address. */
const char *machine_instruction(const char *kind);

/* Whether that one instruction does it on all CPUs, and none is interrupted. */
bool machine_broadcasts(const char *kind);

/* Null: memory is out. */
Machine *machine_new(const char *kind, unsigned cpus);

/* Null is allowed. */
void machine_free(Machine *machine);

/* What spaces that the CPUs can run have as `port.cpus`. */
MemVmapCpus *machine_cpus(Machine *machine);

/* Every CPU loads the space. What that takes is not counted: a kernel chooses when it switches. */
void machine_run(Machine *machine, MemVmap *vmap);

/* No CPU has a space loaded any more, and none takes part. */
void machine_stop(Machine *machine);

/* What was counted so far; may be written. */
FlushCounts *machine_counts(Machine *machine);

/* Who decides what is sent, to whom and when. */
typedef enum FlushPolicy {
    POLICY_ENGINE, /* the library */
    POLICY_LEAF, /* baseline: for each leaf an interrupt to every CPU, which forgets its address; or a broadcast */
    POLICY_CALL, /* baseline: for each call an interrupt to every CPU, which flushes all; or a broadcast */
} FlushPolicy;

/* Calls share batches where the trace has `batch begin` and `batch end`. */
#define BATCHES_OF_TRACE 0

typedef struct FlushOptions {
    const char *format; /* of spaces that name none */
    unsigned cpus;
    FlushPolicy policy;
    usize batch; /* so many calls in a row share one; 1: none; or BATCHES_OF_TRACE. Baselines have none. */
} FlushOptions;

/* Whether a trace can be counted, beyond that it can be replayed: 0, or an exit status after a message. */
int flush_validate(const Trace *trace, const char *format);

/*
 * Replays a trace that is valid, and counts. Every CPU runs the selected space, and the first makes the calls.
 * 0, or an exit status after a message: the trace's expectations were not met, or memory is out.
 */
int flush_count(const Trace *trace, const FlushOptions *options, FlushCounts *counts);

#endif
