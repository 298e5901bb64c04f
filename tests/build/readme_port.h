/* SPDX-License-Identifier: MIT */
/*
 * What stands before the README's example when it is compiled on a host: a port over a static array,
 * where the kernel's would be. Table pages are never loaded into a CPU here, so it needs two members.
 */
#include <mem/vmap.h>
#include <stdio.h>

static _Alignas(4096) unsigned char example_memory[64][4096];
static usize example_used;

static inline usize example_page_get(void *context, usize size)
{
    (void)context;
    if (example_used == sizeof(example_memory) / size)
        return MEM_VMAP_NO_PAGE;
    return example_used++ * size;
}

static inline MemVmapPort example_port(void)
{
    return (MemVmapPort){.page_get = example_page_get, .direct_map = (usize)example_memory};
}
