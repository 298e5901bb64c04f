/* SPDX-License-Identifier: MIT */
#ifndef ORACLE_WALKERS_H
#define ORACLE_WALKERS_H

/*
 * Naive walkers over raw page tables, one for each manual: what a CPU makes of the bytes for one address, and what it
 * would refuse. Oracles: they include no header of the library and share no constant with it, nor with each other.
 * What they share is the way down: an index into a table, an entry, the next table.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORACLE_LEVELS_MAX 5

typedef enum OracleEnd {
    ORACLE_LINK, /* not an end: the entry links the next table */
    ORACLE_MAPPED,
    ORACLE_ABSENT,       /* the walk ended at an entry that is not valid */
    ORACLE_NO_ADDRESS,   /* the tables cannot have this address */
    ORACLE_REFUSED,      /* reserved bits or combinations, a misconfiguration: `defect` says which */
    ORACLE_NOT_ACCESSED, /* mapped, but its accessed flag is clear and the CPU leaves it to software */
} OracleEnd;

/* What the walk for one address came to. Levels count from 0 = page. Rights are those of all entries together. */
typedef struct OracleWalk {
    OracleEnd end;
    unsigned level;                   /* of the entry that ended it */
    uint64_t entry;                   /* that entry, */
    uint64_t table;                   /* the table that it lies in, */
    unsigned index;                   /* and its place there */
    uint64_t path[ORACLE_LEVELS_MAX]; /* by level: the entry that was read there, or 0 */
    uint64_t above_any, above_all;    /* the entries above it, ORed and ANDed */
    const char *defect;
    uint64_t next; /* where a link leads */
    /* The rest where a leaf was found. */
    uint64_t phys; /* of the address, its offset included */
    uint64_t size; /* of the leaf, or of the run of contiguous entries that is one to the CPU */
    bool write, user;
    bool execute_user, execute_kernel; /* formats without users: kernel */
    bool global;
    bool accessed, dirty; /* of one of the entries of a run */
    unsigned type; /* as it stands in the entry: PAT index, PBMT, EPT memory type, AttrIndx, MemAttr */
} OracleWalk;

struct OracleWalker;

/* A CPU, and the tables that it has loaded. */
typedef struct OracleCpu {
    const struct OracleWalker *walker;
    uint64_t root;         /* physical address of the root table */
    unsigned phys_bits;    /* of the CPU's physical addresses */
    bool hardware_updates; /* the CPU sets accessed and dirty flags by itself */
    uintptr_t memory_base; /* physical memory is at this pointer + address */
} OracleCpu;

typedef enum OracleStage { ORACLE_STAGE1, ORACLE_STAGE2 } OracleStage;

/* The bits above the address: */
typedef enum OracleUpper {
    ORACLE_CLEAR,  /* are clear, */
    ORACLE_SET,    /* are set, */
    ORACLE_COPIES, /* or copy its topmost bit */
} OracleUpper;

typedef enum OracleUsers {
    ORACLE_NO_USERS,    /* there are none */
    ORACLE_USERS_SHARE, /* what users may execute, the kernel may as well */
    ORACLE_USERS_APART, /* it may not */
} OracleUsers;

/*
 * A row of a manual. `read` says what the manual says of `walk->entry`, at its level and below the entries above it,
 * and fills in the end and what belongs to it; `virt` is the address that is looked for.
 */
typedef struct OracleWalker {
    const char *name;
    void (*read)(const OracleCpu *cpu, OracleWalk *walk, uint64_t virt);
    unsigned address_bits; /* of virtual or guest-physical addresses */
    unsigned levels;
    unsigned page_shift;
    unsigned output_bits; /* of addresses in entries */
    OracleUpper upper;
    OracleUsers users;
    OracleStage stage;
    /* What in a link is no defect to the CPU, but in none that the library makes: it takes away rights. */
    const char *(*narrow_link)(uint64_t entry);
} OracleWalker;

/* The walker of the format that is called so; null where no walker here reads it. */
const OracleWalker *oracle_walker_find(const char *format_name);

OracleWalk oracle_walk(const OracleCpu *cpu, uint64_t virt);

/* The pieces of a walk, for whoever looks at all entries: the state at the root; and after it was moved to an entry. */
OracleWalk oracle_begin(const OracleCpu *cpu);
void oracle_read_entry(const OracleCpu *cpu, OracleWalk *walk, unsigned index, uint64_t virt);

/* Moves on from a link to the table that it links. */
void oracle_descend(OracleWalk *walk);

/* An entry of a level covers 1 << this; a table has so many of them. */
unsigned oracle_shift(const OracleWalker *walker, unsigned level);
unsigned oracle_entries(const OracleWalker *walker, unsigned level);

/* The 8 bytes of physical memory at an address. */
static inline uint64_t oracle_memory(const OracleCpu *cpu, uint64_t phys)
{
    return *(const uint64_t *)(cpu->memory_base + (uintptr_t)phys);
}

/* The walkers of each manual; a row without a name ends them. */
extern const OracleWalker x86_oracle_walkers[], riscv_oracle_walkers[], ept_oracle_walkers[],
    aarch64_oracle_walkers[];

#ifdef __cplusplus
}
#endif

#endif
