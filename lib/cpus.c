/* SPDX-License-Identifier: MIT */

/* The CPUs of a machine: who takes part. */

#include "lib/asid.h"

static const MemVmapCpuFeatures no_features;

/* Of the machine: they have 16 bits, on any CPU. */
enum { ASIDS_MOST = 1 << 16 };

/* Whether a port has what it needs, and nothing that the type cannot do. */
static bool is_port(const MemVmapCpuPort *port, const MemVmapCpuType *type)
{
    if ((port->pin == NULL) != (port->unpin == NULL) || (port->execute == NULL && type->execute == NULL))
        return false;
    if (port->here == NULL && (port->interrupt != NULL || port->execute_there != NULL))
        return false;
    return port->execute_there == NULL || type->reach == MEM_VMAP_REACH_ANY;
}

int mem_vmap_cpus_init(MemVmapCpus *cpus, const MemVmapCpuPort *port, const MemVmapCpuType *type,
                       const MemVmapCpuFeatures *features)
{
    if (cpus == NULL || port == NULL || type == NULL || !is_port(port, type))
        return MEM_EINVAL;
    *cpus = (MemVmapCpus){.type = type, .port = *port};
    cpus->features = features != NULL ? *features : no_features;
    cpus->globals.generation = 1;
    cpus->shares_asids = type->reach == MEM_VMAP_REACH_ALL || port->execute_there != NULL;
    cpus->asid_generation = cpus->next_asid = 1; /* 0 is that of a space, and a CPU, without a number */
    if (cpus->shares_asids && cpus->features.asids > ASIDS_MOST)
        cpus->features.asids = ASIDS_MOST;
    if (cpus->port.execute == NULL)
        cpus->port.execute = type->execute;
    return 0;
}

/* Whether there are numbers enough for the CPUs up to this one: see asid.c. */
static bool has_asids_for(const MemVmapCpus *cpus, unsigned number)
{
    unsigned asids = cpus->features.asids;
    return !cpus->shares_asids || asids == 0 || asids >= 2 * (number + 1) + 2;
}

/*
 * Begins with nothing; without an assignment, for which a copy on the stack would be made. Only the lines, which come
 * last, stay where the CPU joins again: who was preempted on it in a lookup goes on with one of them, and trusts its
 * sequence number. What they say is true, or does not match.
 */
static void begin(const MemVmapCpus *cpus, MemVmapCpu *cpu, unsigned number)
{
    usize lines = cpus->cpu[number] == cpu ? MEM_VMAP_TLB_LINES * sizeof(MemVmapTlbLine) : 0;
    __builtin_memset(cpu, 0, sizeof *cpu - lines);
}

int mem_vmap_cpu_join(MemVmapCpu *cpu, MemVmapCpus *cpus, unsigned number)
{
    if (cpu == NULL || cpus == NULL || number >= MEM_VMAP_CPUS || cpu_set_has(&cpus->online, number))
        return MEM_EINVAL;
    if ((number != 0 && cpus_are_alone(cpus)) || !has_asids_for(cpus, number))
        return MEM_EINVAL;
    begin(cpus, cpu, number);
    cpu->cpus = cpus;
    cpu->number = number;
    cpus->cpu[number] = cpu;
    cpu_set_add(&cpus->online, number);
    shared_store(&cpu->applied_global, shared_load(&cpus->globals.generation));
    return 0;
}

void mem_vmap_cpu_leave(MemVmapCpu *cpu)
{
    if (cpu == NULL || cpu->cpus == NULL)
        return;
    MemVmapCpus *cpus = cpu->cpus;
    shared_store(&cpu->applied, 0);
    mem_vmap_asid_leave(cpu);
    if (cpu->current != NULL) {
        cpu_set_remove(&cpu->current->active, cpu->number);
        cpu_set_remove(&cpu->current->loaded, cpu->number);
    }
    cpu_set_remove(&cpus->online, cpu->number);
    cpu->cpus = NULL;
    cpu->current = NULL;
}
