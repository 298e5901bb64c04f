/* SPDX-License-Identifier: MIT */

/* The formats of this architecture. */

#include "lib/format.h"

extern const MemVmapFormat mem_vmap_x86_64_4level, mem_vmap_x86_64_5level;

extern const MemVmapFormat *const mem_vmap_x86_64_formats[];
const MemVmapFormat *const mem_vmap_x86_64_formats[] = {
    &mem_vmap_x86_64_4level,
    &mem_vmap_x86_64_5level,
    NULL,
};
