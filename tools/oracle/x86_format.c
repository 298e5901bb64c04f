/* SPDX-License-Identifier: MIT */

/* What x86_walk knows of entries, under the interface that all naive walkers share. */

#include "tools/oracle/walkers.h"
#include "tools/oracle/x86_bits.h"
#include "tools/oracle/x86_walk.h"

/* The kernel executes what users do: CR4.SMEP is clear. */
static void read_leaf(OracleWalk *walk, uint64_t virt)
{
    uint64_t entry = walk->entry, all = walk->above_all & entry;
    walk->end = ORACLE_MAPPED;
    walk->size = x86_entry_span(walk->level);
    walk->phys = x86_leaf_target(entry, walk->level) + (virt & (walk->size - 1));
    walk->write = (all & BIT_RW) != 0;
    walk->user = (all & BIT_US) != 0;
    walk->execute_kernel = !((walk->above_any | entry) & BIT_XD);
    walk->execute_user = walk->execute_kernel && walk->user;
    walk->global = (entry & BIT_G) != 0;
    walk->accessed = (entry & BIT_A) != 0;
    walk->dirty = (entry & BIT_D) != 0;
    walk->type = x86_pat_index(entry, walk->level);
}

static void read_entry(const OracleCpu *cpu, OracleWalk *walk, uint64_t virt)
{
    X86Cpu x86 = {.levels = cpu->walker->levels, .phys_bits = cpu->phys_bits};
    X86Kind kind = x86_kind_of(walk->entry, walk->level);
    walk->end = ORACLE_ABSENT;
    if (kind == X86_NOT_PRESENT)
        return;
    walk->defect = x86_reserved_defect(&x86, walk->entry, walk->level);
    if (kind == X86_LEAF)
        read_leaf(walk, virt);
    else
        walk->end = ORACLE_LINK;
    walk->next = x86_link_target(walk->entry);
}

static const char *narrow_link(uint64_t entry)
{
    const uint64_t permissive = BIT_P | BIT_RW | BIT_US | BIT_A;
    bool narrow = (entry & permissive) != permissive || (entry & (BIT_XD | BIT_PWT | BIT_PCD));
    return narrow ? "an entry that links a table takes away a right, or is not marked accessed" : NULL;
}

#define ROW(name, bits, levels)                                                                            \
    {                                                                                                      \
        name, read_entry, bits, levels, 12, 52, ORACLE_COPIES, ORACLE_USERS_SHARE, ORACLE_STAGE1,          \
            narrow_link                                                                                    \
    }

const OracleWalker x86_oracle_walkers[] = {
    ROW("x86_64_4level", 48, 4),
    ROW("x86_64_5level", 57, 5),
    {0},
};
