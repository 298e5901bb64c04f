/* SPDX-License-Identifier: MIT */
#include "tests/support/scene.h"

#include <stdlib.h>

static void map_pages(Space *space, usize phys)
{
    must_map(space, phys, VIRT, 16 * PAGE, MEM_VMAP_WRITE);
    must_map(space, phys, HIGH, 16 * PAGE, 0);
}

Scene *scene_new(const char *format, const MemVmapCpuFeatures *features)
{
    Scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->machine = machine_new(format, features, 3);
    scene->space = machine_space(scene->machine);
    scene->other = machine_space(scene->machine);
    map_pages(scene->space, PHYS);
    map_pages(scene->other, PHYS + G1);
    must_map(scene->space, PHYS + M2, GLOBAL, 2 * M2, MEM_VMAP_GLOBAL | MEM_VMAP_CAP_4K);
    machine_switch(scene->machine, 0, scene->space);
    machine_switch(scene->machine, 1, scene->space);
    machine_switch(scene->machine, 2, scene->other);
    machine_forget(scene->machine);
    return scene;
}

void scene_end(Scene *scene)
{
    machine_end(scene->machine);
    free(scene);
}

int setup_scene_plain(void **state)
{
    *state = scene_new("x86_64_5level", &no_features);
    return 0;
}

int setup_scene_all(void **state)
{
    *state = scene_new("x86_64_4level", &all_features);
    return 0;
}

int teardown_scene(void **state)
{
    scene_end(*state);
    return 0;
}
