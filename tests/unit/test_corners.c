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

static void collapse_on_a_cpu_without_large_leaves_joins_nothing(void **state)
{
    static const usize sizes[] = {PAGE, PAGE | M2};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        MemVmapOptions options = {.leaf_sizes = sizes[i]};
        Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
        must_map(space, PHYS, VIRT, i == 0 ? M2 : G1, 0);
        Snapshot before = space_snapshot(space);
        assert_int_equal(mem_vmap_collapse(&space->vmap, VIRT, G1), 0);
        assert_unchanged(space, &before);
        space_end(space);
    }
}

/* Each of two open batches has removed what the other is asked for next: both must flush all of it. */
static void two_open_batches_wait_for_each_other(void **state)
{
    Space *space = *state;
    MemVmapBatch batches[2];
    must_map(space, PHYS, VIRT, 8 * PAGE, 0);
    for (usize i = 0; i < 2; i++) {
        assert_int_equal(mem_vmap_batch_begin(&batches[i], &space->vmap), 0);
        mem_vmap_batch_unmap(&batches[i], VIRT + 2 * i * PAGE, PAGE);
    }
    for (usize i = 0; i < 2; i++)
        mem_vmap_batch_unmap(&batches[i], VIRT + 2 * (1 - i) * PAGE, PAGE);
    for (usize i = 0; i < 2; i++) {
        mem_vmap_batch_end(&batches[i]);
        assert_true(plan_covers(space_last_plan(space), VIRT, VIRT + PAGE - 1));
        assert_true(plan_covers(space_last_plan(space), VIRT + 2 * PAGE, VIRT + 3 * PAGE - 1));
    }
}

/* Of a run of pages some lose a right: at its start, at its end. */
static void protect_flushes_whichever_page_loses_a_right(void **state)
{
    Space *space = *state;
    for (usize i = 0; i < 3; i++) {
        must_map(space, PHYS, VIRT, 3 * PAGE, 0);
        must_protect(space, VIRT + i * PAGE, PAGE, MEM_VMAP_WRITE);
        usize before = space_shootdowns(space);
        must_protect(space, VIRT, 3 * PAGE, MEM_VMAP_USER);
        assert_int_equal(space_shootdowns(space), before + 1);
        assert_true(plan_covers(space_last_plan(space), VIRT + i * PAGE, VIRT + (i + 1) * PAGE - 1));
        mem_vmap_unmap(&space->vmap, VIRT, 3 * PAGE);
    }
}

/* The address space ends at its last byte: it does not go on at 0. */
static void ranges_do_not_merge_across_the_top(void **state)
{
    Space *space = *state;
    const usize pages[] = {TOP_PAGE, 0, TOP_PAGE};
    MemVmapBatch batch;
    must_map(space, PHYS, 0, PAGE, 0);
    for (unsigned i = 0; i < 2; i++) {
        must_map(space, PHYS, TOP_PAGE, PAGE, 0);
        assert_int_equal(mem_vmap_batch_begin(&batch, &space->vmap), 0);
        mem_vmap_batch_unmap(&batch, pages[i], PAGE);
        mem_vmap_batch_unmap(&batch, pages[i + 1], PAGE);
        mem_vmap_batch_end(&batch);
        assert_true(plan_covers(space_last_plan(space), 0, PAGE - 1));
        assert_true(plan_covers(space_last_plan(space), TOP_PAGE, SIZE_MAX));
        must_map(space, PHYS, 0, PAGE, 0);
    }
}

/* A large leaf and pages behind it: one stride for both would pass over pages, or leave the leaf. */
static void ranges_of_two_strides_stay_apart(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2 + 2 * PAGE, 0);
    must_map(space, PHYS, VIRT + 2 * M2, PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT, M2 + PAGE);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_int_equal(plan->count, 2);
    assert_int_equal(plan->ranges[0].stride, M2);
    assert_int_equal(plan->ranges[1].stride, PAGE);
}

static void a_split_of_a_global_leaf_is_flushed_as_global(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_GLOBAL);
    must_protect(space, VIRT + PAGE, PAGE, MEM_VMAP_GLOBAL | MEM_VMAP_WRITE); /* takes no right away */
    assert_true(space_last_plan(space)->global);
}

static void a_collapse_of_global_pages_is_flushed_as_global(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_GLOBAL | MEM_VMAP_CAP_4K);
    assert_int_equal(mem_vmap_collapse(&space->vmap, VIRT, M2), 0);
    assert_true(space_last_plan(space)->global);
}

/* Nobody looks at the pages of a table that goes at once: that one became global must be remembered. */
static void pages_that_protect_made_global_are_flushed_as_global(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 2 * M2, MEM_VMAP_CAP_4K);
    must_protect(space, VIRT + M2 - PAGE, 2 * PAGE, MEM_VMAP_GLOBAL);
    mem_vmap_unmap(&space->vmap, VIRT, M2);
    assert_true(space_last_plan(space)->global);
}

/* The port hears virtual addresses: those of the upper half have their sign. */
static void a_lost_leaf_of_the_upper_half_is_told_where_it_was(void **state)
{
    (void)state;
    MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    usize virt = space->high_start + G1;
    must_map(space, PHYS, virt, M2, MEM_VMAP_NO_RESERVE);
    host_fail_from(space->host, 1);
    mem_vmap_unmap(&space->vmap, virt + PAGE, PAGE);
    assert_int_equal(space->lost_count, 1);
    assert_int_equal(space->losts[0].virt, virt);
    assert_int_equal(space->losts[0].len, M2);
    space_end(space);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_refuses_a_physical_width_below_a_page),
        cmocka_unit_test(without_page_put_a_failed_map_leaves_its_pages_to_the_next),
        TEST(visit_ends_the_walk_between_two_tables),
        TEST(collapse_joins_no_more_than_it_has_paid_for),
        cmocka_unit_test(collapse_on_a_cpu_without_large_leaves_joins_nothing),
        TEST(two_open_batches_wait_for_each_other),
        TEST(protect_flushes_whichever_page_loses_a_right),
        TEST(ranges_do_not_merge_across_the_top),
        TEST(ranges_of_two_strides_stay_apart),
        TEST(a_split_of_a_global_leaf_is_flushed_as_global),
        TEST(a_collapse_of_global_pages_is_flushed_as_global),
        TEST(pages_that_protect_made_global_are_flushed_as_global),
        cmocka_unit_test(a_lost_leaf_of_the_upper_half_is_told_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
