/* SPDX-License-Identifier: MIT */

/*
 * Extended page tables, as the Intel SDM, volume 3C, reads them: section 29.3.2 (translation, formats), 29.3.3.1
 * (misconfigurations), 29.3.5 (accessed and dirty), 29.3.7.2 (memory types). Of a CPU without execute-only
 * translations, mode-based execute control and sub-page permissions.
 */

#include "tools/oracle/walk.h"

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
    walk->end = ORACLE_MAPPED;
    walk->size = 1ull << (12 + 9 * walk->level);
    walk->phys = (walk->entry & BITS_51_12) + (guest & (walk->size - 1));
    walk->accessed = (walk->entry & EPT_A) != 0;
    walk->dirty = (walk->entry & EPT_D) != 0;
    walk->type = memory_type(walk->entry);
}

static OracleWalk ept_walk(const OracleCpu *cpu, uint64_t guest)
{
    OracleWalk walk = {.end = ORACLE_ABSENT, .write = true, .execute_kernel = true};
    uint64_t table = cpu->root;
    if (guest >> cpu->format->address_bits != 0) {
        walk.end = ORACLE_NO_ADDRESS;
        return walk;
    }
    for (walk.level = cpu->format->levels - 1;; walk.level--) {
        walk.entry = oracle_read(cpu, table + 8 * (guest >> (12 + 9 * walk.level) & 511));
        walk.path[walk.level] = walk.entry;
        if (!(walk.entry & (EPT_R | EPT_W | EPT_X)))
            return walk;
        walk.defect = defect_of(cpu, walk.entry, walk.level);
        if (walk.defect) {
            walk.end = ORACLE_REFUSED;
            return walk;
        }
        walk.write &= (walk.entry & EPT_W) != 0;
        walk.execute_kernel &= (walk.entry & EPT_X) != 0;
        if (is_leaf(walk.entry, walk.level)) {
            read_leaf(&walk, guest);
            return walk;
        }
        table = walk.entry & BITS_51_12;
    }
}

const OracleFormat ept_oracle_formats[] = {
    {"ept_4level", ept_walk, 48, 4, 12, 52, ORACLE_STAGE1, ORACLE_LOWER},
    {"ept_5level", ept_walk, 57, 5, 12, 52, ORACLE_STAGE1, ORACLE_LOWER},
    {0},
};
