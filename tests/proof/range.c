/* SPDX-License-Identifier: MIT */

/* Range checks: what is canonical, what a range becomes, what of it is a hole. Contracts of lib/range.h. */

#include "level.c"
#include "lib/range.h"

#define EXISTS(virt) ((virt) < HALF || (virt) >= SPACE - HALF)

/* The linear address of one that exists. */
#define LINEAR(virt) ((virt) < HALF ? (virt) : (virt) - (SPACE - 2 * HALF))

/* The first and last byte of a page. */
#define DOWN(at) ((at) - (at) % 0x1000)
#define UP(at)   ((at) - (at) % 0x1000 + 0xfff)

/*@ requires format == &FORMAT;
    assigns \nothing;
    exits \false;
    ensures \result == 2 * HALF - 1; */
static inline usize linear_mask(const MemFormat *format);

/*@ requires format == &FORMAT;
    assigns \nothing;
    exits \false;
    ensures \result < 2 * HALF;
    ensures EXISTS(virt) ==> \result == LINEAR(virt); */
static inline usize linear_from_virt(const MemFormat *format, usize virt);

/*@ requires format == &FORMAT;
    requires linear < 2 * HALF;
    assigns \nothing;
    exits \false;
    ensures EXISTS(\result);
    ensures LINEAR(\result) == linear; */
static inline usize virt_from_linear(const MemFormat *format, usize linear);

/*@ requires format == &FORMAT;
    assigns \nothing;
    exits \false;
    ensures \result <==> EXISTS(virt); */
static inline bool virt_exists(const MemFormat *format, usize virt);

/*@ requires format == &FORMAT;
    requires EXISTS(a) || EXISTS(b);
    assigns \nothing;
    exits \false;
    ensures \result <==> EXISTS(a) && EXISTS(b) && (a < HALF <==> b < HALF); */
static inline bool same_part(const MemFormat *format, usize a, usize b);

/* [virt, virt + len) lies in one half: it does not wrap, and has no byte in the hole. */
#define FITS (virt + len <= HALF || virt >= SPACE - HALF && virt + len <= SPACE)

/*@ requires format == &FORMAT;
    requires \valid(pages);
    assigns *pages;
    exits \false;
    behavior nothing:
      assumes len == 0;
      assigns \nothing;
      ensures \result == MEM_EINVAL;
    behavior good:
      assumes len > 0 && FITS;
      assigns *pages;
      ensures result: \result == 0;
      ensures first: pages->first == DOWN(LINEAR(virt));
      ensures last: pages->last == UP(LINEAR(virt + len - 1));
      ensures order: pages->first < pages->last < 2 * HALF;
      ensures half: pages->first < HALF <==> pages->last < HALF;
    behavior bad:
      assumes len > 0 && !FITS;
      assigns \nothing;
      ensures \result == MEM_ERANGE;
    complete behaviors;
    disjoint behaviors; */
static inline int range_pages(const MemFormat *format, usize virt, usize len, Range *pages);

/*@ requires format == &FORMAT;
    requires \valid(part);
    requires EXISTS(low) && EXISTS(high) && (low < HALF <==> high < HALF);
    requires low <= high && asked.first <= asked.last;
    assigns *part;
    exits \false;
    ensures \result <= 1;
    behavior apart:
      assumes asked.first > high || asked.last < low;
      assigns \nothing;
      ensures \result == 0;
    behavior overlap:
      assumes asked.first <= high && asked.last >= low;
      assigns *part;
      ensures result: \result == 1;
      ensures first: part->first == LINEAR(\max(asked.first, low));
      ensures last: part->last == LINEAR(\min(asked.last, high));
      ensures order: part->first <= part->last;
    complete behaviors;
    disjoint behaviors; */
static inline unsigned range_clip(const MemFormat *format, Range asked, usize low, usize high, Range *part);

/* The first and last byte of the pages asked for; a range that wraps ends at the last byte of the space. */
#define FIRST (DOWN(virt))
#define LAST  (virt + len <= SPACE ? UP(virt + len - 1) : SPACE - 1)
#define LOW   (len > 0 && FIRST < HALF)
#define HIGH  (len > 0 && LAST >= SPACE - HALF)

/*@ requires format == &FORMAT;
    requires \valid(parts + (0 .. 1));
    assigns parts[0 .. 1];
    exits \false;
    ensures \result <= 2;
    behavior hole:
      assumes !LOW && !HIGH;
      ensures \result == 0;
    behavior low:
      assumes LOW && !HIGH;
      ensures result: \result == 1;
      ensures first: parts[0].first == FIRST;
      ensures last: parts[0].last == \min(LAST, HALF - 1);
      ensures order: parts[0].first <= parts[0].last;
    behavior high:
      assumes !LOW && HIGH;
      ensures result: \result == 1;
      ensures first: parts[0].first == LINEAR(\max(FIRST, SPACE - HALF));
      ensures last: parts[0].last == LINEAR(LAST);
      ensures order: parts[0].first <= parts[0].last;
    behavior both:
      assumes LOW && HIGH;
      ensures result: \result == 2;
      ensures low_first: parts[0].first == FIRST;
      ensures low_last: parts[0].last == HALF - 1;
      ensures high_first: parts[1].first == HALF;
      ensures high_last: parts[1].last == LINEAR(LAST);
      ensures order: parts[1].first <= parts[1].last;
    complete behaviors;
    disjoint behaviors; */
static inline unsigned range_parts(const MemFormat *format, usize virt, usize len, Range parts[2]);

/*@ requires linear < 2 * HALF;
    assigns \nothing;
    exits \false;
    ensures \result == linear; */
usize linear_and_back_is_identity(usize linear)
{
    return linear_from_virt(&FORMAT, virt_from_linear(&FORMAT, linear));
}

/*@ requires EXISTS(virt);
    assigns \nothing;
    exits \false;
    ensures \result == virt; */
usize virt_and_back_is_identity(usize virt)
{
    return virt_from_linear(&FORMAT, linear_from_virt(&FORMAT, virt));
}

/* The last page of the address space is a page like any other. */
/*@ requires \valid(pages);
    assigns *pages;
    exits \false;
    ensures \result == 0;
    ensures pages->first == 2 * HALF - 0x1000 && pages->last == 2 * HALF - 1; */
int range_of_last_page(Range *pages)
{
    return range_pages(&FORMAT, (usize)-0x1000, 0x1000, pages);
}
