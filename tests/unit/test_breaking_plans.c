/* SPDX-License-Identifier: MIT */
/* Break-before-make: what is said to the CPUs, and what stands in the tables at that moment. */
#include "tests/support/space.h"

#define VIRT ((usize)3 << 30)
#define PHYS ((usize)9 << 30)
#define RUN  ((usize)1 << 16)
#define M32  ((usize)32 << 20)

#define A64_VALID    ((uint64_t)1)
#define A64_ACCESSED ((uint64_t)1 << 10)
#define A64_NT       ((uint64_t)1 << 16)

enum { PLANS = 8, RUN_ENTRIES = 16 };

typedef struct Told {
    MemVmap vmap;
    Host *host;
    bool listening;
    MemVmapPlan plans[PLANS];
    unsigned count;
    uint64_t seen[RUN_ENTRIES]; /* the entries from VIRT on, of the level of 2 MiB, at the last plan */
} Told;

/* The entry of 2 MiB at VIRT, in tables of 4 levels. */
static const uint64_t *entries_of_2m(const Told *told)
{
    usize direct_map = host_port(told->host).direct_map, table = mem_vmap_root(&told->vmap);
    for (unsigned shift = 39; shift > 21; shift -= 9)
        table = ((const uint64_t *)(direct_map + table))[VIRT >> shift & 511] & 0xfffffffff000;
    return (const uint64_t *)(direct_map + table) + (VIRT >> 21 & 511);
}

static Told told;

static void hear(void *context, const MemVmapPlan *plan)
{
    (void)context;
    if (!told.listening)
        return;
    assert_in_range(told.count, 0, PLANS - 1);
    told.plans[told.count++] = *plan;
    for (unsigned i = 0; i < RUN_ENTRIES; i++)
        told.seen[i] = entries_of_2m(&told)[i];
}

static void hear_too(void *context, const MemVmapPlan *plan)
{
    (void)context;
    (void)plan;
}

static void make(unsigned break_level, bool hardware_updates)
{
    told = (Told){.host = host_new(64)};
    assert_non_null(told.host);
    MemVmapPort port = host_port(told.host);
    port.invalidate_here = hear;
    port.invalidate_there = hear_too;
    const MemVmapOptions options = {.break_level = break_level, .hardware_updates = hardware_updates};
    assert_int_equal(mem_vmap_init(&told.vmap, &port, mem_vmap_format_find("aarch64_4k"), &options), 0);
}

static void end(void)
{
    assert_int_equal(mem_vmap_verify(&told.vmap, NULL), 0);
    told.listening = false;
    mem_vmap_destroy(&told.vmap);
    host_free(told.host);
}

static void map(usize offset, usize len, int flags)
{
    assert_int_equal(mem_vmap_map(&told.vmap, PHYS + offset, VIRT + offset, len, flags), 0);
}

/* New rights for what is mapped, which break its runs: every plan must be for global entries, or none. */
static void assert_protect_tells(usize len, int flags, bool global)
{
    told.listening = true;
    assert_int_equal(mem_vmap_protect(&told.vmap, VIRT, len, flags), 0);
    assert_int_not_equal(told.count, 0);
    for (unsigned i = 0; i < told.count; i++)
        assert_int_equal(told.plans[i].global, global);
}

/* One of many runs is local, the first or the last; all get more rights. The others are global, and must go as such. */
static void global_runs_are_forgotten_beside_a_local_one(void **state)
{
    (void)state;
    for (unsigned level = 0; level < 3; level++)
        for (usize local = 0; local < M2; local += M2 - RUN) {
            make(level, true);
            for (usize at = 0; at < M2; at += RUN)
                map(at, RUN, at == local ? 0 : MEM_VMAP_GLOBAL);
            assert_protect_tells(M2, MEM_VMAP_GLOBAL | MEM_VMAP_WRITE, true);
            end();
        }
}

static void local_runs_are_not_forgotten_as_global_ones(void **state)
{
    (void)state;
    make(0, true);
    map(M2, PAGE, MEM_VMAP_GLOBAL);
    map(0, M2 - RUN, 0);
    assert_protect_tells(M2 - RUN, MEM_VMAP_WRITE, false);
    end();
}

/* At level 1 a block goes on translating while it is broken: also on CPUs that set no accessed bit themselves. */
static void blocks_that_are_broken_stay_accessed(void **state)
{
    (void)state;
    make(1, false);
    for (usize at = 0; at < M32; at += M2)
        map(at, M2, MEM_VMAP_WRITE);
    told.listening = true;
    assert_int_equal(mem_vmap_collapse(&told.vmap, VIRT, M32), 0);
    assert_int_equal(told.count, 1);
    for (unsigned i = 0; i < RUN_ENTRIES; i++)
        assert_int_equal(told.seen[i] & (A64_VALID | A64_ACCESSED | A64_NT),
                         A64_VALID | A64_ACCESSED | A64_NT);
    end();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(global_runs_are_forgotten_beside_a_local_one),
        cmocka_unit_test(local_runs_are_not_forgotten_as_global_ones),
        cmocka_unit_test(blocks_that_are_broken_stay_accessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
