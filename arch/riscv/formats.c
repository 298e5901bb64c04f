/* SPDX-License-Identifier: MIT */

/* The formats of this architecture. */

#include "lib/format.h"

extern const MemVmapFormat mem_vmap_riscv_sv39, mem_vmap_riscv_sv48, mem_vmap_riscv_sv57;

extern const MemVmapFormat *const mem_vmap_riscv_formats[];
const MemVmapFormat *const mem_vmap_riscv_formats[] = {
    &mem_vmap_riscv_sv39,
    &mem_vmap_riscv_sv48,
    &mem_vmap_riscv_sv57,
    NULL,
};
