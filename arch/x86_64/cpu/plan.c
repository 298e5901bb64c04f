/* SPDX-License-Identifier: MIT */

/*
 * From what is to be forgotten to the instructions that do it. Pure: nothing here is privileged.
 *
 * INVLPG takes along global entries and the paging-structure caches of the current PCID (SDM vol. 3A, 4.10.4.1),
 * so a plan of few addresses needs nothing else, whatever went. For another PCID than the current one, INVPCID
 * promises only what belongs to its address: where tables went, all of that PCID goes.
 */

#include "arch/plan.h"
#include "arch/x86_64/cpu/cpu.h"

/* Whether invalidating address by address does it, and takes less time than what follows. */
static bool is_small(const MemVmapCpuFeatures *features, const MemVmapPlan *plan)
{
    return !plan->everything && plan->count > 0 && plan_addresses(plan) <= plan_ceiling(features);
}

static unsigned by_address(const MemVmapPlan *plan, X86StepKind kind, unsigned asid, MemVmapStep *steps)
{
    for (unsigned i = 0; i < plan->count; i++) {
        const MemVmapRange *range = &plan->ranges[i];
        steps[i] = (MemVmapStep){kind, asid, range->first, range->stride, range_addresses(range)};
    }
    return plan->count;
}

static MemVmapStep load_cr3(const MemVmapRoot *root, usize keep)
{
    return (MemVmapStep){X86_CR3, root->asid, root->root | root->asid | keep, 0, 1};
}

/* Everything of the current PCID, and global entries where the plan says so. */
static MemVmapStep everything(const MemVmapCpuFeatures *features, const MemVmapRoot *root,
                              const MemVmapPlan *plan)
{
    if (!plan->global || !features->globals)
        return load_cr3(root, 0);
    if (features->by_asid)
        return (MemVmapStep){X86_INVPCID_ALL, 0, 0, 0, 1};
    return (MemVmapStep){X86_PGE, 0, 0, 0, 1};
}

static unsigned forget(const MemVmapCpuFeatures *features, const MemVmapRoot *root, const MemVmapPlan *plan,
                       MemVmapStep steps[MEM_VMAP_STEPS])
{
    if (is_small(features, plan))
        return by_address(plan, X86_INVLPG, root->asid, steps);
    steps[0] = everything(features, root, plan);
    return 1;
}

/* What one plan names goes before the root is loaded: there is no moment at which it could be used. */
static unsigned load(const MemVmapCpuFeatures *features, const MemVmapRoot *root, MemVmapHistory history,
                     const MemVmapPlan *plan, MemVmapStep steps[MEM_VMAP_STEPS])
{
    unsigned count = 0;
    usize keep = features->asids > 0 && history == MEM_VMAP_UP_TO_DATE ? X86_CR3_KEEP : 0;
    if (features->asids > 0 && history == MEM_VMAP_BEHIND && features->by_asid && !plan->tables &&
        is_small(features, plan)) {
        count = by_address(plan, X86_INVPCID_ADDRESS, root->asid, steps);
        keep = X86_CR3_KEEP;
    }
    steps[count] = load_cr3(root, keep);
    return count + 1;
}

extern const MemVmapCpuType mem_vmap_x86_64_cpu;
const MemVmapCpuType mem_vmap_x86_64_cpu = {.name = "x86_64",
                                            .forget = forget,
                                            .load = load,
                                            .execute = X86_EXECUTE,
                                            .reach = MEM_VMAP_REACH_LOADED};
