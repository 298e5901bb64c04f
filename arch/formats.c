/* SPDX-License-Identifier: MIT */

/* The formats of this build. The first is the default. */

#include "lib/format.h"
#include "lib/text.h"

extern const MemVmapFormat mem_vmap_x86_64_4level, mem_vmap_x86_64_5level, mem_vmap_aarch64_4k,
    mem_vmap_aarch64_4k_upper, mem_vmap_aarch64_4k_stage2, mem_vmap_aarch64_4k_lpa2,
    mem_vmap_aarch64_4k_lpa2_upper, mem_vmap_aarch64_4k_lpa2_stage2, mem_vmap_aarch64_16k,
    mem_vmap_aarch64_16k_upper, mem_vmap_aarch64_16k_stage2, mem_vmap_aarch64_16k_lpa2,
    mem_vmap_aarch64_16k_lpa2_upper, mem_vmap_aarch64_16k_lpa2_stage2, mem_vmap_aarch64_64k,
    mem_vmap_aarch64_64k_upper, mem_vmap_aarch64_64k_stage2, mem_vmap_aarch64_64k_lpa,
    mem_vmap_aarch64_64k_lpa_upper, mem_vmap_aarch64_64k_lpa_stage2, mem_vmap_riscv_sv39,
    mem_vmap_riscv_sv48, mem_vmap_riscv_sv57, mem_vmap_ept_4level, mem_vmap_ept_5level;

static const MemVmapFormat *const formats[] = {
    &mem_vmap_x86_64_4level,
    &mem_vmap_x86_64_5level,
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
    &mem_vmap_riscv_sv39,
    &mem_vmap_riscv_sv48,
    &mem_vmap_riscv_sv57,
    &mem_vmap_ept_4level,
    &mem_vmap_ept_5level,
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

const MemVmapFormat *mem_vmap_format_at(unsigned index)
{
    return index < FORMATS ? formats[index] : NULL;
}

const char *mem_vmap_format_name(const MemVmapFormat *format)
{
    return format != NULL ? format->description->name : "";
}

const MemVmapFormat *mem_vmap_format_find(const char *name)
{
    for (unsigned i = 0; name != NULL && i < FORMATS; i++)
        if (same_text(formats[i]->description->name, name))
            return formats[i];
    return NULL;
}
