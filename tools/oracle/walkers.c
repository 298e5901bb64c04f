/* SPDX-License-Identifier: MIT */
#include "tools/oracle/walkers.h"

#include <string.h>

const OracleWalker *oracle_walker_find(const char *format_name)
{
    static const OracleWalker *const all[] = {x86_oracle_walkers, riscv_oracle_walkers, ept_oracle_walkers,
                                              aarch64_oracle_walkers};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        for (const OracleWalker *walker = all[i]; walker->name; walker++)
            if (strcmp(walker->name, format_name) == 0)
                return walker;
    return NULL;
}

/* Every table is a page of 8-byte entries, and translates as many bits as index it; */
unsigned oracle_shift(const OracleWalker *walker, unsigned level)
{
    return walker->page_shift + (walker->page_shift - 3) * level;
}

/* but the root only what is left of the address. */
unsigned oracle_entries(const OracleWalker *walker, unsigned level)
{
    unsigned left = walker->address_bits - oracle_shift(walker, level), page = walker->page_shift - 3;
    return 1u << (left < page ? left : page);
}

static bool has_address(const OracleWalker *walker, uint64_t virt)
{
    unsigned bits = walker->address_bits;
    switch (walker->upper) {
    case ORACLE_CLEAR:
        return virt >> bits == 0;
    case ORACLE_SET:
        return virt >> bits == UINT64_MAX >> bits;
    case ORACLE_COPIES:
        return virt >> (bits - 1) == 0 || virt >> (bits - 1) == UINT64_MAX >> (bits - 1);
    }
    return false;
}

OracleWalk oracle_begin(const OracleCpu *cpu)
{
    return (OracleWalk){.end = ORACLE_ABSENT,
                        .level = cpu->walker->levels - 1,
                        .table = cpu->root,
                        .above_all = UINT64_MAX};
}

void oracle_read_entry(const OracleCpu *cpu, OracleWalk *walk, unsigned index, uint64_t virt)
{
    walk->index = index;
    walk->entry = oracle_memory(cpu, walk->table + 8ull * index);
    walk->path[walk->level] = walk->entry;
    cpu->walker->read(cpu, walk, virt);
    if (walk->defect)
        walk->end = ORACLE_REFUSED;
}

void oracle_descend(OracleWalk *walk)
{
    walk->above_any |= walk->entry;
    walk->above_all &= walk->entry;
    walk->table = walk->next;
    walk->level--;
}

OracleWalk oracle_walk(const OracleCpu *cpu, uint64_t virt)
{
    const OracleWalker *walker = cpu->walker;
    OracleWalk walk = oracle_begin(cpu);
    if (!has_address(walker, virt)) {
        walk.end = ORACLE_NO_ADDRESS;
        return walk;
    }
    for (;; oracle_descend(&walk)) {
        uint64_t number = virt >> oracle_shift(walker, walk.level);
        oracle_read_entry(cpu, &walk, (unsigned)number & (oracle_entries(walker, walk.level) - 1), virt);
        if (walk.end != ORACLE_LINK)
            return walk;
    }
}
