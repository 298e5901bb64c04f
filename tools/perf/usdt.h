/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_PERF_USDT_H
#define TOOLS_PERF_USDT_H

/*
 * A configuration of the engine (MEM_VMAP_CONFIG_FILE) whose events are static probes of user space: a no-op each, and
 * a note in the program that tells perf, bpftrace or gdb where it is. For hosts: the macros come from systemtap-sdt-dev.
 */

#include <sys/sdt.h>

#define MEM_VMAP_TRACE(event, subject, first, second) STAP_PROBE3(memvmap, event, subject, first, second)

#endif
