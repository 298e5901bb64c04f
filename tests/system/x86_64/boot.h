/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_X86_64_BOOT_H
#define SYSTEM_X86_64_BOOT_H

/* Numbers that assembly and C share. Intel SDM vol. 3A, 2.2.1, 2.5 and 3.4.2. */

#define MACHINE_PARAMETERS 0x4000000
#define PARAMETERS_LEVELS  8

#define TRAMPOLINE 0x8000

#define CR0_PE   0x1
#define CR0_WP   0x10000
#define CR0_PG   0x80000000
#define CR4_PAE  0x20
#define CR4_PGE  0x80
#define CR4_LA57 0x1000
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800

/* Selectors; the boot tables have the first four. Each CPU has a TSS of two slots. */
#define GDT_CODE      0x08
#define GDT_DATA      0x10
#define GDT_CODE32    0x18
#define GDT_USER_DATA 0x20
#define GDT_USER_CODE 0x28
#define GDT_TSS       0x30
#define GDT_SLOTS     16

/* Exceptions that probes end with, and the interrupt that CPUs send each other. */
#define VECTOR_BREAKPOINT 3
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE_FAULT 14
#define VECTOR_SHOOTDOWN  0x40
#define VECTORS           0x41

#endif
