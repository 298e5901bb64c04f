/* SPDX-License-Identifier: MIT */

/*
 * MMUs. A walk begins at the root or at any walk cache that fits, however old; what it finds it may cache, at any
 * time and for any address, as processors do when they speculate.
 */

#include "tests/sim/sim.h"

enum { WAYS_MAX = WALKS_MAX + LEVELS };

/* A table that a walk may read next. */
typedef struct way {
    uint64_t table;
    unsigned level, rights;
    uint32_t life;
} Way;

/* Whether a walk leaves something behind. */
typedef enum { LOOK, CACHE } Trace;

static uint64_t linear(usize virt)
{
    return virt & (((uint64_t)1 << sim.config.kind->va_bits) - 1);
}

static uint64_t size_of(unsigned level)
{
    return (uint64_t)1 << sim.config.kind->shift[level];
}

static bool in_lower_half(usize virt)
{
    return virt >> 63 == 0;
}

static Way root_way(uint64_t root)
{
    return (Way){root, sim.config.kind->levels - 1, RIGHTS_ALL, pages_life(root)};
}

static uint64_t *slot_of(const Way *way, uint64_t virt)
{
    const Kind *kind = sim.config.kind;
    uint64_t mask = ((uint64_t)1 << kind->bits[way->level]) - 1;
    if (!pages_readable(way->table) || pages_life(way->table) != way->life)
        violation("an MMU walks a table page that was taken back: 0x%lx, level %u, for 0x%lx",
                  (unsigned long)way->table, way->level, (unsigned long)virt);
    return pages_pointer(way->table) + (virt >> kind->shift[way->level] & mask);
}

/* The way to the table that an entry links, and the walk cache that remembers it. */
static Way way_below(const Way *way, const Entry *entry)
{
    uint32_t life = pages_exist(entry->phys) ? pages_life(entry->phys) : 0;
    return (Way){entry->phys, way->level - 1, way->rights & entry->rights, life};
}

static void remember_way(Cpu *cpu, const Way *way, uint64_t virt)
{
    walks_insert(cpu, &(WalkEntry){cpu->asid, way->level, way->rights,
                                   virt & ~(size_of(way->level + 1) - 1), way->table, way->life});
}

/* How much one entry of the TLB may hold. */
static uint64_t reach_of(const Way *way, const Entry *leaf)
{
    return size_of(way->level) << (leaf->run ? sim.config.kind->run[way->level] : 0);
}

/* What a leaf makes of the page at `virt`. Global is what the leaf itself says. */
static Value value_of(const Way *way, const Entry *leaf, uint64_t virt)
{
    uint64_t reach = reach_of(way, leaf), offset = virt & (reach - 1) & ~(size_of(0) - 1);
    unsigned rights = leaf->rights & (way->rights | RIGHT_GLOBAL);
    return (Value){true, rights, (leaf->phys & ~(reach - 1)) + offset};
}

static TlbEntry entry_of(const Cpu *cpu, const Way *way, const Entry *leaf, uint64_t virt)
{
    uint64_t size = size_of(way->level), first = virt & ~(size - 1);
    bool global = (leaf->rights & RIGHT_GLOBAL) != 0 && sim.config.features.globals;
    return (TlbEntry){.global = global,
                      .dirty = leaf->dirty,
                      .asid = cpu->asid,
                      .level = way->level,
                      .virt = first,
                      .size = size,
                      .value = value_of(way, leaf, first)};
}

/* The same of the whole run. Which of its pages were written, its entries say, each for itself. */
static TlbEntry run_of(const TlbEntry *entry, const Way *way, const Entry *leaf)
{
    TlbEntry run = *entry;
    run.size = reach_of(way, leaf);
    run.virt &= ~(run.size - 1);
    run.value.frame &= ~(run.size - 1);
    run.dirty = false;
    return run;
}

static void insert(Cpu *cpu, const TlbEntry *entry, const Way *way, const Entry *leaf)
{
    if (leaf->uncached)
        return;
    tlb_insert(cpu, entry);
    if (leaf->run) {
        TlbEntry run = run_of(entry, way, leaf);
        tlb_insert(cpu, &run);
    }
}

/* The value of the page at `virt` in an entry that covers it. */
static Value value_in(const TlbEntry *entry, uint64_t virt)
{
    Value value = entry->value;
    value.frame += (virt - entry->virt) & ~(size_of(0) - 1);
    return value;
}

static bool covers(const Cpu *cpu, const TlbEntry *entry, uint64_t virt)
{
    return (entry->global || entry->asid == cpu->asid) && virt - entry->virt < entry->size;
}

/* Rules. */

static void check_value(const Cpu *cpu, unsigned probe, const Value *value, bool global, const char *how)
{
    if (cpu->blurred || truth_allows(cpu->space, probe, value, global))
        return;
    violation("cpu %u can still use 0x%zx -> 0x%lx, rights %u%s, in space %u, by %s", cpu->number,
              sim.config.probe[probe], (unsigned long)value->frame, value->rights, global ? ", global" : "",
              cpu->space->number, how);
}

static void check_hole(const Cpu *cpu, unsigned probe, const Way *way)
{
    if (cpu->space->truth[probe].settled && !cpu->blurred)
        violation("cpu %u cannot use 0x%zx, whose map has returned, in space %u: a walk ends in level %u",
                  cpu->number, sim.config.probe[probe], cpu->space->number, way->level);
}

static void check_absent(const Cpu *cpu, unsigned probe)
{
    if (cpu->space->truth[probe].settled && !cpu->blurred)
        violation(
            "cpu %u cannot use 0x%zx, whose map has returned, in space %u: it has cached that it is absent",
            cpu->number, sim.config.probe[probe], cpu->space->number);
}

/* A hole, which some CPUs may cache. What is broken is about to be there again: who faults there tries again. */
static void meet_hole(Cpu *cpu, unsigned probe, const Way *way, const Entry *entry, Trace trace)
{
    uint64_t virt = linear(sim.config.probe[probe]), size = size_of(way->level);
    if (entry->broken)
        return;
    check_hole(cpu, probe, way);
    if (trace == CACHE && sim.config.features.caches_absent)
        tlb_insert(cpu, &(TlbEntry){.absent = true,
                                    .asid = cpu->asid,
                                    .level = way->level,
                                    .virt = virt & ~(size - 1),
                                    .size = size});
}

/* Entries of an idle CPU in the lower half are not used, and may be stale. */
static void check_tlb(const Cpu *cpu, unsigned probe)
{
    uint64_t virt = linear(sim.config.probe[probe]);
    if (cpu->idle && in_lower_half(sim.config.probe[probe]))
        return;
    for (unsigned i = 0; i < cpu->tlb_count; i++) {
        const TlbEntry *entry = &cpu->tlb[i];
        if (!covers(cpu, entry, virt))
            continue;
        if (entry->absent) {
            check_absent(cpu, probe);
            continue;
        }
        Value value = value_in(entry, virt);
        check_value(cpu, probe, &value, entry->global, "its TLB");
    }
}

/* Every walk. */

typedef struct ways {
    Way way[WAYS_MAX];
    unsigned count;
} Ways;

static void ways_add(Ways *ways, const Way *way)
{
    for (unsigned i = 0; i < ways->count; i++)
        if (ways->way[i].table == way->table && ways->way[i].level == way->level &&
            ways->way[i].rights == way->rights)
            return;
    ways->way[ways->count++] = *way;
}

/* Where a walk for `virt` may begin. */
static void ways_begin(const Cpu *cpu, uint64_t virt, Ways *ways)
{
    ways->count = 0;
    Way root = root_way(cpu->root);
    ways_add(ways, &root);
    for (unsigned i = 0; i < cpu->walk_count; i++) {
        const WalkEntry *walk = &cpu->walks[i];
        Way way = {walk->table, walk->level, walk->rights, walk->life};
        if (walk->asid == cpu->asid && virt - walk->virt < size_of(walk->level + 1))
            ways_add(ways, &way);
    }
}

static void note_access(uint64_t *slot, const Entry *entry, Trace trace)
{
    if (trace == CACHE && (entry->leaf || sim.config.kind->marks_tables))
        *slot |= sim.config.kind->accessed;
}

/* All walks for one address, from everywhere. */
static void walk_all(Cpu *cpu, unsigned probe, Trace trace)
{
    uint64_t virt = linear(sim.config.probe[probe]);
    Ways ways;
    ways_begin(cpu, virt, &ways);
    for (unsigned i = 0; i < ways.count; i++) {
        Way way = ways.way[i];
        uint64_t *slot = slot_of(&way, virt);
        Entry entry = sim.config.kind->parse(*slot, way.level);
        if (!entry.present) {
            meet_hole(cpu, probe, &way, &entry, trace);
            continue;
        }
        note_access(slot, &entry, trace);
        if (!entry.leaf) {
            Way below = way_below(&way, &entry);
            ways_add(&ways, &below);
            if (trace == CACHE)
                remember_way(cpu, &below, virt);
            continue;
        }
        TlbEntry found = entry_of(cpu, &way, &entry, virt);
        Value value = value_in(&found, virt);
        check_value(cpu, probe, &value, found.global, "a walk");
        if (trace == CACHE)
            insert(cpu, &found, &way, &entry);
    }
}

void mmu_fill(Cpu *cpu)
{
    for (unsigned probe = 0; cpu->space != NULL && probe < sim.config.probes; probe++)
        walk_all(cpu, probe, CACHE);
}

void mmu_fill_space(Space *space)
{
    for (unsigned i = 0; sim.config.greedy && i < sim.config.cpus; i++)
        if (sim.cpu[i].space == space)
            mmu_fill(&sim.cpu[i]);
}

void mmu_check(Cpu *cpu)
{
    for (unsigned probe = 0; cpu->space != NULL && probe < sim.config.probes; probe++) {
        check_tlb(cpu, probe);
        walk_all(cpu, probe, LOOK);
    }
}

void mmu_check_all(void)
{
    for (unsigned i = 0; i < sim.config.cpus; i++)
        mmu_check(&sim.cpu[i]);
}

void mmu_check_page(uint64_t phys)
{
    for (unsigned i = 0; i < sim.config.cpus; i++) {
        const Cpu *cpu = &sim.cpu[i];
        for (unsigned w = 0; cpu->space != NULL && w < cpu->walk_count; w++)
            if (cpu->walks[w].table == phys && cpu->walks[w].asid == cpu->asid)
                violation(
                    "a table page was taken back, and a walk cache of cpu %u leads there: 0x%lx, level %u, "
                    "for 0x%lx",
                    cpu->number, (unsigned long)phys, cpu->walks[w].level,
                    (unsigned long)cpu->walks[w].virt);
    }
}

/* One walk. */

/* One of the places where a walk may begin; its end, or a hole: then null. Caches what it meets. */
static uint64_t *walk_once(Cpu *cpu, unsigned probe, Way *way, Entry *entry)
{
    uint64_t virt = linear(sim.config.probe[probe]);
    Ways ways;
    ways_begin(cpu, virt, &ways);
    *way = ways.way[ways.count > 1 ? sim.driver->whim(ways.count) : 0];
    for (;;) {
        uint64_t *slot = slot_of(way, virt);
        *entry = sim.config.kind->parse(*slot, way->level);
        if (!entry->present)
            return NULL;
        note_access(slot, entry, CACHE);
        if (entry->leaf)
            return slot;
        *way = way_below(way, entry);
        remember_way(cpu, way, virt);
    }
}

static void cache_leaf(Cpu *cpu, unsigned probe, const Way *way, const Entry *leaf)
{
    uint64_t virt = linear(sim.config.probe[probe]);
    TlbEntry found = entry_of(cpu, way, leaf, virt);
    Value value = value_in(&found, virt);
    check_value(cpu, probe, &value, found.global, "a walk");
    insert(cpu, &found, way, leaf);
}

void mmu_speculate(Cpu *cpu, unsigned probe)
{
    Way way;
    Entry entry;
    if (cpu->space == NULL)
        return;
    if (walk_once(cpu, probe, &way, &entry) == NULL)
        meet_hole(cpu, probe, &way, &entry, CACHE);
    else
        cache_leaf(cpu, probe, &way, &entry);
}

/*
 * A write sets the dirty bit in the entry as it is by now, and goes where that leads; not at all if it is not
 * there, or read-only, any more.
 */
static void write_anew(Cpu *cpu, unsigned probe)
{
    uint64_t virt = linear(sim.config.probe[probe]);
    Way way;
    Entry entry;
    uint64_t *slot = walk_once(cpu, probe, &way, &entry);
    if (slot == NULL || !(entry.rights & way.rights & RIGHT_WRITE))
        return;
    *slot = (*slot | sim.config.kind->dirty) & ~sim.config.kind->dirty_clear;
    entry.dirty = true;
    cache_leaf(cpu, probe, &way, &entry);
    truth_note_write(cpu->space, probe, value_of(&way, &entry, virt).frame);
}

static const TlbEntry *tlb_pick(const Cpu *cpu, uint64_t virt)
{
    const TlbEntry *found[TLB_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < cpu->tlb_count; i++)
        if (covers(cpu, &cpu->tlb[i], virt) && !cpu->tlb[i].absent)
            found[count++] = &cpu->tlb[i];
    return count == 0 ? NULL : found[count > 1 ? sim.driver->whim(count) : 0];
}

/* An access of the program that runs on the CPU. `right`: RIGHT_WRITE, RIGHT_EXEC, or 0 to read. */
void mmu_access(Cpu *cpu, unsigned probe, unsigned right)
{
    uint64_t virt = linear(sim.config.probe[probe]);
    mmu_check(cpu);
    if (tlb_pick(cpu, virt) == NULL)
        mmu_speculate(cpu, probe);
    const TlbEntry *entry = tlb_pick(cpu, virt);
    if (entry == NULL || (right & ~entry->value.rights) != 0)
        return;
    Value value = value_in(entry, virt);
    sim_log("access to 0x%lx: 0x%lx, rights %lu", sim.config.probe[probe], value.frame, value.rights);
    if (right == RIGHT_WRITE && entry->dirty)
        truth_note_write(cpu->space, probe, value.frame);
    else if (right == RIGHT_WRITE)
        write_anew(cpu, probe);
}

/* Loading a root forgets nothing by itself: the kind of CPU does what its instruction says. */
void mmu_load_root(Cpu *cpu, uint64_t root, unsigned asid)
{
    cpu->root = root;
    cpu->asid = asid;
    cpu->space = NULL;
    for (unsigned i = 0; i < sim.config.spaces; i++)
        if (!sim.space[i].renewing && mem_vmap_root(&sim.space[i].vmap) == root)
            cpu->space = &sim.space[i];
    if (cpu->space == NULL && root != sim.boot_root)
        violation("cpu %u loads 0x%lx, which is the root of no space", cpu->number, (unsigned long)root);
    mmu_check(cpu);
}

void mmu_settle(Cpu *cpu)
{
    cpu->blurred = false;
    mmu_check(cpu);
}

/* What the tables of a space say. */
Value mmu_true_value(const Space *space, uint64_t virt, bool *dirty)
{
    Way way = root_way(mem_vmap_root(&space->vmap));
    for (;;) {
        Entry entry = sim.config.kind->parse(*slot_of(&way, virt), way.level);
        if (!entry.present && !entry.broken)
            return (Value){0};
        if (entry.leaf) {
            *dirty = entry.dirty;
            return value_of(&way, &entry, virt);
        }
        way = way_below(&way, &entry);
    }
}
