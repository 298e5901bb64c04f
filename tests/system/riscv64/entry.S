/* SPDX-License-Identifier: MIT */

/* RISC-V, supervisor mode: the ways in, traps, and the instructions that probes execute. tp is the hart's number. */

    .section .text.boot, "ax"
    .globl start
/* From the firmware: a0 the hart, a1 the device tree. Hart 0 goes on, whichever was first. */
start:
    la sp, boot_stack
    mv tp, a0
    mv a2, a0
    mv a0, a1
    mv a1, a2
    tail riscv_main

    .text
    .globl start_hart
/* From the firmware: a0 the hart, a1 its stack. */
start_hart:
    mv sp, a1
    mv tp, a0
    tail kernel_cpu_main

/* Everything that was there before goes to the stack: user mode leaves sp and tp alone here. */
    .balign 4
    .globl trap_entry
trap_entry:
    addi sp, sp, -272
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, 8 * \n(sp)
    .endr
    addi t0, sp, 272
    sd t0, 16(sp)
    csrr t0, sepc
    sd t0, 0(sp)
    csrr t0, sstatus
    sd t0, 256(sp)
    mv a0, sp
    call trap
    ld t0, 0(sp)
    csrw sepc, t0
    ld t0, 256(sp)
    csrw sstatus, t0
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, 8 * \n(sp)
    .endr
    ld sp, 16(sp)
    sret

/*
 * void probe_enter(usize *stack, usize entry, usize status, usize address, usize value): goes to `entry` with that
 * sstatus, address in a0 and value in a1. Returns when a trap goes on at probe_return with the stack of *stack.
 */
    .globl probe_enter, probe_return
probe_enter:
    addi sp, sp, -112
    sd ra, 0(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    sd s\n, 8 + 8 * \n(sp)
    .endr
    sd sp, 0(a0)
    csrci sstatus, 2
    csrw sepc, a1
    csrw sstatus, a2
    mv a0, a3
    mv a1, a4
    sret
probe_return:
    ld ra, 0(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ld s\n, 8 + 8 * \n(sp)
    .endr
    addi sp, sp, 112
    ret

/* On pages of their own: user mode finds them at PROBE_ALIAS. */
    .section .probe, "ax"
    .globl probe_read, probe_write
probe_read:
    ld a0, 0(a0)
    ebreak
    .balign 4
probe_write:
    sd a1, 0(a0)
    ebreak

    .bss
    .balign 16
    .skip 32768
boot_stack:
