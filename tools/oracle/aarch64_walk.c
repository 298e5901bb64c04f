/* SPDX-License-Identifier: MIT */

/*
 * AArch64 tables (VMSAv8-64), as the Arm Architecture Reference Manual, DDI 0487, reads them: D8.2 (which levels a
 * translation has), D8.3 (descriptor formats), D8.4 (permissions, access flag, dirty state), D8.5 (memory types). Of
 * the EL1&0 regime, hierarchical permissions on, without guarded pages, FEAT_XS, memory encryption and indirect
 * permissions; stage 2 with FEAT_XNX.
 */

#include "tools/oracle/walk.h"

#define DESC_VALID (1ull << 0)
#define DESC_TABLE (1ull << 1) /* or page, at the last level */
#define DESC_AP1   (1ull << 6) /* stage 1: EL0 may; stage 2: S2AP[0], read */
#define DESC_AP2   (1ull << 7) /* stage 1: read-only; stage 2: S2AP[1], write */
#define DESC_AF    (1ull << 10)
#define DESC_NG    (1ull << 11)
#define DESC_DBM   (1ull << 51)
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

static bool has_lpa(const OracleFormat *format)
{
    return format->output_bits == 52 && format->page_shift == 16;
}

static bool has_lpa2(const OracleFormat *format)
{
    return format->output_bits == 52 && format->page_shift < 16;
}

static unsigned level_shift(const OracleFormat *format, unsigned level)
{
    return format->page_shift + (format->page_shift - 3) * level;
}

/* D8.3, "Block descriptor": which levels have blocks; the topmost of them take a 52-bit output address. */
static bool has_blocks(const OracleFormat *format, unsigned level)
{
    unsigned plain = format->page_shift == 12 ? 2 : 1;
    return level >= 1 && level <= plain + (format->output_bits == 52);
}

/* The address in a descriptor, from 1 << shift up. */
static uint64_t output_address(const OracleFormat *format, uint64_t entry, unsigned shift)
{
    if (has_lpa2(format))
        return (entry & bits(shift, 49)) | (entry >> 8 & 3) << 50;
    uint64_t low = entry & bits(shift, 47);
    return has_lpa(format) ? low | (entry >> 12 & 15) << 48 : low;
}

/* RES0 in every valid descriptor: between the page size and 51..48, but for the address. */
static uint64_t res0(const OracleFormat *format, unsigned shift)
{
    uint64_t upper = has_lpa2(format) ? bits(50, 50) : bits(48, 50);
    return upper | bits(has_lpa(format) ? 16 : 12, shift - 1);
}

static const char *table_defect(const OracleFormat *format, uint64_t entry)
{
    if (entry & res0(format, format->page_shift))
        return "RES0 bits of a table descriptor";
    return format->stage == ORACLE_STAGE2 && (entry & bits(59, 63)) ? "bits 63..59 are RES0 in stage 2"
                                                                    : NULL;
}

static const char *stage2_defect(uint64_t entry)
{
    unsigned attr = (unsigned)(entry >> 2) & 15;
    if ((attr & 12) != 0 && (attr & 3) == 0)
        return "a reserved MemAttr";
    return entry & DESC_NG ? "bit 11 is RES0 in stage 2" : NULL;
}

static const char *leaf_defect(const OracleFormat *format, uint64_t entry, unsigned level)
{
    bool last = level == 0;
    if (last != ((entry & DESC_TABLE) != 0))
        return "a reserved descriptor type";
    if (!last && !has_blocks(format, level))
        return "a block where the level has none";
    if (entry & res0(format, level_shift(format, level)))
        return "RES0 bits of a block or page";
    if (!has_lpa2(format) && (entry >> 8 & 3) == 1)
        return "a reserved SH";
    return format->stage == ORACLE_STAGE2 ? stage2_defect(entry) : NULL;
}

/* What the tables above leave, and what the leaf grants. */
static void stage1_rights(const OracleCpu *cpu, OracleWalk *walk, uint64_t above)
{
    uint64_t entry = walk->entry;
    bool writable = !(entry & DESC_AP2) || ((entry & DESC_DBM) && cpu->hardware_updates);
    walk->write = writable && !(above & TABLE_AP1);
    walk->user = (entry & DESC_AP1) && !(above & TABLE_AP0);
    walk->execute_user = !(entry & DESC_UXN) && !(above & TABLE_UXN);
    walk->execute_kernel = !(entry & DESC_PXN) && !(above & TABLE_PXN) && !(walk->user && walk->write);
    walk->global = !(entry & DESC_NG);
    walk->dirty = (entry & DESC_DBM) && !(entry & DESC_AP2);
    walk->type = (unsigned)(entry >> 2) & 7;
}

/* XN[1:0]: 0 executable, 1 at EL0 only, 2 not at all, 3 at EL1 only. */
static void stage2_rights(const OracleCpu *cpu, OracleWalk *walk)
{
    uint64_t entry = walk->entry;
    walk->write = (entry & DESC_AP2) || ((entry & DESC_DBM) && cpu->hardware_updates);
    walk->execute_kernel = !(entry & DESC_UXN) == !(entry & DESC_PXN);
    walk->execute_user = !(entry & DESC_UXN);
    walk->dirty = (entry & DESC_DBM) && (entry & DESC_AP2);
    walk->type = (unsigned)(entry >> 2) & 15;
}

static void read_leaf(const OracleCpu *cpu, OracleWalk *walk, uint64_t above, uint64_t address)
{
    unsigned shift = level_shift(cpu->format, walk->level);
    walk->size = 1ull << shift;
    walk->phys = output_address(cpu->format, walk->entry, shift) | (address & (walk->size - 1));
    walk->accessed = (walk->entry & DESC_AF) != 0;
    if (cpu->format->stage == ORACLE_STAGE1)
        stage1_rights(cpu, walk, above);
    else
        stage2_rights(cpu, walk);
    walk->end = walk->accessed || cpu->hardware_updates ? ORACLE_MAPPED : ORACLE_NOT_ACCESSED;
}

/* The bits above the address are all clear, or in TTBR1's half all set. */
static bool in_half(const OracleFormat *format, uint64_t address)
{
    uint64_t upper = address >> format->address_bits;
    return upper == (format->half == ORACLE_UPPER ? UINT64_MAX >> format->address_bits : 0);
}

static const char *address_defect(const OracleCpu *cpu, uint64_t entry, unsigned shift)
{
    uint64_t address = output_address(cpu->format, entry, shift);
    return address >> cpu->phys_bits != 0 ? "an address-size fault" : NULL;
}

/* Reads the descriptor for an address. The root may be shorter than a page. */
static void step(const OracleCpu *cpu, OracleWalk *walk, uint64_t table, uint64_t address)
{
    const OracleFormat *format = cpu->format;
    uint64_t index =
        (address & (UINT64_MAX >> (64 - format->address_bits))) >> level_shift(format, walk->level);
    walk->entry = oracle_read(cpu, table + 8 * (index & ((1ull << (format->page_shift - 3)) - 1)));
    walk->path[walk->level] = walk->entry;
}

static OracleWalk aarch64_walk(const OracleCpu *cpu, uint64_t address)
{
    const OracleFormat *format = cpu->format;
    OracleWalk walk = {.end = ORACLE_ABSENT};
    uint64_t table = cpu->root, above = 0;
    if (!in_half(format, address)) {
        walk.end = ORACLE_NO_ADDRESS;
        return walk;
    }
    for (walk.level = format->levels - 1;; walk.level--) {
        step(cpu, &walk, table, address);
        if (!(walk.entry & DESC_VALID))
            return walk;
        bool leaf = walk.level == 0 || !(walk.entry & DESC_TABLE);
        unsigned shift = leaf ? level_shift(format, walk.level) : format->page_shift;
        walk.defect = leaf ? leaf_defect(format, walk.entry, walk.level) : table_defect(format, walk.entry);
        if (!walk.defect)
            walk.defect = address_defect(cpu, walk.entry, shift);
        if (walk.defect) {
            walk.end = ORACLE_REFUSED;
            return walk;
        }
        if (leaf) {
            read_leaf(cpu, &walk, above, address);
            return walk;
        }
        above |= walk.entry;
        table = output_address(format, walk.entry, shift);
    }
}

#define ROWS(name, bits, levels, page, output)                                                             \
    {name, aarch64_walk, bits, levels, page, output, ORACLE_STAGE1, ORACLE_LOWER},                         \
    {                                                                                                      \
        name "_upper", aarch64_walk, bits, levels, page, output, ORACLE_STAGE1, ORACLE_UPPER               \
    }
#define STAGE2(name, bits, levels, page, output)                                                           \
    {                                                                                                      \
        name "_stage2", aarch64_walk, bits, levels, page, output, ORACLE_STAGE2, ORACLE_LOWER              \
    }

/*
 * D8.2: 48-bit input addresses, or 52-bit ones. Stage 2 with 16 KiB pages may start at the Arm's level 0 only with LPA2
 * (VTCR_EL2.SL0, DS): one table of its level 1 translates 47 bits.
 */
const OracleFormat aarch64_oracle_formats[] = {
    ROWS("aarch64_4k", 48, 4, 12, 48),
    STAGE2("aarch64_4k", 48, 4, 12, 48),
    ROWS("aarch64_4k_lpa2", 52, 5, 12, 52),
    STAGE2("aarch64_4k_lpa2", 52, 5, 12, 52),
    ROWS("aarch64_16k", 48, 4, 14, 48),
    STAGE2("aarch64_16k", 47, 3, 14, 48),
    ROWS("aarch64_16k_lpa2", 52, 4, 14, 52),
    STAGE2("aarch64_16k_lpa2", 52, 4, 14, 52),
    ROWS("aarch64_64k", 48, 3, 16, 48),
    STAGE2("aarch64_64k", 48, 3, 16, 48),
    ROWS("aarch64_64k_lpa", 52, 3, 16, 52),
    STAGE2("aarch64_64k_lpa", 52, 3, 16, 52),
    {0},
};
