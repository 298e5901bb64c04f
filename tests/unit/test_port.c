/* SPDX-License-Identifier: MIT */
/* The port: what happens without each optional hook, in hooks that call back, and on unusual machines. */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

/* All that a space can do, on a port that may lack anything. */
static void exercise(Space *space)
{
    MemVmap *vmap = &space->vmap;
    must_map(space, PHYS, VIRT, G1 + M2, MEM_VMAP_WRITE);
    must_map(space, 0, 0, 600 * PAGE, MEM_VMAP_CAP_4K | MEM_VMAP_GLOBAL);
    mem_vmap_unmap(vmap, VIRT + PAGE, PAGE);
    must_protect(space, VIRT + M2 + PAGE, PAGE, 0);
    mem_vmap_unmap(vmap, 513 * PAGE, G1);
    assert_int_equal(mem_vmap_collapse(vmap, 0, M2), 0);
    mem_vmap_switch_to(vmap);
    assert_leaf(space, 0, 0, M2, MEM_VMAP_GLOBAL);
    assert_leaf(space, M2, M2, PAGE, MEM_VMAP_GLOBAL);
    assert_hole(space, VIRT + PAGE);
    assert_leaf(space, VIRT + M2 + PAGE, PHYS + M2 + PAGE, PAGE, 0);
    space_check(space);
}

static void two_members_are_enough(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    space->port = (MemVmapPort){
        .page_get = space->port.page_get,
        .direct_map = space->port.direct_map,
        .context = space,
    };
    space_make(space, NULL);
    exercise(space);
    space_end(space);
}

static void without_page_put_pages_stay_in_the_pool(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    space->port.page_put = NULL;
    space_make(space, &(MemVmapOptions){.cache_pages = MEM_VMAP_NO_CACHE});
    must_map(space, 0, 0, 300 * M2, MEM_VMAP_CAP_4K);
    mem_vmap_unmap(&space->vmap, 0, 300 * M2);
    assert_int_equal(space_stats(space).pool_free, 302);
    host_fail_from(space->host, 1);
    must_map(space, 0, G512, 300 * M2, MEM_VMAP_CAP_4K);
    space_end(space);
}

static void without_lost_nobody_is_told(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    space->port.lost = NULL;
    space_make(space, &(MemVmapOptions){.cache_pages = MEM_VMAP_NO_CACHE});
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_NO_RESERVE);
    host_fail_from(space->host, 1);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_hole(space, VIRT + M2 - 1);
    assert_int_equal(space_stats(space).lost, 1);
    space_end(space);
}

static void without_a_lock(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_5level", SPACE_MANY_CPUS);
    space->port.lock = NULL;
    space->port.unlock = NULL;
    space_make(space, NULL);
    exercise(space);
    assert_int_equal(space->locks, 0);
    space_end(space);
}

/* Since the last time that somebody asked. */
static void assert_lock_taken(const Space *space, usize *locks)
{
    assert_true(space->locks > *locks);
    *locks = space->locks;
}

/* The header's table of calls: which take the lock. */
static void which_calls_take_the_lock(void **state)
{
    Space *space = *state;
    MemVmap *vmap = &space->vmap;
    MemVmapStats stats;
    usize pages, locks = space->locks;
    must_map(space, PHYS, VIRT, 2 * PAGE, 0);
    assert_lock_taken(space, &locks);
    must_protect(space, VIRT, PAGE, MEM_VMAP_WRITE);
    assert_lock_taken(space, &locks);
    mem_vmap_unmap(vmap, VIRT, PAGE);
    assert_lock_taken(space, &locks);
    assert_int_equal(mem_vmap_collapse(vmap, VIRT, M2), 0);
    assert_lock_taken(space, &locks);
    assert_int_equal(mem_vmap_cost(vmap, 0, 0, PAGE, 0, &pages), 0);
    assert_lock_taken(space, &locks);
    assert_int_equal(mem_vmap_unmap_cost(vmap, 0, PAGE, &pages), 0);
    assert_lock_taken(space, &locks);
    assert_int_equal(mem_vmap_stats(vmap, &stats), 0);
    assert_lock_taken(space, &locks);
    assert_int_equal(mem_vmap_verify(vmap, NULL), 0);
    assert_lock_taken(space, &locks);
    assert_int_equal(mem_vmap_reserve(vmap, 3), 0);
    assert_lock_taken(space, &locks);
    mem_vmap_switch_to(vmap);
    mem_vmap_translate(vmap, VIRT);
    assert_int_equal(space->locks, locks);
}

/*
 * Physical address 0 is a page like any other, for a table too. The arena begins there; the first pages are
 * put into the pool and come out again, so that the page at 0 is now the root, now a table of some level.
 */
static void bug_59_a_table_at_physical_zero(void **state)
{
    (void)state;
    for (usize skip = 0; skip < 4; skip++) {
        Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
        space->phys_shift = HOST_PHYS_BASE;
        space->port.direct_map += HOST_PHYS_BASE;
        usize pages[4];
        for (usize i = 0; i <= skip; i++)
            pages[i] = space->port.page_get(space, PAGE);
        assert_int_equal(pages[0], 0);
        for (usize i = 0; i <= skip; i++) /* the host hands out the last that came back first */
            space->port.page_put(space, pages[i], PAGE);
        space_make(space, NULL);
        exercise(space);
        mem_vmap_unmap(&space->vmap, 0, SIZE_MAX);
        assert_int_equal(space_stats(space).tables, 1);
        exercise(space);
        space_end(space);
    }
}

static void tables_beyond_4_gib(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_MANY_CPUS);
    space->phys_shift = HOST_PHYS_BASE - ((usize)0xabcde << 32);
    space->port.direct_map += space->phys_shift;
    space_make(space, NULL);
    exercise(space);
    space_end(space);
}

/* What a page_get that calls back does, once, in the middle of another call. */
typedef struct intrusion {
    void (*act)(Space *space);
    unsigned at; /* which page_get from here on */
    bool done;
} Intrusion;

static void intrude(Space *space)
{
    Intrusion *intrusion = space->test;
    if (intrusion->done || intrusion->at-- > 0)
        return;
    intrusion->done = true;
    intrusion->act(space);
}

static void map_and_unmap_elsewhere(Space *space)
{
    must_map(space, 0, VIRT + G512, 3 * M2, MEM_VMAP_CAP_4K);
    mem_vmap_unmap(&space->vmap, VIRT + G512 + PAGE, PAGE);
}

static void map_beside(Space *space)
{
    must_map(space, 0, VIRT - PAGE, PAGE, MEM_VMAP_USER);
    must_map(space, 0, VIRT + 40 * M2, PAGE, MEM_VMAP_USER);
}

static void map_inside(Space *space)
{
    must_map(space, 0, VIRT + 7 * M2, PAGE, MEM_VMAP_USER);
}

static void unmap_what_keeps_the_tables(Space *space)
{
    mem_vmap_unmap(&space->vmap, VIRT - PAGE, PAGE);
    mem_vmap_unmap(&space->vmap, VIRT + 40 * M2, PAGE);
}

/* Runs `act` inside each page_get of a map of 40 tables, in turn; `code` is what that map must return. */
static void map_with_intrusion(void (*act)(Space *), void (*prepare)(Space *), int code)
{
    for (unsigned at = 0;; at++) {
        MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
        Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
        Intrusion intrusion = {.act = act, .at = at};
        if (prepare)
            prepare(space);
        space->test = &intrusion;
        space->on_get = intrude;
        int result = mem_vmap_map(&space->vmap, PHYS, VIRT, 40 * M2, MEM_VMAP_CAP_4K);
        space->on_get = NULL;
        assert_int_equal(result, intrusion.done ? code : 0);
        if (result == 0)
            assert_leaves(space, VIRT, PHYS, 40 * M2, PAGE, 0);
        else
            assert_hole(space, VIRT);
        space_check(space);
        bool last = !intrusion.done;
        space_end(space);
        if (last)
            return;
    }
}

static void bug_41_page_get_that_maps_and_unmaps_elsewhere(void **state)
{
    (void)state;
    map_with_intrusion(map_and_unmap_elsewhere, NULL, 0);
}

static void bug_41_page_get_that_maps_the_neighbours(void **state)
{
    (void)state;
    map_with_intrusion(map_beside, NULL, 0);
}

static void bug_41_page_get_that_maps_into_the_range(void **state)
{
    (void)state;
    map_with_intrusion(map_inside, NULL, MEM_EOVERLAP);
}

static void bug_41_page_get_that_takes_away_the_tables_that_were_there(void **state)
{
    (void)state;
    map_with_intrusion(unmap_what_keeps_the_tables, map_beside, 0);
}

static void unmap_the_leaf_that_is_being_split(Space *space)
{
    mem_vmap_unmap(&space->vmap, VIRT, M2);
}

static void bug_41_page_get_that_unmaps_the_leaf_that_a_split_is_for(void **state)
{
    (void)state;
    for (unsigned protect = 0; protect < 2; protect++) {
        MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
        Space *space = space_new("x86_64_4level", SPACE_MANY_CPUS, &options);
        Intrusion intrusion = {.act = unmap_the_leaf_that_is_being_split};
        must_map(space, PHYS, VIRT, 2 * M2, MEM_VMAP_NO_RESERVE | MEM_VMAP_WRITE);
        space->test = &intrusion;
        space->on_get = intrude;
        if (protect)
            assert_int_equal(mem_vmap_protect(&space->vmap, VIRT + PAGE, PAGE, 0), MEM_EMISS);
        else
            mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
        assert_true(intrusion.done);
        assert_hole(space, VIRT);
        assert_leaf(space, VIRT + M2, PHYS + M2, M2, MEM_VMAP_NO_RESERVE | MEM_VMAP_WRITE);
        space_end(space);
    }
}

static void here_and_there_get_the_same_plans(void **state)
{
    (void)state;
    Space *space = space_new("x86_64_4level", SPACE_MANY_CPUS, NULL);
    exercise(space);
    assert_true(space->heres > 0);
    assert_int_equal(space->theres, space->heres);
    space_end(space);
}

static void two_spaces_on_one_machine(void **state)
{
    Space *space = *state;
    MemVmap other;
    assert_int_equal(mem_vmap_init(&other, &space->host_port, space->format, NULL), 0);
    must_map(space, PHYS, VIRT, PAGE, 0);
    assert_int_equal(mem_vmap_lookup(&other, VIRT, NULL), MEM_EMISS);
    assert_int_equal(mem_vmap_map(&other, 2 * PHYS, VIRT, PAGE, 0), 0);
    assert_leaf(space, VIRT, PHYS, PAGE, 0);
    assert_int_equal(mem_vmap_translate(&other, VIRT), 2 * PHYS);
    assert_true(mem_vmap_root(&other) != mem_vmap_root(&space->vmap));
    mem_vmap_destroy(&other);
    assert_leaf(space, VIRT, PHYS, PAGE, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_members_are_enough),
        cmocka_unit_test(without_page_put_pages_stay_in_the_pool),
        cmocka_unit_test(without_lost_nobody_is_told),
        cmocka_unit_test(without_a_lock),
        TEST(which_calls_take_the_lock),
        cmocka_unit_test(bug_59_a_table_at_physical_zero),
        cmocka_unit_test(tables_beyond_4_gib),
        cmocka_unit_test(bug_41_page_get_that_maps_and_unmaps_elsewhere),
        cmocka_unit_test(bug_41_page_get_that_maps_the_neighbours),
        cmocka_unit_test(bug_41_page_get_that_maps_into_the_range),
        cmocka_unit_test(bug_41_page_get_that_takes_away_the_tables_that_were_there),
        cmocka_unit_test(bug_41_page_get_that_unmaps_the_leaf_that_a_split_is_for),
        cmocka_unit_test(here_and_there_get_the_same_plans),
        TEST(two_spaces_on_one_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
