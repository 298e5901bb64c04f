/* SPDX-License-Identifier: MIT */
/* Credits: what map pays in advance, so that an unmap cannot fail. And NO_RESERVE, which pays nothing. */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

/* Credits of 1 GiB: a table of 2 MiB leaves, and a table of pages for each of these. */
#define CREDITS_1G 513

static usize credits(Space *space)
{
    return space_stats(space).credits;
}

/* No page is to be had from here on, nor is one left that nobody is owed. */
static void run_dry(Space *space)
{
    host_fail_from(space->host, 1);
}

static Space *space_without_cache(void)
{
    MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    return space_new("x86_64_4level", SPACE_MANY_CPUS, &options);
}

static void large_leaves_take_credits(void **state)
{
    static const struct {
        usize len;
        int flags;
        usize credits;
    } maps[] = {
        {PAGE, 0, 0},
        {511 * PAGE, 0, 0},
        {M2, MEM_VMAP_CAP_4K, 0},
        {M2, 0, 1},
        {7 * M2 + 3 * PAGE, RWUG, 7},
        {G1, 0, CREDITS_1G},
        {G1, MEM_VMAP_CAP_2M, 512},
        {2 * G1 + 5 * M2, 0, 2 * CREDITS_1G + 5},
        {2 * G1 + 5 * M2, MEM_VMAP_NO_RESERVE, 0},
    };
    Space *space = *state;
    for (unsigned i = 0; i < sizeof maps / sizeof *maps; i++) {
        must_map(space, PHYS, VIRT, maps[i].len, maps[i].flags);
        assert_int_equal(credits(space), maps[i].credits);
        space_check(space); /* the pool has them */
        mem_vmap_unmap(&space->vmap, VIRT, maps[i].len);
        assert_int_equal(credits(space), 0);
    }
}

static void credits_add_up_over_mappings(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, 0);
    must_map(space, PHYS, VIRT + G1, G1, 0);
    must_map(space, PHYS, VIRT + M2, 2 * M2, MEM_VMAP_NO_RESERVE);
    assert_int_equal(credits(space), 1 + CREDITS_1G);
    mem_vmap_unmap(&space->vmap, VIRT, 2 * M2);
    assert_int_equal(credits(space), CREDITS_1G);
    mem_vmap_unmap(&space->vmap, VIRT + M2, G1);
    assert_int_equal(credits(space), 512 - 1); /* the 2 MiB leaves that are left of it */
}

static void a_split_spends_the_credits_of_its_leaf(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, 0);
    usize tables = space_stats(space).tables;
    mem_vmap_unmap(&space->vmap, VIRT + 5 * PAGE, PAGE);
    assert_int_equal(credits(space), 511);
    assert_int_equal(space_stats(space).tables, tables + 2);
    must_protect(space, VIRT + G1 - PAGE, PAGE, MEM_VMAP_WRITE);
    assert_int_equal(credits(space), 510);
    mem_vmap_unmap(&space->vmap, VIRT + 7 * M2, 3 * M2); /* whole leaves: nothing is split */
    assert_int_equal(credits(space), 507);
    mem_vmap_unmap(&space->vmap, VIRT, G1);
    assert_int_equal(credits(space), 0);
}

static void map_without_memory_for_its_credits_fails(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, M2, 0); /* its table is there for the next */
    must_map(space, PHYS, VIRT + 10 * G1, G1, MEM_VMAP_NO_RESERVE);
    run_dry(space);
    must_not_map(space, PHYS, VIRT + M2, M2, 0, MEM_ENOMEM);
    must_not_map(space, PHYS, VIRT + G1, G1, 0, MEM_ENOMEM);
    must_map(space, PHYS, VIRT + M2, M2, MEM_VMAP_NO_RESERVE);
    must_map(space, PHYS, VIRT + G1, G1, MEM_VMAP_NO_RESERVE);
    assert_leaf(space, VIRT + M2, PHYS, M2, MEM_VMAP_NO_RESERVE);
    space_end(space);
}

static void the_last_page_of_the_credits_counts(void **state)
{
    (void)state;
    for (usize have = CREDITS_1G - 1; have <= CREDITS_1G; have++) {
        Space *space = space_without_cache();
        must_map(space, PHYS, VIRT, M2, MEM_VMAP_NO_RESERVE | MEM_VMAP_CAP_2M);
        host_fail_from(space->host, have + 1);
        if (have < CREDITS_1G)
            must_not_map(space, PHYS, VIRT + G1, G1, 0, MEM_ENOMEM);
        else
            must_map(space, PHYS, VIRT + G1, G1, 0);
        space_end(space);
    }
}

static void unmap_of_every_other_page_works_without_memory(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, 4 * M2, MEM_VMAP_WRITE);
    run_dry(space);
    for (usize at = 0; at < 4 * M2; at += 2 * PAGE)
        mem_vmap_unmap(&space->vmap, VIRT + at, PAGE);
    for (usize at = 0; at < 4 * M2; at += 2 * PAGE) {
        assert_hole(space, VIRT + at);
        assert_leaf(space, VIRT + at + PAGE, PHYS + at + PAGE, PAGE, MEM_VMAP_WRITE);
    }
    assert_int_equal(space->lost_count, 0);
    space_end(space);
}

/* The worst that can be done to a 1 GiB leaf: a page out of each 2 MiB of it. */
static void unmap_a_page_of_every_2m_of_a_1g_leaf_without_memory(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_GLOBAL);
    run_dry(space);
    for (usize i = 0; i < 512; i++)
        mem_vmap_unmap(&space->vmap, VIRT + i * M2 + i * PAGE, PAGE);
    for (usize i = 0; i < 512; i++) {
        assert_hole(space, VIRT + i * M2 + i * PAGE);
        usize other = i * M2 + (i + 1) % 512 * PAGE;
        assert_leaf(space, VIRT + other, PHYS + other, PAGE, MEM_VMAP_GLOBAL);
    }
    assert_int_equal(space_stats(space).leaves[0], 512 * 511);
    assert_int_equal(credits(space), 0);
    assert_int_equal(space->lost_count, 0);
    space_end(space);
}

static void protect_works_without_memory(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, 2 * G1, MEM_VMAP_WRITE);
    run_dry(space);
    must_protect(space, VIRT + G1 - PAGE, 2 * PAGE, MEM_VMAP_USER);
    assert_leaf(space, VIRT + G1 - PAGE, PHYS + G1 - PAGE, PAGE, MEM_VMAP_USER);
    assert_leaf(space, VIRT + G1, PHYS + G1, PAGE, MEM_VMAP_USER);
    assert_leaf(space, VIRT, PHYS, M2, MEM_VMAP_WRITE);
    space_end(space);
}

static void a_no_reserve_leaf_is_split_while_there_is_memory(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_NO_RESERVE);
    mem_vmap_unmap(&space->vmap, VIRT + M2, PAGE);
    assert_hole(space, VIRT + M2);
    assert_leaf(space, VIRT, PHYS, M2, MEM_VMAP_NO_RESERVE);
    assert_leaf(space, VIRT + M2 + PAGE, PHYS + M2 + PAGE, PAGE, MEM_VMAP_NO_RESERVE);
    assert_int_equal(credits(space), 0);
    assert_int_equal(space->lost_count, 0);
    assert_int_equal(space_stats(space).lost, 0);
    space_end(space);
}

static void a_no_reserve_leaf_that_cannot_be_split_is_lost_whole(void **state)
{
    (void)state;
    static const usize sizes[] = {M2, G1};
    for (unsigned i = 0; i < 2; i++) {
        Space *space = space_without_cache();
        must_map(space, PHYS, VIRT, 3 * sizes[i], MEM_VMAP_NO_RESERVE);
        run_dry(space);
        mem_vmap_unmap(&space->vmap, VIRT + sizes[i] + 5 * PAGE, PAGE);
        assert_hole(space, VIRT + sizes[i]);
        assert_hole(space, VIRT + sizes[i] + 5 * PAGE);
        assert_hole(space, VIRT + 2 * sizes[i] - 1);
        assert_leaf(space, VIRT + sizes[i] - 1, PHYS + sizes[i] - 1, sizes[i], MEM_VMAP_NO_RESERVE);
        assert_leaf(space, VIRT + 2 * sizes[i], PHYS + 2 * sizes[i], sizes[i], MEM_VMAP_NO_RESERVE);
        assert_int_equal(space->lost_count, 1);
        assert_int_equal(space->losts[0].virt, VIRT + sizes[i]);
        assert_int_equal(space->losts[0].len, sizes[i]);
        assert_int_equal(space_stats(space).lost, 1);
        assert_true(plan_covers(space_last_plan(space), VIRT + sizes[i], VIRT + 2 * sizes[i] - 1));
        space_end(space);
    }
}

static void a_range_that_cuts_two_leaves_may_lose_both(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, 4 * M2, MEM_VMAP_NO_RESERVE);
    run_dry(space);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, 3 * M2);
    assert_hole(space, VIRT);
    assert_hole(space, VIRT + 4 * M2 - 1);
    assert_int_equal(space->lost_count, 2);
    assert_int_equal(space->losts[0].len, M2);
    assert_int_equal(space->losts[1].len, M2);
    assert_int_equal(space->losts[0].virt + space->losts[1].virt, 2 * VIRT + 3 * M2);
    space_end(space);
}

static bool flushed_before_lost;

static void note_order(void *context, usize virt, usize len)
{
    Space *space = context;
    flushed_before_lost = space->plan_count == 1 && space->lock_depth == 0 && virt == VIRT && len == M2;
}

static void lost_is_told_after_the_flush_and_not_under_the_lock(void **state)
{
    (void)state;
    MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    space->port.lost = note_order;
    space_make(space, &options);
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_NO_RESERVE);
    run_dry(space);
    flushed_before_lost = false;
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    assert_true(flushed_before_lost);
    space_end(space);
}

/* One page is there, two are needed: what is said to be lost is a hole, and all else stays. */
static void a_1g_leaf_with_one_page_for_its_split(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_NO_RESERVE);
    host_fail_from(space->host, 2);
    mem_vmap_unmap(&space->vmap, VIRT + 9 * M2 + PAGE, PAGE);
    assert_int_equal(space->lost_count, 1);
    usize first = space->losts[0].virt, end = first + space->losts[0].len;
    assert_true(first <= VIRT + 9 * M2 && end >= VIRT + 10 * M2);
    for (usize at = VIRT; at < VIRT + G1; at += M2) {
        if (at >= first && at < end)
            assert_holes(space, at, M2);
        else
            assert_leaf(space, at, PHYS + (at - VIRT), M2, MEM_VMAP_NO_RESERVE);
    }
    space_end(space);
}

/* The pages that the pool owes to others are not there for a NO_RESERVE split. */
static void a_no_reserve_split_does_not_take_the_credits_of_others(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, 2 * M2, 0);
    must_map(space, PHYS, VIRT + 2 * M2, M2, MEM_VMAP_NO_RESERVE);
    run_dry(space);
    mem_vmap_unmap(&space->vmap, VIRT + 2 * M2, PAGE);
    assert_int_equal(space->lost_count, 1);
    assert_int_equal(credits(space), 2);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    mem_vmap_unmap(&space->vmap, VIRT + M2, PAGE);
    assert_leaf(space, VIRT + PAGE, PHYS + PAGE, PAGE, 0);
    assert_leaf(space, VIRT + M2 + PAGE, PHYS + M2 + PAGE, PAGE, 0);
    assert_int_equal(space->lost_count, 1);
    space_end(space);
}

static void protect_of_a_no_reserve_leaf_without_memory_fails(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, 2 * M2, MEM_VMAP_NO_RESERVE | MEM_VMAP_WRITE);
    must_map(space, PHYS, VIRT + 2 * M2, PAGE, MEM_VMAP_WRITE);
    run_dry(space);
    must_not_protect(space, VIRT + PAGE, PAGE, 0, MEM_ENOMEM);
    must_not_protect(space, VIRT + PAGE, 2 * M2, 0, MEM_ENOMEM);
    must_protect(space, VIRT, 2 * M2 + PAGE, 0); /* whole leaves need none */
    assert_leaf(space, VIRT + M2, PHYS + M2, M2, MEM_VMAP_NO_RESERVE);
    assert_int_equal(space->lost_count, 0);
    space_end(space);
}

static void whole_no_reserve_leaves_go_without_memory(void **state)
{
    (void)state;
    Space *space = space_without_cache();
    must_map(space, PHYS, VIRT, G1 + 2 * M2, MEM_VMAP_NO_RESERVE);
    run_dry(space);
    mem_vmap_unmap(&space->vmap, VIRT, G1 + M2);
    assert_leaf(space, VIRT + G1 + M2, PHYS + G1 + M2, M2, MEM_VMAP_NO_RESERVE);
    assert_int_equal(space->lost_count, 0);
    space_end(space);
}

/* Pages in four tables of a block of 1 GiB, beside a larger leaf; all that goes at once is counted right. */
static void drop_beside(Space *space, usize credits)
{
    for (usize at = M2; at < 5 * M2; at += M2)
        must_map(space, PHYS + at, VIRT + at, PAGE, 0);
    must_map(space, PHYS + G1, VIRT + G1, PAGE, 0); /* keeps the tables above */
    MemVmapStats before = space_stats(space);
    assert_int_equal(before.leaves[1], 1);
    assert_int_equal(before.credits, credits);
    mem_vmap_unmap(&space->vmap, VIRT, G1);
    assert_int_equal(space_stats(space).tables, before.tables - 5);
    assert_int_equal(space_stats(space).credits, 0);
    space_check(space);
}

static void a_leaf_with_credits_is_no_table_of_a_subtree(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, 0);
    drop_beside(space, 1);
}

static void a_leaf_without_credits_is_no_table_of_a_subtree(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_NO_RESERVE);
    drop_beside(space, 0);
}

/* Its pages have come by the short ways alone: the table above them was there, and the pool had one for them. */
static void a_leaf_that_pages_without_credits_became_is_no_table_of_a_subtree(void **state)
{
    Space *space = *state;
    must_map(space, PHYS + 8 * M2, VIRT + 8 * M2, PAGE, 0);
    must_map(space, PHYS + 9 * M2, VIRT + 9 * M2, PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT + 9 * M2, PAGE);
    must_map(space, PHYS, VIRT, PAGE, MEM_VMAP_NO_RESERVE);
    must_map(space, PHYS + PAGE, VIRT + PAGE, M2 - PAGE, MEM_VMAP_NO_RESERVE);
    assert_int_equal(mem_vmap_collapse(&space->vmap, VIRT, M2), 0);
    mem_vmap_unmap(&space->vmap, VIRT + 8 * M2, PAGE);
    drop_beside(space, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(large_leaves_take_credits),
        TEST(credits_add_up_over_mappings),
        TEST(a_split_spends_the_credits_of_its_leaf),
        TEST(a_leaf_with_credits_is_no_table_of_a_subtree),
        TEST(a_leaf_without_credits_is_no_table_of_a_subtree),
        TEST(a_leaf_that_pages_without_credits_became_is_no_table_of_a_subtree),
        cmocka_unit_test(map_without_memory_for_its_credits_fails),
        cmocka_unit_test(the_last_page_of_the_credits_counts),
        cmocka_unit_test(unmap_of_every_other_page_works_without_memory),
        cmocka_unit_test(unmap_a_page_of_every_2m_of_a_1g_leaf_without_memory),
        cmocka_unit_test(protect_works_without_memory),
        cmocka_unit_test(a_no_reserve_leaf_is_split_while_there_is_memory),
        cmocka_unit_test(a_no_reserve_leaf_that_cannot_be_split_is_lost_whole),
        cmocka_unit_test(a_range_that_cuts_two_leaves_may_lose_both),
        cmocka_unit_test(lost_is_told_after_the_flush_and_not_under_the_lock),
        cmocka_unit_test(a_1g_leaf_with_one_page_for_its_split),
        cmocka_unit_test(a_no_reserve_split_does_not_take_the_credits_of_others),
        cmocka_unit_test(protect_of_a_no_reserve_leaf_without_memory_fails),
        cmocka_unit_test(whole_no_reserve_leaves_go_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
