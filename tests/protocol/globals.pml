/* SPDX-License-Identifier: MIT */

/*
 * Global entries, which stay cached while other spaces run: the second ledger.
 *
 * Modelled as in spaces.pml, and: space 1 has a page that is global. The CPU caches it for all spaces (with NO_PGE:
 * like any other), so its unmap is posted in both ledgers and every CPU that takes part applies it. One that runs
 * space 1 and has missed only this plan takes it for the one of its space too.
 *
 * Not modelled, beyond spaces.pml: a global page that several spaces map.
 */
#define MAPPED 31
#define WITH_GLOBALS
#include "scenario.pml"
