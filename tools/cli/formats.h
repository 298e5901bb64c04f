/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_CLI_FORMATS_H
#define TOOLS_CLI_FORMATS_H

/* Between the two files of `vmap formats`. */

#include "tools/cli/cli.h"

typedef struct FormatList {
    MemVmapFormatInfo *info;
    usize count;
} FormatList;

void print_formats_json(const FormatList *list);

#endif
