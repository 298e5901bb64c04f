/* SPDX-License-Identifier: MIT */

/* Making and ending a space. */

#include "lib/cpu.h"
#include "lib/entry.h"
#include "lib/text.h"

static const MemVmapOptions no_options;

static usize run_sizes(const MemFormat *format)
{
    usize sizes = 0;
    for (unsigned level = 0; level <= format->top; level++)
        sizes |= run_size(format, level);
    return sizes;
}

/* The levels with contiguous runs whose size is in a set of leaf sizes. 0: all that every CPU has. */
static unsigned run_levels(const MemFormat *format, usize sizes)
{
    unsigned runs = 0;
    if (sizes == 0 && !format->runs_are_optional)
        sizes = run_sizes(format);
    for (unsigned level = 0; level <= format->top; level++)
        runs |= sizes & run_size(format, level) ? 1u << level : 0;
    return runs;
}

/* The highest level of a set of leaf sizes (0: all); negative where the format lacks one, or at a gap. */
static int highest_leaf(const MemFormat *format, usize sizes)
{
    usize all = 0;
    int highest = -1;
    for (unsigned level = 0; level <= format->top && format->levels[level].leaf; level++) {
        all |= level_size(format, level);
        if (sizes == 0 || (sizes & ~run_sizes(format)) == all)
            highest = (int)level;
    }
    return highest;
}

static int set_types(MemVmap *vmap, const MemFormat *format, const uint8_t *type_index)
{
    for (unsigned type = 0; type < MEM_VMAP_TYPES; type++) {
        uint8_t index = type_index != NULL ? type_index[type] : format->type_index[type];
        if (index != MEM_VMAP_TYPE_NONE && (index > 15 || !(format->type_indices >> index & 1)))
            return MEM_ENOTSUP;
        vmap->type_index[type] = index;
    }
    return 0;
}

static int set_options(MemVmap *vmap, const MemFormat *format, const MemVmapOptions *options)
{
    unsigned phys_bits = options->phys_bits != 0 ? options->phys_bits : format->pa_bits_max;
    usize cache = options->cache_pages != 0 ? options->cache_pages : MEM_VMAP_CACHE_PAGES;
    int leaf = highest_leaf(format, options->leaf_sizes);
    unsigned runs = run_levels(format, options->leaf_sizes);
    if (leaf < 0 || runs >> (leaf + 1) != 0 || phys_bits > format->pa_bits_max ||
        phys_bits < format->levels[0].shift)
        return MEM_ENOTSUP;
    vmap->leaf_level = (uint8_t)leaf;
    vmap->runs = (uint8_t)runs;
    vmap->break_level = options->break_level < 2 ? (uint8_t)options->break_level : 2;
    vmap->phys_last = ((usize)1 << phys_bits) - 1;
    vmap->allow_write_exec = options->allow_write_exec;
    vmap->no_execute_missing = options->no_execute_missing;
    vmap->lacks = format->lacks | (options->global_missing ? MEM_VMAP_GLOBAL : 0);
    if (format->updates_are_optional && !options->hardware_updates)
        vmap->presets = MEM_VMAP_ACCESSED | MEM_VMAP_DIRTY;
    mem_vmap_pool_init(&vmap->pool, cache == MEM_VMAP_NO_CACHE ? 0 : cache);
    return set_types(vmap, format, options->type_index);
}

static int make_root(MemVmap *vmap, const MemFormat *format)
{
    vmap->root = vmap->port.page_get(vmap->port.context, table_size(format));
    if (vmap->root == MEM_VMAP_NO_PAGE)
        return MEM_ENOMEM;
    entry_zero(table_at(vmap, vmap->root), level_entries(format, format->top));
    vmap->tables = 1;
    return 0;
}

/* Whether a port has what it needs, and nothing that excludes another. */
static bool is_port(const MemVmapPort *port)
{
    if (port == NULL || port->page_get == NULL || (port->lock == NULL) != (port->unlock == NULL))
        return false;
    return port->cpus == NULL ||
           (port->invalidate_here == NULL && port->invalidate_there == NULL && port->root_load == NULL);
}

/* Whether a format is one of the CPUs': its name begins with theirs. */
static bool suits(const MemFormat *format, const MemVmapCpus *cpus)
{
    return cpus == NULL || text_begins(format->name, cpus->type->name);
}

static void meet_cpus(MemVmap *vmap)
{
    MemVmapCpus *cpus = vmap->port.cpus;
    vmap->alone = cpus != NULL ? cpus_are_alone(cpus) : vmap->port.invalidate_there == NULL;
    vmap->caches_absent = cpus != NULL && cpus->features.caches_absent;
    vmap->ledger.generation = 1; /* 0 is that of a CPU which knows nothing */
    vmap->id = cpus != NULL ? shared_count(&cpus->spaces) : 0;
}

int mem_vmap_init(MemVmap *vmap, const MemVmapPort *port, const MemVmapFormat *format,
                  const MemVmapOptions *options)
{
    if (vmap == NULL)
        return MEM_EINVAL;
    *vmap = (MemVmap){0};
    if (!is_port(port))
        return MEM_EINVAL;
    if (format == NULL)
        format = mem_vmap_format_at(0);
    if (format == NULL || !suits(format->description, port->cpus))
        return MEM_ENOTSUP;
    vmap->port = *port;
    vmap->page_flags = INT64_MIN; /* which no flags are */
    meet_cpus(vmap);
    int result = set_options(vmap, format->description, options != NULL ? options : &no_options);
    if (result == 0)
        result = make_root(vmap, format->description);
    if (result != 0) {
        *vmap = (MemVmap){0};
        return result;
    }
    vmap->format = format;
    return 0;
}

void mem_vmap_destroy(MemVmap *vmap)
{
    if (!is_space(vmap))
        return;
    mem_vmap_unmap(vmap, 0, (usize)-1);
    vmap->pool.cache = vmap->pool.reserved = 0;
    mem_vmap_pool_trim(vmap);
    if (vmap->port.page_put != NULL)
        vmap->port.page_put(vmap->port.context, vmap->root, table_size(vmap->format->description));
    *vmap = (MemVmap){0};
}
