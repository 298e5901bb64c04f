/* SPDX-License-Identifier: MIT */

/* The formats of this architecture. */

#include "lib/format.h"

extern const MemVmapFormat mem_vmap_ept_4level, mem_vmap_ept_5level;

extern const MemVmapFormat *const mem_vmap_ept_formats[];
const MemVmapFormat *const mem_vmap_ept_formats[] = {
    &mem_vmap_ept_4level,
    &mem_vmap_ept_5level,
    NULL,
};
