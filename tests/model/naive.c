/* SPDX-License-Identifier: MIT */
#include "tests/model/world.h"

#include <stdio.h>

/*
 * The flat model against the raw tables, with no engine between: whatever lookup says, this is what a CPU makes of
 * them.
 */

static bool differ(const World *world, const char *what, uint64_t virt, const OracleWalk *walk)
{
    printf("%s: operation %lu: %s\n  naive walk of 0x%llx: %s (level %u, entry 0x%llx)\n",
           world->geometry->format, world->operation, world->text, (unsigned long long)virt, what,
           walk->level, (unsigned long long)walk->entry);
    return false;
}

/* The first thing in which a leaf differs from its page, or null. */
static const char *leaf_defect(const World *world, const OracleWalk *walk, unsigned index)
{
    const FlatPage *page = &world->flat->pages[index];
    const ModelFormat *format = world->format;
    bool user = (page->flags & MEM_VMAP_USER) != 0, execute = (page->flags & MEM_VMAP_EXEC) != 0;
    bool users_in = !(format->lacks & MEM_VMAP_USER);
    bool by_kernel = execute && (!user || format->kernel_executes_user);
    bool write = (page->flags & MEM_VMAP_WRITE) != 0, dirty = (page->flags & MEM_VMAP_DIRTY) != 0;
    if (walk->phys != page->frame)
        return "another address";
    if (walk->size != flat_leaf_size(world->geometry, flat_leaf(world->flat, index)))
        return "another leaf size";
    if (walk->write != write || walk->user != user || walk->execute_kernel != by_kernel)
        return "other rights";
    if (users_in && walk->execute_user != (execute && user))
        return "other rights of users";
    if (walk->global != ((page->flags & MEM_VMAP_GLOBAL) != 0))
        return "another scope: global or not";
    if (walk->type != format->type_index[(page->flags & MEM_VMAP_TYPE_MASK) >> MEM_VMAP_TYPE_SHIFT])
        return "another memory type";
    if (walk->accessed != ((page->flags & MEM_VMAP_ACCESSED) != 0))
        return "accessed differs";
    return write && walk->dirty != dirty ? "dirty differs"
                                         : NULL; /* some have no dirty state without write */
}

bool world_compare_naive(const World *world, unsigned page)
{
    uint64_t virt = flat_virt(world->flat, page);
    OracleWalk walk = oracle_walk(&world->cpu, virt);
    bool mapped = world->flat->pages[page].mapped;
    if (walk.end == ORACLE_REFUSED)
        return differ(world, walk.defect, virt, &walk);
    if (walk.end != (mapped ? ORACLE_MAPPED : ORACLE_ABSENT))
        return differ(world, mapped ? "not mapped" : "mapped", virt, &walk);
    if (!mapped)
        return walk.entry == 0 ? true : differ(world, "an absent entry is not zero", virt, &walk);
    const char *defect = leaf_defect(world, &walk, page);
    return defect == NULL ? true : differ(world, defect, virt, &walk);
}
