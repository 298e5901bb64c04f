/* SPDX-License-Identifier: MIT */

/*
 * RISC-V tables, as the Privileged Architecture reads them: "Virtual Address Translation Process" (the numbered steps
 * in the section on Sv32), "Sv39", "Sv48", "Sv57", "Svnapot" and "Svpbmt".
 */

#include "tools/oracle/walkers.h"

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
#define NAPOT_PAGES 16u

static const char *leaf_defect(uint64_t pte, unsigned level)
{
    if (pte & PTE_N)
        return level == 0 && (ppn(pte) & 15) == 8 ? NULL : "N is set, and no such size exists";
    return ppn(pte) & ((1ull << (9 * level)) - 1) ? "misaligned superpage" : NULL;
}

/*
 * "Svnapot": an implementation may read any entry of the range in place of any other, so all are the same but for A
 * and D, and each that is set counts for all.
 */
static const char *read_napot(const OracleCpu *cpu, const OracleWalk *walk, uint64_t *noted)
{
    unsigned first = walk->index & ~(NAPOT_PAGES - 1);
    for (unsigned i = first; i < first + NAPOT_PAGES; i++) {
        uint64_t pte = oracle_memory(cpu, walk->table + 8ull * i);
        if ((pte ^ walk->entry) & ~(PTE_A | PTE_D))
            return "the entries of a NAPOT range differ";
        *noted |= pte & (PTE_A | PTE_D);
    }
    return NULL;
}

/* Steps 5 to 10. */
static void read_leaf(const OracleCpu *cpu, OracleWalk *walk, uint64_t virt)
{
    uint64_t pte = walk->entry, noted = pte;
    walk->defect = leaf_defect(pte, walk->level);
    if (!walk->defect && (pte & PTE_N))
        walk->defect = read_napot(cpu, walk, &noted);
    unsigned shift = pte & PTE_N ? 16 : 12 + 9 * walk->level;
    walk->size = 1ull << shift;
    walk->phys = (ppn(pte) << 12 & ~(walk->size - 1)) | (virt & (walk->size - 1));
    walk->user = (pte & PTE_U) != 0;
    walk->execute_user = (pte & PTE_X) && walk->user;
    walk->execute_kernel = (pte & PTE_X) && !walk->user; /* whatever SUM says */
    walk->accessed = (noted & PTE_A) != 0;
    walk->dirty = (noted & PTE_D) != 0;
    walk->write = (pte & PTE_W) && (walk->dirty || cpu->hardware_updates);
    walk->global = ((pte | walk->above_any) & PTE_G) != 0; /* in a pointer: all that is below */
    walk->type = pbmt(pte);
    walk->end = walk->accessed || cpu->hardware_updates ? ORACLE_MAPPED : ORACLE_NOT_ACCESSED;
}

static void read_entry(const OracleCpu *cpu, OracleWalk *walk, uint64_t virt)
{
    walk->end = ORACLE_ABSENT;
    if (!(walk->entry & PTE_V))
        return;
    walk->defect = entry_defect(walk->entry);
    if (!walk->defect && ppn(walk->entry) >> (cpu->phys_bits - 12) != 0)
        walk->defect = "an address beyond the CPU's physical memory";
    if (walk->defect)
        return;
    walk->next = ppn(walk->entry) << 12;
    if (walk->entry & (PTE_R | PTE_X)) {
        read_leaf(cpu, walk, virt);
        return;
    }
    walk->defect = pointer_defect(walk->entry, walk->level);
    walk->end = ORACLE_LINK;
}

static const char *narrow_link(uint64_t pte)
{
    return pte & PTE_G ? "a pointer makes all below it global" : NULL;
}

#define ROW(name, bits, levels)                                                                            \
    {                                                                                                      \
        name, read_entry, bits, levels, 12, 56, ORACLE_COPIES, ORACLE_USERS_APART, ORACLE_STAGE1,          \
            narrow_link                                                                                    \
    }

const OracleWalker riscv_oracle_walkers[] = {
    ROW("riscv_sv39", 39, 3),
    ROW("riscv_sv48", 48, 4),
    ROW("riscv_sv57", 57, 5),
    {0},
};
