/* SPDX-License-Identifier: MIT */

/* AArch64, EL1: the ways in, exceptions, and the instructions that probes execute. */

    .section .text.boot, "ax"
    .globl start
start:
    adrp x9, boot_stack
    add x9, x9, :lo12:boot_stack
    mov sp, x9
    mov x0, #0x40000000 /* QEMU puts the device tree at the begin of RAM */
    b kernel_main

    .text
/* From PSCI: x0 the stack; the number of the CPU lies on top of it. */
    .globl start_cpu
start_cpu:
    mov sp, x0
    ldr x0, [sp]
    b kernel_cpu_main

/* There are no interrupts here, and all exceptions are told apart in C. DDI 0487, D1.3.1.5: sixteen entries of 128 bytes. */
    .balign 2048
    .globl vectors
vectors:
    .rept 16
    .balign 128
    b trap /* x0 as it was; it ends a probe, or the test, and does not come back here */
    .endr

/*
 * void probe_enter(usize *stack, usize entry, usize status, usize address, usize value): goes to `entry` with that
 * SPSR, address in x0 and value in x1. Returns when probe_return is given the stack of *stack.
 */
    .globl probe_enter, probe_return
probe_enter:
    sub sp, sp, #96
    stp x19, x20, [sp]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    mov x9, sp
    str x9, [x0]
    msr elr_el1, x1
    msr spsr_el1, x2
    mov x0, x3
    mov x1, x4
    eret
probe_return:
    mov sp, x0
    ldp x19, x20, [sp]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    add sp, sp, #96
    ret

/* On pages of their own: user mode finds them at PROBE_ALIAS. */
    .section .probe, "ax"
    .globl probe_read, probe_write
probe_read:
    ldr x0, [x0]
    brk #0
probe_write:
    str x1, [x0]
    brk #0

    .bss
    .balign 16
    .skip 32768
boot_stack:
    .skip 16
