/* SPDX-License-Identifier: MIT */
/*
 * White box: each rule of mem_vmap_verify that the bits of single entries do not reach (test_stats has those) is
 * broken, named, and mended.
 */
#include "tests/support/space.h"

#include <string.h>

#define VIRT    (3 * G1)
#define PHYS    (5 * G1)
#define ADDRESS 0x000ffffffffff000ull

/* One more or less of the entries that a link counts: bits 61..52. */
#define COUNT_ONE (1ull << 52)

static void assert_broken(Space *space, const char *rule)
{
    MemVmapDefect defect = {0};
    assert_int_equal(mem_vmap_verify(&space->vmap, &defect), MEM_ECORRUPT);
    assert_string_equal(defect.rule, rule);
}

static uint64_t *slot_of(Space *space, usize virt, unsigned level)
{
    RawTree tree = space_raw(space);
    uint64_t *slot = raw_slot(&tree, virt, level);
    assert_non_null(slot);
    return slot;
}

static void a_table_with_two_parents(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    uint64_t *other = slot_of(space, VIRT + M2, 1), *parent = slot_of(space, VIRT, 2);
    *other = *slot_of(space, VIRT, 1);
    *parent += COUNT_ONE;
    assert_broken(space, "every table is ours and has one parent");
    *other = 0;
    *parent -= COUNT_ONE;
}

static void a_table_that_nobody_links(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_map(space, PHYS, VIRT + M2, PAGE, 0);
    uint64_t *slot = slot_of(space, VIRT, 1), *parent = slot_of(space, VIRT, 2), kept = *slot;
    *slot = 0;
    *parent -= COUNT_ONE;
    assert_broken(space, "every table is reachable");
    *slot = kept;
    *parent += COUNT_ONE;
}

static void what_lies_beyond_the_physical_width(void **state)
{
    (void)state;
    MemVmapOptions options = {.phys_bits = 40};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_map(space, PHYS, VIRT, PAGE, 0);
    for (unsigned level = 0; level < 3; level++) {
        uint64_t *slot = slot_of(space, VIRT, level);
        *slot ^= 1ull << 40;
        assert_broken(space, level == 0 ? "a leaf lies within the physical width"
                                        : "a table is aligned and within the physical width");
        *slot ^= 1ull << 40;
    }
    space_end(space);
}

/* PS where the CPU has no leaves of that size: the bit is reserved then (SDM table 4-16). */
static void a_leaf_of_a_size_that_the_cpu_lacks(void **state)
{
    (void)state;
    MemVmapOptions options = {.leaf_sizes = PAGE | M2};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_map(space, PHYS, VIRT, PAGE, 0);
    uint64_t *slot = slot_of(space, VIRT, 2), kept = *slot;
    *slot = PHYS | RAW_P | RAW_PS;
    assert_broken(space, "no leaf where the level or the CPU has none");
    *slot = kept;
    space_end(space);
}

/* SDM table 4-17: bits 20..13 of a 2 MiB leaf. Bit 12 is PAT, and not reserved. */
static void reserved_bits_of_a_large_leaf(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, 0);
    uint64_t *slot = slot_of(space, VIRT, 1);
    for (unsigned bit = 13; bit < 21; bit++) {
        *slot ^= 1ull << bit;
        assert_broken(space, "reserved bits are zero");
        *slot ^= 1ull << bit;
    }
    *slot ^= RAW_PAT;
    assert_int_equal(mem_vmap_verify(&space->vmap, NULL), 0);
    *slot ^= RAW_PAT;
}

static void credits_of_a_leaf_that_took_none(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_NO_RESERVE);
    *slot_of(space, VIRT, 1) ^= 1 << 9; /* the engine's own bit */
    assert_broken(space, "credits are those of the leaves");
    *slot_of(space, VIRT, 1) ^= 1 << 9;
}

static void a_pool_that_owes_more_than_it_has(void **state)
{
    Space *space = *state;
    MemVmapPool *pool = &space->vmap.pool, kept = *pool;
    pool->reserved = pool->free + 1;
    assert_broken(space, "the pool has what it owes");
    *pool = kept;
}

/* Two dropped subtrees, and single pages. */
static void fill_the_pool(Space *space)
{
    for (usize i = 0; i < 2; i++)
        must_map(space, PHYS, VIRT + i * G1, 8 * M2, MEM_VMAP_CAP_4K);
    must_map(space, PHYS, VIRT + 2 * G1, PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT, 2 * G1);
    mem_vmap_unmap(&space->vmap, VIRT + 2 * G1, PAGE);
    assert_true(space_stats(space).pool_free >= 18);
}

static void a_pool_that_lost_a_page(void **state)
{
    Space *space = *state;
    fill_the_pool(space);
    space->vmap.pool.free++;
    assert_broken(space, "the pool holds what it counts");
    space->vmap.pool.free--;
}

/* Its lists may run in circles: verify looks no further than behind what there should be. */
static void a_pool_with_more_than_it_counts(void **state)
{
    Space *space = *state;
    fill_the_pool(space);
    usize free = space->vmap.pool.free;
    for (usize count = 0; count < free; count++) {
        space->vmap.pool.free = count;
        assert_broken(space, "the pool holds what it counts");
    }
    space->vmap.pool.free = free;
}

static void a_pool_that_runs_in_circles(void **state)
{
    Space *space = *state;
    fill_the_pool(space);
    usize single = space->vmap.pool.singles;
    assert_true(single != MEM_VMAP_NO_PAGE);
    usize *link = (usize *)(space->port.direct_map + single), kept = *link;
    *link = single;
    assert_broken(space, "the pool holds what it counts");
    *link = kept;
}

/* A PAT index that no memory type of this space has: nobody mapped it so. */
static void lookup_of_an_unknown_memory_type(void **state)
{
    Space *space = *state;
    MemVmapLeaf leaf;
    must_map(space, PHYS, VIRT, PAGE, MEM_VMAP_WRITE);
    uint64_t *slot = slot_of(space, VIRT, 0);
    *slot |= RAW_PAT4K | RAW_PCD;
    assert_int_equal(mem_vmap_lookup(&space->vmap, VIRT, &leaf), 0);
    assert_int_equal(leaf.flags, MEM_VMAP_WRITE);
    *slot &= ~(uint64_t)(RAW_PAT4K | RAW_PCD);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_table_with_two_parents),
        TEST(a_table_that_nobody_links),
        cmocka_unit_test(what_lies_beyond_the_physical_width),
        cmocka_unit_test(a_leaf_of_a_size_that_the_cpu_lacks),
        TEST(reserved_bits_of_a_large_leaf),
        TEST(credits_of_a_leaf_that_took_none),
        TEST(a_pool_that_owes_more_than_it_has),
        TEST(a_pool_that_lost_a_page),
        TEST(a_pool_with_more_than_it_counts),
        TEST(a_pool_that_runs_in_circles),
        TEST(lookup_of_an_unknown_memory_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
