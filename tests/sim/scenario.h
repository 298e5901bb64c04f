/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

/* Short scripts of which sim_exhaustive tries every schedule. */

#include "tests/sim/sim.h"

enum { SCENARIO_ACTS = 8, SCENARIO_PROBES = 6, NOWHERE = -1 };

typedef struct scenario {
    const char *name;
    unsigned cpus, spaces;
    MemVmapCpuFeatures features;
    bool asids_gone; /* when the scripts begin all numbers have been given, where they are the machine's */
    unsigned preemptions; /* how often a thread is stopped, or interrupted, without need, in one schedule */
    usize probes[SCENARIO_PROBES];
    Act setup[SCENARIO_ACTS];
    int loaded[CPUS]; /* the space that each CPU has when the scripts begin */
    Act script[CPUS][SCENARIO_ACTS];
} Scenario;

extern const Scenario scenarios[];
extern const unsigned scenario_count;

#endif
