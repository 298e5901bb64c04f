/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SIM_RANDOM_H
#define TESTS_SIM_RANDOM_H

#include "tests/sim/sim.h"

enum { ACTS_MAX = 40 };

/* A random number below `count`: all of them follow from the run's seed. */
unsigned below(unsigned count);

void random_probes(Config *config);
void random_theme(void); /* what the next scripts are about */
usize random_probe(void);
unsigned random_script(Act *acts, unsigned length); /* at least so many acts; how many */

#endif
