/* SPDX-License-Identifier: MIT */

/*
 * AArch64 tables (VMSAv8-64), as the Arm Architecture Reference Manual, DDI 0487, reads them: D8.2 (which levels a
 * translation has), D8.3 (descriptor formats), D8.4 (permissions, access flag, dirty state), D8.5 (memory types), D8.6 (the Contiguous bit). Of
 * the EL1&0 regime, hierarchical permissions on, without guarded pages, FEAT_XS, memory encryption and indirect
 * permissions; stage 2 with FEAT_XNX.
 */

#include "tools/oracle/walkers.h"

#define DESC_VALID (1ull << 0)
#define DESC_TABLE (1ull << 1) /* or page, at the last level */
#define DESC_AP1   (1ull << 6) /* stage 1: EL0 may; stage 2: S2AP[0], read */
#define DESC_AP2   (1ull << 7) /* stage 1: read-only; stage 2: S2AP[1], write */
#define DESC_AF    (1ull << 10)
#define DESC_NG    (1ull << 11)
#define DESC_DBM   (1ull << 51)
#define DESC_CONT  (1ull << 52)
#define DESC_PXN   (1ull << 53) /* stage 2: XN[0] */
#define DESC_UXN   (1ull << 54) /* stage 2: XN[1] */

#define TABLE_PXN (1ull << 59)
#define TABLE_UXN (1ull << 60)
#define TABLE_AP0 (1ull << 61) /* not for EL0 */
#define TABLE_AP1 (1ull << 62) /* read-only */

static uint64_t bits(unsigned from, unsigned to)
{
    return (UINT64_MAX >> (63 - to)) & ~((1ull << from) - 1);
}

static bool has_lpa(const OracleWalker *walker)
{
    return walker->output_bits == 52 && walker->page_shift == 16;
}

static bool has_lpa2(const OracleWalker *walker)
{
    return walker->output_bits == 52 && walker->page_shift < 16;
}

/* D8.3, "Block descriptor": which levels have blocks; the topmost of them take a 52-bit output address. */
static bool has_blocks(const OracleWalker *walker, unsigned level)
{
    unsigned plain = walker->page_shift == 12 ? 2 : 1;
    return level >= 1 && level <= plain + (walker->output_bits == 52);
}

/* The address in a descriptor, from 1 << shift up. */
static uint64_t output_address(const OracleWalker *walker, uint64_t entry, unsigned shift)
{
    if (has_lpa2(walker))
        return (entry & bits(shift, 49)) | (entry >> 8 & 3) << 50;
    uint64_t low = entry & bits(shift, 47);
    return has_lpa(walker) ? low | (entry >> 12 & 15) << 48 : low;
}

/* RES0 in every valid descriptor: between the page size and 51..48, but for the address. */
static uint64_t res0(const OracleWalker *walker, unsigned shift)
{
    uint64_t upper = has_lpa2(walker) ? bits(50, 50) : bits(48, 50);
    return upper | bits(has_lpa(walker) ? 16 : 12, shift - 1);
}

static const char *table_defect(const OracleWalker *walker, uint64_t entry)
{
    if (entry & res0(walker, walker->page_shift))
        return "RES0 bits of a table descriptor";
    return walker->stage == ORACLE_STAGE2 && (entry & bits(59, 63)) ? "bits 63..59 are RES0 in stage 2"
                                                                    : NULL;
}

static const char *stage2_defect(uint64_t entry)
{
    unsigned attr = (unsigned)(entry >> 2) & 15;
    if ((attr & 12) != 0 && (attr & 3) == 0)
        return "a reserved MemAttr";
    return entry & DESC_NG ? "bit 11 is RES0 in stage 2" : NULL;
}

static const char *leaf_defect(const OracleWalker *walker, uint64_t entry, unsigned level)
{
    bool last = level == 0;
    if (last != ((entry & DESC_TABLE) != 0))
        return "a reserved descriptor type";
    if (!last && !has_blocks(walker, level))
        return "a block where the level has none";
    if (entry & res0(walker, oracle_shift(walker, level)))
        return "RES0 bits of a block or page";
    if (!has_lpa2(walker) && (entry >> 8 & 3) == 1)
        return "a reserved SH";
    return walker->stage == ORACLE_STAGE2 ? stage2_defect(entry) : NULL;
}

/*
 * D8.6.1, the Contiguous bit: how many entries of a level make up one run; 0 where this walker knows of none. (With 4
 * KiB pages sixteen 1 GiB blocks are one as well; the library has no use for that.)
 */
static unsigned run_entries(const OracleWalker *walker, unsigned level)
{
    if (level > 1)
        return 0;
    if (walker->page_shift == 12)
        return 16;
    return walker->page_shift == 14 && level == 0 ? 128 : 32;
}

/* What is set in the descriptors of a run as the MMU notes accesses; bits 58..55 it does not read. */
static uint64_t may_differ(const OracleCpu *cpu, uint64_t entry)
{
    bool notes_writes = cpu->hardware_updates && (entry & DESC_DBM);
    return DESC_AF | bits(55, 58) | (notes_writes ? DESC_AP2 : 0);
}

/* An entry without its address, all of whose bits are attributes then. */
static uint64_t attributes(const OracleWalker *walker, uint64_t entry)
{
    uint64_t upper = has_lpa2(walker) ? bits(8, 9) | bits(48, 49) : has_lpa(walker) ? bits(12, 15) : 0;
    return entry & ~(bits(12, 47) | upper);
}

/* What one entry has noted: accessed as AF, written as the dirty state, which stage 1 has inverted. */
static uint64_t noted_in(const OracleWalker *walker, uint64_t entry)
{
    bool bit = (entry & DESC_AP2) != 0, dirty = walker->stage == ORACLE_STAGE1 ? !bit : bit;
    return (entry & DESC_AF) | ((entry & DESC_DBM) && dirty ? DESC_AP2 : 0);
}

/*
 * All entries of the run must be there, alike, and map contiguous and aligned addresses: the MMU may read any of them in
 * place of any other.
 */
static const char *read_run(const OracleCpu *cpu, const OracleWalk *walk, uint64_t *noted)
{
    const OracleWalker *walker = cpu->walker;
    unsigned shift = oracle_shift(walker, walk->level), count = run_entries(walker, walk->level);
    if (count == 0)
        return "the Contiguous bit where the level has no runs";
    unsigned first = walk->index & ~(count - 1);
    uint64_t base = output_address(walker, walk->entry, shift) - ((walk->index - (uint64_t)first) << shift);
    if (base & (((uint64_t)count << shift) - 1))
        return "the addresses of a contiguous run are not aligned";
    for (unsigned i = 0; i < count; i++) {
        uint64_t entry = oracle_memory(cpu, walk->table + 8ull * (first + i));
        if (attributes(walker, entry ^ walk->entry) & ~may_differ(cpu, walk->entry))
            return "the entries of a contiguous run differ";
        if (output_address(walker, entry, shift) != base + ((uint64_t)i << shift))
            return "the addresses of a contiguous run are not contiguous";
        *noted |= noted_in(walker, entry);
    }
    return NULL;
}

/* What the tables above leave, and what the leaf grants. */
static void stage1_rights(const OracleCpu *cpu, OracleWalk *walk)
{
    uint64_t entry = walk->entry, above = walk->above_any;
    bool writable = !(entry & DESC_AP2) || ((entry & DESC_DBM) && cpu->hardware_updates);
    walk->write = writable && !(above & TABLE_AP1);
    walk->user = (entry & DESC_AP1) && !(above & TABLE_AP0);
    walk->execute_user = !(entry & DESC_UXN) && !(above & TABLE_UXN);
    walk->execute_kernel = !(entry & DESC_PXN) && !(above & TABLE_PXN) && !(walk->user && walk->write);
    walk->global = !(entry & DESC_NG);
    walk->type = (unsigned)(entry >> 2) & 7;
}

/* XN[1:0]: 0 executable, 1 at EL0 only, 2 not at all, 3 at EL1 only. */
static void stage2_rights(const OracleCpu *cpu, OracleWalk *walk)
{
    uint64_t entry = walk->entry;
    walk->write = (entry & DESC_AP2) || ((entry & DESC_DBM) && cpu->hardware_updates);
    walk->execute_kernel = !(entry & DESC_UXN) == !(entry & DESC_PXN);
    walk->execute_user = !(entry & DESC_UXN);
    walk->type = (unsigned)(entry >> 2) & 15;
}

static void read_leaf(const OracleCpu *cpu, OracleWalk *walk, uint64_t virt)
{
    const OracleWalker *walker = cpu->walker;
    unsigned shift = oracle_shift(walker, walk->level);
    uint64_t noted = noted_in(walker, walk->entry);
    walk->defect = leaf_defect(walker, walk->entry, walk->level);
    if (!walk->defect && (walk->entry & DESC_CONT))
        walk->defect = read_run(cpu, walk, &noted);
    bool run = walk->entry & DESC_CONT;
    walk->size = (1ull << shift) * (run ? run_entries(walker, walk->level) : 1);
    walk->phys = output_address(walker, walk->entry, shift) | (virt & ((1ull << shift) - 1));
    walk->accessed = (noted & DESC_AF) != 0;
    walk->dirty = (noted & DESC_AP2) != 0;
    if (walker->stage == ORACLE_STAGE1)
        stage1_rights(cpu, walk);
    else
        stage2_rights(cpu, walk);
    walk->end = walk->accessed || cpu->hardware_updates ? ORACLE_MAPPED : ORACLE_NOT_ACCESSED;
}

static const char *address_defect(const OracleCpu *cpu, uint64_t entry, unsigned shift)
{
    uint64_t address = output_address(cpu->walker, entry, shift);
    return address >> cpu->phys_bits != 0 ? "an address-size fault" : NULL;
}

static void read_entry(const OracleCpu *cpu, OracleWalk *walk, uint64_t virt)
{
    const OracleWalker *walker = cpu->walker;
    walk->end = ORACLE_ABSENT;
    if (!(walk->entry & DESC_VALID))
        return;
    bool leaf = walk->level == 0 || !(walk->entry & DESC_TABLE);
    unsigned shift = leaf ? oracle_shift(walker, walk->level) : walker->page_shift;
    if (leaf) {
        read_leaf(cpu, walk, virt);
    } else {
        walk->end = ORACLE_LINK;
        walk->defect = table_defect(walker, walk->entry);
        walk->next = output_address(walker, walk->entry, shift);
    }
    if (!walk->defect)
        walk->defect = address_defect(cpu, walk->entry, shift);
}

/* In stage 2 these are RES0. */
static const char *narrow_link(uint64_t entry)
{
    return entry & (TABLE_PXN | TABLE_UXN | TABLE_AP0 | TABLE_AP1) ? "a table takes a right away" : NULL;
}

#define ROW(name, bits, levels, page, output, upper, users, stage)                                         \
    {                                                                                                      \
        name, read_entry, bits, levels, page, output, upper, users, stage, narrow_link                     \
    }
#define STAGE1(name, bits, levels, page, output)                                                           \
    ROW(name, bits, levels, page, output, ORACLE_CLEAR, ORACLE_USERS_APART, ORACLE_STAGE1),                \
        ROW(name "_upper", bits, levels, page, output, ORACLE_SET, ORACLE_USERS_APART, ORACLE_STAGE1)
#define STAGE2(name, bits, levels, page, output)                                                           \
    ROW(name "_stage2", bits, levels, page, output, ORACLE_CLEAR, ORACLE_NO_USERS, ORACLE_STAGE2)

/*
 * D8.2: 48-bit input addresses, or 52-bit ones. Stage 2 with 16 KiB pages may start at the Arm's level 0 only with LPA2
 * (VTCR_EL2.SL0, DS): one table of its level 1 translates 47 bits.
 */
const OracleWalker aarch64_oracle_walkers[] = {
    STAGE1("aarch64_4k", 48, 4, 12, 48),
    STAGE2("aarch64_4k", 48, 4, 12, 48),
    STAGE1("aarch64_4k_lpa2", 52, 5, 12, 52),
    STAGE2("aarch64_4k_lpa2", 52, 5, 12, 52),
    STAGE1("aarch64_16k", 48, 4, 14, 48),
    STAGE2("aarch64_16k", 47, 3, 14, 48),
    STAGE1("aarch64_16k_lpa2", 52, 4, 14, 52),
    STAGE2("aarch64_16k_lpa2", 52, 4, 14, 52),
    STAGE1("aarch64_64k", 48, 3, 16, 48),
    STAGE2("aarch64_64k", 48, 3, 16, 48),
    STAGE1("aarch64_64k_lpa", 52, 3, 16, 52),
    STAGE2("aarch64_64k_lpa", 52, 3, 16, 52),
    {0},
};
