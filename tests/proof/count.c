/* SPDX-License-Identifier: MIT */

/* The count of entries in use, in bits 52 to 61 of the entry that links a table. Contracts of lib/format.h. */

#include "format.h"

/*@ requires format == &FORMAT;
    assigns \nothing;
    exits \false;
    ensures \result == 512 * sizeof(MemEntry); */
static inline usize table_size(const MemFormat *format);

/*@ requires format == &FORMAT;
    assigns \nothing;
    exits \false;
    ensures \result == 0x3ff0000000000000; */
static inline MemEntry count_mask(const MemFormat *format);

#define COUNT(entry) (((entry) / 0x10000000000000) % 1024)

/*@ requires format == &FORMAT;
    assigns \nothing;
    exits \false;
    ensures below: \result % 0x10000000000000 == entry % 0x10000000000000;
    ensures count: COUNT(\result) == (COUNT(entry) + change) % 1024;
    ensures above: \result / 0x4000000000000000 == entry / 0x4000000000000000; */
static inline MemEntry count_add(const MemFormat *format, MemEntry entry, unsigned change);

/*@ assigns \nothing;
    exits \false;
    ensures \result == entry; */
MemEntry count_up_and_down_is_identity(MemEntry entry, unsigned change)
{
    return count_add(&FORMAT, count_add(&FORMAT, entry, change), 0 - change);
}
