/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_X86_64_H
#define SYSTEM_X86_64_H

/* Descriptor tables and traps of one CPU: before any trap may come. */
void x86_traps_begin(unsigned cpu);

/* The local APIC may send the next interrupt. */
void x86_end_of_interrupt(void);

#endif
