/* SPDX-License-Identifier: MIT */

/* The kinds of CPUs, and the formats that they need of the engine. */

#include "tests/sim/sim.h"

const Kind *const sim_kinds[] = {
    &sim_x86_64_4level, &sim_x86_64_5level,
#ifndef MEM_VMAP_WITHOUT_RISCV
    &sim_riscv_sv48,    &sim_riscv_sv48_firmware,
#endif
#ifndef MEM_VMAP_WITHOUT_AARCH64
    &sim_aarch64_4k,
#endif
};
const unsigned sim_kind_count = sizeof sim_kinds / sizeof sim_kinds[0];

#ifndef MEM_VMAP_WITHOUT_RISCV
extern const MemVmapFormat mem_vmap_riscv_sv48;
extern const MemVmapFormat *const mem_vmap_riscv_formats[];
const MemVmapFormat *const mem_vmap_riscv_formats[] = {&mem_vmap_riscv_sv48, NULL};
#endif

#ifndef MEM_VMAP_WITHOUT_AARCH64
extern const MemVmapFormat mem_vmap_aarch64_4k;
extern const MemVmapFormat *const mem_vmap_aarch64_formats[];
const MemVmapFormat *const mem_vmap_aarch64_formats[] = {&mem_vmap_aarch64_4k, NULL};
#endif
