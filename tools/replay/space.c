/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include "tools/replay/space.h"

#include <stdlib.h>
#include <string.h>

#include "tools/replay/convert.h"
#include "tools/replay/internal.h"

/* A checked space has hooks of its own: only they know which space a lost leaf was in. */
static usize pass_page_get(void *context, usize size)
{
    const Space *space = context;
    return space->host.page_get(space->host.context, size);
}

static void pass_page_put(void *context, usize phys, usize size)
{
    const Space *space = context;
    space->host.page_put(space->host.context, phys, size);
}

static void pass_invalidate(void *context, const MemVmapPlan *plan)
{
    const Space *space = context;
    space->host.invalidate_here(space->host.context, plan);
}

static void note_lost(void *context, usize virt, usize len)
{
    Space *space = context;
    losses_add(&space->told, virt, len);
}

static MemVmapPort checked_port(Space *space)
{
    return (MemVmapPort){
        .page_get = pass_page_get,
        .page_put = pass_page_put,
        .invalidate_here = pass_invalidate,
        .lost = note_lost,
        .direct_map = space->host.direct_map,
        .context = space,
    };
}

void losses_add(Losses *losses, uint64_t virt, uint64_t len)
{
    if (losses->count < SPACE_LOSSES_MAX)
        losses->list[losses->count++] = (Loss){virt, len};
}

bool space_format_known(const char *format)
{
    ModelGeometry geometry;
    return mem_vmap_format_find(format) != NULL && model_geometry(format, &geometry);
}

/* The model and the engine are of the same CPU. */
static usize sum_of_sizes(const ModelGeometry *geometry)
{
    usize sum = 0;
    for (unsigned i = 0; i < geometry->size_count; i++)
        sum += geometry->sizes[i];
    return sum;
}

/* `fail` may hit the root table too. A trace needs its spaces, so that ends the failing. */
static int init_engine(Space *space, const MemVmapPort *port, const ReplayOptions *options, Host *host)
{
    const MemVmapFormat *format = mem_vmap_format_find(space->format);
    MemVmapOptions engine_options = {
        .leaf_sizes = sum_of_sizes(&space->geometry),
        .allow_write_exec = space->geometry.allow_write_exec,
        .type_index = convert_type_index(space->format),
        .cache_pages = options->cache_pages,
    };
    usize failures = host_failures(host);
    int code = mem_vmap_init(&space->vmap, port, format, &engine_options);
    if (code != MEM_ENOMEM || host_failures(host) == failures)
        return code;
    host_fail_never(host);
    return mem_vmap_init(&space->vmap, port, format, &engine_options);
}

static bool init_space(Space *space, const char *format, const ReplayOptions *options, Host *host)
{
    bool write_exec = space->geometry.allow_write_exec;
    if (!space_format_known(format) || !model_geometry(format, &space->geometry))
        return false;
    space->geometry.allow_write_exec = write_exec;
    space->layout = layout_of(&space->geometry);
    space->host = host_port(host);
    space->format = strdup(format);
    if (!space->format)
        return false;
    if (options->checks == REPLAY_EXPECTATIONS)
        return init_engine(space, &space->host, options, host) == MEM_OK;
    MemVmapPort port = checked_port(space);
    space->model = model_new(&space->geometry);
    space->raw.walkable = raw_format_known(format);
    return space->model && init_engine(space, &port, options, host) == MEM_OK;
}

Space *space_new(const TraceOp *op, const ReplayOptions *options, Host *host)
{
    Space *space = calloc(1, sizeof *space);
    if (!space)
        return NULL;
    const char *format = options->format ? options->format : REPLAY_FORMAT;
    if (op && op->name)
        format = op->name;
    space->number = op ? op->number : 0;
    space->geometry.allow_write_exec = op && op->write_exec;
    if (init_space(space, format, options, host))
        return space;
    space_free(space);
    return NULL;
}

void space_free(Space *space)
{
    if (!space)
        return;
    if (space->batch_open)
        mem_vmap_batch_end(&space->batch);
    mem_vmap_destroy(&space->vmap);
    model_free(space->model);
    free(space->format);
    free(space);
}
