/* SPDX-License-Identifier: MIT */
/* mem_vmap_map: what it maps, what it refuses, and that a refusal changes nothing. */
#include "tests/support/space.h"

#include <limits.h>

static void map_one_page(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0x400000, PAGE, MEM_VMAP_WRITE);
    assert_leaf(space, 0x400000, 0x5000, PAGE, MEM_VMAP_WRITE);
    assert_leaf(space, 0x400fff, 0x5fff, PAGE, MEM_VMAP_WRITE);
    assert_hole(space, 0x3fffff);
    assert_hole(space, 0x401000);
}

static void map_page_zero(void **state)
{
    Space *space = *state;
    must_map(space, 0x7000, 0, PAGE, 0);
    assert_leaf(space, 0, 0x7000, PAGE, 0);
    assert_leaf(space, 0xfff, 0x7fff, PAGE, 0);
    assert_hole(space, 0x1000);
}

static void map_physical_zero(void **state)
{
    Space *space = *state;
    must_map(space, 0, 0x10000, 2 * PAGE, 0);
    assert_leaf(space, 0x10000, 0, PAGE, 0);
    assert_leaf(space, 0x10001, 1, PAGE, 0);
    assert_leaf(space, 0x11000, 0x1000, PAGE, 0);
}

static void map_page_zero_to_physical_zero_and_unmap_it(void **state)
{
    Space *space = *state;
    must_map(space, 0, 0, M2, 0);
    assert_leaf(space, 0, 0, M2, 0);
    mem_vmap_unmap(&space->vmap, 0, M2);
    assert_hole(space, 0);
}

static void map_the_last_page_of_the_address_space(void **state)
{
    Space *space = *state;
    must_map(space, 0x9000, TOP_PAGE, PAGE, MEM_VMAP_WRITE);
    assert_leaf(space, TOP_PAGE, 0x9000, PAGE, MEM_VMAP_WRITE);
    assert_leaf(space, SIZE_MAX, 0x9fff, PAGE, MEM_VMAP_WRITE);
    assert_hole(space, TOP_PAGE - 1);
    assert_hole(space, 0);
}

static void map_the_last_byte_of_the_address_space(void **state)
{
    Space *space = *state;
    must_map(space, 0x9fff, SIZE_MAX, 1, 0);
    assert_leaf(space, TOP_PAGE, 0x9000, PAGE, 0);
}

static void map_the_last_gigabyte_of_the_address_space(void **state)
{
    Space *space = *state;
    must_map(space, G1, 0 - G1, G1, 0);
    assert_leaf(space, 0 - G1, G1, G1, 0);
    assert_leaf(space, SIZE_MAX, 2 * G1 - 1, G1, 0);
}

static void map_widens_one_byte_to_its_page(void **state)
{
    Space *space = *state;
    must_map(space, 0x5123, 0x1123, 1, 0);
    assert_leaf(space, 0x1000, 0x5000, PAGE, 0);
    assert_leaf(space, 0x1fff, 0x5fff, PAGE, 0);
    assert_hole(space, 0x2000);
}

static void map_widens_both_ends(void **state)
{
    Space *space = *state;
    must_map(space, 0x5fff, 0x1fff, PAGE + 2, 0); /* touches three pages */
    assert_leaves(space, 0x1000, 0x5000, 3 * PAGE, PAGE, 0);
    assert_hole(space, 0x4000);
}

static void map_that_ends_with_the_last_byte_of_a_page_takes_no_more(void **state)
{
    Space *space = *state;
    must_map(space, 0x5001, 0x1001, PAGE - 1, 0);
    assert_leaf(space, 0x1fff, 0x5fff, PAGE, 0);
    assert_hole(space, 0x2000);
}

static void unmap_with_the_arguments_of_map_is_its_inverse(void **state)
{
    Space *space = *state;
    Snapshot before = space_snapshot(space);
    must_map(space, 0x5ffe, 0x1ffe, 3 * PAGE + 3, 0);
    mem_vmap_unmap(&space->vmap, 0x1ffe, 3 * PAGE + 3);
    assert_holes(space, 0x1000, 6 * PAGE);
    assert_int_equal(space_stats(space).tables, before.stats.tables);
    RawTree tree = space_raw(space);
    assert_true(raw_hash(&tree) == before.hash);
}

static void map_refuses_length_zero(void **state)
{
    Space *space = *state;
    must_not_map(space, 0, 0, 0, 0, MEM_EINVAL);
    must_not_map(space, 0x5123, 0x1123, 0, MEM_VMAP_WRITE, MEM_EINVAL);
}

static void map_refuses_different_offsets_within_a_page(void **state)
{
    Space *space = *state;
    must_not_map(space, 0x5001, 0x1000, PAGE, 0, MEM_EALIGN);
    must_not_map(space, 0x5000, 0x1001, PAGE, 0, MEM_EALIGN);
    must_not_map(space, 0x5ffe, 0x1fff, 1, 0, MEM_EALIGN);
    must_not_map(space, 0x5800, 0x1000, PAGE, 0, MEM_EALIGN);
}

static void map_reports_the_flags_it_was_given(void **state)
{
    static const int flags[] = {
        MEM_VMAP_READ,
        MEM_VMAP_WRITE,
        MEM_VMAP_EXEC,
        MEM_VMAP_USER,
        MEM_VMAP_GLOBAL,
        MEM_VMAP_WRITE | MEM_VMAP_USER,
        MEM_VMAP_EXEC | MEM_VMAP_USER,
        RWUG,
        MEM_VMAP_WRITE_THROUGH,
        MEM_VMAP_UNCACHED | MEM_VMAP_WRITE,
        MEM_VMAP_DEVICE | MEM_VMAP_WRITE,
        MEM_VMAP_ACCESSED,
        MEM_VMAP_DIRTY | MEM_VMAP_WRITE,
        MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY | RWUG,
        MEM_VMAP_WRITE_THROUGH | MEM_VMAP_EXEC | MEM_VMAP_USER | MEM_VMAP_GLOBAL | MEM_VMAP_ACCESSED,
    };
    static const usize sizes[] = {PAGE, M2, G1};
    Space *space = *state;
    for (unsigned size = 0; size < 3; size++) {
        for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
            usize virt = (usize)(i + 1) * 2 * G1, phys = (usize)(100 + i) * G1;
            must_map(space, phys, virt, sizes[size], flags[i]);
            assert_leaf(space, virt, phys, sizes[size], flags[i]);
        }
        mem_vmap_unmap(&space->vmap, 0, space->low_end);
    }
}

static void caps_are_not_remembered(void **state)
{
    Space *space = *state;
    must_map(space, M2, M2, PAGE, MEM_VMAP_CAP_4K | MEM_VMAP_USER);
    assert_leaf(space, M2, M2, PAGE, MEM_VMAP_USER);
    must_map(space, G1, G1, M2, MEM_VMAP_CAP_2M);
    assert_leaf(space, G1, G1, M2, 0);
}

static void map_refuses_write_with_execute(void **state)
{
    Space *space = *state;
    must_not_map(space, 0x5000, 0x1000, PAGE, MEM_VMAP_WRITE | MEM_VMAP_EXEC, MEM_EFLAGS);
    must_not_map(space, 0, 0, G1, MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_USER, MEM_EFLAGS);
}

static void map_accepts_write_with_execute_where_the_space_allows_it(void **state)
{
    (void)state;
    MemVmapOptions options = {.allow_write_exec = true};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_map(space, 0x5000, 0x1000, PAGE, MEM_VMAP_WRITE | MEM_VMAP_EXEC);
    assert_leaf(space, 0x1000, 0x5000, PAGE, MEM_VMAP_WRITE | MEM_VMAP_EXEC);
    space_end(space);
}

static void map_refuses_unknown_flags(void **state)
{
    static const int known = MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_USER | MEM_VMAP_GLOBAL |
                             MEM_VMAP_TYPE_MASK | MEM_VMAP_CAP_4K | MEM_VMAP_CAP_2M | MEM_VMAP_NO_RESERVE |
                             MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY;
    Space *space = *state;
    for (unsigned bit = 0; bit < 32; bit++) {
        int flag = (int)(1u << bit);
        if (!(known & flag))
            must_not_map(space, 0x5000, 0x1000, PAGE, flag, MEM_EFLAGS);
    }
    must_not_map(space, 0x5000, 0x1000, PAGE, -1, MEM_EFLAGS);
    must_not_map(space, 0x5000, 0x1000, PAGE, INT_MIN, MEM_EFLAGS);
}

static void map_refuses_memory_types_that_do_not_exist(void **state)
{
    Space *space = *state;
    for (int type = MEM_VMAP_TYPES; type <= 7; type++)
        must_not_map(space, 0x5000, 0x1000, PAGE, type << MEM_VMAP_TYPE_SHIFT, MEM_EFLAGS);
}

/* The memory types of an x86 CPU after reset have no write-combining (SDM 3A, table 11-12). */
static void map_refuses_write_combining_after_reset(void **state)
{
    Space *space = *state;
    must_not_map(space, 0x5000, 0x1000, PAGE, MEM_VMAP_WRITE_COMBINING, MEM_ENOTSUP);
}

static void map_refuses_to_overlap_a_page(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0x10000, PAGE, 0);
    must_not_map(space, 0x5000, 0x10000, PAGE, 0, MEM_EOVERLAP); /* the same again is no exception */
    must_not_map(space, 0x6000, 0x10000, PAGE, 0, MEM_EOVERLAP);
    must_not_map(space, 0x6000, 0xf000, 2 * PAGE, 0, MEM_EOVERLAP);  /* its last page */
    must_not_map(space, 0x6000, 0x10000, 2 * PAGE, 0, MEM_EOVERLAP); /* its first */
    must_not_map(space, 0x6000, 0xf000, 3 * PAGE, 0, MEM_EOVERLAP);  /* its middle */
    must_not_map(space, 0x6fff, 0x10fff, 1, 0, MEM_EOVERLAP);
    must_not_map(space, 0x6fff, 0xffff, 2, 0, MEM_EOVERLAP);
    assert_leaf(space, 0x10000, 0x5000, PAGE, 0);
}

static void map_refuses_to_lay_large_leaves_over_a_page(void **state)
{
    Space *space = *state;
    usize page = 3 * G1 + 5 * M2 + 7 * PAGE;
    must_map(space, 0x5000, page, PAGE, 0);
    must_not_map(space, 0, page & ~(M2 - 1), M2, 0, MEM_EOVERLAP);
    must_not_map(space, 0, 3 * G1, G1, 0, MEM_EOVERLAP);
    must_not_map(space, 0, 0, 16 * G1, 0, MEM_EOVERLAP);
    must_not_map(space, 0, 0, 4 * G1, MEM_VMAP_CAP_2M, MEM_EOVERLAP);
    assert_leaf(space, page, 0x5000, PAGE, 0);
}

static void map_refuses_to_overlap_a_large_leaf(void **state)
{
    static const usize sizes[] = {M2, G1};
    Space *space = *state;
    for (unsigned i = 0; i < 2; i++) {
        usize size = sizes[i], virt = 4 * G1;
        must_map(space, G1, virt, size, 0);
        must_not_map(space, 0, virt, PAGE, 0, MEM_EOVERLAP);
        must_not_map(space, 0, virt + size - PAGE, PAGE, 0, MEM_EOVERLAP);
        must_not_map(space, 0, virt + size / 2, PAGE, 0, MEM_EOVERLAP);
        must_not_map(space, 0, virt - PAGE, 2 * PAGE, 0, MEM_EOVERLAP);
        must_not_map(space, 0, virt + size - PAGE, 2 * PAGE, 0, MEM_EOVERLAP);
        must_not_map(space, 0, virt - size, 3 * size, 0, MEM_EOVERLAP);
        must_not_map(space, 0, virt, size, 0, MEM_EOVERLAP);
        mem_vmap_unmap(&space->vmap, virt, size);
    }
}

/* A range over the border of a table: what is in the way lies in its first or in its last table. */
static void map_refuses_to_overlap_at_the_edges_of_a_long_range(void **state)
{
    Space *space = *state;
    usize borders[] = {M2, G1, G512, space->high_start + G512 - M2};
    for (unsigned i = 0; i < 4; i++) {
        usize first = borders[i] - 10 * PAGE, end = borders[i] + G1 + 10 * PAGE;
        usize pages[] = {first,           first + 5 * PAGE, borders[i] - PAGE,
                         borders[i] + G1, end - 5 * PAGE,   end - PAGE};
        for (unsigned j = 0; j < 6; j++) {
            must_map(space, 0, pages[j], PAGE, 0);
            must_not_map(space, G1 - 10 * PAGE, first, end - first, 0, MEM_EOVERLAP);
            mem_vmap_unmap(&space->vmap, pages[j], PAGE);
        }
        must_map(space, 0, first - PAGE, PAGE, 0); /* just outside */
        must_map(space, 0, end, PAGE, 0);
        must_map(space, G1 - 10 * PAGE, first, end - first, MEM_VMAP_NO_RESERVE);
        assert_leaf(space, end - 1, 2 * G1 + 10 * PAGE - 1, PAGE, MEM_VMAP_NO_RESERVE);
        mem_vmap_unmap(&space->vmap, first - PAGE, end - first + 2 * PAGE);
    }
}

static void map_that_touches_a_neighbour_is_fine(void **state)
{
    static const usize sizes[] = {PAGE, M2, G1};
    Space *space = *state;
    for (unsigned i = 0; i < 3; i++) {
        usize size = sizes[i], virt = 8 * G1;
        must_map(space, 3 * G1, virt, size, 0);
        must_map(space, 2 * G1, virt - size, size, MEM_VMAP_WRITE);
        must_map(space, 5 * G1, virt + size, size, MEM_VMAP_EXEC);
        assert_leaf(space, virt - 1, 2 * G1 + size - 1, size, MEM_VMAP_WRITE);
        assert_leaf(space, virt, 3 * G1, size, 0);
        assert_leaf(space, virt + size, 5 * G1, size, MEM_VMAP_EXEC);
        mem_vmap_unmap(&space->vmap, virt - size, 3 * size);
    }
}

static void map_fills_the_hole_between_two_neighbours_exactly(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0x10000, PAGE, 0);
    must_map(space, 0x6000, 0x20000, PAGE, 0);
    must_not_map(space, 0x100000, 0x11000, 16 * PAGE, 0, MEM_EOVERLAP);
    must_map(space, 0x100000, 0x11000, 15 * PAGE, 0);
    assert_leaves(space, 0x11000, 0x100000, 15 * PAGE, PAGE, 0);
}

static void map_after_unmap_of_the_same_range(void **state)
{
    Space *space = *state;
    for (unsigned i = 0; i < 3; i++) {
        usize phys = (usize)(i + 1) * G1;
        must_map(space, phys, 0x200000, 3 * M2, 0);
        assert_leaves(space, 0x200000, phys, 3 * M2, M2, 0);
        mem_vmap_unmap(&space->vmap, 0x200000, 3 * M2);
        assert_hole(space, 0x200000);
    }
}

/* The same frames twice, in two places: that is the caller's affair. */
static void map_one_frame_twice(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0x1000, PAGE, 0);
    must_map(space, 0x5000, 0x2000, PAGE, MEM_VMAP_WRITE);
    assert_leaf(space, 0x1000, 0x5000, PAGE, 0);
    assert_leaf(space, 0x2000, 0x5000, PAGE, MEM_VMAP_WRITE);
}

static void map_crosses_the_border_of_each_table(void **state)
{
    Space *space = *state;
    usize borders[] = {M2, G1, G512, space->high_start + G512};
    for (unsigned i = 0; i < 4; i++) {
        usize virt = borders[i] - 3 * PAGE;
        must_map(space, 0x100000, virt, 6 * PAGE, MEM_VMAP_USER);
        assert_leaves(space, virt, 0x100000, 6 * PAGE, PAGE, MEM_VMAP_USER);
        assert_hole(space, virt - 1);
        assert_hole(space, virt + 6 * PAGE);
    }
}

static void map_fills_exactly_one_table_and_one_page_more(void **state)
{
    static const usize lens[] = {511 * PAGE, 512 * PAGE, 513 * PAGE, 1024 * PAGE, 1025 * PAGE};
    Space *space = *state;
    for (unsigned i = 0; i < sizeof lens / sizeof *lens; i++) {
        must_map(space, 0x100000, G1, lens[i], MEM_VMAP_CAP_4K);
        assert_leaves(space, G1, 0x100000, lens[i], PAGE, 0);
        assert_hole(space, G1 + lens[i]);
        mem_vmap_unmap(&space->vmap, G1, lens[i]);
        assert_int_equal(space_stats(space).tables, 1);
    }
}

/* Everything is wrong at first; the mistakes are mended in the order in which they must be reported. */
static void map_reports_the_mistake_nearest_to_the_caller(void **state)
{
    static const int wrong = MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_WRITE_COMBINING;
    Space *space = *state;
    usize bad = space->low_end + 1;
    must_map(space, 0x5000, 0x10000, PAGE, 0);
    host_fail_from(space->host, 1);
    must_not_map(space, 0, bad, 0, wrong, MEM_EINVAL);
    must_not_map(space, 0, bad, 1, wrong, MEM_EFLAGS);
    must_not_map(space, 0, bad, 1, MEM_VMAP_WRITE_COMBINING, MEM_ENOTSUP);
    must_not_map(space, 0, bad, 1, 0, MEM_EALIGN);
    must_not_map(space, 1, bad, 1, 0, MEM_ERANGE);
    must_not_map(space, 0, 0, space->low_end + PAGE, 0, MEM_ERANGE);
    must_not_map(space, G1, 0, 2 * G1, 0, MEM_EOVERLAP);
    must_not_map(space, G1, G1, 1000 * M2, 0, MEM_ENOMEM);
}

static void map_without_a_space(void **state)
{
    (void)state;
    MemVmap never_made = {0};
    assert_int_equal(mem_vmap_map(NULL, 0, 0, PAGE, 0), MEM_EINVAL);
    assert_int_equal(mem_vmap_map(&never_made, 0, 0, PAGE, 0), MEM_EINVAL);
}

static void map_needs_no_shootdown(void **state)
{
    Space *space = *state;
    must_map(space, 0, 0, 3 * G1 + 5 * M2 + 7 * PAGE, RWUG);
    assert_int_equal(space_shootdowns(space), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(map_one_page),
        TEST(map_page_zero),
        TEST(map_physical_zero),
        TEST(map_page_zero_to_physical_zero_and_unmap_it),
        TEST(map_the_last_page_of_the_address_space),
        TEST(map_the_last_byte_of_the_address_space),
        TEST(map_the_last_gigabyte_of_the_address_space),
        TEST(map_widens_one_byte_to_its_page),
        TEST(map_widens_both_ends),
        TEST(map_that_ends_with_the_last_byte_of_a_page_takes_no_more),
        TEST(unmap_with_the_arguments_of_map_is_its_inverse),
        TEST(map_refuses_length_zero),
        TEST(map_refuses_different_offsets_within_a_page),
        TEST(map_reports_the_flags_it_was_given),
        TEST(caps_are_not_remembered),
        TEST(map_refuses_write_with_execute),
        cmocka_unit_test(map_accepts_write_with_execute_where_the_space_allows_it),
        TEST(map_refuses_unknown_flags),
        TEST(map_refuses_memory_types_that_do_not_exist),
        TEST(map_refuses_write_combining_after_reset),
        TEST(map_refuses_to_overlap_a_page),
        TEST(map_refuses_to_lay_large_leaves_over_a_page),
        TEST(map_refuses_to_overlap_a_large_leaf),
        TEST(map_refuses_to_overlap_at_the_edges_of_a_long_range),
        TEST(map_that_touches_a_neighbour_is_fine),
        TEST(map_fills_the_hole_between_two_neighbours_exactly),
        TEST(map_after_unmap_of_the_same_range),
        TEST(map_one_frame_twice),
        TEST(map_crosses_the_border_of_each_table),
        TEST(map_fills_exactly_one_table_and_one_page_more),
        TEST(map_reports_the_mistake_nearest_to_the_caller),
        cmocka_unit_test(map_without_a_space),
        TEST(map_needs_no_shootdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
