/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_FDT_H
#define SYSTEM_FDT_H

/* The machine's memory, as its flattened device tree has it. */

#include "common/machine.h"

/* The first node called memory@...; empty where there is none. Addresses and sizes of two cells each. */
Region fdt_memory(usize blob);

#endif
