/* SPDX-License-Identifier: MIT */
#ifndef PROOF_WORDS_MANUAL_H
#define PROOF_WORDS_MANUAL_H

/*
 * Where the manuals say that a leaf or a table has its address, which bits must be zero there, and how wide addresses
 * are: with constants of their own.
 */

#include "goals.h"

INLINE uint64_t bits_between(unsigned from, unsigned to)
{
    return (UINT64_MAX >> (63 - to)) & ~(((uint64_t)1 << from) - 1);
}

/* Whether the format's name has this in it; of constants, so that the compiler knows. */
INLINE bool named(const char *part)
{
    const char *name = FORMAT.name;
    return __builtin_strstr(name, part) != 0;
}

#if defined(PROOF_FAMILY_X86_64)
/* SDM volume 3A, figure 4-11: bits 51..12; in large leaves bit 12 is PAT. */
INLINE uint64_t manual_address(uint64_t entry)
{
    return entry & bits_between(12, 51);
}
INLINE uint64_t manual_zero(bool leaf, unsigned shift)
{
    return leaf && shift > 12 ? bits_between(13, shift - 1) : 0;
}
#define PAT_OF(shift) ((shift) > 12 ? (uint64_t)1 << 12 : 0)
#elif defined(PROOF_FAMILY_EPT)
/* SDM volume 3C, tables 29-1 to 29-6. */
INLINE uint64_t manual_address(uint64_t entry)
{
    return entry & bits_between(12, 51);
}
INLINE uint64_t manual_zero(bool leaf, unsigned shift)
{
    return leaf ? (shift > 12 ? bits_between(12, shift - 1) : 0) : bits_between(3, 7);
}
#elif defined(PROOF_FAMILY_RISCV)
/* Privileged Architecture, "Sv39": PPN in bits 53..10; 60..54 and, in pointers, PBMT, N, D, A and U are zero. */
INLINE uint64_t manual_address(uint64_t entry)
{
    return (entry & bits_between(10, 53)) << 2;
}
INLINE uint64_t manual_zero(bool leaf, unsigned shift)
{
    uint64_t pointer = bits_between(61, 63) | 0xd0;
    return bits_between(54, 60) | (leaf ? (shift > 12 ? bits_between(10, shift - 3) : 0) : pointer);
}
#elif defined(PROOF_FAMILY_AARCH64)
/* DDI 0487, D8.3: bits 47..12; with 64 KiB pages and LPA 15..12 are 51..48; with LPA2 9..8 are 51..50. */
#define PAGE_SHIFT FORMAT.levels[0].shift
#define WIDE       (FORMAT.pa_bits_max == 52)
INLINE uint64_t manual_address(uint64_t entry)
{
    if (WIDE && PAGE_SHIFT == 16)
        return (entry & bits_between(16, 47)) | (entry >> 12 & 15) << 48;
    if (WIDE)
        return (entry & bits_between(12, 49)) | (entry >> 8 & 3) << 50;
    return entry & bits_between(12, 47);
}
INLINE uint64_t manual_zero(bool leaf, unsigned shift)
{
    unsigned low = WIDE && PAGE_SHIFT == 16 ? 16 : 12, size = leaf ? shift : PAGE_SHIFT;
    uint64_t upper = WIDE && PAGE_SHIFT < 16 ? bits_between(50, 50) : bits_between(48, 50);
    /* Bits 50..48 of a table count there, where LPA2 does not need them; the hardware reads none of them. */
    return (leaf ? upper : 0) | (size > low ? bits_between(low, size - 1) : 0);
}
#endif
#ifndef PAT_OF
#define PAT_OF(shift) 0
#endif

/* Large leaves have no address bits below their size, but PAT stands there. */
INLINE uint64_t manual_leaf_address(uint64_t leaf, unsigned shift)
{
    return manual_address(leaf & ~PAT_OF(shift));
}

#endif
