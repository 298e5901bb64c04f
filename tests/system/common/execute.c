/* SPDX-License-Identifier: MIT */

/* The CPUs execute what the library has for them. */

#include "common/kernel.h"

Execute *const kernel_execute = NULL;
const bool shootdown_can_be_cut = false;
bool shootdown_is_cut;

ExecuteThere *kernel_execute_there(void)
{
    return mem_vmap_cpu_type_find(machine.cpu_type)->execute_there;
}
