/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CPUS_H
#define TESTS_CPUS_H

/*
 * A machine of a few CPUs, simulated in one thread, for spaces of tests/support/space.h. A test says on
 * which CPU its calls run; the port records what each CPU is told to do, does it to an MMU of that CPU,
 * and holds the library to the contract of <mem/vmap_cpu.h>: no hook under a lock, pin and unpin in
 * pairs, no CPU interrupts itself.
 */

#include "tests/support/mmu.h"
#include "tests/support/space.h"

#define MACHINE_CPUS   4
#define MACHINE_SPACES 12
#define MACHINE_STEPS  64

/* Where a call runs on a CPU that has not joined. */
#define MACHINE_STRANGER MACHINE_CPUS

/* When a CPU serves an interrupt. One that is deaf serves none in either case. */
typedef enum machine_answer {
    MACHINE_AT_ONCE,
    MACHINE_LATE /* one CPU each time that somebody waits */
} MachineAnswer;

typedef struct machine_step {
    unsigned cpu;
    MemVmapStep step;
} MachineStep;

typedef struct machine Machine;

struct machine {
    MemVmapCpus cpus;
    MemVmapCpu cpu[MACHINE_CPUS];
    bool joined[MACHINE_CPUS];
    Mmu mmu[MACHINE_CPUS];
    MemVmapCpuFeatures features;
    const char *format;
    Space *spaces[MACHINE_SPACES];
    unsigned space_count;

    unsigned here; /* the CPU that runs the test's calls */
    MachineAnswer answer;
    bool deaf[MACHINE_CPUS];    /* interrupts are off */
    bool pending[MACHINE_CPUS]; /* interrupted, and has not served */
    bool idle[MACHINE_CPUS];    /* uses no address of the lower half */

    usize interrupts[MACHINE_CPUS], interrupt_calls, relaxes;
    unsigned step_count;
    MachineStep steps[MACHINE_STEPS]; /* executed and not yet looked at, oldest first */
    unsigned pinned;
    const char *broken; /* what the library did against the contract, or null */

    /* What a test wants to do inside a hook; null: nothing. */
    void (*on_execute)(Machine *machine, const MemVmapStep *steps, unsigned count); /* before it is done */
    void (*on_interrupt)(Machine *machine);
    void (*on_relax)(Machine *machine); /* instead of what MACHINE_LATE does */
    void *test;                         /* for them */
};

/* What CPUs may have: nothing, or all that the library uses. */
extern const MemVmapCpuFeatures no_features, all_features;

/*
 * A machine whose first `joined` CPUs take part; calls run on CPU 0. The last CPU has the highest number.
 */
Machine *machine_new(const char *format, const MemVmapCpuFeatures *features, unsigned joined);

/* Checks the contract and every space, lets all CPUs leave, and ends the spaces. */
void machine_end(Machine *machine);

/* A space of the machine; its tables are at physical addresses that no other space has. */
Space *machine_space(Machine *machine);

/* Ends one of its spaces, which no CPU has loaded. */
void machine_space_end(Machine *machine, Space *space);

/* The number under which a CPU joins. */
unsigned machine_number(unsigned cpu);

/* Calls on another CPU than the one that the test is on. */
void machine_join(Machine *machine, unsigned cpu);
void machine_leave(Machine *machine, unsigned cpu);
void machine_idle(Machine *machine, unsigned cpu);
void machine_switch(Machine *machine, unsigned cpu, Space *space);
void machine_serve(Machine *machine, unsigned cpu);

/* Serves every interrupt that is pending, also on deaf CPUs: now they hear again. */
void machine_serve_all(Machine *machine);

/*
 * Notes what must hold inside a hook or a task, where cmocka's assertions cannot be used; machine_check
 * says so.
 */
#define machine_must(machine, condition)                                                                   \
    ((condition) ? (void)0 : (void)((machine)->broken = __FILE__ ": not so: " #condition))

/* Stops the test where the library, or what machine_must noted, has broken the contract. */
void machine_check(const Machine *machine);

/* Forgets what was recorded so far: steps and interrupts. */
void machine_forget(Machine *machine);

/* Uses an address on a CPU, which caches what it finds; null: a page fault. */
const MmuLeaf *machine_access(Machine *machine, unsigned cpu, usize virt);

/* Whether no CPU that runs the space, idle ones included, reaches the address any more. */
bool machine_forgot(Machine *machine, const Space *space, usize virt);

/*
 * Whether every CPU knows nothing but the truth of the space that it runs, as far as it may use it: no
 * translation that the tables do not have, no right that they do not give, no way into a table that they
 * do not link.
 */
bool machine_is_true(const Machine *machine);

#define assert_reaches(machine, cpu, virt, phys)                                                           \
    assert_reaches_at(machine, cpu, virt, phys, __FILE__, __LINE__)
void assert_reaches_at(Machine *machine, unsigned cpu, usize virt, usize phys, const char *file, int line);

#define assert_faults(machine, cpu, virt) assert_faults_at(machine, cpu, virt, __FILE__, __LINE__)
void assert_faults_at(Machine *machine, unsigned cpu, usize virt, const char *file, int line);

/* How often a CPU was interrupted since machine_forget: each of the CPUs, as an array. */
#define assert_interrupts(machine, ...)                                                                    \
    assert_interrupts_at(machine, (const usize[MACHINE_CPUS]){__VA_ARGS__}, __FILE__, __LINE__)
void assert_interrupts_at(Machine *machine, const usize *expected, const char *file, int line);

/* The steps that a CPU has executed since the last look at them, all of them, in order. */
#define assert_steps(machine, cpu, ...)                                                                    \
    assert_steps_at(machine, cpu, (const MemVmapStep[]){__VA_ARGS__},                                      \
                    sizeof((const MemVmapStep[]){__VA_ARGS__}) / sizeof(MemVmapStep), __FILE__, __LINE__)
#define assert_no_steps(machine, cpu) assert_steps_at(machine, cpu, NULL, 0, __FILE__, __LINE__)
void assert_steps_at(Machine *machine, unsigned cpu, const MemVmapStep *expected, unsigned count,
                     const char *file, int line);

#endif
