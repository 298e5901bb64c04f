/* SPDX-License-Identifier: MIT */
/* mem_vmap_stats, mem_vmap_verify and mem_vmap_strerror. */
#include "tests/support/space.h"

#include <limits.h>
#include <string.h>

#define VIRT (3 * G1)
#define PHYS (5 * G1)

static void stats_count_leaves_and_tables(void **state)
{
    Space *space = *state;
    usize above = space->levels - 4;
    must_map(space, PHYS - M2 - 2 * PAGE, VIRT - M2 - 2 * PAGE, 2 * G1 + M2 + 2 * PAGE, 0);
    MemVmapStats stats = space_stats(space);
    assert_int_equal(stats.leaves[0], 2);
    assert_int_equal(stats.leaves[1], 1);
    assert_int_equal(stats.leaves[2], 2);
    assert_int_equal(stats.leaves[3], 0);
    assert_int_equal(stats.leaves[4], 0);
    assert_int_equal(stats.tables, 4 + above);
    assert_int_equal(stats.tables_waiting, 0);
    assert_int_equal(stats.credits, 2 * 513 + 1);
}

static void stats_count_what_happened_since_init(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_WRITE);
    mem_vmap_unmap(&space->vmap, VIRT + PAGE, PAGE);
    assert_int_equal(space_stats(space).splits, 2);
    must_map(space, PHYS + PAGE, VIRT + PAGE, PAGE, MEM_VMAP_WRITE);
    assert_int_equal(mem_vmap_collapse(&space->vmap, VIRT, G1), 0);
    MemVmapStats stats = space_stats(space);
    assert_int_equal(stats.splits, 2);
    assert_int_equal(stats.collapses, 2);
    assert_int_equal(stats.shootdowns, space_shootdowns(space));
    mem_vmap_unmap(&space->vmap, 0, SIZE_MAX);
    assert_int_equal(space_stats(space).splits, 2); /* they are not taken back */
}

static void stats_refuse_null_pointers(void **state)
{
    Space *space = *state;
    MemVmapStats stats;
    assert_int_equal(mem_vmap_stats(&space->vmap, NULL), MEM_EINVAL);
    assert_int_equal(mem_vmap_stats(NULL, &stats), MEM_EINVAL);
    assert_int_equal(mem_vmap_verify(NULL, NULL), MEM_EINVAL);
}

static void verify_needs_no_page_and_changes_nothing(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1 + M2 + PAGE, RWUG);
    mem_vmap_unmap(&space->vmap, VIRT + M2 + PAGE, PAGE);
    Snapshot before = space_snapshot(space);
    usize gets = host_page_gets(space->host);
    MemVmapDefect defect;
    memset(&defect, 0x5a, sizeof defect);
    MemVmapDefect untouched = defect;
    host_fail_from(space->host, 1);
    assert_int_equal(mem_vmap_verify(&space->vmap, &defect), 0);
    assert_memory_equal(&defect, &untouched, sizeof defect);
    assert_int_equal(host_page_gets(space->host), gets);
    assert_unchanged(space, &before);
}

/* Damages the raw entry of `virt` at `level` as a stray store would; verify must see it. */
static void assert_seen(Space *space, usize virt, unsigned level, uint64_t flip)
{
    RawTree tree = space_raw(space);
    uint64_t *slot = raw_slot(&tree, virt, level), kept = *slot;
    MemVmapDefect defect = {0};
    *slot ^= flip;
    int code = mem_vmap_verify(&space->vmap, &defect);
    int again = mem_vmap_verify(&space->vmap, NULL); /* the defect may be null */
    uint64_t damaged = *slot;
    *slot = kept;
    if (code != MEM_ECORRUPT)
        print_error("not seen: level %u, flip %#llx\n", level, (unsigned long long)flip);
    assert_int_equal(code, MEM_ECORRUPT);
    assert_int_equal(again, MEM_ECORRUPT);
    assert_non_null(defect.rule);
    assert_true(strlen(defect.rule) > 0);
    assert_true(damaged == (kept ^ flip)); /* and it does not repair */
}

static void verify_sees_damaged_entries(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1 + M2 + 2 * PAGE, 0);
    usize large = VIRT + G1, page = VIRT + G1 + M2;
    assert_seen(space, page + 9 * PAGE, 0, 0x5000);      /* absent, with an address left behind */
    assert_seen(space, page + 9 * PAGE, 0, RAW_NX);      /* absent, with rights left behind */
    assert_seen(space, large + 9 * M2, 1, RAW_A);        /* the same above */
    assert_seen(space, large, 1, 1 << 13);               /* a large leaf with a reserved bit */
    assert_seen(space, VIRT, 2, 1 << 21);                /* the same of 1 GiB: misaligned */
    assert_seen(space, page, space->levels - 1, RAW_PS); /* a leaf where the level has none */
    assert_seen(space, page, 1, RAW_RW);                 /* a parent that restricts */
    assert_seen(space, page, 2, RAW_US);
    assert_seen(space, page, 1, RAW_NX);
    assert_int_equal(mem_vmap_verify(&space->vmap, NULL), 0);
}

static void verify_sees_entries_that_appeared_or_went(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2 + 2 * PAGE, 0);
    RawTree tree = space_raw(space);
    usize page = VIRT + M2;
    assert_seen(space, page, 0, *raw_slot(&tree, page, 0));            /* gone, its table still counted */
    assert_seen(space, page + 7 * PAGE, 0, *raw_slot(&tree, page, 0)); /* one that nobody mapped */
    assert_seen(space, VIRT, 1, *raw_slot(&tree, VIRT, 1));            /* gone, its credits still owed */
    assert_seen(space, page, space->levels - 1, *raw_slot(&tree, page, space->levels - 1));
}

static void verify_sees_an_empty_table(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    RawTree tree = space_raw(space);
    assert_seen(space, VIRT, 0, *raw_slot(&tree, VIRT, 0));
}

/* A table that is linked under itself: the walk over it must end. */
static void verify_sees_cycles(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_map(space, PHYS, VIRT + M2, PAGE, 0);
    RawTree tree = space_raw(space);
    const uint64_t address = 0x000ffffffffff000;
    uint64_t own = *raw_slot(&tree, VIRT, 2), first = *raw_slot(&tree, VIRT, 1);
    uint64_t root = mem_vmap_root(&space->vmap);
    assert_seen(space, VIRT, 1, (first ^ own) & address); /* the table that the entry is in */
    assert_seen(space, VIRT, 2, (own ^ root) & address);
}

static void strerror_has_a_text_for_every_code(void **state)
{
    (void)state;
    for (int code = MEM_ECORRUPT; code <= MEM_OK; code++) {
        const char *text = mem_vmap_strerror(code);
        assert_non_null(text);
        assert_true(strlen(text) > 0);
        for (int other = MEM_ECORRUPT; other < code; other++)
            assert_string_not_equal(text, mem_vmap_strerror(other));
    }
}

static void strerror_is_never_null(void **state)
{
    (void)state;
    static const int codes[] = {1, 42, INT_MAX, INT_MIN, MEM_ECORRUPT - 1};
    for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_non_null(mem_vmap_strerror(codes[i]));
        assert_string_not_equal(mem_vmap_strerror(codes[i]), mem_vmap_strerror(MEM_OK));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(stats_count_leaves_and_tables),
        TEST(stats_count_what_happened_since_init),
        TEST(stats_refuse_null_pointers),
        TEST(verify_needs_no_page_and_changes_nothing),
        TEST(verify_sees_damaged_entries),
        TEST(verify_sees_entries_that_appeared_or_went),
        TEST(verify_sees_an_empty_table),
        TEST(verify_sees_cycles),
        cmocka_unit_test(strerror_has_a_text_for_every_code),
        cmocka_unit_test(strerror_is_never_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
