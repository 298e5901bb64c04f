/* SPDX-License-Identifier: MIT */

/*
 * The random model test: random operations on a space and on its flat model, compared after each one.
 *
 *     model_random [--format NAME] [--operations N] [--seed N] [--break LEVEL] [--help]
 *
 * NAME is that of a format, or of a row of geometries.c. Prints its seed; the same seed gives the same operations. Exit status 1 at the first difference.
 */

#include "tests/model/tiny.h"
#include "tests/model/world.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const MemVmapFormat *format_of(const char *name)
{
    if (strcmp(name, "tiny") == 0)
        return &mem_vmap_tiny;
    if (strcmp(name, "tiny_mod2") == 0)
        return &mem_vmap_tiny_mod2;
    if (strcmp(name, "tiny_deep") == 0)
        return &mem_vmap_tiny_deep;
    return mem_vmap_format_find(name);
}

static usize sum_of_sizes(const FlatGeometry *geometry)
{
    usize sum = 0;
    for (unsigned leaf = 0; leaf < geometry->leaf_count; leaf++)
        sum += flat_leaf_size(geometry, leaf);
    return sum;
}

/* Every other seed is of a CPU that sets accessed and dirty flags itself. */
static bool world_begin(World *world, const ModelFormat *row, uint64_t seed, unsigned break_level)
{
    MemVmapOptions options = {.type_index = row->type_index,
                              .cache_pages = 1 + seed % 40,
                              .hardware_updates = seed % 2 != 0,
                              .break_level = break_level};
    const MemVmapFormat *format = format_of(row->geometry.format);
    if (row->names_sizes)
        options.leaf_sizes = sum_of_sizes(&row->geometry);
    usize size = table_size(format->description);
    *world = (World){.format = row, .geometry = &row->geometry, .random = seed};
    if (row->updates_are_optional && !options.hardware_updates)
        world->presets = MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY;
    world->arena = arena_new(size, size <= 4096 ? 16384 : ((usize)1 << 26) / size);
    world->flat = flat_new(&row->geometry);
    MemVmapPort port = arena_port(world->arena);
    if (mem_vmap_init(&world->vmap, &port, format, &options) != 0)
        return false;
    world->cpu = (OracleCpu){.walker = oracle_walker_find(row->geometry.format),
                             .root = mem_vmap_root(&world->vmap),
                             .phys_bits = (unsigned)row->geometry.phys_bits,
                             .hardware_updates = options.hardware_updates,
                             .memory_base = port.direct_map};
    return true;
}

/* Everything must be given back. */
static bool world_end(World *world)
{
    if (world->batch_open)
        mem_vmap_batch_end(&world->batch);
    mem_vmap_destroy(&world->vmap);
    usize left = arena_out(world->arena);
    if (left != 0)
        printf("%s: %zu table pages were not given back\n", model_format_name(world->format), left);
    arena_free(world->arena);
    flat_free(world->flat);
    return left == 0;
}

static int run(const ModelFormat *row, unsigned long operations, uint64_t seed, unsigned break_level)
{
    World world;
    const char *name = model_format_name(row);
    printf("%s: seed %llu, %lu operations\n", name, (unsigned long long)seed, operations);
    fflush(stdout);
    if (!world_begin(&world, row, seed, break_level))
        return 1;
    for (world.operation = 1; world.operation <= operations; world.operation++) {
        if (!world_step(&world) || !world_compare(&world)) {
            printf("again: model_random --format %s --seed %llu --operations %lu --break %u\n", name,
                   (unsigned long long)seed, world.operation, break_level);
            return 1;
        }
    }
    return world_end(&world) ? 0 : 1;
}

/* Operations on CPUs of every level of break-before-make that the format has, or of one. */
static int run_levels(const ModelFormat *row, unsigned long operations, uint64_t seed, int only)
{
    int status = 0;
    for (unsigned level = 0; level <= row->break_levels; level++)
        if (only < 0 || (unsigned)only == level)
            status |= run(row, only < 0 ? operations / (row->break_levels + 1) : operations, seed, level);
    return status;
}

static void print_usage(FILE *out)
{
    fprintf(out, "usage: model_random [--format NAME] [--operations N] [--seed N] [--break LEVEL]\n");
}

static int help(void)
{
    print_usage(stdout);
    printf("Random operations on a space and on its flat model, compared after each one.\n"
           "  --format NAME   of this format, or row of geometries.c, only (all)\n"
           "  --operations N  so many for each (10000)\n"
           "  --seed N        the same seed gives the same operations (the time)\n"
           "  --break LEVEL   of CPUs of this level of break-before-make only (all that the format has)\n"
           "Prints each seed. Exit status: 0, 1 at a difference, 2 for a bad option.\nFormats:");
    const ModelFormat *row;
    for (unsigned i = 0; (row = model_format_at(i)) != NULL; i++)
        printf(" %s", model_format_name(row));
    printf("\n");
    return 0;
}

static int refuse(void)
{
    print_usage(stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, 'f'}, {"operations", required_argument, NULL, 'o'},
        {"seed", required_argument, NULL, 's'},   {"break", required_argument, NULL, 'b'},
        {"help", no_argument, NULL, 'h'},         {0},
    };
    const char *only = NULL;
    int break_level = -1;
    unsigned long operations = 10000;
    uint64_t seed = (uint64_t)time(NULL);
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (option == 'f')
            only = optarg;
        else if (option == 'o')
            operations = strtoul(optarg, NULL, 0);
        else if (option == 's')
            seed = strtoull(optarg, NULL, 0);
        else if (option == 'b')
            break_level = atoi(optarg);
        else
            return option == 'h' ? help() : refuse();
    }
    int status = 0, ran = 0;
    const ModelFormat *row;
    for (unsigned i = 0; (row = model_format_at(i)) != NULL; i++) {
        if (only != NULL && strcmp(only, model_format_name(row)) != 0)
            continue;
        status |= run_levels(row, operations, seed, break_level);
        ran++;
    }
    return ran > 0 ? status : refuse();
}
