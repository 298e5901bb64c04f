/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

/* What distinguishes one fuzzer of operations from another. */

#include "fuzz/input.h"

extern const InputArea fuzz_area;
extern const char *const fuzz_format;

#endif
