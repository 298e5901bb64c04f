/* SPDX-License-Identifier: MIT */

/* x86_walk under the interface that all naive walkers share. */

#include "tools/oracle/walk.h"
#include "tools/oracle/x86_walk.h"

static OracleEnd end_of(X86End end)
{
    switch (end) {
    case X86_MAPPED:
        return ORACLE_MAPPED;
    case X86_ABSENT:
        return ORACLE_ABSENT;
    case X86_NOT_CANONICAL:
        return ORACLE_NO_ADDRESS;
    case X86_RESERVED:
        return ORACLE_REFUSED;
    }
    return ORACLE_REFUSED;
}

/* The kernel executes what users do: CR4.SMEP is clear. */
static OracleWalk walk_x86(const OracleCpu *cpu, uint64_t virt)
{
    X86Cpu x86 = {.root = cpu->root,
                  .levels = cpu->format->levels,
                  .phys_bits = cpu->phys_bits,
                  .memory_base = cpu->memory_base};
    X86Walk seen = x86_walk(&x86, virt);
    OracleWalk walk = {
        .end = end_of(seen.end), .level = seen.level, .entry = seen.entry, .defect = seen.defect};
    for (unsigned level = 0; level < ORACLE_LEVELS_MAX; level++)
        walk.path[level] = seen.path[level];
    walk.phys = seen.phys;
    walk.size = seen.size;
    walk.write = seen.write;
    walk.user = seen.user;
    walk.execute_user = seen.execute && seen.user;
    walk.execute_kernel = seen.execute;
    walk.global = seen.global;
    walk.accessed = seen.accessed;
    walk.dirty = seen.dirty;
    walk.type = seen.pat_index;
    return walk;
}

const OracleFormat x86_oracle_formats[] = {
    {"x86_64_4level", walk_x86, 48, 4, 12, 52, ORACLE_STAGE1, ORACLE_LOWER},
    {"x86_64_5level", walk_x86, 57, 5, 12, 52, ORACLE_STAGE1, ORACLE_LOWER},
    {0},
};
