/* SPDX-License-Identifier: MIT */
#ifndef TESTS_EXHAUSTIVE_STATES_H
#define TESTS_EXHAUSTIVE_STATES_H

/*
 * The states that were reached, each once, by its key, with the step that led to it first. In the order in
 * which they were found: breadth first, so that the steps to a state are the fewest.
 */

#include "tests/exhaustive/pair.h"

/*
 * All of a space that its future depends on. The raw entries of the tree, in depth-first order, with the
 * addresses of tables left out; what the pool owes and holds, and how its bundles hang together. Left out
 * with reason: where table pages lie, what free pages contain, statistics since init, the miss flag.
 */
enum { KEY_WORDS = 64 };
typedef struct key {
    unsigned count;
    PageSet tables; /* not part of the key: the table pages that were seen, the root included */
    uint64_t words[KEY_WORDS];
} Key;

void key_make(const MemVmap *vmap, Key *key);

/*
 * The step that leads to a state: an operation, by its number, with the page_gets that were refused; or two
 * of them around an open batch.
 */
typedef enum { STEP_CALL, STEP_IN_BATCH, STEP_BESIDE_BATCH } StepKind;
typedef struct step {
    uint16_t operation, second;
    uint16_t refuse;
    uint16_t kind; /* StepKind */
} Step;

typedef struct state {
    uint32_t parent; /* the state that the step began at */
    Step step;
    uint32_t hash;
    uint32_t depth : 8, words : 8;
    size_t key; /* where its key begins in `words` of States */
} State;

typedef struct states {
    State *states;
    uint64_t *words;
    uint32_t *slots; /* a hash table of states, by number + 1 */
    size_t count, room, words_count, words_room, slot_count;
} States;

void states_init(States *states);
void states_free(States *states);

/* Adds a state, unless it is there. Whether it was new. */
bool states_add(States *states, const Key *key, uint32_t parent, Step step, unsigned depth);

bool state_has_key(const States *states, size_t state, const Key *key);

#endif
