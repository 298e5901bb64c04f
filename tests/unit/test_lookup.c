/* SPDX-License-Identifier: MIT */
/* mem_vmap_translate, mem_vmap_missed and mem_vmap_lookup. */
#include "tests/support/space.h"

static void translate_adds_the_offset_within_the_leaf(void **state)
{
    Space *space = *state;
    MemVmap *vmap = &space->vmap;
    must_map(space, 0x5000, 0x1000, PAGE, 0);
    must_map(space, 3 * M2, 8 * M2, M2, 0);
    must_map(space, 3 * G1, 8 * G1, G1, 0);
    assert_int_equal(mem_vmap_translate(vmap, 0x1abc), 0x5abc);
    assert_int_equal(mem_vmap_translate(vmap, 8 * M2 + 0x12345), 3 * M2 + 0x12345);
    assert_int_equal(mem_vmap_translate(vmap, 8 * G1 + 0x31234567), 3 * G1 + 0x31234567);
}

static void the_miss_flag_tells_physical_zero_from_a_miss(void **state)
{
    Space *space = *state;
    MemVmap *vmap = &space->vmap;
    must_map(space, 0, 0x7000, PAGE, 0);
    assert_int_equal(mem_vmap_translate(vmap, 0x7000), 0);
    assert_false(mem_vmap_missed(vmap));
    assert_int_equal(mem_vmap_translate(vmap, 0x8000), 0);
    assert_true(mem_vmap_missed(vmap));
    assert_int_equal(mem_vmap_translate(vmap, 0x7000), 0); /* a hit clears it */
    assert_false(mem_vmap_missed(vmap));
}

static void only_translate_touches_the_miss_flag(void **state)
{
    Space *space = *state;
    MemVmap *vmap = &space->vmap;
    must_map(space, 0x5000, 0x7000, PAGE, 0);
    mem_vmap_translate(vmap, 0x8000);
    assert_int_equal(mem_vmap_lookup(vmap, 0x7000, NULL), 0);
    assert_true(mem_vmap_missed(vmap));
    mem_vmap_translate(vmap, 0x7000);
    assert_int_equal(mem_vmap_lookup(vmap, 0x8000, NULL), MEM_EMISS);
    mem_vmap_unmap(vmap, 0x7000, PAGE);
    assert_false(mem_vmap_missed(vmap));
}

static void translate_after_each_change(void **state)
{
    Space *space = *state;
    MemVmap *vmap = &space->vmap;
    must_map(space, 0x5000, 0x7000, PAGE, 0);
    assert_int_equal(mem_vmap_translate(vmap, 0x7008), 0x5008);
    mem_vmap_unmap(vmap, 0x7000, PAGE);
    assert_int_equal(mem_vmap_translate(vmap, 0x7008), 0);
    must_map(space, 0x9000, 0x7000, PAGE, 0);
    assert_int_equal(mem_vmap_translate(vmap, 0x7008), 0x9008);
    assert_int_equal(mem_vmap_protect(vmap, 0x7000, PAGE, MEM_VMAP_WRITE), 0);
    assert_int_equal(mem_vmap_translate(vmap, 0x7008), 0x9008);
}

static void lookup_fills_the_leaf(void **state)
{
    static const usize sizes[] = {PAGE, M2, G1};
    Space *space = *state;
    for (unsigned level = 0; level < 3; level++) {
        MemVmapLeaf leaf;
        must_map(space, 2 * G1, 4 * G1, sizes[level], RWUG | MEM_VMAP_UNCACHED);
        assert_int_equal(mem_vmap_lookup(&space->vmap, 4 * G1 + 0x123, &leaf), 0);
        assert_int_equal(leaf.phys, 2 * G1 + 0x123);
        assert_int_equal(leaf.size, sizes[level]);
        assert_int_equal(leaf.level, level);
        assert_int_equal(leaf.flags, RWUG | MEM_VMAP_UNCACHED);
        mem_vmap_unmap(&space->vmap, 4 * G1, sizes[level]);
    }
}

static void lookup_without_a_leaf_to_fill(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0x7000, PAGE, 0);
    assert_int_equal(mem_vmap_lookup(&space->vmap, 0x7fff, NULL), 0);
    assert_int_equal(mem_vmap_lookup(&space->vmap, 0x8000, NULL), MEM_EMISS);
    assert_int_equal(mem_vmap_lookup(&space->vmap, space->low_end, NULL), MEM_ERANGE);
}

static void lookup_of_a_hole_at_every_level(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0, PAGE, 0);
    usize holes[] = {PAGE, M2, G1, G512, space->high_start, TOP_PAGE};
    for (unsigned i = 0; i < 6; i++)
        assert_hole(space, holes[i]);
}

static void readers_take_no_lock(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0x7000, PAGE, 0);
    usize locks = space->locks;
    mem_vmap_translate(&space->vmap, 0x7000);
    mem_vmap_translate(&space->vmap, 0x8000);
    mem_vmap_lookup(&space->vmap, 0x7000, NULL);
    assert_int_equal(space->locks, locks);
}

static void lookup_without_a_space(void **state)
{
    (void)state;
    MemVmap never_made = {0};
    MemVmapLeaf leaf = {.phys = 42};
    assert_int_equal(mem_vmap_lookup(NULL, 0, &leaf), MEM_EINVAL);
    assert_int_equal(mem_vmap_lookup(&never_made, 0, &leaf), MEM_EINVAL);
    assert_int_equal(leaf.phys, 42);
    assert_int_equal(mem_vmap_translate(NULL, 0), 0);
    assert_int_equal(mem_vmap_translate(&never_made, 0), 0);
    assert_true(mem_vmap_missed(NULL));
    assert_true(mem_vmap_missed(&never_made));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(translate_adds_the_offset_within_the_leaf),
        TEST(the_miss_flag_tells_physical_zero_from_a_miss),
        TEST(only_translate_touches_the_miss_flag),
        TEST(translate_after_each_change),
        TEST(lookup_fills_the_leaf),
        TEST(lookup_without_a_leaf_to_fill),
        TEST(lookup_of_a_hole_at_every_level),
        TEST(readers_take_no_lock),
        cmocka_unit_test(lookup_without_a_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
