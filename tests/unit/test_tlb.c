/* SPDX-License-Identifier: MIT */
/*
 * The software TLB: translate and lookup answer as a walk would, whatever happens to the tables. A test
 * sees that a line is used by taking the root's entry away behind the library's back: then only a line
 * still leads to the leaf. White box, for the race of an insert with an unmap: lib/tlb.h.
 */
#include "tests/support/cpus.h"

/* Both have a type of this name. */
#define Snapshot TlbSnapshot
#include "lib/tlb.h"
#undef Snapshot

#include <string.h>

#define VIRT (3 * G1)
#define HIGH ((usize)0xffff900000000000)
#define PHYS (5 * G1)

typedef struct tlb_test {
    Machine *machine;
    Space *space;
} TlbTest;

static int setup(void **state, const char *format)
{
    static TlbTest test;
    test.machine = machine_new(format, &no_features, 2);
    test.space = machine_space(test.machine);
    *state = &test;
    return 0;
}

static int setup_4(void **state)
{
    return setup(state, "x86_64_4level");
}

static int setup_5(void **state)
{
    return setup(state, "x86_64_5level");
}

static int teardown(void **state)
{
    machine_end(((TlbTest *)*state)->machine);
    return 0;
}

#define TEST_TLB(name)                                                                                     \
    {#name, name, setup_4, teardown, NULL},                                                                \
    {                                                                                                      \
#name " (5 levels)", name, setup_5, teardown, NULL                                                 \
    }

/* The root's entry for an address, taken out for the time of one look. */
static bool found_without_the_root(Space *space, usize virt)
{
    RawTree tree = space_raw(space);
    uint64_t *slot = raw_slot(&tree, virt, space->levels - 1), entry = *slot;
    *slot = 0;
    bool found = mem_vmap_lookup(&space->vmap, virt, NULL) == 0;
    *slot = entry;
    return found;
}

/* Whether a line of this CPU leads to the leaf of an address. */
#define assert_cached(space, virt)   assert_true(found_without_the_root(space, virt))
#define assert_uncached(space, virt) assert_false(found_without_the_root(space, virt))

static void skip_without_lines(void)
{
    if (MEM_VMAP_TLB_LINES == 0)
        skip();
}

static void a_walk_leaves_a_line_that_answers(void **state)
{
    TlbTest *t = *state;
    skip_without_lines();
    must_map(t->space, PHYS, VIRT, 3 * PAGE, 0);
    must_map(t->space, PHYS, HIGH + 9 * M2, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    assert_leaf(t->space, HIGH + 9 * M2, PHYS, PAGE, 0);
    assert_cached(t->space, VIRT);
    assert_cached(t->space, VIRT + 2 * PAGE + 5); /* a line is good for the whole table */
    assert_cached(t->space, HIGH + 9 * M2);
}

static void what_nobody_asked_for_has_no_line(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, M2 + PAGE, MEM_VMAP_CAP_4K);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    assert_uncached(t->space, VIRT + M2);
}

static void each_cpu_has_lines_of_its_own(void **state)
{
    TlbTest *t = *state;
    skip_without_lines();
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    t->machine->here = 1;
    assert_uncached(t->space, VIRT);
    t->machine->here = 0;
    assert_cached(t->space, VIRT);
}

static void who_has_not_joined_walks(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    t->machine->here = MACHINE_STRANGER;
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    assert_uncached(t->space, VIRT);
    machine_leave(t->machine, 1);
    t->machine->here = 1;
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    assert_uncached(t->space, VIRT);
}

/* Its memory may hold anything: here the lines of another CPU, for the table of another address. */
static void a_cpu_that_joins_has_no_lines(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    memcpy(&t->machine->cpu[2], &t->machine->cpu[0], sizeof t->machine->cpu[2]);
    machine_join(t->machine, 2);
    t->machine->here = 2;
    assert_uncached(t->space, VIRT);
}

/* It has the lines that it had, and believes none whose table went meanwhile. */
static void a_cpu_that_joins_again_answers_truly(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    must_map(t->space, PHYS + G1, VIRT + G1, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    assert_leaf(t->space, VIRT + G1, PHYS + G1, PAGE, 0);
    machine_leave(t->machine, 0);
    t->machine->here = 1;
    mem_vmap_unmap(&t->space->vmap, VIRT, PAGE);
    must_map(t->space, PHYS + 2 * G1, VIRT, PAGE, 0);
    t->machine->here = 0;
    machine_join(t->machine, 0);
    assert_leaf(t->space, VIRT, PHYS + 2 * G1, PAGE, 0);
    assert_leaf(t->space, VIRT + G1, PHYS + G1, PAGE, 0);
}

static void a_hole_that_was_looked_at_can_be_mapped(void **state)
{
    TlbTest *t = *state;
    assert_hole(t->space, VIRT); /* of the root */
    must_map(t->space, PHYS, VIRT + G1, PAGE, 0);
    assert_hole(t->space, VIRT); /* one level below */
    must_map(t->space, PHYS, VIRT + 8 * M2, PAGE, 0);
    assert_hole(t->space, VIRT);
    must_map(t->space, PHYS, VIRT + 8 * PAGE, PAGE, 0);
    assert_hole(t->space, VIRT); /* of a table of pages */
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
}

static void a_page_that_goes_is_missed(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, 4 * PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    mem_vmap_unmap(&t->space->vmap, VIRT, PAGE);
    assert_hole(t->space, VIRT);
    must_map(t->space, PHYS + M2, VIRT, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS + M2, PAGE, 0);
}

static void only_tables_cost_lines(void **state)
{
    TlbTest *t = *state;
    skip_without_lines();
    must_map(t->space, PHYS, VIRT, 4 * PAGE, MEM_VMAP_WRITE);
    assert_leaf(t->space, VIRT, PHYS, PAGE, MEM_VMAP_WRITE);
    mem_vmap_unmap(&t->space->vmap, VIRT + PAGE, PAGE);
    must_protect(t->space, VIRT, PAGE, 0);
    must_map(t->space, 0, VIRT + PAGE, PAGE, 0);
    assert_cached(t->space, VIRT);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
}

/* Its page holds poison then, or belongs to somebody else. */
static void a_table_that_goes_takes_its_line_along(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, 4 * PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    mem_vmap_unmap(&t->space->vmap, VIRT, 4 * PAGE);
    assert_hole(t->space, VIRT);
    must_map(t->space, PHYS, VIRT + M2, M2, MEM_VMAP_CAP_4K); /* takes the page, most likely */
    assert_hole(t->space, VIRT);
}

/* Lines for holes lead into upper tables, which go with their last page, wherever that is. */
static void upper_tables_that_go_take_the_lines_of_holes_along(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    for (unsigned round = 0; round < 2; round++) {
        assert_hole(t->space, VIRT + 100 * M2);
        assert_hole(t->space, VIRT + 5 * G1 + 200 * M2);
        assert_hole(t->space, VIRT + 3 * G512 + 300 * M2);
        mem_vmap_unmap(&t->space->vmap, VIRT, PAGE);
    }
}

/* Far and wide: its tables go with it, and every one counts for the addresses that it translated. */
static void a_subtree_that_goes_takes_all_its_lines_along(void **state)
{
    TlbTest *t = *state;
    const usize len = G1 + 40 * M2;
    must_map(t->space, PHYS, VIRT, len, MEM_VMAP_CAP_4K);
    for (usize at = 0; at < len; at += 8 * M2)
        assert_leaf(t->space, VIRT + at, PHYS + at, PAGE, 0);
    mem_vmap_unmap(&t->space->vmap, VIRT, len);
    must_map(t->space, 0, VIRT + G512, len, MEM_VMAP_CAP_4K);
    for (usize at = 0; at < len; at += 8 * M2)
        assert_hole(t->space, VIRT + at);
}

static void the_upper_half_has_lines_that_go_too(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, TOP_PAGE - 3 * PAGE, 4 * PAGE, 0);
    must_map(t->space, PHYS, t->space->high_start, PAGE, 0);
    assert_leaf(t->space, TOP_PAGE, PHYS + 3 * PAGE, PAGE, 0);
    assert_leaf(t->space, t->space->high_start, PHYS, PAGE, 0);
    mem_vmap_unmap(&t->space->vmap, TOP_PAGE - 3 * PAGE, 4 * PAGE);
    mem_vmap_unmap(&t->space->vmap, t->space->high_start, PAGE);
    assert_hole(t->space, TOP_PAGE);
    assert_hole(t->space, t->space->high_start);
    must_map(t->space, 0, TOP_PAGE, PAGE, 0);
    assert_leaf(t->space, TOP_PAGE, 0, PAGE, 0);
}

/* So that an unmap disturbs its neighbourhood and not the world. */
static void tables_that_go_far_away_cost_nothing(void **state)
{
    TlbTest *t = *state;
    skip_without_lines();
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    must_map(t->space, PHYS, VIRT + 32 * M2, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    mem_vmap_unmap(&t->space->vmap, VIRT + 32 * M2, PAGE); /* 64 MiB away */
    assert_cached(t->space, VIRT);
}

static void a_leaf_that_is_split_is_found_in_its_table(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, M2, MEM_VMAP_WRITE);
    must_map(t->space, 0, VIRT + G1, G1, 0);
    assert_leaf(t->space, VIRT + 9 * PAGE, PHYS + 9 * PAGE, M2, MEM_VMAP_WRITE);
    assert_leaf(t->space, VIRT + G1 + 9 * PAGE, 9 * PAGE, G1, 0);
    mem_vmap_unmap(&t->space->vmap, VIRT, PAGE);
    mem_vmap_unmap(&t->space->vmap, VIRT + G1, PAGE);
    assert_hole(t->space, VIRT);
    assert_leaf(t->space, VIRT + 9 * PAGE, PHYS + 9 * PAGE, PAGE, MEM_VMAP_WRITE);
    assert_hole(t->space, VIRT + G1);
    assert_leaf(t->space, VIRT + G1 + 9 * PAGE, 9 * PAGE, PAGE, 0);
    assert_leaf(t->space, VIRT + G1 + M2, M2, M2, 0);
}

static void pages_that_are_joined_are_found_as_one(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, G1, MEM_VMAP_CAP_4K);
    assert_leaf(t->space, VIRT + 9 * PAGE, PHYS + 9 * PAGE, PAGE, 0);
    assert_int_equal(mem_vmap_collapse(&t->space->vmap, VIRT, M2), 0);
    assert_leaf(t->space, VIRT + 9 * PAGE, PHYS + 9 * PAGE, M2, 0);
    assert_int_equal(mem_vmap_collapse(&t->space->vmap, VIRT, G1), 0);
    assert_leaf(t->space, VIRT + 9 * PAGE, PHYS + 9 * PAGE, G1, 0);
    mem_vmap_unmap(&t->space->vmap, VIRT, PAGE);
    assert_leaf(t->space, VIRT + 9 * PAGE, PHYS + 9 * PAGE, PAGE, 0);
}

static void new_rights_are_seen(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, 2 * M2, MEM_VMAP_WRITE);
    assert_leaf(t->space, VIRT, PHYS, M2, MEM_VMAP_WRITE);
    must_protect(t->space, VIRT, M2, MEM_VMAP_USER);
    assert_leaf(t->space, VIRT, PHYS, M2, MEM_VMAP_USER);
    must_protect(t->space, VIRT + PAGE, PAGE, MEM_VMAP_EXEC);
    assert_leaf(t->space, VIRT + PAGE, PHYS + PAGE, PAGE, MEM_VMAP_EXEC);
    assert_leaf(t->space, VIRT, PHYS, PAGE, MEM_VMAP_USER);
}

/* The line leads to the table that the batch holds, empty or not. The new page is in another. */
static void a_map_over_a_table_that_waits_is_seen(void **state)
{
    TlbTest *t = *state;
    for (usize pages = 1; pages <= 512; pages += 511) {
        MemVmapBatch batch;
        must_map(t->space, PHYS, VIRT, pages * PAGE, MEM_VMAP_CAP_4K);
        assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
        assert_int_equal(mem_vmap_batch_begin(&batch, &t->space->vmap), 0);
        mem_vmap_batch_unmap(&batch, VIRT, pages * PAGE);
        must_map(t->space, 0, VIRT + PAGE, PAGE, MEM_VMAP_USER);
        assert_leaf(t->space, VIRT + PAGE, 0, PAGE, MEM_VMAP_USER);
        assert_hole(t->space, VIRT);
        mem_vmap_batch_end(&batch);
        assert_leaf(t->space, VIRT + PAGE, 0, PAGE, MEM_VMAP_USER);
        mem_vmap_unmap(&t->space->vmap, VIRT, M2);
    }
}

/* A second unmap must not end while a line still answers: also where it has overflowed. */
static void bug_19_an_unmap_of_what_waits_in_a_batch_is_seen(void **state)
{
    TlbTest *t = *state;
    const usize elsewhere = VIRT + 64 * M2, most = MEM_VMAP_BATCH_RANGES + 1;
    for (usize others = 0; others <= most; others += most) {
        MemVmapBatch first, second;
        must_map(t->space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
        must_map(t->space, PHYS, elsewhere, M2, MEM_VMAP_CAP_4K);
        assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
        assert_int_equal(mem_vmap_batch_begin(&first, &t->space->vmap), 0);
        assert_int_equal(mem_vmap_batch_begin(&second, &t->space->vmap), 0);
        mem_vmap_batch_unmap(&first, VIRT, M2);
        for (usize i = 0; i < others; i++)
            mem_vmap_batch_unmap(&second, elsewhere + 2 * i * PAGE, PAGE);
        mem_vmap_batch_unmap(&second, VIRT, PAGE);
        mem_vmap_batch_end(&second);
        assert_hole(t->space, VIRT);
        mem_vmap_batch_end(&first);
        mem_vmap_unmap(&t->space->vmap, elsewhere, M2);
    }
}

static void a_space_made_where_another_was_has_no_lines(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    assert_hole(t->space, VIRT + G512);
    usize root = mem_vmap_root(&t->space->vmap);
    mem_vmap_destroy(&t->space->vmap);
    space_make(t->space, &(MemVmapOptions){.cache_pages = MEM_VMAP_NO_CACHE});
    assert_int_equal(mem_vmap_root(&t->space->vmap), root);
    assert_hole(t->space, VIRT);
    must_map(t->space, 0, VIRT, PAGE, 0);
    assert_leaf(t->space, VIRT, 0, PAGE, 0);
}

/* Each with a page of its own at the same address, asked for in turns. */
static void spaces_with_the_same_addresses_keep_apart(void **state)
{
    TlbTest *t = *state;
    Space *spaces[MACHINE_SPACES - 1];
    for (unsigned i = 0; i < MACHINE_SPACES - 1; i++) {
        spaces[i] = machine_space(t->machine);
        must_map(spaces[i], PHYS + i * PAGE, VIRT, PAGE, 0);
    }
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < MACHINE_SPACES - 1; i++)
            assert_leaf(spaces[i], VIRT, PHYS + i * PAGE, PAGE, 0);
        assert_hole(t->space, VIRT);
    }
}

/* Kernels map a lot at the same address in all spaces. */
static void spaces_with_the_same_addresses_use_other_lines(void **state)
{
    TlbTest *t = *state;
    Space *other = machine_space(t->machine);
    skip_without_lines();
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    must_map(other, PHYS, VIRT, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    assert_leaf(other, VIRT, PHYS, PAGE, 0);
    assert_cached(t->space, VIRT);
    assert_cached(other, VIRT);
}

/* Far more regions than lines, in an order in which each line is fought for. */
static void regions_that_share_a_line_take_turns(void **state)
{
    TlbTest *t = *state;
    const usize regions = 3 * MEM_VMAP_TLB_LINES + 7;
    for (usize i = 0; i < regions; i++)
        must_map(t->space, PHYS + i * PAGE, VIRT + i * M2, PAGE, 0);
    for (usize i = 0, at = 0; i < 4 * regions; i++, at = (at + MEM_VMAP_TLB_LINES + i % 2) % regions) {
        MemVmapLeaf leaf;
        assert_int_equal(mem_vmap_lookup(&t->space->vmap, VIRT + at * M2, &leaf), 0);
        assert_int_equal(leaf.phys, PHYS + at * PAGE);
        assert_int_equal(mem_vmap_lookup(&t->space->vmap, VIRT + at * M2 + PAGE, NULL), MEM_EMISS);
    }
}

#if MEM_VMAP_TLB_LINES > 0

/* What a reader has found before an unmap, and puts into its line after it. */
static TlbSnapshot walk_to(Space *space, usize virt)
{
    const MemFormat *format = space->vmap.format->description;
    return walk(format, &space->vmap, linear_from_virt(format, virt));
}

static void insert(TlbTest *t, usize virt, const TlbSnapshot *found)
{
    mem_vmap_tlb_insert(&t->machine->cpu[0], &t->space->vmap, virt >> 21, found);
}

static void a_line_inserted_after_its_table_has_gone_is_not_believed(void **state)
{
    TlbTest *t = *state;
    must_map(t->space, PHYS, VIRT, 4 * PAGE, 0);
    TlbSnapshot found = walk_to(t->space, VIRT);
    mem_vmap_unmap(&t->space->vmap, VIRT, 4 * PAGE);
    insert(t, VIRT, &found);
    assert_hole(t->space, VIRT);
    must_map(t->space, 0, VIRT, PAGE, 0);
    insert(t, VIRT, &found);
    assert_leaf(t->space, VIRT, 0, PAGE, 0);
}

/* The walk was begun in time: until the flush its line may live. */
static void a_line_inserted_while_its_table_waits_dies_with_it(void **state)
{
    TlbTest *t = *state;
    MemVmapBatch batch;
    must_map(t->space, PHYS, VIRT, M2, MEM_VMAP_CAP_4K);
    TlbSnapshot found = walk_to(t->space, VIRT);
    assert_int_equal(mem_vmap_batch_begin(&batch, &t->space->vmap), 0);
    mem_vmap_batch_unmap(&batch, VIRT, M2);
    insert(t, VIRT, &found);
    assert_int_equal(mem_vmap_lookup(&t->space->vmap, VIRT, NULL), 0);
    mem_vmap_batch_end(&batch);
    assert_hole(t->space, VIRT);
}

/* Spaces use other lines by their numbers, which repeat. */
static void a_line_of_one_space_is_not_believed_by_another(void **state)
{
    TlbTest *t = *state;
    Space *other = machine_space(t->machine);
    other->vmap.id = t->space->vmap.id + MEM_VMAP_TLB_LINES;
    assert_int_equal(tlb_index(&other->vmap, VIRT >> 21), tlb_index(&t->space->vmap, VIRT >> 21));
    must_map(t->space, PHYS, VIRT, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    assert_hole(other, VIRT);
    must_map(other, 0, VIRT, PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    assert_leaf(other, VIRT, 0, PAGE, 0);
}

/* Another writes there, or was interrupted when it did: that line is his. */
static void who_finds_a_line_being_written_walks(void **state)
{
    TlbTest *t = *state;
    MemVmapTlbLine *lines = t->machine->cpu[0].tlb;
    must_map(t->space, PHYS, VIRT, 2 * PAGE, 0);
    assert_leaf(t->space, VIRT, PHYS, PAGE, 0);
    for (unsigned i = 0; i < MEM_VMAP_TLB_LINES; i++)
        lines[i].sequence |= 1;
    const MemVmapTlbLine *line = &lines[tlb_index(&t->space->vmap, VIRT >> 21)];
    MemVmapTlbLine before = *line;
    assert_uncached(t->space, VIRT);
    assert_leaf(t->space, VIRT + PAGE, PHYS + PAGE, PAGE, 0);
    TlbSnapshot found = walk_to(t->space, VIRT);
    insert(t, VIRT, &found);
    assert_memory_equal(&before, line, sizeof before);
    for (unsigned i = 0; i < MEM_VMAP_TLB_LINES; i++)
        lines[i].sequence += 1;
    assert_cached(t->space, VIRT);
}

#endif

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_TLB(a_walk_leaves_a_line_that_answers),
        TEST_TLB(what_nobody_asked_for_has_no_line),
        TEST_TLB(each_cpu_has_lines_of_its_own),
        TEST_TLB(who_has_not_joined_walks),
        TEST_TLB(a_cpu_that_joins_has_no_lines),
        TEST_TLB(a_cpu_that_joins_again_answers_truly),
        TEST_TLB(a_hole_that_was_looked_at_can_be_mapped),
        TEST_TLB(a_page_that_goes_is_missed),
        TEST_TLB(only_tables_cost_lines),
        TEST_TLB(a_table_that_goes_takes_its_line_along),
        TEST_TLB(upper_tables_that_go_take_the_lines_of_holes_along),
        TEST_TLB(a_subtree_that_goes_takes_all_its_lines_along),
        TEST_TLB(the_upper_half_has_lines_that_go_too),
        TEST_TLB(tables_that_go_far_away_cost_nothing),
        TEST_TLB(a_leaf_that_is_split_is_found_in_its_table),
        TEST_TLB(pages_that_are_joined_are_found_as_one),
        TEST_TLB(new_rights_are_seen),
        TEST_TLB(a_map_over_a_table_that_waits_is_seen),
        TEST_TLB(bug_19_an_unmap_of_what_waits_in_a_batch_is_seen),
        TEST_TLB(a_space_made_where_another_was_has_no_lines),
        TEST_TLB(spaces_with_the_same_addresses_keep_apart),
        TEST_TLB(spaces_with_the_same_addresses_use_other_lines),
        TEST_TLB(regions_that_share_a_line_take_turns),
#if MEM_VMAP_TLB_LINES > 0
        TEST_TLB(a_line_inserted_after_its_table_has_gone_is_not_believed),
        TEST_TLB(a_line_inserted_while_its_table_waits_dies_with_it),
        TEST_TLB(a_line_of_one_space_is_not_believed_by_another),
        TEST_TLB(who_finds_a_line_being_written_walks),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
