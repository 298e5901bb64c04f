/* SPDX-License-Identifier: MIT */
#ifndef KVM_GUEST_H
#define KVM_GUEST_H

/*
 * A virtual machine whose only purpose is to use addresses: its CPU loads the tables under test and accesses what a
 * list of probes says, at privilege level 3, with a handler for page faults at level 0.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Guest memory: what the guest itself needs, then table pages, then frames that mappings under test lead to. */
#define GUEST_SYSTEM_PHYS ((uint64_t)1 << 20)
#define GUEST_TABLES_PHYS ((uint64_t)16 << 20)
#define GUEST_TABLES_END  ((uint64_t)1 << 30)
#define GUEST_FRAMES_PHYS ((uint64_t)1 << 30)
#define GUEST_MEMORY_SIZE ((uint64_t)3 << 30)

/* Where the tables under test must map the guest's own pages: GUEST_SYSTEM_VIRT + n to GUEST_SYSTEM_PHYS + n. */
#define GUEST_SYSTEM_VIRT ((uint64_t)4 << 30)
#define GUEST_USER_CODE   0x0000  /* [.., 0x1000): user, executable */
#define GUEST_CODE        0x1000  /* supervisor, executable */
#define GUEST_DATA        0x2000  /* supervisor, writable: descriptor tables, stack */
#define GUEST_PROBES      0x10000 /* user, writable */
#define GUEST_PROBES_SIZE 0x80000

#define PROBES_MAX (GUEST_PROBES_SIZE / sizeof(Probe) - 1)

typedef enum ProbeKind { PROBE_READ, PROBE_WRITE, PROBE_EXECUTE } ProbeKind;

/* How a probe ended: reached, or with a page fault whose error code this is. */
#define PROBE_REACHED ((uint64_t)0x100)
#define PROBE_UNTRIED ((uint64_t)0x200)

/* As the guest's code sees it. */
typedef struct Probe {
    uint64_t virt;
    uint64_t kind; /* ProbeKind; UINT64_MAX ends the list */
    uint64_t
        value; /* to write; or what was read, or what the code there said; after a fault: its address */
    uint64_t result;
} Probe;

typedef struct Guest Guest;

/* Memory for guests, of GUEST_MEMORY_SIZE bytes: only what is touched is taken. Null: there is none. */
uint8_t *guest_memory_new(void);

/* Null with `*reason` where this host has no virtual machines, or refuses one. */
Guest *guest_new(uint8_t *memory, unsigned levels, uint64_t root, const char **reason);
void guest_free(Guest *guest);

/* Runs the probes, in order, and fills their results. False with `*reason`: the guest did not come to its end. */
bool guest_run(Guest *guest, Probe *probes, size_t count, const char **reason);

/* Code for a frame that ends a PROBE_EXECUTE with `value`. */
void guest_write_code(uint8_t *where, uint32_t value);

#endif
