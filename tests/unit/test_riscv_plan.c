/* SPDX-License-Identifier: MIT */
/*
 * The fences that RISC-V harts execute to forget or to load a space, operand by operand. White box: the steps of
 * arch/riscv/cpu. What is expected was worked out by hand from the Privileged Architecture: sfence.vma (rs1 the
 * address or x0, rs2 the ASID or x0; with an address it is about the leaf alone), and satp (MODE in 63..60, ASID
 * in 59..44, the root's page number in 43..0). Constants are the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/riscv/cpu/cpu.h"
#include <mem/errors.h>

#define AT   ((usize)0x3f12345000)
#define ROOT ((usize)0x00ffedcba9876000)
/* The page number of ROOT, and the modes: 8 Sv39, 9 Sv48, 10 Sv57. */
#define SATP(mode, asid) ((usize)(mode) << 60 | (usize)(asid) << 44 | (usize)0x00000ffedcba9876)

static const MemVmapCpuFeatures none = {0}, with = {.asids = 1 << 16, .by_asid = true, .globals = true};
static MemVmapStep steps[MEM_VMAP_STEPS];

static const MemVmapCpuType *type(void)
{
    const MemVmapCpuType *found = mem_vmap_cpu_type_find("riscv");
    assert_non_null(found);
    return found;
}

static void assert_step(unsigned i, RiscvStepKind kind, unsigned asid, usize first, usize stride,
                        usize count)
{
    assert_int_equal(steps[i].kind, kind);
    assert_int_equal(steps[i].asid, asid);
    assert_int_equal(steps[i].first, first);
    assert_int_equal(steps[i].stride, stride);
    assert_int_equal(steps[i].count, count);
}

static unsigned forget(const MemVmapPlan *plan)
{
    return type()->forget(&with, &(MemVmapRoot){.root = ROOT, .asid = 7, .levels = 3}, plan, steps);
}

static void few_leaves_are_fenced_one_by_one(void **state)
{
    (void)state;
    MemVmapPlan plan = {.count = 2,
                        .ranges = {{AT, AT + 0x4fff, 0x1000}, {0x40000000, 0xbfffffff, 0x40000000}}};
    assert_int_equal(forget(&plan), 2);
    assert_step(0, RISCV_FENCE_ADDRESS, 7, AT, 0x1000, 5);
    assert_step(1, RISCV_FENCE_ADDRESS, 7, 0x40000000, 0x40000000, 2);
}

static void global_leaves_are_fenced_for_every_asid(void **state)
{
    (void)state;
    MemVmapPlan plan = {.global = true, .count = 1, .ranges = {{AT, AT + 0xfff, 0x1000}}};
    assert_int_equal(forget(&plan), 1);
    assert_step(0, RISCV_FENCE_ADDRESS_ALL, 7, AT, 0x1000, 1);
}

static void the_ceiling_is_33_leaves(void **state)
{
    (void)state;
    MemVmapPlan plan = {.count = 1, .ranges = {{AT, AT + 33 * 0x1000 - 1, 0x1000}}};
    assert_int_equal(forget(&plan), 1);
    assert_step(0, RISCV_FENCE_ADDRESS, 7, AT, 0x1000, 33);
    plan.ranges[0].last += 0x1000;
    assert_int_equal(forget(&plan), 1);
    assert_step(0, RISCV_FENCE_ASID, 7, 0, 0, 1);
}

static void the_ceiling_can_be_set(void **state)
{
    (void)state;
    MemVmapCpuFeatures features = {.asids = 16, .ceiling = 2};
    MemVmapPlan plan = {.count = 1, .ranges = {{AT, AT + 0x2fff, 0x1000}}};
    assert_int_equal(
        type()->forget(&features, &(MemVmapRoot){.root = ROOT, .asid = 7, .levels = 3}, &plan, steps), 1);
    assert_step(0, RISCV_FENCE_ASID, 7, 0, 0, 1);
}

/* A fence with an address says nothing of entries that link tables. */
static void bug_9_where_tables_went_all_of_the_asid_goes(void **state)
{
    (void)state;
    MemVmapPlan plan = {.tables = true, .count = 1, .ranges = {{AT, AT + 0xfff, 0x1000}}};
    assert_int_equal(forget(&plan), 1);
    assert_step(0, RISCV_FENCE_ASID, 7, 0, 0, 1);
    plan.global = true;
    assert_int_equal(forget(&plan), 1);
    assert_step(0, RISCV_FENCE_ALL, 0, 0, 0, 1);
}

static void everything_is_one_fence(void **state)
{
    (void)state;
    MemVmapPlan plan = {.everything = true};
    assert_int_equal(forget(&plan), 1);
    assert_step(0, RISCV_FENCE_ASID, 7, 0, 0, 1);
}

static void satp_names_mode_asid_and_page(void **state)
{
    (void)state;
    for (unsigned levels = 3; levels <= 5; levels++) {
        MemVmapRoot root = {.root = ROOT, .asid = 0xabc, .levels = levels};
        assert_int_equal(type()->load(&with, &root, MEM_VMAP_UP_TO_DATE, NULL, steps), 1);
        assert_step(0, RISCV_SATP, 0xabc, SATP(5 + levels, 0xabc), 0, 1);
    }
}

static void an_asid_of_which_nothing_is_known_is_cleaned_before_it_is_loaded(void **state)
{
    (void)state;
    assert_int_equal(type()->load(&with, &(MemVmapRoot){.root = ROOT, .asid = 7, .levels = 3},
                                  MEM_VMAP_UNKNOWN, NULL, steps),
                     2);
    assert_step(0, RISCV_FENCE_ASID, 7, 0, 0, 1);
    assert_step(1, RISCV_SATP, 7, SATP(8, 7), 0, 1);
}

static void an_asid_that_is_behind_catches_up_before_it_is_loaded(void **state)
{
    (void)state;
    MemVmapPlan plan = {.count = 1, .ranges = {{AT, AT + 0xfff, 0x1000}}};
    assert_int_equal(type()->load(&with, &(MemVmapRoot){.root = ROOT, .asid = 7, .levels = 4},
                                  MEM_VMAP_BEHIND, &plan, steps),
                     2);
    assert_step(0, RISCV_FENCE_ADDRESS, 7, AT, 0x1000, 1);
    assert_step(1, RISCV_SATP, 7, SATP(9, 7), 0, 1);
}

/* What the last space left under ASID 0 may be cached again until the new root is there. */
static void without_asids_the_fence_comes_after_the_load(void **state)
{
    (void)state;
    assert_int_equal(type()->load(&none, &(MemVmapRoot){.root = ROOT, .asid = 0, .levels = 5},
                                  MEM_VMAP_UNKNOWN, NULL, steps),
                     2);
    assert_step(0, RISCV_SATP, 0, SATP(10, 0), 0, 1);
    assert_step(1, RISCV_FENCE_ASID, 0, 0, 0, 1);
}

/* Also where there are too few of them to be of use. */
static void asid_0_is_fenced_after_the_load(void **state)
{
    (void)state;
    MemVmapRoot root = {.root = ROOT, .levels = 3};
    assert_int_equal(type()->load(&with, &root, MEM_VMAP_UNKNOWN, NULL, steps), 2);
    assert_step(0, RISCV_SATP, 0, SATP(8, 0), 0, 1);
    assert_step(1, RISCV_FENCE_ASID, 0, 0, 0, 1);
}

static void asids_that_mean_other_spaces_are_cleaned_before_the_load(void **state)
{
    (void)state;
    MemVmapRoot root = {.root = ROOT, .asid = 7, .levels = 3};
    assert_int_equal(type()->load(&with, &root, MEM_VMAP_RENUMBERED, NULL, steps), 2);
    assert_step(0, RISCV_FENCE_ALL, 0, 0, 0, 1);
    assert_step(1, RISCV_SATP, 7, SATP(8, 7), 0, 1);
}

/* Svinval: sfence.w.inval, sinval.vma for each address, sfence.inval.ir. One address needs one sfence.vma. */
static void with_svinval_several_addresses_need_one_fence(void **state)
{
    (void)state;
    MemVmapCpuFeatures features = {.asids = 16, .extensions = MEM_VMAP_HAS_SVINVAL};
    MemVmapRoot root = {.root = ROOT, .asid = 7, .levels = 3};
    MemVmapPlan plan = {.count = 2,
                        .ranges = {{AT, AT + 0x4fff, 0x1000}, {0x40000000, 0x7fffffff, 0x40000000}}};
    assert_int_equal(type()->forget(&features, &root, &plan, steps), 4);
    assert_step(0, RISCV_INVAL_BEGIN, 7, 0, 0, 1);
    assert_step(1, RISCV_INVAL_ADDRESS, 7, AT, 0x1000, 5);
    assert_step(2, RISCV_INVAL_ADDRESS, 7, 0x40000000, 0x40000000, 1);
    assert_step(3, RISCV_INVAL_END, 7, 0, 0, 1);
    plan.global = true;
    assert_int_equal(type()->forget(&features, &root, &plan, steps), 4);
    assert_step(1, RISCV_INVAL_ADDRESS_ALL, 7, AT, 0x1000, 5);
    plan = (MemVmapPlan){.count = 1, .ranges = {{AT, AT + 0xfff, 0x1000}}};
    assert_int_equal(type()->forget(&features, &root, &plan, steps), 1);
    assert_step(0, RISCV_FENCE_ADDRESS, 7, AT, 0x1000, 1);
    plan.everything = true;
    assert_int_equal(type()->forget(&features, &root, &plan, steps), 1);
    assert_step(0, RISCV_FENCE_ASID, 7, 0, 0, 1);
}

/* SBI, RFENCE: function 1 is remote_sfence_vma(start, size), 2 remote_sfence_vma_asid(start, size, asid). */
static void every_step_has_its_call_of_the_firmware(void **state)
{
    (void)state;
    static const struct {
        MemVmapStep step;
        RiscvSbiFence fence;
    } rows[] = {
        {{RISCV_FENCE_ADDRESS, 7, AT, 0x1000, 5}, {2, AT, 0x5000, 7}},
        {{RISCV_FENCE_ADDRESS, 7, 0x40000000, 0x40000000, 2}, {2, 0x40000000, 0x80000000, 7}},
        {{RISCV_FENCE_ADDRESS_ALL, 7, AT, 0x1000, 1}, {1, AT, 0x1000, 0}},
        {{RISCV_FENCE_ASID, 7, 0, 0, 1}, {2, 0, 0xffffffffffffffff, 7}},
        {{RISCV_FENCE_ALL, 0, 0, 0, 1}, {1, 0, 0xffffffffffffffff, 0}},
        {{RISCV_INVAL_BEGIN, 7, 0, 0, 1}, {0, 0, 0, 0}},
        {{RISCV_INVAL_ADDRESS, 7, AT, 0x1000, 5}, {2, AT, 0x5000, 7}},
        {{RISCV_INVAL_ADDRESS_ALL, 7, AT, 0x1000, 5}, {1, AT, 0x5000, 0}},
        {{RISCV_INVAL_END, 7, 0, 0, 1}, {0, 0, 0, 0}},
        {{RISCV_SATP, 7, SATP(8, 7), 0, 1}, {0, 0, 0, 0}},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        RiscvSbiFence fence = mem_vmap_riscv_sbi_fence(&rows[i].step);
        assert_int_equal(fence.function, rows[i].fence.function);
        assert_int_equal(fence.start, rows[i].fence.start);
        assert_int_equal(fence.size, rows[i].fence.size);
        assert_int_equal(fence.asid, rows[i].fence.asid);
    }
}

/* On a host there are no such instructions: a port without `execute` cannot be. */
static void a_library_for_another_cpu_needs_the_ports_execute(void **state)
{
    (void)state;
    MemVmapCpuPort port = {0};
    static MemVmapCpus cpus;
#ifndef __riscv
    assert_null(type()->execute);
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, type(), NULL), MEM_EINVAL);
#else
    assert_int_equal(mem_vmap_cpus_init(&cpus, &port, type(), NULL), 0);
#endif
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_leaves_are_fenced_one_by_one),
        cmocka_unit_test(global_leaves_are_fenced_for_every_asid),
        cmocka_unit_test(the_ceiling_is_33_leaves),
        cmocka_unit_test(the_ceiling_can_be_set),
        cmocka_unit_test(bug_9_where_tables_went_all_of_the_asid_goes),
        cmocka_unit_test(everything_is_one_fence),
        cmocka_unit_test(satp_names_mode_asid_and_page),
        cmocka_unit_test(an_asid_of_which_nothing_is_known_is_cleaned_before_it_is_loaded),
        cmocka_unit_test(an_asid_that_is_behind_catches_up_before_it_is_loaded),
        cmocka_unit_test(without_asids_the_fence_comes_after_the_load),
        cmocka_unit_test(asid_0_is_fenced_after_the_load),
        cmocka_unit_test(asids_that_mean_other_spaces_are_cleaned_before_the_load),
        cmocka_unit_test(with_svinval_several_addresses_need_one_fence),
        cmocka_unit_test(every_step_has_its_call_of_the_firmware),
        cmocka_unit_test(a_library_for_another_cpu_needs_the_ports_execute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
