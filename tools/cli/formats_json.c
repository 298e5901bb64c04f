/* SPDX-License-Identifier: MIT */
#include "tools/cli/formats.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static cJSON *level_json(const MemVmapFormatLevel *level)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "size", (double)level->size);
    cJSON_AddBoolToObject(object, "leaf", level->leaf);
    if (level->run > 0)
        cJSON_AddNumberToObject(object, "run", (double)level->run);
    else
        cJSON_AddNullToObject(object, "run");
    cJSON_AddNumberToObject(object, "index_bits", level->index_bits);
    return object;
}

/* By name of the memory type its index, or null. */
static void add_types(cJSON *object, const MemVmapFormatInfo *info)
{
    cJSON *types = cJSON_AddObjectToObject(object, "types");
    for (unsigned type = 0; type < MEM_VMAP_TYPES; type++) {
        const char *name = type_text((int)(type << MEM_VMAP_TYPE_SHIFT));
        if (info->type_index[type] == MEM_VMAP_TYPE_NONE)
            cJSON_AddNullToObject(types, name);
        else
            cJSON_AddNumberToObject(types, name, info->type_index[type]);
    }
    cJSON *indices = cJSON_AddArrayToObject(object, "type_indices");
    for (unsigned index = 0; index < 16; index++)
        if (info->type_indices >> index & 1)
            cJSON_AddItemToArray(indices, cJSON_CreateNumber(index));
}

static cJSON *format_json(const MemVmapFormatInfo *info)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", info->name);
    cJSON_AddNumberToObject(object, "virtual_bits", info->virt_bits);
    cJSON_AddNumberToObject(object, "physical_bits", info->phys_bits);
    cJSON_AddBoolToObject(object, "lower", info->half != MEM_VMAP_UPPER);
    cJSON_AddBoolToObject(object, "upper", info->half != MEM_VMAP_LOWER);
    cJSON_AddBoolToObject(object, "second_stage", info->second_stage);
    cJSON *levels = cJSON_AddArrayToObject(object, "levels");
    for (unsigned i = 0; i < info->level_count; i++)
        cJSON_AddItemToArray(levels, level_json(&info->levels[i]));
    cJSON_AddBoolToObject(object, "runs_optional", info->runs_optional);
    cJSON_AddNumberToObject(object, "count_bits", info->count_bits);
    cJSON_AddBoolToObject(object, "updates_optional", info->updates_optional);
    add_types(object, info);
    cJSON_AddBoolToObject(object, "user", !(info->lacks & MEM_VMAP_USER));
    cJSON_AddBoolToObject(object, "global", !(info->lacks & MEM_VMAP_GLOBAL));
    return object;
}

void print_formats_json(const FormatList *list)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *formats = cJSON_AddArrayToObject(root, "formats");
    for (usize i = 0; i < list->count; i++)
        cJSON_AddItemToArray(formats, format_json(&list->info[i]));
    char *text = cJSON_Print(root);
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(root);
}
