/* SPDX-License-Identifier: MIT */

/* Level arithmetic, at every level. Contracts of lib/format.h. */

#ifndef PROOF_LEVEL_C
#define PROOF_LEVEL_C

#include "format.h"

/* What an entry of each level covers (Intel SDM volume 3A, section 4.5). */
#define SIZE_0 0x1000
#define SIZE_1 0x200000
#define SIZE_2 0x40000000
#define SIZE_3 0x8000000000
#define SIZE_4 0x1000000000000

/* The fact holds at each level of the format, with the size of that level. */
#define AT_EACH_LEVEL(fact)                                                                                \
    ((level != 0 || fact(SIZE_0)) && (level != 1 || fact(SIZE_1)) && (level != 2 || fact(SIZE_2)) &&       \
     (level != 3 || fact(SIZE_3)) && (level != 4 || fact(SIZE_4)))

#if PROOF_DEPTH == 4
#define IS_LEVEL (level == 0 || level == 1 || level == 2 || level == 3)
#else
#define IS_LEVEL (level == 0 || level == 1 || level == 2 || level == 3 || level == 4)
#endif

#define IS_SIZE(size) (\result == size)

/*@ requires format == &FORMAT && IS_LEVEL;
    assigns \nothing;
    exits \false;
    ensures AT_EACH_LEVEL(IS_SIZE); */
static inline usize level_size(const MemFormat *format, unsigned level);

#define IS_MASK(size) (\result == size - 1)

/*@ requires format == &FORMAT && IS_LEVEL;
    assigns \nothing;
    exits \false;
    ensures AT_EACH_LEVEL(IS_MASK); */
static inline usize level_mask(const MemFormat *format, unsigned level);

/*@ requires format == &FORMAT && IS_LEVEL;
    assigns \nothing;
    exits \false;
    ensures \result == 512; */
static inline unsigned level_entries(const MemFormat *format, unsigned level);

#define IS_INDEX(size) (\result == (at / size) % 512)

/*@ requires format == &FORMAT && IS_LEVEL;
    assigns \nothing;
    exits \false;
    ensures AT_EACH_LEVEL(IS_INDEX); */
static inline unsigned level_index(const MemFormat *format, unsigned level, usize at);

#define IS_WITHIN(size) (at % size == 0 && at + size - 1 <= last)

/*@ requires format == &FORMAT && IS_LEVEL;
    assigns \nothing;
    exits \false;
    ensures \result <==> AT_EACH_LEVEL(IS_WITHIN); */
static inline bool block_within(const MemFormat *format, unsigned level, usize at, usize last);

/* From the first block that begins in the range to the last that ends in it. */
#define ARE_WITHIN(size) (\result == \max(0, (last + 1) / size - (first + size - 1) / size))

/*@ requires format == &FORMAT && IS_LEVEL && first <= last;
    assigns \nothing;
    exits \false;
    ensures level == 0 ==> ARE_WITHIN(SIZE_0);
    ensures level == 1 ==> ARE_WITHIN(SIZE_1);
    ensures level == 2 ==> ARE_WITHIN(SIZE_2);
    ensures level == 3 ==> ARE_WITHIN(SIZE_3);
    ensures level == 4 ==> ARE_WITHIN(SIZE_4); */
static inline usize blocks_within(const MemFormat *format, unsigned level, usize first, usize last);

#define ARE_TOUCHED(size) (\result == last / size - first / size + 1)

/*@ requires format == &FORMAT && IS_LEVEL && first <= last;
    assigns \nothing;
    exits \false;
    ensures AT_EACH_LEVEL(ARE_TOUCHED); */
static inline usize blocks_touched(const MemFormat *format, unsigned level, usize first, usize last);

#endif
