/* SPDX-License-Identifier: MIT */
/* Cases that a call meets only when something rare comes together. Each was once not held by any test. */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

static void init_refuses_a_physical_width_below_a_page(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    for (unsigned bits = 1; bits < 12; bits++) {
        MemVmapOptions options = {.phys_bits = bits};
        assert_int_equal(mem_vmap_init(&space->vmap, &space->port, space->format, &options), MEM_ENOTSUP);
    }
    space_end(space);
}

/* The port takes nothing back: what a map got before it failed serves the next one. */
static void without_page_put_a_failed_map_leaves_its_pages_to_the_next(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    space->port.page_put = NULL;
    space_make(space, NULL);
    host_fail_once(space->host, 3); /* of the three tables that a page needs */
    assert_int_equal(mem_vmap_map(&space->vmap, PHYS, VIRT, PAGE, 0), MEM_ENOMEM);
    assert_hole(space, VIRT);
    assert_int_equal(space_stats(space).pool_free, 2);
    host_fail_once(space->host, 2);
    must_map(space, PHYS, VIRT, PAGE, 0);
    space_end(space);
}

typedef struct visited {
    usize count, stop_at;
} Visited;

static int stop(void *context, const MemVmapRun *run)
{
    Visited *visited = context;
    (void)run;
    return ++visited->count == visited->stop_at ? 4711 : 0;
}

/* A run is reported when the next leaf does not continue it: here that leaf is the first of another table. */
static void visit_ends_the_walk_between_two_tables(void **state)
{
    Space *space = *state;
    for (usize i = 0; i < 4; i++)
        must_map(space, PHYS + 2 * i * PAGE, VIRT + i * M2, PAGE, 0);
    for (usize stop_at = 1; stop_at <= 4; stop_at++) {
        Visited visited = {0, stop_at};
        assert_int_equal(mem_vmap_walk(&space->vmap, VIRT, 4 * M2, NULL, stop, &visited), 4711);
        assert_int_equal(visited.count, stop_at);
    }
}

#define BLOCKS ((usize)3 * MEM_VMAP_BATCH_TABLES)
#define HOLE   (VIRT + (BLOCKS - 2) * M2)

static void fill_the_hole(Space *space, const MemVmapPlan *plan)
{
    (void)plan;
    space->on_plan = NULL;
    must_map(space, PHYS + (HOLE - VIRT), HOLE, PAGE, 0);
}

/* While it flushes, somebody makes one block more fit to join than there are credits for. */
static void collapse_joins_no_more_than_it_has_paid_for(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, BLOCKS * M2, MEM_VMAP_CAP_4K);
    mem_vmap_unmap(&space->vmap, HOLE, PAGE);
    space->on_plan = fill_the_hole;
    assert_int_equal(mem_vmap_collapse(&space->vmap, VIRT, BLOCKS * M2), 0);
    assert_null(space->on_plan);
    MemVmapStats stats = space_stats(space);
    assert_int_equal(stats.leaves[1], BLOCKS - 1);
    assert_int_equal(stats.leaves[0], 512);
    assert_int_equal(stats.credits, BLOCKS - 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_refuses_a_physical_width_below_a_page),
        cmocka_unit_test(without_page_put_a_failed_map_leaves_its_pages_to_the_next),
        TEST(visit_ends_the_walk_between_two_tables),
        TEST(collapse_joins_no_more_than_it_has_paid_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
