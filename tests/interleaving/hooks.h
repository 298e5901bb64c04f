/* SPDX-License-Identifier: MIT */
#ifndef TESTS_INTERLEAVING_HOOKS_H
#define TESTS_INTERLEAVING_HOOKS_H

/* A configuration of the engine (MEM_VMAP_CONFIG_FILE) in which every access to an entry, and every event, calls tests. */

#include <stdbool.h>
#include <stdint.h>

uint64_t hook_load(const uint64_t *slot);
void hook_store(uint64_t *slot, uint64_t entry);
bool hook_exchange(uint64_t *slot, uint64_t *expected, uint64_t entry);
void hook_fence(void);
void hook_event(const char *name, const void *subject, uint64_t first, uint64_t second);

#define MEM_VMAP_ENTRY_LOAD(slot)                      hook_load(slot)
#define MEM_VMAP_ENTRY_STORE(slot, entry)              hook_store((slot), (entry))
#define MEM_VMAP_ENTRY_EXCHANGE(slot, expected, entry) hook_exchange((slot), (expected), (entry))
#define MEM_VMAP_PUBLISH_FENCE()                       hook_fence()
#define MEM_VMAP_TRACE(event, subject, first, second)  hook_event(#event, (subject), (first), (second))

#endif
