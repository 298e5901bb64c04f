/* SPDX-License-Identifier: MIT */
#include "tests/support/rawwalk.h"

#define ENTRIES 512

/* Bits 51:12 of an entry that links a table. */
#define TABLE_ADDRESS 0x000ffffffffff000ull

/* Bits that must be 0: PWT, PCD, PS and NX, which would restrict or change everything below. */
#define TABLE_FORBIDDEN  (RAW_PWT | RAW_PCD | RAW_PS | RAW_NX)
#define TABLE_PERMISSIVE (RAW_P | RAW_RW | RAW_US | RAW_A)

/* Of large leaves: bits 20:13 of 2 MiB, bits 29:13 of 1 GiB (tables 4-16 and 4-18). */
#define RESERVED_2M 0x00000000001fe000ull
#define RESERVED_1G 0x000000003fffe000ull

/* What a leaf maps, by level: bits 51:12, 51:21, 51:30. */
static const uint64_t leaf_address[] = {0x000ffffffffff000ull, 0x000fffffffe00000ull,
                                        0x000fffffc0000000ull};
static const uint64_t leaf_reserved[] = {0, RESERVED_2M, RESERVED_1G};
static const uint64_t leaf_offset[] = {0xfff, 0x1fffff, 0x3fffffff};

static uint64_t *table_at(const RawTree *tree, uint64_t phys)
{
    return (uint64_t *)(tree->direct_map + (size_t)phys);
}

static unsigned slot_index(size_t virt, unsigned level)
{
    return (virt >> (12 + 9 * level)) % ENTRIES;
}

static bool is_leaf(uint64_t entry, unsigned level)
{
    return (entry & RAW_P) && (level == 0 || (entry & RAW_PS));
}

static bool is_table(uint64_t entry, unsigned level)
{
    return (entry & RAW_P) && !is_leaf(entry, level);
}

uint64_t *raw_slot(const RawTree *tree, size_t virt, unsigned level)
{
    uint64_t table = tree->root;
    for (unsigned at = tree->levels - 1;; at--) {
        uint64_t *slot = &table_at(tree, table)[slot_index(virt, at)];
        if (at == level)
            return slot;
        if (!is_table(*slot, at))
            return NULL;
        table = *slot & TABLE_ADDRESS;
    }
}

RawWalk raw_walk(const RawTree *tree, size_t virt)
{
    RawWalk walk = {.level = tree->levels - 1};
    for (;; walk.level--) {
        uint64_t entry = *raw_slot(tree, virt, walk.level);
        walk.path[walk.level] = entry;
        if (!is_table(entry, walk.level))
            break;
    }
    uint64_t entry = walk.path[walk.level];
    walk.leaf = is_leaf(entry, walk.level) && walk.level <= 2;
    if (walk.leaf)
        walk.phys = (entry & leaf_address[walk.level]) | (virt & leaf_offset[walk.level]);
    return walk;
}

/* Visits each entry of each table below `table`; the number of levels bounds the recursion. */
typedef void (*Visit)(void *context, uint64_t entry, unsigned level);

static void visit_table(const RawTree *tree, uint64_t table, unsigned level, Visit visit, void *context)
{
    const uint64_t *entries = table_at(tree, table);
    for (unsigned i = 0; i < ENTRIES; i++) {
        visit(context, entries[i], level);
        if (is_table(entries[i], level))
            visit_table(tree, entries[i] & TABLE_ADDRESS, level - 1, visit, context);
    }
}

static void visit_all(const RawTree *tree, Visit visit, void *context)
{
    visit_table(tree, tree->root, tree->levels - 1, visit, context);
}

/* FNV-1a, an entry at a time; absent entries count as well, or a moved one would not show. */
static void hash_entry(void *context, uint64_t entry, unsigned level)
{
    uint64_t *hash = context;
    *hash = (*hash ^ entry ^ level) * 0x100000001b3ull;
    *hash ^= *hash >> 29;
}

uint64_t raw_hash(const RawTree *tree)
{
    uint64_t hash = 0xcbf29ce484222325ull ^ tree->root;
    visit_all(tree, hash_entry, &hash);
    return hash;
}

static void count_table(void *context, uint64_t entry, unsigned level)
{
    size_t *tables = context;
    *tables += is_table(entry, level);
}

size_t raw_tables(const RawTree *tree)
{
    size_t tables = 1;
    visit_all(tree, count_table, &tables);
    return tables;
}

static void count_leaf(void *context, uint64_t entry, unsigned level)
{
    size_t *leaves = context;
    leaves[level] += is_leaf(entry, level);
}

void raw_leaves(const RawTree *tree, size_t leaves[RAW_LEVELS_MAX])
{
    for (unsigned level = 0; level < RAW_LEVELS_MAX; level++)
        leaves[level] = 0;
    visit_all(tree, count_leaf, leaves);
}

static const char *entry_defect(uint64_t entry, unsigned level)
{
    if (!(entry & RAW_P))
        return entry == 0 ? NULL : "an absent entry is not zero";
    if (!is_leaf(entry, level)) {
        if ((entry & TABLE_PERMISSIVE) != TABLE_PERMISSIVE)
            return "a parent is not permissive and accessed";
        return entry & TABLE_FORBIDDEN ? "a parent restricts what is below it" : NULL;
    }
    if (level > 2)
        return "a leaf where the level has none";
    return entry & leaf_reserved[level] ? "a reserved bit of a leaf is set" : NULL;
}

static void find_defect(void *context, uint64_t entry, unsigned level)
{
    const char **defect = context;
    if (!*defect)
        *defect = entry_defect(entry, level);
}

static bool is_empty(const uint64_t *entries)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        if (entries[i] != 0)
            return false;
    return true;
}

static bool has_empty_table(const RawTree *tree, uint64_t table, unsigned level)
{
    const uint64_t *entries = table_at(tree, table);
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (!is_table(entries[i], level))
            continue;
        uint64_t child = entries[i] & TABLE_ADDRESS;
        if (is_empty(table_at(tree, child)) || has_empty_table(tree, child, level - 1))
            return true;
    }
    return false;
}

const char *raw_defect(const RawTree *tree)
{
    const char *defect = NULL;
    visit_all(tree, find_defect, &defect);
    if (!defect && has_empty_table(tree, tree->root, tree->levels - 1))
        defect = "an empty table is linked";
    return defect;
}
