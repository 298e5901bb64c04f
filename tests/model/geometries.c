/* SPDX-License-Identifier: MIT */
#include "tests/model/geometries.h"

#define K ((uint64_t)1 << 10)
#define M ((uint64_t)1 << 20)
#define G ((uint64_t)1 << 30)

/* A window that begins `back` before 1 << bit: with half of its size it goes across. */
#define BEFORE(bit, back) (((uint64_t)1 << (bit)) - (back))
#define FROM(bit)         (~(uint64_t)0 << (bit))
#define TOP(back)         ((uint64_t)0 - (back))

/* Pages of 4 KiB and leaves of 2 MiB in windows of 8 MiB, 16 KiB and 32 MiB in 64 MiB, 64 KiB and 512 MiB in 1 GiB. */
#define PAGES_4K  .window_pages = 2048, .leaf_count = 2, .leaf_pages = {1, 512}
#define PAGES_16K .window_pages = 4096, .leaf_count = 2, .leaf_pages = {4, 8192}
#define PAGES_64K .window_pages = 16384, .leaf_count = 2, .leaf_pages = {16, 131072}

#define WINDOWS(count, ...) .window_count = (count), .window_virt = {__VA_ARGS__}

/* Memory types: where two share an index, a bit of software tells them apart. */
#define X86 .type_index = {0, 7, 3, 4, 3}, .kernel_executes_user = true

#define RISCV .type_index = {0, MEM_VMAP_TYPE_NONE, 1, MEM_VMAP_TYPE_NONE, 2}, .updates_are_optional = true
#define EPT                                                                                                \
    .type_index = {6, 4, 0, 1, 0}, .lacks = MEM_VMAP_USER | MEM_VMAP_GLOBAL, .updates_are_optional = true
#define STAGE1 .type_index = {1, 7, 3, 4, 3}, .updates_are_optional = true
#define STAGE2                                                                                             \
    .type_index = {15, 10, 0, 5, 1}, .lacks = MEM_VMAP_USER | MEM_VMAP_GLOBAL, .updates_are_optional = true

/* A format of AArch64: its two halves, and its second stage. */
#define LOWER(name, pages, bits, at, size)                                                                 \
    {                                                                                                      \
        {name, WINDOWS(3, 0, at, BEFORE(bits, size)), pages, .phys_bits = (bits)}, STAGE1                  \
    }
#define UPPER(name, pages, bits, at, size)                                                                 \
    {                                                                                                      \
        {name, WINDOWS(3, FROM(bits), FROM(bits) + (at), TOP(size)), pages, .phys_bits = (bits)}, STAGE1   \
    }
#define STAGE_2(name, pages, bits, phys, at, size)                                                         \
    {                                                                                                      \
        {name, WINDOWS(3, 0, at, BEFORE(bits, size)), pages, .phys_bits = (phys)}, STAGE2                  \
    }

static const ModelFormat formats[] = {
    {{"tiny", WINDOWS(2, 0, TOP(128 * K)), .window_pages = 32, .leaf_count = 3, .leaf_pages = {1, 4, 16},
      .phys_bits = 24},
     X86},
    {{"tiny_mod2", WINDOWS(1, 0), .window_pages = 64, .leaf_count = 2, .leaf_pages = {1, 8},
      .phys_bits = 24},
     X86},
    {{"tiny_deep", WINDOWS(2, 0, TOP(128 * K)), .window_pages = 32, .leaf_count = 3,
      .leaf_pages = {1, 4, 8}, .phys_bits = 24},
     X86},
    /* Page 0; across 1 GiB; both edges of the hole; the top of the address space. */
    {{"x86_64_4level", WINDOWS(5, 0, BEFORE(30, 4 * M), BEFORE(47, 8 * M), FROM(47), TOP(8 * M)), PAGES_4K,
      .phys_bits = 52},
     X86},
    {{"x86_64_5level", WINDOWS(5, 0, BEFORE(47, 4 * M), BEFORE(56, 8 * M), FROM(56), TOP(8 * M)), PAGES_4K,
      .phys_bits = 52},
     X86},
    {{"riscv_sv39", WINDOWS(5, 0, BEFORE(30, 4 * M), BEFORE(38, 8 * M), FROM(38), TOP(8 * M)), PAGES_4K,
      .phys_bits = 56},
     RISCV},
    {{"riscv_sv48", WINDOWS(5, 0, BEFORE(39, 4 * M), BEFORE(47, 8 * M), FROM(47), TOP(8 * M)), PAGES_4K,
      .phys_bits = 56},
     RISCV},
    {{"riscv_sv57", WINDOWS(5, 0, BEFORE(48, 4 * M), BEFORE(56, 8 * M), FROM(56), TOP(8 * M)), PAGES_4K,
      .phys_bits = 56},
     RISCV},
    /* No sign extension: what would be a hole is in the middle of the space. */
    {{"ept_4level", WINDOWS(4, 0, BEFORE(30, 4 * M), BEFORE(47, 4 * M), BEFORE(48, 8 * M)), PAGES_4K,
      .phys_bits = 52},
     EPT},
    {{"ept_5level", WINDOWS(4, 0, BEFORE(48, 4 * M), BEFORE(56, 4 * M), BEFORE(57, 8 * M)), PAGES_4K,
      .phys_bits = 52},
     EPT},
    LOWER("aarch64_4k", PAGES_4K, 48, BEFORE(39, 4 * M), 8 * M),
    UPPER("aarch64_4k_upper", PAGES_4K, 48, BEFORE(30, 4 * M), 8 * M),
    STAGE_2("aarch64_4k_stage2", PAGES_4K, 48, 48, BEFORE(39, 4 * M), 8 * M),
    LOWER("aarch64_4k_lpa2", PAGES_4K, 52, BEFORE(48, 4 * M), 8 * M),
    UPPER("aarch64_4k_lpa2_upper", PAGES_4K, 52, BEFORE(48, 4 * M), 8 * M),
    STAGE_2("aarch64_4k_lpa2_stage2", PAGES_4K, 52, 52, BEFORE(48, 4 * M), 8 * M),
    LOWER("aarch64_16k", PAGES_16K, 48, BEFORE(47, 32 * M), 64 * M),
    UPPER("aarch64_16k_upper", PAGES_16K, 48, BEFORE(36, 32 * M), 64 * M),
    STAGE_2("aarch64_16k_stage2", PAGES_16K, 47, 48, BEFORE(36, 32 * M), 64 * M),
    LOWER("aarch64_16k_lpa2", PAGES_16K, 52, BEFORE(47, 32 * M), 64 * M),
    UPPER("aarch64_16k_lpa2_upper", PAGES_16K, 52, BEFORE(47, 32 * M), 64 * M),
    STAGE_2("aarch64_16k_lpa2_stage2", PAGES_16K, 52, 52, BEFORE(36, 32 * M), 64 * M),
    LOWER("aarch64_64k", PAGES_64K, 48, BEFORE(42, 512 * M), G),
    UPPER("aarch64_64k_upper", PAGES_64K, 48, BEFORE(42, 512 * M), G),
    STAGE_2("aarch64_64k_stage2", PAGES_64K, 48, 48, BEFORE(42, 512 * M), G),
    LOWER("aarch64_64k_lpa", PAGES_64K, 52, BEFORE(42, 512 * M), G),
    UPPER("aarch64_64k_lpa_upper", PAGES_64K, 52, BEFORE(42, 512 * M), G),
    STAGE_2("aarch64_64k_lpa_stage2", PAGES_64K, 52, 52, BEFORE(48, 512 * M), G),
};

const ModelFormat *model_format_at(unsigned index)
{
    return index < sizeof formats / sizeof *formats ? &formats[index] : NULL;
}
