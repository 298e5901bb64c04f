/* SPDX-License-Identifier: MIT */
/* mem_vmap_unmap: what it removes, what it leaves, and which tables go back. */
#include "tests/support/space.h"

static void unmap_length_zero_does_nothing(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0x1000, PAGE, 0);
    Snapshot before = space_snapshot(space);
    mem_vmap_unmap(&space->vmap, 0x1000, 0);
    mem_vmap_unmap(&space->vmap, 0x1800, 0);
    mem_vmap_unmap(&space->vmap, SIZE_MAX, 0);
    assert_unchanged(space, &before);
}

static void unmap_of_what_is_not_mapped_does_nothing(void **state)
{
    Space *space = *state;
    mem_vmap_unmap(&space->vmap, 0, PAGE);
    mem_vmap_unmap(&space->vmap, 0, SIZE_MAX);
    must_map(space, 0x5000, 5 * G1, PAGE, 0);
    Snapshot before = space_snapshot(space);
    mem_vmap_unmap(&space->vmap, 0, 5 * G1);
    mem_vmap_unmap(&space->vmap, 5 * G1 - PAGE, PAGE);
    mem_vmap_unmap(&space->vmap, 5 * G1 + PAGE, G512);
    assert_unchanged(space, &before);
    assert_int_equal(space_shootdowns(space), 0);
}

static void unmap_widens_to_whole_pages(void **state)
{
    Space *space = *state;
    must_map(space, 0x10000, 0x1000, 5 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, 0x2fff, 2); /* pages 2 and 3 */
    assert_leaf(space, 0x1fff, 0x10fff, PAGE, 0);
    assert_holes(space, 0x2000, 2 * PAGE);
    assert_leaf(space, 0x4000, 0x13000, PAGE, 0);
    mem_vmap_unmap(&space->vmap, 0x4001, PAGE - 1);
    assert_hole(space, 0x4000);
    assert_leaf(space, 0x5000, 0x14000, PAGE, 0);
}

static void unmap_goes_on_behind_a_hole(void **state)
{
    Space *space = *state;
    static const usize virts[] = {0, M2 + PAGE, 3 * M2, G1, 3 * G1 + M2, G512, 3 * G512 + PAGE};
    for (unsigned i = 0; i < 7; i++)
        must_map(space, i * M2, virts[i], i % 2 ? PAGE : M2, 0);
    mem_vmap_unmap(&space->vmap, 0, 4 * G512);
    for (unsigned i = 0; i < 7; i++)
        assert_hole(space, virts[i]);
    assert_int_equal(space_stats(space).tables, 1);
}

static void unmap_stops_at_the_end_of_its_range(void **state)
{
    Space *space = *state;
    must_map(space, 0x100000, G1 - 2 * PAGE, 4 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, 0, G1);
    assert_hole(space, G1 - PAGE);
    assert_leaves(space, G1, 0x102000, 2 * PAGE, PAGE, 0);
}

static void unmap_of_several_mappings_at_once(void **state)
{
    Space *space = *state;
    must_map(space, 7 * G1, 0, 3 * PAGE, 0);
    must_map(space, 9 * G1, 3 * PAGE, 5 * PAGE, MEM_VMAP_WRITE);
    must_map(space, 3 * G1, M2, 2 * M2, MEM_VMAP_USER);
    must_map(space, 5 * G1, G1, G1, MEM_VMAP_EXEC);
    mem_vmap_unmap(&space->vmap, PAGE, 2 * G1 - 2 * PAGE);
    assert_leaf(space, 0, 7 * G1, PAGE, 0);
    assert_holes(space, PAGE, 7 * PAGE);
    assert_hole(space, M2);
    assert_hole(space, 2 * G1 - 2 * PAGE);
    assert_leaf(space, 2 * G1 - PAGE, 6 * G1 - PAGE, PAGE, MEM_VMAP_EXEC);
}

static void unmap_gives_empty_tables_back(void **state)
{
    static const struct {
        usize virt, len;
        int flags;
    } maps[] = {
        {0x1000, PAGE, 0},
        {0, 512 * PAGE, MEM_VMAP_CAP_4K},
        {0, M2, 0},
        {0, G1, 0},
        {0, G1, MEM_VMAP_CAP_2M},
        {0, G1 + M2 + PAGE, 0},
        {G1 - PAGE, 2 * PAGE, 0},
        {G512 - PAGE, 2 * PAGE, 0},
        {0, 100 * M2, MEM_VMAP_CAP_4K},
    };
    Space *space = *state;
    for (unsigned i = 0; i < sizeof maps / sizeof *maps; i++) {
        must_map(space, 2 * G1 + maps[i].virt % G1, maps[i].virt, maps[i].len, maps[i].flags);
        assert_true(space_stats(space).tables > 1);
        mem_vmap_unmap(&space->vmap, maps[i].virt, maps[i].len);
        space_check(space);
        assert_int_equal(space_stats(space).tables, 1);
    }
}

static void a_table_stays_for_one_far_neighbour(void **state)
{
    Space *space = *state;
    must_map(space, 0, 0, 512 * PAGE, MEM_VMAP_CAP_4K);
    must_map(space, 0, G1 - PAGE, PAGE, 0);
    usize tables = space_stats(space).tables;
    mem_vmap_unmap(&space->vmap, 0, 511 * PAGE);
    assert_int_equal(space_stats(space).tables, tables);
    assert_leaf(space, 511 * PAGE, 511 * PAGE, PAGE, 0);
    mem_vmap_unmap(&space->vmap, 511 * PAGE, PAGE);
    assert_int_equal(space_stats(space).tables, tables - 1);
    assert_leaf(space, G1 - PAGE, 0, PAGE, 0);
    mem_vmap_unmap(&space->vmap, G1 - PAGE, PAGE);
    assert_int_equal(space_stats(space).tables, 1);
}

/* Unmaps the pages of a whole table one by one, in the order first, first + step, ... modulo 512. */
static void unmap_one_by_one(Space *space, usize virt, usize first, usize step)
{
    must_map(space, 0, virt, 512 * PAGE, MEM_VMAP_CAP_4K);
    usize tables = space_stats(space).tables;
    for (usize i = 0; i < 512; i++) {
        usize page = (first + i * step) % 512;
        assert_leaf(space, virt + page * PAGE, page * PAGE, PAGE, 0);
        assert_int_equal(space_stats(space).tables, tables);
        mem_vmap_unmap(&space->vmap, virt + page * PAGE, PAGE);
        assert_hole(space, virt + page * PAGE);
    }
    space_check(space);
    assert_int_equal(space_stats(space).tables, 1);
}

static void a_table_goes_with_the_last_of_its_512_pages(void **state)
{
    unmap_one_by_one(*state, G1, 0, 1);
    unmap_one_by_one(*state, G1, 511, 511); /* downwards */
    unmap_one_by_one(*state, G1, 7, 129);   /* here and there */
}

static void a_table_that_was_filled_one_by_one_goes_with_its_last_page(void **state)
{
    Space *space = *state;
    for (usize i = 0; i < 512; i++)
        must_map(space, i * PAGE, G1 + i * PAGE, PAGE, 0);
    for (usize i = 0; i < 511; i++)
        mem_vmap_unmap(&space->vmap, G1 + i * PAGE, PAGE);
    assert_leaf(space, G1 + 511 * PAGE, 511 * PAGE, PAGE, 0);
    mem_vmap_unmap(&space->vmap, G1 + 511 * PAGE, PAGE);
    assert_int_equal(space_stats(space).tables, 1);
}

static void an_upper_table_goes_with_the_last_of_its_512_entries(void **state)
{
    Space *space = *state;
    must_map(space, 0, 0, G1, MEM_VMAP_CAP_2M);
    for (usize i = 0; i < 512; i++) {
        assert_true(space_stats(space).tables > 1);
        mem_vmap_unmap(&space->vmap, i * M2, M2);
    }
    assert_int_equal(space_stats(space).tables, 1);
}

static void a_whole_subtree_goes_at_once(void **state)
{
    Space *space = *state;
    must_map(space, 0, 0, PAGE, 0); /* keeps the upper tables */
    usize tables = space_stats(space).tables;
    for (usize i = 0; i < 512; i += 37)
        must_map(space, 0, G1 + i * M2 + i * PAGE, PAGE, MEM_VMAP_WRITE);
    assert_int_equal(space_stats(space).tables, tables + 1 + 14);
    mem_vmap_unmap(&space->vmap, G1, G1);
    assert_int_equal(space_stats(space).tables, tables);
    assert_leaf(space, 0, 0, PAGE, 0);
}

static void unmap_leaves_the_neighbours_of_a_subtree_alone(void **state)
{
    Space *space = *state;
    must_map(space, 0, G1 - 3 * PAGE, G1 + 6 * PAGE, MEM_VMAP_CAP_4K);
    mem_vmap_unmap(&space->vmap, G1, G1);
    assert_leaves(space, G1 - 3 * PAGE, 0, 3 * PAGE, PAGE, 0);
    assert_hole(space, G1);
    assert_hole(space, 2 * G1 - 1);
    assert_leaves(space, 2 * G1, G1 + 3 * PAGE, 3 * PAGE, PAGE, 0);
}

static void unmap_without_a_space(void **state)
{
    (void)state;
    MemVmap never_made = {0};
    mem_vmap_unmap(NULL, 0, PAGE);
    mem_vmap_unmap(&never_made, 0, SIZE_MAX);
    assert_int_equal(mem_vmap_root(&never_made), MEM_VMAP_NO_PAGE);
}

/* Maps and unmaps at random in a small window and compares each page with a plain array. */
static void unmap_agrees_with_an_array_of_pages(void **state)
{
    enum { PAGES = 1024 };
    static usize frames[PAGES];
    Space *space = *state;
    unsigned seed = 12345;
    for (unsigned i = 0; i < PAGES; i++)
        frames[i] = 0;
    for (unsigned round = 0; round < 400; round++) {
        seed = seed * 1103515245 + 12345;
        unsigned first = seed >> 8 & (PAGES - 1), count = (seed >> 20 & 63) + 1;
        if (first + count > PAGES)
            continue;
        usize virt = G1 - M2 + first * PAGE, phys = (usize)(round + 1) * G1;
        mem_vmap_unmap(&space->vmap, virt, count * PAGE);
        if (seed >> 30 & 1)
            must_map(space, phys, virt, count * PAGE, 0);
        for (unsigned i = 0; i < count; i++)
            frames[first + i] = seed >> 30 & 1 ? phys + i * PAGE : 0;
        for (unsigned i = 0; i < PAGES; i++)
            assert_int_equal(mem_vmap_translate(&space->vmap, G1 - M2 + i * PAGE), frames[i]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(unmap_length_zero_does_nothing),
        TEST(unmap_of_what_is_not_mapped_does_nothing),
        TEST(unmap_widens_to_whole_pages),
        TEST(unmap_goes_on_behind_a_hole),
        TEST(unmap_stops_at_the_end_of_its_range),
        TEST(unmap_of_several_mappings_at_once),
        TEST(unmap_gives_empty_tables_back),
        TEST(a_table_stays_for_one_far_neighbour),
        TEST(a_table_goes_with_the_last_of_its_512_pages),
        TEST(a_table_that_was_filled_one_by_one_goes_with_its_last_page),
        TEST(an_upper_table_goes_with_the_last_of_its_512_entries),
        TEST(a_whole_subtree_goes_at_once),
        TEST(unmap_leaves_the_neighbours_of_a_subtree_alone),
        cmocka_unit_test(unmap_without_a_space),
        TEST(unmap_agrees_with_an_array_of_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
