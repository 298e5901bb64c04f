/* SPDX-License-Identifier: MIT */
/* What the walker of another CPU sees between the stores of a call, and what its writes must not lose. */
#include "tests/interleaving/watch.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

/* Around every boundary that the calls below have. */
static const usize probes[] = {
    VIRT - PAGE,      VIRT,      VIRT + 6 * PAGE,  VIRT + 7 * PAGE, VIRT + 8 * PAGE,
    VIRT + M2 - PAGE, VIRT + M2, VIRT + M2 + PAGE, VIRT + 2 * M2,   VIRT + G1 - M2 - PAGE,
    VIRT + G1 - PAGE, VIRT + G1, VIRT + G1 + PAGE, VIRT + G1 + M2,  VIRT + 2 * G1 - PAGE,
    VIRT + 2 * G1,
};

static void watch_probes(Space *space)
{
    watch_begin(space, probes, sizeof probes / sizeof *probes);
}

/* The pool is full of tables that held pages: what is not written anew shows. */
static void use_the_pool(Space *space)
{
    must_map(space, PHYS, VIRT + 8 * G1, 64 * M2, RWUG | MEM_VMAP_CAP_4K);
    mem_vmap_unmap(&space->vmap, VIRT + 8 * G1, 64 * M2);
}

static void map_builds_out_of_sight(void **state)
{
    Space *space = *state;
    use_the_pool(space);
    watch_probes(space);
    must_map(space, PHYS - PAGE, VIRT - PAGE, G1 + M2 + 2 * PAGE, MEM_VMAP_WRITE);
    watch_end();
}

static void map_of_pages_builds_out_of_sight(void **state)
{
    Space *space = *state;
    use_the_pool(space);
    watch_probes(space);
    must_map(space, PHYS + 7 * PAGE, VIRT + 7 * PAGE, M2, MEM_VMAP_WRITE | MEM_VMAP_CAP_4K);
    watch_end();
    watch_probes(space);
    must_map(space, PHYS, VIRT, 7 * PAGE, MEM_VMAP_CAP_4K);
    watch_end();
    watch_probes(space);
    must_map(space, PHYS, VIRT + G1 - M2, 7 * PAGE, 0);
    watch_end();
}

static void unmap_in_a_large_leaf_leaves_the_rest_in_place(void **state)
{
    static const usize sizes[] = {M2, G1, 2 * G1};
    Space *space = *state;
    for (unsigned i = 0; i < 3; i++) {
        must_map(space, PHYS, VIRT, sizes[i], MEM_VMAP_WRITE);
        watch_probes(space);
        mem_vmap_unmap(&space->vmap, VIRT + 7 * PAGE, PAGE);
        watch_end();
        watch_probes(space);
        mem_vmap_unmap(&space->vmap, VIRT + sizes[i] - PAGE, PAGE);
        watch_end();
        watch_probes(space);
        mem_vmap_unmap(&space->vmap, 0, 16 * G1);
        watch_end();
    }
}

static void protect_in_a_large_leaf_leaves_the_rest_in_place(void **state)
{
    static const usize sizes[] = {M2, G1, 2 * G1};
    Space *space = *state;
    for (unsigned i = 0; i < 3; i++) {
        must_map(space, PHYS, VIRT, sizes[i], MEM_VMAP_WRITE);
        watch_probes(space);
        must_protect(space, VIRT + 7 * PAGE, sizes[i] - 7 * PAGE, MEM_VMAP_USER);
        watch_end();
        mem_vmap_unmap(&space->vmap, VIRT, sizes[i]);
    }
}

static void bug_47_protect_of_pages_keeps_what_the_mmu_writes(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 2 * M2, MEM_VMAP_WRITE | MEM_VMAP_CAP_4K);
    watch_probes(space);
    must_protect(space, VIRT, 8 * PAGE, 0);
    watch_end();
    watch_probes(space);
    must_protect(space, VIRT, 2 * M2, MEM_VMAP_WRITE | MEM_VMAP_USER);
    watch_end();
}

static void collapse_never_takes_a_mapping_away(void **state)
{
    static const usize sizes[] = {M2, 2 * M2, G1};
    Space *space = *state;
    for (unsigned i = 0; i < 3; i++) {
        must_map(space, PHYS, VIRT, sizes[i], MEM_VMAP_WRITE | MEM_VMAP_CAP_4K);
        watch_probes(space);
        assert_int_equal(mem_vmap_collapse(&space->vmap, VIRT, sizes[i]), 0);
        watch_end();
        assert_true(space_stats(space).collapses > 0);
        mem_vmap_unmap(&space->vmap, VIRT, sizes[i]);
    }
}

const struct CMUnitTest writer_tests[] = {
    TEST(map_builds_out_of_sight),
    TEST(map_of_pages_builds_out_of_sight),
    TEST(unmap_in_a_large_leaf_leaves_the_rest_in_place),
    TEST(protect_in_a_large_leaf_leaves_the_rest_in_place),
    TEST(bug_47_protect_of_pages_keeps_what_the_mmu_writes),
    TEST(collapse_never_takes_a_mapping_away),
};
const unsigned writer_test_count = sizeof writer_tests / sizeof *writer_tests;
