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

/* Whether there is one CPU. */
MEM_INLINE bool cpus_are_alone(const MemVmapCpus *cpus)
{
    return cpus->shares_asids ? cpus->port.here == NULL : cpus->port.interrupt == NULL;
}

/* A space as a CPU knows it. */
MEM_INLINE MemVmapRoot root_of(const MemVmap *vmap, unsigned asid)
{
    const MemFormat *format = vmap->format->description;
    return (MemVmapRoot){
        .root = vmap->root,
        .asid = asid,
        .levels = format->top + 1u,
        .page_shift = format->levels[0].shift,
        .virt_bits = format->va_bits,
        .upper = format->va_upper,
        .second_stage = format->second_stage,
    };
}

/* The caller stays on its CPU, and nothing else switches spaces there. */
MEM_INLINE void cpus_pin(const MemVmapCpus *cpus)
{
    if (cpus->port.pin != NULL)
        cpus->port.pin(cpus->port.context);
}

MEM_INLINE void cpus_unpin(const MemVmapCpus *cpus)
{
    if (cpus->port.unpin != NULL)
        cpus->port.unpin(cpus->port.context);
}

MEM_INLINE void cpu_execute(const MemVmapCpus *cpus, const MemVmapStep *steps, unsigned count)
{
    cpus->port.execute(cpus->port.context, steps, count);
}

/* Makes the CPU forget what its space, and global entries, have lost since it last looked. */
void mem_vmap_cpu_catch_up(MemVmapCpu *cpu);

/*
 * Makes every CPU that may use it forget what the plan names, after the stores that it is about. Called without the
 * space's lock, unless ASIDs are the machine's.
 */
void mem_vmap_shoot_down(MemVmap *vmap, const MemVmapPlan *plan);

/*
 * The same where this CPU has the space loaded, and no other has: nobody else will look for the plan, so it is
 * numbered and not posted, and nobody is waited for. With the lock or without. False: that is not so.
 */
bool mem_vmap_shoot_down_alone(const MemVmap *vmap, const MemVmapPlan *plan);

/* The same, where ASIDs are the machine's. */
void mem_vmap_tell_all(const MemVmap *vmap, const MemVmapPlan *plan);

#endif
