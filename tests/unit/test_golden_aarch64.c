/* SPDX-License-Identifier: MIT */
/*
 * AArch64 descriptors of stage 1 bit by bit, worked out by hand from the Arm Architecture Reference Manual, DDI 0487:
 * D8.3 (descriptor formats), D8.4 (permissions, access flag, dirty state), D8.5 (memory types), D8.6.1 (the
 * Contiguous bit).
 *
 * Valid 1, page or table 2, AttrIndx in 4..2, EL0 40, read-only 80, inner shareable 300, AF 400, nG 800
 * (hexadecimal); DBM bit 51, Contiguous 52, PXN 53, UXN 54.
 *
 * The page at physical 0x80210000 has the same descriptor with every size of pages, also with LPA, whose topmost
 * address bits are 0 then. With LPA2 shareability stands elsewhere: those rows are apart.
 */
#include "tests/unit/golden_aarch64.h"

/* All addresses of the upper half begin with ones, above 48 bits or 52. */
#define UPPER_48 .ones = 0xffff000000000000
#define UPPER_52 .ones = 0xfff0000000000000

static GoldenFormat k4 = {.name = "aarch64_4k", SHAPE_4K_48, OA_48};
static GoldenFormat k4_upper = {.name = "aarch64_4k_upper", SHAPE_4K_48, OA_48, UPPER_48};
static GoldenFormat k4_lpa2 = {.name = "aarch64_4k_lpa2", SHAPE_4K_52, OA_LPA2};
static GoldenFormat k4_lpa2_upper = {.name = "aarch64_4k_lpa2_upper", SHAPE_4K_52, OA_LPA2, UPPER_52};
static GoldenFormat k16 = {.name = "aarch64_16k", SHAPE_16K_48, OA_48};
static GoldenFormat k16_upper = {.name = "aarch64_16k_upper", SHAPE_16K_48, OA_48, UPPER_48};
static GoldenFormat k16_lpa2 = {.name = "aarch64_16k_lpa2", SHAPE_16K_52, OA_LPA2};
static GoldenFormat k16_lpa2_upper = {.name = "aarch64_16k_lpa2_upper", SHAPE_16K_52, OA_LPA2, UPPER_52};
static GoldenFormat k64 = {.name = "aarch64_64k", SHAPE_64K_48, OA_48};
static GoldenFormat k64_upper = {.name = "aarch64_64k_upper", SHAPE_64K_48, OA_48, UPPER_48};
static GoldenFormat k64_lpa = {.name = "aarch64_64k_lpa", SHAPE_64K_52, OA_LPA};
static GoldenFormat k64_lpa_upper = {.name = "aarch64_64k_lpa_upper", SHAPE_64K_52, OA_LPA, UPPER_52};

#define SHAREABLE &k4, &k4_upper, &k16, &k16_upper, &k64, &k64_upper, &k64_lpa, &k64_lpa_upper
#define LPA2      &k4_lpa2, &k4_lpa2_upper, &k16_lpa2, &k16_lpa2_upper
static GoldenFormat *const shareable[] = {SHAREABLE, NULL};
static GoldenFormat *const lpa2[] = {LPA2, NULL};
static GoldenFormat *const all[] = {SHAREABLE, LPA2, NULL};

/* An access flag that is clear faults, and so does a write to a leaf that is read-only: both are set up for use. */
static void rights(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x0060000080210f83},
        {NULL, 0, 0x10000, 0x80210000, W, 0x0068000080210f03},
        {NULL, 0, 0x10000, 0x80210000, X, 0x0040000080210f83},
        {NULL, 0, 0x10000, 0x80210000, W | X, 0x0048000080210f03},
        {NULL, 0, 0x10000, 0x80210000, U, 0x0060000080210fc3},
        {NULL, 0, 0x10000, 0x80210000, U | W, 0x0068000080210f43},
        {NULL, 0, 0x10000, 0x80210000, U | X, 0x0020000080210fc3},
        {NULL, 0, 0x10000, 0x80210000, U | W | X, 0x0028000080210f43},
        {NULL, 0, 0x10000, 0x80210000, G, 0x0060000080210783},
        {NULL, 0, 0x10000, 0x80210000, G | W, 0x0068000080210703},
        {NULL, 0, 0x10000, 0x80210000, G | X, 0x0040000080210783},
        {NULL, 0, 0x10000, 0x80210000, G | U | X, 0x00200000802107c3},
        {NULL, 0, 0x10000, 0x80210000, NR, 0x0060000080210f83},
    };
    static const Golden rows_lpa2[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x0060000080210c83},
        {NULL, 0, 0x10000, 0x80210000, W, 0x0068000080210c03},
        {NULL, 0, 0x10000, 0x80210000, X, 0x0040000080210c83},
        {NULL, 0, 0x10000, 0x80210000, U, 0x0060000080210cc3},
        {NULL, 0, 0x10000, 0x80210000, U | X, 0x0020000080210cc3},
        {NULL, 0, 0x10000, 0x80210000, U | W | X, 0x0028000080210c43},
        {NULL, 0, 0x10000, 0x80210000, G, 0x0060000080210483},
        {NULL, 0, 0x10000, 0x80210000, G | W, 0x0068000080210403},
        {NULL, 0, 0x10000, 0x80210000, NR, 0x0060000080210c83},
    };
    (void)state;
    GOLDEN_SHARED("D8.4, permissions", &options, shareable, rows);
    GOLDEN_SHARED("D8.4, permissions, LPA2", &options, lpa2, rows_lpa2);
}

/*
 * With hardware management of both, AF is clear, and a writable leaf is clean: DBM and read-only. What may not be
 * written has its dirty state in a bit of software.
 */
static void hardware_updates(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden rows[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x0060000080210b83},
        {NULL, 0, 0x10000, 0x80210000, A, 0x0060000080210f83},
        {NULL, 0, 0x10000, 0x80210000, D, 0x0060000080210b83},
        {NULL, 0, 0x10000, 0x80210000, W, 0x0068000080210b83},
        {NULL, 0, 0x10000, 0x80210000, W | A, 0x0068000080210f83},
        {NULL, 0, 0x10000, 0x80210000, W | D, 0x0068000080210b03},
        {NULL, 0, 0x10000, 0x80210000, U | W | A | D, 0x0068000080210f43},
    };
    static const Golden rows_lpa2[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x0060000080210883},
        {NULL, 0, 0x10000, 0x80210000, D, 0x0060000080210883},
        {NULL, 0, 0x10000, 0x80210000, W, 0x0068000080210883},
        {NULL, 0, 0x10000, 0x80210000, W | A, 0x0068000080210c83},
        {NULL, 0, 0x10000, 0x80210000, W | D, 0x0068000080210803},
        {NULL, 0, 0x10000, 0x80210000, U | W | A | D, 0x0068000080210c43},
    };
    (void)state;
    GOLDEN_SHARED("D8.4, access flag and dirty state", &options, shareable, rows);
    GOLDEN_SHARED("D8.4, access flag and dirty state, LPA2", &options, lpa2, rows_lpa2);
}

/* AttrIndx is 0 to 4 where the kernel has chosen nothing. */
static void memory_types(void **state)
{
    static const Golden rows[] = {
        {NULL, 0, 0x10000, 0x80210000, MEM_VMAP_WRITE_BACK, 0x0060000080210f83},
        {NULL, 0, 0x10000, 0x80210000, WT, 0x0060000080210f87},
        {NULL, 0, 0x10000, 0x80210000, UC, 0x0060000080210f8b},
        {NULL, 0, 0x10000, 0x80210000, WC, 0x0060000080210f8f},
        {NULL, 0, 0x10000, 0x09000000, DEV | W | G, 0x0068000009000713},
    };
    static const Golden rows_lpa2[] = {
        {NULL, 0, 0x10000, 0x80210000, WT, 0x0060000080210c87},
        {NULL, 0, 0x10000, 0x80210000, UC, 0x0060000080210c8b},
        {NULL, 0, 0x10000, 0x80210000, WC, 0x0060000080210c8f},
        {NULL, 0, 0x10000, 0x09000000, DEV | W | G, 0x0068000009000413},
    };
    (void)state;
    GOLDEN_SHARED("D8.5, AttrIndx", NULL, shareable, rows);
    GOLDEN_SHARED("D8.5, AttrIndx, LPA2", NULL, lpa2, rows_lpa2);
}

static void memory_types_that_the_kernel_chose(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = {7, 6, 5, 0, MEM_VMAP_TYPE_NONE};
    static const MemVmapOptions options = {.type_index = types};
    static const Golden rows[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x0060000080210f9f},
        {NULL, 0, 0x10000, 0x80210000, WT, 0x0060000080210f9b},
        {NULL, 0, 0x10000, 0x80210000, UC, 0x0060000080210f97},
        {NULL, 0, 0x10000, 0x80210000, WC, 0x0060000080210f83},
    };
    static const Golden rows_lpa2[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x0060000080210c9f},
        {NULL, 0, 0x10000, 0x80210000, WC, 0x0060000080210c83},
    };
    (void)state;
    GOLDEN_SHARED("D8.5, AttrIndx", &options, shareable, rows);
    GOLDEN_SHARED("D8.5, AttrIndx, LPA2", &options, lpa2, rows_lpa2);
}

/* Blocks have bit 1 clear: 2 MiB and 1 GiB with 4 KiB pages, 32 MiB with 16 KiB, 512 MiB with 64 KiB. */
static void blocks(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {&k4, 1, 0x200000, 0x80200000, W, 0x0068000080200f01},
        {&k4, 1, 0x200000, 0x80200000, U | WT, 0x0060000080200fc5},
        {&k4, 1, 0x200000, 0x80200000, X | DEV, 0x0040000080200f91},
        {&k4, 2, 0x40000000, 0x80000000, X, 0x0040000080000f81},
        {&k4_upper, 2, 0xffffffff80000000, 0x80000000, G | W | X, 0x0048000080000701},
        {&k16, 1, 0x2000000, 0x82000000, G | W, 0x0068000082000701},
        {&k16, 1, 0x2000000, 0x82000000, WC, 0x0060000082000f8d},
        {&k64, 1, 0x20000000, 0xa0000000, U, 0x00600000a0000fc1},
        {&k64, 1, 0x20000000, 0xa0000000, UC, 0x00600000a0000f89},
        {&k64_lpa, 1, 0x20000000, 0xa0000000, U | W | X, 0x00280000a0000f41},
    };
    (void)state;
    GOLDEN_CHECK("D8.3, blocks", &options, rows);
}

/* OA[47:12], [47:14] and [47:16]; blocks from their own size up. The lower half, and the upper. */
static void addresses_of_48_bits(void **state)
{
    static const Golden rows[] = {
        {&k4, 0, 0x0000fffffffff000, 0x0000fffffffff000, 0, 0x0060ffffffffff83},
        {&k4, 0, 0x0000800000000000, 0x0000aaaaaaaaa000, 0, 0x0060aaaaaaaaaf83},
        {&k4_upper, 0, 0xfffffffffffff000, 0x0000555555555000, 0, 0x0060555555555f83},
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
static void addresses_of_lpa2(void **state)
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
        {&k16_lpa2, 2, 0x000ffff000000000, 0x000ffff000000000, 0, 0x0063fff000000f81},
        {&k16_lpa2_upper, 2, 0xfffffff000000000, 0x000c001000000000, 0, 0x0060001000000f81},
        {&k16_lpa2_upper, 0, 0xfff8000000000000, 0x0002000000004000, U, 0x0062000000004cc3},
    };
    (void)state;
    GOLDEN_CHECK("D8.3, LPA2", NULL, rows);
}

/* 64 KiB pages with LPA: OA[47:16] in their place, OA[51:48] in bits 15..12. */
static void addresses_of_lpa(void **state)
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

/*
 * Contiguous in every entry of a run, each with its own address (D8.6.1): with 4 KiB pages 16 pages or 16 blocks of
 * 2 MiB; with 16 KiB 128 pages or 32 blocks of 32 MiB; with 64 KiB 32 pages or 32 blocks of 512 MiB.
 */
static void contiguous_runs(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden rows[] = {
        {&k4, 0, 0x10000, 0x80210000, A, 0x0070000080210f83},
        {&k4, 0, 0x0000ffffffff0000, 0x0000ffffffff0000, W, 0x0078ffffffff0b83},
        {&k4, 1, 0x2000000, 0x82000000, A | U, 0x0070000082000fc1},
        {&k4_upper, 0, 0xffffffffffff0000, 0x10000, A | X | G, 0x0050000000010783},
        {&k4_upper, 1, 0xfffffffffe000000, 0x0000fffffe000000, W | A | D, 0x0078fffffe000f01},
        {&k16, 0, 0x200000, 0x80200000, A, 0x0070000080200f83},
        {&k16, 1, 0x40000000, 0x80000000, A | DEV, 0x0070000080000f91},
        {&k16_upper, 0, 0xffffffffffe00000, 0x0000ffffffe00000, W, 0x0078ffffffe00b83},
        {&k16_upper, 1, 0xffffffffc0000000, 0x0000ffffc0000000, X | U, 0x0030ffffc0000bc1},
        {&k64, 0, 0x200000, 0x80200000, A | WC, 0x0070000080200f8f},
        {&k64, 1, 0x400000000, 0x800000000, A | G, 0x0070000800000781},
        {&k64_upper, 0, 0xffffffffffe00000, 0x0000ffffffe00000, W, 0x0078ffffffe00b83},
        {&k64_upper, 1, 0xfffffffc00000000, 0x0000fffc00000000, A, 0x0070fffc00000f81},
        {&k4_lpa2, 0, 0x000fffffffff0000, 0x000fffffffff0000, A, 0x0073ffffffff0f83},
        {&k4_lpa2_upper, 1, 0xfffffffffe000000, 0x0008000002000000, W, 0x0078000002000a81},
        {&k16_lpa2, 0, 0x200000, 0x0007ffffffe00000, A, 0x0073ffffffe00d83},
        {&k16_lpa2_upper, 1, 0xffffffffc0000000, 0x80000000, U | A, 0x0070000080000cc1},
        {&k64_lpa, 0, 0x000fffffffe00000, 0x000fffffffe00000, A, 0x0070ffffffe0ff83},
        {&k64_lpa, 1, 0x400000000, 0x0009000c00000000, W | A, 0x0078000c00009f81},
        {&k64_lpa_upper, 0, 0xffffffffffe00000, 0x0004000000200000, U, 0x0070000000204bc3},
    };
    (void)state;
    GOLDEN_CHECK_RUNS("D8.6.1, Contiguous", &options, rows);
}

/* Protect changes rights alone: what was accessed and dirty, or clean, stays so. */
static void new_rights(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden used[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x0060000080210f83},
        {NULL, 0, 0x10000, 0x80210000, U | W, 0x0068000080210f43},
        {NULL, 0, 0x10000, 0x80210000, X, 0x0040000080210f83},
        {NULL, 0, 0x10000, 0x80210000, G | W, 0x0068000080210703},
    };
    static const Golden clean[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x0060000080210b83},
        {NULL, 0, 0x10000, 0x80210000, U, 0x0060000080210bc3},
        {NULL, 0, 0x10000, 0x80210000, U | W, 0x0068000080210bc3},
    };
    (void)state;
    GOLDEN_SHARED_PROTECTED("D8.4, used leaves", &options, shareable, W | A | D, used);
    GOLDEN_SHARED_PROTECTED("D8.4, clean leaves", &options, shareable, W, clean);
}

static void every_format_has_enough(void **state)
{
    (void)state;
    golden_assert_enough(all, "aarch64_", GOLDEN_FIRST_STAGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights),
        cmocka_unit_test(hardware_updates),
        cmocka_unit_test(memory_types),
        cmocka_unit_test(memory_types_that_the_kernel_chose),
        cmocka_unit_test(blocks),
        cmocka_unit_test(addresses_of_48_bits),
        cmocka_unit_test(addresses_of_lpa2),
        cmocka_unit_test(addresses_of_lpa),
        cmocka_unit_test(contiguous_runs),
        cmocka_unit_test(new_rights),
        cmocka_unit_test(every_format_has_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
