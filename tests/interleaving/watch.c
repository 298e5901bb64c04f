/* SPDX-License-Identifier: MIT */
#include "tests/interleaving/watch.h"

#include <string.h>

/* Table pages are told from frames by their physical address: the host's arena is here, frames are above. */
#define ARENA_PAGES ((usize)1 << 18)

/* P, RW, US and A: the engine's links have all of them, and those of the pool's lists do not. */
#define LINK_BITS (RAW_P | RAW_RW | RAW_US | RAW_A)
#define ADDRESS   0x000ffffffffff000ull

/* What a walker makes of an address. */
typedef struct sight {
    bool leaf;
    usize phys;
    uint64_t rights;
} Sight;

typedef struct probe {
    usize virt;
    Sight before, other;             /* `other`: the first one that was not `before` */
    uintptr_t pages[RAW_LEVELS_MAX]; /* the tables on its way, when the call began */
    bool dirty;                      /* the MMU has set the bit since */
} Probe;

static struct {
    Space *space; /* null: nobody watches */
    RawTree tree;
    Probe probes[WATCH_PROBES];
    unsigned count;
    usize drops, fenced_drops;
    unsigned fences;
    unsigned written[ARENA_PAGES]; /* by table page: `fences` at its last store */
    const char *broken;
} watch;

static struct {
    usize loads; /* until it comes; 0: none is due */
    void (*call)(Space *space);
    Space *space;
    bool happened;
} interrupt;

/* The counts of all parts together. */
static usize drops_of(const MemVmap *vmap)
{
    usize drops = 0;
    for (unsigned i = 0; i < MEM_VMAP_DROPS; i++)
        drops += vmap->drops[i];
    return drops;
}

static void broken(const char *what)
{
    if (!watch.broken)
        watch.broken = what;
}

static Sight look(usize virt)
{
    RawWalk walk = raw_walk(&watch.tree, virt);
    uint64_t rights = walk.path[walk.level] & (RAW_RW | RAW_US | RAW_G | RAW_NX | RAW_PWT | RAW_PCD);
    return walk.leaf ? (Sight){true, walk.phys, rights} : (Sight){0};
}

static bool same(const Sight *a, const Sight *b)
{
    return a->leaf == b->leaf && a->phys == b->phys && a->rights == b->rights;
}

static uintptr_t page_of(const uint64_t *slot)
{
    return (uintptr_t)slot & ~(uintptr_t)0xfff;
}

static usize arena_index(uintptr_t page)
{
    return (page - watch.tree.direct_map - HOST_PHYS_BASE) / HOST_PAGE_SIZE % ARENA_PAGES;
}

static bool links_table(uint64_t entry)
{
    usize phys = entry & ADDRESS;
    return (entry & LINK_BITS) == LINK_BITS && phys >= HOST_PHYS_BASE &&
           phys < HOST_PHYS_BASE + ARENA_PAGES * HOST_PAGE_SIZE;
}

static void check_link(const uint64_t *slot, uint64_t entry)
{
    if (!links_table(entry) || (*slot & ADDRESS) == (entry & ADDRESS))
        return;
    uintptr_t page = watch.tree.direct_map + (uintptr_t)(entry & ADDRESS);
    if (watch.written[arena_index(page)] == watch.fences)
        broken("a table was linked, and no fence came after its last entry");
}

/* The level of the table on the probe's way that `slot` is in; -1: it is in none. */
static int level_of(const Probe *probe, const uint64_t *slot)
{
    for (unsigned level = 0; level < watch.tree.levels; level++)
        if (probe->pages[level] == page_of(slot))
            return (int)level;
    return -1;
}

static void check_unlinked(const uint64_t *slot)
{
    usize drops = drops_of(&watch.space->vmap);
    if (drops != watch.fenced_drops)
        broken("tables were used again, and no fence came after the count of drops");
    for (unsigned i = 0; i < watch.count && drops == watch.drops; i++) {
        const Probe *probe = &watch.probes[i];
        int level = level_of(probe, slot);
        if (level < 0)
            continue;
        const uint64_t *now = raw_slot(&watch.tree, probe->virt, (unsigned)level);
        if (!now || page_of(now) != page_of(slot))
            broken("a table that readers may be in was written before the count of drops");
    }
}

/* A CPU writes through the probe, if `slot` is on its way: the MMU notes it in the leaf. */
static void mmu_write(Probe *probe, const uint64_t *slot)
{
    RawWalk walk = raw_walk(&watch.tree, probe->virt);
    uint64_t *leaf = walk.leaf ? raw_slot(&watch.tree, probe->virt, walk.level) : NULL;
    bool on_way = false;
    for (unsigned level = walk.level; leaf && level < watch.tree.levels; level++)
        on_way |= raw_slot(&watch.tree, probe->virt, level) == slot;
    if (!on_way || !(*leaf & RAW_RW))
        return;
    *leaf |= RAW_A | RAW_D;
    probe->dirty = true;
}

static void before_store(uint64_t *slot, uint64_t entry)
{
    check_link(slot, entry);
    check_unlinked(slot);
    for (unsigned i = 0; watch.space->port.invalidate_there && i < watch.count; i++)
        mmu_write(&watch.probes[i], slot);
}

static void after_store(const uint64_t *slot)
{
    watch.written[arena_index(page_of(slot))] = watch.fences;
    for (unsigned i = 0; i < watch.count; i++) {
        Probe *probe = &watch.probes[i];
        Sight now = look(probe->virt);
        if (same(&now, &probe->before))
            continue;
        if (same(&probe->other, &probe->before))
            probe->other = now;
        if (!same(&now, &probe->other))
            broken("a walker saw what was neither the old mapping nor the new one");
    }
}

uint64_t hook_load(const uint64_t *slot)
{
    if (interrupt.loads > 0 && --interrupt.loads == 0) {
        interrupt.happened = true;
        interrupt.call(interrupt.space);
    }
    return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

void hook_store(uint64_t *slot, uint64_t entry)
{
    if (watch.space)
        before_store(slot, entry);
    __atomic_store_n(slot, entry, __ATOMIC_RELAXED);
    if (watch.space)
        after_store(slot);
}

bool hook_exchange(uint64_t *slot, uint64_t *expected, uint64_t entry)
{
    if (watch.space)
        before_store(slot, entry);
    if (!__atomic_compare_exchange_n(slot, expected, entry, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return false;
    if (watch.space)
        after_store(slot);
    return true;
}

void hook_fence(void)
{
    watch.fences++;
    if (watch.space)
        watch.fenced_drops = drops_of(&watch.space->vmap);
}

static void probe_begin(Probe *probe, usize virt)
{
    *probe = (Probe){.virt = virt, .before = look(virt)};
    probe->other = probe->before;
    for (unsigned level = 0; level < watch.tree.levels; level++) {
        const uint64_t *slot = raw_slot(&watch.tree, virt, level);
        probe->pages[level] = slot ? page_of(slot) : 0;
    }
}

void watch_begin(Space *space, const usize *probes, unsigned count)
{
    assert_true(count <= WATCH_PROBES);
    memset(&watch, 0, sizeof watch);
    watch.fences = 1;
    watch.tree = space_raw(space);
    watch.drops = watch.fenced_drops = drops_of(&space->vmap);
    watch.count = count;
    for (unsigned i = 0; i < count; i++)
        probe_begin(&watch.probes[i], probes[i]);
    watch.space = space;
}

static void probe_end(const Probe *probe)
{
    Sight after = look(probe->virt);
    if (!same(&after, &probe->before) && !same(&after, &probe->other))
        broken("a walker saw a mapping that is neither the old nor the new one");
    if (same(&after, &probe->before) && !same(&probe->other, &probe->before))
        broken("a mapping was away for a moment, though it was there before and after");
    if (!after.leaf || !probe->dirty || after.phys != probe->before.phys)
        return;
    RawWalk walk = raw_walk(&watch.tree, probe->virt);
    if (!(walk.path[walk.level] & RAW_D))
        broken("a dirty bit that the MMU had set was lost");
}

void watch_end(void)
{
    watch.space = NULL;
    for (unsigned i = 0; i < watch.count; i++)
        probe_end(&watch.probes[i]);
    if (watch.broken)
        fail_msg("%s", watch.broken);
}

void interrupt_load(usize at, void (*call)(Space *space), Space *space)
{
    interrupt.loads = at;
    interrupt.call = call;
    interrupt.space = space;
    interrupt.happened = false;
}

bool interrupt_happened(void)
{
    interrupt.loads = 0;
    return interrupt.happened;
}
