/* SPDX-License-Identifier: MIT */
/* Where the virtual and the physical address space end, for every call that takes a range. */
#include "tests/support/space.h"

static void the_pages_beside_the_hole_are_mappable(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, space->low_end - PAGE, PAGE, 0);
    must_map(space, 0x6000, space->high_start, PAGE, 0);
    assert_leaf(space, space->low_end - 1, 0x5fff, PAGE, 0);
    assert_leaf(space, space->high_start, 0x6000, PAGE, 0);
}

static void map_refuses_the_hole(void **state)
{
    Space *space = *state;
    usize low = space->low_end, high = space->high_start;
    must_not_map(space, 0, low, PAGE, 0, MEM_ERANGE);
    must_not_map(space, 0, high - PAGE, PAGE, 0, MEM_ERANGE);
    must_not_map(space, 0xfff, high - 1, 1, 0, MEM_ERANGE);
    must_not_map(space, 0, (usize)1 << 63, PAGE, 0, MEM_ERANGE);
    must_not_map(space, 0, low - PAGE, 2 * PAGE, 0, MEM_ERANGE);              /* runs into it */
    must_not_map(space, 0xfff, low - 1, 2, 0, MEM_ERANGE);                    /* by one byte */
    must_not_map(space, 0, high - PAGE, 2 * PAGE, 0, MEM_ERANGE);             /* comes out of it */
    must_not_map(space, 0, low - PAGE, high - low + 2 * PAGE, 0, MEM_ERANGE); /* crosses it */
    must_not_map(space, 0, 0, SIZE_MAX, 0, MEM_ERANGE);
}

/* With 4 levels the addresses that only 5 levels have are in the hole. */
static void four_levels_refuse_addresses_of_five(void **state)
{
    Space *space = *state;
    must_not_map(space, 0, (usize)1 << 48, PAGE, 0, MEM_ERANGE);
    must_not_map(space, 0, 0xffff7ffffffff000, PAGE, 0, MEM_ERANGE);
    must_not_map(space, 0, 0xff00000000000000, PAGE, 0, MEM_ERANGE);
}

static void five_levels_have_more_addresses_than_four(void **state)
{
    Space *space = *state;
    usize virts[] = {(usize)1 << 47, (usize)1 << 48, 0xffff7ffffffff000, 0x00fffffffffff000};
    for (unsigned i = 0; i < 4; i++) {
        must_map(space, 0x5000, virts[i], PAGE, 0);
        assert_leaf(space, virts[i], 0x5000, PAGE, 0);
    }
}

static void map_refuses_ranges_that_wrap(void **state)
{
    Space *space = *state;
    must_not_map(space, 0, TOP_PAGE, PAGE + 1, 0, MEM_ERANGE);
    must_not_map(space, 0, TOP_PAGE, 2 * PAGE, 0, MEM_ERANGE);
    must_not_map(space, 0xfff, SIZE_MAX, 2, 0, MEM_ERANGE);
    must_not_map(space, 0x800, TOP_PAGE + 0x800, 0x801, 0, MEM_ERANGE);
    must_not_map(space, 0, 0x1000, SIZE_MAX, 0, MEM_ERANGE);
    must_not_map(space, 0, TOP_PAGE, SIZE_MAX, 0, MEM_ERANGE);
    must_not_map(space, 1, 1, SIZE_MAX, 0, MEM_ERANGE);
    must_map(space, 0x800, TOP_PAGE + 0x800, 0x800, 0);
    assert_leaf(space, SIZE_MAX, 0xfff, PAGE, 0);
}

static void map_ends_with_the_last_physical_byte(void **state)
{
    Space *space = *state;
    usize end = (usize)1 << 52; /* what the entries can hold: SDM 3A, 4.1.4 */
    must_map(space, end - PAGE, 0x1000, PAGE, 0);
    assert_leaf(space, 0x1fff, end - 1, PAGE, 0);
    must_map(space, end - G1, G1, G1, 0);
    assert_leaf(space, 2 * G1 - 1, end - 1, G1, 0);
    must_not_map(space, end, 0x10000, PAGE, 0, MEM_ERANGE);
    must_not_map(space, end - PAGE, 0x10000, 2 * PAGE, 0, MEM_ERANGE);
    must_not_map(space, end - 1, 0x10fff, 2, 0, MEM_ERANGE);
    must_not_map(space, end - G1, 4 * G1, 2 * G1, 0, MEM_ERANGE);
}

static void map_refuses_physical_ranges_that_wrap(void **state)
{
    Space *space = *state;
    must_not_map(space, TOP_PAGE, 0x10000, PAGE, 0, MEM_ERANGE);
    must_not_map(space, TOP_PAGE, 0x10000, 2 * PAGE, 0, MEM_ERANGE);
    must_not_map(space, SIZE_MAX, 0x10fff, 2, 0, MEM_ERANGE);
    must_not_map(space, (usize)1 << 63, 0x10000, PAGE, 0, MEM_ERANGE);
}

static void map_obeys_the_physical_width_of_the_cpu(void **state)
{
    (void)state;
    MemVmapOptions options = {.phys_bits = 36};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    usize end = (usize)1 << 36;
    must_map(space, end - PAGE, 0x1000, PAGE, 0);
    assert_leaf(space, 0x1fff, end - 1, PAGE, 0);
    must_not_map(space, end, 0x2000, PAGE, 0, MEM_ERANGE);
    must_not_map(space, end - PAGE, 0x2000, 2 * PAGE, 0, MEM_ERANGE);
    must_not_map(space, end - G1, G1, G1 + 1, 0, MEM_ERANGE);
    space_end(space);
}

static void map_a_whole_half(void **state)
{
    Space *space = *state;
    usize half = space->low_end;
    must_map(space, 0, space->high_start, half, MEM_VMAP_NO_RESERVE);
    assert_int_equal(space_stats(space).leaves[2], half / G1);
    assert_leaf(space, space->high_start, 0, G1, MEM_VMAP_NO_RESERVE);
    assert_leaf(space, SIZE_MAX, half - 1, G1, MEM_VMAP_NO_RESERVE);
    mem_vmap_unmap(&space->vmap, space->high_start, half);
    assert_int_equal(space_stats(space).tables, 1);
}

static void lookup_tells_a_hole_in_the_map_from_an_address_that_does_not_exist(void **state)
{
    Space *space = *state;
    MemVmapLeaf leaf = {.phys = 42, .size = 43, .flags = 44, .level = 45};
    usize bad[] = {space->low_end, space->high_start - 1, (usize)1 << 63};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mem_vmap_lookup(&space->vmap, bad[i], &leaf), MEM_ERANGE);
        assert_int_equal(mem_vmap_translate(&space->vmap, bad[i]), 0);
        assert_true(mem_vmap_missed(&space->vmap));
    }
    assert_int_equal(mem_vmap_lookup(&space->vmap, space->low_end - 1, &leaf), MEM_EMISS);
    assert_int_equal(mem_vmap_lookup(&space->vmap, space->high_start, &leaf), MEM_EMISS);
    assert_int_equal(leaf.phys, 42);
    assert_int_equal(leaf.size, 43);
    assert_int_equal(leaf.flags, 44);
    assert_int_equal(leaf.level, 45);
}

/* The address that differs from a mapped one only in bits that the tables do not index. */
static void bug_50_an_address_of_the_hole_is_not_its_alias(void **state)
{
    Space *space = *state;
    usize alias = 0x5000 | 2 * space->low_end;
    must_map(space, 0x9000, 0x5000, PAGE, 0);
    assert_int_equal(mem_vmap_lookup(&space->vmap, alias, NULL), MEM_ERANGE);
    mem_vmap_unmap(&space->vmap, alias, PAGE);
    assert_leaf(space, 0x5000, 0x9000, PAGE, 0);
    assert_int_equal(mem_vmap_protect(&space->vmap, alias, PAGE, MEM_VMAP_WRITE), MEM_ERANGE);
    assert_leaf(space, 0x5000, 0x9000, PAGE, 0);
}

/* One page at each edge of both halves. */
static void map_the_four_corners(Space *space)
{
    must_map(space, 0x1000, 0, PAGE, 0);
    must_map(space, 0x2000, space->low_end - PAGE, PAGE, 0);
    must_map(space, 0x3000, space->high_start, PAGE, 0);
    must_map(space, 0x4000, TOP_PAGE, PAGE, 0);
}

static void unmap_takes_the_hole_for_a_hole(void **state)
{
    Space *space = *state;
    map_the_four_corners(space);
    Snapshot before = space_snapshot(space);
    mem_vmap_unmap(&space->vmap, space->low_end, PAGE);
    mem_vmap_unmap(&space->vmap, space->low_end, space->high_start - space->low_end);
    mem_vmap_unmap(&space->vmap, (usize)1 << 63, 1);
    assert_unchanged(space, &before);
}

static void unmap_across_the_hole(void **state)
{
    Space *space = *state;
    map_the_four_corners(space);
    mem_vmap_unmap(&space->vmap, space->low_end - 1, space->high_start - space->low_end + 2);
    assert_leaf(space, 0, 0x1000, PAGE, 0);
    assert_hole(space, space->low_end - PAGE);
    assert_hole(space, space->high_start);
    assert_leaf(space, TOP_PAGE, 0x4000, PAGE, 0);
}

static void unmap_that_begins_or_ends_in_the_hole(void **state)
{
    Space *space = *state;
    map_the_four_corners(space);
    mem_vmap_unmap(&space->vmap, space->low_end - PAGE, G512);
    assert_hole(space, space->low_end - PAGE);
    assert_leaf(space, space->high_start, 0x3000, PAGE, 0);
    mem_vmap_unmap(&space->vmap, space->high_start - G512, G512 + 1);
    assert_hole(space, space->high_start);
    assert_leaf(space, TOP_PAGE, 0x4000, PAGE, 0);
}

static void unmap_everything(void **state)
{
    Space *space = *state;
    map_the_four_corners(space);
    mem_vmap_unmap(&space->vmap, 0, SIZE_MAX);
    assert_hole(space, 0);
    assert_hole(space, space->low_end - PAGE);
    assert_hole(space, space->high_start);
    assert_hole(space, TOP_PAGE);
    assert_int_equal(space_stats(space).tables, 1);
}

static void unmap_that_wraps_ends_at_the_last_byte(void **state)
{
    Space *space = *state;
    map_the_four_corners(space);
    mem_vmap_unmap(&space->vmap, TOP_PAGE, SIZE_MAX);
    assert_hole(space, TOP_PAGE);
    assert_leaf(space, 0, 0x1000, PAGE, 0);
    mem_vmap_unmap(&space->vmap, 0x1000, SIZE_MAX);
    assert_leaf(space, 0, 0x1000, PAGE, 0);
    assert_hole(space, space->low_end - PAGE);
    assert_hole(space, space->high_start);
}

static void unmap_the_last_page_of_the_address_space(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, TOP_PAGE - PAGE, 2 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, TOP_PAGE, PAGE);
    assert_hole(space, TOP_PAGE);
    assert_leaf(space, TOP_PAGE - PAGE, 0x5000, PAGE, 0);
    mem_vmap_unmap(&space->vmap, TOP_PAGE - 1, 1);
    assert_int_equal(space_stats(space).tables, 1);
}

static void protect_refuses_ranges_that_do_not_exist(void **state)
{
    Space *space = *state;
    map_the_four_corners(space);
    must_not_protect(space, space->low_end, PAGE, 0, MEM_ERANGE);
    must_not_protect(space, space->low_end - PAGE, 2 * PAGE, 0, MEM_ERANGE);
    must_not_protect(space, space->low_end - PAGE, space->high_start - space->low_end + 2 * PAGE, 0,
                     MEM_ERANGE);
    must_not_protect(space, space->high_start - 1, 2, 0, MEM_ERANGE);
    must_not_protect(space, TOP_PAGE, PAGE + 1, 0, MEM_ERANGE);
    must_not_protect(space, 0x1000, SIZE_MAX, 0, MEM_ERANGE);
}

static void protect_reaches_the_four_corners(void **state)
{
    Space *space = *state;
    map_the_four_corners(space);
    usize corners[] = {0, space->low_end - PAGE, space->high_start, TOP_PAGE};
    for (unsigned i = 0; i < 4; i++) {
        must_protect(space, corners[i], PAGE, MEM_VMAP_WRITE);
        assert_leaf(space, corners[i], (i + 1) * PAGE, PAGE, MEM_VMAP_WRITE);
    }
}

static void collapse_and_cost_refuse_ranges_that_do_not_exist(void **state)
{
    Space *space = *state;
    MemVmap *vmap = &space->vmap;
    usize pages = 42;
    assert_int_equal(mem_vmap_collapse(vmap, space->low_end, PAGE), MEM_ERANGE);
    assert_int_equal(mem_vmap_collapse(vmap, space->low_end - PAGE, 2 * PAGE), MEM_ERANGE);
    assert_int_equal(mem_vmap_collapse(vmap, TOP_PAGE, PAGE + 1), MEM_ERANGE);
    assert_int_equal(mem_vmap_collapse(vmap, 0, SIZE_MAX), MEM_ERANGE);
    assert_int_equal(mem_vmap_cost(vmap, 0, space->low_end, PAGE, 0, &pages), MEM_ERANGE);
    assert_int_equal(mem_vmap_cost(vmap, 0, TOP_PAGE, PAGE + 1, 0, &pages), MEM_ERANGE);
    assert_int_equal(mem_vmap_cost(vmap, (usize)1 << 52, 0, PAGE, 0, &pages), MEM_ERANGE);
    assert_int_equal(pages, 42);
}

static void unmap_cost_takes_any_range(void **state)
{
    Space *space = *state;
    MemVmap *vmap = &space->vmap;
    map_the_four_corners(space);
    usize virts[] = {0, space->low_end, space->high_start - 1, TOP_PAGE, SIZE_MAX};
    for (unsigned i = 0; i < 5; i++) {
        usize pages = 42;
        assert_int_equal(mem_vmap_unmap_cost(vmap, virts[i], SIZE_MAX, &pages), 0);
        assert_int_equal(pages, 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_pages_beside_the_hole_are_mappable),
        TEST(map_refuses_the_hole),
        TEST_4(four_levels_refuse_addresses_of_five),
        TEST_5(five_levels_have_more_addresses_than_four),
        TEST(map_refuses_ranges_that_wrap),
        TEST(map_ends_with_the_last_physical_byte),
        TEST(map_refuses_physical_ranges_that_wrap),
        cmocka_unit_test(map_obeys_the_physical_width_of_the_cpu),
        TEST_4(map_a_whole_half),
        TEST(lookup_tells_a_hole_in_the_map_from_an_address_that_does_not_exist),
        TEST(bug_50_an_address_of_the_hole_is_not_its_alias),
        TEST(unmap_takes_the_hole_for_a_hole),
        TEST(unmap_across_the_hole),
        TEST(unmap_that_begins_or_ends_in_the_hole),
        TEST(unmap_everything),
        TEST(unmap_that_wraps_ends_at_the_last_byte),
        TEST(unmap_the_last_page_of_the_address_space),
        TEST(protect_refuses_ranges_that_do_not_exist),
        TEST(protect_reaches_the_four_corners),
        TEST(collapse_and_cost_refuse_ranges_that_do_not_exist),
        TEST(unmap_cost_takes_any_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
