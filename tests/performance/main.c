/* SPDX-License-Identifier: MIT */

/*
 * The driver of the performance gate. `driver count ROUNDS [NAME]` runs each operation so many times (below
 * callgrind, which is told when to count and where one operation ends); `driver stack` measures how deep calls go;
 * `driver list` prints for each operation how many calls it makes.
 */

#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/callgrind.h>

/* Two rounds that are not counted: the pool then has its pages, and what is remembered is there. */
enum { WARM_ROUNDS = 2 };

/* The same code for every operation: what it adds is what it adds to the first one, which does nothing. */
__attribute__((noinline)) static void counted(void (*run)(void))
{
    CALLGRIND_TOGGLE_COLLECT;
    run();
    CALLGRIND_TOGGLE_COLLECT;
}

static void count(const Operation *operation, unsigned rounds)
{
    operation->open();
    operation->arrange();
    for (unsigned i = 0; i < WARM_ROUNDS; i++) {
        operation->before();
        operation->run();
        operation->after();
    }
    for (unsigned i = 0; i < rounds; i++) {
        operation->before();
        counted(operation->run);
        operation->after();
    }
    CALLGRIND_DUMP_STATS_AT(operation->name);
    unmap_all();
    if (mem_vmap_verify(&scene.vmap, NULL) != 0)
        scene.failed = 1;
    scene_close();
}

static unsigned calls_of(const Operation *operation)
{
    if (operation->calls != 0)
        return operation->calls;
    operation->open();
    operation->arrange();
    unsigned calls = scene.count;
    unmap_all();
    scene_close();
    return calls;
}

static int failed(const char *what)
{
    fprintf(stderr, "driver: %s\n", what);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "stack") == 0)
        return print_stacks();
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (unsigned i = 0; i < operation_count; i++)
            printf("%s %u\n", operations[i].name, calls_of(&operations[i]));
        return 0;
    }
    if (argc < 3 || strcmp(argv[1], "count") != 0)
        return failed("usage: driver count ROUNDS [NAME] | stack | list");
    for (unsigned i = 0; i < operation_count; i++) {
        if (argc == 3 || i == 0 || strcmp(operations[i].name, argv[3]) == 0)
            count(&operations[i], (unsigned)strtoul(argv[2], NULL, 10));
    }
    return scene.failed ? failed("a call failed, or left what does not verify") : 0;
}
