/* SPDX-License-Identifier: MIT */
#ifndef TESTS_TURNS_H
#define TESTS_TURNS_H

/*
 * Tasks that take turns: one runs until it yields or ends, then the next goes on where it had yielded. So
 * calls of the library that wait for each other can be tested without luck. Each task has a thread, for
 * its stack alone: never do two of them run at a time.
 */

#define TURNS_TASKS 4

typedef struct turns_task {
    void (*run)(void *argument);
    void *argument;
} TurnsTask;

/* Runs the tasks, the first one first, until all have ended. */
void turns_run(const TurnsTask *tasks, unsigned count);

/* Lets the next task go on. Returns at once where no other is left, or where no tasks are run. */
void turns_yield(void);

/* Which task this is: its index, or 0 where no tasks are run. */
unsigned turns_task(void);

#endif
