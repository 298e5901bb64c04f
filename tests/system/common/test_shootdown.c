/* SPDX-License-Identifier: MIT */

/*
 * CPU 0 maps and unmaps; the others use the addresses without a pause. What was unmapped when an access began must
 * not be reached by it. Each round has other frames, and each frame says of which round it is.
 */

#include "common/kernel.h"

/* How a round takes its addresses away; those with large leaves come last (see --small-pages of run.py). */
typedef enum Scene {
    UNMAP_PAGE,
    UNMAP_GLOBAL,     /* its entry is global */
    UNMAP_BATCH,      /* a few pages, one shootdown */
    UNMAP_BATCH_FULL, /* more ranges than a batch remembers */
    PROTECT,          /* the right to write goes, not the mapping */
    UNMAP_LARGE,      /* a whole leaf of the next size */
    UNMAP_OF_LARGE,   /* a page of such a leaf, which is split */
    UNMAP_TABLES,     /* so much that tables go */
    UNMAP_WHILE_AWAY, /* the other CPUs run another space meanwhile, and come back */
    SCENES,
} Scene;

static const char *const scene_names[SCENES] = {"unmap a page",
                                                "unmap a global page",
                                                "batch",
                                                "batch that overflows",
                                                "protect",
                                                "unmap a large leaf",
                                                "unmap part of one",
                                                "unmap whole tables",
                                                "unmap while away"};

enum { ADDRESSES_MAX = 20 };

/* What CPU 0 tells the others; each number is that of a round. */
static struct {
    MemVmap space;
    Scene scene;
    usize addresses[ADDRESSES_MAX];
    unsigned count;
    uint64_t opened, closed, away, over;
} game;

/* What each of the others tells CPU 0. */
static struct {
    uint64_t ready, gone, done, crossed;
    uint64_t reached, refused, stale;
    usize stale_address;
} players[CPUS_MAX];

#define VIRT ((usize)16 << 30)

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void wait_for(const uint64_t *word, uint64_t value)
{
    while (load(word) != value)
        machine_pause();
}

/* Uses every address once; true where all were reached. `closed`: none may be. */
static bool use_addresses(unsigned cpu, uint64_t round, bool closed)
{
    Access access = game.scene == PROTECT ? ACCESS_WRITE : ACCESS_READ;
    unsigned reached = 0;
    for (unsigned i = 0; i < game.count; i++) {
        Probe probe = machine_probe(KERNEL_MODE, access, game.addresses[i], round);
        bool stale = closed || (access == ACCESS_READ && probe.value != round);
        if (probe.outcome != REACHED) {
            players[cpu].refused++;
            continue;
        }
        reached++;
        players[cpu].stale += stale;
        players[cpu].stale_address = stale ? game.addresses[i] : players[cpu].stale_address;
    }
    players[cpu].reached += reached;
    return reached == game.count;
}

static void go_away(unsigned cpu, uint64_t round)
{
    if (players[cpu].gone == round)
        return;
    space_enter(&kernel_space);
    store(&players[cpu].gone, round);
    wait_for(&game.closed, round);
    space_enter(&game.space);
}

/* A few times; true where the round is closed. */
static bool use_and_look(unsigned cpu, uint64_t round)
{
    enum { PASSES = 3 };
    for (unsigned pass = 0; pass < PASSES; pass++) {
        bool closed = load(&game.closed) == round;
        if (use_addresses(cpu, round, closed))
            store(&players[cpu].ready, round);
        if (closed)
            return true;
        machine_pause();
    }
    return false;
}

/* Shootdowns come late here, so that whoever does not wait for them is found out. */
static void play(unsigned cpu, uint64_t round)
{
    for (;;) {
        machine_interrupts_off();
        bool closed = use_and_look(cpu, round);
        machine_interrupts_on();
        if (closed)
            return;
        if (load(&game.away) == round)
            go_away(cpu, round);
        machine_pause();
    }
}

static void must(int code)
{
    if (code != MEM_OK) {
        print("%s\n", mem_vmap_strerror(code));
        panic("a call failed");
    }
}

static usize large(void)
{
    usize page = (usize)parameters->page_kib << 10;
    return page * (page / 8);
}

/* All CPUs unmap at the same time, each a page of its own: shootdowns cross, and whoever waits must serve. */
static void cross(unsigned cpu)
{
    usize page = (usize)parameters->page_kib << 10, virt = VIRT + (4 + cpu) * large();
    for (uint32_t i = 0; i < parameters->rounds; i++) {
        must(mem_vmap_map(&game.space, machine.arena.first + cpu * page, virt, page, 0));
        if (machine_probe(KERNEL_MODE, ACCESS_READ, virt, 0).outcome != REACHED)
            panic("a page that was just mapped is not reached");
        mem_vmap_unmap(&game.space, virt, page);
        if (machine_probe(KERNEL_MODE, ACCESS_READ, virt, 0).outcome == REACHED)
            players[cpu].stale++;
    }
    store(&players[cpu].crossed, 1);
}

void test_cpu_main(unsigned cpu)
{
    uint64_t round = 0;
    wait_for(&game.opened, 1);
    space_enter(&game.space);
    while (load(&game.over) == 0) {
        if (load(&game.opened) == round) {
            machine_pause();
            continue;
        }
        round = load(&game.opened);
        if (shootdown_can_be_cut) { /* what the last round has left goes */
            space_enter(&kernel_space);
            space_enter(&game.space);
        }
        play(cpu, round);
        store(&players[cpu].done, round);
    }
    if (!shootdown_can_be_cut)
        cross(cpu);
}

/* Maps `len` bytes at virt to frames of this round; the addresses of the game are `step` apart. */
static void map_addresses(uint64_t round, usize len, usize step, unsigned count, int flags)
{
    usize page = (usize)parameters->page_kib << 10;
    usize phys = machine.arena.first + (len < large() ? round % 1024 * page : round % 2 * large());
    game.count = count;
    for (unsigned i = 0; i < count; i++) {
        usize at = i * step;
        game.addresses[i] = VIRT + at + 0x100;
        *(volatile uint64_t *)(phys + at + 0x100) = round;
        if (step > len)
            must(mem_vmap_map(&game.space, phys + at, VIRT + at, len, flags));
    }
    if (step <= len)
        must(mem_vmap_map(&game.space, phys, VIRT, len, flags));
}

static void open_round(uint64_t round)
{
    usize page = (usize)parameters->page_kib << 10;
    switch (game.scene) {
    case UNMAP_PAGE:
    case UNMAP_WHILE_AWAY:
        map_addresses(round, page, page, 1, 0);
        return;
    case UNMAP_GLOBAL:
        map_addresses(round, page, page, 1, MEM_VMAP_GLOBAL);
        return;
    case UNMAP_LARGE:
        map_addresses(round, large(), large() / 4, 4, 0);
        return;
    case UNMAP_OF_LARGE:
        map_addresses(round, large(), page, 1, 0);
        return;
    case UNMAP_TABLES:
        map_addresses(round, 2 * large(), large(), 2, MEM_VMAP_CAP_4K);
        return;
    case UNMAP_BATCH:
        map_addresses(round, page, 3 * page, 6, 0);
        return;
    case UNMAP_BATCH_FULL:
        map_addresses(round, page, 3 * page, ADDRESSES_MAX, 0);
        return;
    case PROTECT:
        map_addresses(round, page, page, 1, MEM_VMAP_WRITE);
        return;
    case SCENES:
        return;
    }
}

static void unmap_in_batch(void)
{
    usize page = (usize)parameters->page_kib << 10;
    MemVmapBatch batch;
    must(mem_vmap_batch_begin(&batch, &game.space));
    for (unsigned i = 0; i < game.count; i++)
        mem_vmap_batch_unmap(&batch, VIRT + i * 3 * page, page);
    mem_vmap_batch_end(&batch);
}

/* When it returns, no address of the game can be used, or written where the scene is PROTECT. */
static void take_away(void)
{
    usize page = (usize)parameters->page_kib << 10;
    switch (game.scene) {
    case UNMAP_LARGE:
        mem_vmap_unmap(&game.space, VIRT, large());
        return;
    case UNMAP_TABLES:
        mem_vmap_unmap(&game.space, VIRT, 2 * large());
        return;
    case UNMAP_BATCH:
    case UNMAP_BATCH_FULL:
        unmap_in_batch();
        return;
    case PROTECT:
        must(mem_vmap_protect(&game.space, VIRT, page, 0));
        return;
    case UNMAP_PAGE:
    case UNMAP_GLOBAL:
    case UNMAP_OF_LARGE:
    case UNMAP_WHILE_AWAY:
    case SCENES:
        mem_vmap_unmap(&game.space, VIRT, page);
        return;
    }
}

static void wait_for_players(uint64_t round, usize member)
{
    for (unsigned cpu = 1; cpu < parameters->cpus; cpu++)
        wait_for((const uint64_t *)((const char *)&players[cpu] + member), round);
}

#define WAIT_FOR_PLAYERS(round, member)                                                                    \
    wait_for_players(round, (usize)((char *)&players[0].member - (char *)players))

/* False: a translation was used after it had gone. */
static bool play_round(uint64_t round)
{
    open_round(round);
    store(&game.opened, round);
    WAIT_FOR_PLAYERS(round, ready);
    if (game.scene == UNMAP_WHILE_AWAY) {
        store(&game.away, round);
        WAIT_FOR_PLAYERS(round, gone);
    }
    __atomic_store_n(&shootdown_is_cut, game.scene != UNMAP_WHILE_AWAY, __ATOMIC_RELEASE);
    take_away();
    store(&game.closed, round);
    WAIT_FOR_PLAYERS(round, done);
    __atomic_store_n(&shootdown_is_cut, false, __ATOMIC_RELEASE);
    mem_vmap_unmap(&game.space, VIRT, 4 * large());
    for (unsigned cpu = 1; cpu < parameters->cpus; cpu++)
        if (players[cpu].stale > 0)
            return false;
    return true;
}

static void print_players(void)
{
    for (unsigned cpu = 1; cpu < parameters->cpus; cpu++)
        print("CPU %lu: %lu accesses reached, %lu refused, %lu stale (%lx)\n", (unsigned long)cpu,
              players[cpu].reached, players[cpu].refused, players[cpu].stale, players[cpu].stale_address);
}

/* Rounds of a scene: whether all went well. */
static bool play_scene(uint64_t *round)
{
    uint64_t cycles = machine_cycles();
    for (uint32_t i = 0; i < parameters->rounds; i++) {
        if (!play_round(++*round)) {
            print("STALE in round %lu: %s\n", (unsigned long)i, scene_names[game.scene]);
            print_players();
            return false;
        }
    }
    cycles = machine_cycles() - cycles;
    print("%s: %lu rounds, %lu cycles each\n", scene_names[game.scene], (unsigned long)parameters->rounds,
          cycles / parameters->rounds);
    return true;
}

static bool cross_all(void)
{
    uint64_t stale = 0;
    space_enter(&game.space);
    cross(0);
    for (unsigned cpu = 0; cpu < parameters->cpus; cpu++) {
        wait_for(&players[cpu].crossed, 1);
        stale += players[cpu].stale;
    }
    print_players();
    return stale == 0;
}

/*
 * Every scene. Where the shootdown is cut out, each must show a stale translation, but for the one that needs no
 * shootdown: else it could not have shown one.
 */
ExitCode test_main(void)
{
    uint64_t round = 0;
    unsigned stale = 0;
    space_make(&game.space, false);
    for (game.scene = 0; game.scene < SCENES; game.scene++) {
        if (play_scene(&round))
            continue;
        stale++;
        if (!shootdown_can_be_cut)
            return EXIT_STALE;
        for (unsigned cpu = 1; cpu < parameters->cpus; cpu++)
            players[cpu].stale = 0;
    }
    store(&game.over, 1);
    if (shootdown_can_be_cut)
        return stale == SCENES - 1 ? EXIT_STALE : EXIT_FAILED;
    return cross_all() ? EXIT_PASSED : EXIT_STALE;
}
