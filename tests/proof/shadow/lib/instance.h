/* SPDX-License-Identifier: MIT */
/* The proofs take a format's description from its file, without the engine that is made of it there. */
#undef FORMAT
