/* SPDX-License-Identifier: MIT */
/*
 * The software TLB on a format of eight pages in two halves, smaller than any part of the addresses that a
 * count of freed tables stands for: after each of many random operations every page is looked up, and must
 * be what a flat array says. A line that leads into a table which was freed finds poison there, and stops
 * the test. White box: the format, compiled here so that something may happen before an entry is loaded.
 */
#define MEM_VMAP_ENTRY_LOAD(slot) (before_load(), __atomic_load_n((slot), __ATOMIC_RELAXED))
static void before_load(void);

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/exhaustive/micro_halves.c"

#define PAGE       ((usize)4096)
#define PAGES      8
#define TABLE_SIZE 16
#define TABLES     64
#define OPERATIONS 20000

#define POISON 0xbb /* as an entry it is of no kind */

static _Alignas(TABLE_SIZE) uint8_t arena[TABLES][TABLE_SIZE];
static bool out[TABLES];

static usize page_get(void *context, usize size)
{
    (void)context;
    assert_int_equal(size, TABLE_SIZE);
    for (unsigned i = 0; i < TABLES; i++) {
        if (out[i])
            continue;
        out[i] = true;
        return i * size;
    }
    return MEM_VMAP_NO_PAGE;
}

static void page_put(void *context, usize phys, usize size)
{
    (void)context;
    out[phys / size] = false;
    memset(arena[phys / size], POISON, size);
}

static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    (void)context;
    (void)steps;
    (void)count;
}

static unsigned forget_nothing(const MemVmapCpuFeatures *features, const MemVmapRoot *root,
                               const MemVmapPlan *plan, MemVmapStep steps[MEM_VMAP_STEPS])
{
    (void)features;
    (void)root;
    (void)plan;
    (void)steps;
    return 0;
}

static unsigned load_nothing(const MemVmapCpuFeatures *features, const MemVmapRoot *root,
                             MemVmapHistory history, const MemVmapPlan *plan,
                             MemVmapStep steps[MEM_VMAP_STEPS])
{
    (void)history;
    return forget_nothing(features, root, plan, steps);
}

/* A CPU for formats whose names begin so, which has nothing to forget. */
static const MemVmapCpuType micro_cpu = {.name = "micro",
                                         .forget = forget_nothing,
                                         .load = load_nothing,
                                         .execute = execute};

typedef struct tiny {
    MemVmapCpus cpus;
    MemVmapCpu cpu;
    MemVmap vmap;
    usize frames[PAGES]; /* by linear page: the frame + 1, or 0 */
    uint32_t random;
} Tiny;

static int setup(void **state)
{
    static Tiny tiny;
    const MemVmapCpuPort port = {.execute = execute};
    const MemVmapOptions options = {.cache_pages = MEM_VMAP_NO_CACHE, .phys_bits = 20};
    memset(arena, POISON, sizeof arena);
    memset(out, 0, sizeof out);
    tiny = (Tiny){.random = 1};
    assert_int_equal(mem_vmap_cpus_init(&tiny.cpus, &port, &micro_cpu, NULL), 0);
    assert_int_equal(mem_vmap_cpu_join(&tiny.cpu, &tiny.cpus, 0), 0);
    const MemVmapPort space = {
        .page_get = page_get, .page_put = page_put, .cpus = &tiny.cpus, .direct_map = (usize)arena};
    assert_int_equal(mem_vmap_init(&tiny.vmap, &space, &mem_vmap_micro_halves, &options), 0);
    mem_vmap_switch_to(&tiny.vmap);
    *state = &tiny;
    return 0;
}

static int teardown(void **state)
{
    Tiny *tiny = *state;
    mem_vmap_cpu_leave(&tiny->cpu);
    mem_vmap_destroy(&tiny->vmap);
    for (unsigned i = 0; i < TABLES; i++)
        assert_false(out[i]);
    return 0;
}

/* Numerical Recipes' generator; its high bits are good enough. */
static unsigned below(Tiny *tiny, unsigned bound)
{
    tiny->random = tiny->random * 1664525 + 1013904223;
    return (unsigned)((uint64_t)tiny->random * bound >> 32);
}

static usize virt_of(unsigned page)
{
    return page < PAGES / 2 ? page * PAGE : (usize)0 - (PAGES - page) * PAGE;
}

static void check(Tiny *tiny)
{
    for (unsigned page = 0; page < PAGES; page++) {
        MemVmapLeaf leaf;
        int found = mem_vmap_lookup(&tiny->vmap, virt_of(page), &leaf);
        assert_int_equal(found, tiny->frames[page] != 0 ? 0 : MEM_EMISS);
        if (found == 0)
            assert_int_equal(leaf.phys, (tiny->frames[page] - 1) * PAGE);
    }
}

static void map(Tiny *tiny, unsigned page, unsigned count)
{
    usize frame = below(tiny, 32);
    if (mem_vmap_map(&tiny->vmap, frame * PAGE, virt_of(page), count * PAGE, 0) != 0)
        return;
    for (unsigned i = 0; i < count; i++)
        tiny->frames[page + i] = frame + i + 1;
}

static void unmap(Tiny *tiny, unsigned page, unsigned count)
{
    mem_vmap_unmap(&tiny->vmap, virt_of(page), count * PAGE);
    memset(&tiny->frames[page], 0, count * sizeof tiny->frames[0]);
}

/* Pages of one half. */
static void operate(Tiny *tiny)
{
    unsigned half = below(tiny, 2) * PAGES / 2, page = below(tiny, PAGES / 2);
    unsigned count = 1 + below(tiny, PAGES / 2 - page);
    if (below(tiny, 2) == 0)
        map(tiny, half + page, count);
    else
        unmap(tiny, half + page, count);
}

static void every_lookup_is_true_after_every_operation(void **state)
{
    Tiny *tiny = *state;
    for (unsigned i = 0; i < OPERATIONS; i++) {
        operate(tiny);
        check(tiny);
        check(tiny); /* through the lines that the first look has made */
    }
}

/* What a batch holds may be seen or not until its end, and what is mapped meanwhile must be seen. */
static void maps_beside_an_open_batch_are_seen(void **state)
{
    Tiny *tiny = *state;
    for (unsigned i = 0; i < OPERATIONS; i++) {
        MemVmapBatch batch;
        unsigned half = below(tiny, 2) * PAGES / 2;
        unmap(tiny, half, PAGES / 2);
        map(tiny, half, PAGES / 2);
        check(tiny);
        assert_int_equal(mem_vmap_batch_begin(&batch, &tiny->vmap), 0);
        mem_vmap_batch_unmap(&batch, virt_of(half), PAGES / 2 * PAGE);
        unsigned page = half + below(tiny, PAGES / 2);
        memset(&tiny->frames[half], 0, PAGES / 2 * sizeof tiny->frames[0]);
        map(tiny, page, 1);
        assert_int_equal(mem_vmap_lookup(&tiny->vmap, virt_of(page), NULL), 0);
        mem_vmap_batch_end(&batch);
        check(tiny);
    }
}

/* The table is in the first batch; the second one has only the range to say so. */
static void bug_19_a_second_unmap_beside_an_open_batch_is_seen(void **state)
{
    Tiny *tiny = *state;
    for (unsigned page = 0; page < PAGES; page++) {
        MemVmapBatch batch;
        map(tiny, page, 1);
        check(tiny);
        assert_int_equal(mem_vmap_batch_begin(&batch, &tiny->vmap), 0);
        mem_vmap_batch_unmap(&batch, virt_of(page & ~1u), 2 * PAGE);
        unmap(tiny, page, 1);
        check(tiny);
        mem_vmap_batch_end(&batch);
    }
}

/* What happens to a page before the entry that maps it is loaded: once. */
static struct {
    Tiny *tiny;
    unsigned page;
    void (*act)(Tiny *tiny, unsigned page);
} event;

static void before_load(void)
{
    void (*act)(Tiny * tiny, unsigned page) = event.act;
    event.act = NULL;
    if (act != NULL)
        act(event.tiny, event.page);
}

static void take_away(Tiny *tiny, unsigned page)
{
    unmap(tiny, page, 1);
}

static void take_away_and_map_anew(Tiny *tiny, unsigned page)
{
    unmap(tiny, page, 1);
    map(tiny, page, 1);
}

static void look_up(Tiny *tiny, unsigned page)
{
    MemVmapLeaf leaf;
    int found = mem_vmap_lookup(&tiny->vmap, virt_of(page), &leaf);
    assert_int_equal(found, tiny->frames[page] != 0 ? 0 : MEM_EMISS);
    if (found == 0)
        assert_int_equal(leaf.phys, (tiny->frames[page] - 1) * PAGE);
}

static void translate(Tiny *tiny, unsigned page)
{
    usize phys = mem_vmap_translate(&tiny->vmap, virt_of(page));
    assert_int_equal(phys, tiny->frames[page] != 0 ? (tiny->frames[page] - 1) * PAGE : 0);
}

/* A reader has found its line good, and then the table goes, to the port or into another tree. */
static void a_table_that_goes_under_a_reader_is_not_believed(void **state)
{
    Tiny *tiny = *state;
    static void (*const acts[])(Tiny * tiny, unsigned page) = {take_away, take_away_and_map_anew};
    for (unsigned page = 0; page < PAGES; page++) {
        for (unsigned i = 0; i < 4; i++) {
            unmap(tiny, page, 1);
            map(tiny, page, 1);
            check(tiny);
            event.tiny = tiny;
            event.page = page;
            event.act = acts[i % 2];
            (i < 2 ? look_up : translate)(tiny, page);
            assert_null(event.act);
        }
        unmap(tiny, page, 1);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_lookup_is_true_after_every_operation, setup, teardown),
        cmocka_unit_test_setup_teardown(maps_beside_an_open_batch_are_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(bug_19_a_second_unmap_beside_an_open_batch_is_seen, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_table_that_goes_under_a_reader_is_not_believed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
