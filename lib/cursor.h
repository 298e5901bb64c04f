/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_CURSOR_H
#define MEM_LIB_CURSOR_H

/*
 * A cursor goes through a range once, from its first page to its last. It stands at an entry of some level,
 * goes down into the table below it, along the entries of a table, and up when that table is done: nothing is
 * ever walked from the root again.
 */

#include "lib/entry.h"

typedef struct mem_cursor {
    usize at;                             /* where it stands, linear; beyond `last` at the end */
    usize last;                           /* the last byte of the range */
    unsigned level;                       /* of the entries of the table it is in */
    MemEntry *table[MEM_VMAP_LEVELS_MAX]; /* the path, from its level up */
    /* Entries that came into use in that table since it was entered, minus those emptied: modulo 2^32. */
    unsigned change[MEM_VMAP_LEVELS_MAX];
} Cursor;

MEM_INLINE void cursor_start(const MemFormat *format, const MemVmap *vmap, Cursor *cursor, usize first,
                             usize last)
{
    cursor->at = first;
    cursor->last = last;
    cursor->level = format->top;
    cursor->table[format->top] = table_at(vmap, vmap->root);
    cursor->change[format->top] = 0;
}

MEM_INLINE MemEntry *cursor_slot(const MemFormat *format, const Cursor *cursor)
{
    return &cursor->table[cursor->level][level_index(format, cursor->level, cursor->at)];
}

/* The slot that links the table the cursor is in. Its position may already be just behind that table. */
MEM_INLINE MemEntry *cursor_parent_slot(const MemFormat *format, const Cursor *cursor, usize inside)
{
    unsigned parent = cursor->level + 1;
    return &cursor->table[parent][level_index(format, parent, inside)];
}

/* Whether the whole block at the cursor lies in the range. */
MEM_INLINE bool cursor_on_whole_block(const MemFormat *format, const Cursor *cursor)
{
    return block_within(format, cursor->level, cursor->at, cursor->last);
}

/* How many whole blocks follow in this table and in the range. */
MEM_INLINE unsigned cursor_run(const MemFormat *format, const Cursor *cursor)
{
    unsigned shift = format->levels[cursor->level].shift;
    unsigned left = level_entries(format, cursor->level) - level_index(format, cursor->level, cursor->at);
    usize blocks = (cursor->last + 1 - cursor->at) >> shift;
    return blocks < left ? (unsigned)blocks : left;
}

MEM_INLINE void cursor_down(Cursor *cursor, MemEntry *table)
{
    cursor->level--;
    cursor->table[cursor->level] = table;
    cursor->change[cursor->level] = 0;
}

/* Goes down into the table that `entry`, at the cursor, links. */
MEM_INLINE void cursor_enter(const MemFormat *format, const MemVmap *vmap, Cursor *cursor, MemEntry entry)
{
    cursor_down(cursor, table_at(vmap, format->table_phys(entry, cursor->level)));
}

/* Moves behind the block it stands in. */
MEM_INLINE void cursor_skip(const MemFormat *format, Cursor *cursor)
{
    cursor->at = (cursor->at | level_mask(format, cursor->level)) + 1;
}

MEM_INLINE bool cursor_ended(const Cursor *cursor)
{
    return cursor->at > cursor->last;
}

/* Whether a cursor that has just moved has left the table that it is in. */
MEM_INLINE bool cursor_left_table(const MemFormat *format, const Cursor *cursor)
{
    return cursor_ended(cursor) || level_index(format, cursor->level, cursor->at) == 0;
}

/* Goes up from the tables that a cursor has left which has just moved: not above level `top`. */
MEM_INLINE void cursor_climb(const MemFormat *format, Cursor *cursor, unsigned top)
{
    while (cursor->level < top && cursor_left_table(format, cursor))
        cursor->level++;
}

#endif
