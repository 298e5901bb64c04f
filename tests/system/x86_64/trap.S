/* SPDX-License-Identifier: MIT */

/* Ways into the kernel and out of it, and the instructions that probes execute. */

#include "x86_64/boot.h"

    .text
/* One entry for each vector, 16 bytes apart; those without an error code push 0 (SDM vol. 3A, table 6-1). */
    .balign 16
    .globl trap_entries
trap_entries:
    .set vector, 0
    .rept VECTORS
    .balign 16
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
    push $0
    .endif
    push $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

trap_common:
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, %rdi
    cld
    call trap
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp
    iretq

/*
 * void probe_enter(usize *stack, usize entry, usize code, usize data, usize address, usize value): goes to `entry` with
 * those segments, address in %rdi and value in %rsi, and notes its stack in *stack. Returns when a trap goes on at
 * probe_return with that stack.
 */
    .globl probe_enter, probe_return
probe_enter:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsp, %rax
    push %rcx
    push %rax
    pushfq
    push %rdx
    push %rsi
    mov %r8, %rdi
    mov %r9, %rsi
    iretq
probe_return:
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/* On pages of their own: user mode finds them at PROBE_ALIAS. */
    .section .probe, "ax"
    .globl probe_read, probe_write
probe_read:
    mov (%rdi), %rax
    int3
probe_write:
    mov %rsi, (%rdi)
    int3
