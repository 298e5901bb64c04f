/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

/*
 * Golden entries: one leaf is mapped by the public call, and every raw entry on the way to it is compared with a
 * value worked out by hand from the manual. The way down is walked here, with each test's own constants.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mem/vmap.h>

enum { GOLDEN_LEVELS = 5, GOLDEN_PAGES = 16, GOLDEN_PAGE_MAX = 65536 };

/* How the tests read the tables of a format. Levels count from 0 = page upwards. */
typedef struct golden_format {
    const char *name;
    unsigned levels;
    unsigned shift[GOLDEN_LEVELS];      /* an entry covers 1 << shift bytes */
    unsigned index_bits[GOLDEN_LEVELS]; /* a table holds 1 << index_bits entries */
    usize tables;                       /* physical address of the memory for tables */
    uint64_t link;                      /* an entry that links a table, without the address */
    uint64_t link_address;              /* where that has its address */
    uint64_t link_software;             /* what the CPU ignores in it */
    uint64_t leaf_software;             /* what it ignores in a leaf, and leaves to software */
    usize (*target)(uint64_t link);     /* the table that it links */
} GoldenFormat;

/* One leaf, and what its entry must be without the bits that belong to software. */
typedef struct golden {
    const GoldenFormat *format;
    unsigned level;
    usize virt, phys;
    int flags;
    uint64_t entry;
} Golden;

/* Rows of one section of a manual, for spaces made with the same options. */
typedef struct golden_group {
    const char *source;
    const MemVmapOptions *options; /* null: the defaults */
    const Golden *rows;
    unsigned count;
} GoldenGroup;

static unsigned char golden_memory[GOLDEN_PAGES][GOLDEN_PAGE_MAX] __attribute__((aligned(GOLDEN_PAGE_MAX)));

/* Hands out the pages of the memory in order; nothing comes back. */
typedef struct golden_tables {
    const GoldenFormat *format;
    usize used;
} GoldenTables;

static usize golden_page_get(void *context, usize size)
{
    GoldenTables *tables = context;
    assert_int_equal(size, 8u << tables->format->index_bits[0]);
    assert_true(tables->used + size <= sizeof golden_memory);
    tables->used += size;
    return tables->format->tables + (tables->used - size);
}

static uint64_t golden_entry(const GoldenFormat *format, usize table, usize virt, unsigned level)
{
    assert_true(table - format->tables < sizeof golden_memory);
    const uint64_t *entries = (const uint64_t *)(&golden_memory[0][0] + (table - format->tables));
    return entries[virt >> format->shift[level] & ((1u << format->index_bits[level]) - 1)];
}

/* Follows the row's address down to its entry. False: what links a table on the way is not a link and nothing else. */
static bool golden_walk(const MemVmap *vmap, const Golden *row, uint64_t *entry)
{
    const GoldenFormat *format = row->format;
    usize table = mem_vmap_root(vmap);
    for (unsigned level = format->levels - 1; level > row->level; level--) {
        *entry = golden_entry(format, table, row->virt, level);
        if ((*entry & ~(format->link_address | format->link_software)) != format->link)
            return false;
        table = format->target(*entry);
    }
    *entry = golden_entry(format, table, row->virt, row->level);
    return true;
}

static MemVmapPort golden_port(GoldenTables *tables)
{
    memset(golden_memory, 0, sizeof golden_memory);
    return (MemVmapPort){.page_get = golden_page_get,
                         .direct_map = (usize)golden_memory - tables->format->tables,
                         .context = tables};
}

/* Null, or what is wrong; then `*entry` is the last that was read. */
static const char *golden_defect(const Golden *row, const MemVmapOptions *options, uint64_t *entry)
{
    GoldenTables tables = {.format = row->format};
    MemVmapPort port = golden_port(&tables);
    MemVmap vmap;
    MemVmapLeaf leaf;
    usize size = (usize)1 << row->format->shift[row->level];
    int unpaid = row->level > 0 ? MEM_VMAP_NO_RESERVE : 0; /* there is no memory to split large leaves */
    if (mem_vmap_init(&vmap, &port, mem_vmap_format_find(row->format->name), options) != 0)
        return "there is no such space";
    if (mem_vmap_map(&vmap, row->phys, row->virt, size, row->flags | unpaid) != 0)
        return "map refuses it";
    if (!golden_walk(&vmap, row, entry))
        return "a wrong link";
    if ((*entry & ~row->format->leaf_software) != row->entry)
        return "a wrong entry";
    if (mem_vmap_lookup(&vmap, row->virt, &leaf) != 0 || leaf.phys != row->phys || leaf.size != size)
        return "lookup finds another leaf";
    return (leaf.flags & row->flags) == row->flags ? NULL : "lookup finds other flags";
}

static void golden_check(const GoldenGroup *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        const Golden *row = &group->rows[i];
        uint64_t entry = 0;
        const char *defect = golden_defect(row, group->options, &entry);
        if (defect == NULL)
            continue;
        print_error("%s, row %u: %s, level %u, flags %#x: %s, %#018llx instead of %#018llx\n",
                    group->source, i, row->format->name, row->level, (unsigned)row->flags, defect,
                    (unsigned long long)entry, (unsigned long long)row->entry);
        fail();
    }
}

#define GOLDEN_CHECK(source, options, rows)                                                                \
    golden_check(&(GoldenGroup){source, options, rows, sizeof(rows) / sizeof *(rows)})

#endif
