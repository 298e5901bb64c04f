/* SPDX-License-Identifier: MIT */
#ifndef PROOF_FORMAT_H
#define PROOF_FORMAT_H

/*
 * The format under proof, -DPROOF_DEPTH=4 or 5, and what the manual says of its addresses (Intel SDM volume 1,
 * section 3.3.7.1): they are canonical, with two halves of HALF bytes each and a hole between.
 */

#if PROOF_DEPTH == 4
#include "arch/x86_64/format_4level.c"
#undef FORMAT
#define FORMAT x86_64_4level
#define HALF   0x800000000000
#elif PROOF_DEPTH == 5
#include "arch/x86_64/format_5level.c"
#undef FORMAT
#define FORMAT x86_64_5level
#define HALF   0x100000000000000
#else
#error "PROOF_DEPTH: 4 or 5"
#endif

/* The size of the whole 64-bit space. In contracts numbers do not wrap. */
#define SPACE 0x10000000000000000

#endif
