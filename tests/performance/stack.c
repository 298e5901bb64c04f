/* SPDX-License-Identifier: MIT */
#include "driver.h"

#include <stdio.h>
#include <string.h>
#include <ucontext.h>

/*
 * How deep a call's stack goes is measured: the call runs on a stack of its own that is painted before, and what is
 * no longer paint has been used. That is the deepest of the paths that are tried, hooks and the driver's loop
 * (a few words) included, not a bound over all paths.
 */
enum { STACK_SIZE = 64 << 10, PAINT = 0xa5 };

static _Alignas(64) unsigned char stack[STACK_SIZE];
static ucontext_t caller, callee;

static usize depth_of(void (*run)(void))
{
    memset(stack, PAINT, sizeof stack);
    if (getcontext(&callee) != 0)
        return 0;
    callee.uc_stack.ss_sp = stack;
    callee.uc_stack.ss_size = sizeof stack;
    callee.uc_link = &caller;
    makecontext(&callee, run, 0);
    if (swapcontext(&caller, &callee) != 0)
        return 0;
    usize untouched = 0;
    while (untouched < sizeof stack && stack[untouched] == PAINT)
        untouched++;
    return sizeof stack - untouched;
}

static void nothing(void)
{
}

static void protect_all_away(void)
{
    protect_all(MEM_VMAP_READ);
}

static void protect_middle(void)
{
    scene.failed |= mem_vmap_protect(&scene.vmap, scene.places[0].virt + PAGE, PAGE, MEM_VMAP_READ);
}

static void unmap_middle(void)
{
    mem_vmap_unmap(&scene.vmap, scene.places[0].virt + PAGE, PAGE);
}

static void unmap_most(void)
{
    mem_vmap_unmap(&scene.vmap, 0, (usize)1 << 47);
}

static void map_unreserved(void)
{
    scene.flags |= MEM_VMAP_NO_RESERVE;
    map_all();
}

static void translate_each(void)
{
    for (unsigned i = 0; i < scene.count; i++)
        scene.sum += mem_vmap_translate(&scene.vmap, scene.places[i].virt);
}

static void lookup_each(void)
{
    MemVmapLeaf leaf;
    for (unsigned i = 0; i < scene.count; i++)
        scene.failed |= mem_vmap_lookup(&scene.vmap, scene.places[i].virt, &leaf);
}

static int visit_nothing(void *context, const MemVmapRun *run)
{
    (void)context, (void)run;
    return 0;
}

static void walk_everything(void)
{
    scene.failed |= mem_vmap_walk(&scene.vmap, 0, (usize)1 << 47, NULL, visit_nothing, NULL);
}

static void collapse_everything(void)
{
    scene.failed |= mem_vmap_collapse(&scene.vmap, VIRT, GIB);
}

static void ask_cost(void)
{
    usize pages;
    scene.failed |= mem_vmap_cost(&scene.vmap, PHYS, VIRT + 4 * GIB, GIB + PAGE, scene.flags, &pages);
}

static void ask_unmap_cost(void)
{
    usize pages;
    scene.failed |= mem_vmap_unmap_cost(&scene.vmap, scene.places[0].virt + PAGE, PAGE, &pages);
}

static void reserve_some(void)
{
    scene.failed |= mem_vmap_reserve(&scene.vmap, 64);
    scene.failed |= mem_vmap_reserve(&scene.vmap, 0);
}

static void ask_stats(void)
{
    MemVmapStats stats;
    scene.failed |= mem_vmap_stats(&scene.vmap, &stats);
}

static void verify(void)
{
    scene.failed |= mem_vmap_verify(&scene.vmap, NULL);
}

static MemVmapBatch batch;

static void batch_open(void)
{
    map_all();
    scene.failed |= mem_vmap_batch_begin(&batch, &scene.vmap);
}

static void batch_unmap(void)
{
    mem_vmap_batch_unmap(&batch, scene.places[0].virt + PAGE, PAGE);
    for (unsigned i = 0; i < scene.count; i++)
        mem_vmap_batch_unmap(&batch, scene.places[i].virt, scene.places[i].len);
}

static void batch_protect(void)
{
    for (unsigned i = 0; i < scene.count; i++)
        scene.failed |= mem_vmap_batch_protect(&batch, scene.places[i].virt, PAGE, MEM_VMAP_READ);
}

static void batch_filled(void)
{
    batch_open();
    batch_unmap();
}

static void batch_end(void)
{
    mem_vmap_batch_end(&batch);
}

static void end_and_unmap(void)
{
    mem_vmap_batch_end(&batch);
    unmap_all();
}

static void switch_to(void)
{
    mem_vmap_switch_to(&scene.vmap);
}

static const Operation tries[] = {
    {"map", scene_open, singles, nothing, map_all, unmap_all, 0},
    {"map", scene_open, runs_kept, nothing, map_all, unmap_all, 0},
    {"map", scene_open, gib_of_pages, nothing, map_all, unmap_all, 0},
    {"map", scene_open_smp, gib_of_pages, nothing, map_all, unmap_all, 0},
    {"map", scene_open, many_gib, nothing, map_all, unmap_all, 0},
    {"unmap", scene_open, singles, map_all, unmap_all, nothing, 0},
    {"unmap", scene_open, runs_kept, map_all, unmap_all, nothing, 0},
    {"unmap", scene_open, gib_of_pages, map_all, unmap_most, nothing, 0},
    {"unmap", scene_open_smp, gib_of_pages, map_all, unmap_all, nothing, 0},
    {"unmap", scene_open, leaf_of_1g, map_all, unmap_middle, unmap_all, 0},
    {"unmap", scene_open, leaf_of_1g, map_unreserved, unmap_middle, unmap_all, 0},
    {"protect", scene_open, runs_of_256, map_all, protect_all_away, unmap_all, 0},
    {"protect", scene_open_smp, runs_of_256, map_all, protect_all_away, unmap_all, 0},
    {"protect", scene_open, leaf_of_1g, map_unreserved, protect_middle, unmap_all, 0},
    {"translate", scene_open, singles, map_all, translate_each, unmap_all, 0},
    {"translate", scene_open_smp, singles, map_all, translate_each, unmap_all, 0},
    {"lookup", scene_open_smp, singles, map_all, lookup_each, unmap_all, 0},
    {"walk", scene_open, runs_kept, map_all, walk_everything, unmap_all, 0},
    {"collapse", scene_open, gib_of_pages, map_all, collapse_everything, unmap_all, 0},
    {"collapse", scene_open_smp, gib_of_pages, map_all, collapse_everything, unmap_all, 0},
    {"cost", scene_open, singles, nothing, ask_cost, nothing, 0},
    {"unmap_cost", scene_open, leaf_of_1g, map_unreserved, ask_unmap_cost, unmap_all, 0},
    {"reserve", scene_open, singles, nothing, reserve_some, nothing, 0},
    {"stats", scene_open, gib_of_pages, map_all, ask_stats, unmap_all, 0},
    {"verify", scene_open, gib_of_pages, map_all, verify, unmap_all, 0},
    {"batch_unmap", scene_open, gib_of_2m, batch_open, batch_unmap, batch_end, 0},
    {"batch_unmap", scene_open, runs_new, batch_open, batch_unmap, batch_end, 0},
    {"batch_protect", scene_open, leaf_of_2m, batch_open, batch_protect, end_and_unmap, 0},
    {"batch_end", scene_open, runs_new, batch_filled, batch_end, nothing, 0},
    {"batch_end", scene_open_smp, runs_new, batch_filled, batch_end, nothing, 0},
    {"switch_to", scene_open_smp, singles, nothing, switch_to, nothing, 0},
};

static usize try_it(const Operation *operation)
{
    operation->open();
    operation->arrange();
    operation->before();
    usize depth = depth_of(operation->run);
    operation->after();
    scene_close();
    return depth;
}

int print_stacks(void)
{
    usize empty = depth_of(nothing), deepest = 0;
    for (unsigned i = 0; i < sizeof tries / sizeof *tries; i++) {
        usize depth = try_it(&tries[i]);
        if (depth <= empty || depth == STACK_SIZE)
            return 1;
        deepest = depth > deepest ? depth : deepest;
        bool last = i + 1 == sizeof tries / sizeof *tries || strcmp(tries[i].name, tries[i + 1].name) != 0;
        if (!last)
            continue;
        printf("%s %zu\n", tries[i].name, deepest - empty);
        deepest = 0;
    }
    return scene.failed != 0;
}
