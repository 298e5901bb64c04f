/* SPDX-License-Identifier: MIT */

/*
 * Random scripts on random machines, with a random schedule.
 *
 *     sim_random [--kind NAME] [--seed N] [--seconds N] [--runs N] [--cpu-fault walks|globals|pages]
 *
 * Each run has a seed of its own, which is printed when a rule is broken: the same seed gives the same run.
 */

#include "tests/sim/random.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    uint64_t state;
    uint64_t seed;
    unsigned until; /* points until something happens */
    unsigned pace;  /* about so many points from one to the next */
    unsigned late;  /* an interrupt is delivered at one of so many opportunities */
    bool moves;
    bool reads; /* interrupt handlers look up addresses */
    CpuFault fault;
    const Kind *kind; /* null: any */
} chance;

static Act script[CPUS][ACTS_MAX];

/* splitmix64 */
static uint64_t random_64(void)
{
    uint64_t z = chance.state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

unsigned below(unsigned count)
{
    return (unsigned)(random_64() % count);
}

/* The schedule. */

static void yield_to_someone(void)
{
    Thread *others[CPUS];
    unsigned count = sim_runnable(others);
    if (count > 0)
        sim_yield(others[below(count)]);
}

static void move_to_someone(void)
{
    Thread *other = &sim.thread[below(sim.config.cpus)];
    if (other != sim.running && sim_can_move(sim.running) && sim_can_move(other))
        sim_move(other);
}

static bool holds_a_lock(const Thread *thread)
{
    bool holds = false;
    for (unsigned i = 0; i < sim.config.spaces; i++)
        holds |= sim.space[i].owner == thread;
    return holds;
}

/* A reader may take the lock in the end. */
static void read_something(void)
{
    if (!holds_a_lock(sim.running) && sim.running->cpu->masked == 0)
        sim_read(&sim.space[below(sim.config.spaces)], random_probe());
}

/* What the hardware does, or the rest of the machine. */
static void something_happens(void)
{
    Cpu *cpu = sim.running->cpu;
    switch (below(10)) {
    case 0:
        if (chance.moves)
            move_to_someone();
        return;
    case 9:
        if (below(4) == 0)
            sim_use_asids_up();
        return;
    case 8:
        if (chance.reads)
            read_something();
        return;
    case 1:
        if (sim_can_serve(cpu) && below(chance.late) == 0)
            sim_serve(cpu);
        return;
    case 2:
    case 3:
    case 4:
        for (unsigned i = 0; i < 4; i++)
            mmu_speculate(&sim.cpu[below(sim.config.cpus)], below(sim.config.probes));
        return;
    default:
        yield_to_someone();
        return;
    }
}

static void point(Point point)
{
    (void)point;
    if (chance.until-- > 0)
        return;
    chance.until = below(2 * chance.pace);
    something_happens();
}

static unsigned pick(unsigned count)
{
    return below(count);
}

static bool deliver(void)
{
    return below(chance.late) == 0;
}

static void describe(void)
{
    const char *option = chance.kind != NULL ? "--kind " : "",
               *id = chance.kind != NULL ? chance.kind->id : "";
    printf("again: sim_random %s%s --seed %lu --runs 1\n", option, id, (unsigned long)chance.seed);
}

static const Driver driver = {point, pick, pick, deliver, describe};

/* Machines. */

/* What kinds other than x86-64 may have more, or always have. */
static void vary_kind(Config *config)
{
    static const unsigned numbers[] = {0, 10, 12, 256, 65536};
    MemVmapCpuFeatures *features = &config->features;
    if (strcmp(config->kind->name, "x86_64") == 0)
        return;
    features->globals = features->by_asid = true;
    features->extensions = below(4);
    features->errata = below(2);
    if (config->kind->teller != TOLD_BY_INTERRUPT)
        features->asids = numbers[config->kind->must_break ? 1 + below(4) : below(5)];
    features->caches_absent = strcmp(config->kind->name, "riscv") == 0 && below(2) == 0;
    config->break_level = config->kind->must_break ? below(3) : 0;
    config->runs = below(2) == 0;
}

static Config some_machine(void)
{
    static const unsigned asids[] = {0, 0, 2, 3, 4096};
    static const unsigned ceilings[] = {0, 1, 2, 5};
    static const usize caches[] = {MEM_VMAP_NO_CACHE, MEM_VMAP_NO_CACHE, 3, 0};
    Config config = {.kind = chance.kind != NULL ? chance.kind : sim_kinds[below(sim_kind_count)]};
    config.cpus = 1 + below(CPUS);
    config.spaces = 2 + below(SPACES - 1);
    config.features = (MemVmapCpuFeatures){.asids = asids[below(5)],
                                           .by_asid = below(2) == 0,
                                           .globals = below(3) != 0,
                                           .ceiling = ceilings[below(4)]};
    config.cache_pages = caches[below(4)];
    config.scarcity = (unsigned[]){0, 0, 2, 30}[below(4)];
    config.greedy = below(2) == 0;
    config.fault = chance.fault;
    vary_kind(&config);
    random_probes(&config);
    return config;
}

static void run(uint64_t seed)
{
    chance.seed = chance.state = seed;
    chance.until = 0;
    chance.pace = 1u << below(9);
    chance.late = 1u << below(6);
    chance.moves = below(2) == 0;
    Config config = some_machine();
    chance.reads = below(2) == 0;
    sim_begin(&config, &driver);
    random_theme();
    for (unsigned i = 0; i < config.cpus; i++) {
        sim.thread[i].acts = script[i];
        sim.thread[i].act_count = random_script(script[i], 2 + below(24));
    }
    sim_run();
    sim_verify();
    sim_end();
}

/* INVLPG that leaves something behind. */
static bool cpu_fault(const char *name)
{
    static const char *const names[] = {
        [CPU_KEEPS_WALKS] = "walks", [CPU_KEEPS_GLOBALS] = "globals", [CPU_KEEPS_PAGES] = "pages"};
    for (unsigned i = CPU_KEEPS_WALKS; i <= CPU_KEEPS_PAGES; i++)
        if (strcmp(names[i], name) == 0)
            chance.fault = (CpuFault)i;
    return chance.fault != CPU_SOUND;
}

static bool find_kind(const char *id)
{
    for (unsigned i = 0; i < sim_kind_count; i++)
        if (strcmp(sim_kinds[i]->id, id) == 0)
            chance.kind = sim_kinds[i];
    return chance.kind != NULL;
}

static int usage(void)
{
    fprintf(stderr, "usage: sim_random [--kind NAME] [--seed N] [--seconds N] [--runs N] "
                    "[--cpu-fault walks|globals|pages]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'}, {"seconds", required_argument, NULL, 't'},
        {"runs", required_argument, NULL, 'r'}, {"cpu-fault", required_argument, NULL, 'f'},
        {"kind", required_argument, NULL, 'k'}, {0},
    };
    uint64_t seed = (uint64_t)time(NULL) * 1000000, runs = (uint64_t)-1, done = 0;
    unsigned seconds = 20;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            seed = strtoull(optarg, NULL, 0);
        else if (option == 't')
            seconds = (unsigned)strtoul(optarg, NULL, 0);
        else if (option == 'r')
            runs = strtoull(optarg, NULL, 0);
        else if (option == 'k' ? !find_kind(optarg) : option != 'f' || !cpu_fault(optarg))
            return usage();
    }
    printf("first seed %lu\n", (unsigned long)seed);
    fflush(stdout);
    uint64_t steps = 0;
    for (time_t end = time(NULL) + seconds; done < runs && time(NULL) < end; done++) {
        run(seed + done);
        steps += sim.steps;
    }
    printf("%lu runs, %lu points: no rule broken\n", (unsigned long)done, (unsigned long)steps);
    return 0;
}
