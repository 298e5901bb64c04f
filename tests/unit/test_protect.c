/* SPDX-License-Identifier: MIT */
/* mem_vmap_protect: what it changes, what it keeps and what it refuses. */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

/* WRITE, EXEC, USER and GLOBAL in each combination that a default space accepts. */
static const int rights[] = {
    0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14,
};
#define RIGHTS (sizeof rights / sizeof *rights)

static void protect_sets_every_right(void **state)
{
    static const usize sizes[] = {PAGE, M2, G1};
    const int same = MEM_VMAP_UNCACHED | MEM_VMAP_DIRTY;
    Space *space = *state;
    for (unsigned size = 0; size < 3; size++) {
        must_map(space, PHYS, VIRT, sizes[size], same);
        for (unsigned i = 0; i < RIGHTS * RIGHTS; i++) {
            int flags = rights[i % 2 ? i / RIGHTS : i % RIGHTS];
            must_protect(space, VIRT, sizes[size], flags);
            assert_leaf(space, VIRT, PHYS, sizes[size], same | flags);
        }
        mem_vmap_unmap(&space->vmap, VIRT, sizes[size]);
    }
}

static void protect_keeps_all_but_the_rights(void **state)
{
    static const int kept[] = {
        MEM_VMAP_ACCESSED,
        MEM_VMAP_DIRTY | MEM_VMAP_WRITE_THROUGH,
        MEM_VMAP_DEVICE,
        MEM_VMAP_NO_RESERVE | MEM_VMAP_UNCACHED | MEM_VMAP_ACCESSED,
    };
    Space *space = *state;
    for (unsigned i = 0; i < 4; i++) {
        must_map(space, PHYS, VIRT, M2, kept[i] | MEM_VMAP_WRITE);
        must_protect(space, VIRT, M2, MEM_VMAP_EXEC);
        assert_leaf(space, VIRT, PHYS, M2, kept[i] | MEM_VMAP_EXEC);
        mem_vmap_unmap(&space->vmap, VIRT, M2);
    }
}

static void protect_accepts_flags_that_were_read_and_ignores_what_is_no_right(void **state)
{
    const int other = MEM_VMAP_WRITE_THROUGH | MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY | MEM_VMAP_NO_RESERVE;
    Space *space = *state;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_USER);
    must_protect(space, VIRT, M2, MEM_VMAP_WRITE | other);
    assert_leaf(space, VIRT, PHYS, M2, MEM_VMAP_WRITE);
    must_map(space, PHYS, VIRT + M2, M2, other | MEM_VMAP_EXEC);
    MemVmapLeaf leaf;
    assert_int_equal(mem_vmap_lookup(&space->vmap, VIRT + M2, &leaf), 0);
    must_protect(space, VIRT + M2, M2, leaf.flags);
    assert_leaf(space, VIRT + M2, PHYS, M2, leaf.flags);
}

static void protect_covers_leaves_of_every_size(void **state)
{
    Space *space = *state;
    usize len = G1 + 2 * M2 + 2 * PAGE;
    usize virt = VIRT - M2 - PAGE, phys = PHYS - M2 - PAGE;
    must_map(space, phys, virt, len, MEM_VMAP_WRITE);
    must_protect(space, virt, len, MEM_VMAP_USER);
    assert_leaf(space, virt, phys, PAGE, MEM_VMAP_USER);
    assert_leaf(space, VIRT - M2, PHYS - M2, M2, MEM_VMAP_USER);
    assert_leaf(space, VIRT, PHYS, G1, MEM_VMAP_USER);
    assert_leaf(space, VIRT + G1, PHYS + G1, M2, MEM_VMAP_USER);
    assert_leaf(space, VIRT + G1 + M2, PHYS + G1 + M2, PAGE, MEM_VMAP_USER);
}

static void protect_stops_at_the_end_of_its_range(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 600 * PAGE, MEM_VMAP_WRITE | MEM_VMAP_CAP_4K);
    must_protect(space, VIRT + 500 * PAGE, 50 * PAGE, 0);
    assert_leaves(space, VIRT, PHYS, 500 * PAGE, PAGE, MEM_VMAP_WRITE);
    assert_leaves(space, VIRT + 500 * PAGE, PHYS + 500 * PAGE, 50 * PAGE, PAGE, 0);
    assert_leaves(space, VIRT + 550 * PAGE, PHYS + 550 * PAGE, 50 * PAGE, PAGE, MEM_VMAP_WRITE);
}

static void protect_widens_to_whole_pages(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 4 * PAGE, MEM_VMAP_WRITE);
    must_protect(space, VIRT + 2 * PAGE - 1, 2, MEM_VMAP_USER);
    assert_leaf(space, VIRT, PHYS, PAGE, MEM_VMAP_WRITE);
    assert_leaves(space, VIRT + PAGE, PHYS + PAGE, 2 * PAGE, PAGE, MEM_VMAP_USER);
    assert_leaf(space, VIRT + 3 * PAGE, PHYS + 3 * PAGE, PAGE, MEM_VMAP_WRITE);
}

static void protect_over_a_hole_changes_nothing(void **state)
{
    Space *space = *state;
    must_not_protect(space, 0, PAGE, 0, MEM_EMISS);
    must_map(space, PHYS, VIRT, 4 * M2, MEM_VMAP_WRITE | MEM_VMAP_GLOBAL);
    must_not_protect(space, VIRT - PAGE, 2 * PAGE, 0, MEM_EMISS);           /* the hole comes first, */
    must_not_protect(space, VIRT + M2, 3 * M2 + PAGE, 0, MEM_EMISS);        /* last, */
    must_not_protect(space, VIRT + PAGE, 4 * M2, MEM_VMAP_USER, MEM_EMISS); /* behind a leaf to be split, */
    must_not_protect(space, VIRT, G512, 0, MEM_EMISS);
    mem_vmap_unmap(&space->vmap, VIRT + 2 * M2 + 77 * PAGE, PAGE);
    must_not_protect(space, VIRT, 4 * M2, 0, MEM_EMISS); /* or is one page in the middle */
    must_not_protect(space, VIRT + 2 * M2 + 77 * PAGE, PAGE, 0, MEM_EMISS);
    mem_vmap_unmap(&space->vmap, VIRT + 2 * M2, M2);
    must_not_protect(space, VIRT, 4 * M2, 0, MEM_EMISS);
    must_protect(space, VIRT, 2 * M2, 0);
    must_protect(space, VIRT + 3 * M2, M2, 0);
}

static void protect_refuses_length_zero(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_not_protect(space, VIRT, 0, MEM_VMAP_WRITE, MEM_EINVAL);
    must_not_protect(space, 0, 0, 0, MEM_EINVAL);
}

static void protect_refuses_flags_as_map_does(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_not_protect(space, VIRT, PAGE, MEM_VMAP_WRITE | MEM_VMAP_EXEC, MEM_EFLAGS);
    must_not_protect(space, VIRT, PAGE, 1 << 7, MEM_EFLAGS);
    must_not_protect(space, VIRT, PAGE, 1 << 11, MEM_EFLAGS);
    must_not_protect(space, VIRT, PAGE, 1 << 14, MEM_EFLAGS);
    must_not_protect(space, VIRT, PAGE, -1, MEM_EFLAGS);
    must_not_protect(space, VIRT, PAGE, MEM_VMAP_TYPES << MEM_VMAP_TYPE_SHIFT, MEM_EFLAGS);
}

static void protect_grants_write_with_execute_where_the_space_allows_it(void **state)
{
    (void)state;
    MemVmapOptions options = {.allow_write_exec = true};
    Space *space = space_new("x86_64_5level", SPACE_ONE_CPU, &options);
    must_map(space, PHYS, VIRT, PAGE, 0);
    must_protect(space, VIRT, PAGE, MEM_VMAP_WRITE | MEM_VMAP_EXEC);
    assert_leaf(space, VIRT, PHYS, PAGE, MEM_VMAP_WRITE | MEM_VMAP_EXEC);
    space_end(space);
}

static void protect_refuses_what_the_cpu_lacks(void **state)
{
    (void)state;
    MemVmapOptions options = {.no_execute_missing = true, .global_missing = true};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_map(space, PHYS, VIRT, PAGE, MEM_VMAP_EXEC);
    must_not_protect(space, VIRT, PAGE, 0, MEM_ENOTSUP);
    must_not_protect(space, VIRT, PAGE, MEM_VMAP_EXEC | MEM_VMAP_GLOBAL, MEM_ENOTSUP);
    must_protect(space, VIRT, PAGE, MEM_VMAP_EXEC | MEM_VMAP_USER);
    space_end(space);
}

/* Everything is wrong at first; the mistakes are mended in the order in which they must be reported. */
static void protect_reports_the_mistake_nearest_to_the_caller(void **state)
{
    (void)state;
    MemVmapOptions options = {.global_missing = true, .cache_pages = MEM_VMAP_NO_CACHE};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    const int wrong = MEM_VMAP_WRITE | MEM_VMAP_EXEC | MEM_VMAP_GLOBAL;
    must_map(space, PHYS, VIRT, M2, MEM_VMAP_NO_RESERVE);
    host_fail_from(space->host, 1);
    must_not_protect(space, space->low_end, 0, wrong, MEM_EINVAL);
    must_not_protect(space, space->low_end, PAGE, wrong, MEM_EFLAGS);
    must_not_protect(space, space->low_end, PAGE, MEM_VMAP_GLOBAL, MEM_ENOTSUP);
    must_not_protect(space, space->low_end, PAGE, 0, MEM_ERANGE);
    must_not_protect(space, VIRT + PAGE, M2, MEM_VMAP_WRITE, MEM_EMISS);
    must_not_protect(space, VIRT + PAGE, PAGE, MEM_VMAP_WRITE, MEM_ENOMEM);
    space_end(space);
}

static void protect_without_a_space(void **state)
{
    (void)state;
    MemVmap never_made = {0};
    assert_int_equal(mem_vmap_protect(NULL, 0, PAGE, 0), MEM_EINVAL);
    assert_int_equal(mem_vmap_protect(&never_made, 0, PAGE, 0), MEM_EINVAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(protect_sets_every_right),
        TEST(protect_keeps_all_but_the_rights),
        TEST(protect_accepts_flags_that_were_read_and_ignores_what_is_no_right),
        TEST(protect_covers_leaves_of_every_size),
        TEST(protect_stops_at_the_end_of_its_range),
        TEST(protect_widens_to_whole_pages),
        TEST(protect_over_a_hole_changes_nothing),
        TEST(protect_refuses_length_zero),
        TEST(protect_refuses_flags_as_map_does),
        cmocka_unit_test(protect_grants_write_with_execute_where_the_space_allows_it),
        cmocka_unit_test(protect_refuses_what_the_cpu_lacks),
        cmocka_unit_test(protect_reports_the_mistake_nearest_to_the_caller),
        cmocka_unit_test(protect_without_a_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
