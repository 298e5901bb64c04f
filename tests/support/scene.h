/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

/*
 * What most tests of shootdowns begin with: a machine of three CPUs and two spaces with the same
 * addresses. CPUs 0 and 1 run the first space, CPU 2 the second, CPU 3 has not joined. Physical addresses
 * of the second are G1 higher.
 */
#include "tests/support/cpus.h"

#define VIRT   (3 * G1)                    /* 16 pages, writable */
#define HIGH   ((usize)0xffff900000000000) /* 16 pages, not global */
#define GLOBAL (HIGH + M2)                 /* 1024 pages, of the first space alone */
#define PHYS   (5 * G1)                    /* of both; of the global pages M2 higher */

typedef struct scene {
    Machine *machine;
    Space *space, *other;
} Scene;

Scene *scene_new(const char *format, const MemVmapCpuFeatures *features);
void scene_end(Scene *scene);

int setup_scene_plain(void **state); /* no PCIDs, no globals; 5 levels */
int setup_scene_all(void **state);   /* PCIDs, INVPCID, globals; 4 levels */
int teardown_scene(void **state);

#define TEST_PLAIN(name)                                                                                   \
    {                                                                                                      \
#name " (no PCIDs)", name, setup_scene_plain, teardown_scene, NULL                                 \
    }
#define TEST_ALL(name)                                                                                     \
    {                                                                                                      \
#name " (PCIDs, INVPCID, globals)", name, setup_scene_all, teardown_scene, NULL                    \
    }
#define TEST_BOTH(name) TEST_PLAIN(name), TEST_ALL(name)

#endif
