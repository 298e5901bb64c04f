/* SPDX-License-Identifier: MIT */

/* The CPUs of a machine: who takes part. */

#include "lib/cpu.h"

static const MemVmapCpuFeatures no_features;

int mem_vmap_cpus_init(MemVmapCpus *cpus, const MemVmapCpuPort *port, const MemVmapCpuType *type,
                       const MemVmapCpuFeatures *features)
{
    if (cpus == NULL || port == NULL || type == NULL)
        return MEM_EINVAL;
    if ((port->pin == NULL) != (port->unpin == NULL) || (port->interrupt != NULL && port->here == NULL))
        return MEM_EINVAL;
    if (port->execute == NULL && type->execute == NULL)
        return MEM_EINVAL;
    *cpus = (MemVmapCpus){.type = type, .port = *port};
    cpus->features = features != NULL ? *features : no_features;
    cpus->globals.generation = 1;
    if (cpus->port.execute == NULL)
        cpus->port.execute = type->execute;
    return 0;
}

int mem_vmap_cpu_join(MemVmapCpu *cpu, MemVmapCpus *cpus, unsigned number)
{
    if (cpu == NULL || cpus == NULL || number >= MEM_VMAP_CPUS || cpu_set_has(&cpus->online, number))
        return MEM_EINVAL;
    if (number != 0 && cpus->port.interrupt == NULL)
        return MEM_EINVAL;
    __builtin_memset(cpu, 0,
                     sizeof *cpu); /* a copy on the stack, as an assignment makes it, would be large */
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
    if (cpu->current != NULL) {
        cpu_set_remove(&cpu->current->active, cpu->number);
        cpu_set_remove(&cpu->current->loaded, cpu->number);
    }
    cpu_set_remove(&cpus->online, cpu->number);
    cpu->cpus = NULL;
    cpu->current = NULL;
}
