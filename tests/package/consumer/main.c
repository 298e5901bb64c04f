/* SPDX-License-Identifier: MIT */
/* The least that a user writes: a port of two members, a space, a mapping. Exits with 0 if it worked. */
#include <mem/vmap.h>
#include <stdio.h>

static _Alignas(4096) unsigned char memory[16][4096];
static usize used;

static usize page_get(void *context, usize size)
{
    (void)context;
    return used == 16 ? MEM_VMAP_NO_PAGE : used++ * size;
}

int main(void)
{
    MemVmap vmap;
    MemVmapPort port = {.page_get = page_get, .direct_map = (usize)memory};
    int code = mem_vmap_init(&vmap, &port, NULL, NULL);
    if (code == MEM_OK)
        code = mem_vmap_map(&vmap, 0x1000, 0x200000, 0x3000, MEM_VMAP_WRITE);
    if (code != MEM_OK) {
        printf("%s\n", mem_vmap_strerror(code));
        return 1;
    }
    usize phys = mem_vmap_translate(&vmap, 0x201234);
    mem_vmap_unmap(&vmap, 0x200000, 0x3000);
    mem_vmap_translate(&vmap, 0x201234);
    bool missed = mem_vmap_missed(&vmap);
    mem_vmap_destroy(&vmap);
    printf("0x%zx, then %s\n", phys, missed ? "a miss" : "a hit");
    return phys == 0x2234 && missed ? 0 : 1;
}
