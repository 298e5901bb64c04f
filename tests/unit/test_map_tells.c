/* SPDX-License-Identifier: MIT */
/*
 * What CPUs must forget when something is mapped. AArch64: what a batch has unmapped, and not yet flushed, may still be
 * cached, and nothing else is written in its place before all have forgotten it (DDI 0487, break-before-make). RISC-V:
 * that there was nothing (the Privileged Architecture, SFENCE.VMA).
 */
#include "tests/unit/numbered.h"

#include "arch/aarch64/cpu/cpu.h"

#define BLOCK ((usize)2 << 20)

/* Whether something was mapped when CPUs were told to forget for the first time. */
static MemVmap *watched;
static unsigned tellings;
static bool too_early;

static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    numbered_execute(context, steps, count);
    if (watched == NULL)
        return;
    too_early |= tellings++ == 0 && mem_vmap_lookup(watched, VIRT, NULL) == 0;
}

/* Maps `len` bytes while a batch waits that has unmapped all there. The CPUs forget with that kind of step. */
static void map_beside_a_batch(usize len, unsigned kind)
{
    Numbered *n = numbered_new("aarch64", &(MemVmapCpuFeatures){.asids = 256}, BY_HARDWARE, 2);
    n->cpus.port.execute = execute;
    MemVmap *space = numbered_space(n, 0, "aarch64_4k");
    MemVmapBatch batch;
    assert_int_equal(mem_vmap_map(space, PHYS, VIRT, 4 * PAGE, 0), 0);
    numbered_switch(n, 0, space);
    numbered_forget(n);
    assert_int_equal(mem_vmap_batch_begin(&batch, space), 0);
    mem_vmap_batch_unmap(&batch, VIRT, 4 * PAGE);
    assert_int_equal(n->count, 0);
    watched = space;
    tellings = 0;
    too_early = false;
    assert_int_equal(mem_vmap_map(space, PHYS + BLOCK, VIRT, len, 0), 0);
    assert_true(tellings > 0);
    assert_false(too_early);
    assert_true(n->locked_steps);
    watched = NULL;
    assert_int_equal(n->steps[0].kind, A64_DSB_ISHST);
    assert_int_equal(n->steps[1].kind, kind);
    assert_int_equal(n->steps[1].first >> 48, 1); /* the ASID */
    mem_vmap_batch_end(&batch);
    assert_int_equal(mem_vmap_lookup(space, VIRT, NULL), 0);
    numbered_end(n);
}

static void pages_are_written_when_those_before_are_forgotten(void **state)
{
    (void)state;
    map_beside_a_batch(PAGE, A64_VAE1IS); /* tables too */
}

static void a_block_is_written_when_the_table_before_is_forgotten(void **state)
{
    (void)state;
    map_beside_a_batch(BLOCK, A64_ASIDE1IS); /* that many addresses */
}

/* Nothing has come that they could have missed. */
static void a_map_that_is_refused_tells_nobody(void **state)
{
    static const MemVmapCpuFeatures features = {.asids = 256, .caches_absent = true};
    (void)state;
    Numbered *n = numbered_new("riscv", &features, BY_FIRMWARE, 2);
    MemVmap *space = numbered_space(n, 0, "riscv_sv39");
    numbered_switch(n, 0, space);
    numbered_switch(n, 1, space);
    numbered_forget(n);
    assert_int_equal(mem_vmap_map(space, PHYS, VIRT, PAGE, 0), 0);
    assert_true(n->count > 0 && n->there_count > 0);
    numbered_forget(n);
    assert_int_equal(mem_vmap_map(space, PHYS, VIRT, 2 * PAGE, 0), MEM_EOVERLAP);
    assert_int_equal(mem_vmap_map(space, PHYS, VIRT, PAGE, MEM_VMAP_USER), MEM_EOVERLAP);
    assert_int_equal(n->count, 0);
    assert_int_equal(n->there_count, 0);
    numbered_end(n);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_written_when_those_before_are_forgotten),
        cmocka_unit_test(a_block_is_written_when_the_table_before_is_forgotten),
        cmocka_unit_test(a_map_that_is_refused_tells_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
