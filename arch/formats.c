/* SPDX-License-Identifier: MIT */

/* The formats of this build. The first is the default. */

#include "lib/format.h"
#include "lib/text.h"

extern const MemVmapFormat mem_vmap_x86_64_4level, mem_vmap_x86_64_5level, mem_vmap_riscv_sv39,
    mem_vmap_riscv_sv48, mem_vmap_riscv_sv57, mem_vmap_ept_4level, mem_vmap_ept_5level;

static const MemVmapFormat *const formats[] = {
    &mem_vmap_x86_64_4level, &mem_vmap_x86_64_5level, &mem_vmap_riscv_sv39, &mem_vmap_riscv_sv48,
    &mem_vmap_riscv_sv57,    &mem_vmap_ept_4level,    &mem_vmap_ept_5level,
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
