/* SPDX-License-Identifier: MIT */
/* Batches: one shootdown for many calls, and nothing is reused before it. */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

static MemVmapBatch begin(Space *space)
{
    MemVmapBatch batch;
    assert_int_equal(mem_vmap_batch_begin(&batch, &space->vmap), 0);
    return batch;
}

/* Pages VIRT + i * step are mapped for i below count, and their tables stay. */
static void map_pages(Space *space, unsigned count, usize step, int flags)
{
    for (unsigned i = 0; i < count; i++)
        must_map(space, PHYS + i * PAGE, VIRT + i * step, PAGE, flags);
}

static void a_batch_shares_one_shootdown(void **state)
{
    Space *space = *state;
    map_pages(space, 8, PAGE, MEM_VMAP_WRITE);
    MemVmapBatch batch = begin(space);
    mem_vmap_batch_unmap(&batch, VIRT, PAGE);
    assert_int_equal(mem_vmap_batch_protect(&batch, VIRT + 2 * PAGE, PAGE, 0), 0);
    mem_vmap_batch_unmap(&batch, VIRT + 4 * PAGE, PAGE);
    assert_int_equal(space_shootdowns(space), 0);
    assert_hole(space, VIRT); /* the tables say so at once */
    assert_leaf(space, VIRT + 2 * PAGE, PHYS + 2 * PAGE, PAGE, 0);
    mem_vmap_batch_end(&batch);
    assert_int_equal(space_shootdowns(space), 1);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_false(plan->everything);
    assert_true(plan_covers(plan, VIRT, VIRT + PAGE - 1));
    assert_true(plan_covers(plan, VIRT + 2 * PAGE, VIRT + 3 * PAGE - 1));
    assert_true(plan_covers(plan, VIRT + 4 * PAGE, VIRT + 5 * PAGE - 1));
    assert_false(plan_covers(plan, VIRT + PAGE, VIRT + 2 * PAGE - 1));
    assert_false(plan->tables);
    assert_false(plan->global);
}

static void an_empty_batch_flushes_nothing(void **state)
{
    Space *space = *state;
    map_pages(space, 1, PAGE, 0);
    MemVmapBatch batch = begin(space);
    mem_vmap_batch_end(&batch);
    batch = begin(space);
    mem_vmap_batch_unmap(&batch, 0, VIRT);
    mem_vmap_batch_unmap(&batch, VIRT, 0);
    assert_int_equal(mem_vmap_batch_protect(&batch, VIRT, PAGE, MEM_VMAP_WRITE), 0);
    mem_vmap_batch_end(&batch);
    assert_int_equal(space_shootdowns(space), 0);
}

static void ranges_that_touch_are_merged(void **state)
{
    Space *space = *state;
    map_pages(space, 30, PAGE, 0);
    MemVmapBatch batch = begin(space);
    for (unsigned i = 0; i < 20; i++)
        mem_vmap_batch_unmap(&batch, VIRT + i * PAGE, PAGE);
    mem_vmap_batch_end(&batch);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_false(plan->everything);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->ranges[0].first, VIRT);
    assert_int_equal(plan->ranges[0].last, VIRT + 20 * PAGE - 1);
    assert_int_equal(plan->ranges[0].stride, PAGE);
}

static void ranges_that_touch_are_merged_downwards(void **state)
{
    Space *space = *state;
    map_pages(space, 30, PAGE, 0);
    MemVmapBatch batch = begin(space);
    for (unsigned i = 20; i-- > 0;)
        mem_vmap_batch_unmap(&batch, VIRT + i * PAGE, PAGE);
    mem_vmap_batch_end(&batch);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_false(plan->everything);
    assert_int_equal(plan->count, 1);
    assert_int_equal(plan->ranges[0].first, VIRT);
    assert_int_equal(plan->ranges[0].last, VIRT + 20 * PAGE - 1);
}

static void as_many_ranges_as_a_batch_holds_stay_ranges(void **state)
{
    Space *space = *state;
    map_pages(space, 2 * MEM_VMAP_BATCH_RANGES + 1, PAGE, 0);
    MemVmapBatch batch = begin(space);
    for (unsigned i = 0; i < MEM_VMAP_BATCH_RANGES; i++)
        mem_vmap_batch_unmap(&batch, VIRT + 2 * i * PAGE, PAGE);
    mem_vmap_batch_end(&batch);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_false(plan->everything);
    assert_int_equal(plan->count, MEM_VMAP_BATCH_RANGES);
    for (unsigned i = 0; i < MEM_VMAP_BATCH_RANGES; i++)
        assert_true(plan_covers(plan, VIRT + 2 * i * PAGE, VIRT + 2 * i * PAGE));
}

static void bug_15_one_range_more_means_everything(void **state)
{
    Space *space = *state;
    map_pages(space, 2 * MEM_VMAP_BATCH_RANGES + 3, PAGE, 0);
    MemVmapBatch batch = begin(space);
    for (unsigned i = 0; i <= MEM_VMAP_BATCH_RANGES; i++)
        mem_vmap_batch_unmap(&batch, VIRT + 2 * i * PAGE, PAGE);
    mem_vmap_batch_end(&batch);
    assert_int_equal(space_shootdowns(space), 1);
    assert_true(space_last_plan(space)->everything);
    space_check(space); /* here and there were told the same number of times */
}

/* What was said before the overflow is not forgotten by it. */
static void an_overflow_keeps_the_other_facts(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT + G1, PAGE, MEM_VMAP_GLOBAL); /* a table of its own */
    map_pages(space, 2 * MEM_VMAP_BATCH_RANGES + 3, PAGE, 0);
    MemVmapBatch batch = begin(space);
    mem_vmap_batch_unmap(&batch, VIRT + G1, PAGE);
    for (unsigned i = 0; i <= MEM_VMAP_BATCH_RANGES; i++)
        mem_vmap_batch_unmap(&batch, VIRT + 2 * i * PAGE, PAGE);
    mem_vmap_batch_end(&batch);
    assert_true(space_last_plan(space)->everything);
    assert_true(space_last_plan(space)->global);
    assert_true(space_last_plan(space)->tables);
}

static void tables_wait_for_the_end_of_the_batch(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_map(space, PHYS, VIRT + G1, M2, MEM_VMAP_CAP_4K);
    MemVmapStats before = space_stats(space);
    MemVmapBatch batch = begin(space);
    mem_vmap_batch_unmap(&batch, VIRT + G1, M2);
    MemVmapStats during = space_stats(space);
    assert_int_equal(during.tables, before.tables - 2);
    assert_int_equal(during.tables_waiting, 2);
    assert_int_equal(during.pool_free, before.pool_free);
    mem_vmap_batch_end(&batch);
    assert_true(space_last_plan(space)->tables);
    assert_int_equal(space_stats(space).tables_waiting, 0);
}

/* Where no cache keeps them, the pages go back to the port: after its invalidate_here, not before. */
static void count_early_put(Space *space, usize phys)
{
    (void)phys;
    const usize *flushed = space->test;
    if (space->heres == *flushed || (space->port.invalidate_there && space->theres == *flushed))
        space->broken = "a table went back to the port before the flush";
}

static void bug_2_tables_go_back_to_the_port_after_the_flush(void **state)
{
    (void)state;
    MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    Space *space = space_new("x86_64_4level", SPACE_MANY_CPUS, &options);
    usize flushed = 0;
    space->test = &flushed;
    space->on_put = count_early_put;
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_CAP_4K);
    mem_vmap_unmap(&space->vmap, VIRT, M2);
    assert_int_equal(space->puts, 1);
    flushed = space->heres;
    MemVmapBatch batch = begin(space);
    mem_vmap_batch_unmap(&batch, VIRT, G1); /* one subtree: the batch has no reason to flush early */
    assert_int_equal(space->puts, 1);
    mem_vmap_batch_end(&batch);
    assert_int_equal(host_pages_out(space->host), 1);
    space->on_put = NULL;
    space_end(space);
}

/* The root and every table under it, by address. */
static bool reaches(const Space *space, usize virt, usize phys)
{
    RawTree tree = space_raw(space);
    RawWalk walk = raw_walk(&tree, virt);
    for (unsigned level = 1; level < space->levels; level++)
        if ((walk.path[level] & 0x000ffffffffff000) == phys)
            return true;
    return false;
}

static void bug_1_a_waiting_table_is_not_used_again(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    RawTree tree = space_raw(space);
    usize table = raw_walk(&tree, VIRT).path[1] & 0x000ffffffffff000;
    const uint64_t *entries = (const uint64_t *)(space->port.direct_map + table);
    assert_true(reaches(space, VIRT, table));
    MemVmapBatch batch = begin(space);
    mem_vmap_batch_unmap(&batch, VIRT, PAGE);
    for (usize i = 1; i <= 100; i++) {
        must_map(space, PHYS, VIRT + i * G1, PAGE, 0);
        assert_false(reaches(space, VIRT + i * G1, table));
    }
    assert_true(entries[1] == 0); /* a CPU that still walks it must find nothing new in it */
    mem_vmap_batch_end(&batch);
}

/* Whether any shootdown so far was told of the page. */
static bool was_flushed(const Space *space, usize virt)
{
    for (usize i = 0; i < space->plan_count; i++)
        if (plan_covers(&space->plans[i], virt, virt))
            return true;
    return false;
}

/* More separate tables than a batch can hold: it flushes early, and stays right. */
static void a_batch_of_many_tables(void **state)
{
    Space *space = *state;
    enum { TABLES = 3 * MEM_VMAP_BATCH_TABLES };
    for (usize i = 0; i < TABLES; i++)
        must_map(space, PHYS, VIRT + 2 * i * M2, 2 * PAGE, 0);
    must_map(space, PHYS, VIRT + M2, PAGE, 0);
    MemVmapBatch batch = begin(space);
    for (usize i = 0; i < TABLES; i++) {
        mem_vmap_batch_unmap(&batch, VIRT + 2 * i * M2, 2 * PAGE);
        assert_hole(space, VIRT + 2 * i * M2);
        assert_true(space_stats(space).tables_waiting <= i + 1);
    }
    mem_vmap_batch_end(&batch);
    space_check(space);
    assert_int_equal(space_stats(space).tables_waiting, 0);
    assert_int_equal(space_stats(space).leaves[0], 1);
    assert_true(space_shootdowns(space) >= 1);
    for (usize i = 0; i < TABLES; i++)
        assert_true(was_flushed(space, VIRT + 2 * i * M2));
}

static void one_unmap_of_many_tables(void **state)
{
    Space *space = *state;
    for (usize i = 0; i < 200; i++)
        must_map(space, PHYS, VIRT + i * G1 / 4, PAGE, 0);
    MemVmapBatch batch = begin(space);
    mem_vmap_batch_unmap(&batch, VIRT, 50 * G1);
    mem_vmap_batch_end(&batch);
    assert_int_equal(space_stats(space).tables, 1);
    for (usize i = 0; i < 200; i++)
        assert_true(was_flushed(space, VIRT + i * G1 / 4));
}

static void batch_protect_is_all_or_nothing_too(void **state)
{
    Space *space = *state;
    map_pages(space, 4, PAGE, MEM_VMAP_WRITE);
    MemVmapBatch batch = begin(space);
    Snapshot before = space_snapshot(space);
    MemVmap *vmap = &space->vmap;
    assert_int_equal(mem_vmap_batch_protect(&batch, VIRT, 5 * PAGE, 0), MEM_EMISS);
    assert_int_equal(mem_vmap_batch_protect(&batch, VIRT, 0, 0), MEM_EINVAL);
    assert_int_equal(mem_vmap_batch_protect(&batch, VIRT, PAGE, 3), MEM_EFLAGS);
    assert_int_equal(mem_vmap_batch_protect(&batch, space->low_end, PAGE, 0), MEM_ERANGE);
    assert_unchanged(space, &before);
    mem_vmap_batch_end(&batch);
    assert_int_equal(space_shootdowns(space), 0);
    assert_int_equal(mem_vmap_verify(vmap, NULL), 0);
}

static void a_batch_that_splits(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 2 * M2, MEM_VMAP_WRITE);
    MemVmapBatch batch = begin(space);
    mem_vmap_batch_unmap(&batch, VIRT + PAGE, PAGE);
    assert_int_equal(mem_vmap_batch_protect(&batch, VIRT + M2 - PAGE, 2 * PAGE, 0), 0);
    mem_vmap_batch_end(&batch);
    assert_int_equal(space_shootdowns(space), 1);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_true(plan_covers(plan, VIRT + PAGE, VIRT + 2 * PAGE - 1));
    assert_true(plan_covers(plan, VIRT + M2 - PAGE, VIRT + M2 + PAGE - 1));
    assert_leaf(space, VIRT, PHYS, PAGE, MEM_VMAP_WRITE);
    assert_leaf(space, VIRT + M2, PHYS + M2, PAGE, 0);
    assert_leaf(space, VIRT + M2 + PAGE, PHYS + M2 + PAGE, PAGE, MEM_VMAP_WRITE);
}

static void two_batches_on_one_space(void **state)
{
    Space *space = *state;
    map_pages(space, 2, G1, 0);
    MemVmapBatch one = begin(space), two = begin(space);
    mem_vmap_batch_unmap(&one, VIRT, PAGE);
    mem_vmap_batch_unmap(&two, VIRT + G1, PAGE);
    assert_true(space_stats(space).tables_waiting >= 2);
    mem_vmap_batch_end(&one);
    assert_true(plan_covers(space_last_plan(space), VIRT, VIRT));
    assert_true(space_stats(space).tables_waiting >= 1);
    space_check(space);
    mem_vmap_batch_end(&two);
    assert_true(plan_covers(space_last_plan(space), VIRT + G1, VIRT + G1));
    assert_int_equal(space_stats(space).tables_waiting, 0);
    assert_int_equal(space_shootdowns(space), 2);
}

static void a_batch_tells_of_lost_leaves_after_its_flush(void **state)
{
    (void)state;
    MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_map(space, PHYS, VIRT, 8 * M2, MEM_VMAP_NO_RESERVE);
    host_fail_from(space->host, 1);
    MemVmapBatch batch = begin(space);
    mem_vmap_batch_unmap(&batch, VIRT + PAGE, PAGE);
    mem_vmap_batch_unmap(&batch, VIRT + 2 * M2 + PAGE, M2);
    mem_vmap_batch_unmap(&batch, VIRT + 5 * M2 + PAGE, PAGE);
    mem_vmap_batch_end(&batch);
    assert_int_equal(space->lost_count, 4);
    assert_int_equal(space_stats(space).lost, 4);
    assert_leaf(space, VIRT + M2, PHYS + M2, M2, MEM_VMAP_NO_RESERVE);
    for (unsigned i = 0; i < 4; i++)
        assert_hole(space, space->losts[i].virt);
    assert_true(plan_covers(space_last_plan(space), VIRT + 5 * M2, VIRT + 6 * M2 - 1));
    space_end(space);
}

static void batches_of_nothing(void **state)
{
    Space *space = *state;
    MemVmap never_made = {0};
    MemVmapBatch batch;
    assert_int_equal(mem_vmap_batch_begin(NULL, &space->vmap), MEM_EINVAL);
    assert_int_equal(mem_vmap_batch_begin(&batch, &never_made), MEM_EINVAL);
    assert_int_equal(mem_vmap_batch_begin(&batch, NULL), MEM_EINVAL);
    mem_vmap_batch_unmap(&batch, 0, PAGE);
    assert_int_equal(mem_vmap_batch_protect(&batch, 0, PAGE, 0), MEM_EINVAL);
    mem_vmap_batch_end(&batch);
    mem_vmap_batch_unmap(NULL, 0, PAGE);
    assert_int_equal(mem_vmap_batch_protect(NULL, 0, PAGE, 0), MEM_EINVAL);
    mem_vmap_batch_end(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_batch_shares_one_shootdown),
        TEST(an_empty_batch_flushes_nothing),
        TEST(ranges_that_touch_are_merged),
        TEST(ranges_that_touch_are_merged_downwards),
        TEST(as_many_ranges_as_a_batch_holds_stay_ranges),
        TEST(bug_15_one_range_more_means_everything),
        TEST(an_overflow_keeps_the_other_facts),
        TEST(tables_wait_for_the_end_of_the_batch),
        cmocka_unit_test(bug_2_tables_go_back_to_the_port_after_the_flush),
        TEST(bug_1_a_waiting_table_is_not_used_again),
        TEST(a_batch_of_many_tables),
        TEST(one_unmap_of_many_tables),
        TEST(batch_protect_is_all_or_nothing_too),
        TEST(a_batch_that_splits),
        TEST(two_batches_on_one_space),
        cmocka_unit_test(a_batch_tells_of_lost_leaves_after_its_flush),
        TEST(batches_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
