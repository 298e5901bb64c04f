/* SPDX-License-Identifier: MIT */
#include "tests/support/turns.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;

static struct {
    const TurnsTask *tasks;
    unsigned count;
    unsigned turn; /* whose it is */
    bool ended[TURNS_TASKS];
} turns;

/* Gives the turn to the next task that has not ended, which may be the same one. */
static void pass_on(void)
{
    for (unsigned i = 1; i <= turns.count; i++) {
        unsigned next = (turns.turn + i) % turns.count;
        if (turns.ended[next])
            continue;
        turns.turn = next;
        pthread_cond_broadcast(&turn_changed);
        return;
    }
}

static void await(unsigned task)
{
    while (turns.turn != task)
        pthread_cond_wait(&turn_changed, &mutex);
}

static void run(unsigned task)
{
    pthread_mutex_lock(&mutex);
    await(task);
    turns.tasks[task].run(turns.tasks[task].argument);
    turns.ended[task] = true;
    pass_on();
    pthread_mutex_unlock(&mutex);
}

static void *run_in_thread(void *task)
{
    run((unsigned)((const TurnsTask *)task - turns.tasks));
    return NULL;
}

/* The first task runs in the caller's thread. */
void turns_run(const TurnsTask *tasks, unsigned count)
{
    pthread_t threads[TURNS_TASKS];
    if (count == 0 || count > TURNS_TASKS)
        abort();
    turns.tasks = tasks;
    turns.count = count;
    turns.turn = 0;
    for (unsigned i = 0; i < count; i++)
        turns.ended[i] = false;
    for (unsigned i = 1; i < count; i++)
        if (pthread_create(&threads[i], NULL, run_in_thread, (void *)&tasks[i]) != 0)
            abort();
    run(0);
    for (unsigned i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    turns.count = turns.turn = 0;
}

void turns_yield(void)
{
    unsigned task = turns.turn;
    if (turns.count == 0)
        return;
    pass_on();
    await(task);
}

unsigned turns_task(void)
{
    return turns.turn;
}
