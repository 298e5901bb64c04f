/* SPDX-License-Identifier: MIT */
#include "tools/oracle/x86_walk.h"

#include "tools/oracle/x86_bits.h"

uint64_t x86_entry_span(unsigned level)
{
    return 1ull << (12 + 9 * level);
}

/* Bits 63:47 are equal with 4 levels, bits 63:56 with 5 (SDM vol. 1, section 3.3.7.1). */
static bool canonical(const X86Cpu *cpu, uint64_t virt)
{
    unsigned top = cpu->levels == 5 ? 56 : 47;
    uint64_t upper = virt >> top;
    return upper == 0 || upper == UINT64_MAX >> top;
}

X86Kind x86_kind_of(uint64_t entry, unsigned level)
{
    if (!(entry & BIT_P))
        return X86_NOT_PRESENT;
    if (level == 0)
        return X86_LEAF; /* bit 7 of a PTE is PAT */
    return (level == 1 || level == 2) && (entry & BIT_PS) ? X86_LEAF : X86_LINK;
}

uint64_t x86_link_target(uint64_t entry)
{
    return entry & BITS_51_12;
}

uint64_t x86_leaf_target(uint64_t entry, unsigned level)
{
    static const uint64_t frame[] = {BITS_51_12, BITS_51_21, BITS_51_30};
    return entry & frame[level];
}

unsigned x86_pat_index(uint64_t entry, unsigned level)
{
    uint64_t pat = level == 0 ? BIT_PAT_4K : BIT_PAT_LARGE;
    return ((entry & pat) != 0) << 2 | ((entry & BIT_PCD) != 0) << 1 | ((entry & BIT_PWT) != 0);
}

const char *x86_reserved_defect(const X86Cpu *cpu, uint64_t entry, unsigned level)
{
    uint64_t beyond = BITS_51_12 & ~((1ull << cpu->phys_bits) - 1);
    if (entry & beyond)
        return "address bits at or above MAXPHYADDR are set";
    if (cpu->no_execute_off && (entry & BIT_XD))
        return "XD is set and IA32_EFER.NXE is clear";
    if (level > 2)
        return entry & BIT_PS ? "PS is set above the page-directory-pointer table" : NULL;
    if (level == 0 || !(entry & BIT_PS))
        return NULL;
    if (level == 2 && cpu->no_1g)
        return "PS is set in a PDPTE and the CPU has no 1 GiB leaves";
    uint64_t must_be_zero = level == 2 ? BITS_29_13 : BITS_20_13;
    return entry & must_be_zero ? "address bits below the size of a large leaf are set" : NULL;
}

static void note_rights(X86Walk *walk, uint64_t entry)
{
    walk->write &= (entry & BIT_RW) != 0;
    walk->user &= (entry & BIT_US) != 0;
    walk->execute &= !(entry & BIT_XD);
    walk->path_accessed &= (entry & BIT_A) != 0;
}

static void note_leaf(X86Walk *walk, uint64_t virt)
{
    uint64_t entry = walk->entry;
    walk->end = X86_MAPPED;
    walk->size = x86_entry_span(walk->level);
    walk->phys = x86_leaf_target(entry, walk->level) + (virt & (walk->size - 1));
    walk->global = (entry & BIT_G) != 0;
    walk->accessed = (entry & BIT_A) != 0;
    walk->dirty = (entry & BIT_D) != 0;
    walk->pat_index = x86_pat_index(entry, walk->level);
}

/* Reads the entry for `virt` in the table at `table`. */
static void step(const X86Cpu *cpu, X86Walk *walk, uint64_t table, uint64_t virt)
{
    unsigned index = (virt >> (12 + 9 * walk->level)) & 511;
    walk->entry_phys = table + 8ull * index;
    walk->entry = x86_read(cpu, walk->entry_phys);
    walk->path[walk->level] = walk->entry;
    walk->depth++;
}

X86Walk x86_walk(const X86Cpu *cpu, uint64_t virt)
{
    X86Walk walk = {.end = X86_ABSENT, .write = true, .user = true, .execute = true, .path_accessed = true};
    if (!canonical(cpu, virt)) {
        walk.end = X86_NOT_CANONICAL;
        return walk;
    }
    uint64_t table = cpu->root;
    for (walk.level = cpu->levels - 1;; walk.level--) {
        step(cpu, &walk, table, virt);
        X86Kind kind = x86_kind_of(walk.entry, walk.level);
        if (kind == X86_NOT_PRESENT)
            return walk;
        walk.defect = x86_reserved_defect(cpu, walk.entry, walk.level);
        if (walk.defect) {
            walk.end = X86_RESERVED;
            return walk;
        }
        note_rights(&walk, walk.entry);
        if (kind == X86_LEAF) {
            note_leaf(&walk, virt);
            return walk;
        }
        table = x86_link_target(walk.entry);
    }
}
