/* SPDX-License-Identifier: MIT */

/* Compiled once for each area (FUZZ_AREA) and format (FUZZ_FORMAT). */

#include "fuzz/target.h"

const InputArea fuzz_area = FUZZ_AREA;
const char *const fuzz_format = FUZZ_FORMAT;
