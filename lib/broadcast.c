/* SPDX-License-Identifier: MIT */

/*
 * Shootdowns where a space has one ASID on all CPUs: the CPUs hear of it from the hardware, or firmware tells them.
 * Nobody is interrupted, nothing is posted and nobody waits, so this may be called under a space's lock.
 *
 * The entries are stored first; then the number of the space is read, and who may have cached something of it. Why
 * that misses nobody: asid.c, and for the set what shootdown.c says.
 */

#include "lib/asid.h"

/* Whether the calling CPU is in the set, which it leaves. */
static bool take_out(MemVmapCpuSet *set, const MemVmapCpu *cpu)
{
    if (cpu == NULL)
        return false;
    uint64_t *word = &set->words[cpu->number / 64], bit = (uint64_t)1 << cpu->number % 64;
    bool was_in = (*word & bit) != 0;
    *word &= ~bit;
    return was_in;
}

/* Those who may have cached what the plan names. */
static MemVmapCpuSet targets_of(const MemVmap *vmap, const MemVmapPlan *plan)
{
    const MemVmapCpuSet *online = &vmap->port.cpus->online, *users = plan->global ? online : &vmap->active;
    MemVmapCpuSet targets;
    for (unsigned i = 0; i < sizeof targets.words / sizeof targets.words[0]; i++)
        targets.words[i] = shared_load(&users->words[i]) & shared_load(&online->words[i]);
    return targets;
}

/* Executes steps on this CPU, if it is one of the targets, and on the others. */
static void execute_on(const MemVmapCpus *cpus, MemVmapCpuSet targets, const MemVmapStep *steps,
                       unsigned count)
{
    const MemVmapCpuPort *port = &cpus->port;
    if (take_out(&targets, cpu_here(cpus)))
        cpu_execute(cpus, steps, count);
    if (!cpu_set_is_empty(&targets))
        port->execute_there(port->context, &targets, steps, count);
}

/* Whether no CPU has loaded the space yet. */
static bool is_new(const MemVmap *vmap, unsigned asid)
{
    return asid == 0 && vmap->port.cpus->features.asids > 0;
}

void mem_vmap_tell_all(const MemVmap *vmap, const MemVmapPlan *plan)
{
    const MemVmapCpus *cpus = vmap->port.cpus;
    MemVmapStep steps[MEM_VMAP_STEPS];
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    unsigned asid = mem_vmap_asid_of(vmap);
    if (is_new(vmap, asid) && !plan->global)
        return;
    MemVmapRoot root = root_of(vmap, asid);
    unsigned count = cpus->type->forget(&cpus->features, &root, plan, steps);
    cpus_pin(cpus);
    if (cpus->type->reach == MEM_VMAP_REACH_ALL)
        cpu_execute(cpus, steps, count);
    else
        execute_on(cpus, targets_of(vmap, plan), steps, count);
    cpus_unpin(cpus);
}
