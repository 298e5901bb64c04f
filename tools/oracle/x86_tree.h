/* SPDX-License-Identifier: MIT */
#ifndef ORACLE_X86_TREE_H
#define ORACLE_X86_TREE_H

/*
 * A survey of all tables that can be reached from a root, in the order of their addresses: every leaf with the
 * rights that it effectively has, a hash of every byte, and what is wrong with it.
 */

#include "tools/oracle/x86_walk.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One leaf. */
typedef struct X86Mapping {
    uint64_t virt, phys;
    uint64_t size;
    unsigned level;
    uint64_t entry;
    bool write, user, execute; /* with all entries above it */
    bool global;
    unsigned pat_index;
} X86Mapping;

/* Called for each leaf; anything but 0 ends the survey. */
typedef int (*X86Visit)(void *context, const X86Mapping *leaf);

typedef struct X86Survey {
    uint64_t hash;                      /* of the tables' contents and of where each lies */
    size_t tables;                      /* the root included */
    size_t leaves[X86_WALK_LEVELS_MAX]; /* by level */
    /*
     * The first thing that is wrong, or null: what the CPU would refuse (reserved bits), and what no sound
     * tree holds: an absent entry that is not all zero, so that its address could be speculated on (L1TF); a
     * link that is not writable, user, executable and accessed; an empty table; a table out of memory's range.
     */
    const char *defect;
    uint64_t defect_virt;
    unsigned defect_level;
    uint64_t defect_entry;
} X86Survey;

/*
 * Surveys the whole tree. `visit` may be null. Returns what `visit` returned last; where it was not 0, or
 * where `survey->defect` is not null, the survey ended early.
 */
int x86_survey(const X86Cpu *cpu, X86Survey *survey, X86Visit visit, void *context);

#ifdef __cplusplus
}
#endif

#endif
