/* SPDX-License-Identifier: MIT */

/*
 * CPUs that leave and join again, or have joined and not loaded a space yet.
 *
 * Modelled as in globals.pml, and: a CPU that has loaded a root of the kernel's own leaves, at any moment; others
 * use it and all of its ASIDs; it joins again. A task may run there meanwhile.
 *
 * Checked too: a CPU without a space is never made to load a root again.
 *
 * Not modelled, beyond globals.pml: what a CPU does between leave and join. It has flushed its global entries before
 * it leaves (LEAVE_UNFLUSHED: it has not), and its interrupts stay off until `here` knows it.
 */
#define MAPPED 31
#define WITH_GLOBALS
#define WITH_JOIN
#include "scenario.pml"
