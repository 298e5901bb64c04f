/* SPDX-License-Identifier: MIT */
/* mem_vmap_walk: maximal runs, clipped, filtered, in order. */
#include "tests/support/space.h"

#define RUNS_MAX 64

typedef struct runs {
    Space *space;
    unsigned count;
    MemVmapRun run[RUNS_MAX];
} Runs;

static int collect(void *context, const MemVmapRun *run)
{
    Runs *runs = context;
    assert_true(runs->count < RUNS_MAX);
    assert_int_equal(runs->space->lock_depth, 0); /* visit runs without the lock */
    runs->run[runs->count++] = *run;
    return 0;
}

static Runs walk(Space *space, usize virt, usize len, const MemVmapFilter *filter)
{
    Runs runs = {.space = space};
    assert_int_equal(mem_vmap_walk(&space->vmap, virt, len, filter, collect, &runs), 0);
    return runs;
}

static void assert_run(const MemVmapRun *run, usize virt, usize phys, usize len, int flags, unsigned level)
{
    assert_int_equal(run->virt, virt);
    assert_int_equal(run->phys, phys);
    assert_int_equal(run->len, len);
    assert_int_equal(run->flags, flags);
    assert_int_equal(run->level, level);
}

static void an_empty_space_has_no_runs(void **state)
{
    assert_int_equal(walk(*state, 0, SIZE_MAX, NULL).count, 0);
}

static void leaves_that_continue_each_other_are_one_run(void **state)
{
    Space *space = *state;
    must_map(space, 7 * M2, 5 * M2 - 3 * PAGE, 600 * PAGE, MEM_VMAP_USER | MEM_VMAP_CAP_4K);
    must_map(space, 7 * M2 + 600 * PAGE, 5 * M2 + 597 * PAGE, 2 * PAGE,
             MEM_VMAP_USER); /* by another call */
    Runs runs = walk(space, 0, SIZE_MAX, NULL);
    assert_int_equal(runs.count, 1);
    assert_run(&runs.run[0], 5 * M2 - 3 * PAGE, 7 * M2, 602 * PAGE, MEM_VMAP_USER, 0);
}

static void runs_go_on_across_tables_of_each_level(void **state)
{
    Space *space = *state;
    must_map(space, 0x100000, G1 - PAGE, 2 * PAGE, 0);
    must_map(space, 0x200000, G512 - 2 * PAGE, 4 * PAGE, 0);
    must_map(space, G1, G512 + G1 - 2 * M2, 4 * M2, 0);
    must_map(space, 0, 2 * G512 - 2 * G1, 4 * G1, MEM_VMAP_NO_RESERVE);
    Runs runs = walk(space, 0, SIZE_MAX, NULL);
    assert_int_equal(runs.count, 4);
    assert_run(&runs.run[0], G1 - PAGE, 0x100000, 2 * PAGE, 0, 0);
    assert_run(&runs.run[1], G512 - 2 * PAGE, 0x200000, 4 * PAGE, 0, 0);
    assert_run(&runs.run[2], G512 + G1 - 2 * M2, G1, 4 * M2, 0, 1);
    assert_run(&runs.run[3], 2 * G512 - 2 * G1, 0, 4 * G1, MEM_VMAP_NO_RESERVE, 2);
}

static void a_run_ends_where_anything_changes(void **state)
{
    Space *space = *state;
    must_map(space, 0x100000, 0x10000, PAGE, 0);
    must_map(space, 0x101000, 0x11000, PAGE, MEM_VMAP_WRITE);                     /* rights */
    must_map(space, 0x102000, 0x12000, PAGE, MEM_VMAP_WRITE | MEM_VMAP_ACCESSED); /* what the MMU noted */
    must_map(space, 0x104000, 0x13000, PAGE, MEM_VMAP_WRITE | MEM_VMAP_ACCESSED); /* physical */
    must_map(space, 0x105000, 0x15000, PAGE, MEM_VMAP_WRITE | MEM_VMAP_ACCESSED); /* a hole */
    must_map(space, 0x106000, 0x16000, PAGE, MEM_VMAP_UNCACHED);                  /* type */
    Runs runs = walk(space, 0, SIZE_MAX, NULL);
    assert_int_equal(runs.count, 6);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(runs.run[i].len, PAGE);
}

static void leaves_of_different_levels_are_different_runs(void **state)
{
    Space *space = *state;
    must_map(space, 3 * G1 - M2 - PAGE, G1 - M2 - PAGE, G1 + 2 * M2 + 2 * PAGE, MEM_VMAP_EXEC);
    Runs runs = walk(space, 0, SIZE_MAX, NULL);
    assert_int_equal(runs.count, 5);
    assert_run(&runs.run[0], G1 - M2 - PAGE, 3 * G1 - M2 - PAGE, PAGE, MEM_VMAP_EXEC, 0);
    assert_run(&runs.run[1], G1 - M2, 3 * G1 - M2, M2, MEM_VMAP_EXEC, 1);
    assert_run(&runs.run[2], G1, 3 * G1, G1, MEM_VMAP_EXEC, 2);
    assert_run(&runs.run[3], 2 * G1, 4 * G1, M2, MEM_VMAP_EXEC, 1);
    assert_run(&runs.run[4], 2 * G1 + M2, 4 * G1 + M2, PAGE, MEM_VMAP_EXEC, 0);
}

static void runs_are_clipped_to_the_range(void **state)
{
    Space *space = *state;
    must_map(space, 3 * G1, G1, G1, 0);
    Runs runs = walk(space, G1 + 0x1234, 2 * PAGE, NULL); /* widened to three pages */
    assert_int_equal(runs.count, 1);
    assert_run(&runs.run[0], G1 + PAGE, 3 * G1 + PAGE, 3 * PAGE, 0, 2);
    runs = walk(space, 2 * G1 - PAGE, G512, NULL);
    assert_int_equal(runs.count, 1);
    assert_run(&runs.run[0], 2 * G1 - PAGE, 4 * G1 - PAGE, PAGE, 0, 2);
    runs = walk(space, 0, G1 + 1, NULL);
    assert_run(&runs.run[0], G1, 3 * G1, PAGE, 0, 2);
    assert_int_equal(walk(space, 0, G1, NULL).count, 0);
    assert_int_equal(walk(space, 2 * G1, SIZE_MAX, NULL).count, 0);
}

static void walk_of_any_range(void **state)
{
    Space *space = *state;
    must_map(space, 0x1000, 0, PAGE, 0);
    must_map(space, 0x2000, space->low_end - PAGE, PAGE, 0);
    must_map(space, 0x3000, space->high_start, PAGE, 0);
    must_map(space, 0x5000, TOP_PAGE, PAGE, 0);
    Runs runs = walk(space, 0, SIZE_MAX, NULL);
    assert_int_equal(runs.count, 4);
    assert_run(&runs.run[2], space->high_start, 0x3000, PAGE, 0, 0);
    assert_run(&runs.run[3], TOP_PAGE, 0x5000, PAGE, 0, 0);
    assert_int_equal(walk(space, TOP_PAGE, SIZE_MAX, NULL).count, 1); /* wraps: ends at the last byte */
    assert_int_equal(walk(space, 0x1000, SIZE_MAX, NULL).count, 3);
    assert_int_equal(walk(space, SIZE_MAX, 1, NULL).count, 1);
    assert_int_equal(walk(space, space->low_end, PAGE, NULL).count, 0);
    assert_int_equal(walk(space, (usize)1 << 63, SIZE_MAX, NULL).count, 2);
    assert_int_equal(walk(space, 0, 0, NULL).count, 0);
}

/* Continuous in both spaces if addresses went on through the hole: they do not. */
static void a_run_does_not_cross_the_hole(void **state)
{
    Space *space = *state;
    must_map(space, 0x8000, space->low_end - PAGE, PAGE, 0);
    must_map(space, 0x9000, space->high_start, PAGE, 0);
    Runs runs = walk(space, 0, SIZE_MAX, NULL);
    assert_int_equal(runs.count, 2);
    assert_run(&runs.run[0], space->low_end - PAGE, 0x8000, PAGE, 0, 0);
}

static void the_filter_selects_leaves(void **state)
{
    Space *space = *state;
    must_map(space, 0x100000, 0x10000, 2 * PAGE, MEM_VMAP_WRITE);
    must_map(space, 0x102000, 0x12000, 2 * PAGE, MEM_VMAP_WRITE | MEM_VMAP_USER);
    must_map(space, 0x104000, 0x14000, 2 * PAGE, MEM_VMAP_USER | MEM_VMAP_UNCACHED);
    MemVmapFilter writable = {MEM_VMAP_WRITE, MEM_VMAP_WRITE};
    MemVmapFilter read_only = {MEM_VMAP_WRITE, 0};
    MemVmapFilter cached = {MEM_VMAP_TYPE_MASK, MEM_VMAP_WRITE_BACK};
    MemVmapFilter impossible = {0, MEM_VMAP_WRITE};
    MemVmapFilter all = {0, 0};
    assert_int_equal(walk(space, 0, SIZE_MAX, &writable).count, 2);
    Runs runs = walk(space, 0, SIZE_MAX, &read_only);
    assert_int_equal(runs.count, 1);
    assert_run(&runs.run[0], 0x14000, 0x104000, 2 * PAGE, MEM_VMAP_USER | MEM_VMAP_UNCACHED, 0);
    assert_int_equal(walk(space, 0, SIZE_MAX, &cached).count, 2);
    assert_int_equal(walk(space, 0, SIZE_MAX, &impossible).count, 0);
    assert_int_equal(walk(space, 0, SIZE_MAX, &all).count, 3);
}

static int stop_at_second(void *context, const MemVmapRun *run)
{
    unsigned *count = context;
    (void)run;
    return ++*count == 2 ? 4711 : 0;
}

static void visit_ends_the_walk(void **state)
{
    Space *space = *state;
    for (usize i = 0; i < 5; i++)
        must_map(space, 0, 2 * i * PAGE, PAGE, 0);
    unsigned count = 0;
    assert_int_equal(mem_vmap_walk(&space->vmap, 0, SIZE_MAX, NULL, stop_at_second, &count), 4711);
    assert_int_equal(count, 2);
}

static int unmap_it(void *context, const MemVmapRun *run)
{
    Runs *runs = context;
    MemVmap *vmap = &runs->space->vmap;
    runs->count++;
    mem_vmap_unmap(vmap, run->virt, run->len);
    return mem_vmap_map(vmap, 0x9000, run->virt + G512, PAGE, 0);
}

static void visit_may_call_any_function_on_the_space(void **state)
{
    Space *space = *state;
    Runs runs = {.space = space};
    for (usize i = 0; i < 5; i++)
        must_map(space, i * G1, i * G1, M2 + i * PAGE, 0);
    assert_int_equal(mem_vmap_walk(&space->vmap, 0, G512, NULL, unmap_it, &runs), 0);
    assert_int_equal(runs.count, 9);
    for (usize i = 0; i < 5; i++) {
        assert_hole(space, i * G1);
        assert_leaf(space, i * G1 + G512, 0x9000, PAGE, 0);
    }
}

static void walk_refuses_null_pointers(void **state)
{
    Space *space = *state;
    MemVmap never_made = {0};
    Runs runs = {.space = space};
    assert_int_equal(mem_vmap_walk(&space->vmap, 0, PAGE, NULL, NULL, NULL), MEM_EINVAL);
    assert_int_equal(mem_vmap_walk(NULL, 0, PAGE, NULL, collect, &runs), MEM_EINVAL);
    assert_int_equal(mem_vmap_walk(&never_made, 0, PAGE, NULL, collect, &runs), MEM_EINVAL);
    assert_int_equal(runs.count, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_empty_space_has_no_runs),
        TEST(leaves_that_continue_each_other_are_one_run),
        TEST(runs_go_on_across_tables_of_each_level),
        TEST(a_run_ends_where_anything_changes),
        TEST(leaves_of_different_levels_are_different_runs),
        TEST(runs_are_clipped_to_the_range),
        TEST(walk_of_any_range),
        TEST(a_run_does_not_cross_the_hole),
        TEST(the_filter_selects_leaves),
        TEST(visit_ends_the_walk),
        TEST(visit_may_call_any_function_on_the_space),
        TEST(walk_refuses_null_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
