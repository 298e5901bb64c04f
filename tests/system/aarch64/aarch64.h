/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_AARCH64_H
#define SYSTEM_AARCH64_H

/* Exceptions of this CPU go to the test kernel. */
void aarch64_traps_begin(void);

#endif
