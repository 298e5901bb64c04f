/* SPDX-License-Identifier: MIT */

/*
 * The formats of this build: those of each architecture, unless MEM_VMAP_WITHOUT_... says that its folder is left
 * out. The first is the default.
 */

#include "lib/format.h"
#include "lib/text.h"

extern const MemVmapFormat *const mem_vmap_x86_64_formats[];
extern const MemVmapFormat *const mem_vmap_aarch64_formats[];
extern const MemVmapFormat *const mem_vmap_riscv_formats[];
extern const MemVmapFormat *const mem_vmap_ept_formats[];

static const MemVmapFormat *const *const families[] = {
#ifndef MEM_VMAP_WITHOUT_X86_64
    mem_vmap_x86_64_formats,
#endif
#ifndef MEM_VMAP_WITHOUT_AARCH64
    mem_vmap_aarch64_formats,
#endif
#ifndef MEM_VMAP_WITHOUT_RISCV
    mem_vmap_riscv_formats,
#endif
#ifndef MEM_VMAP_WITHOUT_EPT
    mem_vmap_ept_formats,
#endif
    NULL,
};

const MemVmapFormat *mem_vmap_format_at(unsigned index)
{
    for (unsigned i = 0; families[i] != NULL; i++)
        for (unsigned k = 0; families[i][k] != NULL; k++, index--)
            if (index == 0)
                return families[i][k];
    return NULL;
}

const char *mem_vmap_format_name(const MemVmapFormat *format)
{
    return format != NULL ? format->description->name : "";
}

const MemVmapFormat *mem_vmap_format_find(const char *name)
{
    const MemVmapFormat *format = NULL;
    for (unsigned i = 0; name != NULL && (format = mem_vmap_format_at(i)) != NULL; i++)
        if (same_text(format->description->name, name))
            return format;
    return NULL;
}
