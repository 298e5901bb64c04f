/* SPDX-License-Identifier: MIT */
#include "tests/support/cpus.h"

#include <stdlib.h>

#include "tests/support/turns.h"

/* So many rounds of waiting are a deadlock. */
#define MOST_RELAXES 10000

/* Physical addresses of the tables of one space begin here above those of the one before. */
#define PHYS_STEP ((usize)1 << 40)

const MemVmapCpuFeatures no_features = {0};
const MemVmapCpuFeatures all_features = {.asids = 4096, .by_asid = true, .globals = true};

unsigned machine_number(unsigned cpu)
{
    return cpu == MACHINE_CPUS - 1 ? MEM_VMAP_CPUS - 1 : cpu;
}

/* What concerns other CPUs is never done under a lock. */
static void enter_hook(Machine *machine)
{
    for (unsigned i = 0; i < machine->space_count; i++)
        if (machine->spaces[i]->lock_depth != 0)
            machine->broken = "a hook of the CPUs was called under a lock";
}

static void record(Machine *machine, const MemVmapStep *step)
{
    unsigned most = MACHINE_STEPS - 1;
    unsigned at = machine->step_count < most ? machine->step_count : most; /* the last one shows too many */
    machine->steps[at] = (MachineStep){machine->here, *step};
    machine->step_count = at + 1;
}

static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    Machine *machine = context;
    unsigned cpu = machine->here;
    if (cpu == MACHINE_STRANGER || count > MEM_VMAP_STEPS) {
        machine->broken = "steps for a CPU that takes no part, or too many";
        return;
    }
    if (machine->on_execute)
        machine->on_execute(machine, steps, count);
    for (unsigned i = 0; i < count; i++)
        record(machine, &steps[i]);
    mmu_execute(&machine->mmu[cpu], &machine->features, steps, count);
}

static MemVmapCpu *here(void *context)
{
    Machine *machine = context;
    unsigned cpu = machine->here;
    return cpu != MACHINE_STRANGER && machine->joined[cpu] ? &machine->cpu[cpu] : NULL;
}

static bool is_target(const MemVmapCpuSet *targets, unsigned cpu)
{
    unsigned number = machine_number(cpu);
    return (targets->words[number / 64] >> number % 64 & 1) != 0;
}

static unsigned size_of(const MemVmapCpuSet *set)
{
    unsigned size = 0;
    for (unsigned i = 0; i < MEM_VMAP_CPUS; i++)
        size += (set->words[i / 64] >> i % 64 & 1) != 0;
    return size;
}

static void interrupt_one(Machine *machine, unsigned cpu)
{
    machine->interrupts[cpu]++;
    if (cpu == machine->here)
        machine->broken = "a CPU was asked to interrupt itself";
    machine->pending[cpu] = machine->joined[cpu]; /* it may have left since the caller looked */
    if (machine->pending[cpu] && machine->answer == MACHINE_AT_ONCE && !machine->deaf[cpu])
        machine_serve(machine, cpu);
}

static void interrupt(void *context, const MemVmapCpuSet *targets)
{
    Machine *machine = context;
    unsigned known = 0;
    enter_hook(machine);
    machine->interrupt_calls++;
    if (machine->pinned == 0 && machine->here != MACHINE_STRANGER)
        machine->broken = "CPUs were interrupted by a caller who may move";
    if (machine->on_interrupt)
        machine->on_interrupt(machine);
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++) {
        if (!is_target(targets, cpu))
            continue;
        known++;
        interrupt_one(machine, cpu);
    }
    if (known == 0 || known != size_of(targets))
        machine->broken = "no CPU was interrupted, or one that there is not";
}

/* Each task has its pin: they run on CPUs of their own. */
static unsigned task_bit(void)
{
    return 1u << turns_task();
}

static void pin(void *context)
{
    Machine *machine = context;
    if (machine->pinned & task_bit())
        machine->broken = "pin was nested";
    machine->pinned |= task_bit();
}

static void unpin(void *context)
{
    Machine *machine = context;
    if (!(machine->pinned & task_bit()))
        machine->broken = "unpin without pin";
    machine->pinned &= ~task_bit();
}

/* One CPU that can hear serves its interrupt. */
static void serve_next(Machine *machine)
{
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++) {
        if (!machine->pending[cpu] || machine->deaf[cpu] || cpu == machine->here)
            continue;
        machine_serve(machine, cpu);
        return;
    }
}

static void relax(void *context)
{
    Machine *machine = context;
    unsigned cpu = machine->here;
    enter_hook(machine);
    if (++machine->relaxes > MOST_RELAXES) {
        print_error("a call waits for ever\n");
        abort();
    }
    if (machine->on_relax)
        machine->on_relax(machine);
    else
        serve_next(machine);
    turns_yield();
    machine->here = cpu;
}

Machine *machine_new(const char *format, const MemVmapCpuFeatures *features, unsigned joined)
{
    const MemVmapCpuType *type = mem_vmap_cpu_type_find("x86_64");
    Machine *machine = calloc(1, sizeof *machine);
    assert_non_null(machine);
    assert_non_null(type);
    machine->format = format;
    machine->features = *features;
    MemVmapCpuPort port = {.execute = execute,
                           .here = here,
                           .interrupt = interrupt,
                           .pin = pin,
                           .unpin = unpin,
                           .relax = relax,
                           .context = machine};
    assert_int_equal(mem_vmap_cpus_init(&machine->cpus, &port, type, features), 0);
    for (unsigned cpu = 0; cpu < joined; cpu++)
        machine_join(machine, cpu);
    return machine;
}

void machine_check(const Machine *machine)
{
    const char *broken = machine->broken;
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++)
        broken = machine->mmu[cpu].broken ? machine->mmu[cpu].broken : broken;
    if (broken) {
        print_error("%s\n", broken);
        fail();
    }
    assert_int_equal(machine->pinned, 0);
}

void machine_end(Machine *machine)
{
    machine_check(machine);
    machine->on_execute = NULL;
    machine->on_interrupt = machine->on_relax = NULL;
    for (unsigned i = 0; i < machine->space_count; i++)
        if (mem_vmap_root(&machine->spaces[i]->vmap) != MEM_VMAP_NO_PAGE)
            space_check(machine->spaces[i]);
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++)
        if (machine->joined[cpu])
            machine_leave(machine, cpu);
    for (unsigned i = 0; i < machine->space_count; i++)
        space_end(machine->spaces[i]);
    free(machine);
}

Space *machine_space(Machine *machine)
{
    assert_true(machine->space_count < MACHINE_SPACES);
    Space *space = space_prepare(machine->format, SPACE_ONE_CPU);
    space->port.invalidate_here = NULL;
    space->port.root_load = NULL;
    space->port.cpus = &machine->cpus;
    space->phys_shift = 0 - (machine->space_count + 1) * PHYS_STEP;
    space->port.direct_map += space->phys_shift;
    machine->spaces[machine->space_count++] = space;
    space_make(space, &(MemVmapOptions){.cache_pages = MEM_VMAP_NO_CACHE});
    return space;
}

void machine_space_end(Machine *machine, Space *space)
{
    for (unsigned i = 0; i < machine->space_count; i++)
        if (machine->spaces[i] == space)
            machine->spaces[i] = machine->spaces[--machine->space_count];
    space_end(space);
}

void machine_join(Machine *machine, unsigned cpu)
{
    unsigned number = machine_number(cpu);
    machine->joined[cpu] = true; /* others may see it and interrupt it before the call returns */
    assert_int_equal(mem_vmap_cpu_join(&machine->cpu[cpu], &machine->cpus, number), 0);
}

/* Goes to another CPU; the one where the caller was is returned. */
static unsigned go_to(Machine *machine, unsigned cpu)
{
    unsigned from = machine->here;
    machine->here = cpu;
    return from;
}

void machine_leave(Machine *machine, unsigned cpu)
{
    unsigned from = go_to(machine, cpu);
    mem_vmap_cpu_leave(&machine->cpu[cpu]);
    machine->idle[cpu] = false;
    machine->joined[cpu] = false;
    machine->pending[cpu] = false;
    machine->here = from;
}

void machine_idle(Machine *machine, unsigned cpu)
{
    unsigned from = go_to(machine, cpu);
    machine->idle[cpu] = true;
    mem_vmap_cpu_idle(&machine->cpu[cpu]);
    machine->here = from;
}

void machine_switch(Machine *machine, unsigned cpu, Space *space)
{
    unsigned from = go_to(machine, cpu);
    mem_vmap_switch_to(&space->vmap);
    if (cpu != MACHINE_STRANGER)
        machine->idle[cpu] = false;
    machine->here = from;
}

void machine_serve(Machine *machine, unsigned cpu)
{
    unsigned from = go_to(machine, cpu);
    machine->pending[cpu] = false;
    mem_vmap_cpu_serve(&machine->cpu[cpu]);
    machine->here = from;
}

void machine_serve_all(Machine *machine)
{
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++) {
        machine->deaf[cpu] = false;
        if (machine->pending[cpu])
            machine_serve(machine, cpu);
    }
}

void machine_forget(Machine *machine)
{
    machine->step_count = 0;
    machine->interrupt_calls = machine->relaxes = 0;
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++)
        machine->interrupts[cpu] = 0;
}

static const Space *loaded_space(const Machine *machine, unsigned cpu)
{
    usize root = mmu_root(&machine->mmu[cpu]);
    for (unsigned i = 0; i < machine->space_count; i++)
        if (mem_vmap_root(&machine->spaces[i]->vmap) == root)
            return machine->spaces[i];
    return NULL;
}

const MmuLeaf *machine_access(Machine *machine, unsigned cpu, usize virt)
{
    const Space *space = loaded_space(machine, cpu);
    assert_non_null(space);
    RawTree tree = space_raw(space);
    return mmu_access(&machine->mmu[cpu], &machine->features, &tree, virt);
}

bool machine_forgot(Machine *machine, const Space *space, usize virt)
{
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++)
        if (mem_vmap_cpu_space(&machine->cpu[cpu]) == &space->vmap && machine_access(machine, cpu, virt))
            return false;
    return true;
}

/* Whether the tables translate the address so, with no less rights. */
static bool is_mapped(const Space *space, usize virt, usize phys, bool write)
{
    RawTree tree = space_raw(space);
    RawWalk walk = raw_walk(&tree, virt);
    return walk.leaf && walk.phys == phys && (!write || (walk.path[walk.level] & RAW_RW));
}

/* Looks at the first and the last page: a leaf that was cut anywhere must have gone as a whole. */
static bool leaf_is_true(const Space *space, const MmuLeaf *leaf)
{
    usize end = leaf->size - PAGE;
    return is_mapped(space, leaf->virt, leaf->phys, leaf->write) &&
           is_mapped(space, leaf->virt + end, leaf->phys + end, leaf->write);
}

/* A global translation is one of any space: there they must agree. */
static bool global_is_true(const Machine *machine, const MmuLeaf *leaf)
{
    for (unsigned i = 0; i < machine->space_count; i++)
        if (leaf_is_true(machine->spaces[i], leaf))
            return true;
    return false;
}

static bool way_is_true(const Space *space, const MmuWay *way)
{
    RawTree tree = space_raw(space);
    const uint64_t *slot = raw_slot(&tree, way->virt, 1);
    return slot && (*slot & RAW_P) && !(*slot & RAW_PS) && (*slot & 0x000ffffffffff000) == way->table;
}

static bool cpu_is_true(const Machine *machine, unsigned cpu, const Space *space)
{
    const Mmu *mmu = &machine->mmu[cpu];
    unsigned pcid = machine->features.asids > 0 ? mmu->cr3 & 0xfff : 0;
    for (unsigned i = 0; i < mmu->leaf_count; i++) {
        const MmuLeaf *leaf = &mmu->leaves[i];
        bool used = leaf->pcid == pcid && !(machine->idle[cpu] && leaf->virt >> 63 == 0);
        if (leaf->global ? !global_is_true(machine, leaf) : used && !leaf_is_true(space, leaf))
            return false;
    }
    for (unsigned i = 0; i < mmu->way_count; i++)
        if (mmu->ways[i].pcid == pcid && !way_is_true(space, &mmu->ways[i]))
            return false;
    return true;
}

bool machine_is_true(const Machine *machine)
{
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++) {
        const Space *space = loaded_space(machine, cpu);
        if (machine->joined[cpu] && space && !cpu_is_true(machine, cpu, space))
            return false;
    }
    return true;
}

void assert_reaches_at(Machine *machine, unsigned cpu, usize virt, usize phys, const char *file, int line)
{
    const MmuLeaf *leaf = machine_access(machine, cpu, virt);
    _assert_true(leaf != NULL, "the CPU reaches the address", file, line);
    _assert_int_equal(leaf->phys + (virt - leaf->virt), phys, file, line);
}

void assert_faults_at(Machine *machine, unsigned cpu, usize virt, const char *file, int line)
{
    _assert_true(machine_access(machine, cpu, virt) == NULL, "the CPU does not reach the address", file,
                 line);
}

void assert_interrupts_at(Machine *machine, const usize *expected, const char *file, int line)
{
    for (unsigned cpu = 0; cpu < MACHINE_CPUS; cpu++)
        _assert_int_equal(machine->interrupts[cpu], expected[cpu], file, line);
}

static void assert_step(const MemVmapStep *step, const MemVmapStep *expected, const char *file, int line)
{
    _assert_int_equal(step->kind, expected->kind, file, line);
    _assert_int_equal(step->asid, expected->asid, file, line);
    _assert_int_equal(step->first, expected->first, file, line);
    _assert_int_equal(step->stride, expected->stride, file, line);
    _assert_int_equal(step->count, expected->count, file, line);
}

void assert_steps_at(Machine *machine, unsigned cpu, const MemVmapStep *expected, unsigned count,
                     const char *file, int line)
{
    unsigned others = 0, found = 0;
    for (unsigned i = 0; i < machine->step_count; i++) {
        if (machine->steps[i].cpu != cpu)
            machine->steps[others++] = machine->steps[i];
        else if (found++ < count)
            assert_step(&machine->steps[i].step, &expected[found - 1], file, line);
    }
    machine->step_count = others;
    _assert_int_equal(found, count, file, line);
}
