/* SPDX-License-Identifier: MIT */
#include "tools/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *must_realloc(void *memory, usize size)
{
    void *result = realloc(memory, size);
    if (result || size == 0)
        return result;
    fprintf(stderr, "vmap: not enough memory\n");
    exit(EXIT_BAD_CALL);
}

static int collect(void *context, const MemVmapRun *run)
{
    Runs *runs = context;
    if (runs->count == runs->capacity) {
        runs->capacity = runs->capacity ? runs->capacity * 2 : 64;
        runs->list = must_realloc(runs->list, runs->capacity * sizeof *runs->list);
    }
    runs->list[runs->count++] = *run;
    return 0;
}

void runs_collect(Runs *runs, MemVmap *vmap)
{
    *runs = (Runs){0};
    mem_vmap_walk(vmap, 0, SIZE_MAX, NULL, collect, runs);
}

void runs_free(Runs *runs)
{
    free(runs->list);
    *runs = (Runs){0};
}

LayoutCount runs_count(const Runs *runs, const Layout *layout)
{
    LayoutCount count = {0};
    for (usize i = 0; i < runs->count; i++) {
        const MemVmapRun *run = &runs->list[i];
        ModelRun of_model = {
            .first = run->virt,
            .last = run->virt + (run->len - 1),
            .phys = run->phys,
            .size = layout_entry_size(layout, run->level),
            .flags = {.noreserve = run->flags & MEM_VMAP_NO_RESERVE},
        };
        layout_count(&count, layout, &of_model);
    }
    return count;
}

const char *size_text(uint64_t bytes, char text[TRACE_NAME_MAX])
{
    static const char units[] = " KMGTPE";
    double value = (double)bytes;
    unsigned unit = 0;
    while (unit < sizeof units - 2 && value >= 1024) {
        value /= 1024;
        unit++;
    }
    int length = snprintf(text, TRACE_NAME_MAX, "%.4g", value);
    if (unit > 0)
        snprintf(text + length, TRACE_NAME_MAX - (usize)length, "%c", units[unit]);
    return text;
}

const char *rights_text(int flags, char text[TRACE_NAME_MAX])
{
    snprintf(text, TRACE_NAME_MAX, "r%c%c%c%c", flags & MEM_VMAP_WRITE ? 'w' : '-',
             flags & MEM_VMAP_EXEC ? 'x' : '-', flags & MEM_VMAP_USER ? 'u' : '-',
             flags & MEM_VMAP_GLOBAL ? 'g' : '-');
    return text;
}

const char *type_text(int flags)
{
    static const char *const names[MEM_VMAP_TYPES][2] = {
        {"write-back", "write-back, no reserve"}, {"write-through", "write-through, no reserve"},
        {"uncached", "uncached, no reserve"},     {"write-combining", "write-combining, no reserve"},
        {"device", "device, no reserve"},
    };
    int type = (flags & MEM_VMAP_TYPE_MASK) >> MEM_VMAP_TYPE_SHIFT;
    return type < MEM_VMAP_TYPES ? names[type][flags & MEM_VMAP_NO_RESERVE ? 1 : 0] : "?";
}
