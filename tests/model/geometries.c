/* SPDX-License-Identifier: MIT */
#include "tests/model/geometries.h"

#define K ((uint64_t)1 << 10)
#define M ((uint64_t)1 << 20)
#define G ((uint64_t)1 << 30)

/* A window that begins `back` before 1 << bit: with half of its size it goes across. */
#define BEFORE(bit, back) (((uint64_t)1 << (bit)) - (back))
#define FROM(bit)         (~(uint64_t)0 << (bit))
#define TOP(back)         ((uint64_t)0 - (back))

/* Pages of 4 KiB and leaves of 2 MiB in windows of 8 MiB; with contiguous runs of 64 KiB; */
#define PAGES_4K .window_pages = 2048, .leaf_count = 2, .leaf_pages = {1, 512}, .leaf_entries = {1, 1}
#define RUNS_4K                                                                                            \
    .window_pages = 2048, .leaf_count = 3, .leaf_pages = {1, 16, 512}, .leaf_entries = {1, 16, 1}
/* of 16 KiB, 2 MiB and 32 MiB in windows of 64 MiB; of 64 KiB, 2 MiB and 512 MiB in windows of 1 GiB; */
#define RUNS_16K                                                                                           \
    .window_pages = 4096, .leaf_count = 3, .leaf_pages = {4, 512, 8192}, .leaf_entries = {1, 128, 1}
#define RUNS_64K                                                                                           \
    .window_pages = 16384, .leaf_count = 3, .leaf_pages = {16, 512, 131072}, .leaf_entries = {1, 32, 1}
/* and windows in which runs of the second level have room: 32 MiB, 1 GiB, 16 GiB. */
#define LARGE_RUNS_4K                                                                                      \
    .window_pages = 16384, .leaf_count = 4, .leaf_pages = {1, 16, 512, 8192}, .leaf_entries = {1, 16, 1, 16}
#define LARGE_RUNS_16K                                                                                     \
    .window_pages = 131072, .leaf_count = 4, .leaf_pages = {4, 512, 8192, 262144},                         \
    .leaf_entries = {1, 128, 1, 32}
#define LARGE_RUNS_64K                                                                                     \
    .window_pages = 524288, .leaf_count = 4, .leaf_pages = {16, 512, 131072, 4194304},                     \
    .leaf_entries = {1, 32, 1, 32}

#define WINDOWS(count, ...) .window_count = (count), .window_virt = {__VA_ARGS__}

/* Leaves of three sizes, of one entry each. */
#define TINY(pages, ...)                                                                                   \
    .window_pages = (pages), .leaf_pages = {__VA_ARGS__}, .leaf_entries = {1, 1, 1}, .phys_bits = 24

/* Memory types: where two share an index, a bit of software tells them apart. */
#define X86 .type_index = {0, 7, 3, 4, 3}, .kernel_executes_user = true

#define RISCV .type_index = {0, MEM_VMAP_TYPE_NONE, 1, MEM_VMAP_TYPE_NONE, 2}, .updates_are_optional = true
#define EPT                                                                                                \
    .type_index = {6, 4, 0, 1, 0}, .lacks = MEM_VMAP_USER | MEM_VMAP_GLOBAL, .updates_are_optional = true
#define STAGE1 .type_index = {1, 7, 3, 4, 3}, .updates_are_optional = true, .break_levels = 2
#define STAGE2                                                                                             \
    .type_index = {15, 10, 0, 5, 1}, .lacks = MEM_VMAP_USER | MEM_VMAP_GLOBAL,                             \
    .updates_are_optional = true, .break_levels = 2

/* RISC-V: with both edges of the hole, and again with Svnapot. */
#define SV_GEOMETRY(format, pages, bits, near)                                                             \
    .geometry = {format, WINDOWS(5, 0, BEFORE(near, 4 * M), BEFORE(bits, 8 * M), FROM(bits), TOP(8 * M)),  \
                 pages, .phys_bits = 56}
#define SV(format, bits, near)                                                                             \
    {SV_GEOMETRY(format, PAGES_4K, bits, near), RISCV},                                                    \
    {                                                                                                      \
        .name = format "_svnapot", SV_GEOMETRY(format, RUNS_4K, bits, near), RISCV, .names_sizes = true    \
    }

/* A format of AArch64: its two halves, and its second stage. */
#define LOWER(format, pages, bits, at, size)                                                               \
    {                                                                                                      \
        .geometry = {format, WINDOWS(3, 0, at, BEFORE(bits, size)), pages, .phys_bits = (bits)}, STAGE1    \
    }
#define UPPER(format, pages, bits, at, size)                                                               \
    {                                                                                                      \
        .geometry = {format, WINDOWS(3, FROM(bits), FROM(bits) + (at), TOP(size)), pages,                  \
                     .phys_bits = (bits)},                                                                 \
        STAGE1                                                                                             \
    }
#define STAGE_2(format, pages, bits, phys, at, size)                                                       \
    {                                                                                                      \
        .geometry = {format, WINDOWS(3, 0, at, BEFORE(bits, size)), pages, .phys_bits = (phys)}, STAGE2    \
    }
#define LARGE(format, pages, bits, at, ...)                                                                \
    {                                                                                                      \
        .name = format "_runs", .geometry = {format, WINDOWS(1, at), pages, .phys_bits = (bits)},          \
        __VA_ARGS__                                                                                        \
    }

static const ModelFormat formats[] = {
    {.geometry = {"tiny", WINDOWS(2, 0, TOP(128 * K)), .leaf_count = 3, TINY(32, 1, 4, 16)}, X86},
    {.geometry = {"tiny_mod2", WINDOWS(1, 0), .leaf_count = 2, TINY(64, 1, 8)}, X86},
    {.geometry = {"tiny_deep", WINDOWS(2, 0, TOP(128 * K)), .leaf_count = 3, TINY(32, 1, 4, 8)}, X86},
    /* Page 0; across 1 GiB; both edges of the hole; the top of the address space. */
    {.geometry = {"x86_64_4level",
                  WINDOWS(5, 0, BEFORE(30, 4 * M), BEFORE(47, 8 * M), FROM(47), TOP(8 * M)), PAGES_4K,
                  .phys_bits = 52},
     X86},
    {.geometry = {"x86_64_5level",
                  WINDOWS(5, 0, BEFORE(47, 4 * M), BEFORE(56, 8 * M), FROM(56), TOP(8 * M)), PAGES_4K,
                  .phys_bits = 52},
     X86},
    SV("riscv_sv39", 38, 30),
    SV("riscv_sv48", 47, 39),
    SV("riscv_sv57", 56, 48),
    /* No sign extension: what would be a hole is in the middle of the space. */
    {.geometry = {"ept_4level", WINDOWS(4, 0, BEFORE(30, 4 * M), BEFORE(47, 4 * M), BEFORE(48, 8 * M)),
                  PAGES_4K, .phys_bits = 52},
     EPT},
    {.geometry = {"ept_5level", WINDOWS(4, 0, BEFORE(48, 4 * M), BEFORE(56, 4 * M), BEFORE(57, 8 * M)),
                  PAGES_4K, .phys_bits = 52},
     EPT},
    LOWER("aarch64_4k", RUNS_4K, 48, BEFORE(39, 4 * M), 8 * M),
    UPPER("aarch64_4k_upper", RUNS_4K, 48, BEFORE(30, 4 * M), 8 * M),
    STAGE_2("aarch64_4k_stage2", RUNS_4K, 48, 48, BEFORE(39, 4 * M), 8 * M),
    LOWER("aarch64_4k_lpa2", RUNS_4K, 52, BEFORE(48, 4 * M), 8 * M),
    UPPER("aarch64_4k_lpa2_upper", RUNS_4K, 52, BEFORE(48, 4 * M), 8 * M),
    STAGE_2("aarch64_4k_lpa2_stage2", RUNS_4K, 52, 52, BEFORE(48, 4 * M), 8 * M),
    LOWER("aarch64_16k", RUNS_16K, 48, BEFORE(47, 32 * M), 64 * M),
    UPPER("aarch64_16k_upper", RUNS_16K, 48, BEFORE(36, 32 * M), 64 * M),
    STAGE_2("aarch64_16k_stage2", RUNS_16K, 47, 48, BEFORE(36, 32 * M), 64 * M),
    LOWER("aarch64_16k_lpa2", RUNS_16K, 52, BEFORE(47, 32 * M), 64 * M),
    UPPER("aarch64_16k_lpa2_upper", RUNS_16K, 52, BEFORE(47, 32 * M), 64 * M),
    STAGE_2("aarch64_16k_lpa2_stage2", RUNS_16K, 52, 52, BEFORE(36, 32 * M), 64 * M),
    LOWER("aarch64_64k", RUNS_64K, 48, BEFORE(42, 512 * M), G),
    UPPER("aarch64_64k_upper", RUNS_64K, 48, BEFORE(42, 512 * M), G),
    STAGE_2("aarch64_64k_stage2", RUNS_64K, 48, 48, BEFORE(42, 512 * M), G),
    LOWER("aarch64_64k_lpa", RUNS_64K, 52, BEFORE(42, 512 * M), G),
    UPPER("aarch64_64k_lpa_upper", RUNS_64K, 52, BEFORE(42, 512 * M), G),
    STAGE_2("aarch64_64k_lpa_stage2", RUNS_64K, 52, 52, BEFORE(48, 512 * M), G),
    LARGE("aarch64_4k", LARGE_RUNS_4K, 48, BEFORE(48, 64 * M), STAGE1),
    LARGE("aarch64_4k_stage2", LARGE_RUNS_4K, 48, 0, STAGE2),
    LARGE("aarch64_4k_lpa2_upper", LARGE_RUNS_4K, 52, TOP(64 * M), STAGE1),
    LARGE("aarch64_16k", LARGE_RUNS_16K, 48, 0, STAGE1),
    LARGE("aarch64_64k_lpa", LARGE_RUNS_64K, 52, 0, STAGE1),
};

const ModelFormat *model_format_at(unsigned index)
{
    return index < sizeof formats / sizeof *formats ? &formats[index] : NULL;
}

const char *model_format_name(const ModelFormat *format)
{
    return format->name != NULL ? format->name : format->geometry.format;
}
