/* SPDX-License-Identifier: MIT */

/*
 * Collapse: joins tables of equal, contiguous, aligned leaves into one larger leaf.
 *
 * A joined leaf holds the credits of the leaves that it joins, and one more: for the table that splitting it
 * takes again. The page of the table that it replaces would do, but that returns to the pool only after the
 * flush. So one dry pass counts the joins, their pages are taken first, and the passes that join cannot fail.
 */

#include "lib/breaking.h"
#include "lib/cursor.h"
#include "lib/fold.h"

/* Whether a pass joins, or only counts what it would join. */
typedef enum { PASS_COUNT, PASS_JOIN } PassKind;

/* What the entries of a table, seen from its first, would join to: one leaf, as long as `entries` grows. */
typedef struct mem_joint {
    unsigned entries;    /* leaves that fit so far */
    MemEntry attributes; /* common to all, without what the MMU notes */
    MemEntry accessed;   /* set if all were, of runs and other leaves, up to the last that ended */
    MemEntry noted;      /* of the run since: in any of its entries */
    bool dirty;          /* if any was */
    usize phys;          /* of the first */
} Joint;

typedef struct mem_collapsing {
    const MemFormat *format;
    MemVmap *vmap;
    MemVmapBatch *batch;
    PassKind pass;
    Cursor cursor;
    usize first;  /* of the range */
    usize resume; /* where the next pass begins */
    Joint joints[MEM_VMAP_LEVELS_MAX];
    usize needed;  /* credits that PASS_COUNT has counted */
    usize prepaid; /* credits that PASS_JOIN has left */
} Collapsing;

/* Takes in the leaf at index `joint->entries`, if it continues what came before. */
static void joint_add(const MemFormat *format, Joint *joint, MemEntry leaf, unsigned level, usize at)
{
    MemEntry attributes = format->never_used(leaf_attributes(format, leaf, level));
    usize phys = leaf_base(format, leaf, level, at);
    if (joint->entries == 0)
        *joint = (Joint){.attributes = attributes, .accessed = format->accessed, .phys = phys};
    if (attributes != joint->attributes ||
        phys != joint->phys + ((usize)joint->entries << format->levels[level].shift))
        return;
    joint->noted |= leaf & format->accessed;
    if (leaf_ends(format, leaf, level, at)) {
        joint->accessed &= joint->noted;
        joint->noted = 0;
    }
    joint->dirty |= format->is_dirty(leaf);
    joint->entries++;
}

/* The leaf of `level` that a complete joint of the level below makes. */
static MemEntry joint_leaf(const Collapsing *c, const Joint *joint, unsigned level)
{
    const MemFormat *format = c->format;
    bool dirty = joint->dirty;
    /*
     * Other CPUs may write through the old entries until the flush; then the bit would come too late. (A
     * supervisor that ignores write protection is not heard here: it does not rely on the bit.)
     */
    if (!c->vmap->alone && (format->decode(joint->attributes) & MEM_VMAP_WRITE))
        dirty = true;
    MemEntry attributes =
        (dirty ? format->with_dirty(joint->attributes) : joint->attributes) | joint->accessed;
    return format->relevel(attributes, level - 1, level) | format->address(joint->phys, level);
}

/* Puts the leaf in place of the table that the cursor's slot links. */
static void join(Collapsing *c, MemEntry leaf)
{
    const MemFormat *format = c->format;
    MemEntry *slot = cursor_slot(format, &c->cursor), table = entry_load(slot);
    unsigned level = c->cursor.level;
    Range block = {c->cursor.at, c->cursor.at | level_mask(format, level)};
    usize phys = format->table_phys(table, level);
    if (must_break(format, c->vmap, table, leaf, level))
        mem_vmap_break(c->vmap, slot, &table, leaf, level, block);
    while (!entry_replace(c->vmap, slot, &table, leaf))
        ;
    entries_made(format);
    batch_note(format, c->batch, block, level - 1);
    c->batch->plan.global |= leaves_global(format, leaf, leaf);
    batch_drop(format, c->vmap, c->batch, phys, 0, 1, block);
    c->vmap->collapses++;
}

/* Counts the credit of a leaf that joins. False: it would need one that was not counted before. */
static bool account(Collapsing *c, MemEntry leaf)
{
    usize credit = leaf & c->format->no_reserve ? 0 : 1;
    if (c->pass == PASS_COUNT) {
        c->needed += credit;
        return true;
    }
    if (c->prepaid < credit)
        return false;
    c->vmap->has_unreserved |= credit == 0;
    c->prepaid -= credit;
    c->vmap->prepaid -= credit;
    return true;
}

/* Takes in a leaf that stands, or would stand, at the cursor; moves behind it. */
static void pass_leaf(Collapsing *c, MemEntry leaf)
{
    Cursor *cursor = &c->cursor;
    Joint *joint = &c->joints[cursor->level];
    unsigned index = level_index(c->format, cursor->level, cursor->at);
    if (index == 0)
        joint->entries = 0;
    /* A joint that was broken, or did not begin at the first entry, is behind the index and stays so. */
    if (joint->entries == index)
        joint_add(c->format, joint, leaf, cursor->level, cursor->at);
    cursor_skip(c->format, cursor);
}

/* Whether the table that the cursor has just left joins to a leaf one level up. */
static bool table_joins(const Collapsing *c, usize block)
{
    unsigned level = c->cursor.level;
    usize mask = level_mask(c->format, level + 1);
    const Joint *joint = &c->joints[level];
    return block >= c->first && (block | mask) <= c->cursor.last && level < c->vmap->leaf_level &&
           joint->entries == level_entries(c->format, level) && (joint->phys & mask) == 0;
}

/* Leaves a table, joining it if it joins: then the leaf counts in the table above. */
static void pass_up(Collapsing *c)
{
    Cursor *cursor = &c->cursor;
    usize block = (cursor->at - 1) & ~level_mask(c->format, cursor->level + 1);
    bool joins = table_joins(c, block);
    const Joint *joint = &c->joints[cursor->level++];
    if (!joins)
        return;
    MemEntry leaf = joint_leaf(c, joint, cursor->level);
    if (!account(c, leaf))
        return;
    cursor->at = block;
    if (c->pass == PASS_JOIN)
        join(c, leaf);
    pass_leaf(c, leaf);
}

/*
 * One pass over the range, as far as the batch has room. Whether it came to the end. The next pass begins at
 * the start of the largest block that this one was in: what it has joined there may join further.
 */
static bool collapse_pass(Collapsing *c, Range range)
{
    const MemFormat *format = c->format;
    Cursor *cursor = &c->cursor;
    for (unsigned level = 0; level <= format->top; level++)
        c->joints[level].entries = 0;
    cursor_start(format, c->vmap, cursor, c->resume, range.last);
    while (!cursor_ended(cursor) && batch_has_room(format, c->batch)) {
        MemEntry entry = entry_load(cursor_slot(format, cursor));
        switch (format->kind(entry, cursor->level)) {
        case ENTRY_TABLE:
            cursor_enter(format, c->vmap, cursor, entry);
            c->joints[cursor->level].entries = 0;
            continue;
        case ENTRY_LEAF:
            pass_leaf(c, entry);
            break;
        case ENTRY_EMPTY:
            cursor_skip(format, cursor);
            break;
        }
        while (cursor->level < format->top && cursor_left_table(format, cursor))
            pass_up(c);
    }
    usize block = cursor->at & ~level_mask(format, c->vmap->leaf_level);
    c->resume = block > range.first ? block : range.first;
    return cursor_ended(cursor);
}

/* Counts the joins and takes their credits: 0 with the lock held, or an error without it. */
static int collapse_prepare(Collapsing *c, Range range)
{
    MemVmap *vmap = c->vmap;
    c->pass = PASS_COUNT;
    for (;;) {
        space_lock(vmap);
        c->needed = 0;
        c->resume = range.first;
        collapse_pass(c, range);
        usize have = pool_spare(&vmap->pool);
        if (c->needed <= have)
            break;
        space_unlock(vmap);
        c->batch->supplied = true;
        int result = mem_vmap_pool_supply(vmap, c->needed - have);
        if (result != 0)
            return result;
    }
    c->prepaid = c->needed;
    vmap->pool.credits += c->prepaid;
    vmap->prepaid += c->prepaid;
    c->resume = range.first;
    return 0;
}

int mem_vmap_collapse(MemVmap *vmap, usize virt, usize len)
{
    MemVmapBatch batch;
    Range range;
    if (!is_space(vmap))
        return MEM_EINVAL;
    const MemFormat *format = vmap->format->description;
    int result = range_pages(format, virt, len, &range);
    if (result != 0)
        return result;
    Collapsing c = {.format = format, .vmap = vmap, .batch = &batch, .first = range.first};
    batch_init(&batch, vmap);
    result = collapse_prepare(&c, range);
    if (result != 0) {
        batch_finish(&batch);
        return result;
    }
    c.pass = PASS_JOIN;
    while (!collapse_pass(&c, range)) {
        space_unlock(vmap);
        mem_vmap_batch_flush(&batch);
        space_lock(vmap);
    }
    mem_vmap_fold(vmap, &batch, range);
    vmap->pool.credits -= c.prepaid; /* left over where others changed the tree between two passes */
    vmap->prepaid -= c.prepaid;
    space_unlock(vmap);
    batch_finish(&batch);
    return 0;
}
