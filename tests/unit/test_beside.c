/* SPDX-License-Identifier: MIT */
/*
 * What a call says to the CPUs while a batch that has changed the same range waits for its flush. The tables do not
 * show any more what was there, so the call must name everything that may be cached (test_waiting has the rest).
 */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

static void begin(MemVmapBatch *batch, Space *space)
{
    assert_int_equal(mem_vmap_batch_begin(batch, &space->vmap), 0);
}

/* The one plan since `before`, which covers the range page by page. */
static const MemVmapPlan *plan_since(Space *space, usize before, usize first, usize last)
{
    assert_int_equal(space_shootdowns(space), before + 1);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_false(plan->everything);
    assert_true(plan_covers(plan, first, last));
    assert_int_equal(plan->ranges[0].stride, PAGE);
    return plan;
}

static void unmap_beside_a_batch_that_overflowed(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    const usize pages = MEM_VMAP_BATCH_RANGES + 3;
    must_map(space, PHYS, VIRT, 2 * pages * PAGE, 0);
    begin(&batch, space);
    for (usize i = 0; i < pages; i++)
        mem_vmap_batch_unmap(&batch, VIRT + 2 * i * PAGE, PAGE);
    assert_int_equal(space_shootdowns(space), 0);
    usize last = VIRT + 2 * (pages - 1) * PAGE; /* the batch has no range for it */
    mem_vmap_unmap(&space->vmap, last, PAGE);
    plan_since(space, 0, last, last + PAGE - 1);
    mem_vmap_batch_end(&batch);
}

static void unmap_beside_a_table_that_went(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    must_map(space, PHYS, VIRT, PAGE, 0);
    begin(&batch, space);
    mem_vmap_batch_unmap(&batch, VIRT, PAGE);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_true(plan_since(space, 0, VIRT, VIRT + PAGE - 1)->tables);
    mem_vmap_batch_end(&batch);
}

static void unmap_beside_a_global_page_that_went(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    must_map(space, PHYS, VIRT, 4 * PAGE, MEM_VMAP_GLOBAL);
    begin(&batch, space);
    mem_vmap_batch_unmap(&batch, VIRT, PAGE);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    assert_true(plan_since(space, 0, VIRT, VIRT + PAGE - 1)->global);
    mem_vmap_batch_end(&batch);
}

static void map_beside_a_global_page_that_went(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    must_map(space, PHYS, VIRT, 4 * PAGE, MEM_VMAP_GLOBAL);
    begin(&batch, space);
    mem_vmap_batch_unmap(&batch, VIRT, PAGE);
    must_map(space, PHYS + G1, VIRT, PAGE, 0);
    const MemVmapPlan *plan = plan_since(space, 0, VIRT, VIRT + PAGE - 1);
    assert_true(plan->global);
    assert_true(plan->tables);
    mem_vmap_batch_end(&batch);
}

/* Over the border of two tables, so the long way. */
static void protect_beside_rights_that_went(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    usize first = VIRT + M2 - PAGE;
    must_map(space, PHYS, VIRT, 2 * M2, MEM_VMAP_WRITE | MEM_VMAP_CAP_4K);
    begin(&batch, space);
    assert_int_equal(mem_vmap_batch_protect(&batch, first, 2 * PAGE, 0), 0);
    assert_int_equal(space_shootdowns(space), 0);
    must_protect(space, first, 2 * PAGE, 0); /* takes no right away that is still there */
    plan_since(space, 0, first, first + 2 * PAGE - 1);
    mem_vmap_batch_end(&batch);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(unmap_beside_a_batch_that_overflowed), TEST(unmap_beside_a_table_that_went),
        TEST(unmap_beside_a_global_page_that_went), TEST(map_beside_a_global_page_that_went),
        TEST(protect_beside_rights_that_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
