/* SPDX-License-Identifier: MIT */
#include "tools/replay/convert.h"

const uint8_t convert_type_index[MEM_VMAP_TYPES] = {
    [MEM_VMAP_WRITE_BACK >> MEM_VMAP_TYPE_SHIFT] = 0, [MEM_VMAP_WRITE_THROUGH >> MEM_VMAP_TYPE_SHIFT] = 7,
    [MEM_VMAP_UNCACHED >> MEM_VMAP_TYPE_SHIFT] = 3,   [MEM_VMAP_WRITE_COMBINING >> MEM_VMAP_TYPE_SHIFT] = 1,
    [MEM_VMAP_DEVICE >> MEM_VMAP_TYPE_SHIFT] = 3,
};

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
