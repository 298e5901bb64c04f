/* SPDX-License-Identifier: MIT */
/* mem_vmap_collapse: what is joined, what is not, and that no translation changes. */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

/*
 * The flags of the leaf that leaves with `flags` join to. Where other CPUs may write meanwhile, through
 * what they remember of the old leaves, whatever is writable counts as dirty.
 */
static int joined(const Space *space, int flags)
{
    bool others_write = space->port.invalidate_there && (flags & MEM_VMAP_WRITE);
    return others_write ? flags | MEM_VMAP_DIRTY : flags;
}

static void must_collapse(Space *space, usize virt, usize len)
{
    assert_int_equal(mem_vmap_collapse(&space->vmap, virt, len), 0);
    space_check(space);
}

static void assert_not_collapsed(Space *space, usize virt, usize len)
{
    Snapshot before = space_snapshot(space);
    must_collapse(space, virt, len);
    assert_unchanged(space, &before);
}

static void collapse_joins_512_pages(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, RWUG | MEM_VMAP_UNCACHED | MEM_VMAP_CAP_4K);
    usize tables = space_stats(space).tables;
    must_collapse(space, VIRT, M2);
    assert_leaf(space, VIRT + 0x12345, PHYS + 0x12345, M2, joined(space, RWUG | MEM_VMAP_UNCACHED));
    MemVmapStats stats = space_stats(space);
    assert_int_equal(stats.tables, tables - 1);
    assert_int_equal(stats.collapses, 1);
    assert_int_equal(stats.credits, 1); /* for the split that an unmap may need again */
}

static void collapse_joins_pages_of_many_calls(void **state)
{
    Space *space = *state;
    for (usize i = 512; i-- > 0;)
        must_map(space, PHYS + i * PAGE, VIRT + i * PAGE, PAGE, MEM_VMAP_EXEC);
    must_collapse(space, VIRT, M2);
    assert_leaf(space, VIRT, PHYS, M2, MEM_VMAP_EXEC);
}

static void collapse_goes_on_at_the_next_level(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_WRITE | MEM_VMAP_CAP_4K);
    usize tables = space_stats(space).tables;
    must_collapse(space, VIRT, G1);
    assert_leaf(space, VIRT + 0x12345678, PHYS + 0x12345678, G1, joined(space, MEM_VMAP_WRITE));
    MemVmapStats stats = space_stats(space);
    assert_int_equal(stats.tables, tables - 513);
    assert_int_equal(stats.collapses, 513);
    assert_int_equal(stats.credits, 513);
    host_fail_from(space->host, 1);
    mem_vmap_unmap(&space->vmap, VIRT + 77 * M2 + 5 * PAGE, PAGE);
    assert_leaf(space, VIRT + 77 * M2, PHYS + 77 * M2, PAGE, joined(space, MEM_VMAP_WRITE));
    assert_int_equal(space->lost_count, 0);
}

static void collapse_mends_a_split(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_USER);
    must_protect(space, VIRT + 5 * M2 + PAGE, PAGE, MEM_VMAP_WRITE);
    must_protect(space, VIRT + 5 * M2 + PAGE, PAGE, MEM_VMAP_USER);
    assert_leaf(space, VIRT + 5 * M2, PHYS + 5 * M2, PAGE, MEM_VMAP_USER);
    must_collapse(space, VIRT, G1);
    assert_leaf(space, VIRT + 5 * M2, PHYS + 5 * M2, G1, MEM_VMAP_USER);
}

static void accessed_needs_all_and_dirty_any(void **state)
{
    static const struct {
        int most, one, joined;
    } cases[] = {
        {0, 0, 0},
        {0, MEM_VMAP_ACCESSED, 0},
        {MEM_VMAP_ACCESSED, 0, 0},
        {MEM_VMAP_ACCESSED, MEM_VMAP_ACCESSED, MEM_VMAP_ACCESSED},
        {0, MEM_VMAP_DIRTY, MEM_VMAP_DIRTY},
        {MEM_VMAP_DIRTY, 0, MEM_VMAP_DIRTY},
        {MEM_VMAP_ACCESSED, MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY, MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY},
        {MEM_VMAP_DIRTY, MEM_VMAP_ACCESSED, MEM_VMAP_DIRTY},
    };
    static const usize ones[] = {0, 300, 511};
    Space *space = *state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        usize one = ones[i % 3] * PAGE;
        must_map(space, PHYS, VIRT, M2, MEM_VMAP_WRITE | MEM_VMAP_CAP_4K | cases[i].most);
        mem_vmap_unmap(&space->vmap, VIRT + one, PAGE);
        must_map(space, PHYS + one, VIRT + one, PAGE, MEM_VMAP_WRITE | cases[i].one);
        must_collapse(space, VIRT, M2);
        assert_leaf(space, VIRT, PHYS, M2, joined(space, MEM_VMAP_WRITE | cases[i].joined));
        mem_vmap_unmap(&space->vmap, VIRT, M2);
    }
}

/* One page of a whole block is different. */
static void unequal_leaves_are_not_joined(void **state)
{
    static const int others[] = {
        MEM_VMAP_WRITE | MEM_VMAP_USER,
        0,
        MEM_VMAP_WRITE | MEM_VMAP_GLOBAL,
        MEM_VMAP_WRITE | MEM_VMAP_UNCACHED,
        MEM_VMAP_EXEC,
        MEM_VMAP_WRITE | MEM_VMAP_NO_RESERVE,
    };
    static const usize ones[] = {0, 1, 256, 511};
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_WRITE | MEM_VMAP_CAP_4K);
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
        usize one = ones[i % 4] * PAGE;
        mem_vmap_unmap(&space->vmap, VIRT + one, PAGE);
        assert_not_collapsed(space, VIRT, M2); /* a hole is different as well */
        must_map(space, PHYS + one, VIRT + one, PAGE, others[i]);
        assert_not_collapsed(space, VIRT, M2);
        mem_vmap_unmap(&space->vmap, VIRT + one, PAGE);
        must_map(space, PHYS + one, VIRT + one, PAGE, MEM_VMAP_WRITE);
    }
    must_collapse(space, VIRT, M2);
    assert_leaf(space, VIRT, PHYS, M2, joined(space, MEM_VMAP_WRITE));
}

static void bug_37_pages_that_are_not_contiguous_are_not_joined(void **state)
{
    static const usize ones[] = {0, 1, 511};
    Space *space = *state;
    for (unsigned i = 0; i < 3; i++) {
        must_map(space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
        mem_vmap_unmap(&space->vmap, VIRT + ones[i] * PAGE, PAGE);
        must_map(space, PHYS + M2, VIRT + ones[i] * PAGE, PAGE, 0);
        assert_not_collapsed(space, VIRT, M2);
        mem_vmap_unmap(&space->vmap, VIRT, M2);
    }
}

static void misaligned_pages_are_not_joined(void **state)
{
    Space *space = *state;
    must_map(space, PHYS + PAGE, VIRT, 3 * M2, 0);
    assert_not_collapsed(space, VIRT, 3 * M2);
    must_map(space, PHYS + M2, VIRT + G1, G1, 0);
    assert_not_collapsed(space, VIRT + G1, G1);
}

static void collapse_joins_only_blocks_within_its_range(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 4 * M2, MEM_VMAP_CAP_4K);
    assert_not_collapsed(space, VIRT, M2 - PAGE);
    assert_not_collapsed(space, VIRT + PAGE, 2 * M2 - 2 * PAGE);
    must_collapse(space, VIRT + PAGE, 2 * M2);
    assert_leaf(space, VIRT, PHYS, PAGE, 0);
    assert_leaf(space, VIRT + M2, PHYS + M2, M2, 0);
    assert_leaf(space, VIRT + 2 * M2, PHYS + 2 * M2, PAGE, 0);
}

static void collapse_passes_over_holes_and_large_leaves(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
    must_map(space, PHYS, VIRT + 3 * M2, M2, 0);
    must_map(space, PHYS, VIRT + 5 * G1, M2, MEM_VMAP_CAP_4K);
    must_collapse(space, VIRT - G1, 10 * G1);
    assert_leaf(space, VIRT, PHYS, M2, 0);
    assert_leaf(space, VIRT + 3 * M2, PHYS, M2, 0);
    assert_leaf(space, VIRT + 5 * G1, PHYS, M2, 0);
}

static void collapse_obeys_the_leaf_sizes_of_the_cpu(void **state)
{
    (void)state;
    MemVmapOptions options = {.leaf_sizes = PAGE | M2};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_CAP_4K);
    must_collapse(space, VIRT, G1);
    assert_leaf(space, VIRT, PHYS, M2, 0);
    assert_int_equal(space_stats(space).leaves[1], 512);
    space_end(space);
}

static void no_reserve_leaves_stay_without_credits(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_NO_RESERVE | MEM_VMAP_CAP_4K);
    must_collapse(space, VIRT, M2);
    assert_leaf(space, VIRT, PHYS, M2, MEM_VMAP_NO_RESERVE);
    assert_int_equal(space_stats(space).credits, 0);
}

static void look_while_collapsing(Space *space, const MemVmapPlan *plan)
{
    (void)plan;
    if (mem_vmap_translate(&space->vmap, VIRT + 0x12345) != PHYS + 0x12345)
        space->broken = "a translation changed while its leaf was being joined";
}

static void collapse_flushes_the_table_that_went(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
    space->on_plan = look_while_collapsing;
    must_collapse(space, VIRT, M2);
    space->on_plan = NULL;
    assert_true(space_shootdowns(space) >= 1);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_true(plan->tables);
    assert_true(plan_covers(plan, VIRT, VIRT + M2 - 1));
    if (!plan->everything)
        assert_int_equal(plan->ranges[0].stride, PAGE); /* the leaves that were there */
    assert_false(plan->global);
}

static void collapse_refuses_bad_calls(void **state)
{
    Space *space = *state;
    MemVmap never_made = {0};
    assert_int_equal(mem_vmap_collapse(&space->vmap, 0, 0), MEM_EINVAL);
    assert_int_equal(mem_vmap_collapse(NULL, 0, PAGE), MEM_EINVAL);
    assert_int_equal(mem_vmap_collapse(&never_made, 0, PAGE), MEM_EINVAL);
    assert_int_equal(mem_vmap_collapse(&space->vmap, space->low_end, 0), MEM_EINVAL);
    assert_int_equal(mem_vmap_collapse(&space->vmap, 0, G1), 0); /* nothing is there to join */
    assert_int_equal(space_shootdowns(space), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(collapse_joins_512_pages),
        TEST(collapse_joins_pages_of_many_calls),
        TEST(collapse_goes_on_at_the_next_level),
        TEST(collapse_mends_a_split),
        TEST(accessed_needs_all_and_dirty_any),
        TEST(unequal_leaves_are_not_joined),
        TEST(bug_37_pages_that_are_not_contiguous_are_not_joined),
        TEST(misaligned_pages_are_not_joined),
        TEST(collapse_joins_only_blocks_within_its_range),
        TEST(collapse_passes_over_holes_and_large_leaves),
        cmocka_unit_test(collapse_obeys_the_leaf_sizes_of_the_cpu),
        TEST(no_reserve_leaves_stay_without_credits),
        TEST(collapse_flushes_the_table_that_went),
        TEST(collapse_refuses_bad_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
