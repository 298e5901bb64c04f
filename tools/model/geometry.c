/* SPDX-License-Identifier: MIT */
#include "tools/model/model.h"

#include <string.h>

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define TIB ((uint64_t)1 << 40)

#define SIZES(count, ...) .size_count = (count), .sizes = {__VA_ARGS__}

/* Who translates a guest's addresses knows neither users nor address-space identifiers within the guest. */
#define GUEST .lacks = {.user = true, .global = true}

typedef struct Row {
    const char *format;
    ModelGeometry geometry;
} Row;

/* Intel SDM volume 3A, 4.5: 4-level and 5-level paging. Volume 3C, 29.3.2: EPT. */
#define X86_SIZES SIZES(3, 4 * KIB, 2 * MIB, 1 * GIB)
#define X86(bits) .va_bits = (bits), .sign_extended = true, .phys_bits = 52, X86_SIZES
#define EPT(bits) .va_bits = (bits), .phys_bits = 52, GUEST, X86_SIZES

/*
 * Privileged Architecture, "Sv39", "Sv48", "Sv57": 44 bits of page number. "Svpbmt": PMA, NC and IO. "Svnapot": pages
 * of 64 KiB.
 */
#define RISCV(bits, count)                                                                                 \
    .va_bits = (bits), .sign_extended = true, .phys_bits = 56,                                             \
    .missing_types = 1 << TRACE_WRITE_THROUGH | 1 << TRACE_WRITE_COMBINING,                                \
    SIZES((count) + 1, 4 * KIB, 64 * KIB, 2 * MIB, 1 * GIB, 512 * GIB, 256 * TIB)

/* DDI 0487, D8.2 (widths), D8.3 (sizes of blocks): both halves of stage 1; stage 2. */
#define A64(name, bits, sizes)                                                                             \
    {name, {.va_bits = (bits), .phys_bits = (bits), sizes}},                                               \
    {                                                                                                      \
        name "_upper",                                                                                     \
        {                                                                                                  \
            .va_bits = (bits), .upper = true, .phys_bits = (bits), sizes                                   \
        }                                                                                                  \
    }
#define A64_STAGE2(name, bits, phys, sizes)                                                                \
    {                                                                                                      \
        name "_stage2",                                                                                    \
        {                                                                                                  \
            .va_bits = (bits), .phys_bits = (phys), GUEST, sizes                                           \
        }                                                                                                  \
    }

/* Sizes of leaves, and of contiguous runs of them (D8.6.1): of 16 with 4 KiB, 128 and 32 with 16, 32 with 64. */
#define A64_4K       SIZES(5, 4 * KIB, 64 * KIB, 2 * MIB, 32 * MIB, 1 * GIB)
#define A64_4K_LPA2  SIZES(6, 4 * KIB, 64 * KIB, 2 * MIB, 32 * MIB, 1 * GIB, 512 * GIB)
#define A64_16K      SIZES(4, 16 * KIB, 2 * MIB, 32 * MIB, 1 * GIB)
#define A64_16K_LPA2 SIZES(5, 16 * KIB, 2 * MIB, 32 * MIB, 1 * GIB, 64 * GIB)
#define A64_64K      SIZES(4, 64 * KIB, 2 * MIB, 512 * MIB, 16 * GIB)
#define A64_64K_LPA  SIZES(5, 64 * KIB, 2 * MIB, 512 * MIB, 16 * GIB, 4 * TIB)

/* From the manuals, and on purpose from nowhere else. */
static const Row rows[] = {
    {"x86_64_4level", {X86(48)}},
    {"x86_64_5level", {X86(57)}},
    {"ept_4level", {EPT(48)}},
    {"ept_5level", {EPT(57)}},
    {"riscv_sv39", {RISCV(39, 3)}},
    {"riscv_sv48", {RISCV(48, 4)}},
    {"riscv_sv57", {RISCV(57, 5)}},
    A64("aarch64_4k", 48, A64_4K),
    A64_STAGE2("aarch64_4k", 48, 48, A64_4K),
    A64("aarch64_4k_lpa2", 52, A64_4K_LPA2),
    A64_STAGE2("aarch64_4k_lpa2", 52, 52, A64_4K_LPA2),
    A64("aarch64_16k", 48, A64_16K),
    A64_STAGE2("aarch64_16k", 47, 48, A64_16K), /* 48 bits take two root tables side by side */
    A64("aarch64_16k_lpa2", 52, A64_16K_LPA2),
    A64_STAGE2("aarch64_16k_lpa2", 52, 52, A64_16K_LPA2),
    A64("aarch64_64k", 48, A64_64K),
    A64_STAGE2("aarch64_64k", 48, 48, A64_64K),
    A64("aarch64_64k_lpa", 52, A64_64K_LPA),
    A64_STAGE2("aarch64_64k_lpa", 52, 52, A64_64K_LPA),
};

bool model_geometry(const char *format, ModelGeometry *geometry)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].format, format) == 0) {
            *geometry = rows[i].geometry;
            return true;
        }
    }
    return false;
}
