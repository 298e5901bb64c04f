/* SPDX-License-Identifier: MIT */

/* Break-before-make, and the marks of contiguous runs. */

#include "lib/breaking.h"

/* Makes all CPUs forget a range of leaves of `level`, and what else the batch says. */
static void forget_range(MemVmapBatch *batch, Range gone, unsigned level)
{
    MemVmap *vmap = batch->vmap;
    const MemFormat *format = vmap->format->description;
    batch_add_range(batch, virt_from_linear(format, gone.first), virt_from_linear(format, gone.last),
                    level_size(format, level));
    mem_vmap_batch_shoot_down(batch);
    vmap->shootdowns++;
}

/* What stood there is not known any more: leaves of any kind, and tables. */
static void forget_anything(MemVmap *vmap, Range gone)
{
    MemVmapBatch batch;
    batch_init(&batch, vmap);
    batch.plan.tables = true;
    batch.plan.global = vmap->has_global;
    forget_range(&batch, gone, 0);
}

void mem_vmap_forget_before_map(MemVmap *vmap, usize first, usize last)
{
    forget_anything(vmap, (Range){first, last});
}

/* What stood there are leaves of `level`, which `before` sums up. */
static void forget_leaves(MemVmap *vmap, Range gone, unsigned level, const Summary *before)
{
    const MemFormat *format = vmap->format->description;
    MemVmapBatch batch;
    batch_init(&batch, vmap);
    batch.plan.global = leaves_global(format, before->any, before->all);
    forget_range(&batch, gone, level);
}

/* All that stood there is like `before`. */
static void forget_now(MemVmap *vmap, Range gone, unsigned level, MemEntry before)
{
    Summary leaves = {before, before};
    if (vmap->format->description->kind(before, level) == ENTRY_TABLE)
        forget_anything(vmap, gone);
    else
        forget_leaves(vmap, gone, level, &leaves);
}

void mem_vmap_break(MemVmap *vmap, MemEntry *slot, MemEntry *before, MemEntry after, unsigned level,
                    Range block)
{
    const MemFormat *format = vmap->format->description;
    MemEntry interim;
    do
        interim = format->interim(*before, after, level, vmap->break_level);
    while (!entry_replace(vmap, slot, before, interim));
    forget_now(vmap, block, level, *before);
    *before = interim;
}

void mem_vmap_break_for_rights(MemVmap *vmap, MemEntry *slot, unsigned count, unsigned level, usize first,
                               MemEntry rights)
{
    const MemFormat *format = vmap->format->description;
    usize size = level_size(format, level);
    Summary broken = summary_none();
    for (unsigned i = 0; i < count; i++) {
        MemEntry before = entry_load(&slot[i]), after, interim;
        do {
            after = entry_with_rights(format, before, level, rights);
            interim = format->interim(before, after, level, vmap->break_level);
        } while (interim != after && !entry_replace(vmap, &slot[i], &before, interim));
        if (interim != after)
            summary_add(&broken, before);
    }
    if (broken.any != 0)
        forget_leaves(vmap, (Range){first, first + count * size - 1}, level, &broken);
}

/* The entries of a run that is to be marked, or no longer. */
typedef struct mem_remarking {
    const MemFormat *format;
    MemVmap *vmap;
    MemEntry *slot;
    unsigned level;
    usize first; /* linear */
    RunMark mark;
    int noted; /* ACCESSED and DIRTY, of the whole */
} Remarking;

/* What the leaf at `index` becomes, which keeps of what it has noted itself what is in `own`. */
static MemEntry remarked(const Remarking *r, unsigned index, MemEntry leaf, int own)
{
    const MemFormat *format = r->format;
    usize size = level_size(format, r->level);
    usize phys = leaf_base(format, leaf, r->level, r->first + index * size);
    int noted = r->noted | (noted_flags(format, leaf) & own);
    MemEntry attributes = format->never_used(leaf_attributes(format, leaf, r->level));
    attributes |= noted & MEM_VMAP_ACCESSED ? format->accessed : 0;
    attributes = noted & MEM_VMAP_DIRTY ? format->with_dirty(attributes) : attributes;
    if (r->mark == RUN_UNMARK)
        return attributes | format->address(phys, r->level);
    usize base = format->runs_are_equal ? phys - index * size : phys;
    return attributes | format->contiguous | format->address(base, r->level);
}

/* Takes in what the MMU has noted: in a run it means any of its pages, and a run has it of all of them. */
static void add_noted(Remarking *r, unsigned index, MemEntry leaf)
{
    int noted = noted_flags(r->format, leaf), all = r->mark == RUN_MARK ? MEM_VMAP_ACCESSED : 0;
    r->noted = index == 0 ? noted : ((r->noted | noted) & ~all) | (r->noted & noted);
}

/* Puts interim entries there where they are needed, which translate as before if they do. Whether they were. */
static bool break_run(Remarking *r)
{
    const MemFormat *format = r->format;
    bool broken = false;
    for (unsigned i = 0; i < run_entries(format, r->level); i++) {
        MemEntry before = entry_load(&r->slot[i]), interim = 0;
        bool needed = false;
        if (format->interim != NULL)
            do {
                MemEntry after = remarked(r, i, before, MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY);
                interim = format->interim(before, after, r->level, r->vmap->break_level);
                needed = interim != after;
            } while (needed && !entry_replace(r->vmap, &r->slot[i], &before, interim));
        add_noted(r, i, before);
        broken |= needed;
    }
    return broken;
}

/* Whether CPUs may write through entries that are about to go, and note it there. */
static bool may_be_written(const Remarking *r)
{
    return !r->vmap->alone && (r->format->decode(entry_load(r->slot)) & MEM_VMAP_WRITE);
}

void mem_vmap_remark_run(MemVmap *vmap, MemVmapBatch *batch, MemEntry *slot, unsigned level, usize first,
                         RunMark mark)
{
    const MemFormat *format = vmap->format->description;
    Remarking r = {format, vmap, slot, level, first, mark, 0};
    Range run = {first, first | run_mask(format, level)};
    MemEntry before = entry_load(slot);
    bool broken = break_run(&r);
    int own = mark == RUN_MARK ? MEM_VMAP_DIRTY : MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY;
    if (broken)
        forget_now(vmap, run, level, before);
    else if (may_be_written(&r))
        r.noted |= MEM_VMAP_DIRTY;
    for (unsigned i = 0; i < run_entries(format, level); i++) {
        MemEntry entry = entry_load(&slot[i]);
        while (!entry_replace(vmap, &slot[i], &entry, remarked(&r, i, entry, own)))
            ;
    }
    entries_made(format);
    if (broken)
        return;
    batch_note(format, batch, run, level);
    batch->plan.global |= leaves_global(format, before, before);
}
