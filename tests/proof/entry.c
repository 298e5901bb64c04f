/* SPDX-License-Identifier: MIT */

/*
 * Entries of x86-64, at every level: what goes in comes out. Bit numbers and masks are the manual's (Intel SDM
 * volume 3A, tables 4-15 to 4-20), not the ones under proof.
 */

#include "arch/x86_64/format.h"

#define BIT(value, k) (((value) & (1 << (k))) != 0)

/* The address bits of a leaf, and all others: bit 12 of a large leaf is PAT. */
#define ADDRESS_4K        0x000ffffffffff000
#define ADDRESS_OF(level) ((level) == 0 ? ADDRESS_4K : 0x000fffffffffe000)
#define OTHERS_OF(level)  ((level) == 0 ? 0xfff0000000000fff : 0xfff0000000001fff)

/* Flag bits that an entry does not hold; those of a decoded leaf are 0. */
#define NO_FLAGS 0x7fffcbf0

/*@ assigns \nothing;
    exits \false;
    ensures \result == ADDRESS_OF(level); */
static inline MemEntry x86_leaf_address_mask(unsigned level);

/*@ assigns \nothing;
    exits \false;
    ensures empty: \result == ENTRY_EMPTY <==> !BIT(entry, 0);
    ensures leaf: \result == ENTRY_LEAF <==> BIT(entry, 0) && (level == 0 || BIT(entry, 7));
    ensures table: \result == ENTRY_TABLE <==> BIT(entry, 0) && level > 0 && !BIT(entry, 7); */
static inline EntryKind x86_kind(MemEntry entry, unsigned level);

/*@ assigns \nothing;
    exits \false;
    ensures \result == (phys | 0x27); */
static inline MemEntry x86_table(usize phys, unsigned level);

/*@ assigns \nothing;
    exits \false;
    ensures \result == (entry & ADDRESS_4K); */
static inline usize x86_table_phys(MemEntry entry, unsigned level);

/*@ assigns \nothing;
    exits \false;
    ensures \result == phys; */
static inline MemEntry x86_address(usize phys, unsigned level);

/*@ assigns \nothing;
    exits \false;
    ensures \result == (leaf & ADDRESS_OF(level)); */
static inline usize x86_leaf_phys(MemEntry leaf, unsigned level);

/*@ assigns \nothing;
    exits \false;
    ensures \result == (leaf & OTHERS_OF(level)); */
static inline MemEntry x86_attributes(MemEntry leaf, unsigned level);

/*@ requires type_index <= 7;
    assigns \nothing;
    exits \false;
    ensures present: BIT(\result, 0);
    ensures write: BIT(\result, 1) <==> (flags & MEM_VMAP_WRITE) != 0;
    ensures user: BIT(\result, 2) <==> (flags & MEM_VMAP_USER) != 0;
    ensures pwt: BIT(\result, 3) <==> BIT(type_index, 0);
    ensures pcd: BIT(\result, 4) <==> BIT(type_index, 1);
    ensures accessed: BIT(\result, 5) <==> (flags & MEM_VMAP_ACCESSED) != 0;
    ensures dirty: BIT(\result, 6) <==> (flags & MEM_VMAP_DIRTY) != 0;
    ensures ps_or_pat: BIT(\result, 7) <==> (level > 0 || BIT(type_index, 2));
    ensures global: BIT(\result, 8) <==> (flags & MEM_VMAP_GLOBAL) != 0;
    ensures no_reserve: BIT(\result, 9) <==> (flags & MEM_VMAP_NO_RESERVE) != 0;
    ensures device: BIT(\result, 10) <==> (flags & MEM_VMAP_TYPE_MASK) == MEM_VMAP_DEVICE;
    ensures ignored: !BIT(\result, 11);
    ensures pat: BIT(\result, 12) <==> (level > 0 && BIT(type_index, 2));
    ensures execute: BIT(\result, 63) <==> (flags & MEM_VMAP_EXEC) == 0;
    ensures nothing_else: (\result & 0x7fffffffffffe000) == 0;
    ensures no_address: (\result & ADDRESS_OF(level)) == 0; */
static inline MemEntry x86_encode(int flags, unsigned level, unsigned type_index);

/*@ assigns \nothing;
    exits \false;
    ensures write: (\result & MEM_VMAP_WRITE) != 0 <==> BIT(leaf, 1);
    ensures execute: (\result & MEM_VMAP_EXEC) != 0 <==> !BIT(leaf, 63);
    ensures user: (\result & MEM_VMAP_USER) != 0 <==> BIT(leaf, 2);
    ensures global: (\result & MEM_VMAP_GLOBAL) != 0 <==> BIT(leaf, 8);
    ensures accessed: (\result & MEM_VMAP_ACCESSED) != 0 <==> BIT(leaf, 5);
    ensures dirty: (\result & MEM_VMAP_DIRTY) != 0 <==> BIT(leaf, 6);
    ensures no_reserve: (\result & MEM_VMAP_NO_RESERVE) != 0 <==> BIT(leaf, 9);
    ensures nothing_else: \result >= 0 && (\result & NO_FLAGS) == 0; */
static inline int x86_decode(MemEntry leaf);

/*@ assigns \nothing;
    exits \false;
    ensures \result ==
        (BIT(leaf, 3) ? 1 : 0) + (BIT(leaf, 4) ? 2 : 0) + (BIT(leaf, 7) && level == 0 || BIT(leaf, 12) && level > 0 ? 4 : 0); */
static inline unsigned x86_decode_type(MemEntry leaf, unsigned level);

/*@ requires level <= 2;
    assigns \nothing;
    exits \false;
    ensures level == 0 ==> \result == 0;
    ensures level == 1 ==> \result == 0x001fe000;
    ensures level == 2 ==> \result == 0x3fffe000; */
static inline MemEntry x86_reserved(unsigned level);

/*@ requires from == 0 ==> !BIT(attributes, 12);
    requires from > 0 ==> BIT(attributes, 7);
    assigns \nothing;
    exits \false;
    behavior same:
      assumes from == 0 <==> to == 0;
      ensures \result == attributes;
    behavior larger:
      assumes from == 0 && to > 0;
      ensures value: \result == attributes + (BIT(attributes, 7) ? 0x1000 : 0x80);
      ensures ps: BIT(\result, 7);
      ensures pat: BIT(\result, 12) <==> BIT(attributes, 7);
    behavior smaller:
      assumes from > 0 && to == 0;
      ensures value: \result == attributes - (BIT(attributes, 12) ? 0x1000 : 0x80);
      ensures no_ps: !BIT(\result, 12);
      ensures pat: BIT(\result, 7) <==> BIT(attributes, 12);
    complete behaviors;
    disjoint behaviors; */
static inline MemEntry x86_relevel(MemEntry attributes, unsigned from, unsigned to);

/* What the engine does: it combines an address with attributes and takes them apart again. */

#define IS_PHYS(phys, level)                                                                               \
    ((phys) < 0x10000000000000 && (level) <= 2 && ((level) != 0 || (phys) % 0x1000 == 0) &&                \
     ((level) != 1 || (phys) % 0x200000 == 0) && ((level) != 2 || (phys) % 0x40000000 == 0))

/*@ requires IS_PHYS(phys, level) && type_index <= 7;
    assigns \nothing;
    exits \false;
    ensures \result == ENTRY_LEAF; */
EntryKind leaf_is_a_leaf(usize phys, int flags, unsigned level, unsigned type_index)
{
    return x86_kind(x86_address(phys, level) | x86_encode(flags, level, type_index), level);
}

/*@ requires IS_PHYS(phys, level) && type_index <= 7;
    assigns \nothing;
    exits \false;
    ensures \result == phys; */
usize leaf_keeps_address(usize phys, int flags, unsigned level, unsigned type_index)
{
    return x86_leaf_phys(x86_address(phys, level) | x86_encode(flags, level, type_index), level);
}

/*@ requires IS_PHYS(phys, level) && type_index <= 7;
    assigns \nothing;
    exits \false;
    ensures \result != 0; */
bool leaf_keeps_attributes(usize phys, int flags, unsigned level, unsigned type_index)
{
    MemEntry attributes = x86_encode(flags, level, type_index);
    return x86_attributes(x86_address(phys, level) | attributes, level) == attributes;
}

/*@ requires IS_PHYS(phys, level) && type_index <= 7;
    assigns \nothing;
    exits \false;
    ensures write: (\result & MEM_VMAP_WRITE) != 0 <==> (flags & MEM_VMAP_WRITE) != 0;
    ensures execute: (\result & MEM_VMAP_EXEC) != 0 <==> (flags & MEM_VMAP_EXEC) != 0;
    ensures user: (\result & MEM_VMAP_USER) != 0 <==> (flags & MEM_VMAP_USER) != 0;
    ensures global: (\result & MEM_VMAP_GLOBAL) != 0 <==> (flags & MEM_VMAP_GLOBAL) != 0;
    ensures accessed: (\result & MEM_VMAP_ACCESSED) != 0 <==> (flags & MEM_VMAP_ACCESSED) != 0;
    ensures dirty: (\result & MEM_VMAP_DIRTY) != 0 <==> (flags & MEM_VMAP_DIRTY) != 0;
    ensures no_reserve: (\result & MEM_VMAP_NO_RESERVE) != 0 <==> (flags & MEM_VMAP_NO_RESERVE) != 0;
    ensures nothing_else: \result >= 0 && (\result & NO_FLAGS) == 0; */
int leaf_keeps_flags(usize phys, int flags, unsigned level, unsigned type_index)
{
    return x86_decode(x86_address(phys, level) | x86_encode(flags, level, type_index));
}

/*@ requires IS_PHYS(phys, level) && type_index <= 7;
    assigns \nothing;
    exits \false;
    ensures \result == (BIT(type_index, 0) ? 1 : 0) + (BIT(type_index, 1) ? 2 : 0) + (BIT(type_index, 2) ? 4 : 0); */
unsigned leaf_keeps_type(usize phys, int flags, unsigned level, unsigned type_index)
{
    return x86_decode_type(x86_address(phys, level) | x86_encode(flags, level, type_index), level);
}

/*@ requires IS_PHYS(phys, level) && type_index <= 7;
    assigns \nothing;
    exits \false;
    ensures \result == 0; */
MemEntry leaf_leaves_reserved_bits(usize phys, int flags, unsigned level, unsigned type_index)
{
    return (x86_address(phys, level) | x86_encode(flags, level, type_index)) & x86_reserved(level);
}

/*@ assigns \nothing;
    exits \false;
    ensures \result == leaf; */
MemEntry leaf_is_address_and_attributes(MemEntry leaf, unsigned level)
{
    return x86_address(x86_leaf_phys(leaf, level), level) | x86_attributes(leaf, level);
}

/*@ requires type_index <= 7;
    assigns \nothing;
    exits \false;
    ensures \result != 0; */
bool relevel_is_encode_there(int flags, unsigned type_index, unsigned from, unsigned to)
{
    MemEntry there = x86_relevel(x86_encode(flags, from, type_index), from, to);
    return there == x86_encode(flags, to, type_index);
}

/*@ requires from > 0 ==> BIT(leaf, 7);
    assigns \nothing;
    exits \false;
    ensures \result != 0; */
bool relevel_and_back_is_identity(MemEntry leaf, unsigned from, unsigned to)
{
    MemEntry attributes = x86_attributes(leaf, from);
    return x86_relevel(x86_relevel(attributes, from, to), to, from) == attributes;
}

/*@ requires IS_PHYS(phys, 0) && level > 0;
    assigns \nothing;
    exits \false;
    ensures \result == phys; */
usize table_keeps_address(usize phys, unsigned level)
{
    return x86_table_phys(x86_table(phys, level), level);
}

/*@ requires IS_PHYS(phys, 0) && level > 0;
    assigns \nothing;
    exits \false;
    ensures \result == ENTRY_TABLE; */
EntryKind table_is_a_table(usize phys, unsigned level)
{
    return x86_kind(x86_table(phys, level), level);
}
