/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_REPLAY_CONVERT_H
#define TOOLS_REPLAY_CONVERT_H

/* Between the words of the text form and those of the library, which share no values. */

#include <mem/vmap.h>

#include "tools/trace/trace.h"

/*
 * Where the tool's spaces of a format find their memory types, as MemVmapOptions.type_index. Null, which is the
 * format's own layout, for formats that the tool does not know.
 */
const uint8_t *convert_type_index(const char *format);

/* The flags of mem_vmap_map. */
int convert_flags(const TraceFlags *flags);

/* What a leaf that was mapped with these flags shows: no caps. */
TraceFlags convert_visible(TraceFlags flags);

/* From the flags of a leaf or run, what the MMU noted is dropped. */
TraceFlags convert_leaf_flags(int flags);

bool convert_flags_equal(const TraceFlags *a, const TraceFlags *b);

TraceResult convert_code(int code);

#endif
