/* SPDX-License-Identifier: MIT */

/* For images that must fail: the other CPUs answer shootdowns, and forget nothing. */

#include "common/kernel.h"

const bool shootdown_can_be_cut = true;
bool shootdown_is_cut;

static bool is_cut(void)
{
    return __atomic_load_n(&shootdown_is_cut, __ATOMIC_ACQUIRE);
}

/* CPU 0 forgets, unless it would make all others forget by that. */
static void execute(void *context, const MemVmapStep *steps, unsigned count)
{
    const MemVmapCpuType *type = mem_vmap_cpu_type_find(machine.cpu_type);
    if (!is_cut() || (machine_cpu() == 0 && type->reach != MEM_VMAP_REACH_ALL))
        type->execute(context, steps, count);
}

Execute *const kernel_execute = execute;

static void execute_there(void *context, const MemVmapCpuSet *targets, const MemVmapStep *steps,
                          unsigned count)
{
    if (!is_cut())
        mem_vmap_cpu_type_find(machine.cpu_type)->execute_there(context, targets, steps, count);
}

ExecuteThere *kernel_execute_there(void)
{
    return execute_there;
}
