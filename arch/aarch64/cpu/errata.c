/* SPDX-License-Identifier: MIT */

/*
 * Errata of CPUs, as data. REPEAT_TLBI: a DSB may complete before all accesses are done that used an entry which a
 * broadcast TLBI has removed. Another TLBI and DSB make good for it: Arm's Software Developer Errata Notices
 * 1286807 (Cortex-A76 up to r3p0), 2441007 (A55), 2441009 (A510 up to r1p1), and the class of CVE-2025-10263
 * (4118414, 41937xx, 41938xx); Qualcomm 1009 (Falkor v1, Kryo); NVIDIA T410-OLY-1029; Linux,
 * Documentation/arch/arm64/silicon-errata.rst.
 */

#include "arch/aarch64/cpu/cpu.h"

enum { ARM = 0x41, QUALCOMM = 0x51, NVIDIA = 0x4e, MICROSOFT = 0x6d };

/* Variant and revision, as one number: r1p2 is 0x12. */
typedef struct affected {
    uint8_t implementer;
    uint16_t part, part_mask;
    uint8_t first, last;
    unsigned errata;
} Affected;

#define ALL_REVISIONS(implementer, part)                                                                   \
    {                                                                                                      \
        implementer, part, 0xfff, 0x00, 0xff, MEM_VMAP_REPEAT_BROADCAST                                    \
    }
#define REVISIONS(implementer, part, first, last)                                                          \
    {                                                                                                      \
        implementer, part, 0xfff, first, last, MEM_VMAP_REPEAT_BROADCAST                                   \
    }

static const Affected table[] = {
    ALL_REVISIONS(ARM, 0xd05),                                       /* Cortex-A55 */
    REVISIONS(ARM, 0xd46, 0x00, 0x11),                               /* Cortex-A510 */
    ALL_REVISIONS(ARM, 0xd0b),                                       /* Cortex-A76 */
    ALL_REVISIONS(ARM, 0xd0e),                                       /* Cortex-A76AE */
    ALL_REVISIONS(ARM, 0xd0d),                                       /* Cortex-A77 */
    ALL_REVISIONS(ARM, 0xd41),                                       /* Cortex-A78 */
    ALL_REVISIONS(ARM, 0xd42),                                       /* Cortex-A78AE */
    ALL_REVISIONS(ARM, 0xd4b),                                       /* Cortex-A78C */
    ALL_REVISIONS(ARM, 0xd47),                                       /* Cortex-A710 */
    ALL_REVISIONS(ARM, 0xd44),                                       /* Cortex-X1 */
    ALL_REVISIONS(ARM, 0xd4c),                                       /* Cortex-X1C */
    ALL_REVISIONS(ARM, 0xd48),                                       /* Cortex-X2 */
    ALL_REVISIONS(ARM, 0xd4e),                                       /* Cortex-X3 */
    ALL_REVISIONS(ARM, 0xd82),                                       /* Cortex-X4 */
    ALL_REVISIONS(ARM, 0xd85),                                       /* Cortex-X925 */
    ALL_REVISIONS(ARM, 0xd8c),                                       /* C1-Ultra */
    ALL_REVISIONS(ARM, 0xd90),                                       /* C1-Premium */
    ALL_REVISIONS(ARM, 0xd0c),                                       /* Neoverse-N1 */
    ALL_REVISIONS(ARM, 0xd49),                                       /* Neoverse-N2 */
    ALL_REVISIONS(ARM, 0xd40),                                       /* Neoverse-V1 */
    ALL_REVISIONS(ARM, 0xd4f),                                       /* Neoverse-V2 */
    ALL_REVISIONS(ARM, 0xd84),                                       /* Neoverse-V3 */
    ALL_REVISIONS(ARM, 0xd83),                                       /* Neoverse-V3AE */
    ALL_REVISIONS(MICROSOFT, 0xd49),                                 /* Azure Cobalt 100 */
    ALL_REVISIONS(NVIDIA, 0x010),                                    /* Olympus */
    REVISIONS(QUALCOMM, 0x800, 0x00, 0x00),                          /* Falkor v1 */
    REVISIONS(QUALCOMM, 0x804, 0xce, 0xfe),                          /* Kryo 4xx Gold */
    {QUALCOMM, 0x200, 0xf00, 0x00, 0xff, MEM_VMAP_REPEAT_BROADCAST}, /* Kryo */
};

/* MIDR_EL1: 31..24 implementer, 23..20 variant, 15..4 part, 3..0 revision. */
unsigned mem_vmap_aarch64_errata(uint64_t midr)
{
    unsigned revision = (unsigned)(midr >> 20 & 0xf) << 4 | (unsigned)(midr & 0xf), errata = 0;
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
        if ((midr >> 24 & 0xff) == table[i].implementer &&
            (midr >> 4 & table[i].part_mask) == table[i].part && revision >= table[i].first &&
            revision <= table[i].last)
            errata |= table[i].errata;
    return errata;
}
