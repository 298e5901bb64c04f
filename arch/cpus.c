/* SPDX-License-Identifier: MIT */

/* The kinds of CPUs of this build. */

#include "lib/cpu.h"
#include "lib/text.h"

extern const MemVmapCpuType mem_vmap_x86_64_cpu;

static const MemVmapCpuType *const types[] = {&mem_vmap_x86_64_cpu};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

const MemVmapCpuType *mem_vmap_cpu_type_find(const char *name)
{
    for (unsigned i = 0; name != NULL && i < TYPES; i++)
        if (same_text(types[i]->name, name))
            return types[i];
    return NULL;
}
