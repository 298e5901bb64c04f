/* SPDX-License-Identifier: MIT */
#include "tests/support/mmu.h"

#include "arch/x86_64/cpu/cpu.h"

#define ADDRESS  0x000ffffffffff000ull
#define PCID     ((usize)0xfff)
#define KEEP     ((usize)1 << 63) /* bit 63 of the source of MOV to CR3 */
#define TABLE_4K ((usize)2 << 20) /* what a table of pages translates */
#define MAX_PHYS 52

static unsigned current_pcid(const Mmu *mmu, const MemVmapCpuFeatures *features)
{
    return features->asids > 0 ? mmu->cr3 & PCID : 0;
}

usize mmu_root(const Mmu *mmu)
{
    return mmu->cr3 & ~PCID;
}

/* Which entries an instruction takes: those of a PCID or of all, at an address or at all. */
typedef struct mmu_scope {
    enum { ONE_PCID, EVERY_PCID } pcids;
    unsigned pcid;
    enum { ONE_ADDRESS, EVERY_ADDRESS } addresses;
    usize address;
    enum { LOCALS, LOCALS_AND_GLOBALS } globals; /* global entries are those of every PCID */
} MmuScope;

static bool covers(usize virt, usize size, usize address)
{
    return address - virt < size;
}

static bool takes_leaf(const MmuScope *scope, const MmuLeaf *leaf)
{
    if (scope->addresses == ONE_ADDRESS && !covers(leaf->virt, leaf->size, scope->address))
        return false;
    if (leaf->global)
        return scope->globals == LOCALS_AND_GLOBALS;
    return scope->pcids == EVERY_PCID || leaf->pcid == scope->pcid;
}

static bool takes_way(const MmuScope *scope, const MmuWay *way)
{
    if (scope->addresses == ONE_ADDRESS && !covers(way->virt, TABLE_4K, scope->address))
        return false;
    return scope->pcids == EVERY_PCID || way->pcid == scope->pcid;
}

static void drop_leaves(Mmu *mmu, MmuScope scope)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < mmu->leaf_count; i++)
        if (!takes_leaf(&scope, &mmu->leaves[i]))
            mmu->leaves[kept++] = mmu->leaves[i];
    mmu->leaf_count = kept;
}

static void drop_ways(Mmu *mmu, MmuScope scope)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < mmu->way_count; i++)
        if (!takes_way(&scope, &mmu->ways[i]))
            mmu->ways[kept++] = mmu->ways[i];
    mmu->way_count = kept;
}

/*
 * The translation at the address, also a global one; and all ways of the current PCID, whatever the
 * address.
 */
static void invlpg(Mmu *mmu, unsigned pcid, usize address)
{
    drop_leaves(mmu, (MmuScope){ONE_PCID, pcid, ONE_ADDRESS, address, LOCALS_AND_GLOBALS});
    drop_ways(mmu, (MmuScope){ONE_PCID, pcid, EVERY_ADDRESS, 0, LOCALS});
}

/* Type 0: what would be used to translate the address under that PCID, but for global translations. */
static void invpcid_address(Mmu *mmu, unsigned pcid, usize address)
{
    MmuScope scope = {ONE_PCID, pcid, ONE_ADDRESS, address, LOCALS};
    drop_leaves(mmu, scope);
    drop_ways(mmu, scope);
}

static void drop_all(Mmu *mmu)
{
    mmu->leaf_count = mmu->way_count = 0;
}

static void load_cr3(Mmu *mmu, const MemVmapCpuFeatures *features, usize value)
{
    usize root = value & ~KEEP & ~PCID;
    if (features->asids == 0 && (value & (KEEP | PCID)) != 0)
        mmu->broken = "a PCID, or bit 63, goes to CR3 without CR4.PCIDE";
    if (root == 0 || root >> MAX_PHYS != 0)
        mmu->broken = "what goes to CR3 is no root";
    mmu->cr3 = value & ~KEEP;
    if (value & KEEP)
        return;
    MmuScope scope = {ONE_PCID, current_pcid(mmu, features), EVERY_ADDRESS, 0, LOCALS};
    drop_leaves(mmu, scope);
    drop_ways(mmu, scope);
}

static void execute_once(Mmu *mmu, const MemVmapCpuFeatures *features, const MemVmapStep *step,
                         usize address)
{
    if ((step->kind == X86_INVPCID_ADDRESS || step->kind == X86_INVPCID_ALL) && !features->by_asid)
        mmu->broken = "INVPCID on a CPU that lacks it";
    switch ((X86StepKind)step->kind) {
    case X86_INVLPG:
        invlpg(mmu, current_pcid(mmu, features), address);
        return;
    case X86_INVPCID_ADDRESS:
        invpcid_address(mmu, step->asid, address);
        return;
    case X86_CR3:
        load_cr3(mmu, features, step->first);
        return;
    case X86_INVPCID_ALL:
    case X86_PGE:
        drop_all(mmu);
        return;
    }
    mmu->broken = "a step of no known kind";
}

void mmu_execute(Mmu *mmu, const MemVmapCpuFeatures *features, const MemVmapStep *steps, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        for (usize n = 0; n < steps[i].count; n++)
            execute_once(mmu, features, &steps[i], steps[i].first + n * steps[i].stride);
}

static const MmuLeaf *find_leaf(const Mmu *mmu, unsigned pcid, usize virt)
{
    for (unsigned i = 0; i < mmu->leaf_count; i++) {
        const MmuLeaf *leaf = &mmu->leaves[i];
        if ((leaf->global || leaf->pcid == pcid) && covers(leaf->virt, leaf->size, virt))
            return leaf;
    }
    return NULL;
}

static const MmuWay *find_way(const Mmu *mmu, unsigned pcid, usize virt)
{
    for (unsigned i = 0; i < mmu->way_count; i++)
        if (mmu->ways[i].pcid == pcid && covers(mmu->ways[i].virt, TABLE_4K, virt))
            return &mmu->ways[i];
    return NULL;
}

static void add_way(Mmu *mmu, unsigned pcid, usize virt, usize table)
{
    if (mmu->way_count == MMU_ENTRIES) {
        mmu->broken = "the test uses more tables than its MMU holds";
        return;
    }
    mmu->ways[mmu->way_count++] = (MmuWay){pcid, virt & ~(TABLE_4K - 1), table};
}

static const MmuLeaf *add_leaf(Mmu *mmu, const MemVmapCpuFeatures *features, usize virt, usize size,
                               uint64_t entry)
{
    if (mmu->leaf_count == MMU_ENTRIES) {
        mmu->broken = "the test uses more addresses than its MMU holds";
        return NULL;
    }
    MmuLeaf *leaf = &mmu->leaves[mmu->leaf_count++];
    *leaf = (MmuLeaf){
        .pcid = current_pcid(mmu, features),
        .global = features->globals && (entry & RAW_G),
        .write = (entry & RAW_RW) != 0,
        .virt = virt & ~(size - 1),
        .size = size,
        .phys = entry & ADDRESS & ~(size - 1),
    };
    return leaf;
}

/* The entry for a page in the table that a way leads to, whatever that holds by now. */
static uint64_t entry_in(const RawTree *tree, usize table, usize virt)
{
    return ((const uint64_t *)(tree->direct_map + table))[virt >> 12 & 511];
}

const MmuLeaf *mmu_access(Mmu *mmu, const MemVmapCpuFeatures *features, const RawTree *tree, usize virt)
{
    unsigned pcid = current_pcid(mmu, features);
    const MmuLeaf *leaf = find_leaf(mmu, pcid, virt);
    if (leaf)
        return leaf;
    const MmuWay *way = find_way(mmu, pcid, virt);
    if (!way) {
        RawWalk walk = raw_walk(tree, virt);
        if (walk.level > 0)
            return walk.leaf
                       ? add_leaf(mmu, features, virt, (usize)4096 << 9 * walk.level, walk.path[walk.level])
                       : NULL;
        add_way(mmu, pcid, virt, walk.path[1] & ADDRESS);
        way = &mmu->ways[mmu->way_count - 1];
    }
    uint64_t entry = entry_in(tree, way->table, virt);
    return entry & RAW_P ? add_leaf(mmu, features, virt, 4096, entry) : NULL;
}

bool mmu_holds(const Mmu *mmu, const MemVmapCpuFeatures *features, usize virt)
{
    return find_leaf(mmu, current_pcid(mmu, features), virt) != NULL;
}

bool mmu_knows_table(const Mmu *mmu, const MemVmapCpuFeatures *features, usize table)
{
    for (unsigned i = 0; i < mmu->way_count; i++)
        if (mmu->ways[i].pcid == current_pcid(mmu, features) && mmu->ways[i].table == table)
            return true;
    return false;
}
