/* SPDX-License-Identifier: MIT */
#ifndef MEM_VMAP_H
#define MEM_VMAP_H

/*
 * MemVmap: the page tables of a virtual address space.
 *
 * Rules that hold for every call:
 *
 * - Addresses and lengths are in bytes. A range [virt, virt + len) is widened to whole pages, so map
 *   and unmap with the same arguments are inverse. The last page of the address space is a page like
 *   any other: inside, a range ends with its last byte and nothing wraps.
 * - A call that returns a negative code (mem/errors.h) has changed nothing.
 * - Any argument may be wrong. A null or never made space is MEM_EINVAL (unmap and switch_to do nothing,
 *   translate misses); no argument makes the library crash, assert or loop.
 * - No call allocates anything but table pages, and those only from the port.
 *
 *   call                                       takes the lock   calls the port's
 *   translate, lookup, walk                    only after MEM_VMAP_READ_RETRIES collisions
 *                                                               -
 *   map                                        yes              page_get, page_put; invalidate_* while
 *                                                               something of the range waits for a flush
 *   unmap, batch unmap                         yes              page_get (NO_RESERVE), page_put,
 *                                                               invalidate_*, lost
 *   protect, batch protect                     yes              page_get (NO_RESERVE), page_put,
 *                                                               invalidate_* (not in a batch)
 *   collapse                                   yes              page_get, page_put, invalidate_*
 *   batch end                                  yes              page_put, invalidate_*, lost
 *   cost, unmap_cost, stats, verify            yes              -
 *   reserve                                    yes              page_get, page_put
 *   switch_to                                  no               root_load; here, execute, relax of `cpus`
 *   init                                       no               page_get
 *   destroy                                    yes              page_put, invalidate_*
 *
 * With `port.cpus`, invalidate_* stands for the hooks of MemVmapCpuPort; translate and lookup then call `here`.
 */

#include <mem/errors.h>
#include <mem/vmap_cpu.h>
#include <mem/vmap_port.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Flags of a mapping. READ is implied. 0 is the least: kernel, read-only, no execute, write-back.
 *
 * WRITE with EXEC is refused (MEM_EFLAGS) unless the space was made with `allow_write_exec`.
 * The memory type is one value, not a set of bits (compare flags & MEM_VMAP_TYPE_MASK).
 */
typedef enum mem_vmap_flags {
    MEM_VMAP_READ = 0,
    MEM_VMAP_WRITE = 1 << 0,
    MEM_VMAP_EXEC = 1 << 1,
    MEM_VMAP_USER = 1 << 2,
    MEM_VMAP_GLOBAL = 1 << 3, /* the same in all spaces: survives a switch */

    MEM_VMAP_WRITE_BACK = 0 << 4,
    MEM_VMAP_WRITE_THROUGH = 1 << 4,
    MEM_VMAP_UNCACHED = 2 << 4,
    MEM_VMAP_WRITE_COMBINING = 3 << 4,
    MEM_VMAP_DEVICE = 4 << 4,
    MEM_VMAP_TYPE_MASK = 7 << 4,

    MEM_VMAP_CAP_4K = 1 << 8, /* no leaf larger than a page, */
    MEM_VMAP_CAP_2M = 1 << 9, /* than 2 MiB: for this call only, not remembered; the smaller cap counts */

    /* Take no credits for splitting the large leaves of this mapping (see mem_vmap_unmap). */
    MEM_VMAP_NO_RESERVE = 1 << 10,

    /* What the MMU noted. lookup and walk report them; map presets them; protect keeps what is there. */
    MEM_VMAP_ACCESSED = 1 << 12,
    MEM_VMAP_DIRTY = 1 << 13,
} MemVmapFlags;

/* Memory types: (flags & MEM_VMAP_TYPE_MASK) >> MEM_VMAP_TYPE_SHIFT is below MEM_VMAP_TYPES. */
#define MEM_VMAP_TYPE_SHIFT 4
#define MEM_VMAP_TYPES      5

/* A value of MemVmapOptions.type_index: this memory type is not to be had. */
#define MEM_VMAP_TYPE_NONE 0xff

/* Levels count from 0 = page upwards, in every format. */
#define MEM_VMAP_LEVELS_MAX 5

/* A page-table format: what the entries of one kind of CPU look like. Found by name. */
typedef struct mem_vmap_format MemVmapFormat;

/* Which virtual addresses a format has, by the bits above its width. */
typedef enum mem_vmap_half {
    MEM_VMAP_LOWER, /* they are clear, */
    MEM_VMAP_UPPER, /* set, */
    MEM_VMAP_BOTH,  /* or copies of the topmost bit of the width: the halves are the ends of the space */
} MemVmapHalf;

/* One level of a format's tables. */
typedef struct mem_vmap_format_level {
    usize size;          /* what an entry covers, in bytes: the size of a leaf */
    bool leaf;           /* whether an entry may be a leaf */
    usize run;           /* what a contiguous run of such leaves covers; 0: there are none */
    unsigned index_bits; /* a table holds 1 << index_bits entries */
} MemVmapFormatLevel;

/* What a format has, at most: a CPU may have less (see MemVmapOptions). */
typedef struct mem_vmap_format_info {
    const char *name;
    unsigned virt_bits, phys_bits; /* widths of the addresses */
    MemVmapHalf half;
    bool second_stage; /* it translates what guests take for physical addresses */
    unsigned level_count;
    MemVmapFormatLevel levels[MEM_VMAP_LEVELS_MAX]; /* [0] is that of pages, the last that of the root */
    bool runs_optional;    /* CPUs may lack contiguous runs: the options of a space must name their sizes */
    int lacks;             /* flags that are MEM_ENOTSUP */
    bool updates_optional; /* CPUs may leave accessed and dirty bits to software: see hardware_updates */
    unsigned count_bits;   /* an entry that links a table counts its entries in so many bits, modulo */
    uint16_t type_indices; /* bit n: the CPU has memory type n */
    uint8_t type_index[MEM_VMAP_TYPES]; /* where each type is without options, or TYPE_NONE */
} MemVmapFormatInfo;

/*
 * What the CPU and the kernel want of a space. All zero is a good default: everything that the format
 * has, and the memory types as the CPU has them after reset.
 */
typedef struct mem_vmap_options {
    usize leaf_sizes;      /* sum of the leaf sizes that the CPU has, in bytes, with no gap between them but
                              * for the sizes of contiguous runs (AArch64; RISC-V: 64 KiB with Svnapot); 0: all
                              * that every CPU of the format has */
    unsigned phys_bits;    /* physical address width of the CPU; 0: the format's maximum */
    bool allow_write_exec; /* mappings that are both writable and executable are accepted */
    bool no_execute_missing; /* the CPU cannot forbid execution: only EXEC mappings are accepted,
                              * others are MEM_ENOTSUP */
    bool global_missing;     /* the CPU has no global entries: GLOBAL is MEM_ENOTSUP */
    bool hardware_updates; /* the CPU sets accessed and dirty bits by itself (RISC-V: Svadu; EPT: enabled in
                              * EPTP), so map does not preset them. x86-64 CPUs always do */
    /* AArch64: the least ID_AA64MMFR2_EL1.BBM of the CPUs. 0: a leaf whose size changes is broken, all CPUs forget
     * it, and it is made anew; 1: blocks still translate meanwhile (nT); 2: sizes change at once. An access to
     * what is broken faults; the handler that finds it mapped (mem_vmap_lookup) tries again. Others: not read. */
    unsigned break_level;
    /* MEM_VMAP_TYPES indices into the CPU's memory-type table (x86: PAT), by type, or TYPE_NONE, which
     * makes the type MEM_ENOTSUP. Null: the table as it is after reset. */
    const uint8_t *type_index;
    /* Free table pages to keep in the pool beyond what is owed; 0: MEM_VMAP_CACHE_PAGES;
     * MEM_VMAP_NO_CACHE: none. */
    usize cache_pages;
} MemVmapOptions;
#define MEM_VMAP_NO_CACHE ((usize)-1)

/* A leaf, as mem_vmap_lookup finds it. */
typedef struct mem_vmap_leaf {
    usize phys;     /* of the address that was asked for, its offset included */
    usize size;     /* of the leaf, in bytes; of the whole run where it is part of a contiguous one */
    int flags;      /* as mem_vmap_map takes them, plus ACCESSED and DIRTY */
    unsigned level; /* 0 = page */
} MemVmapLeaf;

/* A run of leaves of one level, contiguous in both address spaces, with the same flags. */
typedef struct mem_vmap_run {
    usize virt;
    usize phys;
    usize len;
    int flags;
    unsigned level;
} MemVmapRun;

/* Which leaves mem_vmap_walk reports: those with (flags & mask) == value. */
typedef struct mem_vmap_filter {
    int mask;
    int value;
} MemVmapFilter;

/* Called for each run; a result other than 0 ends the walk and is returned by it. */
typedef int (*MemVmapVisit)(void *context, const MemVmapRun *run);

typedef struct mem_vmap_stats {
    usize leaves[MEM_VMAP_LEVELS_MAX]; /* by level */
    usize tables;                      /* table pages reachable from the root, the root included */
    usize tables_waiting; /* unlinked by a batch that has not ended; not yet back in the pool */
    usize pool_free;      /* table pages in the pool */
    usize credits;        /* of which owed to the splits that unmaps may need */
    usize reserved;       /* of which put aside by mem_vmap_reserve */
    usize splits;         /* since init: large leaves split */
    usize collapses;      /* since init: tables joined into a leaf */
    usize shootdowns;     /* since init: plans executed */
    usize lost;           /* since init: NO_RESERVE leaves removed whole */
} MemVmapStats;

/* What mem_vmap_verify found broken. */
typedef struct mem_vmap_defect {
    const char *rule; /* the invariant, in words */
    usize virt;       /* first address below the entry or table */
    unsigned level;   /* of the entry */
    uint64_t entry;   /* its raw value */
} MemVmapDefect;

/* The free table pages of a space. Private. */
typedef struct mem_vmap_pool {
    usize free;     /* pages in it */
    usize credits;  /* of which owed to splits */
    usize reserved; /* of which put aside by mem_vmap_reserve */
    usize cache;    /* how many to keep beyond those */
    usize singles;  /* list of single pages, linked through their first word */
    usize bundles;  /* list of dropped tables that still hold the tables below them */
    usize open;     /* the bundle that is being taken apart */
    unsigned open_level, open_index;
} MemVmapPool;

struct mem_vmap_batch;

/* Tables that a space remembers for its writers, 32 bytes each: a power of two. Private. */
#define MEM_VMAP_WAYS 16

/* The table of the lowest level for one region, the entry that links it, and the one that links that. Private. */
typedef struct mem_vmap_way {
    usize region;                           /* the virtual address of it over its size, plus 1; 0: none */
    uint64_t *table, *parent, *grandparent; /* the last is null where that is the root */
} MemVmapWay;

/* Counts of freed tables that a space keeps, each for a part of its addresses. Private. */
#define MEM_VMAP_DROPS 16

/* An address space. The caller owns the memory; everything in it is private. */
typedef struct mem_vmap {
    const MemVmapFormat *format;
    usize root;   /* physical address of the root table */
    uint8_t miss; /* the miss flag of the last mem_vmap_translate */
    bool allow_write_exec, no_execute_missing;
    int lacks;           /* flags that are MEM_ENOTSUP */
    int presets;         /* flags that every mapping gets */
    bool has_global;     /* a global mapping was made once: dropped tables may hold some */
    bool has_unreserved; /* a leaf that took no credits was made once */
    uint8_t leaf_level;  /* the highest level whose leaves the CPU has */
    uint8_t runs;        /* bit n: contiguous runs of leaves of level n are made */
    uint8_t break_level;
    uint8_t type_index[MEM_VMAP_TYPES];
    bool caches_absent; /* its CPUs may have cached that there is nothing */
    bool alone;         /* no other CPU runs it: nobody sets accessed and dirty bits meanwhile */
    usize phys_last;    /* the last physical byte of the CPU */
    /* How often tables were taken back, by address: readers, and the software TLB, validate against it. */
    uint64_t drops[MEM_VMAP_DROPS];
    uint64_t id;                      /* among the spaces of its CPUs; from 1 */
    uint64_t asid;                    /* where ASIDs are the machine's: its own; 0 before the first load */
    MemVmapLedger ledger;             /* what its CPUs had to forget */
    MemVmapCpuSet loaded;             /* CPUs whose root it is */
    MemVmapCpuSet active;             /* of which those that are not idle; where ASIDs are the machine's:
                                       * those that may have cached something of it */
    MemVmapWay ways[MEM_VMAP_WAYS];   /* by region; under the lock, as are */
    int64_t page_flags;               /* the flags of the last map of pages, checked; no int: none */
    uint64_t page_attributes;         /* and what its entries had, but for their addresses */
    struct mem_vmap_batch *unflushed; /* batches whose flush has not ended */
    MemVmapPort port;
    MemVmapPool pool;
    usize tables, waiting;
    usize prepaid; /* of the credits: taken by a collapse under way, for leaves that it has yet to make */
    usize splits, collapses, shootdowns, lost;
} MemVmap;

/* A table that a batch has unlinked, with all that hangs below it; its entries are of `level`. Private. */
typedef struct mem_vmap_dropped {
    usize phys;
    usize pages;
    unsigned level;
    usize first, last; /* the addresses that it translated: walk caches may lead them there */
} MemVmapDropped;

/* A caller-owned batch, on the stack for example. Everything in it is private. */
typedef struct mem_vmap_batch {
    MemVmap *vmap;
    struct mem_vmap_batch *next; /* in the space's list of batches that wait for their flush */
    bool listed;
    bool supplied; /* the port was asked for pages, perhaps for more than are needed by now */
    bool starved;  /* the pages that the flush releases are needed at once */
    unsigned dropped_count;
    MemVmapPlan plan; /* what the CPUs must forget */
    MemVmapDropped dropped[MEM_VMAP_BATCH_TABLES];
    MemVmapRange lost; /* a leaf that could not be split, or stride 0 */
} MemVmapBatch;

/*
 * The format called `name` (for example "x86_64_4level"), or null where this build has none of that
 * name. Any context.
 */
const MemVmapFormat *mem_vmap_format_find(const char *name);

/* The `index`-th format of this build, from 0, or null beyond the last. Any context. */
const MemVmapFormat *mem_vmap_format_at(unsigned index);

/* The name of a format; "" for null. Any context. */
const char *mem_vmap_format_name(const MemVmapFormat *format);

/* Fills `*info`. 0, or MEM_EINVAL: an argument is null. Any context. */
int mem_vmap_format_describe(const MemVmapFormat *format, MemVmapFormatInfo *info);

/*
 * Makes an empty space in the caller's memory: takes one page for the root table. `format` null: the
 * build's first format. `options` null: the defaults. `port` and `options` are copied.
 *
 * 0; MEM_EINVAL: vmap, port or page_get is null, only one of lock and unlock is given, or `cpus` with hooks that
 * it replaces; MEM_ENOTSUP: the build has no format, it is not one of the CPUs' formats, or the options ask for a
 * leaf size, a physical width or a memory-type index that it lacks;
 * MEM_ENOMEM: no page for the root. After an error the space is as if never made.
 * Context: whatever page_get allows; nobody else may use `vmap` yet.
 */
int mem_vmap_init(MemVmap *vmap, const MemVmapPort *port, const MemVmapFormat *format,
                  const MemVmapOptions *options);

/*
 * Ends a space: unmaps everything, flushes where something was mapped, and gives every page back.
 * No CPU may have it loaded, no call on it may be under way and no batch open. Afterwards the space is
 * as if never made; destroying it again does nothing.
 */
void mem_vmap_destroy(MemVmap *vmap);

/*
 * The physical address that `virt` is mapped to, or 0 on a miss. Sets the miss flag on a miss and
 * clears it on a hit, so that physical address 0 can be told from a miss: see mem_vmap_missed.
 *
 * Lock-free: may be called while others map and unmap. After MEM_VMAP_READ_RETRIES collisions with calls that
 * free tables it takes the lock once; without lock hooks it goes on trying. It never answers from a mapping
 * whose unmap returned before it was called. The miss flag is one per space; where several threads
 * translate in one space, mem_vmap_lookup is the call to use.
 */
usize mem_vmap_translate(MemVmap *inner, usize virt);

/* The miss flag: whether the last mem_vmap_translate missed. True for a null or never made space. */
bool mem_vmap_missed(const MemVmap *vmap);

/*
 * Finds the leaf that maps `virt` and fills `*leaf` (which may be null). As lock-free as translate.
 * 0; MEM_EINVAL; MEM_ERANGE: the format has no such address; MEM_EMISS: not mapped. After an error
 * `*leaf` is unchanged.
 */
int mem_vmap_lookup(MemVmap *vmap, usize virt, MemVmapLeaf *leaf);

/*
 * Maps [virt, virt + len) to [phys, phys + len), with the largest leaves that the alignment of both
 * addresses, what is left of the range, the flags' caps and the CPU allow.
 *
 * All or nothing, and never seen half-failed by another CPU: everything is checked and every page taken
 * before the first entry is written. Absent to present needs no shootdown, unless a call that removed or
 * changed something there, or dropped a table there, has not ended its flush. Where it returned, this and every
 * other CPU can use the mapping.
 * Large leaves take credits in the pool for the tables that splitting them could need, unless
 * MEM_VMAP_NO_RESERVE is given: 1 page for 2 MiB, 513 for 1 GiB, as much as small leaves would cost.
 *
 * 0; MEM_EINVAL: len is 0; MEM_EFLAGS: unknown flags, WRITE with EXEC in a space that refuses it;
 * MEM_ENOTSUP: a memory type or right that the CPU lacks; MEM_EALIGN: virt and phys differ in
 * their offset within a page; MEM_ERANGE: virt wraps, is not canonical or crosses the hole, or phys
 * exceeds the CPU's width; MEM_EOVERLAP: a page of the range is mapped; MEM_ENOMEM.
 */
int mem_vmap_map(MemVmap *inner, usize phys, usize virt, usize len, int flags);

/*
 * Removes whatever is mapped in [virt, virt + len). Never fails. Holes are fine, and addresses that the
 * format does not have are holes; a range that wraps ends at the last byte of the address space; len 0
 * does nothing.
 *
 * When it returns no CPU can use the old translations, also where another call has removed them and has not
 * yet flushed. A leaf that the range cuts is split: what remains keeps its address, rights, memory type,
 * accessed and dirty bits. Tables that become empty go back.
 * Splitting a NO_RESERVE leaf may find no page; then that whole leaf goes and port.lost is told.
 */
void mem_vmap_unmap(MemVmap *inner, usize virt, usize len);

/*
 * Makes the space current on the calling CPU; also again, after mem_vmap_cpu_idle. With `port.cpus`: gives it an
 * ASID where the CPU has them, and flushes only what this CPU may have of the space that is stale by now.
 * Without: hands its root to port.root_load. The caller makes sure that the code and data in use are mapped
 * there. Context: interrupts off. Does nothing on a CPU that has not joined.
 */
void mem_vmap_switch_to(MemVmap *inner);

/* Whether a CPU has the space loaded, be it idle: then it must not be destroyed. False without `port.cpus`. */
bool mem_vmap_is_loaded(const MemVmap *vmap);

/* The physical address of the root table; MEM_VMAP_NO_PAGE for a null or never made space. */
usize mem_vmap_root(const MemVmap *vmap);

/*
 * Gives [virt, virt + len) new rights: WRITE, EXEC, USER and GLOBAL become what `flags` says. Physical
 * address, memory type, NO_RESERVE, accessed and dirty bits stay; those bits of `flags`, and the caps, are
 * accepted, so that flags that were read can be written back, and ignored. A leaf that the range cuts is split.
 * Flushes only where a right is taken away (or a global entry becomes local) or a leaf is split.
 *
 * 0; MEM_EINVAL: len is 0; MEM_EFLAGS and MEM_ENOTSUP as for map; MEM_ERANGE; MEM_EMISS: a page of the
 * range is not mapped; MEM_ENOMEM: a NO_RESERVE leaf cannot be split. All or nothing.
 */
int mem_vmap_protect(MemVmap *vmap, usize virt, usize len, int flags);

/*
 * Visits the mapped parts of [virt, virt + len) in ascending order as maximal runs, clipped to the range.
 * As unmap: widened to pages, holes are fine, a range that wraps ends at the last byte.
 * `filter` null: everything. `visit` runs without the lock and may call any function on this space; the
 * walk then sees some changes and not others, but each leaf was there at one moment.
 * 0, MEM_EINVAL (visit is null), or what `visit` returned.
 */
int mem_vmap_walk(MemVmap *vmap, usize virt, usize len, const MemVmapFilter *filter, MemVmapVisit visit,
                  void *context);

/*
 * Joins, wherever a whole block in [virt, virt + len) is mapped by equal leaves that are contiguous and
 * aligned, those leaves into one larger leaf; again at the next level. Accessed: only if all were. Dirty:
 * if any was (and where other CPUs may write meanwhile, whatever is writable: no write is ever lost).
 * Never needed for correctness. Translations stay what they were throughout (but see break_level). What makes
 * contiguous runs becomes such.
 * 0, also when there is nothing to join; MEM_EINVAL: len is 0; MEM_ERANGE; MEM_ENOMEM: no page for the
 * credits of the larger leaves. All or nothing.
 */
int mem_vmap_collapse(MemVmap *vmap, usize virt, usize len);

/*
 * How many pages the same mem_vmap_map call would take now: its tables and its credits. Fills `*pages`.
 * Errors as for map (but for MEM_ENOMEM).
 */
int mem_vmap_cost(MemVmap *vmap, usize phys, usize virt, usize len, int flags, usize *pages);

/*
 * How many pages beyond those already owed to it the same mem_vmap_unmap (or protect) call would take
 * now: 0 but for NO_RESERVE leaves that the range cuts. Fills `*pages`. 0 or MEM_EINVAL.
 */
int mem_vmap_unmap_cost(MemVmap *vmap, usize virt, usize len, usize *pages);

/*
 * Puts `pages` free pages aside, so that maps, and splits of NO_RESERVE leaves by unmap and protect, that need
 * no more than that cannot fail for want of memory. They use it up; a later call sets the number anew, 0
 * gives the pages back.
 * 0, MEM_EINVAL, or MEM_ENOMEM (and what was put aside before stays).
 */
int mem_vmap_reserve(MemVmap *vmap, usize pages);

/* Fills `*stats`. Takes time in proportion to the tables (not to the pages). 0 or MEM_EINVAL. */
int mem_vmap_stats(MemVmap *vmap, MemVmapStats *stats);

/*
 * Checks every invariant of the tree and of the pool, reading every table. For tests and debugging.
 * 0, MEM_EINVAL, or MEM_ECORRUPT with `*defect` (which may be null) filled. Needs no page, changes nothing.
 */
int mem_vmap_verify(MemVmap *vmap, MemVmapDefect *defect);

/* A text for a code of mem/errors.h; never null. Any context. */
const char *mem_vmap_strerror(int code);

/*
 * Batches: unmaps and protects that share one shootdown, at mem_vmap_batch_end or earlier when the batch
 * overflows. Until the end, CPUs may still use the old translations: the frames and the virtual addresses
 * of what was unmapped must not be reused before. Tables wait in the batch and return to the pool then.
 *
 * A batch stays where it is from begin to end: the space knows its address. It belongs to one thread; several
 * batches on one space may be open at a time. Every batch that was begun must be ended, and before the space is
 * destroyed.
 */
int mem_vmap_batch_begin(MemVmapBatch *batch, MemVmap *vmap); /* 0 or MEM_EINVAL */
void mem_vmap_batch_unmap(MemVmapBatch *batch, usize virt, usize len);
int mem_vmap_batch_protect(MemVmapBatch *batch, usize virt, usize len, int flags);
void mem_vmap_batch_end(MemVmapBatch *batch);

#ifdef __cplusplus
}
#endif

#endif
