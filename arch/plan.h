/* SPDX-License-Identifier: MIT */
#ifndef MEM_ARCH_PLAN_H
#define MEM_ARCH_PLAN_H

/* What planners of all CPUs ask of a plan. */

#include <mem/vmap_cpu.h>

/* How many addresses are invalidated one by one, where the features do not say: MemVmapCpuFeatures.ceiling. */
enum { DEFAULT_CEILING = 33 };

static inline usize plan_ceiling(const MemVmapCpuFeatures *features)
{
    return features->ceiling != 0 ? features->ceiling : DEFAULT_CEILING;
}

/* How many addresses a range names, one for each leaf: sizes of leaves are powers of two. */
static inline usize range_addresses(const MemVmapRange *range)
{
    return ((range->last - range->first) >> __builtin_ctzll(range->stride)) + 1;
}

/* The same of a plan. */
static inline usize plan_addresses(const MemVmapPlan *plan)
{
    usize addresses = 0;
    for (unsigned i = 0; i < plan->count; i++)
        addresses += range_addresses(&plan->ranges[i]);
    return addresses;
}

#endif
