/* SPDX-License-Identifier: MIT */
/*
 * The raw entries, bit by bit, against constants worked out by hand from the Intel SDM, volume 3A, section
 * 4.5 (tables 4-14 to 4-20) and 4.9.2 (PAT:PCD:PWT selects the memory type).
 */
#include "tests/support/space.h"

#define LEVELS 3

static const usize leaf_size[LEVELS] = {PAGE, M2, G1};

/* The entry that maps `virt`, without the bits that belong to software. */
static uint64_t raw_leaf(Space *space, usize virt, unsigned level)
{
    RawTree tree = space_raw(space);
    RawWalk walk = raw_walk(&tree, virt);
    assert_true(walk.leaf);
    assert_int_equal(walk.level, level);
    return walk.path[level] & ~RAW_IGNORED;
}

typedef struct example {
    int flags;
    uint64_t entries[LEVELS]; /* page, 2 MiB, 1 GiB; each at physical 0x1'4000'0000 */
} Example;

#define EXAMPLE_PHYS 0x140000000

static void assert_examples(Space *space, const Example *examples, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned level = 0; level < LEVELS; level++) {
            must_map(space, EXAMPLE_PHYS, 2 * G1, leaf_size[level], examples[i].flags);
            uint64_t entry = raw_leaf(space, 2 * G1, level);
            if (entry != examples[i].entries[level])
                print_error("flags %#x at level %u: %#llx\n", (unsigned)examples[i].flags, level,
                            (unsigned long long)entry);
            assert_true(entry == examples[i].entries[level]);
            assert_leaf(space, 2 * G1, EXAMPLE_PHYS, leaf_size[level], examples[i].flags);
            mem_vmap_unmap(&space->vmap, 2 * G1, leaf_size[level]);
        }
    }
}

static void each_right_has_its_bit(void **state)
{
    static const Example examples[] = {
        {0, {0x8000000140000001, 0x8000000140000081, 0x8000000140000081}},
        {MEM_VMAP_WRITE, {0x8000000140000003, 0x8000000140000083, 0x8000000140000083}},
        {MEM_VMAP_EXEC, {0x0000000140000001, 0x0000000140000081, 0x0000000140000081}},
        {MEM_VMAP_USER, {0x8000000140000005, 0x8000000140000085, 0x8000000140000085}},
        {MEM_VMAP_GLOBAL, {0x8000000140000101, 0x8000000140000181, 0x8000000140000181}},
        {MEM_VMAP_ACCESSED, {0x8000000140000021, 0x80000001400000a1, 0x80000001400000a1}},
        {MEM_VMAP_DIRTY, {0x8000000140000041, 0x80000001400000c1, 0x80000001400000c1}},
        {MEM_VMAP_NO_RESERVE, {0x8000000140000001, 0x8000000140000081, 0x8000000140000081}},
        {RWUG, {0x8000000140000107, 0x8000000140000187, 0x8000000140000187}},
        {MEM_VMAP_EXEC | MEM_VMAP_USER, {0x0000000140000005, 0x0000000140000085, 0x0000000140000085}},
        {RWUG | MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY,
         {0x8000000140000167, 0x80000001400001e7, 0x80000001400001e7}},
    };
    assert_examples(*state, examples, sizeof examples / sizeof *examples);
}

/* IA32_PAT after reset, table 11-12: 0 is WB, 1 WT, 2 UC-, 3 UC, and the same again from 4. */
static void memory_types_after_reset(void **state)
{
    static const Example examples[] = {
        {MEM_VMAP_WRITE_BACK, {0x8000000140000001, 0x8000000140000081, 0x8000000140000081}},
        {MEM_VMAP_WRITE_THROUGH, {0x8000000140000009, 0x8000000140000089, 0x8000000140000089}},
        {MEM_VMAP_DEVICE, {0x8000000140000019, 0x8000000140000099, 0x8000000140000099}},
        {MEM_VMAP_UNCACHED, {0x8000000140000019, 0x8000000140000099, 0x8000000140000099}},
    };
    assert_examples(*state, examples, sizeof examples / sizeof *examples);
}

/* Of a CPU whose PAT was reprogrammed: the types lie where the kernel says. */
static void memory_types_where_the_kernel_put_them(void **state)
{
    (void)state;
    static const uint8_t low[MEM_VMAP_TYPES] = {3, 2, 1, 0, MEM_VMAP_TYPE_NONE};
    static const Example low_examples[] = {
        {MEM_VMAP_WRITE_BACK, {0x8000000140000019, 0x8000000140000099, 0x8000000140000099}},
        {MEM_VMAP_WRITE_THROUGH, {0x8000000140000011, 0x8000000140000091, 0x8000000140000091}},
        {MEM_VMAP_UNCACHED, {0x8000000140000009, 0x8000000140000089, 0x8000000140000089}},
        {MEM_VMAP_WRITE_COMBINING, {0x8000000140000001, 0x8000000140000081, 0x8000000140000081}},
    };
    MemVmapOptions options = {.type_index = low};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    assert_examples(space, low_examples, 4);
    must_not_map(space, 0, 0, PAGE, MEM_VMAP_DEVICE, MEM_ENOTSUP);
    space_end(space);
}

static const uint8_t high_types[MEM_VMAP_TYPES] = {0, 4, 5, 6, 7};

static const Example high_examples[] = {
    {MEM_VMAP_WRITE_BACK, {0x8000000140000001, 0x8000000140000081, 0x8000000140000081}},
    {MEM_VMAP_WRITE_THROUGH, {0x8000000140000081, 0x8000000140001081, 0x8000000140001081}},
    {MEM_VMAP_UNCACHED, {0x8000000140000089, 0x8000000140001089, 0x8000000140001089}},
    {MEM_VMAP_WRITE_COMBINING, {0x8000000140000091, 0x8000000140001091, 0x8000000140001091}},
    {MEM_VMAP_DEVICE, {0x8000000140000099, 0x8000000140001099, 0x8000000140001099}},
};

/* PAT is bit 7 in a page and bit 12 in a large leaf, whose bit 7 says that it is one. */
static void bug_36_pat_bit_moves_with_the_level(void **state)
{
    (void)state;
    MemVmapOptions options = {.type_index = high_types};
    Space *space = space_new("x86_64_5level", SPACE_ONE_CPU, &options);
    assert_examples(space, high_examples, 5);
    space_end(space);
}

static void bug_36_pat_bit_moves_when_a_leaf_is_split(void **state)
{
    (void)state;
    MemVmapOptions options = {.type_index = high_types};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_map(space, EXAMPLE_PHYS, 2 * G1, G1, MEM_VMAP_UNCACHED);
    mem_vmap_unmap(&space->vmap, 2 * G1 + M2 + PAGE, PAGE);
    assert_true(raw_leaf(space, 2 * G1, 1) == 0x8000000140001089);
    assert_true(raw_leaf(space, 2 * G1 + M2, 0) == 0x8000000140200089);
    assert_true(raw_leaf(space, 2 * G1 + M2 + 2 * PAGE, 0) == 0x8000000140202089);
    assert_leaf(space, 2 * G1 + M2, EXAMPLE_PHYS + M2, PAGE, MEM_VMAP_UNCACHED);
    must_protect(space, 2 * G1, 2 * PAGE, MEM_VMAP_WRITE);
    assert_true(raw_leaf(space, 2 * G1 + PAGE, 0) == 0x800000014000108b);
    assert_true(raw_leaf(space, 2 * G1 + 2 * PAGE, 0) == 0x8000000140002089);
    space_end(space);
}

static void bug_36_pat_bit_moves_when_leaves_are_collapsed(void **state)
{
    (void)state;
    MemVmapOptions options = {.type_index = high_types};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_map(space, EXAMPLE_PHYS, 2 * G1, M2, MEM_VMAP_WRITE_COMBINING | MEM_VMAP_CAP_4K);
    assert_int_equal(mem_vmap_collapse(&space->vmap, 2 * G1, M2), 0);
    assert_true(raw_leaf(space, 2 * G1, 1) == 0x8000000140001091);
    space_end(space);
}

static void a_leaf_holds_every_bit_of_its_address(void **state)
{
    Space *space = *state;
    must_map(space, 0x000ffffffffff000, 0x1000, PAGE, 0);
    assert_true(raw_leaf(space, 0x1000, 0) == 0x800ffffffffff001);
    must_map(space, 0x000fffffffe00000, M2, M2, 0);
    assert_true(raw_leaf(space, M2, 1) == 0x800fffffffe00081);
    must_map(space, 0x000fffffc0000000, G1, G1, 0);
    assert_true(raw_leaf(space, G1, 2) == 0x800fffffc0000081);
    must_map(space, 0x000aaaaaaaaaa000, 0x2000, PAGE, MEM_VMAP_EXEC);
    assert_true(raw_leaf(space, 0x2000, 0) == 0x000aaaaaaaaaa001);
}

/* P, RW, US and A are set, PWT, PCD, PS and NX clear: a parent must not take away what a leaf grants. */
static void parents_are_permissive_and_accessed(void **state)
{
    static const uint64_t meaningful = 0x800ffffffffff0bf; /* all that is neither ignored nor bit 6 */
    static const int flags[] = {0, MEM_VMAP_EXEC, MEM_VMAP_DEVICE, RWUG};
    Space *space = *state;
    for (unsigned i = 0; i < 4; i++) {
        usize virt = space->high_start + i * G512;
        must_map(space, 0x5000, virt, PAGE, flags[i]);
        RawTree tree = space_raw(space);
        RawWalk walk = raw_walk(&tree, virt);
        for (unsigned level = 1; level < space->levels; level++) {
            assert_int_equal(walk.path[level] & meaningful & 0xfff, 0x27);
            assert_int_equal(walk.path[level] >> 63, 0);
        }
    }
}

/* Each level takes its nine bits of the address: 47:39, 38:30, 29:21, 20:12, and 56:48 with five levels. */
static void each_level_takes_its_own_index(void **state)
{
    Space *space = *state;
    usize virt = ((usize)0x13 << 39) | ((usize)0x25 << 30) | ((usize)0x137 << 21) | ((usize)0x1a5 << 12);
    unsigned index[] = {0x1a5, 0x137, 0x25, 0x13, 0};
    if (space->levels == 5)
        virt |= (usize)(index[4] = 0x71) << 48;
    must_map(space, 0x5000, virt, PAGE, 0);
    usize table = mem_vmap_root(&space->vmap);
    for (unsigned level = space->levels; level-- > 0;) {
        const uint64_t *entries = (const uint64_t *)(space->port.direct_map + table);
        for (unsigned i = 0; i < 512; i++)
            assert_int_equal(entries[i] != 0, i == index[level]);
        table = entries[index[level]] & 0x000ffffffffff000;
    }
    assert_int_equal(table, 0x5000);
}

/* An absent entry keeps no address behind (SDM and the L1 terminal fault): it is all zero. */
static void bug_65_absent_entries_are_all_zero(void **state)
{
    Space *space = *state;
    must_map(space, 0x1000, 0, 3 * M2, RWUG | MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY | MEM_VMAP_CAP_4K);
    must_map(space, G1, G1, G1 + M2, MEM_VMAP_DEVICE);
    mem_vmap_unmap(&space->vmap, 5 * PAGE, PAGE);
    mem_vmap_unmap(&space->vmap, M2 - PAGE, M2 + PAGE);
    mem_vmap_unmap(&space->vmap, 2 * G1, M2);
    RawTree tree = space_raw(space);
    assert_int_equal(*raw_slot(&tree, 5 * PAGE, 0), 0);
    assert_int_equal(*raw_slot(&tree, M2 - PAGE, 0), 0);
    assert_int_equal(*raw_slot(&tree, M2, 1), 0);
    assert_int_equal(*raw_slot(&tree, 2 * G1, 2), 0);
    assert_null(raw_defect(&tree)); /* and so is every other */
}

/* Global is a matter of leaves: in a parent the bit is ignored, or reserved on other CPUs. */
static void bug_61_parents_are_not_global(void **state)
{
    Space *space = *state;
    must_map(space, 0x5000, 0x1000, PAGE, MEM_VMAP_GLOBAL);
    RawTree tree = space_raw(space);
    RawWalk walk = raw_walk(&tree, 0x1000);
    for (unsigned level = 1; level < space->levels; level++)
        assert_false(walk.path[level] & RAW_G);
}

/* What the MMU sets is seen, and kept by protect and by a split. */
static void bug_47_accessed_and_dirty_of_the_mmu_are_kept(void **state)
{
    Space *space = *state;
    must_map(space, G1, G1, M2, MEM_VMAP_WRITE);
    RawTree tree = space_raw(space);
    *raw_slot(&tree, G1, 1) |= RAW_A | RAW_D;
    int flags = MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY;
    assert_leaf(space, G1, G1, M2, MEM_VMAP_WRITE | flags);
    must_protect(space, G1, M2, MEM_VMAP_USER);
    assert_leaf(space, G1, G1, M2, MEM_VMAP_USER | flags);
    mem_vmap_unmap(&space->vmap, G1, PAGE);
    assert_leaves(space, G1 + PAGE, G1 + PAGE, M2 - PAGE, PAGE, MEM_VMAP_USER | flags);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(each_right_has_its_bit),
        TEST(memory_types_after_reset),
        cmocka_unit_test(memory_types_where_the_kernel_put_them),
        cmocka_unit_test(bug_36_pat_bit_moves_with_the_level),
        cmocka_unit_test(bug_36_pat_bit_moves_when_a_leaf_is_split),
        cmocka_unit_test(bug_36_pat_bit_moves_when_leaves_are_collapsed),
        TEST(a_leaf_holds_every_bit_of_its_address),
        TEST(parents_are_permissive_and_accessed),
        TEST(each_level_takes_its_own_index),
        TEST(bug_65_absent_entries_are_all_zero),
        TEST(bug_61_parents_are_not_global),
        TEST(bug_47_accessed_and_dirty_of_the_mmu_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
