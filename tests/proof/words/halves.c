/* SPDX-License-Identifier: MIT */

/* Range checks, for addresses that begin with zeros, with ones, or with copies of their topmost bit. */

#include "goals.h"
#include "lib/range.h"

typedef unsigned __int128 Wide; /* numbers that do not wrap */

#define SPACE ((Wide)1 << 64)
#define WIDTH ((Wide)1 << FORMAT.va_bits)
#define PAGE  ((Wide)1 << FORMAT.levels[0].shift)

/* The parts of the address space that exist, as first and last byte; a format without an upper half has one. */
INLINE bool in_lower(Wide virt)
{
    return !FORMAT.va_upper && virt < (FORMAT.va_sign_extended ? WIDTH / 2 : WIDTH);
}

INLINE bool in_upper(Wide virt)
{
    Wide size = FORMAT.va_sign_extended ? WIDTH / 2 : FORMAT.va_upper ? WIDTH : 0;
    return virt < SPACE && virt >= SPACE - size;
}

/* The address without what its upper bits are. */
INLINE Wide linear(Wide virt)
{
    return virt & (WIDTH - 1);
}

Answer goal_exists(uint64_t virt)
{
    return virt_exists(&FORMAT, virt) == (in_lower(virt) || in_upper(virt));
}

Answer goal_there_and_back(uint64_t virt)
{
    APPLIES_IF(in_lower(virt) || in_upper(virt));
    return linear_from_virt(&FORMAT, virt) == (uint64_t)linear(virt) &&
           virt_from_linear(&FORMAT, linear_from_virt(&FORMAT, virt)) == virt;
}

Answer goal_back_and_there(uint64_t at)
{
    APPLIES_IF(at < WIDTH);
    uint64_t virt = virt_from_linear(&FORMAT, at);
    return (in_lower(virt) || in_upper(virt)) && linear_from_virt(&FORMAT, virt) == at;
}

/* A range is accepted if it is not empty and lies in one part, and then it is widened to pages. */
Answer goal_pages(uint64_t virt, uint64_t len)
{
    Range pages = {0, 0};
    Wide last = (Wide)virt + len - 1;
    bool fits = len != 0 && ((in_lower(virt) && in_lower(last)) || (in_upper(virt) && in_upper(last)));
    int result = range_pages(&FORMAT, virt, len, &pages);
    if (!fits)
        return result == (len == 0 ? MEM_EINVAL : MEM_ERANGE);
    return result == 0 && pages.first == (uint64_t)(linear(virt) / PAGE * PAGE) &&
           pages.last == (uint64_t)(linear(last) / PAGE * PAGE + (PAGE - 1)) && pages.first < pages.last;
}

/* Whether an address is in one of the linear parts. */
INLINE bool in_parts(uint64_t virt, const Range parts[2], unsigned count)
{
    uint64_t at = (uint64_t)linear(virt);
    return (count > 0 && at >= parts[0].first && at <= parts[0].last) ||
           (count > 1 && at >= parts[1].first && at <= parts[1].last);
}

/*
 * What unmap takes: every address of the pages asked for that exists, and no other. A range that wraps ends at the
 * last byte of the space.
 */
Answer goal_parts(uint64_t virt, uint64_t len, uint64_t probe)
{
    Range parts[2] = {{0, 0}, {0, 0}};
    APPLIES_IF(!FORMAT.va_sign_extended); /* with two parts in memory this is for range.c */
    APPLIES_IF(in_lower(probe) || in_upper(probe));
    unsigned count = range_parts(&FORMAT, virt, len, parts);
    Wide end = (Wide)virt + len > SPACE ? SPACE : (Wide)virt + len;
    Wide first = virt / PAGE * PAGE, last = (end - 1) / PAGE * PAGE + (PAGE - 1);
    bool asked = len != 0 && probe >= first && probe <= last;
    bool ordered = (count < 1 || parts[0].first <= parts[0].last) &&
                   (count < 2 || (parts[1].first <= parts[1].last && parts[0].last < parts[1].first));
    return count <= 2 && ordered && in_parts(probe, parts, count) == asked;
}
