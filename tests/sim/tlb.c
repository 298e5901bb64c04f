/* SPDX-License-Identifier: MIT */

/* What a CPU has cached, and how it is told to forget. Addresses are linear: without their sign extension. */

#include "tests/sim/sim.h"

static uint64_t size_of(unsigned level)
{
    return (uint64_t)1 << sim.config.kind->shift[level];
}

static bool same_entry(const TlbEntry *a, const TlbEntry *b)
{
    return a->virt == b->virt && a->level == b->level && a->asid == b->asid && a->global == b->global &&
           a->dirty == b->dirty && value_same(&a->value, &b->value);
}

/* Of a full cache one entry is forgotten: greedy MMUs must not come here. */
static unsigned victim(unsigned count)
{
    if (sim.config.greedy)
        violation("the simulator's caches are too small");
    return sim.driver->whim(count);
}

void tlb_insert(Cpu *cpu, const TlbEntry *entry)
{
    for (unsigned i = 0; i < cpu->tlb_count; i++)
        if (same_entry(&cpu->tlb[i], entry))
            return;
    if (cpu->tlb_count < TLB_MAX)
        cpu->tlb[cpu->tlb_count++] = *entry;
    else
        cpu->tlb[victim(TLB_MAX)] = *entry;
}

void walks_insert(Cpu *cpu, const WalkEntry *entry)
{
    for (unsigned i = 0; i < cpu->walk_count; i++) {
        const WalkEntry *other = &cpu->walks[i];
        if (other->virt == entry->virt && other->level == entry->level && other->asid == entry->asid &&
            other->table == entry->table && other->life == entry->life && other->rights == entry->rights)
            return;
    }
    if (cpu->walk_count < WALKS_MAX)
        cpu->walks[cpu->walk_count++] = *entry;
    else
        cpu->walks[victim(WALKS_MAX)] = *entry;
}

static void tlb_remove(Cpu *cpu, unsigned index)
{
    cpu->tlb[index] = cpu->tlb[--cpu->tlb_count];
}

static void walks_remove(Cpu *cpu, unsigned index)
{
    cpu->walks[index] = cpu->walks[--cpu->walk_count];
}

void tlb_drop_address(Cpu *cpu, unsigned asid, uint64_t virt, Globals globals)
{
    for (unsigned i = cpu->tlb_count; i-- > 0;) {
        const TlbEntry *entry = &cpu->tlb[i];
        bool concerned = entry->global ? globals == DROP_GLOBALS : entry->asid == asid;
        if (concerned && virt - entry->virt < size_of(entry->level))
            tlb_remove(cpu, i);
    }
}

void tlb_drop_asid(Cpu *cpu, unsigned asid)
{
    for (unsigned i = cpu->tlb_count; i-- > 0;)
        if (!cpu->tlb[i].global && cpu->tlb[i].asid == asid)
            tlb_remove(cpu, i);
}

void tlb_drop_globals(Cpu *cpu)
{
    for (unsigned i = cpu->tlb_count; i-- > 0;)
        if (cpu->tlb[i].global)
            tlb_remove(cpu, i);
}

void tlb_drop_all(Cpu *cpu)
{
    cpu->tlb_count = 0;
}

void walks_drop_address(Cpu *cpu, unsigned asid, uint64_t virt)
{
    for (unsigned i = cpu->walk_count; i-- > 0;)
        if (cpu->walks[i].asid == asid && virt - cpu->walks[i].virt < size_of(cpu->walks[i].level + 1))
            walks_remove(cpu, i);
}

void walks_drop_asid(Cpu *cpu, unsigned asid)
{
    for (unsigned i = cpu->walk_count; i-- > 0;)
        if (cpu->walks[i].asid == asid)
            walks_remove(cpu, i);
}

void walks_drop_all(Cpu *cpu)
{
    cpu->walk_count = 0;
}
