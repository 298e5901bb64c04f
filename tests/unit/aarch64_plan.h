/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_AARCH64_PLAN_H
#define TESTS_UNIT_AARCH64_PLAN_H

/* Roots, plans and steps of AArch64 CPUs, in short: white box, the steps are those of arch/aarch64/cpu. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/aarch64/cpu/cpu.h"

#define KB4  ((usize)0x1000)
#define KB16 ((usize)0x4000)
#define KB64 ((usize)0x10000)
#define MB2  ((usize)0x200000)
#define GB1  ((usize)0x40000000)

#define AT   ((usize)0x0000123456789000)
#define HIGH ((usize)0xffff923456789000)
#define ROOT ((usize)0x0000876543210000)

#define HINTS  MEM_VMAP_HAS_TTL
#define RANGES MEM_VMAP_HAS_RANGES

/* Roots: ASID 0xabcd; of the lower half, the upper half, and guests. */
#define LOWER(shift, bits)                                                                                 \
    {                                                                                                      \
        .root = ROOT, .asid = 0xabcd, .levels = 4, .page_shift = shift, .virt_bits = bits                  \
    }
static const MemVmapRoot __attribute__((unused)) lower = LOWER(12, 48), lower_16k = LOWER(14, 48),
                                                 lower_64k = LOWER(16, 48), lower_lpa2 = LOWER(12, 52),
                                                 lower_16k_lpa2 = LOWER(14, 52), lower_lva = LOWER(16, 52);
static const MemVmapRoot __attribute__((unused))
upper = {.root = ROOT, .levels = 4, .page_shift = 12, .virt_bits = 48, .upper = true};
static const MemVmapRoot __attribute__((unused))
upper_lpa2 = {.root = ROOT, .levels = 5, .page_shift = 12, .virt_bits = 52, .upper = true};
static const MemVmapRoot __attribute__((unused))
guest = {.root = ROOT, .asid = 0x42, .levels = 4, .page_shift = 12, .virt_bits = 48, .second_stage = true};
static const MemVmapRoot __attribute__((unused)) guest_lpa2 =
    {.root = ROOT, .asid = 0x42, .levels = 5, .page_shift = 12, .virt_bits = 52, .second_stage = true};

#define RANGE(first, length, stride)                                                                       \
    {                                                                                                      \
        first, (usize)(first) + (usize)(length)-1, stride                                                  \
    }
#define PLAN(...)                                                                                          \
    {                                                                                                      \
        .count = sizeof((MemVmapRange[]){__VA_ARGS__}) / sizeof(MemVmapRange), .ranges = { __VA_ARGS__ }   \
    }

#define ONE(kind, operand)                                                                                 \
    {                                                                                                      \
        kind, 0, operand, 0, 1                                                                             \
    }
#define EACH(kind, operand, stride, count)                                                                 \
    {                                                                                                      \
        kind, 0, operand, stride, count                                                                    \
    }
#define ISHST ONE(A64_DSB_ISHST, 0)
#define ISH   ONE(A64_DSB_ISH, 0)
#define NSH   ONE(A64_DSB_NSH, 0)
#define ISB   ONE(A64_ISB, 0)

static inline const MemVmapCpuType *type(void)
{
    const MemVmapCpuType *found = mem_vmap_cpu_type_find("aarch64");
    assert_non_null(found);
    return found;
}

static inline void assert_steps(const char *what, const MemVmapStep *steps, unsigned count,
                                const MemVmapStep *expected, unsigned expected_count)
{
    bool same = count == expected_count;
    for (unsigned i = 0; same && i < count; i++)
        same = steps[i].kind == expected[i].kind && steps[i].first == expected[i].first &&
               steps[i].count == expected[i].count &&
               (steps[i].count < 2 || steps[i].stride == expected[i].stride);
    if (same)
        return;
    for (unsigned i = 0; i < count; i++)
        print_error("%s: kind %u, 0x%016zx, stride 0x%zx, %zu times\n", what, steps[i].kind, steps[i].first,
                    steps[i].stride, steps[i].count);
    fail();
}

#endif
