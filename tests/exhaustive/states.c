/* SPDX-License-Identifier: MIT */
#include "tests/exhaustive/states.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a over words, with the high bits folded down at each step. */
static uint32_t hash_of(const Key *key)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (unsigned i = 0; i < key->count; i++) {
        hash = (hash ^ key->words[i]) * 0x100000001b3;
        hash ^= hash >> 29;
    }
    return (uint32_t)(hash ^ hash >> 32);
}

static void *grown(void *array, size_t count, size_t size)
{
    void *larger = realloc(array, count * size);
    if (larger == NULL)
        abort();
    return larger;
}

static void place(States *states, uint32_t state)
{
    size_t slot = states->states[state].hash & (states->slot_count - 1);
    while (states->slots[slot] != 0)
        slot = (slot + 1) & (states->slot_count - 1);
    states->slots[slot] = state + 1;
}

static void grow_slots(States *states)
{
    states->slot_count *= 2;
    states->slots = grown(states->slots, states->slot_count, sizeof *states->slots);
    memset(states->slots, 0, states->slot_count * sizeof *states->slots);
    for (size_t i = 0; i < states->count; i++)
        place(states, (uint32_t)i);
}

void states_init(States *states)
{
    *states = (States){.slot_count = 1 << 12};
    grow_slots(states);
}

void states_free(States *states)
{
    free(states->states);
    free(states->words);
    free(states->slots);
}

bool state_has_key(const States *states, size_t state, const Key *key)
{
    const State *there = &states->states[state];
    return there->words == key->count &&
           memcmp(states->words + there->key, key->words, key->count * sizeof *key->words) == 0;
}

static bool is_known(const States *states, const Key *key, uint32_t hash)
{
    size_t mask = states->slot_count - 1;
    for (size_t slot = hash & mask; states->slots[slot] != 0; slot = (slot + 1) & mask) {
        uint32_t state = states->slots[slot] - 1;
        if (states->states[state].hash == hash && state_has_key(states, state, key))
            return true;
    }
    return false;
}

bool states_add(States *states, const Key *key, uint32_t parent, Step step, unsigned depth)
{
    uint32_t hash = hash_of(key);
    if (is_known(states, key, hash))
        return false;
    if (states->count == UINT32_MAX - 1 || depth > UINT8_MAX)
        abort();
    if (states->count == states->room) {
        states->room = states->room * 3 / 2 + 1024;
        states->states = grown(states->states, states->room, sizeof *states->states);
    }
    if (states->words_count + key->count > states->words_room) {
        states->words_room = states->words_room * 3 / 2 + 16384;
        states->words = grown(states->words, states->words_room, sizeof *states->words);
    }
    memcpy(states->words + states->words_count, key->words, key->count * sizeof *key->words);
    states->states[states->count] = (State){parent, step, hash, depth, key->count, states->words_count};
    states->words_count += key->count;
    place(states, (uint32_t)states->count++);
    if (states->count * 2 > states->slot_count)
        grow_slots(states);
    return true;
}
