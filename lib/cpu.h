/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_CPU_H
#define MEM_LIB_CPU_H

/* What parts of the engine ask of the CPUs. */

#include "lib/ledger.h"
#include "lib/space.h"

/* The calling CPU; null where it takes no part. */
MEM_INLINE MemVmapCpu *cpu_here(const MemVmapCpus *cpus)
{
    MemVmapCpu *cpu = MEM_VMAP_CPU_HERE(cpus);
    return cpu != NULL && cpu->cpus == cpus ? cpu : NULL;
}

/* A space, or none, as a CPU knows it. */
MEM_INLINE MemVmapRoot root_of(const MemVmap *vmap, unsigned asid)
{
    if (vmap == NULL)
        return (MemVmapRoot){0, asid, 0};
    return (MemVmapRoot){vmap->root, asid, vmap->format->description->top + 1u};
}

MEM_INLINE void cpu_execute(const MemVmapCpus *cpus, const MemVmapStep *steps, unsigned count)
{
    cpus->port.execute(cpus->port.context, steps, count);
}

/* Makes the CPU forget what its space, and global entries, have lost since it last looked. */
void mem_vmap_cpu_catch_up(MemVmapCpu *cpu);

/* Makes every CPU that may use it forget what the plan names, after the stores that it is about. */
void mem_vmap_shoot_down(MemVmap *vmap, const MemVmapPlan *plan);

#endif
