/* SPDX-License-Identifier: MIT */
#ifndef PROOF_WORDS_GOALS_H
#define PROOF_WORDS_GOALS_H

/* What the claims about a format share: the format, and how a claim answers. */

#include <stdbool.h>
#include <stdint.h>

#include PROOF_SOURCE
#undef FORMAT
#define FORMAT PROOF_FORMAT

typedef uint8_t Answer;
enum { BROKEN, HOLDS, DOES_NOT_APPLY };

#define APPLIES_IF(condition)                                                                              \
    do {                                                                                                   \
        if (!(condition))                                                                                  \
            return DOES_NOT_APPLY;                                                                         \
    } while (0)

/* Defines goal_NAME_0 to goal_NAME_4: the claim at each level, which clang then knows. */
#define AT_EACH_LEVEL(name, parameters, ...)                                                               \
    Answer goal_##name##_0 parameters                                                                      \
    {                                                                                                      \
        return name(0, __VA_ARGS__);                                                                       \
    }                                                                                                      \
    Answer goal_##name##_1 parameters                                                                      \
    {                                                                                                      \
        return name(1, __VA_ARGS__);                                                                       \
    }                                                                                                      \
    Answer goal_##name##_2 parameters                                                                      \
    {                                                                                                      \
        return name(2, __VA_ARGS__);                                                                       \
    }                                                                                                      \
    Answer goal_##name##_3 parameters                                                                      \
    {                                                                                                      \
        return name(3, __VA_ARGS__);                                                                       \
    }                                                                                                      \
    Answer goal_##name##_4 parameters                                                                      \
    {                                                                                                      \
        return name(4, __VA_ARGS__);                                                                       \
    }

#define INLINE static inline __attribute__((always_inline))

#endif
