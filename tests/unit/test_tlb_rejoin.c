/* SPDX-License-Identifier: MIT */
/*
 * The software TLB and a CPU that leaves and joins again. Readers are not pinned: a lookup that began on that CPU may be
 * preempted at any instruction, and go on elsewhere after that. Here it is, at each in turn, by the trap flag of x86-64;
 * meanwhile the CPU leaves, joins, and looks up another region of the same line.
 */
#if defined __x86_64__
#define _GNU_SOURCE
#include "tests/support/cpus.h"

#include <signal.h>
#include <ucontext.h>

#define A    (3 * G1)
#define B    (A + MEM_VMAP_TLB_LINES * M2) /* the same line */
#define PHYS (5 * G1)

enum { TRAP_FLAG = 0x100, MOST_STEPS = 100000 };

static struct {
    Machine *machine;
    Space *space;
    long step, preempted_at;
} test;

/* 0 where nothing is found. */
static usize look_up(usize virt)
{
    MemVmapLeaf leaf = {0};
    mem_vmap_lookup(&test.space->vmap, virt, &leaf);
    return leaf.phys;
}

/* After each instruction of the lookup. */
static void on_trap(int signal, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    (void)signal;
    (void)info;
    if (++test.step != test.preempted_at)
        return;
    machine_leave(test.machine, 0);
    machine_join(test.machine, 0);
    look_up(B);
    test.machine->here = 1;
    interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

static usize look_up_step_by_step(usize virt)
{
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
    usize phys = look_up(virt);
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
    return phys;
}

/* A lookup on CPU 0, which is preempted at an instruction. False: it has fewer. */
static bool look_up_preempted(long at, bool known)
{
    test.machine = machine_new("x86_64_4level", &no_features, 2);
    test.space = machine_space(test.machine);
    must_map(test.space, PHYS, A, PAGE, 0);
    must_map(test.space, PHYS + G1, B, PAGE, 0);
    if (known)
        look_up(A);
    test.step = 0;
    test.preempted_at = at;
    usize found = look_up_step_by_step(A);
    bool preempted = test.step >= at;
    test.machine->here = 0;
    assert_int_equal(found, PHYS);
    assert_int_equal(look_up(B), PHYS + G1);
    assert_int_equal(look_up(A), PHYS);
    machine_end(test.machine);
    return preempted;
}

static void at_each_instruction(bool known)
{
    long at = 1;
    while (look_up_preempted(at, known))
        at++;
    assert_in_range(at, 50, MOST_STEPS);
}

static void a_line_is_read_while_its_cpu_joins_again(void **state)
{
    (void)state;
    at_each_instruction(true);
}

static void a_line_is_written_while_its_cpu_joins_again(void **state)
{
    (void)state;
    at_each_instruction(false);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_read_while_its_cpu_joins_again),
        cmocka_unit_test(a_line_is_written_while_its_cpu_joins_again),
    };
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
#include <stdio.h>

int main(void)
{
    puts("skipped: single steps are x86-64's");
    return 77;
}
#endif
