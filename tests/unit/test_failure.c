/* SPDX-License-Identifier: MIT */
/* Every allocation of every call fails once: the call says so, and nothing has changed. */
#include "tests/support/space.h"

typedef struct mapping {
    usize virt, phys, len;
    int flags;
} Mapping;

/* Maps that need tables of every level, credits, both, or nothing. */
static const Mapping maps[] = {
    {0x1000, 0x5000, PAGE, 0},
    {M2 - PAGE, M2, 2 * PAGE, MEM_VMAP_WRITE},
    {G1 - PAGE, M2, 2 * PAGE, 0},
    {G512 - PAGE, M2, 2 * PAGE, 0},
    {0 - M2, 0, M2, 0},
    {4 * M2, 4 * M2, 3 * M2, 0},
    {4 * M2 + PAGE, 4 * M2 + PAGE, 3 * M2, MEM_VMAP_GLOBAL},
    {4 * M2, 4 * M2, 20 * M2, MEM_VMAP_CAP_4K},
    {G1, G1, G1, MEM_VMAP_NO_RESERVE},
    {G512 - G1 - M2 - PAGE, 2 * G1 - M2 - PAGE, G1 + 2 * M2 + 2 * PAGE, MEM_VMAP_NO_RESERVE},
    {3 * G512 - 70 * M2, 0, 140 * M2, 0},
};
#define MAPS (sizeof maps / sizeof *maps)

typedef void (*Fail)(Host *host, usize k);

static Space *space_with_some_mappings(const char *format)
{
    MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    Space *space = space_new(format, SPACE_MANY_CPUS, &options);
    must_map(space, 0x700000, 0x3000, 2 * PAGE, RWUG);
    must_map(space, 5 * G1, 9 * G1 + M2, M2, MEM_VMAP_EXEC);
    return space;
}

/* Lets the k-th page_get of the map fail, for every k that it has; then it succeeds. */
static void sweep_map(Space *space, const Mapping *map, Fail fail_at)
{
    for (usize k = 1;; k++) {
        Snapshot before = space_snapshot(space);
        usize failures = host_failures(space->host), out = host_pages_out(space->host);
        fail_at(space->host, k);
        int code = mem_vmap_map(&space->vmap, map->phys, map->virt, map->len, map->flags);
        host_fail_never(space->host);
        if (host_failures(space->host) == failures) {
            assert_int_equal(code, 0);
            return;
        }
        assert_int_equal(code, MEM_ENOMEM);
        assert_unchanged(space, &before);
        assert_int_equal(host_pages_out(space->host), out); /* no cache: every page is back */
    }
}

static void sweep_all_maps(Fail fail_at)
{
    static const char *const formats[] = {"x86_64_4level", "x86_64_5level"};
    for (unsigned format = 0; format < 2; format++) {
        for (unsigned i = 0; i < MAPS; i++) {
            Space *space = space_with_some_mappings(formats[format]);
            RawTree tree = space_raw(space);
            uint64_t hash = raw_hash(&tree);
            usize out = host_pages_out(space->host);
            sweep_map(space, &maps[i], fail_at);
            assert_int_equal(mem_vmap_translate(&space->vmap, maps[i].virt), maps[i].phys);
            mem_vmap_unmap(&space->vmap, maps[i].virt, maps[i].len);
            assert_true(raw_hash(&tree) == hash);
            assert_int_equal(host_pages_out(space->host), out);
            space_end(space);
        }
    }
}

static void map_with_one_failing_allocation(void **state)
{
    (void)state;
    sweep_all_maps(host_fail_once);
}

static void map_with_all_allocations_failing_from_one_on(void **state)
{
    (void)state;
    sweep_all_maps(host_fail_from);
}

/* With a cache the pages of the failed call may stay in the pool, within its bound (space_check). */
static void map_that_failed_keeps_no_more_than_the_cache(void **state)
{
    Space *space = *state;
    for (usize k = 1; k <= 200; k += 7) {
        Snapshot before = space_snapshot(space);
        host_fail_once(space->host, k);
        int code = mem_vmap_map(&space->vmap, 0, 0, 300 * M2, MEM_VMAP_CAP_4K);
        assert_int_equal(code, MEM_ENOMEM);
        assert_unchanged(space, &before);
    }
    host_fail_never(space->host);
    must_map(space, 0, 0, 300 * M2, MEM_VMAP_CAP_4K);
}

static void init_without_memory(void **state)
{
    (void)state;
    Space *space = space_prepare("x86_64_4level", SPACE_ONE_CPU);
    host_fail_once(space->host, 1);
    assert_int_equal(mem_vmap_init(&space->vmap, &space->port, space->format, NULL), MEM_ENOMEM);
    assert_int_equal(mem_vmap_root(&space->vmap), MEM_VMAP_NO_PAGE);
    assert_int_equal(host_pages_out(space->host), 0);
    space_make(space, NULL); /* the next one finds a page */
    space_end(space);
}

static void reserve_without_memory(void **state)
{
    (void)state;
    Space *space = space_with_some_mappings("x86_64_4level");
    assert_int_equal(mem_vmap_reserve(&space->vmap, 5), 0);
    usize out = host_pages_out(space->host);
    for (usize k = 1; k <= 7; k++) {
        Snapshot before = space_snapshot(space);
        host_fail_once(space->host, k);
        assert_int_equal(mem_vmap_reserve(&space->vmap, 12), MEM_ENOMEM);
        assert_unchanged(space, &before);
        assert_int_equal(space_stats(space).reserved, 5);
        assert_int_equal(host_pages_out(space->host), out);
    }
    host_fail_once(space->host, 8);
    assert_int_equal(mem_vmap_reserve(&space->vmap, 12), 0);
    space_end(space);
}

static void protect_with_each_allocation_failing(void **state)
{
    (void)state;
    Space *space = space_with_some_mappings("x86_64_5level");
    must_map(space, 0, 4 * G512, 2 * G1, MEM_VMAP_NO_RESERVE | MEM_VMAP_WRITE);
    usize k = 0;
    for (int code = MEM_ENOMEM; code != 0; k++) {
        Snapshot before = space_snapshot(space);
        host_fail_once(space->host, k + 1);
        code = mem_vmap_protect(&space->vmap, 4 * G512 + G1 - PAGE, 2 * PAGE, MEM_VMAP_USER);
        if (code == 0)
            break;
        assert_int_equal(code, MEM_ENOMEM);
        assert_unchanged(space, &before);
    }
    assert_int_equal(k, 4); /* two leaves of 1 GiB, each with a table of 2 MiB leaves and one of pages */
    assert_leaf(space, 4 * G512 + G1, G1, PAGE, MEM_VMAP_NO_RESERVE | MEM_VMAP_USER);
    space_end(space);
}

/* Whether it can go on without the page or not: a collapse that fails has changed nothing. */
static void collapse_with_each_allocation_failing(void **state)
{
    (void)state;
    Space *space = space_with_some_mappings("x86_64_4level");
    must_map(space, 0, 2 * G1, 4 * M2, MEM_VMAP_CAP_4K);
    must_map(space, 0, 3 * G1, G1, MEM_VMAP_CAP_2M);
    int code = MEM_ENOMEM;
    for (usize k = 1; code != 0; k++) {
        assert_true(k < 2000);
        Snapshot before = space_snapshot(space);
        host_fail_from(space->host, k);
        code = mem_vmap_collapse(&space->vmap, 2 * G1, 2 * G1);
        if (code == 0)
            break;
        assert_int_equal(code, MEM_ENOMEM);
        assert_unchanged(space, &before);
    }
    assert_leaf(space, 2 * G1, 0, M2, 0);
    assert_leaf(space, 3 * G1, 0, G1, 0);
    space_end(space);
}

/* With every allocation failing from each k on, an unmap does exactly its job or tells what it lost. */
static void unmap_with_each_allocation_failing(void **state)
{
    (void)state;
    for (usize k = 1; k <= 6; k++) {
        Space *space = space_with_some_mappings("x86_64_4level");
        usize virt = 2 * G512;
        must_map(space, 0, virt, 2 * G1, MEM_VMAP_NO_RESERVE);
        host_fail_from(space->host, k);
        mem_vmap_unmap(&space->vmap, virt + G1 - PAGE, 2 * PAGE);
        for (usize at = 0; at < 2 * G1; at += M2 / 2 - PAGE) {
            bool wanted = at < G1 - PAGE || at >= G1 + PAGE;
            for (usize i = 0; i < space->lost_count; i++)
                wanted &= virt + at - space->losts[i].virt >= space->losts[i].len;
            assert_int_equal(mem_vmap_lookup(&space->vmap, virt + at, NULL), wanted ? 0 : MEM_EMISS);
        }
        assert_hole(space, virt + G1 - PAGE);
        assert_hole(space, virt + G1);
        assert_int_equal(space_stats(space).lost, space->lost_count);
        assert_int_equal(space->lost_count == 0, k > 4);
        space_end(space);
    }
}

/*
 * The first leaf is lost, and with it goes its table, alone in it: a page for splitting the second, which must
 * not have gone to the port meanwhile.
 */
static void a_lost_leaf_frees_the_page_that_splits_the_next(void **state)
{
    (void)state;
    MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE};
    Space *space = space_new("x86_64_4level", SPACE_ONE_CPU, &options);
    must_map(space, 0x40000000 - M2, G1 - M2, M2, MEM_VMAP_NO_RESERVE);
    must_map(space, 0x40000000, G1, M2, MEM_VMAP_NO_RESERVE);
    host_fail_from(space->host, 1);
    mem_vmap_unmap(&space->vmap, G1 - M2 / 2, M2);
    assert_int_equal(space->lost_count, 1);
    assert_int_equal(space->losts[0].virt, G1 - M2);
    assert_holes(space, G1 - M2, M2 + M2 / 2);
    assert_leaves(space, G1 + M2 / 2, 0x40000000 + M2 / 2, M2 / 2, PAGE, MEM_VMAP_NO_RESERVE);
    host_fail_never(space->host);
    space_end(space);
}

/* What the failed call would have needed is not needed by others: they go on as before. */
static void bug_69_a_failed_map_leaves_nothing_behind(void **state)
{
    (void)state;
    Space *space = space_with_some_mappings("x86_64_4level");
    host_fail_once(space->host, 3);
    must_not_map(space, 0, 0x200000, 40 * M2, MEM_VMAP_CAP_4K, MEM_ENOMEM);
    host_fail_never(space->host);
    must_map(space, 0x40000000, 0x200000, 40 * M2, 0);
    assert_leaf(space, 0x200000, 0x40000000, M2, 0);
    space_end(space);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_with_one_failing_allocation),
        cmocka_unit_test(map_with_all_allocations_failing_from_one_on),
        TEST(map_that_failed_keeps_no_more_than_the_cache),
        cmocka_unit_test(init_without_memory),
        cmocka_unit_test(reserve_without_memory),
        cmocka_unit_test(protect_with_each_allocation_failing),
        cmocka_unit_test(collapse_with_each_allocation_failing),
        cmocka_unit_test(unmap_with_each_allocation_failing),
        cmocka_unit_test(a_lost_leaf_frees_the_page_that_splits_the_next),
        cmocka_unit_test(bug_69_a_failed_map_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
