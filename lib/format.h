/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_FORMAT_H
#define MEM_LIB_FORMAT_H

/*
 * What the engine knows of a CPU: a description of its page-table format, as data and a few pure
 * encoders, and the level arithmetic that follows from it.
 *
 * The engine's functions take `const MemFormat *` and are always inlined; every format instantiates them
 * once with its own constant (instance.h), and the compiler folds the description away.
 */

#include <mem/vmap.h>

#define MEM_INLINE   static inline __attribute__((always_inline))
#define MEM_NOINLINE __attribute__((noinline))
#define MEM_COLD     __attribute__((noinline, cold))

#define MEM_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define MEM_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Asks the compiler to unroll a loop over levels, so that each step sees its level as a constant. */
#define MEM_UNROLL_LEVELS _Pragma("GCC unroll 8")

/* A raw page-table entry. */
typedef uint64_t MemEntry;

/* An entry is of exactly one kind. EMPTY is the all-zero entry, in every format. */
typedef enum { ENTRY_EMPTY, ENTRY_LEAF, ENTRY_TABLE } EntryKind;

typedef struct mem_level {
    uint8_t shift;      /* an entry covers 1 << shift bytes */
    uint8_t index_bits; /* a table holds 1 << index_bits entries */
    bool leaf;          /* an entry of this level may be a leaf */
    uint8_t run;        /* 1 << run aligned neighbours may be marked as one contiguous run; 0: none */
} MemLevel;

/*
 * One page-table format. An entry of level n covers 1 << levels[n].shift bytes; a table of level n holds
 * entries of level n, and is linked by an entry of level n + 1. Addresses below are "linear": virtual
 * addresses without their sign extension, so that each half of the space is one range without a hole.
 */
typedef struct mem_format {
    const char *name;
    uint8_t va_bits;
    bool va_sign_extended;     /* addresses are canonical: the bits above copy the topmost one; */
    bool va_upper;             /* or they are all set; otherwise they are all clear */
    bool second_stage;         /* it translates what guests take for physical addresses */
    bool absent_may_be_cached; /* by some CPUs */
    uint8_t pa_bits_max;
    /*
     * An address that is n higher makes an entry that is n >> address_shift higher, as long as the bits from
     * `linear_bits` up stay the same: those may stand elsewhere.
     */
    uint8_t linear_bits;
    uint8_t address_shift;
    uint8_t top; /* level of the root's entries */
    MemLevel levels[MEM_VMAP_LEVELS_MAX];

    /*
     * Where an entry that links a table counts the entries in use of that table, modulo 1 << count_bits,
     * in bits that the hardware ignores. Emptiness is then known without looking at the table.
     */
    uint8_t count_shift;
    uint8_t count_bits;

    /* Bits that stand at the same place in the leaves of every level. */
    MemEntry accessed;      /* what the MMU sets */
    MemEntry global, local; /* which of them says whether the leaf is global: one is 0 */
    MemEntry rights;        /* the bits that protect changes, */
    MemEntry grants;        /* of which these grant a right where they are set, the others where clear; */
    MemEntry trades;        /* and these take one away whichever way they change */
    bool rights_are_plain;  /* to change them changes nothing else */

    /*
     * Contiguous runs: neighbours that a TLB may hold as one leaf. All bits of `contiguous` are set in each
     * entry of a run, and never all in another leaf. The entries of a run differ in what the MMU has noted, and,
     * unless `runs_are_equal`, in their addresses; otherwise each has the address of the run.
     */
    MemEntry contiguous;
    bool runs_are_equal;
    bool runs_are_optional; /* CPUs may lack them: only for a space whose options name their sizes */

    /* Software bits of a leaf: its mapping took no credits; it is device memory (whose index in the CPU's
     * memory-type table may be that of another type). */
    MemEntry no_reserve, device;

    int lacks;                 /* MemVmapFlags that mean nothing to it */
    bool updates_are_optional; /* CPUs may leave accessed and dirty to software: then map presets them */
    uint16_t type_indices;     /* bit n: the CPU has memory type n */
    uint8_t type_index[MEM_VMAP_TYPES]; /* the CPU's memory types after reset */

    EntryKind (*kind)(MemEntry entry, unsigned level);
    /* The kind that all of some entries have, which are `all` when ANDed and `any` when ORed: LEAF or TABLE; EMPTY
     * where they are not of one kind. Null: that does not tell. */
    EntryKind (*common_kind)(MemEntry all, MemEntry any, unsigned level);
    MemEntry (*table)(usize phys, unsigned level); /* links the table at `phys`, its count zero */
    usize (*table_phys)(MemEntry entry, unsigned level);
    MemEntry (*address)(usize phys, unsigned level); /* of a leaf, to be combined with its attributes */
    usize (*leaf_phys)(MemEntry leaf, unsigned level);
    MemEntry (*attributes)(MemEntry leaf, unsigned level); /* all but the address bits */
    MemEntry (*relevel)(MemEntry attributes, unsigned from, unsigned to);
    MemEntry (*with_rights)(MemEntry leaf, MemEntry rights); /* all else stays, the dirty state too */
    bool (*is_dirty)(MemEntry leaf);
    MemEntry (*with_dirty)(MemEntry attributes); /* as when the MMU has noted a write */
    MemEntry (*never_used)(MemEntry attributes); /* as when it has noted nothing */
    MemEntry (*encode)(int flags, unsigned level, unsigned type_index);
    int (*decode)(MemEntry leaf);                           /* flags but for the memory type */
    unsigned (*decode_type)(MemEntry leaf, unsigned level); /* index into the CPU's memory types */
    MemEntry (*reserved)(unsigned level);                   /* bits of a leaf that must be zero */

    /* Orders the stores that made translations before the caller's accesses through them. Null: CPUs walk again
     * before they fault. */
    void (*made)(void);

    /*
     * Break-before-make: what must stand in place of `before` until all CPUs have forgotten it, and then
     * `after` may be stored; `after` itself where it may be at once. To all functions above an interim entry is
     * what it stands for: only the MMU takes it for another. Null: never needed.
     */
    MemEntry (*interim)(MemEntry before, MemEntry after, unsigned level, unsigned break_level);
} MemFormat;

struct mem_snapshot;

/* A format as the API sees it: its description, and the engine's hot calls specialised for it. */
struct mem_vmap_format {
    const MemFormat *description;
    int (*map)(MemVmap *vmap, usize phys, usize virt, usize len, int flags);
    void (*unmap)(MemVmap *vmap, usize virt, usize len);
    void (*batch_unmap)(MemVmap *vmap, MemVmapBatch *batch, usize virt, usize len);
    int (*protect)(MemVmap *vmap, MemVmapBatch *batch, usize virt, usize len, int flags);
    int (*find)(MemVmap *vmap, usize virt, struct mem_snapshot *found);
    usize (*translate)(MemVmap *vmap, usize virt);
};

/* Level arithmetic: pure, and the same for every format. */

MEM_INLINE usize level_size(const MemFormat *format, unsigned level)
{
    return (usize)1 << format->levels[level].shift;
}

MEM_INLINE usize level_mask(const MemFormat *format, unsigned level)
{
    return level_size(format, level) - 1;
}

/* How many entries a table of this level holds. */
MEM_INLINE unsigned level_entries(const MemFormat *format, unsigned level)
{
    return 1u << format->levels[level].index_bits;
}

MEM_INLINE unsigned level_index(const MemFormat *format, unsigned level, usize at)
{
    return (unsigned)(at >> format->levels[level].shift) & (level_entries(format, level) - 1);
}

/* The size of a table page: every table of these formats fills one page. */
MEM_INLINE usize table_size(const MemFormat *format)
{
    return sizeof(MemEntry) << format->levels[0].index_bits;
}

/* Whether the block at `at` of this level begins there and lies within a range that ends with `last`. */
MEM_INLINE bool block_within(const MemFormat *format, unsigned level, usize at, usize last)
{
    usize mask = level_mask(format, level);
    return (at & mask) == 0 && (at | mask) <= last;
}

/* Blocks of this level that lie wholly within [first, last]. */
MEM_INLINE usize blocks_within(const MemFormat *format, unsigned level, usize first, usize last)
{
    unsigned shift = format->levels[level].shift;
    usize begin = (first >> shift) + ((first & level_mask(format, level)) != 0);
    usize end = (last >> shift) + ((last & level_mask(format, level)) == level_mask(format, level));
    return end > begin ? end - begin : 0;
}

/* Blocks of this level that [first, last] touches. */
MEM_INLINE usize blocks_touched(const MemFormat *format, unsigned level, usize first, usize last)
{
    unsigned shift = format->levels[level].shift;
    return (last >> shift) - (first >> shift) + 1;
}

/* The count field of an entry that links a table. */
MEM_INLINE MemEntry count_mask(const MemFormat *format)
{
    return (((MemEntry)1 << format->count_bits) - 1) << format->count_shift;
}

/* What it counts. */
MEM_INLINE unsigned count_of(const MemFormat *format, MemEntry entry)
{
    return (unsigned)((entry & count_mask(format)) >> format->count_shift);
}

/* Whether the count field can count all entries of a table of this level. */
MEM_INLINE bool count_is_exact(const MemFormat *format, unsigned level)
{
    return format->count_bits > format->levels[level].index_bits;
}

/*
 * `entry` with `change` (which may be negative) added to the count of the table that it links; that stays between 0
 * and all of the table's entries.
 */
MEM_INLINE MemEntry count_add(const MemFormat *format, MemEntry entry, unsigned change)
{
    MemEntry mask = count_mask(format);
    MemEntry sum = entry + ((MemEntry)(int64_t)(int32_t)change << format->count_shift);
    if (count_is_exact(format, 0) && count_is_exact(format, 1))
        return sum; /* it cannot leave the field */
    return (entry & ~mask) | (sum & mask);
}

/* Whether one of the leaves that were ORed to `any` and ANDed to `all` is global. */
MEM_INLINE bool leaves_global(const MemFormat *format, MemEntry any, MemEntry all)
{
    return format->local != 0 ? (all & format->local) == 0 : (any & format->global) != 0;
}

#endif
