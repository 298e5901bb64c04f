/* SPDX-License-Identifier: MIT */

/*
 * RISC-V tables, as the Privileged Architecture reads them: "Virtual Address Translation Process" (the numbered steps
 * in the section on Sv32), "Sv39", "Sv48", "Sv57", "Svnapot" and "Svpbmt".
 */

#include "tools/oracle/walk.h"

#define PTE_V (1ull << 0)
#define PTE_R (1ull << 1)
#define PTE_W (1ull << 2)
#define PTE_X (1ull << 3)
#define PTE_U (1ull << 4)
#define PTE_G (1ull << 5)
#define PTE_A (1ull << 6)
#define PTE_D (1ull << 7)
#define PTE_N (1ull << 63)

/* Bits 60..54 are reserved for future standard use. */
#define PTE_RESERVED (0x7full << 54)

static unsigned pbmt(uint64_t pte)
{
    return (unsigned)(pte >> 61) & 3;
}

static uint64_t ppn(uint64_t pte)
{
    return pte >> 10 & 0xfffffffffff;
}

/* Step 3, and the bits that "Sv39" and the extensions reserve in any valid entry. */
static const char *entry_defect(uint64_t pte)
{
    if ((pte & PTE_W) && !(pte & PTE_R))
        return "W without R is reserved";
    if (pte & PTE_RESERVED)
        return "reserved bits 60..54 are set";
    return pbmt(pte) == 3 ? "PBMT 3 is reserved" : NULL;
}

/* Step 4: a pointer to the next level. */
static const char *pointer_defect(uint64_t pte, unsigned level)
{
    if (level == 0)
        return "a pointer where there is no level below";
    if (pte & (PTE_D | PTE_A | PTE_U))
        return "D, A or U is set in a pointer";
    return (pte & PTE_N) || pbmt(pte) != 0 ? "N or PBMT is set in a pointer" : NULL;
}

/* Svnapot: the only size so far is 64 KiB, of pages whose PPN ends in 0b1000. */
static const char *leaf_defect(uint64_t pte, unsigned level)
{
    if (pte & PTE_N)
        return level == 0 && (ppn(pte) & 15) == 8 ? NULL : "N is set, and no such size exists";
    return ppn(pte) & ((1ull << (9 * level)) - 1) ? "misaligned superpage" : NULL;
}

/* Steps 5 to 10. */
static void read_leaf(const OracleCpu *cpu, OracleWalk *walk, uint64_t virt)
{
    uint64_t pte = walk->entry;
    unsigned shift = pte & PTE_N ? 16 : 12 + 9 * walk->level;
    walk->size = 1ull << shift;
    walk->phys = (ppn(pte) << 12 & ~(walk->size - 1)) | (virt & (walk->size - 1));
    walk->user = (pte & PTE_U) != 0;
    walk->execute_user = (pte & PTE_X) && walk->user;
    walk->execute_kernel = (pte & PTE_X) && !walk->user; /* whatever SUM says */
    walk->accessed = (pte & PTE_A) != 0;
    walk->dirty = (pte & PTE_D) != 0;
    walk->write = (pte & PTE_W) && (walk->dirty || cpu->hardware_updates);
    walk->type = pbmt(pte);
    walk->end = walk->accessed || cpu->hardware_updates ? ORACLE_MAPPED : ORACLE_NOT_ACCESSED;
}

static OracleWalk refuse(OracleWalk walk, const char *defect)
{
    walk.end = ORACLE_REFUSED;
    walk.defect = defect;
    return walk;
}

/* The bits above the address are all equal to its topmost one. */
static bool sign_extended(const OracleCpu *cpu, uint64_t virt)
{
    uint64_t upper = virt >> (cpu->format->address_bits - 1);
    return upper == 0 || upper == UINT64_MAX >> (cpu->format->address_bits - 1);
}

static OracleWalk riscv_walk(const OracleCpu *cpu, uint64_t virt)
{
    OracleWalk walk = {.end = ORACLE_ABSENT};
    if (!sign_extended(cpu, virt)) {
        walk.end = ORACLE_NO_ADDRESS;
        return walk;
    }
    uint64_t table = cpu->root;
    for (walk.level = cpu->format->levels - 1;; walk.level--) {
        walk.entry = oracle_read(cpu, table + 8 * (virt >> (12 + 9 * walk.level) & 511));
        walk.path[walk.level] = walk.entry;
        if (!(walk.entry & PTE_V))
            return walk;
        const char *defect = entry_defect(walk.entry);
        if (!defect && ppn(walk.entry) >> (cpu->phys_bits - 12) != 0)
            defect = "an address beyond the CPU's physical memory";
        bool leaf = walk.entry & (PTE_R | PTE_X);
        if (!defect)
            defect = leaf ? leaf_defect(walk.entry, walk.level) : pointer_defect(walk.entry, walk.level);
        if (defect)
            return refuse(walk, defect);
        walk.global |= (walk.entry & PTE_G) != 0; /* in a pointer: all that is below */
        if (leaf) {
            read_leaf(cpu, &walk, virt);
            return walk;
        }
        table = ppn(walk.entry) << 12;
    }
}

const OracleFormat riscv_oracle_formats[] = {
    {"riscv_sv39", riscv_walk, 39, 3, 12, 56, ORACLE_STAGE1, ORACLE_LOWER},
    {"riscv_sv48", riscv_walk, 48, 4, 12, 56, ORACLE_STAGE1, ORACLE_LOWER},
    {"riscv_sv57", riscv_walk, 57, 5, 12, 56, ORACLE_STAGE1, ORACLE_LOWER},
    {0},
};
