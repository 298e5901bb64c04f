/* SPDX-License-Identifier: MIT */
/* mem_vmap_cost, mem_vmap_unmap_cost and mem_vmap_reserve. */
#include "tests/support/space.h"

#define VIRT (3 * G1)
#define PHYS (5 * G1)

static Space *space_without_cache(const char *format)
{
    MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    return space_new(format, SPACE_ONE_CPU, &options);
}

static usize cost(Space *space, usize phys, usize virt, usize len, int flags)
{
    usize pages = SIZE_MAX;
    assert_int_equal(mem_vmap_cost(&space->vmap, phys, virt, len, flags, &pages), 0);
    return pages;
}

static usize unmap_cost(Space *space, usize virt, usize len)
{
    usize pages = SIZE_MAX;
    assert_int_equal(mem_vmap_unmap_cost(&space->vmap, virt, len, &pages), 0);
    return pages;
}

static void cost_of_maps_into_an_empty_space(void **state)
{
    Space *space = *state;
    usize above = space->levels - 4; /* one more table on every path with 5 levels */
    assert_int_equal(cost(space, 0, 0, PAGE, 0), 3 + above);
    assert_int_equal(cost(space, 0, 0, M2, 0), 2 + above + 1);
    assert_int_equal(cost(space, 0, 0, M2, MEM_VMAP_CAP_4K), 3 + above);
    assert_int_equal(cost(space, 0, 0, M2, MEM_VMAP_NO_RESERVE), 2 + above);
    assert_int_equal(cost(space, 0, 0, G1, 0), 1 + above + 513);
    assert_int_equal(cost(space, 0, 0, G1, MEM_VMAP_NO_RESERVE), 1 + above);
    assert_int_equal(cost(space, 0, 0, G1, MEM_VMAP_CAP_4K), 2 + above + 512);
    assert_int_equal(cost(space, M2, M2 - PAGE, 2 * PAGE, 0), 4 + above);
    assert_int_equal(cost(space, M2, G1 - PAGE, 2 * PAGE, 0), 5 + above);
    assert_int_equal(cost(space, M2, G512 - PAGE, 2 * PAGE, 0), 6 + above);
    assert_int_equal(cost(space, PAGE, PAGE, M2, 0), 4 + above); /* never a large leaf: a head and a tail */
    assert_int_equal(cost(space, M2 - PAGE, M2 - PAGE, M2 + 2 * PAGE, 0), 4 + above + 1);
}

static void cost_counts_what_is_there_already(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, PAGE, 0);
    assert_int_equal(cost(space, PHYS, VIRT + PAGE, PAGE, 0), 0);
    assert_int_equal(cost(space, PHYS, VIRT + PAGE, 512 * PAGE, 0), 1);
    assert_int_equal(cost(space, PHYS, VIRT + M2, M2, 0), 1);
    assert_int_equal(cost(space, PHYS, VIRT + G1, PAGE, 0), 2);
    assert_int_equal(cost(space, PHYS, VIRT + G1, G1, 0), 513);
}

/* With exactly that many pages the map succeeds, with one less it does not. */
static void cost_is_exact(void **state)
{
    (void)state;
    static const struct {
        usize virt, phys, len;
        int flags;
    } maps[] = {
        {0, 0, PAGE, 0},
        {M2 - PAGE, PHYS - PAGE, 2 * PAGE, 0},
        {G512 - M2 - PAGE, PHYS - M2 - PAGE, 2 * M2 + 2 * PAGE, 0},
        {VIRT - M2, PHYS - M2, G1 + 2 * M2, 0},
        {VIRT - M2, PHYS - M2, G1 + 2 * M2, MEM_VMAP_NO_RESERVE},
        {VIRT, PHYS, 40 * M2, MEM_VMAP_CAP_4K},
        {0 - G1, 0, G1, MEM_VMAP_CAP_2M},
    };
    for (unsigned i = 0; i < sizeof maps / sizeof *maps; i++) {
        Space *space = space_without_cache(i % 2 ? "x86_64_4level" : "x86_64_5level");
        must_map(space, 0, VIRT + 2 * G1, PAGE, 0);
        usize pages = cost(space, maps[i].phys, maps[i].virt, maps[i].len, maps[i].flags);
        assert_true(pages > 0);
        host_fail_from(space->host, pages);
        must_not_map(space, maps[i].phys, maps[i].virt, maps[i].len, maps[i].flags, MEM_ENOMEM);
        host_fail_from(space->host, pages + 1);
        must_map(space, maps[i].phys, maps[i].virt, maps[i].len, maps[i].flags);
        space_end(space);
    }
}

static void cost_has_the_errors_of_map(void **state)
{
    Space *space = *state;
    MemVmap *vmap = &space->vmap;
    usize pages = 42;
    must_map(space, PHYS, VIRT, PAGE, 0);
    Snapshot before = space_snapshot(space);
    assert_int_equal(mem_vmap_cost(vmap, 0, 0, 0, 0, &pages), MEM_EINVAL);
    assert_int_equal(mem_vmap_cost(vmap, 0, 0, PAGE, 0, NULL), MEM_EINVAL);
    assert_int_equal(mem_vmap_cost(vmap, 0, 0, PAGE, 3, &pages), MEM_EFLAGS);
    assert_int_equal(mem_vmap_cost(vmap, 0, 0, PAGE, MEM_VMAP_WRITE_COMBINING, &pages), MEM_ENOTSUP);
    assert_int_equal(mem_vmap_cost(vmap, 1, 0, PAGE, 0, &pages), MEM_EALIGN);
    assert_int_equal(mem_vmap_cost(vmap, 0, space->low_end, PAGE, 0, &pages), MEM_ERANGE);
    assert_int_equal(mem_vmap_cost(vmap, 0, VIRT - PAGE, 2 * PAGE, 0, &pages), MEM_EOVERLAP);
    assert_int_equal(pages, 42);
    assert_unchanged(space, &before);
}

static void cost_and_unmap_cost_take_nothing(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, G1, MEM_VMAP_NO_RESERVE);
    usize gets = space->gets;
    Snapshot before = space_snapshot(space);
    cost(space, 0, 0, 2 * G1, 0);
    unmap_cost(space, VIRT + PAGE, PAGE);
    assert_unchanged(space, &before);
    assert_int_equal(space->gets, gets);
}

static void unmap_costs_nothing_where_credits_were_taken(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 2 * G1 + 2 * M2 + 2 * PAGE, 0);
    assert_int_equal(unmap_cost(space, VIRT + PAGE, PAGE), 0);
    assert_int_equal(unmap_cost(space, VIRT + PAGE, G1), 0);
    assert_int_equal(unmap_cost(space, 0, SIZE_MAX), 0);
    assert_int_equal(unmap_cost(space, 0, 0), 0);
}

static void unmap_cost_counts_the_cuts_of_no_reserve_leaves(void **state)
{
    Space *space = *state;
    must_map(space, PHYS, VIRT, 2 * G1 + 2 * M2, MEM_VMAP_NO_RESERVE);
    assert_int_equal(unmap_cost(space, VIRT, 2 * G1 + 2 * M2), 0); /* whole leaves */
    assert_int_equal(unmap_cost(space, VIRT, G1), 0);
    assert_int_equal(unmap_cost(space, VIRT + 2 * G1 + PAGE, PAGE), 1);
    assert_int_equal(unmap_cost(space, VIRT + 2 * G1 + PAGE, M2), 2); /* two leaves of 2 MiB */
    assert_int_equal(unmap_cost(space, VIRT + M2, M2), 1);            /* 1 GiB to 2 MiB */
    assert_int_equal(unmap_cost(space, VIRT + PAGE, PAGE), 2);        /* and one of these to pages */
    assert_int_equal(unmap_cost(space, VIRT, PAGE), 2);
    assert_int_equal(unmap_cost(space, VIRT + PAGE, M2), 3); /* two of these */
    assert_int_equal(unmap_cost(space, VIRT + PAGE, G1), 4); /* two leaves of 1 GiB */
    assert_int_equal(unmap_cost(space, VIRT + M2, G1), 2);
    assert_int_equal(unmap_cost(space, VIRT - PAGE, 2 * PAGE), 2); /* a hole costs nothing */
}

/* With exactly that many pages an unmap loses nothing, with one less it does. */
static void unmap_cost_is_exact(void **state)
{
    (void)state;
    static const struct {
        usize offset, len;
    } cuts[] = {{PAGE, PAGE}, {M2, M2}, {PAGE, M2}, {G1 - PAGE, 2 * PAGE}, {2 * G1 + PAGE, M2}};
    for (unsigned i = 0; i < 5; i++) {
        for (usize less = 0; less < 2; less++) {
            Space *space = space_without_cache("x86_64_4level");
            must_map(space, PHYS, VIRT, 2 * G1 + 2 * M2, MEM_VMAP_NO_RESERVE);
            usize pages = unmap_cost(space, VIRT + cuts[i].offset, cuts[i].len);
            host_fail_from(space->host, pages + 1 - less);
            mem_vmap_unmap(&space->vmap, VIRT + cuts[i].offset, cuts[i].len);
            assert_int_equal(space->lost_count > 0, less);
            space_end(space);
        }
    }
}

static void reserve_puts_pages_aside(void **state)
{
    Space *space = *state;
    assert_int_equal(mem_vmap_reserve(&space->vmap, 100), 0);
    assert_int_equal(space_stats(space).reserved, 100);
    space_check(space); /* the pool has them */
    assert_int_equal(mem_vmap_reserve(&space->vmap, 30), 0);
    assert_int_equal(space_stats(space).reserved, 30);
    assert_int_equal(mem_vmap_reserve(&space->vmap, 0), 0);
    assert_int_equal(space_stats(space).reserved, 0);
    space_check(space);
}

static void reserve_zero_gives_the_pages_back(void **state)
{
    (void)state;
    Space *space = space_without_cache("x86_64_4level");
    assert_int_equal(mem_vmap_reserve(&space->vmap, 100), 0);
    assert_int_equal(host_pages_out(space->host), 101);
    assert_int_equal(mem_vmap_reserve(&space->vmap, 10), 0);
    assert_int_equal(host_pages_out(space->host), 11);
    assert_int_equal(mem_vmap_reserve(&space->vmap, 0), 0);
    assert_int_equal(host_pages_out(space->host), 1);
    space_end(space);
}

static void a_map_that_was_reserved_for_needs_no_memory(void **state)
{
    (void)state;
    Space *space = space_without_cache("x86_64_5level");
    usize pages = cost(space, PHYS, VIRT, G1 + M2, 0);
    assert_int_equal(mem_vmap_reserve(&space->vmap, pages + 3), 0);
    host_fail_from(space->host, 1);
    must_map(space, PHYS, VIRT, G1 + M2, 0);
    assert_int_equal(space_stats(space).reserved, 3); /* the map used the others up */
    assert_leaf(space, VIRT, PHYS, G1, 0);
    must_not_map(space, 0, (usize)1 << 48, PAGE, 0, MEM_ENOMEM); /* four tables would be needed */
    assert_int_equal(space_stats(space).reserved, 3);
    space_end(space);
}

static void reserve_that_cannot_be_had_keeps_what_was_there(void **state)
{
    (void)state;
    Space *space = space_without_cache("x86_64_4level");
    must_map(space, PHYS, VIRT, G1, 0); /* credits, to which SIZE_MAX must not be added */
    assert_int_equal(mem_vmap_reserve(&space->vmap, 5), 0);
    Snapshot before = space_snapshot(space);
    host_fail_from(space->host, 10);
    assert_int_equal(mem_vmap_reserve(&space->vmap, 20), MEM_ENOMEM);
    assert_unchanged(space, &before);
    host_fail_from(space->host, 1);
    assert_int_equal(mem_vmap_reserve(&space->vmap, SIZE_MAX), MEM_ENOMEM);
    assert_unchanged(space, &before);
    assert_int_equal(mem_vmap_reserve(&space->vmap, 5), 0); /* they are there */
    space_end(space);
}

static void reserved_pages_are_not_spent_on_credits_or_splits_of_others(void **state)
{
    (void)state;
    Space *space = space_without_cache("x86_64_4level");
    must_map(space, PHYS, VIRT, M2, 0);
    assert_int_equal(mem_vmap_reserve(&space->vmap, 2), 0);
    host_fail_from(space->host, 1);
    mem_vmap_unmap(&space->vmap, VIRT, PAGE);
    MemVmapStats stats = space_stats(space);
    assert_int_equal(stats.reserved, 2);
    assert_int_equal(stats.pool_free, 2);
    space_end(space);
}

static void costs_and_reserve_refuse_null_pointers(void **state)
{
    Space *space = *state;
    usize pages = 42;
    assert_int_equal(mem_vmap_unmap_cost(&space->vmap, 0, PAGE, NULL), MEM_EINVAL);
    assert_int_equal(mem_vmap_unmap_cost(NULL, 0, PAGE, &pages), MEM_EINVAL);
    assert_int_equal(mem_vmap_cost(NULL, 0, 0, PAGE, 0, &pages), MEM_EINVAL);
    assert_int_equal(mem_vmap_reserve(NULL, 1), MEM_EINVAL);
    assert_int_equal(pages, 42);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(cost_of_maps_into_an_empty_space),
        TEST(cost_counts_what_is_there_already),
        cmocka_unit_test(cost_is_exact),
        TEST(cost_has_the_errors_of_map),
        TEST(cost_and_unmap_cost_take_nothing),
        TEST(unmap_costs_nothing_where_credits_were_taken),
        TEST(unmap_cost_counts_the_cuts_of_no_reserve_leaves),
        cmocka_unit_test(unmap_cost_is_exact),
        TEST(reserve_puts_pages_aside),
        cmocka_unit_test(reserve_zero_gives_the_pages_back),
        cmocka_unit_test(a_map_that_was_reserved_for_needs_no_memory),
        cmocka_unit_test(reserve_that_cannot_be_had_keeps_what_was_there),
        cmocka_unit_test(reserved_pages_are_not_spent_on_credits_or_splits_of_others),
        TEST(costs_and_reserve_refuse_null_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
