/* SPDX-License-Identifier: MIT */

/* What happened lately, and the end of a run in which a rule was broken. */

#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES = 1024 };

typedef struct line {
    const char *format;
    uint64_t clock, a, b, c;
    unsigned thread, cpu;
} Line;

static Line lines[LINES];
static usize count;

void log_begin(void)
{
    count = 0;
}

void sim_log(const char *format, uint64_t a, uint64_t b, uint64_t c)
{
    unsigned thread = sim.running != NULL ? sim.running->number : 0;
    unsigned cpu = sim.running != NULL ? sim.running->cpu->number : 0;
    lines[count++ % LINES] = (Line){format, sim.clock, a, b, c, thread, cpu};
}

static void print_line(const Line *line)
{
    printf("%6lu thread %u cpu %u  ", (unsigned long)line->clock, line->thread, line->cpu);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    printf(line->format, line->a, line->b, line->c);
#pragma GCC diagnostic pop
    printf("\n");
}

static void print_config(void)
{
    const Config *config = &sim.config;
    printf("%s, %u CPUs, %u spaces, %u ASIDs, by_asid %d, globals %d, ceiling %u, cache %zd, MMUs %s\n",
           config->kind->format, config->cpus, config->spaces, config->features.asids,
           config->features.by_asid, config->features.globals, config->features.ceiling,
           (ssize_t)config->cache_pages, config->greedy ? "greedy" : "moody");
}

static const char *wait_name(Wait wait)
{
    switch (wait) {
    case WAIT_NOTHING:
        return "runs";
    case WAIT_RELAX:
        return "waits for a CPU";
    case WAIT_LOCK:
        return "waits for a lock";
    case WAIT_END:
        return "has ended";
    }
    return "";
}

static void print_threads(void)
{
    for (unsigned i = 0; i < sim.config.cpus; i++) {
        const Thread *thread = &sim.thread[i];
        const Cpu *cpu = thread->cpu;
        printf("thread %u %s, on cpu %u: root 0x%lx, asid %u%s%s%s\n", i, wait_name(thread->wait),
               cpu->number, (unsigned long)cpu->root, cpu->asid, cpu->idle ? ", idle" : "",
               cpu->pending ? ", interrupt pending" : "", cpu->masked ? ", interrupts off" : "");
    }
}

_Noreturn void violation(const char *rule, ...)
{
    va_list arguments;
    for (usize i = count > LINES ? count - LINES : 0; i < count; i++)
        print_line(&lines[i % LINES]);
    print_config();
    print_threads();
    printf("VIOLATION: ");
    va_start(arguments, rule);
    vprintf(rule, arguments);
    va_end(arguments);
    printf("\n");
    sim.driver->describe();
    fflush(stdout);
    _Exit(1);
}
