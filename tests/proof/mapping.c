/* SPDX-License-Identifier: MIT */

/* The arguments of a map: which ranges are accepted, and what they become. Contracts of lib/map.h. */

#include "range.c"
#include "leaf.c"

#define TYPE(flags) (((flags)&MEM_VMAP_TYPE_MASK) >> MEM_VMAP_TYPE_SHIFT)

/*@ requires \valid_read(vmap);
    assigns \nothing;
    exits \false;
    ensures result: \result == 0 || \result == MEM_EFLAGS || \result == MEM_ENOTSUP;
    ensures type: \result == 0 ==> 0 <= TYPE(flags) < MEM_VMAP_TYPES; */
static inline int check_flags(const MemVmap *vmap, int flags);

/*@ requires \valid_read(vmap) && 0 <= TYPE(flags) < MEM_VMAP_TYPES;
    assigns \nothing;
    exits \false;
    ensures \result == vmap->type_index[TYPE(flags)]; */
static inline unsigned flags_type_index(const MemVmap *vmap, int flags);

/* Both addresses have the same offset within a page, and [phys, phys + len) ends within the CPU's width. */
#define ALIKE     (virt % 0x1000 == phys % 0x1000)
#define PHYS_FITS (phys + len - 1 <= vmap->phys_last)

/*@ requires format == &FORMAT;
    requires \valid_read(vmap) && vmap->leaf_level <= 2;
    requires \valid(mapping) && \separated(vmap, mapping);
    assigns *mapping;
    exits \false;
    ensures empty: \result == MEM_EINVAL <==> len == 0;
    ensures align: \result == MEM_EALIGN ==> !ALIKE;
    ensures range: \result == MEM_ERANGE ==> ALIKE && !(FITS && PHYS_FITS);
    ensures accepted: \result == 0 ==> len > 0 && ALIKE && FITS && PHYS_FITS;
    ensures first: \result == 0 ==> mapping->first == DOWN(LINEAR(virt));
    ensures last: \result == 0 ==> mapping->last == UP(LINEAR(virt + len - 1));
    ensures offset: \result == 0 ==> mapping->offset == DOWN(phys) - mapping->first +
                                     (DOWN(phys) < mapping->first ? SPACE : 0);
    ensures leaf: \result == 0 ==> mapping->leaf_level <= vmap->leaf_level; */
static inline int mapping_make(const MemFormat *format, const MemVmap *vmap, Mapping *mapping, usize phys,
                               usize virt, usize len, int flags);
