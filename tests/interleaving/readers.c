/* SPDX-License-Identifier: MIT */
/* A reader that is interrupted before each of its loads by a writer that frees the table it is in. */
#include "tests/interleaving/watch.h"

#define VIRT  (3 * G1)
#define OTHER (VIRT + 2 * G512) /* the same slot of a table of each level but the topmost */
#define PHYS  (5 * G1)
#define PAGES 8

/* The table of VIRT goes to OTHER, where the same slots lead to other frames. */
static void move_the_table(Space *space)
{
    mem_vmap_unmap(&space->vmap, VIRT, PAGES * PAGE);
    must_map(space, PHYS + G1, OTHER, PAGES * PAGE, MEM_VMAP_WRITE);
}

static void move_back(Space *space)
{
    mem_vmap_unmap(&space->vmap, OTHER, PAGES * PAGE);
    mem_vmap_unmap(&space->vmap, VIRT, PAGES * PAGE);
    must_map(space, PHYS, VIRT, PAGES * PAGE, 0);
}

/* Reads once for each load that can be interrupted. */
static void read_interrupted(Space *space, void (*read)(Space *space))
{
    usize at = 0;
    do {
        move_back(space);
        interrupt_load(++at, move_the_table, space);
        read(space);
    } while (interrupt_happened());
    assert_true(at > space->levels);
}

static void lookup_old_or_miss(Space *space)
{
    MemVmapLeaf leaf = {0};
    int result = mem_vmap_lookup(&space->vmap, VIRT + PAGE, &leaf);
    assert_true(result == MEM_EMISS || leaf.phys == PHYS + PAGE);
}

static void bug_75_lookup_in_a_table_that_moves(void **state)
{
    read_interrupted(*state, lookup_old_or_miss);
}

static void translate_old_or_miss(Space *space)
{
    usize phys = mem_vmap_translate(&space->vmap, VIRT + PAGE + 5);
    assert_true(mem_vmap_missed(&space->vmap) ? phys == 0 : phys == PHYS + PAGE + 5);
}

static void translate_in_a_table_that_moves(void **state)
{
    read_interrupted(*state, translate_old_or_miss);
}

static int visit_old(void *context, const MemVmapRun *run)
{
    (void)context;
    return run->phys - run->virt == PHYS - VIRT ? 0 : 1;
}

static void walk_old_or_nothing(Space *space)
{
    assert_int_equal(mem_vmap_walk(&space->vmap, VIRT, PAGES * PAGE, NULL, visit_old, NULL), 0);
}

static void walk_over_a_table_that_moves(void **state)
{
    read_interrupted(*state, walk_old_or_nothing);
}

/* As long as nobody holds the lock, a table goes before each load. */
static void free_a_table_each_time(Space *space)
{
    usize *collisions = space->test;
    if (space->lock_depth > 0)
        return;
    mem_vmap_unmap(&space->vmap, OTHER, PAGE);
    must_map(space, PHYS, OTHER, PAGE, 0);
    ++*collisions;
    interrupt_load(1, free_a_table_each_time, space);
}

static void a_reader_takes_the_lock_when_collisions_do_not_end(void **state)
{
    Space *space = *state;
    usize collisions = 0;
    space->test = &collisions;
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_map(space, PHYS, OTHER, PAGE, 0);
    usize locks = space->locks;
    interrupt_load(1, free_a_table_each_time, space);
    assert_int_equal(mem_vmap_translate(&space->vmap, VIRT + 7), PHYS + 7);
    interrupt_happened();
    assert_int_equal(collisions, MEM_VMAP_READ_RETRIES);
    assert_true(space->locks > locks);
}

/* A table goes before each load, `left` times. */
static void free_a_table_some_times(Space *space)
{
    usize *left = space->test;
    if (*left == 0)
        return;
    --*left;
    mem_vmap_unmap(&space->vmap, OTHER, PAGE);
    must_map(space, PHYS, OTHER, PAGE, 0);
    interrupt_load(1, free_a_table_some_times, space);
}

static void without_a_lock_a_reader_goes_on_trying(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    usize left = 3 * MEM_VMAP_READ_RETRIES;
    space->port.lock = space->port.unlock = NULL;
    space->test = &left;
    space_make(space, NULL);
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_map(space, PHYS, OTHER, PAGE, 0);
    interrupt_load(1, free_a_table_some_times, space);
    assert_int_equal(mem_vmap_translate(&space->vmap, VIRT + 7), PHYS + 7);
    interrupt_happened();
    assert_int_equal(left, 0);
    space_end(space);
}

const struct CMUnitTest reader_tests[] = {
    TEST(bug_75_lookup_in_a_table_that_moves),
    TEST(translate_in_a_table_that_moves),
    TEST(walk_over_a_table_that_moves),
    TEST(a_reader_takes_the_lock_when_collisions_do_not_end),
    cmocka_unit_test(without_a_lock_a_reader_goes_on_trying),
};
const unsigned reader_test_count = sizeof reader_tests / sizeof *reader_tests;
