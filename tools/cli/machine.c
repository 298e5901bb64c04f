/* SPDX-License-Identifier: MIT */
#include "tools/cli/shootdowns.h"

#include <stdlib.h>

#include "arch/x86_64/cpu/cpu.h" /* what the steps mean that a CPU executes */

/* Everything that a current CPU has: an ASID is 12 bits, and INVPCID reaches all of them. */
static const MemVmapCpuFeatures features = {.asids = 4096, .by_asid = true, .globals = true};

struct Machine {
    MemVmapCpus cpus;
    MemVmapCpu *cpu;
    unsigned count;
    unsigned here; /* the CPU that runs */
    FlushCounts counts;
};

static void count_step(FlushCounts *counts, const MemVmapStep *step)
{
    switch ((X86StepKind)step->kind) {
    case X86_INVLPG:
    case X86_INVPCID_ADDRESS:
        counts->addresses += step->count;
        return;
    case X86_INVPCID_ALL:
    case X86_CR3:
    case X86_PGE:
        counts->full += step->count;
        return;
    }
}

/* CPU 0, which makes the calls, has a part in every shootdown, and only one. */
static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    Machine *machine = context;
    machine->counts.shootdowns += machine->here == 0;
    for (unsigned i = 0; i < count; i++)
        count_step(&machine->counts, &steps[i]);
}

static MemVmapCpu *here(void *context)
{
    Machine *machine = context;
    return &machine->cpu[machine->here];
}

static void interrupt(void *context, const MemVmapCpuSet *targets)
{
    Machine *machine = context;
    unsigned interrupted = machine->here;
    for (unsigned i = 0; i < machine->count; i++) {
        if ((targets->words[i / 64] >> i % 64 & 1) == 0)
            continue;
        machine->counts.interrupts++;
        machine->here = i;
        mem_vmap_cpu_serve(&machine->cpu[i]);
    }
    machine->here = interrupted;
}

static int init_cpus(Machine *machine)
{
    MemVmapCpuPort port = {.execute = execute, .here = here, .interrupt = interrupt, .context = machine};
    int code = mem_vmap_cpus_init(&machine->cpus, &port, mem_vmap_cpu_type_find("x86_64"), &features);
    for (unsigned i = 0; code == MEM_OK && i < machine->count; i++)
        code = mem_vmap_cpu_join(&machine->cpu[i], &machine->cpus, i);
    return code;
}

Machine *machine_new(unsigned cpus)
{
    Machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        return NULL;
    machine->count = cpus;
    machine->cpu = calloc(cpus, sizeof *machine->cpu);
    if (machine->cpu && init_cpus(machine) == MEM_OK)
        return machine;
    machine_free(machine);
    return NULL;
}

void machine_free(Machine *machine)
{
    if (!machine)
        return;
    free(machine->cpu);
    free(machine);
}

MemVmapCpus *machine_cpus(Machine *machine)
{
    return &machine->cpus;
}

void machine_run(Machine *machine, MemVmap *vmap)
{
    FlushCounts before = machine->counts;
    for (unsigned i = 0; i < machine->count; i++) {
        machine->here = i;
        mem_vmap_switch_to(vmap);
    }
    machine->here = 0;
    machine->counts = before;
}

void machine_stop(Machine *machine)
{
    for (unsigned i = 0; i < machine->count; i++)
        mem_vmap_cpu_leave(&machine->cpu[i]);
}

FlushCounts *machine_counts(Machine *machine)
{
    return &machine->counts;
}
