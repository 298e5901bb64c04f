/* SPDX-License-Identifier: MIT */
/*
 * A call that runs while another one flushes. What the first has removed is gone from the tables, but CPUs
 * may still use it: the second must not return before they have forgotten it. The second call is made from
 * the first one's shootdown hook, which is where another CPU would come in between. Where there is one (4 levels) a
 * short unmap forgets under the lock, and nobody can.
 */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

/* What the second call does; the hook runs it once, and notes whether it flushed `first` to `last`. */
typedef struct second {
    void (*call)(Space *space);
    usize first, last;
    bool entered, flushed, quiet;
} Second;

static void second_on_plan(Space *space, const MemVmapPlan *plan)
{
    Second *second = space->test;
    (void)plan;
    space->on_plan = NULL;
    second->entered = true;
    usize before = space->plan_count;
    second->call(space);
    for (usize i = before; i < space->plan_count; i++)
        second->flushed |= plan_covers(&space->plans[i], second->first, second->last) &&
                           space->plans[i].ranges[0].stride == PAGE;
    second->quiet = space->plan_count == before;
}

static Second *arm(Space *space, Second *second)
{
    space->test = second;
    space->on_plan = second_on_plan;
    return second;
}

static void unmap_pages(Space *space)
{
    mem_vmap_unmap(&space->vmap, VIRT, 4 * PAGE);
}

static void protect_pages(Space *space)
{
    must_protect(space, VIRT, 4 * PAGE, 0);
}

static void map_other_frames(Space *space)
{
    must_map(space, PHYS + G1, VIRT, 4 * PAGE, 0);
}

static void unmap_one_page_of_the_block(Space *space)
{
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
}

static void unmap_elsewhere(Space *space)
{
    mem_vmap_unmap(&space->vmap, VIRT + 4 * G1, PAGE);
}

static void bug_19_second_unmap_of_a_range_flushes_too(void **state)
{
    Space *space = *state;
    Second second = {unmap_pages, VIRT, VIRT + 4 * PAGE - 1, false, false, false};
    must_map(space, PHYS, VIRT, 4 * PAGE, 0);
    arm(space, &second);
    mem_vmap_unmap(&space->vmap, VIRT, 4 * PAGE);
    assert_true(second.flushed);
}

static void second_unmap_flushes_in_a_table_that_goes_on(void **state)
{
    Space *space = *state;
    Second second = {unmap_pages, VIRT, VIRT + 4 * PAGE - 1, false, false, false};
    must_map(space, PHYS, VIRT, 32 * PAGE, 0);
    arm(space, &second);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    assert_true(second.flushed);
}

static void second_protect_flushes_too(void **state)
{
    Space *space = *state;
    Second second = {protect_pages, VIRT, VIRT + 4 * PAGE - 1, false, false, false};
    must_map(space, PHYS, VIRT, 4 * PAGE, MEM_VMAP_WRITE);
    arm(space, &second);
    must_protect(space, VIRT, 4 * PAGE, 0);
    assert_true(second.flushed);
}

static void map_waits_for_the_old_translation(void **state)
{
    Space *space = *state;
    Second second = {map_other_frames, VIRT, VIRT + 4 * PAGE - 1, false, false, false};
    must_map(space, PHYS, VIRT, 4 * PAGE, 0);
    must_map(space, 0, VIRT + 8 * PAGE, PAGE, 0);
    arm(space, &second);
    mem_vmap_unmap(&space->vmap, VIRT, 4 * PAGE);
    assert_true(second.flushed);
    assert_leaves(space, VIRT, PHYS + G1, 4 * PAGE, PAGE, 0);
}

/* The pages of a joined leaf may be cached one by one, though the tables say that the leaf is large. */
static void unmap_beside_a_collapse_flushes_page_by_page(void **state)
{
    Space *space = *state;
    Second second = {unmap_one_page_of_the_block, VIRT + PAGE, VIRT + 2 * PAGE - 1, false, false, false};
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
    arm(space, &second);
    assert_int_equal(mem_vmap_collapse(&space->vmap, VIRT, M2), 0);
    assert_true(second.flushed);
    assert_hole(space, VIRT + PAGE);
}

static void calls_elsewhere_flush_nothing_more(void **state)
{
    Space *space = *state;
    Second second = {unmap_elsewhere, VIRT, VIRT + PAGE - 1, false, false, false};
    must_map(space, PHYS, VIRT, 4 * PAGE, 0);
    arm(space, &second);
    mem_vmap_unmap(&space->vmap, VIRT, 4 * PAGE);
    assert_true(second.entered);
    assert_true(second.quiet);
}

static void an_open_batch_makes_others_flush(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    must_map(space, PHYS, VIRT, 8 * PAGE, 0);
    assert_int_equal(mem_vmap_batch_begin(&batch, &space->vmap), 0);
    mem_vmap_batch_unmap(&batch, VIRT, 4 * PAGE);
    assert_int_equal(space->plan_count, 0);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_int_equal(space->plan_count, 1);
    assert_true(plan_covers(&space->plans[0], VIRT, VIRT + PAGE - 1));
    mem_vmap_batch_end(&batch);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_int_equal(space->plan_count, 2);
}

/* A walk cache may still lead to the table that the batch holds; the new page is in another. */
static void map_beside_a_dropped_table_is_seen_by_all(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_map(space, PHYS, VIRT + M2, PAGE, 0);
    assert_int_equal(mem_vmap_batch_begin(&batch, &space->vmap), 0);
    mem_vmap_batch_unmap(&batch, VIRT, PAGE);
    assert_int_equal(space_stats(space).tables_waiting, 1);
    must_map(space, PHYS, VIRT + 2 * M2, PAGE, 0);
    assert_int_equal(space->plan_count, 0);
    must_map(space, PHYS, VIRT + PAGE, PAGE, 0);
    assert_int_equal(space->plan_count, 1);
    assert_true(space->plans[0].tables);
    assert_true(plan_covers(&space->plans[0], VIRT + PAGE, VIRT + 2 * PAGE - 1));
    mem_vmap_batch_end(&batch);
}

static void batches_end_in_any_order(void **state)
{
    Space *space = *state;
    MemVmapBatch batches[3];
    must_map(space, PHYS, VIRT, 8 * PAGE, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mem_vmap_batch_begin(&batches[i], &space->vmap), 0);
        mem_vmap_batch_unmap(&batches[i], VIRT + i * PAGE, PAGE);
    }
    mem_vmap_batch_end(&batches[1]);
    mem_vmap_batch_end(&batches[0]);
    mem_vmap_batch_end(&batches[2]);
    usize before = space->plan_count;
    mem_vmap_unmap(&space->vmap, VIRT, 3 * PAGE);
    assert_int_equal(space->plan_count, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bug_19_second_unmap_of_a_range_flushes_too),
        TEST(second_unmap_flushes_in_a_table_that_goes_on),
        TEST(second_protect_flushes_too),
        TEST_5(map_waits_for_the_old_translation),
        TEST(unmap_beside_a_collapse_flushes_page_by_page),
        TEST(calls_elsewhere_flush_nothing_more),
        TEST(an_open_batch_makes_others_flush),
        TEST(map_beside_a_dropped_table_is_seen_by_all),
        TEST(batches_end_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
