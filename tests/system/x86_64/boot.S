/* SPDX-License-Identifier: MIT */

/*
 * x86-64, from the two ways in to C. The first CPU comes by the PVH protocol (Xen, "x86/HVM direct boot ABI"): 32-bit
 * protected mode, paging off, %ebx the start info. The others come by a startup IPI in real mode at TRAMPOLINE.
 * Both go to long mode on tables that map the first 4 GiB onto themselves.
 */

#include "x86_64/boot.h"

    .section .note.pvh, "a", @note
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long start32

    .text
    .code32
    .globl start32
start32:
    mov $boot_stack, %esp
    mov %ebx, %edi
    call paging_on
    ljmp $GDT_CODE, $start64

/* Segments, tables, long mode: SDM vol. 3A, 10.8.5. Five levels must be chosen before paging is on. */
paging_on:
    lgdt boot_gdt_pointer
    mov $GDT_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %cr4, %eax
    or $(CR4_PAE | CR4_PGE), %eax
    mov $boot_pml4, %edx
    cmpl $5, MACHINE_PARAMETERS + PARAMETERS_LEVELS
    jne 1f
    or $CR4_LA57, %eax
    mov $boot_pml5, %edx
1:  mov %eax, %cr4
    mov %edx, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $(EFER_LME | EFER_NXE), %eax
    wrmsr
    mov %cr0, %eax
    or $(CR0_PG | CR0_WP), %eax
    mov %eax, %cr0
    ret

    .code64
start64:
    call kernel_main

    .code32
ap_start32:
    mov $GDT_DATA, %eax
    mov %eax, %ss /* the one of real mode has 16-bit stack pointers */
    mov $ap_stack32, %esp
    call paging_on
    ljmp $GDT_CODE, $ap_start64

    .code64
ap_start64:
    mov ap_stack, %rsp
    mov ap_number, %edi
    call kernel_cpu_main

/* Copied to TRAMPOLINE. */
    .code16
    .globl trampoline, trampoline_end
trampoline:
    cli
    xor %ax, %ax
    mov %ax, %ds
    lgdtl TRAMPOLINE + (trampoline_gdt_pointer - trampoline)
    mov %cr0, %eax
    or $CR0_PE, %eax
    mov %eax, %cr0
    ljmpl $GDT_CODE32, $ap_start32
trampoline_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt
trampoline_end:

    .data
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* GDT_CODE */
    .quad 0x00cf93000000ffff /* GDT_DATA */
    .quad 0x00cf9b000000ffff /* GDT_CODE32 */
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt

    .globl ap_stack, ap_number
ap_stack:
    .quad 0
ap_number:
    .long 0

/* 1 GiB leaves, present and writable. */
    .balign 4096
boot_pml5:
    .quad boot_pml4 + 3
    .fill 511, 8, 0
boot_pml4:
    .quad boot_pdpt + 3
    .fill 511, 8, 0
boot_pdpt:
    .quad 0x83, 0x40000083, 0x80000083, 0xc0000083
    .fill 508, 8, 0

    .bss
    .balign 16
    .skip 32768
boot_stack:
    .skip 64
ap_stack32:
