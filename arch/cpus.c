/* SPDX-License-Identifier: MIT */

/* The kinds of CPUs of this build. */

#include "lib/cpu.h"
#include "lib/text.h"

extern const MemVmapCpuType mem_vmap_x86_64_cpu, mem_vmap_aarch64_cpu, mem_vmap_riscv_cpu;

static const MemVmapCpuType *const types[] = {
#ifndef MEM_VMAP_WITHOUT_X86_64
    &mem_vmap_x86_64_cpu,
#endif
#ifndef MEM_VMAP_WITHOUT_AARCH64
    &mem_vmap_aarch64_cpu,
#endif
#ifndef MEM_VMAP_WITHOUT_RISCV
    &mem_vmap_riscv_cpu,
#endif
    NULL,
};

const MemVmapCpuType *mem_vmap_cpu_type_find(const char *name)
{
    for (unsigned i = 0; name != NULL && types[i] != NULL; i++)
        if (same_text(types[i]->name, name))
            return types[i];
    return NULL;
}
