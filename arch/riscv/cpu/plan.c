/* SPDX-License-Identifier: MIT */

/*
 * From what is to be forgotten to the fences that do it. Pure: nothing here is privileged.
 *
 * A fence at an address is about the leaf there and not about the tables that lead to it: where tables went, all
 * of the ASID goes. A write of satp forgets nothing. With Svinval, several addresses need one fence together.
 */

#include "arch/plan.h"
#include "arch/riscv/cpu/cpu.h"

enum { SATP_ASID_SHIFT = 44, SATP_MODE_SHIFT = 60, MODE_SV39 = 8, PAGE_SHIFT = 12 };

/* Whether fences address by address do it, and take less time than one for all. */
static bool is_small(const MemVmapCpuFeatures *features, const MemVmapPlan *plan)
{
    if (plan->everything || plan->tables || plan->count == 0)
        return false;
    return plan_addresses(plan) <= plan_ceiling(features);
}

static MemVmapStep fence_all_of(const MemVmapRoot *root)
{
    return (MemVmapStep){RISCV_FENCE_ASID, root->asid, 0, 0, 1};
}

static bool has_one_address(const MemVmapPlan *plan)
{
    return plan->count == 1 && plan_addresses(plan) == 1;
}

/* A step for each range, and with Svinval what comes before and after. */
static unsigned by_address(const MemVmapCpuFeatures *features, const MemVmapPlan *plan, unsigned asid,
                           MemVmapStep *steps)
{
    bool svinval = (features->extensions & MEM_VMAP_HAS_SVINVAL) && !has_one_address(plan);
    RiscvStepKind fence = plan->global ? RISCV_FENCE_ADDRESS_ALL : RISCV_FENCE_ADDRESS;
    RiscvStepKind inval = plan->global ? RISCV_INVAL_ADDRESS_ALL : RISCV_INVAL_ADDRESS;
    unsigned count = 0;
    if (svinval)
        steps[count++] = (MemVmapStep){RISCV_INVAL_BEGIN, asid, 0, 0, 1};
    for (unsigned i = 0; i < plan->count; i++) {
        const MemVmapRange *range = &plan->ranges[i];
        steps[count++] = (MemVmapStep){svinval ? inval : fence, asid, range->first, range->stride,
                                       range_addresses(range)};
    }
    if (svinval)
        steps[count++] = (MemVmapStep){RISCV_INVAL_END, asid, 0, 0, 1};
    return count;
}

static unsigned forget(const MemVmapCpuFeatures *features, const MemVmapRoot *root, const MemVmapPlan *plan,
                       MemVmapStep steps[MEM_VMAP_STEPS])
{
    if (!is_small(features, plan)) {
        steps[0] = plan->global ? (MemVmapStep){RISCV_FENCE_ALL, 0, 0, 0, 1} : fence_all_of(root);
        return 1;
    }
    return by_address(features, plan, root->asid, steps);
}

static MemVmapStep load_satp(const MemVmapRoot *root)
{
    usize mode = MODE_SV39 + root->levels - 3;
    usize satp = mode << SATP_MODE_SHIFT | (usize)root->asid << SATP_ASID_SHIFT | root->root >> PAGE_SHIFT;
    return (MemVmapStep){RISCV_SATP, root->asid, satp, 0, 1};
}

/*
 * An ASID that is not in use is cleaned before it is loaded. Where there are none, what the last space has left
 * under ASID 0 goes when it cannot come back: after the load.
 */
static unsigned load(const MemVmapCpuFeatures *features, const MemVmapRoot *root, MemVmapHistory history,
                     const MemVmapPlan *plan, MemVmapStep steps[MEM_VMAP_STEPS])
{
    unsigned count = 0;
    if (root->asid == 0) {
        steps[0] = load_satp(root);
        steps[1] = fence_all_of(root);
        return 2;
    }
    if (history == MEM_VMAP_BEHIND)
        count = forget(features, root, plan, steps);
    else if (history == MEM_VMAP_UNKNOWN)
        steps[count++] = fence_all_of(root);
    else if (history == MEM_VMAP_RENUMBERED)
        steps[count++] = (MemVmapStep){RISCV_FENCE_ALL, 0, 0, 0, 1};
    steps[count] = load_satp(root);
    return count + 1;
}

extern const MemVmapCpuType mem_vmap_riscv_cpu;
const MemVmapCpuType mem_vmap_riscv_cpu = {
    .name = "riscv",
    .forget = forget,
    .load = load,
    .execute = RISCV_EXECUTE,
    .reach = MEM_VMAP_REACH_ANY,
    .execute_there = RISCV_EXECUTE_THERE,
};
