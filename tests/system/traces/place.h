/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_PLACE_H
#define SYSTEM_PLACE_H

/* Where on a test machine the addresses of a trace go, and what the model knows of its format. */

#include "tools/model/model.h"

typedef struct Place {
    const char *format;
    ModelGeometry geometry;
    unsigned lower_bits; /* of the addresses that are not sign-extended */
} Place;

/* False: no machine has this format. */
bool place_find(Place *place, const char *format);

/* Moves the operation's addresses. */
void place_op(const Place *place, TraceOp *op);

/* Whether an address may be the test kernel's own. */
bool place_is_kernel(uint64_t virt);

#endif
