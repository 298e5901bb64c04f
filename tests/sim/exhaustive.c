/* SPDX-License-Identifier: MIT */

/*
 * Every schedule of short scripts.
 *
 *     sim_exhaustive [--kind NAME] [--preemptions N] [--seconds N] [SCENARIO [CHOICES]]
 *
 * A schedule is the list of choices that were made on the way: which thread goes on, whether an interrupt is
 * delivered. Each is run from the start; the next differs in the last choice that has an alternative. MMUs are
 * greedy: what could be cached is, so there is nothing to choose. Only so many preemptions come in one schedule:
 * nearly every race shows with two.
 */

#include "tests/sim/scenario.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHOICES_MAX = 20000 };

typedef struct choice {
    unsigned taken, count;
} Choice;

static struct {
    const Scenario *scenario;
    const Kind *kind;
    Choice choice[CHOICES_MAX];
    unsigned made;  /* in this schedule so far */
    unsigned given; /* how many were given to it */
    unsigned preemptions, left;
    unsigned long schedules; /* of all scenarios */
} search;

static unsigned choose(unsigned count)
{
    if (count < 2)
        return 0;
    if (search.made == CHOICES_MAX)
        violation("more than %u choices: the schedule does not end", CHOICES_MAX);
    Choice *choice = &search.choice[search.made++];
    if (search.made > search.given)
        choice->taken = 0;
    choice->count = count;
    return choice->taken;
}

static bool holds_a_lock(const Thread *thread)
{
    bool holds = false;
    for (unsigned i = 0; i < sim.config.spaces; i++)
        holds |= sim.space[i].owner == thread;
    return holds;
}

/*
 * Under the lock, what is loaded changes only by what MMUs set. Accesses that order nothing are left to the
 * random driver: they come in rows, between others that are looked at here.
 */
static bool matters(Point point)
{
    return point != POINT_PIN && point != POINT_RELAXED &&
           (point != POINT_LOAD || !holds_a_lock(sim.running));
}

static void point(Point point)
{
    Thread *others[CPUS];
    Cpu *cpu = sim.running->cpu;
    if (search.left == 0 || !matters(point))
        return;
    unsigned count = sim_runnable(others), taken = choose(1 + count + sim_can_serve(cpu));
    if (taken == 0)
        return;
    search.left--;
    if (taken <= count)
        sim_yield(others[taken - 1]);
    else
        sim_serve(cpu);
}

/* Any thread may begin. Who goes on while one waits: in turn; another order is a preemption. */
static unsigned pick(unsigned count)
{
    if (sim.steps == 0)
        return choose(count);
    unsigned taken = search.left > 0 ? choose(count) : 0;
    search.left -= taken > 0;
    return taken;
}

static unsigned first(unsigned count)
{
    (void)count;
    return 0;
}

static bool deliver(void)
{
    return choose(2) == 1;
}

static void describe(void)
{
    printf("again: sim_exhaustive --kind %s --preemptions %u %s ", search.kind->id, search.preemptions,
           search.scenario->name);
    for (unsigned i = 0; i < search.made; i++)
        if (search.choice[i].taken > 0)
            printf("%u:%u,", i, search.choice[i].taken);
    printf("\n");
}

static const Driver driver = {point, pick, first, deliver, describe};

static unsigned acts_of(const Act *acts)
{
    unsigned count = 0;
    while (count < SCENARIO_ACTS && (acts[count].kind != DO_MAP || acts[count].len != 0))
        count++;
    return count;
}

/* The features of a scenario, as this kind of CPU has them. Where numbers are the machine's, few are the fewest. */
static MemVmapCpuFeatures features_of(const Scenario *scenario, const Kind *kind)
{
    MemVmapCpuFeatures features = scenario->features;
    if (strcmp(kind->name, "x86_64") == 0)
        return features;
    features.globals = features.by_asid = true;
    features.extensions = features.asids > 1000 ? 3 : 0;
    if (kind->teller == TOLD_BY_HARDWARE && features.asids == 0)
        features.asids = 256; /* these CPUs always have some */
    else if (kind->teller != TOLD_BY_INTERRUPT && features.asids > 0)
        features.asids = features.asids > 1000 ? 256 : 2 * scenario->cpus + 2;
    return features;
}

static Config config_of(const Scenario *scenario, const Kind *kind)
{
    Config config = {.kind = kind, .cpus = scenario->cpus, .spaces = scenario->spaces, .greedy = true};
    config.features = features_of(scenario, kind);
    config.cache_pages = MEM_VMAP_NO_CACHE;
    while (config.probes < SCENARIO_PROBES && scenario->probes[config.probes] != 0) {
        config.probe[config.probes] = sim_place(kind, scenario->probes[config.probes]);
        config.probes++;
    }
    return config;
}

/* The acts of a script, where they are on CPUs of this kind. */
static const Act *placed(const Act *acts, unsigned count, Act *copy)
{
    for (unsigned i = 0; i < count; i++) {
        copy[i] = acts[i];
        copy[i].virt = sim_place(search.kind, acts[i].virt);
    }
    return copy;
}

static void run_once(const Config *config)
{
    const Scenario *scenario = search.scenario;
    Act copies[CPUS + 1][SCENARIO_ACTS];
    search.made = 0;
    search.left = search.preemptions;
    sim_begin(config, &driver);
    unsigned count = acts_of(scenario->setup);
    sim_setup(placed(scenario->setup, count, copies[CPUS]), count);
    for (unsigned i = 0; i < config->cpus; i++) {
        if (scenario->loaded[i] != NOWHERE)
            sim_setup_switch(i, (unsigned)scenario->loaded[i]);
        count = acts_of(scenario->script[i]);
        sim.thread[i].acts = placed(scenario->script[i], count, copies[i]);
        sim.thread[i].act_count = count;
    }
    if (scenario->asids_gone)
        sim_use_asids_up();
    sim_run();
    sim_end();
}

/* The next schedule: false when there is none. */
static bool next_schedule(void)
{
    unsigned last = search.made;
    while (last > 0 && search.choice[last - 1].taken + 1 == search.choice[last - 1].count)
        last--;
    search.given = last;
    if (last > 0)
        search.choice[last - 1].taken++;
    return last > 0;
}

static bool explore(const Scenario *scenario, const Kind *kind, unsigned preemptions, time_t end)
{
    const Config config = config_of(scenario, kind);
    unsigned long schedules = 0;
    bool more;
    search.scenario = scenario;
    search.kind = kind;
    search.preemptions = preemptions > 0 ? preemptions : scenario->preemptions;
    search.given = 0;
    do {
        run_once(&config);
        schedules++;
        more = next_schedule();
    } while (more && time(NULL) < end);
    printf("%s, %s: %lu schedules with up to %u preemptions%s\n", scenario->name, kind->id, schedules,
           search.preemptions, more ? ": not all" : "");
    fflush(stdout);
    search.schedules += schedules;
    return !more;
}

static void again(const Scenario *scenario, const Kind *kind, unsigned preemptions, char *choices)
{
    const Config config = config_of(scenario, kind);
    search.scenario = scenario;
    search.kind = kind;
    search.preemptions = preemptions > 0 ? preemptions : scenario->preemptions;
    for (char *one = strtok(choices, ","); one != NULL; one = strtok(NULL, ",")) {
        unsigned index = 0, taken = 0;
        if (sscanf(one, "%u:%u", &index, &taken) != 2 || index >= CHOICES_MAX)
            exit(2);
        search.choice[index].taken = taken;
        search.given = index + 1;
    }
    run_once(&config);
    printf("no rule broken\n");
}

static int usage(void)
{
    fprintf(stderr,
            "usage: sim_exhaustive [--kind NAME] [--preemptions N] [--seconds N] [SCENARIO [CHOICES]]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"kind", required_argument, NULL, 'k'},
        {"preemptions", required_argument, NULL, 'p'},
        {"seconds", required_argument, NULL, 't'},
        {0},
    };
    const char *id = "x86_64_4level";
    unsigned preemptions = 0, ran = 0;
    time_t end = time(NULL) + 3600;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'k')
            id = optarg;
        else if (option == 'p')
            preemptions = (unsigned)strtoul(optarg, NULL, 0);
        else if (option == 't')
            end = time(NULL) + (time_t)strtoul(optarg, NULL, 0);
        else
            return usage();
    }
    bool all = true;
    for (unsigned k = 0; k < sim_kind_count; k++)
        for (unsigned i = 0; strcmp(sim_kinds[k]->id, id) == 0 && i < scenario_count; i++) {
            if (optind < argc && strcmp(argv[optind], scenarios[i].name) != 0)
                continue;
            if (optind + 1 < argc)
                again(&scenarios[i], sim_kinds[k], preemptions, argv[optind + 1]);
            else
                all &= explore(&scenarios[i], sim_kinds[k], preemptions, end);
            ran++;
        }
    if (ran == 0)
        return usage();
    printf("%lu schedules in all: %s\n", search.schedules, all ? "complete" : "not complete");
    return 0;
}
