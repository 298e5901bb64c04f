/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_CLI_DUMP_H
#define TOOLS_CLI_DUMP_H

/* Between the two files of `vmap dump`. */

#include "tools/cli/cli.h"

/* Prints the tables of a space, root first, each with the tables and leaves in it below it, indented. */
void print_tree(const Runs *runs, const Layout *layout);

/* "12 x 2M": the leaves of a run. Fills and returns `text`. */
const char *leaves_text(const Layout *layout, const MemVmapRun *run, char text[2 * TRACE_NAME_MAX]);

#endif
