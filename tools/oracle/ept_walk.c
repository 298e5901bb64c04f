/* SPDX-License-Identifier: MIT */

/*
 * Extended page tables, as the Intel SDM, volume 3C, reads them: section 29.3.2 (translation, formats), 29.3.3.1
 * (misconfigurations), 29.3.5 (accessed and dirty), 29.3.7.2 (memory types). Of a CPU without execute-only
 * translations, mode-based execute control and sub-page permissions.
 */

#include "tools/oracle/walkers.h"

#define EPT_R (1ull << 0)
#define EPT_W (1ull << 1)
#define EPT_X (1ull << 2)
#define EPT_7 (1ull << 7) /* a leaf, in PDPTEs and PDEs */
#define EPT_A (1ull << 8)
#define EPT_D (1ull << 9)

#define BITS_51_12 0x000ffffffffff000ull

static unsigned memory_type(uint64_t entry)
{
    return (unsigned)(entry >> 3) & 7;
}

/* Levels 1 (PDE) and 2 (PDPTE) map large pages where bit 7 is set. */
static bool is_leaf(uint64_t entry, unsigned level)
{
    return level == 0 || (level <= 2 && (entry & EPT_7));
}

static const char *leaf_defect(uint64_t entry, unsigned level)
{
    unsigned type = memory_type(entry);
    if (type == 2 || type == 3 || type == 7)
        return "a reserved memory type";
    return entry & BITS_51_12 & ((1ull << (12 + 9 * level)) - 1) ? "address bits below a large page" : NULL;
}

/* What makes a present entry a misconfiguration. */
static const char *defect_of(const OracleCpu *cpu, uint64_t entry, unsigned level)
{
    if (!(entry & EPT_R))
        return entry & EPT_W ? "W without R" : "X without R, and the CPU has no execute-only";
    if (entry & BITS_51_12 & ~((1ull << cpu->phys_bits) - 1))
        return "address bits beyond the physical-address width";
    if (is_leaf(entry, level))
        return leaf_defect(entry, level);
    return entry & 0xf8 ? "bits 7..3 of an entry that references a table" : NULL;
}

static void read_leaf(OracleWalk *walk, uint64_t guest)
{
    uint64_t all = walk->above_all & walk->entry;
    walk->end = ORACLE_MAPPED;
    walk->size = 1ull << (12 + 9 * walk->level);
    walk->phys = (walk->entry & BITS_51_12) + (guest & (walk->size - 1));
    walk->write = (all & EPT_W) != 0;
    walk->execute_kernel = (all & EPT_X) != 0;
    walk->accessed = (walk->entry & EPT_A) != 0;
    walk->dirty = (walk->entry & EPT_D) != 0;
    walk->type = memory_type(walk->entry);
}

static void read_entry(const OracleCpu *cpu, OracleWalk *walk, uint64_t guest)
{
    walk->end = ORACLE_ABSENT;
    if (!(walk->entry & (EPT_R | EPT_W | EPT_X)))
        return;
    walk->defect = defect_of(cpu, walk->entry, walk->level);
    if (is_leaf(walk->entry, walk->level))
        read_leaf(walk, guest);
    else
        walk->end = ORACLE_LINK;
    walk->next = walk->entry & BITS_51_12;
}

static const char *narrow_link(uint64_t entry)
{
    const uint64_t permissive = EPT_R | EPT_W | EPT_X | EPT_A;
    return (entry & permissive) != permissive
               ? "an entry that references a table takes away a right, or is not marked accessed"
               : NULL;
}

#define ROW(name, bits, levels)                                                                            \
    {                                                                                                      \
        name, read_entry, bits, levels, 12, 52, ORACLE_CLEAR, ORACLE_NO_USERS, ORACLE_STAGE2, narrow_link  \
    }

const OracleWalker ept_oracle_walkers[] = {
    ROW("ept_4level", 48, 4),
    ROW("ept_5level", 57, 5),
    {0},
};
