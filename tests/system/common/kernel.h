/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_KERNEL_H
#define SYSTEM_KERNEL_H

/* The test kernel: what its tests, each an image of its own, have to work with. */

#include "common/machine.h"

/* Exit codes of an image. */
typedef enum ExitCode {
    EXIT_PASSED = 0,
    EXIT_FAILED = 1,
    EXIT_STALE = 2, /* a translation was used after its unmap had returned */
    EXIT_PANIC = 3, /* the kernel itself went wrong */
} ExitCode;

/* What an image does once the kernel runs in its own space, on CPU 0. */
ExitCode test_main(void);
/* What the other CPUs do; interrupts are on. Returns when the CPU may sleep. */
void test_cpu_main(unsigned cpu);

extern Machine machine;
extern MemVmapCpus cpus;
extern MemVmap kernel_space;

/* A space with the kernel in it. Never fails: the kernel panics. */
void space_make(MemVmap *space, bool allow_write_exec);

/* Makes the space current on this CPU, whose interrupts are on. */
void space_enter(MemVmap *space);

/* What executes invalidations: null, the library itself (execute.c), or what sometimes does not (cut.c). */
typedef void Execute(void *context, const MemVmapStep *steps, unsigned count);
extern Execute *const kernel_execute;
/* The same for what a CPU has others execute. */
typedef void ExecuteThere(void *context, const MemVmapCpuSet *targets, const MemVmapStep *steps,
                          unsigned count);
ExecuteThere *kernel_execute_there(void);

/* While it is cut, where it can be, no CPU but 0 forgets anything. */
extern const bool shootdown_can_be_cut;
extern bool shootdown_is_cut;

/* Text: %s, %lu (decimal), %lx (hexadecimal with 0x), both of 64 bits; %.*s as in C. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);
_Noreturn void panic(const char *what);

/* Pages of 4 KiB or more, for tables. They come and go with garbage in them. */
void frames_init(Region region, usize page_size);
usize frames_get(void *context, usize size);
void frames_put(void *context, usize phys, usize size);
usize frames_out(void); /* that were given and did not come back */
/* The K-th allocation from here, or all from there on, fail; 0: none does. */
typedef enum FailMode { FAIL_ONCE, FAIL_FROM } FailMode;
void frames_fail(FailMode mode, usize k);

/* A lock that other CPUs wait for. */
typedef struct SpinLock {
    unsigned held;
} SpinLock;
void spin_lock(void *lock);
void spin_unlock(void *lock);

/* A sequence that repeats itself from run to run. */
uint64_t random_next(uint64_t *state);

/*
 * Holds the MMU against the library at one page: every access in every mode to a page that lookup finds, or finds
 * absent. True where they agree; otherwise says what is wrong. The frame's contents change.
 */
bool check_page(MemVmap *space, usize virt);
/* One read in kernel mode. */
bool check_read(MemVmap *space, usize virt);
extern usize checks_made;

/* Holds every leaf of a space outside of the kernel's own against the MMU. */
bool check_space(MemVmap *space);

#endif
