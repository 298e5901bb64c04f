/* SPDX-License-Identifier: MIT */

/* What a CPU has cached, and how it is told to forget. Addresses are linear: without their sign extension. */

#include "tests/sim/sim.h"

static uint64_t size_of(unsigned level)
{
    return (uint64_t)1 << sim.config.kind->shift[level];
}

static bool same_entry(const TlbEntry *a, const TlbEntry *b)
{
    return a->virt == b->virt && a->size == b->size && a->level == b->level && a->asid == b->asid &&
           a->global == b->global && a->dirty == b->dirty && a->absent == b->absent &&
           value_same(&a->value, &b->value);
}

static bool overlap(uint64_t first, uint64_t size, uint64_t other, uint64_t other_size)
{
    return first - other < other_size || other - first < size;
}

/*
 * Whether two entries could both be used for some address, and do not agree on where it leads and by which leaf. Global
 * leaves of several spaces are changed one after the other, and do not agree meanwhile: that is the script's fault.
 */
static bool conflict(const TlbEntry *a, const TlbEntry *b)
{
    if (a->absent || b->absent || a->global || b->global || a->asid != b->asid ||
        !overlap(a->virt, a->size, b->virt, b->size))
        return false;
    bool resized = a->level != b->level && sim.config.break_level < 2;
    return resized || a->value.frame - a->virt != b->value.frame - b->virt;
}

static void check_break(const Cpu *cpu, const TlbEntry *entry)
{
    for (unsigned i = 0; sim.config.kind->must_break && i < cpu->tlb_count; i++)
        if (conflict(&cpu->tlb[i], entry))
            violation("cpu %u has 0x%lx as 0x%lx of level %u, and caches it as 0x%lx of level %u: it was "
                      "not broken",
                      cpu->number, (unsigned long)entry->virt, (unsigned long)cpu->tlb[i].value.frame,
                      cpu->tlb[i].level, (unsigned long)entry->value.frame, entry->level);
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
    check_break(cpu, entry);
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
        if (concerned && virt - entry->virt < entry->size)
            tlb_remove(cpu, i);
    }
}

void tlb_drop(Cpu *cpu, const Selection *selection)
{
    uint64_t size = selection->last - selection->first + 1;
    for (unsigned i = cpu->tlb_count; i-- > 0;) {
        const TlbEntry *entry = &cpu->tlb[i];
        bool concerned =
            selection->asid < 0 || (!entry->global && entry->asid == (unsigned)selection->asid);
        bool here = overlap(entry->virt, entry->size, selection->first, size);
        if (concerned && here && (selection->level < 0 || entry->level == (unsigned)selection->level))
            tlb_remove(cpu, i);
    }
}

void walks_drop(Cpu *cpu, const Selection *selection)
{
    uint64_t size = selection->last - selection->first + 1;
    for (unsigned i = cpu->walk_count; i-- > 0;) {
        const WalkEntry *walk = &cpu->walks[i];
        bool concerned = selection->asid < 0 || walk->asid == (unsigned)selection->asid;
        if (concerned && overlap(walk->virt, size_of(walk->level + 1), selection->first, size))
            walks_remove(cpu, i);
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
