/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

/* Mutations of whole operations. */

#include "fuzz/input.h"

typedef struct Mutation {
    InputArea area;
    uint64_t random; /* state of the generator */
    InputRecord records[INPUT_RECORDS_MAX];
    size_t count;
} Mutation;

/* A few random changes. */
void mutate(Mutation *mutation);

/* Continues `mutation` with a part of `other`. */
void splice(Mutation *mutation, const Mutation *other);

/* A number below `limit`, which is not 0. */
uint64_t mutation_random(Mutation *mutation, uint64_t limit);

#endif
