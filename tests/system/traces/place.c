/* SPDX-License-Identifier: MIT */
#include "tests/system/traces/place.h"

#include <string.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

/* As in common/machine.h. */
#define KERNEL_END (8 * GIB)

/* Physical addresses are taken modulo this: whoever runs the machine then gives it little memory. */
#define FOLD (256 * MIB)

/* No operation of a trace is longer, unless it is so long that it is refused. */
#define LEN_MAX     GIB
#define LEN_REFUSED ((uint64_t)1 << 60)

bool place_find(Place *place, const char *format)
{
    if (!model_geometry(format, &place->geometry))
        return false;
    place->format = format;
    if (strncmp(format, "riscv", 5) == 0) /* the machine's firmware does not enable Svpbmt */
        place->geometry.missing_types = ~(1u << TRACE_WRITE_BACK);
    place->lower_bits = place->geometry.va_bits - (place->geometry.sign_extended ? 1 : 0);
    return true;
}

bool place_is_kernel(uint64_t virt)
{
    return virt < KERNEL_END;
}

/* Whether an address of a trace is one that x86-64 CPUs have: the others stay what they are, and are refused. */
static bool is_address(const Place *place, uint64_t virt)
{
    unsigned unused = place->geometry.va_bits > 48 ? 7 : 16;
    return (uint64_t)((int64_t)(virt << unused) >> unused) == virt;
}

/* The lower half's addresses get their highest bit, which keeps them apart from the kernel's. */
static uint64_t place_virt(const Place *place, uint64_t virt)
{
    uint64_t half = (uint64_t)1 << place->lower_bits;
    if (!is_address(place, virt))
        return virt;
    if (virt >> 63 && place->geometry.sign_extended)
        return virt | ~(half - 1);
    return (virt & (half - 1)) | half >> 1;
}

void place_op(const Place *place, TraceOp *op)
{
    op->virt = place_virt(place, op->virt);
    if (op->verb != TRACE_MAP)
        return;
    op->phys %= FOLD;
    if (op->len > LEN_MAX && op->len < LEN_REFUSED)
        op->len = LEN_MAX;
}
