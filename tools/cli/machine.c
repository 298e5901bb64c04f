/* SPDX-License-Identifier: MIT */
#include "tools/cli/shootdowns.h"

#include <stdlib.h>
#include <string.h>

/* What the steps mean that a CPU executes. */
#include "arch/aarch64/cpu/cpu.h"
#include "arch/riscv/cpu/cpu.h"
#include "arch/x86_64/cpu/cpu.h"

/* A kind of CPU: with all that current ones have. */
typedef struct Kind {
    const char *name;        /* of the CPU, and how the names of its formats begin */
    const char *instruction; /* that forgets an address */
    bool broadcasts;         /* it does so on all CPUs */
    MemVmapCpuFeatures features;
    void (*count)(FlushCounts *counts, const MemVmapStep *step);
} Kind;

struct Machine {
    const Kind *kind;
    MemVmapCpus cpus;
    MemVmapCpu *cpu;
    unsigned count;
    unsigned here; /* the CPU that runs */
    FlushCounts counts;
};

static void count_x86(FlushCounts *counts, const MemVmapStep *step)
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

static void count_riscv(FlushCounts *counts, const MemVmapStep *step)
{
    switch ((RiscvStepKind)step->kind) {
    case RISCV_FENCE_ADDRESS:
    case RISCV_FENCE_ADDRESS_ALL:
    case RISCV_INVAL_ADDRESS:
    case RISCV_INVAL_ADDRESS_ALL:
        counts->addresses += step->count;
        return;
    case RISCV_FENCE_ASID:
    case RISCV_FENCE_ALL:
        counts->full += step->count;
        return;
    case RISCV_SATP: /* forgets nothing */
    case RISCV_INVAL_BEGIN:
    case RISCV_INVAL_END:
        return;
    }
}

/* Broadcast: one CPU executes it for all. A range is one instruction. */
static void count_aarch64(FlushCounts *counts, const MemVmapStep *step)
{
    if (step->kind >= A64_VAE1IS && step->kind <= A64_RIPAS2LE1IS)
        counts->addresses += step->count;
    else if (step->kind >= A64_ASIDE1IS && step->kind <= A64_ALLE1)
        counts->full += step->count;
}

/* ASIDs of 12 bits and of 16. INVPCID reaches all of them. */
static const Kind kinds[] = {
    {"x86_64", "INVLPG", false, {.asids = 4096, .by_asid = true, .globals = true}, count_x86},
    {"aarch64", "TLBI", true, {.asids = 65536, .by_asid = true, .globals = true}, count_aarch64},
    {"riscv", "SFENCE.VMA", false, {.asids = 65536, .by_asid = true, .globals = true}, count_riscv},
};

/* The kind whose name `text` begins with, or null. */
static const Kind *find_kind(const char *text)
{
    for (usize i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(text, kinds[i].name, strlen(kinds[i].name)) == 0 &&
            mem_vmap_cpu_type_find(kinds[i].name))
            return &kinds[i];
    return NULL;
}

const char *machine_kind(const char *format)
{
    const Kind *kind = find_kind(format);
    return kind ? kind->name : NULL;
}

const char *machine_instruction(const char *kind)
{
    return find_kind(kind)->instruction;
}

/* CPU 0, which makes the calls, has a part in every shootdown, and only one. */
static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    Machine *machine = context;
    machine->counts.shootdowns += machine->here == 0;
    for (unsigned i = 0; i < count; i++)
        machine->kind->count(&machine->counts, &steps[i]);
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
    int code = mem_vmap_cpus_init(&machine->cpus, &port, mem_vmap_cpu_type_find(machine->kind->name),
                                  &machine->kind->features);
    for (unsigned i = 0; code == MEM_OK && i < machine->count; i++)
        code = mem_vmap_cpu_join(&machine->cpu[i], &machine->cpus, i);
    return code;
}

bool machine_broadcasts(const char *kind)
{
    return find_kind(kind)->broadcasts;
}

Machine *machine_new(const char *kind, unsigned cpus)
{
    Machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        return NULL;
    machine->kind = find_kind(kind);
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
