/* SPDX-License-Identifier: MIT */
/*
 * The short ways: maps and unmaps that find the table again in which a writer was lately, maps that make one table,
 * and entries that are looked at, cleared and changed by eight. Each must do what the long way does, and refuse what
 * that refuses.
 */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

/* Two pages of one table: after the second the table, and the flags, are remembered. */
static void warm(Space *space, usize virt, int flags)
{
    must_map(space, PHYS, virt, PAGE, flags);
    must_map(space, PHYS + PAGE, virt + PAGE, PAGE, flags);
}

/* A table in the pool that had been full, below a table that goes on to hold others. */
static void leave_a_full_table_in_the_pool(Space *space)
{
    warm(space, VIRT + G1 - M2, 0);
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
    mem_vmap_unmap(&space->vmap, VIRT, M2);
    assert_true(space_stats(space).pool_free > 0);
}

static void begin(MemVmapBatch *batch, Space *space)
{
    assert_int_equal(mem_vmap_batch_begin(batch, &space->vmap), 0);
}

/* What follows in a table gets the flags that it is given, not those of the map before. */
static void flags_that_change_are_heeded(void **state)
{
    Space *space = *state;
    static const int flags[] = {0,
                                MEM_VMAP_WRITE,
                                MEM_VMAP_EXEC,
                                MEM_VMAP_USER | MEM_VMAP_WRITE,
                                MEM_VMAP_GLOBAL,
                                MEM_VMAP_WRITE | MEM_VMAP_DIRTY,
                                0};
    enum { FLAGS = sizeof flags / sizeof *flags };
    warm(space, VIRT, 0);
    for (usize i = 0; i < FLAGS; i++)
        must_map(space, PHYS + i * PAGE, VIRT + (2 + i) * PAGE, PAGE, flags[i]);
    for (usize i = 0; i < FLAGS; i++)
        assert_leaf(space, VIRT + (2 + i) * PAGE, PHYS + i * PAGE, PAGE, flags[i]);
}

static void flags_that_no_map_may_have_are_refused(void **state)
{
    Space *space = *state;
    warm(space, VIRT, MEM_VMAP_WRITE);
    must_not_map(space, PHYS, VIRT + 2 * PAGE, PAGE, MEM_VMAP_WRITE | MEM_VMAP_EXEC, MEM_EFLAGS);
    must_not_map(space, PHYS, VIRT + 2 * PAGE, PAGE, MEM_VMAP_WRITE | 1 << 30, MEM_EFLAGS);
    must_not_map(space, PHYS, VIRT + 2 * PAGE, PAGE, -1, MEM_EFLAGS);
}

/* The table is remembered by an unmap, and no flags are yet. */
static void no_flags_are_good_before_the_first_are(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 3 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    for (int flags = -3; flags < 0; flags++)
        must_not_map(space, PHYS, VIRT + PAGE, PAGE, flags, MEM_EFLAGS);
}

static void addresses_that_do_not_fit_are_refused(void **state)
{
    Space *space = *state;
    usize end = (usize)1 << 52, at = VIRT + 2 * PAGE;
    warm(space, VIRT, 0);
    must_not_map(space, PHYS + 1, at, PAGE, 0, MEM_EALIGN);
    must_not_map(space, PHYS, at + 0x800, PAGE, 0, MEM_EALIGN);
    must_not_map(space, PHYS, at, 0, 0, MEM_EINVAL);
    must_not_map(space, end, at, PAGE, 0, MEM_ERANGE);
    must_not_map(space, TOP_PAGE, at, PAGE, 0, MEM_ERANGE);
    must_not_map(space, end - PAGE, at, 2 * PAGE, 0, MEM_ERANGE);
    must_not_map(space, end - 1, at + 0xfff, 2, 0, MEM_ERANGE);
    must_map(space, end - PAGE, at, PAGE, 0);
    assert_leaf(space, at + 0xfff, end - 1, PAGE, 0);
}

static void both_ends_are_widened_to_pages(void **state)
{
    Space *space = *state;
    warm(space, VIRT, 0);
    must_map(space, PHYS + 0xfff, VIRT + 4 * PAGE + 0xfff, 2, 0);
    assert_leaves(space, VIRT + 4 * PAGE, PHYS, 2 * PAGE, PAGE, 0);
    assert_hole(space, VIRT + 3 * PAGE);
    assert_hole(space, VIRT + 6 * PAGE);
    mem_vmap_unmap(&space->vmap, VIRT + 4 * PAGE + 0xfff, 2);
    assert_holes(space, VIRT + 2 * PAGE, 5 * PAGE);
    assert_leaf(space, VIRT + PAGE, PHYS + PAGE, PAGE, 0);
}

static void nothing_is_mapped_over_a_page(void **state)
{
    Space *space = *state;
    warm(space, VIRT, 0);
    must_map(space, PHYS, VIRT + 30 * PAGE, PAGE, 0);
    must_not_map(space, PHYS, VIRT + PAGE, PAGE, 0, MEM_EOVERLAP);
    for (usize pages = 2; pages <= 20; pages++) {
        must_not_map(space, PHYS, VIRT + 30 * PAGE, pages * PAGE, 0, MEM_EOVERLAP);
        must_not_map(space, PHYS, VIRT + (31 - pages) * PAGE, pages * PAGE, 0, MEM_EOVERLAP);
    }
}

/* The flags of a map that failed are not those of the one before, with all that they bring. */
static void a_map_that_fails_leaves_its_flags_to_nobody(void **state)
{
    Space *space = *state;
    warm(space, VIRT, 0);
    must_not_map(space, PHYS, VIRT, PAGE, MEM_VMAP_GLOBAL, MEM_EOVERLAP);
    must_map(space, PHYS, VIRT + 8 * PAGE, 2 * PAGE, MEM_VMAP_GLOBAL);
    mem_vmap_unmap(&space->vmap, VIRT + 8 * PAGE, 2 * PAGE);
    assert_true(space_last_plan(space)->global);
}

static void global_pages_of_a_new_table_are_known(void **state)
{
    Space *space = *state;
    leave_a_full_table_in_the_pool(space);
    must_map(space, PHYS, VIRT, 40 * PAGE, MEM_VMAP_GLOBAL);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, 2 * PAGE);
    assert_true(space_last_plan(space)->global);
    mem_vmap_unmap(&space->vmap, VIRT + 10 * PAGE, 16 * PAGE);
    assert_true(space_last_plan(space)->global);
}

static void global_pages_of_two_tables_are_known(void **state)
{
    Space *space = *state;
    warm(space, VIRT, 0);
    warm(space, VIRT + M2, 0);
    must_map(space, PHYS, VIRT + 8 * PAGE, 4 * PAGE, MEM_VMAP_GLOBAL);
    mem_vmap_unmap(&space->vmap, VIRT + 9 * PAGE, 2 * PAGE);
    assert_true(space_last_plan(space)->global);
}

/* A table with a global page goes at once. */
static void a_table_that_is_found_again_goes_as_global(void **state)
{
    Space *space = *state;
    warm(space, VIRT, MEM_VMAP_GLOBAL);
    warm(space, VIRT + M2, 0);
    mem_vmap_unmap(&space->vmap, VIRT, M2);
    const MemVmapPlan *plan = space_last_plan(space);
    assert_true(plan->global && plan->tables);
    assert_true(plan_covers(plan, VIRT, VIRT + M2 - 1));
    assert_int_equal(plan->ranges[0].stride, PAGE);
}

/* A page that waits for its flush is mapped anew: not before all CPUs have forgotten it. */
static void map_anew_beside_a_batch(Space *space, usize virt, usize len, int flags)
{
    usize before = space_shootdowns(space);
    must_map(space, PHYS + G1, virt, len, flags);
    assert_int_equal(space_shootdowns(space), before + 1);
    assert_true(plan_covers(space_last_plan(space), virt, virt + len - 1));
}

static void maps_beside_a_batch_flush(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    warm(space, VIRT, 0);
    warm(space, VIRT + M2, 0);
    must_map(space, PHYS, VIRT + 8 * PAGE, 8 * PAGE, 0);
    begin(&batch, space);
    mem_vmap_batch_unmap(&batch, VIRT + 8 * PAGE, 8 * PAGE);
    map_anew_beside_a_batch(space, VIRT + 8 * PAGE, PAGE, 0);                  /* as the one before */
    map_anew_beside_a_batch(space, VIRT + 9 * PAGE, 3 * PAGE, 0);              /* by pages */
    map_anew_beside_a_batch(space, VIRT + 12 * PAGE, 2 * PAGE, MEM_VMAP_USER); /* with other flags */
    mem_vmap_batch_end(&batch);
}

static void a_new_table_beside_a_batch_flushes(void **state)
{
    Space *space = *state;
    MemVmapBatch batch;
    leave_a_full_table_in_the_pool(space);
    must_map(space, PHYS, VIRT + M2, 4 * PAGE, 0);
    must_map(space, PHYS, VIRT + 2 * M2, 4 * PAGE, 0);
    mem_vmap_unmap(&space->vmap, VIRT + 2 * M2, 4 * PAGE); /* a page for the pool */
    begin(&batch, space);
    mem_vmap_batch_unmap(&batch, VIRT + M2, 4 * PAGE);
    map_anew_beside_a_batch(space, VIRT + M2, 2 * PAGE, 0);
    mem_vmap_batch_end(&batch);
}

/* Nothing is there any more, and CPUs may still use it. */
static void unmaps_beside_a_batch_flush(void **state)
{
    Space *space = *state;
    for (usize pages = 1; pages < 12; pages += 5) {
        MemVmapBatch batch;
        must_map(space, PHYS, VIRT, 20 * PAGE, 0);
        mem_vmap_unmap(&space->vmap, VIRT + 19 * PAGE, PAGE);
        begin(&batch, space);
        mem_vmap_batch_unmap(&batch, VIRT + PAGE, pages * PAGE);
        usize before = space_shootdowns(space);
        mem_vmap_unmap(&space->vmap, VIRT + PAGE, pages * PAGE);
        assert_int_equal(space_shootdowns(space), before + 1);
        assert_true(plan_covers(space_last_plan(space), VIRT + PAGE, VIRT + (pages + 1) * PAGE - 1));
        mem_vmap_batch_end(&batch);
        mem_vmap_unmap(&space->vmap, VIRT, 20 * PAGE);
    }
}

/* The next map finds no table where the last one was. */
static void tables_that_went_are_not_found_again(void **state)
{
    Space *space = *state;
    for (usize round = 0; round < 3; round++) {
        warm(space, VIRT, 0);
        mem_vmap_unmap(&space->vmap, VIRT, 2 * PAGE);
        assert_holes(space, VIRT, 4 * PAGE);
        must_map(space, PHYS, VIRT + (5 + 16 * round) * M2, 2 * PAGE, 0); /* takes its page */
        must_map(space, PHYS, VIRT, 2 * PAGE, 0);
        assert_leaves(space, VIRT, PHYS, 2 * PAGE, PAGE, 0);
        mem_vmap_unmap(&space->vmap, VIRT, M2);
        assert_holes(space, VIRT, 4 * PAGE);
    }
}

/* All tables below one that goes, whichever of them was found first. */
static void tables_of_a_block_that_went_are_not_found_again(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT + G1, PAGE, 0);
    for (usize i = 0; i < 6; i++)
        warm(space, VIRT + i * M2, 0);
    mem_vmap_unmap(&space->vmap, VIRT, G1);
    for (usize i = 0; i < 6; i++)
        must_map(space, PHYS, VIRT + i * M2, 2 * PAGE, 0);
    for (usize i = 0; i < 6; i++)
        assert_leaves(space, VIRT + i * M2, PHYS, 2 * PAGE, PAGE, 0);
}

/* Pages are joined, and the leaf is cut again: the table is another one. */
static void a_table_that_was_joined_is_not_found_again(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    must_map(space, PHYS, VIRT, PAGE, 0);
    assert_int_equal(mem_vmap_collapse(&space->vmap, VIRT, M2), 0);
    must_not_map(space, PHYS, VIRT, PAGE, 0, MEM_EOVERLAP);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    must_map(space, PHYS + G1, VIRT, PAGE, 0);
    assert_leaf(space, VIRT, PHYS + G1, PAGE, 0);
    assert_leaf(space, VIRT + PAGE, PHYS + PAGE, PAGE, 0);
}

/* A table goes with its last pages, however many of them go at a time. */
static void tables_go_with_their_last_pages(void **state)
{
    Space *space = *state;
    usize tables = space_stats(space).tables;
    for (usize pages = 1; pages <= 9; pages++) {
        warm(space, VIRT, 0);
        must_map(space, PHYS, VIRT + 2 * PAGE, pages * PAGE, 0);
        mem_vmap_unmap(&space->vmap, VIRT, 2 * PAGE);
        mem_vmap_unmap(&space->vmap, VIRT + 2 * PAGE, pages * PAGE);
        assert_int_equal(space_stats(space).tables, tables);
    }
}

/* With the only table that it links a table goes too. */
static void the_table_above_goes_with_its_last_table(void **state)
{
    Space *space = *state;
    usize tables = space_stats(space).tables;
    warm(space, VIRT, 0);
    mem_vmap_unmap(&space->vmap, VIRT, M2);
    assert_int_equal(space_stats(space).tables, tables);
    warm(space, VIRT, 0);
    warm(space, VIRT + M2, 0);
    mem_vmap_unmap(&space->vmap, VIRT + M2, M2);
    mem_vmap_unmap(&space->vmap, VIRT, M2);
    assert_int_equal(space_stats(space).tables, tables);
}

/* What covers a table in part, or more, takes no more than that. */
static void what_is_nearly_a_table_is_none(void **state)
{
    Space *space = *state;
    static const struct {
        usize at, len;
    } ranges[] = {{PAGE, M2}, {0, M2 - PAGE}, {0, 2 * PAGE}, {PAGE, M2 - PAGE}, {0, M2 + PAGE}};
    for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        usize first = ranges[i].at, end = first + ranges[i].len;
        warm(space, VIRT + 2 * M2, 0);
        warm(space, VIRT + M2, 0);
        warm(space, VIRT, 0);
        must_map(space, PHYS + M2 - PAGE, VIRT + M2 - PAGE, PAGE, 0);
        mem_vmap_unmap(&space->vmap, VIRT + first, ranges[i].len);
        static const usize pages[] = {0, PAGE, M2 - PAGE, M2, M2 + PAGE};
        for (unsigned k = 0; k < sizeof pages / sizeof *pages; k++)
            if (pages[k] >= first && pages[k] < end)
                assert_hole(space, VIRT + pages[k]);
            else
                assert_leaf(space, VIRT + pages[k], PHYS + pages[k] % M2, PAGE, 0);
        mem_vmap_unmap(&space->vmap, VIRT, 3 * M2);
    }
}

/* A page of the pool is not empty: the table that is made of it is, where nothing is mapped. */
static void a_new_table_holds_nothing_else(void **state)
{
    Space *space = *state;
    static const usize begins[] = {0, 1, 5, 509, 510}; /* of two pages */
    for (unsigned i = 0; i < sizeof begins / sizeof *begins; i++) {
        usize first = VIRT + 3 * M2, at = first + begins[i] * PAGE;
        leave_a_full_table_in_the_pool(space);
        usize gets = space->gets;
        must_map(space, PHYS, at, 2 * PAGE, 0);
        assert_int_equal(space->gets, gets);
        assert_leaves(space, at, PHYS, 2 * PAGE, PAGE, 0);
        assert_holes(space, first, at - first);
        assert_holes(space, at + 2 * PAGE, first + M2 - at - 2 * PAGE);
        space_check(space);
        mem_vmap_unmap(&space->vmap, VIRT, G1);
    }
}

static void a_large_leaf_is_no_new_table(void **state)
{
    Space *space = *state;
    leave_a_full_table_in_the_pool(space);
    must_map(space, PHYS, VIRT + 3 * M2, M2, 0);
    assert_leaf(space, VIRT + 3 * M2, PHYS, M2, 0);
    must_not_map(space, PHYS, VIRT + 3 * M2, PAGE, 0, MEM_EOVERLAP);
}

/* The pages of the pool are owed to leaves that may be split: a new table is not made of them. */
static void a_new_table_takes_no_page_that_is_owed(void **state)
{
    Space *space = *state;
    MemVmapStats stats;
    warm(space, VIRT + G1 - M2, 0);
    must_map(space, PHYS, VIRT, 40 * M2, 0);
    for (usize i = 0; i < 40; i++) {
        must_map(space, PHYS, VIRT + (60 + i) * M2, PAGE, 0);
        stats = space_stats(space);
        assert_true(stats.pool_free >= stats.credits);
    }
}

/* Two tables next to each other: both are looked at before either is written. */
static void pages_of_two_tables(void **state)
{
    Space *space = *state;
    usize edge = VIRT + M2;
    warm(space, VIRT, 0);
    warm(space, edge, 0);
    must_not_map(space, PHYS, edge - 2 * PAGE, 4 * PAGE, 0, MEM_EOVERLAP);
    must_not_map(space, PHYS, VIRT + PAGE, M2 - 2 * PAGE, 0, MEM_EOVERLAP);
    mem_vmap_unmap(&space->vmap, edge, PAGE);
    must_not_map(space, PHYS, edge - 2 * PAGE, 4 * PAGE, 0, MEM_EOVERLAP);
    must_map(space, PHYS, edge - 2 * PAGE, 3 * PAGE, 0);
    assert_leaves(space, edge - 2 * PAGE, PHYS, 3 * PAGE, PAGE, 0);
    must_not_map(space, PHYS, edge - 3 * PAGE, 6 * PAGE, 0, MEM_EOVERLAP);
    mem_vmap_unmap(&space->vmap, edge - 2 * PAGE, 3 * PAGE);
    assert_holes(space, edge - 2 * PAGE, 3 * PAGE);
}

/* Eight large leaves go at a time, of which some had taken credits and others not: alone, or with their table. */
static void leaves_that_differ_in_credits_go(void **state)
{
    Space *space = *state;
    static const usize lens[] = {8 * M2, G1};
    must_map(space, PHYS, VIRT + G1, PAGE, 0);
    for (unsigned i = 0; i < 18; i++) {
        unsigned cheap = i / 2; /* one of them; 8: all */
        must_map(space, PHYS, VIRT + 100 * M2, PAGE, 0);
        for (usize k = 0; k < 8; k++)
            must_map(space, PHYS + k * M2, VIRT + k * M2, M2,
                     k == cheap || cheap == 8 ? MEM_VMAP_NO_RESERVE : 0);
        mem_vmap_unmap(&space->vmap, VIRT, lens[i % 2]);
        assert_int_equal(space_stats(space).credits, 0);
        space_check(space);
        mem_vmap_unmap(&space->vmap, VIRT, G1);
    }
}

/* Eight entries of which one links a table, or of which one does not: in part of a table, and with all of it. */
static void tables_between_large_leaves_go(void **state)
{
    Space *space = *state;
    static const usize lens[] = {8 * M2, G1};
    for (unsigned odd = 0; odd < 16; odd++) {
        usize tables = space_stats(space).tables;
        must_map(space, PHYS, VIRT + G1, PAGE, 0);
        must_map(space, PHYS, VIRT + 100 * M2, PAGE, 0);
        for (usize i = 0; i < 8; i++)
            must_map(space, PHYS + i * M2, VIRT + i * M2, (i == odd / 2) == (odd % 2) ? M2 : PAGE, 0);
        mem_vmap_unmap(&space->vmap, VIRT, lens[odd / 2 % 2]);
        assert_holes(space, VIRT, 8 * M2);
        space_check(space);
        mem_vmap_unmap(&space->vmap, VIRT, 2 * G1);
        assert_int_equal(space_stats(space).tables, tables);
        assert_int_equal(space_stats(space).credits, 0);
    }
}

/* Pages of one range get the same rights, whatever each had; all else stays. */
static void rights_that_differ_become_the_same(void **state)
{
    Space *space = *state;
    static const int had[] = {0, MEM_VMAP_WRITE, MEM_VMAP_EXEC | MEM_VMAP_ACCESSED,
                              MEM_VMAP_USER | MEM_VMAP_WRITE | MEM_VMAP_DIRTY};
    enum { PAGES = 21 };
    const int noted = MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY;
    for (unsigned odd = 0; odd < PAGES; odd++) {
        for (usize i = 0; i < PAGES; i++)
            must_map(space, PHYS + i * PAGE, VIRT + i * PAGE, PAGE, had[i == odd ? 1 + odd % 3 : 0]);
        must_protect(space, VIRT, PAGES * PAGE, MEM_VMAP_USER);
        for (usize i = 0; i < PAGES; i++)
            assert_leaf(space, VIRT + i * PAGE, PHYS + i * PAGE, PAGE,
                        MEM_VMAP_USER | (i == odd ? had[1 + odd % 3] & noted : 0));
        mem_vmap_unmap(&space->vmap, VIRT, PAGES * PAGE);
    }
}

static void no_rights_over_a_hole(void **state)
{
    Space *space = *state;
    for (usize hole = 1; hole < 20; hole++) {
        must_map(space, PHYS, VIRT, 21 * PAGE, 0);
        mem_vmap_unmap(&space->vmap, VIRT + hole * PAGE, PAGE);
        must_not_protect(space, VIRT, 21 * PAGE, MEM_VMAP_USER, MEM_EMISS);
        mem_vmap_unmap(&space->vmap, VIRT, 21 * PAGE);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(flags_that_change_are_heeded),
        TEST(flags_that_no_map_may_have_are_refused),
        TEST(no_flags_are_good_before_the_first_are),
        TEST(addresses_that_do_not_fit_are_refused),
        TEST(both_ends_are_widened_to_pages),
        TEST(nothing_is_mapped_over_a_page),
        TEST(a_map_that_fails_leaves_its_flags_to_nobody),
        TEST(global_pages_of_a_new_table_are_known),
        TEST(global_pages_of_two_tables_are_known),
        TEST(a_table_that_is_found_again_goes_as_global),
        TEST(maps_beside_a_batch_flush),
        TEST(a_new_table_beside_a_batch_flushes),
        TEST(unmaps_beside_a_batch_flush),
        TEST(tables_that_went_are_not_found_again),
        TEST(tables_of_a_block_that_went_are_not_found_again),
        TEST(a_table_that_was_joined_is_not_found_again),
        TEST(tables_go_with_their_last_pages),
        TEST(the_table_above_goes_with_its_last_table),
        TEST(what_is_nearly_a_table_is_none),
        TEST(a_new_table_holds_nothing_else),
        TEST(a_large_leaf_is_no_new_table),
        TEST(a_new_table_takes_no_page_that_is_owed),
        TEST(pages_of_two_tables),
        TEST(leaves_that_differ_in_credits_go),
        TEST(tables_between_large_leaves_go),
        TEST(rights_that_differ_become_the_same),
        TEST(no_rights_over_a_hole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
