/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_ASID_H
#define MEM_LIB_ASID_H

/* ASIDs of the machine: the same number on all CPUs. */

#include "lib/cpu.h"

/* The number by which CPUs know the space, or did; 0: none has loaded it yet, or they have no numbers. */
unsigned mem_vmap_asid_of(const MemVmap *vmap);

/*
 * The number under which the calling CPU is about to load the space, and what it may have cached under it. From
 * then on the space keeps the number for as long as this CPU runs it. mem_vmap_asid_loaded must follow.
 */
unsigned mem_vmap_asid_take(MemVmapCpu *cpu, MemVmap *vmap, MemVmapHistory *history);

/* The root is loaded, and what had to go has gone: the CPU has left the space before. */
void mem_vmap_asid_loaded(MemVmapCpu *cpu);

/* The CPU runs no space any more. */
void mem_vmap_asid_leave(MemVmapCpu *cpu);

#endif
