/* SPDX-License-Identifier: MIT */

/* The formats of this architecture. */

#include "lib/format.h"

extern const MemVmapFormat mem_vmap_aarch64_4k, mem_vmap_aarch64_4k_upper, mem_vmap_aarch64_4k_stage2,
    mem_vmap_aarch64_4k_lpa2, mem_vmap_aarch64_4k_lpa2_upper, mem_vmap_aarch64_4k_lpa2_stage2,
    mem_vmap_aarch64_16k, mem_vmap_aarch64_16k_upper, mem_vmap_aarch64_16k_stage2,
    mem_vmap_aarch64_16k_lpa2, mem_vmap_aarch64_16k_lpa2_upper, mem_vmap_aarch64_16k_lpa2_stage2,
    mem_vmap_aarch64_64k, mem_vmap_aarch64_64k_upper, mem_vmap_aarch64_64k_stage2, mem_vmap_aarch64_64k_lpa,
    mem_vmap_aarch64_64k_lpa_upper, mem_vmap_aarch64_64k_lpa_stage2;

extern const MemVmapFormat *const mem_vmap_aarch64_formats[];
const MemVmapFormat *const mem_vmap_aarch64_formats[] = {
    &mem_vmap_aarch64_4k,
    &mem_vmap_aarch64_4k_upper,
    &mem_vmap_aarch64_4k_stage2,
    &mem_vmap_aarch64_4k_lpa2,
    &mem_vmap_aarch64_4k_lpa2_upper,
    &mem_vmap_aarch64_4k_lpa2_stage2,
    &mem_vmap_aarch64_16k,
    &mem_vmap_aarch64_16k_upper,
    &mem_vmap_aarch64_16k_stage2,
    &mem_vmap_aarch64_16k_lpa2,
    &mem_vmap_aarch64_16k_lpa2_upper,
    &mem_vmap_aarch64_16k_lpa2_stage2,
    &mem_vmap_aarch64_64k,
    &mem_vmap_aarch64_64k_upper,
    &mem_vmap_aarch64_64k_stage2,
    &mem_vmap_aarch64_64k_lpa,
    &mem_vmap_aarch64_64k_lpa_upper,
    &mem_vmap_aarch64_64k_lpa_stage2,
    NULL,
};
