/* SPDX-License-Identifier: MIT */
#include "bench/naive.h"

#include <string.h>

enum { ENTRIES = 512, LEVELS = 4, PAGE_SHIFT = 12 };

#define PAGE_SIZE ((usize)1 << PAGE_SHIFT)

/* Intel SDM volume 3, table 4-20. */
#define PRESENT       ((uint64_t)1 << 0)
#define WRITABLE      ((uint64_t)1 << 1)
#define USER          ((uint64_t)1 << 2)
#define WRITE_THROUGH ((uint64_t)1 << 3)
#define CACHE_DISABLE ((uint64_t)1 << 4)
#define PAT           ((uint64_t)1 << 7)
#define GLOBAL        ((uint64_t)1 << 8)
#define NO_EXECUTE    ((uint64_t)1 << 63)
#define FRAME         ((uint64_t)0x000ffffffffff000)
#define RIGHTS        (WRITABLE | USER | GLOBAL | NO_EXECUTE)

static uint64_t rights_of(int flags)
{
    uint64_t rights = 0;
    if (flags & MEM_VMAP_WRITE)
        rights |= WRITABLE;
    if (flags & MEM_VMAP_USER)
        rights |= USER;
    if (flags & MEM_VMAP_GLOBAL)
        rights |= GLOBAL;
    if (!(flags & MEM_VMAP_EXEC))
        rights |= NO_EXECUTE;
    return rights;
}

static uint64_t type_of(int flags)
{
    switch (flags & MEM_VMAP_TYPE_MASK) {
    case MEM_VMAP_WRITE_THROUGH:
        return WRITE_THROUGH;
    case MEM_VMAP_WRITE_COMBINING:
        return PAT;
    case MEM_VMAP_UNCACHED:
    case MEM_VMAP_DEVICE:
        return CACHE_DISABLE | WRITE_THROUGH;
    default:
        return 0;
    }
}

static usize pages_in(usize virt, usize len)
{
    usize last = virt + (len - 1);
    return (last >> PAGE_SHIFT) - (virt >> PAGE_SHIFT) + 1;
}

static uint64_t *table_at(const Naive *naive, usize phys)
{
    return (uint64_t *)(naive->port.direct_map + phys);
}

/* The entry for `virt` in the table at `phys`, which is of this level (0: of pages). */
static uint64_t *entry_at(const Naive *naive, usize phys, unsigned level, usize virt)
{
    return &table_at(naive, phys)[(virt >> (PAGE_SHIFT + 9 * level)) % ENTRIES];
}

static usize table_get(Naive *naive)
{
    usize phys = naive->port.page_get(naive->port.context, PAGE_SIZE);
    if (phys != MEM_VMAP_NO_PAGE)
        memset(table_at(naive, phys), 0, PAGE_SIZE);
    return phys;
}

static void table_put(Naive *naive, usize phys)
{
    naive->port.page_put(naive->port.context, phys, PAGE_SIZE);
}

static bool table_is_empty(const Naive *naive, usize phys)
{
    const uint64_t *table = table_at(naive, phys);
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (table[i])
            return false;
    }
    return true;
}

/* What a walk for a page came to: its entry, or null and the level of the entry that has no table. */
typedef struct walk {
    uint64_t *entry;
    unsigned level;
} Walk;

static Walk walk(const Naive *naive, usize virt)
{
    usize table = naive->root;
    for (unsigned level = LEVELS - 1; level > 0; level--) {
        uint64_t entry = *entry_at(naive, table, level, virt);
        if (!(entry & PRESENT))
            return (Walk){NULL, level};
        table = entry & FRAME;
    }
    return (Walk){entry_at(naive, table, 0, virt), 0};
}

/* The page entry for `virt`, or null where there is no table for it. */
static uint64_t *find(const Naive *naive, usize virt)
{
    return walk(naive, virt).entry;
}

/* The same, with the tables made where they are missing; null where there is no page for one. */
static uint64_t *find_or_make(Naive *naive, usize virt)
{
    usize table = naive->root;
    for (unsigned level = LEVELS - 1; level > 0; level--) {
        uint64_t *entry = entry_at(naive, table, level, virt);
        if (!(*entry & PRESENT)) {
            usize fresh = table_get(naive);
            if (fresh == MEM_VMAP_NO_PAGE)
                return NULL;
            *entry = fresh | PRESENT | WRITABLE | USER;
        }
        table = *entry & FRAME;
    }
    return entry_at(naive, table, 0, virt);
}

/* Frees the tables on the way to `virt` that are empty, from the lowest up. */
static void prune(Naive *naive, usize virt)
{
    usize tables[LEVELS];
    unsigned lowest = LEVELS - 1;
    tables[lowest] = naive->root;
    while (lowest > 0) {
        uint64_t entry = *entry_at(naive, tables[lowest], lowest, virt);
        if (!(entry & PRESENT))
            break;
        tables[--lowest] = entry & FRAME;
    }
    for (; lowest < LEVELS - 1 && table_is_empty(naive, tables[lowest]); lowest++) {
        *entry_at(naive, tables[lowest + 1], lowest + 1, virt) = 0;
        table_put(naive, tables[lowest]);
    }
}

/* Returns how many pages this settles: one, or from here on all that the missing table would have. */
static usize unmap_page(Naive *naive, usize virt)
{
    Walk found = walk(naive, virt);
    if (!found.entry) {
        usize span = (usize)1 << 9 * found.level;
        return span - (virt >> PAGE_SHIFT) % span;
    }
    if (*found.entry) {
        *found.entry = 0;
        prune(naive, virt);
    }
    return 1;
}

static int map_page(Naive *naive, usize virt, uint64_t leaf)
{
    uint64_t *entry = find_or_make(naive, virt);
    if (!entry) {
        prune(naive, virt);
        return MEM_ENOMEM;
    }
    if (*entry)
        return MEM_EOVERLAP;
    *entry = leaf;
    return 0;
}

int naive_init(Naive *naive, const MemVmapPort *port)
{
    naive->port = *port;
    naive->root = table_get(naive);
    return naive->root == MEM_VMAP_NO_PAGE ? MEM_ENOMEM : 0;
}

static void destroy_table(Naive *naive, usize table, unsigned level)
{
    for (unsigned i = 0; level > 0 && i < ENTRIES; i++) {
        uint64_t entry = table_at(naive, table)[i];
        if (entry & PRESENT)
            destroy_table(naive, entry & FRAME, level - 1);
    }
    table_put(naive, table);
}

void naive_destroy(Naive *naive)
{
    destroy_table(naive, naive->root, LEVELS - 1);
}

int naive_map(Naive *naive, usize phys, usize virt, usize len, int flags)
{
    if (len == 0)
        return MEM_EINVAL;
    usize pages = pages_in(virt, len);
    uint64_t leaf = (phys & FRAME) | PRESENT | rights_of(flags) | type_of(flags);
    for (usize i = 0; i < pages; i++) {
        int code = map_page(naive, virt + i * PAGE_SIZE, leaf + i * PAGE_SIZE);
        if (code) {
            while (i-- > 0)
                unmap_page(naive, virt + i * PAGE_SIZE);
            return code;
        }
    }
    return 0;
}

void naive_unmap(Naive *naive, usize virt, usize len)
{
    usize pages = len == 0 ? 0 : pages_in(virt, len);
    for (usize i = 0; i < pages;)
        i += unmap_page(naive, virt + i * PAGE_SIZE);
}

int naive_protect(Naive *naive, usize virt, usize len, int flags)
{
    if (len == 0)
        return MEM_EINVAL;
    usize pages = pages_in(virt, len);
    for (usize i = 0; i < pages; i++) {
        const uint64_t *entry = find(naive, virt + i * PAGE_SIZE);
        if (!entry || !*entry)
            return MEM_EMISS;
    }
    for (usize i = 0; i < pages; i++) {
        uint64_t *entry = find(naive, virt + i * PAGE_SIZE);
        *entry = (*entry & ~RIGHTS) | rights_of(flags);
    }
    return 0;
}

usize naive_translate(const Naive *naive, usize virt)
{
    const uint64_t *entry = find(naive, virt);
    if (!entry || !(*entry & PRESENT))
        return 0;
    return (*entry & FRAME) | (virt % PAGE_SIZE);
}
