/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_RISCV64_H
#define SYSTEM_RISCV64_H

/* The timer's interrupt is no longer pending on this hart. */
void riscv_stop_timer(void);

#endif
