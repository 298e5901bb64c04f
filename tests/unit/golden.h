/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

/*
 * Golden entries: one leaf, or one contiguous run of leaves, is mapped by the public calls, and every raw entry on the
 * way to it is compared with a value worked out by hand from the manual. The way down is walked here, with each
 * test's own constants. Then lookup must find the leaf, and verify nothing but each reserved bit that is set by hand.
 * All of it twice, in a space of one CPU and in one of several. A row may be for several formats that encode alike:
 * then it is tried, and counted, for each.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mem/vmap.h>

/* The flags of rows, in short. */
enum {
    W = MEM_VMAP_WRITE,
    X = MEM_VMAP_EXEC,
    U = MEM_VMAP_USER,
    G = MEM_VMAP_GLOBAL,
    A = MEM_VMAP_ACCESSED,
    D = MEM_VMAP_DIRTY,
    NR = MEM_VMAP_NO_RESERVE,
    WT = MEM_VMAP_WRITE_THROUGH,
    UC = MEM_VMAP_UNCACHED,
    WC = MEM_VMAP_WRITE_COMBINING,
    DEV = MEM_VMAP_DEVICE,
};

enum { GOLDEN_LEVELS = 5, GOLDEN_PAGES = 16, GOLDEN_PAGE_MAX = 65536, GOLDEN_ENOUGH = 20 };

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
    unsigned run[GOLDEN_LEVELS];        /* so many leaves are a contiguous run, */
    uint64_t step[GOLDEN_LEVELS];       /* and by so much their entries differ, one after the other */
    uint64_t reserved[GOLDEN_LEVELS];   /* what must be zero in a leaf, for verify to find */
    usize ones;                         /* what all its addresses have above their width */
    unsigned rows;                      /* how many were tried */
} GoldenFormat;

/* One leaf, or the first of a run, and what its entry must be without the bits that belong to software. */
typedef struct golden {
    GoldenFormat *format; /* null: each of the group's */
    unsigned level;
    usize virt, phys;
    int flags;
    uint64_t entry;
} Golden;

typedef enum golden_stage { GOLDEN_FIRST_STAGE, GOLDEN_SECOND_STAGE } GoldenStage;

/* Leaves, or contiguous runs; or leaves that are mapped with other flags first, and then protected. */
typedef enum golden_kind { GOLDEN_LEAVES, GOLDEN_RUNS, GOLDEN_PROTECTED } GoldenKind;

/* Rows of one section of a manual, for spaces made with the same options. */
typedef struct golden_group {
    const char *source;
    GoldenKind kind;
    const MemVmapOptions *options; /* null: the defaults */
    GoldenFormat *const *formats;  /* for rows that name none; ends with null */
    const Golden *rows;
    unsigned count;
    int before; /* of what is protected, the flags that it is mapped with */
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

static uint64_t *golden_slot(const GoldenFormat *format, usize table, usize virt, unsigned level)
{
    assert_true(table - format->tables < sizeof golden_memory);
    uint64_t *entries = (uint64_t *)(&golden_memory[0][0] + (table - format->tables));
    return &entries[virt >> format->shift[level] & ((1u << format->index_bits[level]) - 1)];
}

/* Follows an address down to its entry. Null: what links a table on the way, `*entry`, is not a link and no more. */
static uint64_t *golden_walk(const MemVmap *vmap, const GoldenFormat *format, usize virt, unsigned end,
                             uint64_t *entry)
{
    usize table = mem_vmap_root(vmap);
    for (unsigned level = format->levels - 1; level > end; level--) {
        *entry = *golden_slot(format, table, virt, level);
        if ((*entry & ~(format->link_address | format->link_software)) != format->link)
            return NULL;
        table = format->target(*entry);
    }
    uint64_t *slot = golden_slot(format, table, virt, end);
    *entry = *slot;
    return slot;
}

/* A row, tried with one of its formats. */
typedef struct golden_trial {
    const GoldenFormat *format;
    const Golden *row;
    const GoldenGroup *group;
    usize virt;
    unsigned entries; /* how many it has */
    bool beside;      /* other CPUs run the space: entries are updated as they demand */
} GoldenTrial;

/* Null, or what is wrong with one of the entries; then `*entry` is the last that was read. */
static const char *golden_entries_defect(const MemVmap *vmap, const GoldenTrial *trial, uint64_t *entry)
{
    const GoldenFormat *format = trial->format;
    unsigned level = trial->row->level;
    for (unsigned i = 0; i < trial->entries; i++) {
        usize virt = trial->virt + ((usize)i << format->shift[level]);
        if (golden_walk(vmap, format, virt, level, entry) == NULL)
            return "a wrong link";
        if ((*entry & ~format->leaf_software) != trial->row->entry + i * format->step[level])
            return i == 0 ? "a wrong entry" : "a wrong entry in the run";
    }
    return NULL;
}

/* Null, or what verify overlooks when one bit after the other of the first entry is set that must not be. */
static const char *golden_oversight(MemVmap *vmap, const GoldenTrial *trial, uint64_t *entry)
{
    unsigned level = trial->row->level;
    uint64_t *slot = golden_walk(vmap, trial->format, trial->virt, level, entry);
    MemVmapDefect defect;
    if (mem_vmap_verify(vmap, &defect) != 0)
        return "verify finds what is not there";
    for (uint64_t left = trial->format->reserved[level]; left != 0; left &= left - 1) {
        *slot ^= left & -left;
        *entry = *slot;
        int result = mem_vmap_verify(vmap, &defect);
        *slot ^= left & -left;
        if (result != MEM_ECORRUPT || strcmp(defect.rule, "reserved bits are zero") != 0)
            return "verify does not find a reserved bit";
    }
    return NULL;
}

static void golden_tell(void *context, const MemVmapPlan *plan)
{
    assert_non_null(context);
    assert_non_null(plan);
}

static MemVmapPort golden_port(GoldenTables *tables, const GoldenTrial *trial)
{
    memset(golden_memory, 0, sizeof golden_memory);
    return (MemVmapPort){.page_get = golden_page_get,
                         .direct_map = (usize)golden_memory - tables->format->tables,
                         .invalidate_here = golden_tell,
                         .invalidate_there = trial->beside ? golden_tell : NULL,
                         .context = tables};
}

/* Makes what the row has. Null, or what went wrong. */
static const char *golden_make(MemVmap *vmap, const GoldenTrial *trial, usize size)
{
    const Golden *row = trial->row;
    bool protect = trial->group->kind == GOLDEN_PROTECTED;
    int unpaid = row->level > 0 ? MEM_VMAP_NO_RESERVE : 0; /* there is no memory to split large leaves */
    int flags = (protect ? trial->group->before : row->flags) | unpaid;
    if (mem_vmap_map(vmap, row->phys, trial->virt, size, flags) != 0)
        return "map refuses it";
    if (protect && mem_vmap_protect(vmap, trial->virt, size, row->flags) != 0)
        return "protect refuses it";
    return NULL;
}

/* The same, in a new space, and what lookup and verify say of it. */
static const char *golden_defect(const GoldenTrial *trial, uint64_t *entry)
{
    const Golden *row = trial->row;
    GoldenTables tables = {.format = trial->format};
    MemVmapPort port = golden_port(&tables, trial);
    MemVmap vmap;
    MemVmapLeaf leaf;
    usize size = (usize)trial->entries << trial->format->shift[row->level];
    if (mem_vmap_init(&vmap, &port, mem_vmap_format_find(trial->format->name), trial->group->options) != 0)
        return "there is no such space";
    const char *defect = golden_make(&vmap, trial, size);
    if (defect == NULL)
        defect = golden_entries_defect(&vmap, trial, entry);
    if (defect == NULL)
        defect = golden_oversight(&vmap, trial, entry);
    if (defect != NULL)
        return defect;
    if (mem_vmap_lookup(&vmap, trial->virt, &leaf) != 0 || leaf.phys != row->phys || leaf.size != size)
        return "lookup finds another leaf";
    return (leaf.flags & row->flags) == row->flags ? NULL : "lookup finds other flags";
}

static void golden_try(const GoldenGroup *group, GoldenFormat *format, const Golden *row)
{
    GoldenTrial trial = {.format = format, .row = row, .group = group, .virt = row->virt | format->ones};
    trial.entries = group->kind == GOLDEN_RUNS ? format->run[row->level] : 1;
    uint64_t entry = 0;
    const char *defect = golden_defect(&trial, &entry);
    trial.beside = true;
    if (defect == NULL)
        defect = golden_defect(&trial, &entry);
    format->rows++;
    if (defect == NULL)
        return;
    print_error("%s, row %u: %s, level %u, flags %#x: %s, %#018llx; the row has %#018llx\n", group->source,
                (unsigned)(row - group->rows), format->name, row->level, (unsigned)row->flags, defect,
                (unsigned long long)entry, (unsigned long long)row->entry);
    fail();
}

static void golden_check(const GoldenGroup *group)
{
    for (const Golden *row = group->rows; row < group->rows + group->count; row++) {
        if (row->format != NULL)
            golden_try(group, row->format, row);
        else
            for (GoldenFormat *const *format = group->formats; *format != NULL; format++)
                golden_try(group, *format, row);
    }
}

#define GOLDEN_GROUP(source, kind, options, formats, rows, before)                                         \
    golden_check(                                                                                          \
        &(GoldenGroup){source, kind, options, formats, rows, sizeof(rows) / sizeof *(rows), before})

/* Leaves, or runs, each row for the format that it names, or else for each of `formats`. */
#define GOLDEN_CHECK(source, options, rows)      GOLDEN_SHARED(source, options, NULL, rows)
#define GOLDEN_CHECK_RUNS(source, options, rows) GOLDEN_SHARED_RUNS(source, options, NULL, rows)
#define GOLDEN_SHARED(source, options, formats, rows)                                                      \
    GOLDEN_GROUP(source, GOLDEN_LEAVES, options, formats, rows, 0)
#define GOLDEN_SHARED_RUNS(source, options, formats, rows)                                                 \
    GOLDEN_GROUP(source, GOLDEN_RUNS, options, formats, rows, 0)
/* Leaves that are mapped with `before`, and protected with the flags of the row. */
#define GOLDEN_SHARED_PROTECTED(source, options, formats, before, rows)                                    \
    GOLDEN_GROUP(source, GOLDEN_PROTECTED, options, formats, rows, before)

static GoldenFormat *golden_find(GoldenFormat *const *formats, const char *name)
{
    while (*formats != NULL && strcmp((*formats)->name, name) != 0)
        formats++;
    return *formats;
}

static bool golden_belongs(const MemVmapFormatInfo *info, const char *prefix, GoldenStage stage)
{
    return strncmp(info->name, prefix, strlen(prefix)) == 0 &&
           info->second_stage == (stage == GOLDEN_SECOND_STAGE);
}

/* The last test of a file: every format of the build that belongs here had its rows, in the tests before. */
static void golden_assert_enough(GoldenFormat *const *formats, const char *prefix, GoldenStage stage)
{
    MemVmapFormatInfo info;
    for (unsigned i = 0; mem_vmap_format_describe(mem_vmap_format_at(i), &info) == 0; i++) {
        if (!golden_belongs(&info, prefix, stage))
            continue;
        const GoldenFormat *format = golden_find(formats, info.name);
        unsigned rows = format == NULL ? 0 : format->rows;
        print_message("%s: %u golden entries\n", info.name, rows);
        assert_true(rows >= GOLDEN_ENOUGH);
    }
}

#endif
