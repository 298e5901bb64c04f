/* SPDX-License-Identifier: MIT */
#ifndef TESTS_EXHAUSTIVE_MICRO_H
#define TESTS_EXHAUSTIVE_MICRO_H

/*
 * White box: formats whose whole address space is 8 or 16 pages. Their entries are those of the tiny
 * formats: an access at the wrong level aborts.
 */

#include "lib/format.h"

extern const MemVmapFormat mem_vmap_micro, mem_vmap_micro_halves, mem_vmap_micro_wide, mem_vmap_micro_tall;

/* With contiguous runs: each entry with its own address; all with the same; and with break-before-make. */
extern const MemVmapFormat mem_vmap_micro_runs, mem_vmap_micro_napot, mem_vmap_micro_breaking;

#endif
