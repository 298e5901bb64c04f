/* SPDX-License-Identifier: MIT */
#include "driver.h"

enum { STEPS = 1024, HOT_PAGES = 16 };

static void nothing(void)
{
}

static void protect_away(void)
{
    protect_all(MEM_VMAP_READ);
}

static void protect_back(void)
{
    protect_all(MEM_VMAP_WRITE);
}

static void map_read_only(void)
{
    map_all();
    protect_away();
}

/* A page out of the middle of each leaf. */
static void cut_all(void)
{
    for (const Place *is = scene.places; is < scene.places + scene.count; is++)
        mem_vmap_unmap(&scene.vmap, is->virt + is->len / 2 + PAGE, PAGE);
}

/* The last answer decides which page is next: all 16 in turn. */
static void translate_hot(void)
{
    usize virt = scene.places[0].virt;
    for (unsigned i = 0; i < STEPS; i++) {
        usize page = (mem_vmap_translate(&scene.vmap, virt) - scene.places[0].phys) / PAGE;
        virt = scene.places[0].virt + (page + 5) % HOT_PAGES * PAGE;
    }
    scene.sum += virt;
}

static void translate_sequential(void)
{
    for (usize i = 0; i < STEPS; i++)
        scene.sum += mem_vmap_translate(&scene.vmap, VIRT + i * PAGE);
}

static void translate_random(void)
{
    uint64_t state = 1;
    for (unsigned i = 0; i < STEPS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        scene.sum += mem_vmap_translate(&scene.vmap, VIRT + (state >> 46) * PAGE); /* 18 bits: 1 GiB */
    }
}

static void lookup_sequential(void)
{
    MemVmapLeaf leaf;
    for (usize i = 0; i < STEPS; i++) {
        scene.failed |= mem_vmap_lookup(&scene.vmap, VIRT + i * PAGE, &leaf);
        scene.sum += leaf.phys;
    }
}

static void batch_unmap_all(void)
{
    MemVmapBatch batch;
    scene.failed |= mem_vmap_batch_begin(&batch, &scene.vmap);
    for (const Place *is = scene.places; is < scene.places + scene.count; is++)
        mem_vmap_batch_unmap(&batch, is->virt, is->len);
    mem_vmap_batch_end(&batch);
}

static void batch_protect_all(void)
{
    MemVmapBatch batch;
    scene.failed |= mem_vmap_batch_begin(&batch, &scene.vmap);
    for (const Place *is = scene.places; is < scene.places + scene.count; is++)
        scene.failed |= mem_vmap_batch_protect(&batch, is->virt, is->len, MEM_VMAP_READ);
    mem_vmap_batch_end(&batch);
}

static void collapse_all(void)
{
    for (const Place *is = scene.places; is < scene.places + scene.count; is++)
        scene.failed |= mem_vmap_collapse(&scene.vmap, is->virt, is->len);
}

static int count_run(void *context, const MemVmapRun *run)
{
    *(usize *)context += run->len;
    return 0;
}

static void walk_all(void)
{
    for (const Place *is = scene.places; is < scene.places + scene.count; is++)
        scene.failed |= mem_vmap_walk(&scene.vmap, is->virt, is->len, NULL, count_run, &scene.sum);
}

#define MAPS(what, arrange)                                                                                \
    {                                                                                                      \
        "map_" what, scene_open, arrange, nothing, map_all, unmap_all, 0                                   \
    }
#define UNMAPS(what, arrange)                                                                              \
    {                                                                                                      \
        "unmap_" what, scene_open, arrange, map_all, unmap_all, nothing, 0                                 \
    }
#define CUTS(what, arrange)                                                                                \
    {                                                                                                      \
        "unmap_" what, scene_open, arrange, map_all, cut_all, unmap_all, 0                                 \
    }
#define READS(name, open, arrange, run)                                                                    \
    {                                                                                                      \
        name, open, arrange, map_all, run, unmap_all, STEPS                                                \
    }

const Operation operations[] = {
    {"nothing", scene_open, nothing, nothing, nothing, nothing, 1}, /* the first: what counting adds */
    MAPS("1x4K", singles),
    UNMAPS("1x4K", singles),
    UNMAPS("1x4K_sparse", sparse), /* must not cost a scan of the table: bug 77 */
    MAPS("256x4K", runs_of_256),
    UNMAPS("256x4K", runs_of_256),
    {"protect_256x4K", scene_open, runs_of_256, map_all, protect_away, unmap_all, 0},
    {"protect_256x4K_wider", scene_open, runs_of_256, map_read_only, protect_back, unmap_all, 0},
    MAPS("512x4K_kept", runs_kept),
    UNMAPS("512x4K_kept", runs_kept),
    MAPS("512x4K_new", runs_new),
    UNMAPS("512x4K_new", runs_new),
    MAPS("1G_as_4K", gib_of_pages),
    UNMAPS("1G_as_4K", gib_of_pages),
    MAPS("1G_as_2M", gib_of_2m),
    UNMAPS("1G_as_2M", gib_of_2m),
    MAPS("64G_as_1G", many_gib),
    UNMAPS("64G_as_1G", many_gib),
    CUTS("4K_of_2M", leaf_of_2m),
    CUTS("4K_of_1G", leaf_of_1g),
    {"collapse_512x4K", scene_open, runs_new, map_all, collapse_all, unmap_all, 0},
    {"walk_512x4K", scene_open, runs_new, map_all, walk_all, unmap_all, 0},
    READS("translate_hot", scene_open, runs_of_256, translate_hot),
    READS("translate_sequential", scene_open, gib_of_pages, translate_sequential),
    READS("translate_random", scene_open, gib_of_pages, translate_random),
    READS("lookup_sequential", scene_open, gib_of_pages, lookup_sequential),
    {"batch_unmap_64x1x4K", scene_open, singles, map_all, batch_unmap_all, nothing, 0},
    {"batch_protect_64x1x4K", scene_open, singles, map_all, batch_protect_all, unmap_all, 0},
    {"smp/map_1x4K", scene_open_smp, singles, nothing, map_all, unmap_all, 0},
    {"smp/unmap_1x4K", scene_open_smp, singles, map_all, unmap_all, nothing, 0},
    {"smp/map_256x4K", scene_open_smp, runs_of_256, nothing, map_all, unmap_all, 0},
    {"smp/unmap_256x4K", scene_open_smp, runs_of_256, map_all, unmap_all, nothing, 0},
    READS("smp/translate_hot", scene_open_smp, runs_of_256, translate_hot),
    READS("smp/translate_random", scene_open_smp, gib_of_pages, translate_random),
};

const unsigned operation_count = sizeof operations / sizeof *operations;
