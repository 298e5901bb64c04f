/* SPDX-License-Identifier: MIT */

/* Which space a CPU runs, and under which ASID. */

#include "lib/asid.h"

/* ASIDs 1 to n are a CPU's slots; 0 is left to whatever ran before. One would be no help: see find_slot. */
static unsigned slot_count(const MemVmapCpus *cpus)
{
    unsigned most = cpus->features.asids > 0 ? cpus->features.asids - 1 : 0;
    unsigned count = most < MEM_VMAP_ASIDS ? most : MEM_VMAP_ASIDS;
    return count > 1 ? count : 0;
}

/* Notes what the CPU has of the space that it is about to leave. */
static void save_slot(MemVmapCpu *cpu)
{
    if (cpu->current != NULL && cpu->root.asid != 0)
        cpu->slots[cpu->root.asid - 1].generation = shared_load(&cpu->applied);
}

/*
 * The slot of a space, or one taken over from another space: then nothing is known of what it holds. Not from the one
 * that is loaded: its ASID may be cleaned before the new root is there, and would fill again until then.
 */
static MemVmapSlot *find_slot(MemVmapCpu *cpu, uint64_t space)
{
    unsigned count = slot_count(cpu->cpus);
    if (count == 0)
        return NULL;
    for (unsigned i = 0; i < count; i++)
        if (cpu->slots[i].space == space)
            return &cpu->slots[i];
    if (cpu->next_slot + 1 == cpu->root.asid)
        cpu->next_slot = (cpu->next_slot + 1) % count;
    MemVmapSlot *slot = &cpu->slots[cpu->next_slot];
    cpu->next_slot = (cpu->next_slot + 1) % count;
    *slot = (MemVmapSlot){space, 0};
    return slot;
}

static MemVmapHistory history_of(const MemVmapSlot *slot, const MemVmapLedger *ledger, uint64_t generation,
                                 Posted *posted)
{
    if (slot == NULL || slot->generation == 0)
        return MEM_VMAP_UNKNOWN;
    if (slot->generation == generation)
        return MEM_VMAP_UP_TO_DATE;
    bool kept = slot->generation + 1 == generation && mem_vmap_ledger_read(ledger, generation, posted);
    return kept ? MEM_VMAP_BEHIND : MEM_VMAP_UNKNOWN;
}

/* Loads the space as it is at `generation`. */
static void load(MemVmapCpu *cpu, MemVmap *vmap, uint64_t generation)
{
    const MemVmapCpus *cpus = cpu->cpus;
    MemVmapStep steps[MEM_VMAP_STEPS];
    Posted posted = {.space = 0};
    MemVmapSlot *slot = find_slot(cpu, vmap->id);
    MemVmapRoot root = root_of(vmap, slot != NULL ? (unsigned)(slot - cpu->slots) + 1 : 0);
    MemVmapHistory history = history_of(slot, &vmap->ledger, generation, &posted);
    cpu_execute(cpus, steps, cpus->type->load(&cpus->features, &root, history, &posted.plan, steps));
    if (slot != NULL)
        slot->generation = generation;
    cpu->root = root;
    cpu->current = vmap;
}

static void enter(const MemVmapCpu *cpu, MemVmap *next)
{
    cpu_set_add(&next->loaded, cpu->number);
    cpu_set_add(&next->active, cpu->number);
}

/*
 * Enters the sets before it reads the number of the latest plan: see shootdown.c. Of the space it comes from it
 * takes its leave when it has left.
 */
static void change(MemVmapCpu *cpu, MemVmap *next)
{
    MemVmap *last = cpu->current;
    save_slot(cpu);
    shared_store(&cpu->applied, 0);
    enter(cpu, next);
    uint64_t generation = shared_load(&next->ledger.generation);
    load(cpu, next, generation);
    if (last != NULL) {
        cpu_set_remove(&last->active, cpu->number);
        cpu_set_remove(&last->loaded, cpu->number);
    }
    shared_store(&cpu->applied, generation);
}

/*
 * Where ASIDs are the machine's: nothing is stale under the number of the space, on any CPU. A CPU enters the set
 * before it loads, and, as what it has cached stays under that number, leaves it only where there are no numbers.
 */
static void change_shared(MemVmapCpu *cpu, MemVmap *next)
{
    const MemVmapCpus *cpus = cpu->cpus;
    MemVmap *last = cpu->current;
    MemVmapHistory history;
    MemVmapStep steps[MEM_VMAP_STEPS];
    enter(cpu, next);
    MemVmapRoot root = root_of(next, mem_vmap_asid_take(cpu, next, &history));
    cpu_execute(cpus, steps, cpus->type->load(&cpus->features, &root, history, NULL, steps));
    mem_vmap_asid_loaded(cpu);
    cpu->current = next;
    if (last != NULL && cpus->features.asids == 0)
        cpu_set_remove(&last->active, cpu->number);
    if (last != NULL)
        cpu_set_remove(&last->loaded, cpu->number);
}

/* Comes back from idling: enters the set and then reads the number, as when it loads. */
static void resume(MemVmapCpu *cpu)
{
    cpu_set_add(&cpu->current->active, cpu->number);
    mem_vmap_cpu_catch_up(cpu);
}

static void switch_here(MemVmap *vmap)
{
    MemVmapCpu *cpu = cpu_here(vmap->port.cpus);
    if (cpu == NULL)
        return;
    bool shared = cpu->cpus->shares_asids;
    if (cpu->current != vmap)
        (shared ? change_shared : change)(cpu, vmap);
    else if (!shared)
        resume(cpu);
}

void mem_vmap_switch_to(MemVmap *inner)
{
    if (!is_space(inner))
        return;
    if (inner->port.cpus != NULL)
        switch_here(inner);
    else if (inner->port.root_load != NULL)
        inner->port.root_load(inner->port.context, inner->root);
}

void mem_vmap_cpu_idle(MemVmapCpu *cpu)
{
    if (cpu != NULL && cpu->cpus != NULL && cpu->current != NULL && !cpu->cpus->shares_asids)
        cpu_set_remove(&cpu->current->active, cpu->number);
}

bool mem_vmap_is_loaded(const MemVmap *vmap)
{
    return is_space(vmap) && !cpu_set_is_empty(&vmap->loaded);
}

MemVmap *mem_vmap_cpu_space(const MemVmapCpu *cpu)
{
    return cpu != NULL ? cpu->current : NULL;
}
