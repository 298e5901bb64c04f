/* SPDX-License-Identifier: MIT */

/*
 * The random model test: random operations on a space and on its flat model, compared after each one.
 *
 *     model_random [--format NAME] [--operations N] [--seed N]
 *
 * Prints its seed; the same seed gives the same operations. Exit status 1 at the first difference.
 */

#include "tests/model/tiny.h"
#include "tests/model/world.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const FlatGeometry geometries[] = {
    {"tiny", 2, {0, (uint64_t)-131072}, 32, 3, {1, 4, 16}, 24},
    {"tiny_mod2", 1, {0}, 64, 2, {1, 8}, 24},
    {"tiny_deep", 2, {0, (uint64_t)-131072}, 32, 3, {1, 4, 8}, 24},
    /* Page 0; across 1 GiB; both edges of the hole; the top of the address space. */
    {"x86_64_4level",
     5,
     {0, 0x3fc00000, 0x7fffff800000, 0xffff800000000000, (uint64_t)-8388608},
     2048,
     2,
     {1, 512},
     52},
    {"x86_64_5level",
     5,
     {0, 0x7fffffc00000, 0xffffffff800000, 0xff00000000000000, (uint64_t)-8388608},
     2048,
     2,
     {1, 512},
     52},
};

static const MemVmapFormat *format_of(const FlatGeometry *geometry)
{
    if (strcmp(geometry->format, "tiny") == 0)
        return &mem_vmap_tiny;
    if (strcmp(geometry->format, "tiny_mod2") == 0)
        return &mem_vmap_tiny_mod2;
    if (strcmp(geometry->format, "tiny_deep") == 0)
        return &mem_vmap_tiny_deep;
    return mem_vmap_format_find(geometry->format);
}

static bool world_begin(World *world, const FlatGeometry *geometry, uint64_t seed)
{
    static const uint8_t types[MEM_VMAP_TYPES] = {0, 7, 3, 4, 3};
    MemVmapOptions options = {.type_index = types, .cache_pages = 1 + seed % 40};
    const MemVmapFormat *format = format_of(geometry);
    *world = (World){.geometry = geometry, .random = seed};
    world->arena = arena_new(table_size(format->description), 16384);
    world->flat = flat_new(geometry);
    MemVmapPort port = arena_port(world->arena);
    return mem_vmap_init(&world->vmap, &port, format, &options) == 0;
}

/* Everything must be given back. */
static bool world_end(World *world)
{
    if (world->batch_open)
        mem_vmap_batch_end(&world->batch);
    mem_vmap_destroy(&world->vmap);
    usize left = arena_out(world->arena);
    if (left != 0)
        printf("%s: %zu table pages were not given back\n", world->geometry->format, left);
    arena_free(world->arena);
    flat_free(world->flat);
    return left == 0;
}

static int run(const FlatGeometry *geometry, unsigned long operations, uint64_t seed)
{
    World world;
    printf("%s: seed %llu, %lu operations\n", geometry->format, (unsigned long long)seed, operations);
    fflush(stdout);
    if (!world_begin(&world, geometry, seed))
        return 1;
    for (world.operation = 1; world.operation <= operations; world.operation++) {
        if (!world_step(&world) || !world_compare(&world)) {
            printf("again: model_random --format %s --seed %llu --operations %lu\n", geometry->format,
                   (unsigned long long)seed, world.operation);
            return 1;
        }
    }
    return world_end(&world) ? 0 : 1;
}

static int usage(void)
{
    fprintf(stderr, "usage: model_random [--format NAME] [--operations N] [--seed N]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, 'f'},
        {"operations", required_argument, NULL, 'o'},
        {"seed", required_argument, NULL, 's'},
        {0},
    };
    const char *only = NULL;
    unsigned long operations = 10000;
    uint64_t seed = (uint64_t)time(NULL);
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'f')
            only = optarg;
        else if (option == 'o')
            operations = strtoul(optarg, NULL, 0);
        else if (option == 's')
            seed = strtoull(optarg, NULL, 0);
        else
            return usage();
    }
    int status = 0, ran = 0;
    for (size_t i = 0; i < sizeof geometries / sizeof geometries[0]; i++) {
        if (only != NULL && strcmp(only, geometries[i].format) != 0)
            continue;
        status |= run(&geometries[i], operations, seed);
        ran++;
    }
    return ran > 0 ? status : usage();
}
