/* SPDX-License-Identifier: MIT */
#ifndef MEM_LIB_RANGE_H
#define MEM_LIB_RANGE_H

/*
 * Range checks, pure. A range is [first, last] with an inclusive last byte: the last page of the address
 * space is a page like any other, and nothing wraps.
 */

#include "lib/format.h"

typedef struct mem_range {
    usize first, last;
} Range;

/* The linear addresses of a format: virtual ones without the bits that only repeat the sign. */
MEM_INLINE usize linear_mask(const MemFormat *format)
{
    return ((usize)1 << format->va_bits) - 1;
}

MEM_INLINE usize linear_from_virt(const MemFormat *format, usize virt)
{
    return virt & linear_mask(format);
}

MEM_INLINE usize virt_from_linear(const MemFormat *format, usize linear)
{
    usize sign = (usize)1 << (format->va_bits - 1);
    if (format->va_upper)
        return linear | ~linear_mask(format);
    return format->va_sign_extended ? (linear ^ sign) - sign : linear;
}

/* The block of an entry of level 1 in which `at` lies: where a table of the lowest level is. */
MEM_INLINE usize way_region(const MemFormat *format, usize at)
{
    return at >> format->levels[1].shift;
}

/* The same for a linear address: the number under which its way is remembered. */
MEM_INLINE usize way_number(const MemFormat *format, usize linear)
{
    return way_region(format, virt_from_linear(format, linear));
}

/* A range of addresses that exist, all in one half. */
MEM_INLINE Range linear_range(const MemFormat *format, usize first, usize last)
{
    return (Range){linear_from_virt(format, first), linear_from_virt(format, last)};
}

/* Whether the format has this address: canonical, where addresses are sign-extended. */
MEM_INLINE bool virt_exists(const MemFormat *format, usize virt)
{
    return virt_from_linear(format, linear_from_virt(format, virt)) == virt;
}

/*
 * Whether two addresses, of which one exists, lie in one half of the space (or in the whole, where it has no
 * halves): then the other exists too, and so does everything between them.
 */
MEM_INLINE bool same_part(const MemFormat *format, usize a, usize b)
{
    return ((a ^ b) >> (format->va_bits - format->va_sign_extended)) == 0;
}

/* The pages of [virt, virt + len), linear. 0, MEM_EINVAL or MEM_ERANGE. */
MEM_INLINE int range_pages(const MemFormat *format, usize virt, usize len, Range *pages)
{
    usize end = virt + (len - 1), mask = level_mask(format, 0);
    if (MEM_UNLIKELY(len == 0))
        return MEM_EINVAL;
    if (MEM_UNLIKELY(end < virt || !virt_exists(format, virt) || !same_part(format, virt, end)))
        return MEM_ERANGE;
    pages->first = linear_from_virt(format, virt) & ~mask;
    pages->last = linear_from_virt(format, end) | mask;
    return 0;
}

/* The overlap of [first, last] with what the format has between `low` and `high`, linear. */
MEM_INLINE unsigned range_clip(const MemFormat *format, Range asked, usize low, usize high, Range *part)
{
    usize first = asked.first > low ? asked.first : low, last = asked.last < high ? asked.last : high;
    if (first > last)
        return 0;
    *part = (Range){linear_from_virt(format, first), linear_from_virt(format, last)};
    return 1;
}

/*
 * The pages of [virt, virt + len) that the format has: up to two parts, one in each half, in ascending
 * order. What it lacks is a hole, and a range that wraps ends at the last byte. Returns how many.
 */
MEM_INLINE unsigned range_parts(const MemFormat *format, usize virt, usize len, Range parts[2])
{
    usize mask = level_mask(format, 0), all = linear_mask(format);
    if (len == 0)
        return 0;
    usize end = virt + (len - 1) < virt ? (usize)-1 : virt + (len - 1);
    Range asked = {virt & ~mask, end | mask};
    if (format->va_upper)
        return range_clip(format, asked, ~all, (usize)-1, parts);
    if (!format->va_sign_extended)
        return range_clip(format, asked, 0, all, parts);
    unsigned count = range_clip(format, asked, 0, all >> 1, parts);
    return count + range_clip(format, asked, ~(all >> 1), (usize)-1, parts + count);
}

#endif
