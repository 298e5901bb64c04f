/* SPDX-License-Identifier: MIT */

/*
 * From what is to be forgotten to the instructions that do it. Pure: nothing here is privileged.
 *
 * Where no table went, the forms for the last level do, with a hint of the level if the CPU takes one. Where tables
 * went, entries of all levels go, and nothing is known of their levels: a hint may be wrong.
 */

#include "arch/aarch64/cpu/cpu.h"
#include "arch/plan.h"

enum {
    ASID_SHIFT = 48, /* in operands, and in TTBR and VTTBR */
    ADDRESS_SHIFT = 12,
    LEVEL_SHIFT = 44, /* TTL: 47..46 the granule, 45..44 the level */
    RANGE_GRANULE_SHIFT = 46,
    RANGE_SCALE_SHIFT = 44,
    RANGE_NUM_SHIFT = 39,
    RANGE_LEVEL_SHIFT = 37,
    RANGE_SCALES = 4,
    RANGE_MOST = 32, /* NUM + 1 */
    LPA2_BASE_SHIFT = 16,
};
static const usize ADDRESS_MASK = ((usize)1 << 44) - 1, BASE_MASK = ((usize)1 << 37) - 1;

/* The instructions for one kind of space. [1]: for the last level alone. */
typedef struct forms {
    A64StepKind address[2], range[2], all;
} Forms;

static const Forms by_asid = {{A64_VAE1IS, A64_VALE1IS}, {A64_RVAE1IS, A64_RVALE1IS}, A64_ASIDE1IS};
static const Forms any_asid = {{A64_VAAE1IS, A64_VAALE1IS}, {A64_RVAAE1IS, A64_RVAALE1IS}, A64_VMALLE1IS};
static const Forms by_vmid = {{A64_IPAS2E1IS, A64_IPAS2LE1IS},
                              {A64_RIPAS2E1IS, A64_RIPAS2LE1IS},
                              A64_VMALLS12E1IS};

/* A list of steps that grows. */
typedef struct list {
    MemVmapStep *steps;
    unsigned count;
} List;

static void add(List *list, A64StepKind kind, usize first, usize stride, usize count)
{
    list->steps[list->count++] = (MemVmapStep){kind, 0, first, stride, count};
}

static void add_once(List *list, A64StepKind kind, usize first)
{
    add(list, kind, first, 0, 1);
}

/* A plan under way. */
typedef struct planning {
    const MemVmapCpuFeatures *features;
    const MemVmapRoot *root;
    const MemVmapPlan *plan;
    const Forms *forms;
    usize tag; /* the ASID, where operands have one */
} Planning;

/* With LPA2 (TCR.DS) the bases of ranges count in 64 KiB, whatever the granule. */
static unsigned base_shift(const MemVmapRoot *root)
{
    return root->virt_bits > 48 ? LPA2_BASE_SHIFT : root->page_shift;
}

/* 1: 4 KiB, 2: 16 KiB, 3: 64 KiB, as operands have it. */
static usize granule_of(const MemVmapRoot *root)
{
    return (root->page_shift - 10) / 2;
}

/* Level 1, 2 or 3 of the manual, where leaves of that size are; 0: it is not known, or cannot be said. */
static usize level_hint(const Planning *p, usize stride)
{
    unsigned shift = (unsigned)__builtin_ctzll(stride) - p->root->page_shift,
             bits = p->root->page_shift - 3;
    if (!(p->features->extensions & MEM_VMAP_HAS_TTL) || p->plan->tables)
        return 0;
    return shift % bits == 0 ? 3 - shift / bits : 0;
}

/* Where the invalidation of a range by pages begins, aligned as its operand wants it, */
static usize range_base(const MemVmapRoot *root, const MemVmapRange *range)
{
    usize first = range->first & ~(range->stride - 1);
    return first >> base_shift(root) << base_shift(root);
}

/* and how many pages there are from there on. */
static usize range_pages(const MemVmapRoot *root, const MemVmapRange *range)
{
    return ((range->last - range_base(root, range)) >> root->page_shift) + 1;
}

/* NUM + 1 counts so many pages. */
static usize scale_unit(unsigned scale)
{
    return (usize)2 << 5 * scale;
}

static bool by_ranges(const Planning *p, const MemVmapRange *range)
{
    return (p->features->extensions & MEM_VMAP_HAS_RANGES) && range_addresses(range) > 1;
}

/* Whether less than everything does it, and takes less time. */
static bool is_small(const Planning *p)
{
    usize operations = 0;
    if (p->plan->everything || p->plan->count == 0)
        return false;
    for (unsigned i = 0; i < p->plan->count; i++) {
        const MemVmapRange *range = &p->plan->ranges[i];
        if (by_ranges(p, range) && range_pages(p->root, range) > RANGE_MOST * scale_unit(RANGE_SCALES - 1))
            return false;
        operations += by_ranges(p, range) ? 1 : range_addresses(range);
    }
    return operations <= plan_ceiling(p->features);
}

/* One address after the other: bits 55..12 of the address, the level, the ASID. */
static void add_addresses(List *list, const Planning *p, const MemVmapRange *range)
{
    usize level = level_hint(p, range->stride);
    usize hint = level != 0 ? (granule_of(p->root) << 2 | level) << LEVEL_SHIFT : 0;
    usize first = (range->first & ~(range->stride - 1)) >> ADDRESS_SHIFT & ADDRESS_MASK;
    add(list, p->forms->address[!p->plan->tables], p->tag | hint | first, range->stride >> ADDRESS_SHIFT,
        range_addresses(range));
}

/* `num` times the unit of a scale, from `base` on. */
static void add_range(List *list, const Planning *p, const MemVmapRange *range, usize base, unsigned scale,
                      usize num)
{
    usize operand = p->tag | granule_of(p->root) << RANGE_GRANULE_SHIFT;
    operand |= (usize)scale << RANGE_SCALE_SHIFT | (num - 1) << RANGE_NUM_SHIFT;
    operand |= level_hint(p, range->stride) << RANGE_LEVEL_SHIFT;
    operand |= base >> base_shift(p->root) & BASE_MASK;
    add_once(list, p->forms->range[!p->plan->tables], operand);
}

/*
 * In units of the smallest scale that holds the range, and what is left in units of the one below. That may go a
 * little beyond its end. A base is aligned to the leaves: where a unit is smaller than a leaf nothing is left.
 */
static void add_ranges(List *list, const Planning *p, const MemVmapRange *range)
{
    usize base = range_base(p->root, range), pages = range_pages(p->root, range);
    unsigned scale = 0;
    while (pages > RANGE_MOST * scale_unit(scale))
        scale++;
    usize unit = scale_unit(scale), whole = scale > 0 ? pages / unit : (pages + 1) / 2;
    add_range(list, p, range, base, scale, whole);
    if (scale == 0 || pages % unit == 0)
        return;
    usize below = scale_unit(scale - 1);
    add_range(list, p, range, base + (whole * unit << p->root->page_shift), scale - 1,
              (pages % unit + below - 1) / below);
}

/* Entries may be cached that were made of both stages: where the second changes, those of the first go too. */
static void add_invalidations(List *list, const Planning *p)
{
    if (!is_small(p)) {
        add_once(list, p->forms->all, p->tag);
        return;
    }
    for (unsigned i = 0; i < p->plan->count; i++) {
        const MemVmapRange *range = &p->plan->ranges[i];
        (by_ranges(p, range) ? add_ranges : add_addresses)(list, p, range);
    }
    if (p->root->second_stage) {
        add_once(list, A64_DSB_ISH, 0);
        add_once(list, A64_VMALLE1IS, 0);
    }
}

/* Address bits 51..48 stand in 5..2; the root of the upper half has no ASID. */
static usize ttbr(const MemVmapRoot *root)
{
    usize asid = root->upper ? 0 : root->asid;
    return asid << ASID_SHIFT | (root->root & 0x0000ffffffffffff) | (root->root >> 48 & 0xf) << 2;
}

/*
 * The ASID is one of the lower half: what the upper half has cached may stand under any. An erratum is made good
 * for by one more invalidation, of whatever, with its barrier.
 */
static unsigned forget(const MemVmapCpuFeatures *features, const MemVmapRoot *root, const MemVmapPlan *plan,
                       MemVmapStep steps[MEM_VMAP_STEPS])
{
    Planning p = {features, root, plan, &by_asid, (usize)root->asid << ASID_SHIFT};
    List list = {steps, 0};
    if (root->second_stage || root->upper || plan->global) {
        p.forms = root->second_stage ? &by_vmid : &any_asid;
        p.tag = 0;
    }
    add_once(&list, A64_DSB_ISHST, 0);
    if (root->second_stage)
        add_once(&list, A64_ENTER_GUEST, ttbr(root));
    add_invalidations(&list, &p);
    add_once(&list, A64_DSB_ISH, 0);
    if (features->errata & MEM_VMAP_REPEAT_BROADCAST) {
        add_once(&list, A64_VALE1IS, 0);
        add_once(&list, A64_DSB_ISH, 0);
    }
    if (root->second_stage)
        add_once(&list, A64_LEAVE_GUEST, 0);
    add_once(&list, A64_ISB, 0);
    return list.count;
}

static void add_forget_here(List *list, const MemVmapRoot *root)
{
    add_once(list, root->second_stage ? A64_ALLE1 : A64_VMALLE1, 0);
    add_once(list, A64_DSB_NSH, 0);
}

/*
 * What this CPU has stored, a number of the space among it, is seen before it walks the tables. Where roots have
 * no numbers, what the last one has left goes when it cannot come back: after the load.
 */
static unsigned load(const MemVmapCpuFeatures *features, const MemVmapRoot *root, MemVmapHistory history,
                     const MemVmapPlan *plan, MemVmapStep steps[MEM_VMAP_STEPS])
{
    List list = {steps, 0};
    bool numbered = root->asid != 0 && !root->upper;
    (void)features;
    (void)plan;
    add_once(&list, A64_DSB_ISHST, 0);
    if (numbered && history != MEM_VMAP_UP_TO_DATE)
        add_forget_here(&list, root);
    add_once(&list, root->second_stage ? A64_VTTBR : root->upper ? A64_TTBR1 : A64_TTBR0, ttbr(root));
    add_once(&list, A64_ISB, 0);
    if (!numbered) {
        add_forget_here(&list, root);
        add_once(&list, A64_ISB, 0);
    }
    return list.count;
}

extern const MemVmapCpuType mem_vmap_aarch64_cpu;
const MemVmapCpuType mem_vmap_aarch64_cpu = {
    .name = "aarch64",
    .forget = forget,
    .load = load,
    .execute = A64_EXECUTE,
    .reach = MEM_VMAP_REACH_ALL,
    .errata = mem_vmap_aarch64_errata,
};
