/* SPDX-License-Identifier: MIT */

/*
 * MemFormat.linear_bits: along a table, an address that is n higher makes an entry that is n higher. So the engine
 * fills a table by additions.
 */

#include "entry.c"

/*@ requires IS_PHYS(phys, level) && IS_PHYS(phys + n, level) && (attributes & ADDRESS_OF(level)) == 0;
    assigns \nothing;
    exits \false;
    ensures \result != 0; */
bool address_is_linear(MemEntry attributes, usize phys, usize n, unsigned level)
{
    return (attributes | x86_address(phys + n, level)) == (attributes | x86_address(phys, level)) + n;
}
