/* SPDX-License-Identifier: MIT */
#ifndef ORACLE_WALK_H
#define ORACLE_WALK_H

/*
 * Naive walkers over raw page tables, one for each manual: what a CPU makes of the bytes for one address, and what it
 * would refuse. Oracles: they include no header of the library and share no constant with it, nor with each other.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORACLE_LEVELS_MAX 5

typedef enum OracleEnd {
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
    uint64_t entry;                   /* that entry */
    uint64_t path[ORACLE_LEVELS_MAX]; /* by level: the entry that was read there, or 0 */
    const char *defect;
    /* The rest where a leaf was found. */
    uint64_t phys; /* of the address, its offset included */
    uint64_t size; /* of the leaf */
    bool write, user;
    bool execute_user, execute_kernel; /* formats without users: kernel */
    bool global;
    bool accessed, dirty;
    unsigned type; /* as it stands in the entry: PAT index, PBMT, EPT memory type, AttrIndx, MemAttr */
} OracleWalk;

struct OracleFormat;

/* A CPU, and the tables that it has loaded. */
typedef struct OracleCpu {
    const struct OracleFormat *format;
    uint64_t root;         /* physical address of the root table */
    unsigned phys_bits;    /* of the CPU's physical addresses */
    bool hardware_updates; /* the CPU sets accessed and dirty flags by itself */
    uintptr_t memory_base; /* physical memory is at this pointer + address */
} OracleCpu;

typedef OracleWalk (*OracleWalker)(const OracleCpu *cpu, uint64_t address);

typedef enum OracleStage { ORACLE_STAGE1, ORACLE_STAGE2 } OracleStage;
typedef enum OracleHalf { ORACLE_LOWER, ORACLE_UPPER } OracleHalf;

/* A row of a manual: what distinguishes the formats that one walker reads. */
typedef struct OracleFormat {
    const char *name;
    OracleWalker walk;
    unsigned address_bits; /* of virtual or guest-physical addresses */
    unsigned levels;
    unsigned page_shift;
    unsigned output_bits; /* of addresses in entries */
    OracleStage stage;
    OracleHalf half;
} OracleFormat;

/* The format called so; null where no walker here reads it. */
const OracleFormat *oracle_format(const char *name);

static inline OracleWalk oracle_walk(const OracleCpu *cpu, uint64_t address)
{
    return cpu->format->walk(cpu, address);
}

/* The 8 bytes of physical memory at an address. */
static inline uint64_t oracle_read(const OracleCpu *cpu, uint64_t phys)
{
    return *(const uint64_t *)(cpu->memory_base + (uintptr_t)phys);
}

/* The formats of each walker; a row without a name ends them. */
extern const OracleFormat x86_oracle_formats[], riscv_oracle_formats[], ept_oracle_formats[],
    aarch64_oracle_formats[];

#ifdef __cplusplus
}
#endif

#endif
