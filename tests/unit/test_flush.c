/* SPDX-License-Identifier: MIT */
/* Shootdowns of single calls: when there is one, and what its plan says. */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

/* The one plan that the call under test had executed. */
static const MemVmapPlan *only_plan(Space *space, usize before)
{
    assert_int_equal(space_shootdowns(space), before + 1);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_int_equal(plan->root, mem_vmap_root(&space->vmap));
    assert_true(plan->count <= MEM_VMAP_BATCH_RANGES);
    return plan;
}

static void assert_one_range(const MemVmapPlan *plan, usize first, usize last, usize stride)
{
    assert_false(plan->everything);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->ranges[0].first, first);
    assert_int_equal(plan->ranges[0].last, last);
    assert_int_equal(plan->ranges[0].stride, stride);
}

static void unmap_flushes_what_it_removed(void **state)
{
    static const usize sizes[] = {PAGE, M2, G1};
    Space *space = *state;
    must_map(space, 0, 0, PAGE, 0);
    for (unsigned i = 0; i < 3; i++) {
        must_map(space, PHYS, VIRT, 3 * sizes[i], 0);
        usize before = space_shootdowns(space);
        mem_vmap_unmap(&space->vmap, VIRT, 3 * sizes[i]);
        const MemVmapPlan *plan = only_plan(space, before);
        assert_true(plan_covers(plan, VIRT, VIRT + 3 * sizes[i] - 1));
        assert_false(plan->global);
    }
}

static void the_plan_of_a_page_is_exact(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 4 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE + 0x123, PAGE);
    const MemVmapPlan *plan = only_plan(space, 0);
    assert_one_range(plan, VIRT + PAGE, VIRT + 3 * PAGE - 1, PAGE);
    assert_false(plan->tables);
    assert_false(plan->global);
}

static void the_stride_is_the_leaf_that_was_there(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 6 * M2, 0);
    mem_vmap_unmap(&space->vmap, VIRT + M2, 3 * M2);
    assert_one_range(only_plan(space, 0), VIRT + M2, VIRT + 4 * M2 - 1, M2);
    must_map(space, PHYS, VIRT + 4 * G1, 4 * G1, 0);
    mem_vmap_unmap(&space->vmap, VIRT + 5 * G1, 2 * G1);
    assert_one_range(only_plan(space, 1), VIRT + 5 * G1, VIRT + 7 * G1 - 1, G1);
}

static void the_last_page_of_the_address_space_is_flushed(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, TOP_PAGE - PAGE, 2 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, TOP_PAGE, PAGE);
    assert_one_range(only_plan(space, 0), TOP_PAGE, SIZE_MAX, PAGE);
}

static void unmap_of_nothing_flushes_nothing(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, G1);
    mem_vmap_unmap(&space->vmap, 0, VIRT);
    mem_vmap_unmap(&space->vmap, VIRT, 0);
    mem_vmap_unmap(&space->vmap, space->low_end, PAGE);
    assert_int_equal(space_shootdowns(space), 0);
    assert_int_equal(space_stats(space).shootdowns, 0);
}

static void freed_tables_are_in_the_plan(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 2 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_false(only_plan(space, 0)->tables);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    assert_true(only_plan(space, 1)->tables);
}

static void bug_3_a_dropped_subtree_takes_the_walk_caches_with_it(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_CAP_4K);
    must_map(space, PHYS, VIRT + G1, PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT, G1);
    const MemVmapPlan *plan = only_plan(space, 0);
    assert_true(plan->tables);
    assert_true(plan_covers(plan, VIRT, VIRT + G1 - 1));
    assert_false(plan->everything);
    assert_int_equal(plan->ranges[0].stride, PAGE);
}

static void global_entries_are_in_the_plan(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 4 * PAGE, 0);
    must_map(space, PHYS, VIRT + 4 * PAGE, PAGE, MEM_VMAP_GLOBAL);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    assert_false(only_plan(space, 0)->global);
    mem_vmap_unmap(&space->vmap, VIRT + 2 * PAGE, 3 * PAGE);
    assert_true(only_plan(space, 1)->global);
}

/* Nobody looks at the leaves of a subtree that goes at once; that one was global is known even so. */
static void bug_17_a_dropped_subtree_with_one_global_page_is_global(void **state)
{
    Space *space = *state;
    for (usize at = 0; at < 512; at += 511) {
        must_map(space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
        mem_vmap_unmap(&space->vmap, VIRT + at * PAGE, PAGE);
        must_map(space, PHYS, VIRT + at * PAGE, PAGE, MEM_VMAP_GLOBAL);
        usize before = space_shootdowns(space);
        mem_vmap_unmap(&space->vmap, VIRT, M2);
        assert_true(only_plan(space, before)->global);
    }
}

/* The CPU may hold the large leaf: one address of it in the plan drops it. */
static void bug_8_a_cut_leaf_is_flushed(void **state)
{
    static const usize sizes[] = {M2, G1};
    Space *space = *state;
    for (unsigned i = 0; i < 2; i++) {
        must_map(space, PHYS, VIRT, sizes[i], 0);
        usize before = space_shootdowns(space);
        mem_vmap_unmap(&space->vmap, VIRT + 7 * PAGE, PAGE);
        assert_true(plan_covers(only_plan(space, before), VIRT + 7 * PAGE, VIRT + 8 * PAGE - 1));
        mem_vmap_unmap(&space->vmap, VIRT, sizes[i]);
    }
}

static void bug_10_range_bases_are_aligned_to_their_stride(void **state)
{
    Space *space = *state;
    must_map(space, PHYS - PAGE, VIRT - PAGE, G1 + M2 + 2 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT - 1, G1 + M2 + 2);
    const MemVmapPlan *plan = only_plan(space, 0);
    assert_true(plan_covers(plan, VIRT - PAGE, VIRT + G1 + M2 + PAGE - 1));
    for (unsigned i = 0; i < plan->count; i++) {
        const MemVmapRange *range = &plan->ranges[i];
        assert_int_equal(range->first % range->stride, 0);
        assert_int_equal((range->last + 1) % range->stride, 0);
    }
}

static void protect_flushes_where_a_right_is_taken_away(void **state)
{
    static const struct {
        int from, to;
    } less[] = {
        {MEM_VMAP_WRITE, 0},
        {MEM_VMAP_EXEC, 0},
        {MEM_VMAP_USER, 0},
        {MEM_VMAP_WRITE | MEM_VMAP_USER, MEM_VMAP_USER},
        {MEM_VMAP_WRITE, MEM_VMAP_EXEC}, /* one is given, one taken */
        {MEM_VMAP_EXEC, MEM_VMAP_WRITE},
        {MEM_VMAP_USER, MEM_VMAP_WRITE},
        {0, MEM_VMAP_USER}, /* from the kernel, which SMEP and SMAP keep out of the user's pages */
        {MEM_VMAP_EXEC, MEM_VMAP_EXEC | MEM_VMAP_USER},
    };
    Space *space = *state;
    for (unsigned i = 0; i < sizeof less / sizeof *less; i++) {
        must_map(space, PHYS, VIRT, 2 * PAGE, less[i].from);
        usize before = space_shootdowns(space);
        must_protect(space, VIRT, PAGE, less[i].to);
        const MemVmapPlan *plan = only_plan(space, before);
        assert_one_range(plan, VIRT, VIRT + PAGE - 1, PAGE);
        assert_false(plan->tables);
        assert_false(plan->global);
        mem_vmap_unmap(&space->vmap, VIRT, 2 * PAGE);
    }
}

static void protect_does_not_flush_where_rights_grow_or_stay(void **state)
{
    static const struct {
        int from, to;
    } more[] = {
        {0, MEM_VMAP_WRITE},
        {0, MEM_VMAP_EXEC},
        {0, MEM_VMAP_GLOBAL},
        {MEM_VMAP_USER, MEM_VMAP_USER | MEM_VMAP_WRITE},
        {RWUG, RWUG},
        {0, 0},
        {MEM_VMAP_EXEC | MEM_VMAP_USER, MEM_VMAP_EXEC | MEM_VMAP_USER | MEM_VMAP_GLOBAL},
    };
    Space *space = *state;
    for (unsigned i = 0; i < sizeof more / sizeof *more; i++) {
        must_map(space, PHYS, VIRT, M2 + PAGE, more[i].from);
        usize before = space_shootdowns(space);
        must_protect(space, VIRT, M2 + PAGE, more[i].to);
        assert_int_equal(space_shootdowns(space), before);
        mem_vmap_unmap(&space->vmap, VIRT, M2 + PAGE);
    }
}

/* A CPU with the old leaf and a new page in its TLB, of different rights, is in trouble (AMD erratum 383). */
static void bug_28_a_split_is_flushed_though_rights_grow(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, 0);
    must_protect(space, VIRT + PAGE, PAGE, MEM_VMAP_WRITE);
    assert_one_range(only_plan(space, 0), VIRT, VIRT + M2 - 1, M2);
}

static void protect_flushes_global_entries_as_global(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, MEM_VMAP_GLOBAL | MEM_VMAP_WRITE);
    must_protect(space, VIRT, PAGE, MEM_VMAP_GLOBAL);
    assert_true(only_plan(space, 0)->global);
    must_protect(space, VIRT, PAGE, 0); /* global becomes local */
    assert_true(only_plan(space, 1)->global);
}

/* Of the tables that the range touches, one holds a leaf that loses a right: the others are left alone. */
static void protect_flushes_only_where_leaves_lose_a_right(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
    must_map(space, PHYS, VIRT + M2, M2, MEM_VMAP_WRITE);
    must_map(space, PHYS, VIRT + 2 * M2, 2 * M2, MEM_VMAP_CAP_4K);
    must_protect(space, VIRT, 4 * M2, MEM_VMAP_EXEC);
    assert_one_range(only_plan(space, 0), VIRT + M2, VIRT + 2 * M2 - 1, M2);
}

static void a_protect_that_fails_flushes_nothing(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 8 * PAGE, MEM_VMAP_WRITE);
    must_not_protect(space, VIRT, 9 * PAGE, 0, MEM_EMISS);
    assert_int_equal(space_shootdowns(space), 0);
}

/* The hook sees what the CPUs see: one that walks anew must not find the old entry. */
static void look_while_flushing(Space *space, const MemVmapPlan *plan)
{
    RawTree tree = space_raw(space);
    RawWalk walk = raw_walk(&tree, VIRT);
    const int *expect = space->test;
    (void)plan;
    if (walk.leaf && (walk.path[0] & RAW_RW))
        space->broken = "the flush came before the store";
    if (walk.leaf != (*expect != 0))
        space->broken = "the flush saw another mapping than its call left";
}

static void bug_23_the_entry_is_written_before_the_flush(void **state)
{
    Space *space = *state;
    int mapped = 1;
    space->test = &mapped;
    must_map(space, PHYS, VIRT, PAGE, MEM_VMAP_WRITE);
    space->on_plan = look_while_flushing;
    must_protect(space, VIRT, PAGE, 0);
    mapped = 0;
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_int_equal(space_shootdowns(space), 2);
    space->on_plan = NULL;
    assert_null(space->broken);
}

static void shootdowns_are_counted(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 4 * PAGE, MEM_VMAP_WRITE);
    must_protect(space, VIRT, PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_int_equal(space_stats(space).shootdowns, 2);
    assert_int_equal(host_shootdowns(space->host), 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(unmap_flushes_what_it_removed),
        TEST(the_plan_of_a_page_is_exact),
        TEST(the_stride_is_the_leaf_that_was_there),
        TEST(the_last_page_of_the_address_space_is_flushed),
        TEST(unmap_of_nothing_flushes_nothing),
        TEST(freed_tables_are_in_the_plan),
        TEST(bug_3_a_dropped_subtree_takes_the_walk_caches_with_it),
        TEST(global_entries_are_in_the_plan),
        TEST(bug_17_a_dropped_subtree_with_one_global_page_is_global),
        TEST(bug_8_a_cut_leaf_is_flushed),
        TEST(bug_10_range_bases_are_aligned_to_their_stride),
        TEST(protect_flushes_where_a_right_is_taken_away),
        TEST(protect_does_not_flush_where_rights_grow_or_stay),
        TEST(bug_28_a_split_is_flushed_though_rights_grow),
        TEST(protect_flushes_global_entries_as_global),
        TEST(protect_flushes_only_where_leaves_lose_a_right),
        TEST(a_protect_that_fails_flushes_nothing),
        TEST(bug_23_the_entry_is_written_before_the_flush),
        TEST(shootdowns_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
