/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_SPELLING_H
#define FUZZ_SPELLING_H

/*
 * Inputs name addresses as a CPU with pages of 4 KiB and tables of 512 entries would. A format with other pages, or
 * with other ends of its address space, gets them respelled, level by level: an entry as far from the beginning or the
 * end of its table. So one input, and one corpus, means much the same to every format.
 */

#include "tools/trace/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Spelling {
    unsigned page_shift;
    unsigned virt_bits, phys_bits;
    bool sign_extended,
        upper; /* the bits above virt_bits copy the topmost, or are set; otherwise they are clear */
    unsigned leaf_levels;   /* how many of its levels have leaves */
    bool plain;             /* addresses stay as they are */
    TraceFlags lacks;       /* user, global: it has no such mappings, */
    unsigned missing_types; /* bit n: nor memory type n */
} Spelling;

/* False: the model does not know the format. */
bool spelling_of(const char *format, Spelling *spelling);

uint64_t spell_virt(const Spelling *spelling, uint64_t virt);
uint64_t spell_phys(const Spelling *spelling, uint64_t phys);
uint64_t spell_len(const Spelling *spelling, uint64_t len);

/* Without what every call would refuse. */
TraceFlags spell_flags(const Spelling *spelling, TraceFlags flags);

#ifdef __cplusplus
}
#endif

#endif
