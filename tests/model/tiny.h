/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_TINY_H
#define TESTS_MODEL_TINY_H

/* White box: formats for tests are described to the engine like any other. */
#include "lib/format.h"

extern const MemVmapFormat mem_vmap_tiny, mem_vmap_tiny_mod2, mem_vmap_tiny_deep;

#endif
