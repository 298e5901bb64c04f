/* SPDX-License-Identifier: MIT */
/* MEM_VMAP_CONFIG_FILE of the proofs: no atomic builtins, which Frama-C lacks. Nothing proved touches an entry. */

#define MEM_VMAP_ENTRY_LOAD(slot)         (*(slot))
#define MEM_VMAP_ENTRY_STORE(slot, entry) (*(slot) = (entry))
#define MEM_VMAP_ENTRY_EXCHANGE(slot, expected, entry)                                                     \
    (*(slot) == *(expected) ? (*(slot) = (entry), true) : false)
#define MEM_VMAP_PUBLISH_FENCE() ((void)0)
