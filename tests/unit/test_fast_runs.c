/* SPDX-License-Identifier: MIT */
/*
 * Contiguous runs of pages of 4 KiB, from outside: what becomes one and what does not, that CPUs forget a run whose
 * mark goes, and that a leaf which is lost takes its run's mark along. tests/breaking looks at what comes between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include <mem/vmap.h>

#define PAGE  ((usize)4 << 10)
#define RUN   ((usize)64 << 10)
#define M2    ((usize)2 << 20)
#define PAGES (RUN / PAGE)
#define VIRT  ((usize)5 << 30)
#define PHYS  ((usize)7 << 30)

typedef struct Runs {
    MemVmap vmap;
    usize pages_left, pages_out;
    bool forgotten[PAGES]; /* of the run at VIRT, by some plan */
    usize lost;
} Runs;

static usize page_get(void *context, usize size)
{
    Runs *runs = context;
    if (runs->pages_left == 0)
        return MEM_VMAP_NO_PAGE;
    void *page = aligned_alloc(size, size);
    assert_non_null(page);
    runs->pages_left--;
    runs->pages_out++;
    return (usize)page;
}

static void page_put(void *context, usize phys, usize size)
{
    Runs *runs = context;
    (void)size;
    free((void *)phys);
    runs->pages_out--;
}

static void forget(void *context, const MemVmapPlan *plan)
{
    Runs *runs = context;
    for (usize i = 0; i < PAGES; i++)
        for (unsigned n = 0; n < plan->count; n++)
            runs->forgotten[i] |= plan->ranges[n].first <= VIRT + i * PAGE &&
                                  plan->ranges[n].last >= VIRT + (i + 1) * PAGE - 1;
}

static void lost(void *context, usize virt, usize len)
{
    Runs *runs = context;
    (void)virt;
    runs->lost += len;
}

static MemVmapLeaf leaf_at(Runs *runs, usize offset)
{
    MemVmapLeaf leaf = {0};
    assert_int_equal(mem_vmap_lookup(&runs->vmap, VIRT + offset, &leaf), 0);
    return leaf;
}

static void map(Runs *runs, usize phys, usize offset, usize len, int flags)
{
    assert_int_equal(mem_vmap_map(&runs->vmap, PHYS + phys, VIRT + offset, len, flags), 0);
}

/* Joins what is there; whether the page at `offset` is then part of a run. */
static bool joins(Runs *runs, usize offset)
{
    assert_int_equal(mem_vmap_collapse(&runs->vmap, VIRT, 4 * RUN), 0);
    return leaf_at(runs, offset).size == RUN;
}

static void in_each_format(void (*check)(Runs *runs), usize larger)
{
    static const char *const formats[] = {"riscv_sv39", "aarch64_4k"};
    for (unsigned i = 0; i < 2; i++) {
        Runs runs = {.pages_left = 100};
        const MemVmapPort port = {.page_get = page_get,
                                  .page_put = page_put,
                                  .invalidate_here = forget,
                                  .lost = lost,
                                  .context = &runs};
        const MemVmapOptions options = {.leaf_sizes = PAGE | RUN | larger, .hardware_updates = true};
        const MemVmapFormat *format = mem_vmap_format_find(formats[i]);
        if (format == NULL || mem_vmap_init(&runs.vmap, &port, format, &options) != 0)
            continue;
        check(&runs);
        assert_int_equal(mem_vmap_verify(&runs.vmap, NULL), 0);
        mem_vmap_destroy(&runs.vmap);
        assert_int_equal(runs.pages_out, 0);
    }
}

static void check_joins(Runs *runs)
{
    map(runs, 0, 0, RUN, MEM_VMAP_CAP_4K);
    assert_int_equal(leaf_at(runs, 0).size, PAGE);
    assert_true(joins(runs, 5 * PAGE));
    assert_int_equal(leaf_at(runs, 5 * PAGE).phys, PHYS + 5 * PAGE);
    assert_int_equal(mem_vmap_translate(&runs->vmap, VIRT + 5 * PAGE + 7), PHYS + 5 * PAGE + 7);
}

static void aligned_pages_become_a_run(void **state)
{
    (void)state;
    in_each_format(check_joins, 0);
}

static void check_frames_that_are_not_aligned(Runs *runs)
{
    map(runs, PAGE, 0, RUN, 0);
    assert_false(joins(runs, 0));
    assert_int_equal(leaf_at(runs, 3 * PAGE).phys, PHYS + 4 * PAGE);
}

static void check_entries_that_are_not_aligned(Runs *runs)
{
    map(runs, 0, PAGE, RUN, 0);
    assert_false(joins(runs, PAGE));
    assert_int_equal(leaf_at(runs, 3 * PAGE).phys, PHYS + 2 * PAGE);
}

static void check_frames_that_do_not_follow(Runs *runs)
{
    map(runs, 0, 0, 7 * PAGE, 0);
    map(runs, M2, 7 * PAGE, PAGE, 0);
    map(runs, 8 * PAGE, 8 * PAGE, 8 * PAGE, 0);
    assert_false(joins(runs, 0));
    assert_int_equal(leaf_at(runs, 7 * PAGE).phys, PHYS + M2);
}

static void check_rights_that_differ(Runs *runs)
{
    map(runs, 0, 0, RUN - PAGE, 0);
    map(runs, RUN - PAGE, RUN - PAGE, PAGE, MEM_VMAP_WRITE);
    assert_false(joins(runs, 0));
    assert_int_equal(leaf_at(runs, RUN - PAGE).flags & MEM_VMAP_WRITE, MEM_VMAP_WRITE);
}

static void other_pages_become_none(void **state)
{
    (void)state;
    in_each_format(check_frames_that_are_not_aligned, 0);
    in_each_format(check_entries_that_are_not_aligned, 0);
    in_each_format(check_frames_that_do_not_follow, 0);
    in_each_format(check_rights_that_differ, 0);
}

/* Pages of the table were mapped with the same flags just before. */
static void check_run_beside_pages(Runs *runs)
{
    map(runs, 0, 4 * RUN, PAGE, 0);
    map(runs, PAGE, 4 * RUN + PAGE, PAGE, 0);
    map(runs, RUN, RUN, RUN, 0);
    assert_int_equal(leaf_at(runs, RUN).size, RUN);
    map(runs, 2 * RUN, 2 * RUN, RUN + PAGE, 0);
    assert_int_equal(leaf_at(runs, 2 * RUN).size, RUN);
    assert_int_equal(leaf_at(runs, 3 * RUN).size, PAGE);
}

static void a_run_is_made_beside_pages(void **state)
{
    (void)state;
    in_each_format(check_run_beside_pages, 0);
}

/* Accessed if all of its pages were, dirty if one was. */
static void check_noted(Runs *runs)
{
    map(runs, 0, 0, 9 * PAGE, MEM_VMAP_ACCESSED);
    map(runs, 9 * PAGE, 9 * PAGE, RUN - 9 * PAGE, 0);
    assert_true(joins(runs, 0));
    assert_int_equal(leaf_at(runs, 0).flags, 0);
    mem_vmap_unmap(&runs->vmap, VIRT, RUN);
    map(runs, 0, 0, RUN - PAGE, MEM_VMAP_ACCESSED | MEM_VMAP_WRITE);
    map(runs, RUN - PAGE, RUN - PAGE, PAGE, MEM_VMAP_ACCESSED | MEM_VMAP_WRITE | MEM_VMAP_DIRTY);
    assert_true(joins(runs, 0));
    assert_int_equal(leaf_at(runs, 0).flags, MEM_VMAP_ACCESSED | MEM_VMAP_WRITE | MEM_VMAP_DIRTY);
}

static void a_run_has_what_its_pages_had(void **state)
{
    (void)state;
    in_each_format(check_noted, 0);
}

/* A CPU may hold all of the run as one leaf: also where only one page goes, or gets more rights. */
static void check_cut(Runs *runs)
{
    for (unsigned way = 0; way < 2; way++) {
        map(runs, 0, 0, RUN, 0);
        assert_int_equal(leaf_at(runs, 0).size, RUN);
        for (usize i = 0; i < PAGES; i++)
            runs->forgotten[i] = false;
        if (way == 0)
            mem_vmap_unmap(&runs->vmap, VIRT + 4 * PAGE, PAGE);
        else
            assert_int_equal(mem_vmap_protect(&runs->vmap, VIRT + 4 * PAGE, PAGE, MEM_VMAP_WRITE), 0);
        for (usize i = 0; i < PAGES; i++)
            assert_true(runs->forgotten[i]);
        assert_int_equal(leaf_at(runs, 0).size, PAGE);
        assert_int_equal(leaf_at(runs, RUN - PAGE).size, PAGE);
        mem_vmap_unmap(&runs->vmap, VIRT, RUN);
    }
}

static void a_run_that_is_cut_is_forgotten_whole(void **state)
{
    (void)state;
    in_each_format(check_cut, 0);
}

/* The neighbours of the leaf that could not be split are leaves for themselves. */
static void check_lost(Runs *runs)
{
    const usize large_run = 16 * M2;
    map(runs, 0, 0, large_run, MEM_VMAP_NO_RESERVE);
    if (leaf_at(runs, 0).size != large_run)
        return; /* RISC-V has no runs of large leaves */
    runs->pages_left = 0;
    mem_vmap_unmap(&runs->vmap, VIRT + 5 * M2 + PAGE, PAGE);
    assert_int_equal(runs->lost, M2);
    for (usize i = 0; i < 16; i++)
        if (i != 5)
            assert_int_equal(leaf_at(runs, i * M2).size, M2);
    assert_int_equal(mem_vmap_lookup(&runs->vmap, VIRT + 5 * M2, NULL), MEM_EMISS);
}

static void a_lost_leaf_leaves_no_run_behind(void **state)
{
    (void)state;
    in_each_format(check_lost, M2 | 16 * M2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligned_pages_become_a_run),
        cmocka_unit_test(other_pages_become_none),
        cmocka_unit_test(a_run_is_made_beside_pages),
        cmocka_unit_test(a_run_has_what_its_pages_had),
        cmocka_unit_test(a_run_that_is_cut_is_forgotten_whole),
        cmocka_unit_test(a_lost_leaf_leaves_no_run_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
