/* SPDX-License-Identifier: MIT */
/*
 * Shootdowns where a space has one ASID on all CPUs: by the hardware's broadcast (AArch64) or by firmware (RISC-V).
 * Nobody is interrupted and nobody waits. White box: the steps of arch/<cpu>/cpu.
 */
#include "tests/unit/numbered.h"

#include "arch/aarch64/cpu/cpu.h"
#include "arch/riscv/cpu/cpu.h"

#define A64 "aarch64_4k"

static Numbered *broadcasting(void)
{
    return numbered_new("aarch64", &(MemVmapCpuFeatures){.asids = 256}, BY_HARDWARE, 3);
}

/* Harts with Svvptc, or without. */
typedef enum { ABSENT_NOT_CACHED, ABSENT_CACHED } Absent;

static Numbered *with_firmware(Absent absent)
{
    MemVmapCpuFeatures features = {
        .asids = 16, .by_asid = true, .globals = true, .caches_absent = absent == ABSENT_CACHED};
    return numbered_new("riscv", &features, BY_FIRMWARE, 3);
}

static void must_map(MemVmap *space, usize virt, usize len, int flags)
{
    assert_int_equal(mem_vmap_map(space, PHYS + (virt - VIRT), virt, len, flags), 0);
}

static void assert_kinds(const MemVmapStep *steps, unsigned count, const unsigned *kinds, unsigned expected)
{
    assert_int_equal(count, expected);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(steps[i].kind, kinds[i]);
}
#define ASSERT_KINDS(steps, count, ...)                                                                    \
    assert_kinds(steps, count, (const unsigned[]){__VA_ARGS__},                                            \
                 sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

/* One CPU tells all, whoever runs the space, and whoever ran it. */
static void one_cpu_tells_all(void **state)
{
    (void)state;
    Numbered *n = broadcasting();
    MemVmap *space = numbered_space(n, 0, A64), *other = numbered_space(n, 1, A64);
    must_map(space, VIRT, 8 * PAGE, MEM_VMAP_WRITE);
    numbered_switch(n, 1, other);
    numbered_switch(n, 1, space);
    numbered_forget(n);
    mem_vmap_unmap(space, VIRT, 2 * PAGE);
    ASSERT_KINDS(n->steps, n->count, A64_DSB_ISHST, A64_VALE1IS, A64_DSB_ISH, A64_ISB);
    assert_int_equal(n->steps[1].first, (usize)2 << 48 | VIRT >> 12);
    assert_int_equal(n->steps[1].count, 2);
    numbered_forget(n);
    assert_int_equal(mem_vmap_protect(space, VIRT + 4 * PAGE, PAGE, 0), 0);
    ASSERT_KINDS(n->steps, n->count, A64_DSB_ISHST, A64_VALE1IS, A64_DSB_ISH, A64_ISB);
    numbered_forget(n);
    mem_vmap_unmap(space, VIRT, 8 * PAGE); /* with its tables */
    ASSERT_KINDS(n->steps, n->count, A64_DSB_ISHST, A64_VAE1IS, A64_DSB_ISH, A64_ISB);
    numbered_end(n);
}

/* Also a CPU that takes no part. */
static void a_stranger_tells_all(void **state)
{
    (void)state;
    Numbered *n = broadcasting();
    MemVmap *space = numbered_space(n, 0, A64);
    must_map(space, VIRT, 2 * PAGE, 0);
    numbered_switch(n, 0, space);
    numbered_forget(n);
    n->here = 3;
    mem_vmap_unmap(space, VIRT, PAGE);
    ASSERT_KINDS(n->steps, n->count, A64_DSB_ISHST, A64_VALE1IS, A64_DSB_ISH, A64_ISB);
    numbered_end(n);
}

static void of_a_space_that_nobody_has_loaded_nobody_is_told(void **state)
{
    (void)state;
    Numbered *n = broadcasting();
    MemVmap *space = numbered_space(n, 0, A64);
    must_map(space, VIRT, 2 * PAGE, 0);
    mem_vmap_unmap(space, VIRT, PAGE);
    assert_int_equal(n->count, 0);
    must_map(space, VIRT, PAGE, MEM_VMAP_GLOBAL);
    mem_vmap_unmap(space, VIRT, PAGE);
    ASSERT_KINDS(n->steps, n->count, A64_DSB_ISHST, A64_VAALE1IS, A64_DSB_ISH, A64_ISB);
    numbered_end(n);
}

/* To break a large leaf needs a shootdown before it can be made anew: no other writer may come between. */
static void what_must_be_broken_is_forgotten_under_the_lock(void **state)
{
    (void)state;
    Numbered *n = broadcasting();
    MemVmap *space = numbered_space(n, 0, A64);
    must_map(space, VIRT, (usize)2 << 20, MEM_VMAP_WRITE);
    numbered_switch(n, 0, space);
    numbered_forget(n);
    assert_int_equal(mem_vmap_protect(space, VIRT, PAGE, 0), 0);
    assert_true(n->locked_steps);
    assert_int_equal(n->steps[0].kind, A64_DSB_ISHST);
    assert_int_equal(n->steps[1].kind, A64_VALE1IS);
    assert_int_equal(n->steps[1].first, (usize)1 << 48 | VIRT >> 12);
    numbered_end(n);
}

/* CPUs that run the space, or ran it, under its number: and no other. */
static void firmware_tells_those_who_may_know(void **state)
{
    (void)state;
    Numbered *n = with_firmware(ABSENT_NOT_CACHED);
    MemVmap *space = numbered_space(n, 0, "riscv_sv39"), *other = numbered_space(n, 1, "riscv_sv39");
    must_map(space, VIRT, 8 * PAGE, MEM_VMAP_WRITE);
    numbered_switch(n, 1, space);
    numbered_switch(n, 1, other);
    numbered_switch(n, 2, other);
    numbered_forget(n);
    mem_vmap_unmap(space, VIRT, PAGE);
    assert_int_equal(n->told, 1 << 1);
    ASSERT_KINDS(n->there, n->there_count, RISCV_FENCE_ADDRESS);
    assert_int_equal(n->there[0].asid, 1);
    assert_int_equal(n->count, 0); /* this CPU has never seen it */
    numbered_switch(n, 0, space);
    numbered_switch(n, 2, space);
    numbered_forget(n);
    mem_vmap_unmap(space, VIRT + PAGE, PAGE);
    assert_int_equal(n->told, 1 << 1 | 1 << 2);
    ASSERT_KINDS(n->steps, n->count, RISCV_FENCE_ADDRESS);
    numbered_end(n);
}

static void firmware_tells_all_of_global_entries(void **state)
{
    (void)state;
    Numbered *n = with_firmware(ABSENT_NOT_CACHED);
    MemVmap *space = numbered_space(n, 0, "riscv_sv39");
    must_map(space, VIRT, 2 * PAGE, MEM_VMAP_GLOBAL);
    numbered_switch(n, 0, space);
    numbered_forget(n);
    mem_vmap_unmap(space, VIRT, PAGE);
    assert_int_equal(n->told, 1 << 1 | 1 << 2);
    ASSERT_KINDS(n->there, n->there_count, RISCV_FENCE_ADDRESS_ALL);
    ASSERT_KINDS(n->steps, n->count, RISCV_FENCE_ADDRESS_ALL);
    numbered_end(n);
}

static void firmware_is_not_asked_for_nobody(void **state)
{
    (void)state;
    Numbered *n = with_firmware(ABSENT_NOT_CACHED);
    MemVmap *space = numbered_space(n, 0, "riscv_sv39"), *other = numbered_space(n, 1, "riscv_sv39");
    must_map(space, VIRT, 4 * PAGE, 0);
    mem_vmap_unmap(space, VIRT, PAGE);
    numbered_switch(n, 0, space);
    numbered_switch(n, 1, space);
    numbered_switch(n, 1, other);
    mem_vmap_cpu_leave(&n->cpu[1]);
    n->joined[1] = false;
    numbered_forget(n);
    mem_vmap_unmap(space, VIRT + PAGE, PAGE);
    assert_int_equal(n->there_count, 0);
    ASSERT_KINDS(n->steps, n->count, RISCV_FENCE_ADDRESS);
    numbered_end(n);
}

/* It keeps what it has cached, and is told. There is nothing to serve, or to catch up with. */
static void an_idle_cpu_is_told(void **state)
{
    (void)state;
    Numbered *n = with_firmware(ABSENT_NOT_CACHED);
    MemVmap *space = numbered_space(n, 0, "riscv_sv39");
    must_map(space, VIRT, 4 * PAGE, 0);
    numbered_switch(n, 1, space);
    mem_vmap_cpu_idle(&n->cpu[1]);
    numbered_forget(n);
    mem_vmap_unmap(space, VIRT, PAGE);
    assert_int_equal(n->told, 1 << 1);
    numbered_forget(n);
    mem_vmap_cpu_serve(&n->cpu[1]);
    assert_int_equal(n->count, 0);
    numbered_end(n);
}

/* A load forgets all of ASID 0: who has left a space has nothing of it. */
static void without_asids_only_those_are_told_that_run_the_space(void **state)
{
    (void)state;
    Numbered *n = numbered_new("riscv", &(MemVmapCpuFeatures){.asids = 0}, BY_FIRMWARE, 3);
    MemVmap *space = numbered_space(n, 0, "riscv_sv39"), *other = numbered_space(n, 1, "riscv_sv39");
    must_map(space, VIRT, 4 * PAGE, 0);
    numbered_switch(n, 1, space);
    numbered_switch(n, 2, space);
    numbered_switch(n, 2, other);
    numbered_forget(n);
    mem_vmap_unmap(space, VIRT, PAGE);
    assert_int_equal(n->told, 1 << 1);
    numbered_end(n);
}

/* A hart that caches absent entries, and no handler that would help it. */
static void bug_22_a_map_flushes_where_absent_entries_are_cached(void **state)
{
    (void)state;
    for (unsigned caches = 0; caches < 2; caches++) {
        Numbered *n = with_firmware((Absent)caches);
        MemVmap *space = numbered_space(n, 0, "riscv_sv39");
        numbered_switch(n, 0, space);
        numbered_switch(n, 1, space);
        numbered_forget(n);
        must_map(space, VIRT, 4 * PAGE, 0);
        assert_int_equal(n->told, caches << 1);
        assert_int_equal(n->count, caches);
        numbered_forget(n);
        must_map(space, VIRT + 8 * PAGE, PAGE, 0);
        assert_int_equal(n->told, caches << 1);
        assert_int_equal(n->count, caches);
        numbered_end(n);
    }
}

static void a_port_that_the_type_cannot_use_is_refused(void **state)
{
    (void)state;
    static MemVmapCpus cpus;
    MemVmapCpuPort port = {
        .execute = numbered_execute, .here = numbered_here, .execute_there = numbered_execute_there};
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, mem_vmap_cpu_type_find("riscv"), NULL), 0);
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, mem_vmap_cpu_type_find("x86_64"), NULL), MEM_EINVAL);
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, mem_vmap_cpu_type_find("aarch64"), NULL), MEM_EINVAL);
    port.here = NULL;
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, mem_vmap_cpu_type_find("riscv"), NULL), MEM_EINVAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_cpu_tells_all),
        cmocka_unit_test(a_stranger_tells_all),
        cmocka_unit_test(of_a_space_that_nobody_has_loaded_nobody_is_told),
        cmocka_unit_test(what_must_be_broken_is_forgotten_under_the_lock),
        cmocka_unit_test(firmware_tells_those_who_may_know),
        cmocka_unit_test(firmware_tells_all_of_global_entries),
        cmocka_unit_test(firmware_is_not_asked_for_nobody),
        cmocka_unit_test(an_idle_cpu_is_told),
        cmocka_unit_test(without_asids_only_those_are_told_that_run_the_space),
        cmocka_unit_test(bug_22_a_map_flushes_where_absent_entries_are_cached),
        cmocka_unit_test(a_port_that_the_type_cannot_use_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
