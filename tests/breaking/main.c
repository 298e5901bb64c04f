/* SPDX-License-Identifier: MIT */

/*
 * Contiguous runs and break-before-make, looked at after each store: no CPU may have cached for one address what
 * must not stand beside what it reads there now; to readers nothing changes but what was asked for; and no write
 * that the MMU notes in any entry of a run, between any two stores, is lost.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <mem/vmap.h>

#include "tests/breaking/mmu.h"

#define K    ((usize)1 << 10)
#define M    ((usize)1 << 20)
#define VIRT ((usize)5 << 30)
#define PHYS ((usize)7 << 30)
#define WX   (MEM_VMAP_WRITE | MEM_VMAP_NO_RESERVE)

/* Offsets that operations begin and end at, and where the test looks: the first and last page around each. */
static const usize edges[] = {
    0,     4 * K,         60 * K, 64 * K,          128 * K, 2 * M - 64 * K, 2 * M - 4 * K,
    2 * M, 2 * M + 4 * K, 4 * M,  32 * M - 64 * K, 32 * M,  34 * M,         64 * M - 4 * K,
    64 * M};
enum { EDGES = sizeof edges / sizeof *edges, PROBES = EDGES - 1 };

typedef struct Probe {
    usize virt;
    bool mapped, written;
    usize phys;
    Cached cached;  /* what a CPU may have */
    bool forgotten; /* nothing */
} Probe;

static struct {
    const Mmu *mmu;
    unsigned break_level;
    bool watching;
    MemVmap vmap;
    Probe probes[PROBES];
    usize first, last; /* of the operation under way */
    unsigned rarely;   /* one store in so many, the CPU writes somewhere before it; 0: never */
    unsigned random, pages_out, breaks;
} test;

static unsigned chance(unsigned below)
{
    test.random = test.random * 1664525 + 1013904223;
    return (test.random >> 8) % below;
}

static usize page_get(void *context, usize size)
{
    (void)context;
    void *page = aligned_alloc(size, size);
    test.pages_out += page != NULL;
    return page ? (usize)page : MEM_VMAP_NO_PAGE;
}

static void page_put(void *context, usize phys, usize size)
{
    (void)context;
    (void)size;
    free((void *)phys);
    test.pages_out--;
}

static bool names(const MemVmapPlan *plan, usize virt)
{
    bool named = plan->everything;
    for (unsigned n = 0; n < plan->count; n++) {
        const MemVmapRange *range = &plan->ranges[n];
        usize mask = range->stride - 1;
        named |= virt >= (range->first & ~mask) && virt <= (range->last | mask);
    }
    return named;
}

/* The CPU forgets what a plan names; what is global only where the plan says that there is such. */
static void forget(void *context, const MemVmapPlan *plan)
{
    (void)context;
    for (unsigned i = 0; i < PROBES; i++) {
        Probe *probe = &test.probes[i];
        probe->forgotten |= names(plan, probe->virt) && (plan->global || !probe->cached.global);
    }
}

static void nobody(void *context, const MemVmapPlan *plan)
{
    (void)context;
    (void)plan;
}

/* What a CPU has cached must agree with what it finds now, or have been forgotten. */
static void look_at(Probe *probe)
{
    Cached now = test.mmu->walk(test.vmap.root, probe->virt);
    if (!now.valid) {
        test.breaks += probe->mapped && (probe->virt < test.first || probe->virt > test.last);
        return;
    }
    if (probe->cached.valid && !probe->forgotten &&
        !test.mmu->may_follow(&probe->cached, &now, test.break_level))
        fail_msg("%s, level %u: cached at %zx: level %u%s, now level %u%s", test.mmu->format,
                 test.break_level, probe->virt, probe->cached.level, probe->cached.contiguous ? " run" : "",
                 now.level, now.contiguous ? " run" : "");
    if (!probe->cached.valid || probe->forgotten || chance(8) == 0) {
        probe->cached = now;
        probe->forgotten = false;
    }
}

/* Readers see what is outside of the operation as it was. */
static void read_at(const Probe *probe)
{
    MemVmapLeaf leaf;
    if (probe->virt >= test.first && probe->virt <= test.last)
        return;
    assert_int_equal(mem_vmap_lookup(&test.vmap, probe->virt, &leaf), probe->mapped ? 0 : MEM_EMISS);
    if (probe->mapped)
        assert_int_equal(leaf.phys, probe->phys);
}

/* A CPU that has cached a run through a dirty entry writes anywhere in it, and notes nothing. */
static bool can_write_unnoted(const Probe *probe)
{
    const Cached *cached = &probe->cached;
    bool dirty = false;
    if (!cached->valid || probe->forgotten || !cached->contiguous)
        return false;
    const uint64_t *run = cached->entry - (uintptr_t)cached->entry / 8 % test.mmu->run;
    for (unsigned i = 0; i < test.mmu->run; i++)
        dirty |= test.mmu->is_dirty(run[i]);
    return dirty;
}

void before_store(void)
{
    if (!test.watching || test.rarely == 0 || chance(test.rarely) != 0)
        return;
    Probe *probe = &test.probes[chance(PROBES)];
    if (probe->mapped && can_write_unnoted(probe)) {
        probe->written = true;
        return;
    }
    Cached now = test.mmu->walk(test.vmap.root, probe->virt);
    if (probe->mapped && test.mmu->note_write(now.entry))
        probe->written = true;
}

void after_store(void)
{
    if (!test.watching)
        return;
    test.watching = false;
    for (unsigned i = 0; i < PROBES; i++) {
        look_at(&test.probes[i]);
        read_at(&test.probes[i]);
    }
    test.watching = true;
}

/* After an operation: what is mapped where, and that no write is forgotten. */
static void check_probe(const Probe *probe)
{
    MemVmapLeaf leaf;
    int result = mem_vmap_lookup(&test.vmap, probe->virt, &leaf);
    assert_int_equal(result, probe->mapped ? 0 : MEM_EMISS);
    if (!probe->mapped)
        return;
    assert_int_equal(leaf.phys, probe->phys);
    Cached now = test.mmu->walk(test.vmap.root, probe->virt);
    assert_true(now.valid && now.phys == probe->phys);
    if (probe->written && !(leaf.flags & MEM_VMAP_DIRTY))
        fail_msg("%s, level %u: a write at %zx is lost", test.mmu->format, test.break_level, probe->virt);
}

static bool concerns(const Probe *probe)
{
    return probe->virt >= test.first && probe->virt <= test.last;
}

static void map_range(int flags)
{
    usize phys = test.first - VIRT + PHYS;
    if (mem_vmap_map(&test.vmap, phys, test.first, test.last - test.first + 1, flags) != 0)
        return;
    for (unsigned i = 0; i < PROBES; i++)
        if (concerns(&test.probes[i])) {
            test.probes[i].mapped = true;
            test.probes[i].written = false;
            test.probes[i].phys = test.probes[i].virt - VIRT + PHYS;
        }
}

static void unmap_range(void)
{
    mem_vmap_unmap(&test.vmap, test.first, test.last - test.first + 1);
    for (unsigned i = 0; i < PROBES; i++)
        if (concerns(&test.probes[i]))
            test.probes[i].mapped = false;
}

static void operate(void)
{
    static const unsigned rarely[] = {0, 0, 2, 64};
    static const int rights[] = {WX, 0, WX | MEM_VMAP_USER, WX | MEM_VMAP_GLOBAL};
    unsigned from = chance(EDGES - 1), to = from + 1 + chance(EDGES - 1 - from);
    test.rarely = rarely[chance(4)];
    test.first = VIRT + edges[from];
    test.last = VIRT + edges[to] - 1;
    usize len = test.last - test.first + 1;
    switch (chance(8)) {
    case 0:
    case 1:
    case 2:
        map_range(rights[chance(4)] | (chance(4) == 0 ? MEM_VMAP_CAP_4K : 0));
        return;
    case 3:
    case 4:
        unmap_range();
        return;
    case 5:
    case 6:
        mem_vmap_protect(&test.vmap, test.first, len, rights[chance(4)]);
        return;
    default:
        assert_int_equal(mem_vmap_collapse(&test.vmap, test.first, len), 0);
        return;
    }
}

/* The one format of AArch64 that is compiled in is in no list. */
extern const MemVmapFormat mem_vmap_aarch64_4k;

static const MemVmapFormat *format_of(const Mmu *mmu)
{
    const MemVmapFormat *format = mem_vmap_format_find(mmu->format);
    return format != NULL ? format : &mem_vmap_aarch64_4k;
}

static void run(const Mmu *mmu, unsigned break_level, unsigned operations)
{
    memset(&test, 0, sizeof test);
    test.mmu = mmu;
    test.break_level = break_level;
    const MemVmapPort port = {
        .page_get = page_get, .page_put = page_put, .invalidate_here = forget, .invalidate_there = nobody};
    const MemVmapOptions options = {
        .break_level = break_level, .hardware_updates = true, .leaf_sizes = mmu->leaf_sizes};
    assert_int_equal(mem_vmap_init(&test.vmap, &port, format_of(mmu), &options), 0);
    for (unsigned i = 0; i < PROBES; i++)
        test.probes[i].virt = VIRT + edges[i];
    test.watching = true;
    for (unsigned n = 0; n < operations; n++) {
        MemVmapDefect defect = {0};
        operate();
        test.watching = false;
        if (mem_vmap_verify(&test.vmap, &defect) != 0)
            fail_msg("%s, level %u: %s at %zx", mmu->format, break_level, defect.rule, defect.virt);
        for (unsigned i = 0; i < PROBES; i++)
            check_probe(&test.probes[i]);
        test.watching = true;
    }
    test.watching = false;
    mem_vmap_destroy(&test.vmap);
    assert_int_equal(test.pages_out, 0);
}

static void aarch64_breaks_what_must_be_broken(void **state)
{
    (void)state;
    run(&aarch64_mmu, 0, OPERATIONS);
    assert_int_not_equal(test.breaks, 0);
}

static void aarch64_with_blocks_that_are_not_cached(void **state)
{
    (void)state;
    run(&aarch64_mmu, 1, OPERATIONS);
}

static void aarch64_that_never_breaks_sizes(void **state)
{
    (void)state;
    run(&aarch64_mmu, 2, OPERATIONS);
}

static void riscv_with_runs(void **state)
{
    (void)state;
    run(&riscv_mmu, 0, OPERATIONS);
    assert_int_equal(test.breaks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aarch64_breaks_what_must_be_broken),
        cmocka_unit_test(aarch64_with_blocks_that_are_not_cached),
        cmocka_unit_test(aarch64_that_never_breaks_sizes),
        cmocka_unit_test(riscv_with_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
