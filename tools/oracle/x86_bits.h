/* SPDX-License-Identifier: MIT */
#ifndef ORACLE_X86_BITS_H
#define ORACLE_X86_BITS_H

/*
 * The bits of x86-64 paging-structure entries, as figure 4-11 and tables 4-14 to 4-20 of the Intel SDM,
 * volume 3A, number them. For the oracle alone.
 */

#include <stdint.h>

#define BIT_P         (1ull << 0)
#define BIT_RW        (1ull << 1)
#define BIT_US        (1ull << 2)
#define BIT_PWT       (1ull << 3)
#define BIT_PCD       (1ull << 4)
#define BIT_A         (1ull << 5)
#define BIT_D         (1ull << 6)
#define BIT_PS        (1ull << 7)
#define BIT_PAT_4K    (1ull << 7)
#define BIT_G         (1ull << 8)
#define BIT_PAT_LARGE (1ull << 12)
#define BIT_XD        (1ull << 63)

/* Addresses: of a 4 KiB leaf or a table, of a 2 MiB leaf, of a 1 GiB leaf. */
#define BITS_51_12 0x000ffffffffff000ull
#define BITS_51_21 0x000fffffffe00000ull
#define BITS_51_30 0x000fffffc0000000ull

/* Reserved in large leaves. */
#define BITS_20_13 0x00000000001fe000ull
#define BITS_29_13 0x000000003fffe000ull

#endif
