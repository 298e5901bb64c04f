/* SPDX-License-Identifier: MIT */

/*
 * Shootdowns by interrupts. Whoever has changed entries posts a plan, interrupts the CPUs that may have them cached,
 * and waits until each has caught up. Whoever waits goes on serving, so two that wait for each other both end.
 *
 * Why no CPU is missed: the entries are stored first, then the plan is numbered, then the set of CPUs is read. A
 * CPU that loads the space first enters the set and then reads the number (switch.c). Either it is in the set
 * that is read here, or it reads the new number and forgets whatever it had; and what it then caches it reads
 * from the new entries.
 *
 * Why no wait ends too early: `applied` is 0 from before a CPU enters the set until it has applied the number
 * that it then read; it never stands for another space while the CPU is about to use this one.
 */

#include "lib/cpu.h"

/* A shootdown under way. */
typedef struct mem_shootdown {
    MemVmapCpus *cpus;
    const MemVmapCpuSet *users; /* of the space: those that it concerns */
    uint64_t generation;
    uint64_t global_generation; /* 0: no global entries */
} Shootdown;

/* A plan for a CPU that has missed more than one. */
static const MemVmapPlan all_of_a_space = {.everything = true, .tables = true};
static const MemVmapPlan all_globals = {.everything = true, .tables = true, .global = true};

static void forget(const MemVmapCpu *cpu, const MemVmapPlan *plan)
{
    const MemVmapCpus *cpus = cpu->cpus;
    MemVmapStep steps[MEM_VMAP_STEPS];
    if (cpu->current == NULL && !cpus->features.globals)
        return; /* it has nothing of any space, and no root to load again */
    cpu_execute(cpus, steps, cpus->type->forget(&cpus->features, &cpu->root, plan, steps));
}

/* Forgets what the space has lost since plan `known`, the latest plan being `wanted`. */
MEM_NOINLINE static void forget_missed(MemVmapCpu *cpu, uint64_t known, uint64_t wanted)
{
    const MemVmapLedger *ledger = &cpu->current->ledger;
    Posted posted;
    bool kept = known + 1 == wanted && mem_vmap_ledger_read(ledger, wanted, &posted);
    forget(cpu, kept ? &posted.plan : &all_of_a_space);
    shared_store(&cpu->applied, wanted);
}

/*
 * An interrupt may come anywhere here, and catch up on its own: so the number is looked at again after it was
 * stored, and a step back is not the last word.
 */
static void catch_up_with_space(MemVmapCpu *cpu)
{
    uint64_t known, wanted;
    while ((known = shared_load(&cpu->applied)) != (wanted = shared_load(&cpu->current->ledger.generation)))
        forget_missed(cpu, known, wanted);
}

/* Whether a plan for global entries is also the one plan that the CPU has missed of its space. */
static bool is_of_current_space(const MemVmapCpu *cpu, const Posted *posted)
{
    return cpu->current != NULL && posted->space == cpu->current->id &&
           posted->space_generation == shared_load(&cpu->applied) + 1;
}

static void catch_up_with_globals(MemVmapCpu *cpu)
{
    const MemVmapLedger *ledger = &cpu->cpus->globals;
    Posted posted;
    for (;;) {
        uint64_t known = shared_load(&cpu->applied_global), wanted = shared_load(&ledger->generation);
        if (known == wanted)
            return;
        bool kept = known + 1 == wanted && mem_vmap_ledger_read(ledger, wanted, &posted);
        forget(cpu, kept ? &posted.plan : &all_globals);
        if (kept && is_of_current_space(cpu, &posted))
            shared_store(&cpu->applied, posted.space_generation);
        shared_store(&cpu->applied_global, wanted);
    }
}

void mem_vmap_cpu_catch_up(MemVmapCpu *cpu)
{
    catch_up_with_globals(cpu);
    if (cpu->current != NULL)
        catch_up_with_space(cpu);
}

/* Where nothing is posted there is nothing to catch up with. */
void mem_vmap_cpu_serve(MemVmapCpu *cpu)
{
    if (cpu != NULL && cpu->cpus != NULL && !cpu->cpus->shares_asids)
        mem_vmap_cpu_catch_up(cpu);
}

static void serve_here(const MemVmapCpus *cpus)
{
    cpus_pin(cpus);
    mem_vmap_cpu_serve(cpu_here(cpus));
    cpus_unpin(cpus);
}

/* Whether a plan names addresses of the upper half, which an idle CPU uses too. */
static bool concerns_the_kernel(const MemVmapPlan *plan)
{
    bool upper = plan->everything || plan->global;
    for (unsigned i = 0; i < plan->count; i++)
        upper |= plan->ranges[i].last >> 63 != 0;
    return upper;
}

static Shootdown post(MemVmap *vmap, const MemVmapPlan *plan)
{
    MemVmapCpus *cpus = vmap->port.cpus;
    Shootdown shootdown = {.cpus = cpus};
    shootdown.users = plan->tables || concerns_the_kernel(plan) ? &vmap->loaded : &vmap->active;
    shootdown.generation = mem_vmap_ledger_post(&vmap->ledger, plan, vmap->id, 0);
    if (plan->global)
        shootdown.global_generation =
            mem_vmap_ledger_post(&cpus->globals, plan, vmap->id, shootdown.generation);
    return shootdown;
}

/* Whether a CPU has nothing left of what went. */
static bool has_forgotten(const Shootdown *shootdown, unsigned number)
{
    const MemVmapCpus *cpus = shootdown->cpus;
    const MemVmapCpu *cpu = cpus->cpu[number];
    if (shootdown->global_generation != 0 && cpu_set_has(&cpus->online, number) &&
        shared_load(&cpu->applied_global) < shootdown->global_generation)
        return false;
    return !cpu_set_has(shootdown->users, number) || shared_load(&cpu->applied) >= shootdown->generation;
}

/* The CPUs to interrupt: a snapshot, taken after the plan was posted. */
static MemVmapCpuSet targets_of(const Shootdown *shootdown)
{
    const MemVmapCpuSet *all =
        shootdown->global_generation != 0 ? &shootdown->cpus->online : shootdown->users;
    MemVmapCpuSet targets;
    for (unsigned i = 0; i < sizeof targets.words / sizeof targets.words[0]; i++)
        targets.words[i] = shared_load(&all->words[i]);
    return targets;
}

/* Interrupts the others of `targets`, and this CPU does its own part while they come to theirs. */
static void interrupt_and_serve(const MemVmapCpus *cpus, MemVmapCpuSet targets)
{
    const MemVmapCpuPort *port = &cpus->port;
    cpus_pin(cpus);
    MemVmapCpu *cpu = cpu_here(cpus);
    if (cpu != NULL)
        targets.words[cpu->number / 64] &= ~((uint64_t)1 << cpu->number % 64);
    if (port->interrupt != NULL && !cpu_set_is_empty(&targets))
        port->interrupt(port->context, &targets);
    mem_vmap_cpu_serve(cpu);
    cpus_unpin(cpus);
}

static void wait_for(const Shootdown *shootdown, unsigned number)
{
    const MemVmapCpuPort *port = &shootdown->cpus->port;
    if (has_forgotten(shootdown, number))
        return;
    MEM_VMAP_TRACE(wait, shootdown->cpus, number, shootdown->generation);
    do {
        serve_here(shootdown->cpus);
        if (port->relax != NULL)
            port->relax(port->context);
    } while (!has_forgotten(shootdown, number));
    MEM_VMAP_TRACE(waited, shootdown->cpus, number, shootdown->generation);
}

/* Whether this CPU has its space loaded, and no other CPU has. */
static bool has_it_alone(const MemVmapCpu *cpu)
{
    const MemVmapCpuSet *loaded = &cpu->current->loaded;
    uint64_t others = 0;
    for (unsigned i = 0; i < sizeof loaded->words / sizeof loaded->words[0]; i++) {
        uint64_t own = i == cpu->number / 64 ? (uint64_t)1 << cpu->number % 64 : 0;
        others |= shared_load(&loaded->words[i]) ^ own;
    }
    return others == 0;
}

/*
 * Numbers a plan and applies it, unless something came in between: then all is forgotten later. The set is read
 * again behind the number, as for a plan that is posted; and an interrupt may have caught up with more before the
 * number was stored.
 */
static bool count_and_forget(MemVmapCpu *cpu, const MemVmapPlan *plan)
{
    uint64_t generation = shared_count(&cpu->current->ledger.generation);
    if (!has_it_alone(cpu) || shared_load(&cpu->applied) + 1 != generation)
        return false;
    forget(cpu, plan);
    shared_store(&cpu->applied, generation);
    catch_up_with_space(cpu);
    return true;
}

bool mem_vmap_shoot_down_alone(const MemVmap *vmap, const MemVmapPlan *plan)
{
    const MemVmapCpus *cpus = vmap->port.cpus;
    if (cpus->shares_asids || plan->global)
        return false;
    cpus_pin(cpus);
    MemVmapCpu *cpu = cpu_here(cpus);
    bool done = cpu != NULL && cpu->current == vmap && has_it_alone(cpu) && count_and_forget(cpu, plan);
    cpus_unpin(cpus);
    return done;
}

/* By posting, interrupting and waiting. */
static void shoot_down_by_interrupt(MemVmap *vmap, const MemVmapPlan *plan)
{
    if (mem_vmap_shoot_down_alone(vmap, plan))
        return;
    Shootdown shootdown = post(vmap, plan);
    MemVmapCpuSet targets = targets_of(&shootdown);
    if (cpu_set_is_empty(&targets))
        return;
    interrupt_and_serve(shootdown.cpus, targets);
    for (unsigned i = 0; i < sizeof targets.words / sizeof targets.words[0]; i++)
        for (uint64_t left = targets.words[i]; left != 0; left &= left - 1)
            wait_for(&shootdown, i * 64 + (unsigned)__builtin_ctzll(left));
}

void mem_vmap_shoot_down(MemVmap *vmap, const MemVmapPlan *plan)
{
    if (vmap->port.cpus->shares_asids)
        mem_vmap_tell_all(vmap, plan);
    else
        shoot_down_by_interrupt(vmap, plan);
}
