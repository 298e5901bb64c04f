/* SPDX-License-Identifier: MIT */

/*
 * Shootdowns, switches and generations: two CPUs and two spaces.
 *
 * Modelled, each shared access one step: tasks on both CPUs unmap leaves and tables, with interrupts on or off; where
 * nobody else has the space loaded they number the plan and do not post it; the CPUs switch between the spaces, idle
 * and come back; interrupts are delivered whenever they are on, also in the middle of a catch-up, which then catches
 * up on top of itself; PCIDs with one or two slots (ASIDS), or none. With TSO `applied` is stored through a store
 * buffer. ALONE is a machine of one CPU, with two tasks.
 *
 * Checked: no CPU uses what went after the unmap has returned, nor another space's entries; every wait ends.
 *
 * Not modelled: more CPUs and spaces; orders weaker than x86's; global entries (globals.pml), leave and join
 * (join.pml), the words of a plan (ledger.pml); what tables and leaves are; a CPU that posts plans for ever, and so a
 * catch-up that this keeps from its end.
 */
#define MAPPED 15
#include "scenario.pml"
