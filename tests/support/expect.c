/* SPDX-License-Identifier: MIT */
/* What tests say about a space, checked against lookup, translate and the raw tables at once. */
#include "tests/support/space.h"

/* Whether one of the plan's ranges forgets the page at `at`; its stride is the leaf that was there. */
static bool plan_covers_page(const MemVmapPlan *plan, usize at)
{
    for (unsigned i = 0; i < plan->count; i++) {
        const MemVmapRange *range = &plan->ranges[i];
        usize mask = range->stride - 1;
        if (at >= (range->first & ~mask) && at <= (range->last | mask))
            return true;
    }
    return false;
}

bool plan_covers(const MemVmapPlan *plan, usize first, usize last)
{
    if (plan->everything)
        return true;
    for (usize at = first & ~(PAGE - 1);; at += PAGE) {
        if (!plan_covers_page(plan, at))
            return false;
        if ((at | (PAGE - 1)) >= last)
            return true;
    }
}

Snapshot space_snapshot(Space *space)
{
    RawTree tree = space_raw(space);
    return (Snapshot){.hash = raw_hash(&tree), .stats = space_stats(space)};
}

void assert_unchanged_at(Space *space, const Snapshot *before, const char *file, int line)
{
    space_check_at(space, file, line); /* also: the pool keeps no more than its bound */
    Snapshot now = space_snapshot(space);
    _assert_true(now.hash == before->hash, "the tables are byte for byte what they were", file, line);
    for (unsigned level = 0; level < MEM_VMAP_LEVELS_MAX; level++)
        _assert_int_equal(now.stats.leaves[level], before->stats.leaves[level], file, line);
    _assert_int_equal(now.stats.tables, before->stats.tables, file, line);
    _assert_int_equal(now.stats.tables_waiting, before->stats.tables_waiting, file, line);
    _assert_int_equal(now.stats.credits, before->stats.credits, file, line);
    _assert_int_equal(now.stats.reserved, before->stats.reserved, file, line);
    _assert_int_equal(now.stats.splits, before->stats.splits, file, line);
    _assert_int_equal(now.stats.collapses, before->stats.collapses, file, line);
    _assert_int_equal(now.stats.shootdowns, before->stats.shootdowns, file, line);
    _assert_int_equal(now.stats.lost, before->stats.lost, file, line);
}

void must_not_map_at(Space *space, usize phys, usize virt, usize len, int flags, int code, const char *file,
                     int line)
{
    Snapshot before = space_snapshot(space);
    _assert_int_equal((unsigned)mem_vmap_map(&space->vmap, phys, virt, len, flags), (unsigned)code, file,
                      line);
    assert_unchanged_at(space, &before, file, line);
}

void must_not_protect_at(Space *space, usize virt, usize len, int flags, int code, const char *file,
                         int line)
{
    Snapshot before = space_snapshot(space);
    _assert_int_equal((unsigned)mem_vmap_protect(&space->vmap, virt, len, flags), (unsigned)code, file,
                      line);
    assert_unchanged_at(space, &before, file, line);
}

static usize raw_size(unsigned level)
{
    return PAGE << (9 * level);
}

void assert_leaf_at(Space *space, usize virt, usize phys, usize size, int flags, const char *file, int line)
{
    MemVmapLeaf leaf;
    _assert_int_equal((unsigned)mem_vmap_lookup(&space->vmap, virt, &leaf), 0, file, line);
    _assert_int_equal(leaf.phys, phys, file, line);
    _assert_int_equal(leaf.size, size, file, line);
    _assert_int_equal((unsigned)leaf.flags, (unsigned)flags, file, line);
    _assert_int_equal(raw_size(leaf.level), size, file, line);

    _assert_int_equal(mem_vmap_translate(&space->vmap, virt), phys, file, line);
    _assert_int_equal(mem_vmap_missed(&space->vmap), 0, file, line);

    RawTree tree = space_raw(space);
    RawWalk raw = raw_walk(&tree, virt);
    _assert_true(raw.leaf, "the raw tables map it", file, line);
    _assert_int_equal(raw.phys, phys, file, line);
    _assert_int_equal(raw.level, leaf.level, file, line);
}

void assert_leaves_at(Space *space, usize virt, usize phys, usize len, usize size, int flags,
                      const char *file, int line)
{
    for (usize at = 0; at < len; at += size) {
        assert_leaf_at(space, virt + at, phys + at, size, flags, file, line);
        assert_leaf_at(space, virt + at + size - 1, phys + at + size - 1, size, flags, file, line);
    }
}

void assert_hole_at(Space *space, usize virt, const char *file, int line)
{
    MemVmapLeaf leaf = {.phys = 42};
    _assert_int_equal((unsigned)mem_vmap_lookup(&space->vmap, virt, &leaf), (unsigned)MEM_EMISS, file,
                      line);
    _assert_int_equal(leaf.phys, 42, file, line);
    _assert_int_equal(mem_vmap_translate(&space->vmap, virt), 0, file, line);
    _assert_int_equal(mem_vmap_missed(&space->vmap), 1, file, line);
    RawTree tree = space_raw(space);
    _assert_int_equal(raw_walk(&tree, virt).leaf, 0, file, line);
}

void assert_holes_at(Space *space, usize virt, usize len, const char *file, int line)
{
    for (usize at = 0; at < len; at += PAGE)
        assert_hole_at(space, virt + at, file, line);
}
