/* SPDX-License-Identifier: MIT */
/*
 * AArch64 descriptors bit by bit, worked out by hand from the Arm Architecture Reference Manual, DDI 0487: D8.3
 * (descriptor formats, and where the bits of a 52-bit address stand), D8.4 (permissions, access flag, dirty state),
 * D8.5 (memory types).
 *
 * Stage 1: valid 1, page or table 2, AttrIndx in 4..2, EL0 40, read-only 80, inner shareable 300, AF 400, nG 800
 * (hexadecimal); DBM bit 51, PXN 53, UXN 54. Stage 2: MemAttr in 5..2, read 40, write 80, XN bit 54.
 */
#include "tests/unit/golden.h"

enum {
    W = MEM_VMAP_WRITE,
    X = MEM_VMAP_EXEC,
    U = MEM_VMAP_USER,
    G = MEM_VMAP_GLOBAL,
    A = MEM_VMAP_ACCESSED,
    D = MEM_VMAP_DIRTY,
};

/* Of 48 bits, from the page size up: OA in its place. */
static usize target_48(uint64_t link)
{
    return link & 0x0000fffffffff000;
}

/* LPA2: OA[51:50] in bits 9..8. */
static usize target_lpa2(uint64_t link)
{
    return (link & 0x0003fffffffff000) | (link & 0x300) << 42;
}

/* 64 KiB pages, LPA: OA[51:48] in bits 15..12. */
static usize target_lpa(uint64_t link)
{
    return (link & 0x0000ffffffff0000) | (link & 0xf000) << 36;
}

/* Table descriptors: 58..51 and 11..2 are ignored, but for the address. Leaves: 58..55 are for software. */
#define COMMON .link = 0x3, .leaf_software = 0x0780000000000000
#define OA_48                                                                                              \
    .tables = 0x0000ffff00000000, .link_address = 0x0000fffffffff000, .link_software = 0x07f8000000000ffc, \
    .target = target_48, COMMON
#define OA_LPA2                                                                                            \
    .tables = 0x000effff00000000, .link_address = 0x0003fffffffff300, .link_software = 0x07f8000000000cfc, \
    .target = target_lpa2, COMMON
#define OA_LPA                                                                                             \
    .tables = 0x000dffff00000000, .link_address = 0x0000fffffffff000, .link_software = 0x07f8000000000ffc, \
    .target = target_lpa, COMMON

#define SHAPE_4K_48  .levels = 4, .shift = {12, 21, 30, 39}, .index_bits = {9, 9, 9, 9}
#define SHAPE_4K_52  .levels = 5, .shift = {12, 21, 30, 39, 48}, .index_bits = {9, 9, 9, 9, 4}
#define SHAPE_16K_48 .levels = 4, .shift = {14, 25, 36, 47}, .index_bits = {11, 11, 11, 1}
#define SHAPE_16K_52 .levels = 4, .shift = {14, 25, 36, 47}, .index_bits = {11, 11, 11, 5}
#define SHAPE_64K_48 .levels = 3, .shift = {16, 29, 42}, .index_bits = {13, 13, 6}
#define SHAPE_64K_52 .levels = 3, .shift = {16, 29, 42}, .index_bits = {13, 13, 10}

static const GoldenFormat k4 = {.name = "aarch64_4k", SHAPE_4K_48, OA_48};
static const GoldenFormat k4_upper = {.name = "aarch64_4k_upper", SHAPE_4K_48, OA_48};
static const GoldenFormat k4_lpa2 = {.name = "aarch64_4k_lpa2", SHAPE_4K_52, OA_LPA2};
static const GoldenFormat k4_lpa2_upper = {.name = "aarch64_4k_lpa2_upper", SHAPE_4K_52, OA_LPA2};
static const GoldenFormat k16 = {.name = "aarch64_16k", SHAPE_16K_48, OA_48};
static const GoldenFormat k16_upper = {.name = "aarch64_16k_upper", SHAPE_16K_48, OA_48};
static const GoldenFormat k16_lpa2 = {.name = "aarch64_16k_lpa2", SHAPE_16K_52, OA_LPA2};
static const GoldenFormat k16_lpa2_upper = {.name = "aarch64_16k_lpa2_upper", SHAPE_16K_52, OA_LPA2};
static const GoldenFormat k64 = {.name = "aarch64_64k", SHAPE_64K_48, OA_48};
static const GoldenFormat k64_upper = {.name = "aarch64_64k_upper", SHAPE_64K_48, OA_48};
static const GoldenFormat k64_lpa = {.name = "aarch64_64k_lpa", SHAPE_64K_52, OA_LPA};
static const GoldenFormat k64_lpa_upper = {.name = "aarch64_64k_lpa_upper", SHAPE_64K_52, OA_LPA};
static const GoldenFormat k4_s2 = {.name = "aarch64_4k_stage2", SHAPE_4K_48, OA_48};
static const GoldenFormat k4_lpa2_s2 = {.name = "aarch64_4k_lpa2_stage2", SHAPE_4K_52, OA_LPA2};
static const GoldenFormat k16_lpa2_s2 = {.name = "aarch64_16k_lpa2_stage2", SHAPE_16K_52, OA_LPA2};
static const GoldenFormat k64_s2 = {.name = "aarch64_64k_stage2", SHAPE_64K_48, OA_48};
static const GoldenFormat k64_lpa_s2 = {.name = "aarch64_64k_lpa_stage2", SHAPE_64K_52, OA_LPA};

/* Starting at level 0 takes DS, and so 52 bits, with 16 KiB pages (VTCR_EL2.SL0): one table of level 1 has 47. */
static const GoldenFormat k16_s2 = {.name = "aarch64_16k_stage2",
                                    .levels = 3,
                                    .shift = {14, 25, 36},
                                    .index_bits = {11, 11, 11},
                                    OA_48};

/* An access flag that is clear faults, and so does a write to a leaf that is read-only: both are set up for use. */
static void stage1_rights(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {&k4, 0, 0x1000, 0x80200000, 0, 0x0060000080200f83},
        {&k4, 0, 0x1000, 0x80200000, W, 0x0068000080200f03},
        {&k4, 0, 0x1000, 0x80200000, X, 0x0040000080200f83},
        {&k4, 0, 0x1000, 0x80200000, W | X, 0x0048000080200f03},
        {&k4, 0, 0x1000, 0x80200000, U, 0x0060000080200fc3},
        {&k4, 0, 0x1000, 0x80200000, U | W, 0x0068000080200f43},
        {&k4, 0, 0x1000, 0x80200000, U | X, 0x0020000080200fc3},
        {&k4, 0, 0x1000, 0x80200000, U | W | X, 0x0028000080200f43},
        {&k4, 0, 0x1000, 0x80200000, G, 0x0060000080200783},
        {&k4, 0, 0x1000, 0x80200000, G | W, 0x0068000080200703},
        {&k4, 0, 0x1000, 0x80200000, G | X, 0x0040000080200783},
        {&k16, 0, 0x4000, 0x80204000, U | X | G, 0x00200000802047c3},
        {&k64, 0, 0x10000, 0x80210000, U | W, 0x0068000080210f43},
        {&k4, 1, 0x200000, 0x80200000, W, 0x0068000080200f01},
        {&k4, 2, 0x40000000, 0x80000000, X, 0x0040000080000f81},
        {&k16, 1, 0x2000000, 0x82000000, G | W, 0x0068000082000701},
        {&k64, 1, 0x20000000, 0xa0000000, U, 0x00600000a0000fc1},
    };
    (void)state;
    GOLDEN_CHECK("D8.4, permissions", &options, rows);
}

/* With hardware management of both, AF is clear, and a writable leaf is clean: DBM and read-only. */
static void stage1_hardware_updates(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden rows[] = {
        {&k4, 0, 0x1000, 0x80200000, 0, 0x0060000080200b83},
        {&k4, 0, 0x1000, 0x80200000, W, 0x0068000080200b83},
        {&k4, 0, 0x1000, 0x80200000, W | A, 0x0068000080200f83},
        {&k4, 0, 0x1000, 0x80200000, W | D, 0x0068000080200b03},
        {&k4, 0, 0x1000, 0x80200000, U | W | A | D, 0x0068000080200f43},
        {&k64, 1, 0x20000000, 0xa0000000, W, 0x00680000a0000b81},
    };
    (void)state;
    GOLDEN_CHECK("D8.4, access flag and dirty state", &options, rows);
}

static void stage1_memory_types(void **state)
{
    static const Golden rows[] = {
        {&k4, 0, 0x1000, 0x80200000, MEM_VMAP_WRITE_THROUGH, 0x0060000080200f87},
        {&k4, 0, 0x1000, 0x80200000, MEM_VMAP_UNCACHED, 0x0060000080200f8b},
        {&k4, 0, 0x1000, 0x80200000, MEM_VMAP_WRITE_COMBINING, 0x0060000080200f8f},
        {&k4, 0, 0x1000, 0x09000000, MEM_VMAP_DEVICE | W | G, 0x0068000009000713},
        {&k16, 1, 0x2000000, 0x82000000, MEM_VMAP_WRITE_COMBINING, 0x0060000082000f8d},
        {&k64, 0, 0x10000, 0x80210000, MEM_VMAP_DEVICE, 0x0060000080210f93},
    };
    (void)state;
    GOLDEN_CHECK("D8.5, AttrIndx", NULL, rows);
}

static void stage1_memory_types_that_the_kernel_chose(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = {7, 6, 5, 0, MEM_VMAP_TYPE_NONE};
    static const MemVmapOptions options = {.type_index = types};
    static const Golden rows[] = {
        {&k4, 0, 0x1000, 0x80200000, 0, 0x0060000080200f9f},
        {&k4, 1, 0x200000, 0x80200000, MEM_VMAP_WRITE_THROUGH, 0x0060000080200f99},
        {&k4, 0, 0x1000, 0x80200000, MEM_VMAP_UNCACHED, 0x0060000080200f97},
        {&k4, 0, 0x1000, 0x80200000, MEM_VMAP_WRITE_COMBINING, 0x0060000080200f83},
    };
    (void)state;
    GOLDEN_CHECK("D8.5, AttrIndx", &options, rows);
}

/* OA[47:12], [47:14] and [47:16]; blocks from their own size up. The lower half, and the upper. */
static void stage1_addresses_of_48_bits(void **state)
{
    static const Golden rows[] = {
        {&k4, 0, 0x0000fffffffff000, 0x0000fffffffff000, 0, 0x0060ffffffffff83},
        {&k4, 0, 0x0000800000000000, 0x0000aaaaaaaaa000, 0, 0x0060aaaaaaaaaf83},
        {&k4_upper, 1, 0xffff000000000000, 0x0000ffffffe00000, 0, 0x0060ffffffe00f81},
        {&k4_upper, 2, 0xffffffffc0000000, 0x0000ffffc0000000, 0, 0x0060ffffc0000f81},
        {&k16, 0, 0x0000ffffffffc000, 0x0000ffffffffc000, 0, 0x0060ffffffffcf83},
        {&k16, 1, 0x0000fffffe000000, 0x0000aaaaaa000000, 0, 0x0060aaaaaa000f81},
        {&k16_upper, 0, 0xffff800000004000, 0x0000555555554000, 0, 0x0060555555554f83},
        {&k16_upper, 1, 0xfffffffffe000000, 0x0000fffffe000000, 0, 0x0060fffffe000f81},
        {&k64, 0, 0x0000ffffffff0000, 0x0000ffffffff0000, 0, 0x0060ffffffff0f83},
        {&k64, 1, 0x0000800020000000, 0x0000aaaaa0000000, 0, 0x0060aaaaa0000f81},
        {&k64_upper, 0, 0xffffffffffff0000, 0x0000000000000000, 0, 0x0060000000000f83},
        {&k64_upper, 1, 0xffff000000000000, 0x0000ffffe0000000, 0, 0x0060ffffe0000f81},
    };
    (void)state;
    GOLDEN_CHECK("D8.3, 48 bits", NULL, rows);
}

/* LPA2: OA[49:12] in their place, OA[51:50] in bits 9..8, where SH would be. */
static void stage1_addresses_of_lpa2(void **state)
{
    static const Golden rows[] = {
        {&k4_lpa2, 0, 0x1000, 0x0000000080200000, 0, 0x0060000080200c83},
        {&k4_lpa2, 0, 0x000ffffffffff000, 0x000ffffffffff000, 0, 0x0063ffffffffff83},
        {&k4_lpa2, 0, 0x0008000000000000, 0x0004000000000000, 0, 0x0060000000000d83},
        {&k4_lpa2, 0, 0x0007fffffffff000, 0x0008000000000000, 0, 0x0060000000000e83},
        {&k4_lpa2, 0, 0x0000ffffff000000, 0x0003000000001000, 0, 0x0063000000001c83},
        {&k4_lpa2, 1, 0x200000, 0x0005555555400000, W, 0x0069555555400d01},
        {&k4_lpa2_upper, 2, 0xfff0000000000000, 0x000c000040000000, X, 0x0040000040000f81},
        {&k4_lpa2_upper, 3, 0xffffff8000000000, 0x0008008000000000, 0, 0x0060008000000e81},
        {&k4_lpa2, 3, 0x8000000000, 0x000fff8000000000, 0, 0x0063ff8000000f81},
        {&k16_lpa2, 0, 0x4000, 0x000bffffffffc000, 0, 0x0063ffffffffce83},
        {&k16_lpa2, 1, 0x2000000, 0x0004aaaaaa000000, G, 0x0060aaaaaa000581},
        {&k16_lpa2_upper, 2, 0xfffffff000000000, 0x000c001000000000, 0, 0x0060001000000f81},
        {&k16_lpa2_upper, 0, 0xfff8000000000000, 0x0002000000004000, U, 0x0062000000004cc3},
    };
    (void)state;
    GOLDEN_CHECK("D8.3, LPA2", NULL, rows);
}

/* 64 KiB pages with LPA: OA[47:16] in their place, OA[51:48] in bits 15..12. */
static void stage1_addresses_of_lpa(void **state)
{
    static const Golden rows[] = {
        {&k64_lpa, 0, 0x10000, 0x0000000080210000, 0, 0x0060000080210f83},
        {&k64_lpa, 0, 0x000fffffffff0000, 0x000fffffffff0000, 0, 0x0060ffffffffff83},
        {&k64_lpa, 0, 0x0008000000000000, 0x0001000000000000, 0, 0x0060000000001f83},
        {&k64_lpa_upper, 0, 0xfff0000000000000, 0x0008000000010000, W, 0x0068000000018f03},
        {&k64_lpa_upper, 1, 0xffffffffe0000000, 0x0006aaaaa0000000, 0, 0x0060aaaaa0006f81},
        {&k64_lpa, 2, 0x40000000000, 0x000fc00000000000, 0, 0x0060c0000000ff81},
        {&k64_lpa_upper, 2, 0xfffffc0000000000, 0x0002040000000000, W | G, 0x0068040000002701},
    };
    (void)state;
    GOLDEN_CHECK("D8.3, LPA", NULL, rows);
}

/* HCR_EL2.FWB is clear. There is no nG; XN[1:0] 0b10 forbids execution at EL1 and EL0 alike. */
static void stage2_rights(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {&k4_s2, 0, 0x1000, 0x80200000, 0, 0x004000008020077f},
        {&k4_s2, 0, 0x1000, 0x80200000, W, 0x00480000802007ff},
        {&k4_s2, 0, 0x1000, 0x80200000, X, 0x000000008020077f},
        {&k4_s2, 0, 0x1000, 0x80200000, W | X, 0x00080000802007ff},
        {&k4_s2, 1, 0x200000, 0x80200000, W, 0x00480000802007fd},
        {&k4_s2, 2, 0x40000000, 0x80000000, W | X, 0x00080000800007fd},
        {&k16_s2, 0, 0x4000, 0x80204000, W, 0x00480000802047ff},
        {&k16_s2, 1, 0x7ffffe000000, 0x82000000, X, 0x000000008200077d},
        {&k64_s2, 0, 0x10000, 0x80210000, 0, 0x004000008021077f},
        {&k64_s2, 1, 0x20000000, 0xa0000000, W, 0x00480000a00007fd},
    };
    (void)state;
    GOLDEN_CHECK("D8.4, S2AP and XN", &options, rows);
}

static void stage2_hardware_updates(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden rows[] = {
        {&k4_s2, 0, 0x1000, 0x80200000, 0, 0x004000008020037f},
        {&k4_s2, 0, 0x1000, 0x80200000, W, 0x004800008020037f},
        {&k4_s2, 0, 0x1000, 0x80200000, W | A, 0x004800008020077f},
        {&k4_s2, 0, 0x1000, 0x80200000, W | A | D, 0x00480000802007ff},
        {&k64_lpa_s2, 0, 0x10000, 0x80210000, W, 0x004800008021037f},
    };
    (void)state;
    GOLDEN_CHECK("D8.4, dirty state of stage 2", &options, rows);
}

/* MemAttr: 0b1111 write-back, 0b1010 write-through, 0b0101 Non-cacheable, 0b0000 nGnRnE, 0b0001 nGnRE. */
static void stage2_memory_types(void **state)
{
    static const Golden rows[] = {
        {&k4_s2, 0, 0x1000, 0x80200000, MEM_VMAP_WRITE_THROUGH, 0x004000008020076b},
        {&k4_s2, 0, 0x1000, 0x80200000, MEM_VMAP_UNCACHED, 0x0040000080200743},
        {&k4_s2, 0, 0x1000, 0x80200000, MEM_VMAP_WRITE_COMBINING, 0x0040000080200757},
        {&k4_s2, 0, 0x1000, 0x09000000, MEM_VMAP_DEVICE | W, 0x00480000090007c7},
        {&k64_s2, 1, 0x20000000, 0xa0000000, MEM_VMAP_WRITE_COMBINING, 0x00400000a0000755},
    };
    (void)state;
    GOLDEN_CHECK("D8.5, MemAttr", NULL, rows);
}

static void stage2_addresses(void **state)
{
    static const Golden rows[] = {
        {&k4_s2, 0, 0x0000fffffffff000, 0x0000fffffffff000, 0, 0x0040fffffffff77f},
        {&k4_lpa2_s2, 0, 0x000ffffffffff000, 0x000ffffffffff000, 0, 0x0043fffffffff77f},
        {&k4_lpa2_s2, 0, 0x1000, 0x0000000080200000, W, 0x00480000802004ff},
        {&k4_lpa2_s2, 3, 0x8000000000, 0x0008008000000000, 0, 0x004000800000067d},
        {&k16_lpa2_s2, 0, 0x4000, 0x0004000000004000, 0, 0x004000000000457f},
        {&k16_lpa2_s2, 2, 0x000ffff000000000, 0x0003fff000000000, X, 0x0003fff00000047d},
        {&k64_lpa_s2, 0, 0x000fffffffff0000, 0x0009000000010000, 0, 0x004000000001977f},
        {&k64_lpa_s2, 2, 0x40000000000, 0x000fc00000000000, 0, 0x0040c0000000f77d},
    };
    (void)state;
    GOLDEN_CHECK("D8.3, stage 2", NULL, rows);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(stage1_rights),
        cmocka_unit_test(stage1_hardware_updates),
        cmocka_unit_test(stage1_memory_types),
        cmocka_unit_test(stage1_memory_types_that_the_kernel_chose),
        cmocka_unit_test(stage1_addresses_of_48_bits),
        cmocka_unit_test(stage1_addresses_of_lpa2),
        cmocka_unit_test(stage1_addresses_of_lpa),
        cmocka_unit_test(stage2_rights),
        cmocka_unit_test(stage2_hardware_updates),
        cmocka_unit_test(stage2_memory_types),
        cmocka_unit_test(stage2_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
