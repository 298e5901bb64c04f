/* SPDX-License-Identifier: MIT */
#ifndef ORACLE_X86_WALK_H
#define ORACLE_X86_WALK_H

/*
 * A naive walker over raw x86-64 page tables: what a CPU makes of the bytes, and what it would refuse.
 *
 * An oracle. Written from the Intel SDM, volume 3A, chapter 4 ("Paging"), sections 4.5 (4-level and 5-level
 * paging), 4.6 (access rights) and 4.9.2 (memory types). It includes no header of the library and shares no
 * constant with it; all that it is told is where the root table lies and how to read physical memory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define X86_WALK_LEVELS_MAX 5

/* Levels count from 0 (page table) to 4 (PML5). */
typedef struct X86Cpu {
    uint64_t root;         /* physical address of the PML4 or PML5 table, as in CR3 bits 51:12 */
    unsigned levels;       /* 4, or 5 where CR4.LA57 is set */
    unsigned phys_bits;    /* MAXPHYADDR, CPUID.80000008H:EAX[7:0]; at most 52 */
    bool no_execute_off;   /* IA32_EFER.NXE is clear: bit 63 is reserved */
    bool no_1g;            /* CPUID.80000001H:EDX.Page1GB is clear: no 1 GiB leaves */
    uintptr_t memory_base; /* physical memory is at this pointer + address, */
    uint64_t (*read)(void *context, uint64_t phys); /* or, where not null, read by this: 8 bytes */
    void *context;
} X86Cpu;

typedef enum X86End {
    X86_MAPPED,
    X86_ABSENT,        /* the walk ended at an entry whose P is 0 */
    X86_NOT_CANONICAL, /* a general-protection fault: there is no walk */
    X86_RESERVED,      /* a page fault with RSVD set: `defect` says which bits */
} X86End;

/* What the walk for one address came to. Rights are those of all entries on the path together. */
typedef struct X86Walk {
    X86End end;
    unsigned level;                     /* of the entry that ended it */
    unsigned depth;                     /* entries read */
    uint64_t entry;                     /* that entry */
    uint64_t entry_phys;                /* where it lies */
    uint64_t path[X86_WALK_LEVELS_MAX]; /* by level: the entry that was read there, or 0 */
    const char *defect;
    /* The rest where the address is mapped. */
    uint64_t phys; /* of the address, its offset included */
    uint64_t size; /* of the leaf */
    bool write, user, execute;
    bool global;
    bool accessed, dirty; /* of the leaf */
    bool path_accessed;   /* of every entry on the path */
    unsigned pat_index;   /* PAT:PCD:PWT of the leaf */
} X86Walk;

X86Walk x86_walk(const X86Cpu *cpu, uint64_t virt);

/* What an entry is at its level. */
typedef enum X86Kind { X86_NOT_PRESENT, X86_LINK, X86_LEAF } X86Kind;

X86Kind x86_kind_of(uint64_t entry, unsigned level);

/* The reserved bits that are set in a present entry, in words; null where there are none. */
const char *x86_reserved_defect(const X86Cpu *cpu, uint64_t entry, unsigned level);

/* The table that a link points to, and the first byte that a leaf maps. */
uint64_t x86_link_target(uint64_t entry);
uint64_t x86_leaf_target(uint64_t entry, unsigned level);

/* The bytes that one entry of a level covers. */
uint64_t x86_entry_span(unsigned level);

/* PAT:PCD:PWT of a leaf. */
unsigned x86_pat_index(uint64_t entry, unsigned level);

/* The 8 bytes of physical memory at an address. */
static inline uint64_t x86_read(const X86Cpu *cpu, uint64_t phys)
{
    if (cpu->read)
        return cpu->read(cpu->context, phys);
    return *(const uint64_t *)(cpu->memory_base + (uintptr_t)phys);
}

#ifdef __cplusplus
}
#endif

#endif
