/* SPDX-License-Identifier: MIT */
#ifndef ORACLE_TREE_H
#define ORACLE_TREE_H

/*
 * A survey of all tables that can be reached from a root, in the order of their addresses: every leaf with the
 * rights that it effectively has, a hash of every byte, and what is wrong with it. For every format that has a naive
 * walker.
 */

#include "tools/oracle/walkers.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Called for each leaf, a run of contiguous entries counting as one; anything but 0 ends the survey. */
typedef int (*OracleVisit)(void *context, uint64_t virt, const OracleWalk *leaf);

typedef struct OracleSurvey {
    uint64_t hash;                    /* of the tables' contents and of where each lies */
    size_t tables;                    /* the root included */
    size_t leaves[ORACLE_LEVELS_MAX]; /* by level */
    /*
     * The first thing that is wrong, or null: what the CPU would refuse, and what no sound tree holds: an absent entry
     * that is not all zero, so that its address could be speculated on (L1TF); a link that takes a right away; an
     * empty table; a table that links the root.
     */
    const char *defect;
    uint64_t defect_virt;
    unsigned defect_level;
    uint64_t defect_entry;
} OracleSurvey;

/*
 * Surveys the whole tree. `visit` may be null. Returns what `visit` returned last; where it was not 0, or
 * where `survey->defect` is not null, the survey ended early.
 */
int oracle_survey(const OracleCpu *cpu, OracleSurvey *survey, OracleVisit visit, void *context);

#ifdef __cplusplus
}
#endif

#endif
