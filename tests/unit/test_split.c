/* SPDX-License-Identifier: MIT */
/* Unmap and protect that cut a larger leaf: what remains stays as it was, to the bit. */
#include "tests/support/space.h"

#define VIRT (5 * G1)
#define PHYS (9 * G1)

/* Flags of every kind that a split must keep. */
static const int kept_flags[] = {
    0,
    RWUG | MEM_VMAP_WRITE_THROUGH,
    MEM_VMAP_EXEC | MEM_VMAP_USER | MEM_VMAP_ACCESSED,
    MEM_VMAP_WRITE | MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY,
    MEM_VMAP_DEVICE | MEM_VMAP_WRITE | MEM_VMAP_DIRTY,
    MEM_VMAP_NO_RESERVE | MEM_VMAP_UNCACHED | MEM_VMAP_GLOBAL,
};
#define KEPT_FLAGS (sizeof kept_flags / sizeof *kept_flags)

/* All of a leaf at VIRT but for [cut, cut + len) is mapped as it was, in leaves of whatever size. */
static void assert_rest(Space *space, usize size, usize cut, usize len, int flags)
{
    for (usize at = 0; at < size;) {
        if (at == cut) {
            at += len;
            continue;
        }
        MemVmapLeaf leaf;
        assert_int_equal(mem_vmap_lookup(&space->vmap, VIRT + at, &leaf), 0);
        assert_leaf(space, VIRT + at, PHYS + at, leaf.size, flags);
        assert_leaf(space, VIRT + at + leaf.size - 1, PHYS + at + leaf.size - 1, leaf.size, flags);
        at += leaf.size;
    }
}

static void unmap_one_page_of_a_2m_leaf(void **state)
{
    static const usize pages[] = {0, 1, 255, 510, 511};
    Space *space = *state;
    for (unsigned f = 0; f < KEPT_FLAGS; f++) {
        for (unsigned i = 0; i < 5; i++) {
            usize cut = pages[i] * PAGE;
            must_map(space, PHYS, VIRT, M2, kept_flags[f]);
            mem_vmap_unmap(&space->vmap, VIRT + cut, PAGE);
            assert_hole(space, VIRT + cut);
            assert_rest(space, M2, cut, PAGE, kept_flags[f]);
            assert_int_equal(space_stats(space).leaves[0], 511);
            space_check(space);
            mem_vmap_unmap(&space->vmap, VIRT, M2);
        }
    }
    assert_int_equal(space_stats(space).splits, KEPT_FLAGS * 5);
}

static void unmap_one_page_of_a_1g_leaf(void **state)
{
    static const usize pages[] = {0, 511, 512, 131072, 262143};
    Space *space = *state;
    for (unsigned i = 0; i < KEPT_FLAGS; i++) {
        usize cut = pages[i % 5] * PAGE;
        must_map(space, PHYS, VIRT, G1, kept_flags[i]);
        mem_vmap_unmap(&space->vmap, VIRT + cut, PAGE);
        assert_hole(space, VIRT + cut);
        assert_rest(space, G1, cut, PAGE, kept_flags[i]);
        MemVmapStats stats = space_stats(space);
        assert_int_equal(stats.leaves[0], 511); /* no more was split than had to be */
        assert_int_equal(stats.leaves[1], 511);
        assert_int_equal(stats.leaves[2], 0);
        space_check(space);
        mem_vmap_unmap(&space->vmap, VIRT, G1);
    }
}

static void unmap_2m_of_a_1g_leaf(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, RWUG);
    mem_vmap_unmap(&space->vmap, VIRT + 17 * M2, M2);
    assert_hole(space, VIRT + 17 * M2);
    assert_hole(space, VIRT + 18 * M2 - 1);
    assert_leaves(space, VIRT, PHYS, 17 * M2, M2, RWUG);
    assert_leaves(space, VIRT + 18 * M2, PHYS + 18 * M2, G1 - 18 * M2, M2, RWUG);
    assert_int_equal(space_stats(space).leaves[0], 0);
    assert_int_equal(space_stats(space).splits, 1);
}

static void unmap_that_cuts_both_ends_of_one_leaf(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_USER);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, M2 - 2 * PAGE);
    assert_leaf(space, VIRT, PHYS, PAGE, MEM_VMAP_USER);
    assert_holes(space, VIRT + PAGE, M2 - 2 * PAGE);
    assert_leaf(space, VIRT + M2 - PAGE, PHYS + M2 - PAGE, PAGE, MEM_VMAP_USER);
}

static void unmap_that_cuts_two_places_of_one_1g_leaf(void **state)
{
    Space *space = *state;
    usize first = 3 * M2 + 5 * PAGE, end = 100 * M2 + 7 * PAGE;
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_WRITE);
    mem_vmap_unmap(&space->vmap, VIRT + first, end - first);
    assert_leaves(space, VIRT, PHYS, 3 * M2, M2, MEM_VMAP_WRITE);
    assert_leaves(space, VIRT + 3 * M2, PHYS + 3 * M2, 5 * PAGE, PAGE, MEM_VMAP_WRITE);
    assert_holes(space, VIRT + first, M2);
    assert_holes(space, VIRT + end - M2, M2);
    assert_leaves(space, VIRT + end, PHYS + end, 505 * PAGE, PAGE, MEM_VMAP_WRITE);
    assert_leaves(space, VIRT + 101 * M2, PHYS + 101 * M2, G1 - 101 * M2, M2, MEM_VMAP_WRITE);
}

static void unmap_that_cuts_two_leaves_and_takes_those_between(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 4 * G1, 0);
    mem_vmap_unmap(&space->vmap, VIRT + G1 - PAGE, 2 * G1 + 2 * PAGE);
    assert_rest(space, G1, G1 - PAGE, PAGE, 0);
    assert_hole(space, VIRT + G1 - PAGE);
    assert_hole(space, VIRT + G1);
    assert_hole(space, VIRT + 3 * G1 - 1);
    assert_hole(space, VIRT + 3 * G1);
    assert_leaf(space, VIRT + 3 * G1 + PAGE, PHYS + 3 * G1 + PAGE, PAGE, 0);
    assert_leaf(space, VIRT + 4 * G1 - 1, PHYS + 4 * G1 - 1, M2, 0);
}

static void unmap_of_a_split_leaf_page_by_page_gives_its_table_back(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 2 * M2, 0);
    usize tables = space_stats(space).tables;
    for (usize i = 0; i < 512; i++)
        mem_vmap_unmap(&space->vmap, VIRT + i * PAGE, PAGE);
    assert_int_equal(space_stats(space).tables, tables);
    assert_leaf(space, VIRT + M2, PHYS + M2, M2, 0);
}

static void map_again_into_the_hole_of_a_split_leaf(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, 0);
    mem_vmap_unmap(&space->vmap, VIRT + M2, M2);
    must_not_map(space, 0, VIRT + M2 - PAGE, M2, 0, MEM_EOVERLAP);
    must_map(space, 0, VIRT + M2, M2, MEM_VMAP_WRITE);
    assert_leaf(space, VIRT + M2, 0, M2, MEM_VMAP_WRITE);
    assert_leaf(space, VIRT, PHYS, M2, 0);
    assert_leaf(space, VIRT + 2 * M2, PHYS + 2 * M2, M2, 0);
}

static void protect_one_page_of_a_2m_leaf(void **state)
{
    static const usize pages[] = {0, 1, 255, 510, 511};
    const int same = MEM_VMAP_WRITE_THROUGH | MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY;
    Space *space = *state;
    for (unsigned i = 0; i < 5; i++) {
        usize cut = pages[i] * PAGE;
        must_map(space, PHYS, VIRT, M2, same | MEM_VMAP_WRITE | MEM_VMAP_GLOBAL);
        must_protect(space, VIRT + cut, PAGE, MEM_VMAP_EXEC | MEM_VMAP_USER);
        assert_leaf(space, VIRT + cut, PHYS + cut, PAGE, same | MEM_VMAP_EXEC | MEM_VMAP_USER);
        assert_rest(space, M2, cut, PAGE, same | MEM_VMAP_WRITE | MEM_VMAP_GLOBAL);
        space_check(space);
        mem_vmap_unmap(&space->vmap, VIRT, M2);
    }
}

static void protect_one_page_of_a_1g_leaf(void **state)
{
    static const usize pages[] = {0, 511, 512, 131072, 262143};
    Space *space = *state;
    for (unsigned i = 0; i < 5; i++) {
        usize cut = pages[i] * PAGE;
        must_map(space, PHYS, VIRT, G1, MEM_VMAP_WRITE | MEM_VMAP_UNCACHED);
        must_protect(space, VIRT + cut, PAGE, 0);
        assert_leaf(space, VIRT + cut, PHYS + cut, PAGE, MEM_VMAP_UNCACHED);
        assert_rest(space, G1, cut, PAGE, MEM_VMAP_WRITE | MEM_VMAP_UNCACHED);
        assert_int_equal(space_stats(space).leaves[1], 511);
        space_check(space);
        mem_vmap_unmap(&space->vmap, VIRT, G1);
    }
}

static void protect_that_cuts_two_leaves(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 3 * M2, MEM_VMAP_WRITE);
    must_protect(space, VIRT + M2 - PAGE, M2 + 2 * PAGE, MEM_VMAP_USER);
    assert_leaves(space, VIRT, PHYS, M2 - PAGE, PAGE, MEM_VMAP_WRITE);
    assert_leaf(space, VIRT + M2 - PAGE, PHYS + M2 - PAGE, PAGE, MEM_VMAP_USER);
    assert_leaf(space, VIRT + M2, PHYS + M2, M2, MEM_VMAP_USER);
    assert_leaf(space, VIRT + 2 * M2, PHYS + 2 * M2, PAGE, MEM_VMAP_USER);
    assert_leaves(space, VIRT + 2 * M2 + PAGE, PHYS + 2 * M2 + PAGE, M2 - PAGE, PAGE, MEM_VMAP_WRITE);
}

static void protect_of_whole_leaves_splits_nothing(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1 + M2, MEM_VMAP_WRITE);
    must_protect(space, VIRT, G1 + M2, 0);
    assert_leaf(space, VIRT, PHYS, G1, 0);
    assert_leaf(space, VIRT + G1, PHYS + G1, M2, 0);
    assert_int_equal(space_stats(space).splits, 0);
}

/* The offset within a leaf is part of the answer at every size. */
static void bug_54_translate_keeps_the_offset_within_a_large_leaf(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, 0);
    must_map(space, PHYS + M2, VIRT + G1 + M2, M2, 0);
    assert_leaf(space, VIRT + 0x3edcba98, PHYS + 0x3edcba98, G1, 0);
    assert_leaf(space, VIRT + G1 + M2 + 0x1dcba9, PHYS + M2 + 0x1dcba9, M2, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(unmap_one_page_of_a_2m_leaf),
        TEST(unmap_one_page_of_a_1g_leaf),
        TEST(unmap_2m_of_a_1g_leaf),
        TEST(unmap_that_cuts_both_ends_of_one_leaf),
        TEST(unmap_that_cuts_two_places_of_one_1g_leaf),
        TEST(unmap_that_cuts_two_leaves_and_takes_those_between),
        TEST(unmap_of_a_split_leaf_page_by_page_gives_its_table_back),
        TEST(map_again_into_the_hole_of_a_split_leaf),
        TEST(protect_one_page_of_a_2m_leaf),
        TEST(protect_one_page_of_a_1g_leaf),
        TEST(protect_that_cuts_two_leaves),
        TEST(protect_of_whole_leaves_splits_nothing),
        TEST(bug_54_translate_keeps_the_offset_within_a_large_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
