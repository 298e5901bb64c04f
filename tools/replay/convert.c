/* SPDX-License-Identifier: MIT */
#include "tools/replay/convert.h"

#include <string.h>

#define NONE MEM_VMAP_TYPE_NONE

/* By memory type: write-back, write-through, uncached, write-combining, device. */
typedef struct TypeRow {
    const char *format; /* how its name begins, */
    const char *end;    /* and how it ends */
    uint8_t index[MEM_VMAP_TYPES];
} TypeRow;

static const TypeRow type_rows[] = {
    {"x86_64_", "", {0, 7, 3, 1, 3}},           /* as Linux programs the PAT */
    {"ept_", "", {6, 4, 0, 1, 0}},              /* the EPT memory types themselves: SDM volume 3C, 29.3.7 */
    {"riscv_", "", {0, NONE, 1, NONE, 2}},      /* Svpbmt: PMA, NC, IO */
    {"aarch64_", "_stage2", {15, 10, 0, 5, 1}}, /* MemAttr itself: DDI 0487, D8.5.5 */
    {"aarch64_", "", {1, 7, 3, 4, 0}},          /* any layout of MAIR_EL1 would do */
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t length = strlen(text), end = strlen(with);
    return length >= end && strcmp(text + length - end, with) == 0;
}

const uint8_t *convert_type_index(const char *format)
{
    for (size_t i = 0; i < sizeof type_rows / sizeof *type_rows; i++)
        if (begins(format, type_rows[i].format) && ends(format, type_rows[i].end))
            return type_rows[i].index;
    return NULL;
}

static const int type_flags[TRACE_TYPES] = {
    [TRACE_WRITE_BACK] = MEM_VMAP_WRITE_BACK, [TRACE_WRITE_THROUGH] = MEM_VMAP_WRITE_THROUGH,
    [TRACE_UNCACHED] = MEM_VMAP_UNCACHED,     [TRACE_WRITE_COMBINING] = MEM_VMAP_WRITE_COMBINING,
    [TRACE_DEVICE] = MEM_VMAP_DEVICE,
};

static const TraceResult results[] = {
    [-MEM_OK] = TRACE_OK,
    [-MEM_EINVAL] = TRACE_EINVAL,
    [-MEM_EALIGN] = TRACE_EALIGN,
    [-MEM_ERANGE] = TRACE_ERANGE,
    [-MEM_EOVERLAP] = TRACE_EOVERLAP,
    [-MEM_ENOMEM] = TRACE_ENOMEM,
    [-MEM_EFLAGS] = TRACE_EFLAGS,
    [-MEM_ENOTSUP] = TRACE_ENOTSUP,
    [-MEM_EMISS] = TRACE_EMISS,
    [-MEM_ECORRUPT] = TRACE_ECORRUPT,
};

int convert_flags(const TraceFlags *flags)
{
    int result = type_flags[flags->type];
    result |= flags->write ? MEM_VMAP_WRITE : 0;
    result |= flags->exec ? MEM_VMAP_EXEC : 0;
    result |= flags->user ? MEM_VMAP_USER : 0;
    result |= flags->global ? MEM_VMAP_GLOBAL : 0;
    result |= flags->cap_4k ? MEM_VMAP_CAP_4K : 0;
    result |= flags->cap_2m ? MEM_VMAP_CAP_2M : 0;
    result |= flags->noreserve ? MEM_VMAP_NO_RESERVE : 0;
    return result;
}

TraceFlags convert_visible(TraceFlags flags)
{
    flags.cap_4k = false;
    flags.cap_2m = false;
    return flags;
}

TraceFlags convert_leaf_flags(int flags)
{
    unsigned type = 0;
    while (type < TRACE_TYPES - 1 && type_flags[type] != (flags & MEM_VMAP_TYPE_MASK))
        type++;
    return (TraceFlags){
        .write = flags & MEM_VMAP_WRITE,
        .exec = flags & MEM_VMAP_EXEC,
        .user = flags & MEM_VMAP_USER,
        .global = flags & MEM_VMAP_GLOBAL,
        .noreserve = flags & MEM_VMAP_NO_RESERVE,
        .type = (uint8_t)type,
    };
}

bool convert_flags_equal(const TraceFlags *a, const TraceFlags *b)
{
    return convert_flags(a) == convert_flags(b);
}

TraceResult convert_code(int code)
{
    bool known = code <= MEM_OK && code >= MEM_ECORRUPT;
    return known ? results[-code] : TRACE_ECORRUPT; /* which matches no prediction */
}
