/* SPDX-License-Identifier: MIT */
/*
 * AArch64 descriptors of stage 2 bit by bit, worked out by hand from the Arm Architecture Reference Manual, DDI 0487:
 * D8.3 (descriptor formats), D8.4 (S2AP, XN, access flag, dirty state), D8.5.5 (MemAttr with HCR_EL2.FWB clear),
 * D8.6.1 (the Contiguous bit).
 *
 * Valid 1, page or table 2, MemAttr in 5..2, read 40, write 80, inner shareable 300, AF 400 (hexadecimal); there is
 * no nG. DBM bit 51, Contiguous 52, XN[1] 54: XN[1:0] 0b10 forbids execution at EL1 and EL0 alike.
 *
 * The page at physical 0x80210000 has the same descriptor with every size of pages, also with LPA, whose topmost
 * address bits are 0 then. With LPA2 shareability stands elsewhere: those rows are apart.
 */
#include "tests/unit/golden_aarch64.h"

/* Starting at level 0 takes DS, and so 52 bits, with 16 KiB pages (VTCR_EL2.SL0): one table of level 1 has 47. */
#define SHAPE_16K_47 .levels = 3, .shift = {14, 25, 36}, .index_bits = {11, 11, 11}, RUNS_16K, RESERVED_16K

static GoldenFormat k4 = {.name = "aarch64_4k_stage2", SHAPE_4K_48, OA_48};
static GoldenFormat k4_lpa2 = {.name = "aarch64_4k_lpa2_stage2", SHAPE_4K_52, OA_LPA2};
static GoldenFormat k16 = {.name = "aarch64_16k_stage2", SHAPE_16K_47, OA_48};
static GoldenFormat k16_lpa2 = {.name = "aarch64_16k_lpa2_stage2", SHAPE_16K_52, OA_LPA2};
static GoldenFormat k64 = {.name = "aarch64_64k_stage2", SHAPE_64K_48, OA_48};
static GoldenFormat k64_lpa = {.name = "aarch64_64k_lpa_stage2", SHAPE_64K_52, OA_LPA};

static GoldenFormat *const shareable[] = {&k4, &k16, &k64, &k64_lpa, NULL};
static GoldenFormat *const lpa2[] = {&k4_lpa2, &k16_lpa2, NULL};
static GoldenFormat *const all[] = {&k4, &k16, &k64, &k64_lpa, &k4_lpa2, &k16_lpa2, NULL};

static void rights(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x004000008021077f},
        {NULL, 0, 0x10000, 0x80210000, W, 0x00480000802107ff},
        {NULL, 0, 0x10000, 0x80210000, X, 0x000000008021077f},
        {NULL, 0, 0x10000, 0x80210000, W | X, 0x00080000802107ff},
        {NULL, 0, 0x10000, 0x80210000, NR, 0x004000008021077f},
    };
    static const Golden rows_lpa2[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x004000008021047f},
        {NULL, 0, 0x10000, 0x80210000, W, 0x00480000802104ff},
        {NULL, 0, 0x10000, 0x80210000, X, 0x000000008021047f},
        {NULL, 0, 0x10000, 0x80210000, W | X, 0x00080000802104ff},
    };
    (void)state;
    GOLDEN_SHARED("D8.4, S2AP and XN", &options, shareable, rows);
    GOLDEN_SHARED("D8.4, S2AP and XN, LPA2", &options, lpa2, rows_lpa2);
}

/* A clean leaf has DBM and not S2AP[1]; what may not be written has its dirty state in a bit of software. */
static void hardware_updates(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden rows[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x004000008021037f},
        {NULL, 0, 0x10000, 0x80210000, A, 0x004000008021077f},
        {NULL, 0, 0x10000, 0x80210000, D, 0x004000008021037f},
        {NULL, 0, 0x10000, 0x80210000, X | A, 0x000000008021077f},
        {NULL, 0, 0x10000, 0x80210000, W, 0x004800008021037f},
        {NULL, 0, 0x10000, 0x80210000, W | A, 0x004800008021077f},
        {NULL, 0, 0x10000, 0x80210000, W | D, 0x00480000802103ff},
        {NULL, 0, 0x10000, 0x80210000, W | A | D, 0x00480000802107ff},
    };
    static const Golden rows_lpa2[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x004000008021007f},
        {NULL, 0, 0x10000, 0x80210000, D, 0x004000008021007f},
        {NULL, 0, 0x10000, 0x80210000, X | A, 0x000000008021047f},
        {NULL, 0, 0x10000, 0x80210000, W, 0x004800008021007f},
        {NULL, 0, 0x10000, 0x80210000, W | A, 0x004800008021047f},
        {NULL, 0, 0x10000, 0x80210000, W | A | D, 0x00480000802104ff},
    };
    (void)state;
    GOLDEN_SHARED("D8.4, dirty state", &options, shareable, rows);
    GOLDEN_SHARED("D8.4, dirty state, LPA2", &options, lpa2, rows_lpa2);
}

/* MemAttr: 0b1111 write-back, 0b1010 write-through, 0b0101 Non-cacheable, 0b0000 nGnRnE, 0b0001 nGnRE. */
static void memory_types(void **state)
{
    static const Golden rows[] = {
        {NULL, 0, 0x10000, 0x80210000, WT, 0x004000008021076b},
        {NULL, 0, 0x10000, 0x80210000, UC, 0x0040000080210743},
        {NULL, 0, 0x10000, 0x80210000, WC, 0x0040000080210757},
        {NULL, 0, 0x10000, 0x09000000, DEV | W, 0x00480000090007c7},
    };
    static const Golden rows_lpa2[] = {
        {NULL, 0, 0x10000, 0x80210000, WT, 0x004000008021046b},
        {NULL, 0, 0x10000, 0x80210000, UC, 0x0040000080210443},
        {NULL, 0, 0x10000, 0x80210000, WC, 0x0040000080210457},
        {NULL, 0, 0x10000, 0x09000000, DEV | W, 0x00480000090004c7},
    };
    (void)state;
    GOLDEN_SHARED("D8.5.5, MemAttr", NULL, shareable, rows);
    GOLDEN_SHARED("D8.5.5, MemAttr, LPA2", NULL, lpa2, rows_lpa2);
}

/* 0b0010 nGRE, 0b0011 GRE, 0b0110 write-through inside only, 0b1011 write-through outside only. */
static void memory_types_that_the_hypervisor_chose(void **state)
{
    static const uint8_t types[MEM_VMAP_TYPES] = {11, 6, 5, 3, 2};
    static const MemVmapOptions options = {.type_index = types};
    static const Golden rows[] = {
        {NULL, 0, 0x10000, 0x80210000, MEM_VMAP_WRITE_BACK, 0x004000008021076f},
        {NULL, 0, 0x10000, 0x80210000, WT, 0x004000008021075b},
        {NULL, 0, 0x10000, 0x80210000, UC, 0x0040000080210757},
        {NULL, 0, 0x10000, 0x80210000, WC, 0x004000008021074f},
        {NULL, 0, 0x10000, 0x09000000, DEV | W, 0x00480000090007cb},
    };
    static const Golden rows_lpa2[] = {
        {NULL, 0, 0x10000, 0x80210000, MEM_VMAP_WRITE_BACK, 0x004000008021046f},
        {NULL, 0, 0x10000, 0x80210000, WT, 0x004000008021045b},
        {NULL, 0, 0x10000, 0x09000000, DEV | W, 0x00480000090004cb},
    };
    (void)state;
    GOLDEN_SHARED("D8.5.5, MemAttr", &options, shareable, rows);
    GOLDEN_SHARED("D8.5.5, MemAttr, LPA2", &options, lpa2, rows_lpa2);
}

static void blocks(void **state)
{
    static const MemVmapOptions options = {.allow_write_exec = true};
    static const Golden rows[] = {
        {&k4, 1, 0x200000, 0x80200000, W, 0x00480000802007fd},
        {&k4, 2, 0x40000000, 0x80000000, W | X, 0x00080000800007fd},
        {&k16, 1, 0x7ffffe000000, 0x82000000, X, 0x000000008200077d},
        {&k64, 1, 0x20000000, 0xa0000000, W, 0x00480000a00007fd},
        {&k64, 1, 0x20000000, 0xa0000000, WC, 0x00400000a0000755},
        {&k64_lpa, 1, 0x20000000, 0xa0000000, DEV, 0x00400000a0000745},
    };
    (void)state;
    GOLDEN_CHECK("D8.3, blocks", &options, rows);
}

/* As of stage 1: OA[51:50] in bits 9..8 with LPA2, OA[51:48] in 15..12 with LPA. */
static void addresses(void **state)
{
    static const Golden rows[] = {
        {&k4, 0, 0x0000fffffffff000, 0x0000fffffffff000, 0, 0x0040fffffffff77f},
        {&k16, 0, 0x00007fffffffc000, 0x0000ffffffffc000, 0, 0x0040ffffffffc77f},
        {&k64, 0, 0x0000ffffffff0000, 0x0000ffffffff0000, 0, 0x0040ffffffff077f},
        {&k4_lpa2, 0, 0x000ffffffffff000, 0x000ffffffffff000, 0, 0x0043fffffffff77f},
        {&k4_lpa2, 0, 0x1000, 0x0000000080200000, W, 0x00480000802004ff},
        {&k4_lpa2, 3, 0x8000000000, 0x0008008000000000, 0, 0x004000800000067d},
        {&k16_lpa2, 0, 0x4000, 0x0004000000004000, 0, 0x004000000000457f},
        {&k16_lpa2, 2, 0x000ffff000000000, 0x0003fff000000000, X, 0x0003fff00000047d},
        {&k64_lpa, 0, 0x000fffffffff0000, 0x0009000000010000, 0, 0x004000000001977f},
        {&k64_lpa, 2, 0x40000000000, 0x000fc00000000000, 0, 0x0040c0000000f77d},
    };
    (void)state;
    GOLDEN_CHECK("D8.3, stage 2", NULL, rows);
}

/* Contiguous in every entry of a run, each with its own address; as many as in stage 1. */
static void contiguous_runs(void **state)
{
    static const Golden rows[] = {
        {&k4, 0, 0x10000, 0x80210000, 0, 0x005000008021077f},
        {&k4, 1, 0x0000fffffe000000, 0x0000fffffe000000, W, 0x0058fffffe0007fd},
        {&k16, 0, 0x200000, 0x80200000, X, 0x001000008020077f},
        {&k16, 1, 0x40000000, 0x80000000, DEV, 0x0050000080000745},
        {&k64, 0, 0x200000, 0x80200000, W, 0x00580000802007ff},
        {&k64, 1, 0x400000000, 0x800000000, 0, 0x005000080000077d},
        {&k4_lpa2, 0, 0x10000, 0x000fffffffff0000, 0, 0x0053ffffffff077f},
        {&k16_lpa2, 1, 0x40000000, 0x0008000040000000, W, 0x00580000400006fd},
        {&k64_lpa, 0, 0x200000, 0x000fffffffe00000, 0, 0x0050ffffffe0f77f},
    };
    (void)state;
    GOLDEN_CHECK_RUNS("D8.6.1, Contiguous", NULL, rows);
}

/* Protect changes rights alone: what was accessed and dirty, or clean, stays so. */
static void new_rights(void **state)
{
    static const MemVmapOptions options = {.hardware_updates = true};
    static const Golden used[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x004000008021077f},
        {NULL, 0, 0x10000, 0x80210000, W, 0x00480000802107ff},
        {NULL, 0, 0x10000, 0x80210000, X, 0x000000008021077f},
    };
    static const Golden clean[] = {
        {NULL, 0, 0x10000, 0x80210000, 0, 0x004000008021037f},
        {NULL, 0, 0x10000, 0x80210000, W, 0x004800008021037f},
        {NULL, 0, 0x10000, 0x80210000, X, 0x000000008021037f},
    };
    (void)state;
    GOLDEN_SHARED_PROTECTED("D8.4, used leaves", &options, shareable, W | A | D, used);
    GOLDEN_SHARED_PROTECTED("D8.4, clean leaves", &options, shareable, W, clean);
}

static void every_format_has_enough(void **state)
{
    (void)state;
    golden_assert_enough(all, "aarch64_", GOLDEN_SECOND_STAGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights),
        cmocka_unit_test(hardware_updates),
        cmocka_unit_test(memory_types),
        cmocka_unit_test(memory_types_that_the_hypervisor_chose),
        cmocka_unit_test(blocks),
        cmocka_unit_test(addresses),
        cmocka_unit_test(contiguous_runs),
        cmocka_unit_test(new_rights),
        cmocka_unit_test(every_format_has_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
