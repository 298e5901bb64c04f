/* SPDX-License-Identifier: MIT */
#include "tests/exhaustive/explore.h"
#include "tests/exhaustive/states.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { REFUSALS = 16, DEPTH_MAX = 255, WATCH_SECONDS = 10 };

typedef struct explorer {
    const Scope *scope;
    Operation *operations;
    unsigned operation_count;
    States states;
    size_t at; /* the state whose operations are under way */
    Pair pair;
    Key key;
    Step step; /* under way */
    unsigned long long transitions;
    struct timespec begin;
} Explorer;

/* For the handlers of signals: an aborting engine must not take its sequence with it. */
static Explorer *running;

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static void print_operation(const Explorer *explorer, unsigned operation)
{
    char text[200];
    operation_print(&explorer->operations[operation], text, sizeof text);
    printf("    %s\n", text);
}

static void print_step(const Explorer *explorer, Step step)
{
    if (step.kind != STEP_CALL) {
        printf("    batch begin\n");
        print_operation(explorer, step.operation);
        if (step.kind == STEP_BESIDE_BATCH)
            printf("    # beside the batch:\n");
        print_operation(explorer, step.second);
        printf("    batch end\n");
        return;
    }
    for (unsigned i = 0; i < REFUSALS; i++)
        if (step.refuse >> i & 1)
            printf("    # page_get %u of the next call is refused\n", i + 1);
    print_operation(explorer, step.operation);
}

/* The steps from the first state to `state`, in order. Returns how many. */
static unsigned path_to(const States *states, size_t state, Step *path)
{
    unsigned depth = states->states[state].depth;
    for (unsigned i = depth; i > 0; i--) {
        path[i - 1] = states->states[state].step;
        state = states->states[state].parent;
    }
    return depth;
}

static void print_sequence(const Explorer *explorer, const char *what)
{
    Step path[DEPTH_MAX + 1];
    unsigned depth = path_to(&explorer->states, explorer->at, path);
    printf("%s: %s\n  after %u steps, %llu transitions and %.1f s; the last step is the one that fails:\n",
           explorer->scope->name, what, depth + 1, explorer->transitions, seconds_since(&explorer->begin));
    for (unsigned i = 0; i < depth; i++)
        print_step(explorer, path[i]);
    print_step(explorer, explorer->step);
    fflush(stdout);
}

static void on_fault(int number)
{
    if (running != NULL)
        print_sequence(running, number == SIGABRT ? "aborted" : "a signal ended it");
    _Exit(1);
}

/* A call that has not returned since the last look will not. */
static void on_watch(int number)
{
    static unsigned long long seen;
    (void)number;
    if (running == NULL || running->transitions != seen) {
        seen = running != NULL ? running->transitions : 0;
        return;
    }
    print_sequence(running, "a call does not return");
    _Exit(1);
}

static void watch(Explorer *explorer)
{
    struct itimerval often = {{WATCH_SECONDS, 0}, {WATCH_SECONDS, 0}};
    running = explorer;
    signal(SIGABRT, on_fault);
    signal(SIGSEGV, on_fault);
    signal(SIGALRM, on_watch);
    setitimer(ITIMER_REAL, &often, NULL);
}

static Applied apply(Explorer *explorer, Step step)
{
    const Operation *first = &explorer->operations[step.operation];
    const Operation *second = &explorer->operations[step.second];
    switch ((StepKind)step.kind) {
    case STEP_CALL:
        return pair_apply(&explorer->pair, first, step.refuse);
    case STEP_IN_BATCH:
        return pair_apply_batch(&explorer->pair, first, second, SECOND_IN_BATCH);
    case STEP_BESIDE_BATCH:
        return pair_apply_batch(&explorer->pair, first, second, SECOND_BESIDE);
    }
    abort();
}

/* One step from the mark: checks it, and adds the state that it leads to. */
static bool take_step(Explorer *explorer, Step step)
{
    Pair *pair = &explorer->pair;
    explorer->step = step;
    explorer->transitions++;
    Applied applied = apply(explorer, step);
    if (applied == APPLIED_WRONG)
        return false;
    if (applied == APPLIED_NOTHING)
        return true;
    key_make(&pair->now.vmap, &explorer->key);
    unsigned depth = explorer->states.states[explorer->at].depth + 1;
    bool is_new = states_add(&explorer->states, &explorer->key, (uint32_t)explorer->at, step, depth);
    return !is_new || pair_check_walks(pair);
}

static Step refusing(Step step, unsigned page_get)
{
    step.refuse |= (uint16_t)(1u << page_get);
    return step;
}

/*
 * An operation with every pattern of refused page_gets: those that `step` refuses, and any that come from
 * number `from` on. What an operation asks for up to a refusal does not depend on what comes after.
 */
static bool take_steps(Explorer *explorer, Step step, unsigned from)
{
    if (!take_step(explorer, step))
        return false;
    unsigned gets = explorer->pair.now.machine.gets;
    pair_back(&explorer->pair);
    if (gets > REFUSALS)
        abort();
    for (unsigned i = from; i < gets; i++)
        if (!take_steps(explorer, refusing(step, i), i + 1))
            return false;
    return true;
}

/* Makes the state under way the mark, by going the way to it once more. */
static bool go_to_state(Explorer *explorer)
{
    Pair *pair = &explorer->pair;
    Step path[DEPTH_MAX + 1];
    unsigned depth = path_to(&explorer->states, explorer->at, path);
    pair_init(pair, explorer->scope);
    key_make(&pair->now.vmap, &explorer->key);
    pair_mark(pair, explorer->key.tables);
    for (unsigned i = 0; i < depth; i++) {
        if (apply(explorer, path[i]) == APPLIED_WRONG)
            return false;
        key_make(&pair->now.vmap, &explorer->key);
        pair_mark(pair, explorer->key.tables);
    }
    return state_has_key(&explorer->states, explorer->at, &explorer->key) ||
           pair_differ(pair, "the same sequence led elsewhere", 0, 0, 0);
}

static bool goes_into_batch(const Explorer *explorer, unsigned operation)
{
    OperationKind kind = explorer->operations[operation].kind;
    return kind == OPERATION_UNMAP || kind == OPERATION_PROTECT;
}

/* A step of two calls. Allocations do not fail in it: the model would hear too late of a lost leaf. */
static bool take_batch(Explorer *explorer, unsigned first, unsigned second, StepKind kind)
{
    Step step = {.operation = (uint16_t)first, .second = (uint16_t)second, .kind = (uint16_t)kind};
    bool same = take_step(explorer, step);
    if (same)
        pair_back(&explorer->pair);
    return same;
}

static bool take_batches(Explorer *explorer, unsigned first)
{
    for (unsigned second = 0; second < explorer->operation_count; second++) {
        if (goes_into_batch(explorer, second) && !take_batch(explorer, first, second, STEP_IN_BATCH))
            return false;
        if (!take_batch(explorer, first, second, STEP_BESIDE_BATCH))
            return false;
    }
    return true;
}

static bool leave_state(Explorer *explorer)
{
    bool batches = explorer->scope->calls == WITH_BATCHES;
    for (unsigned i = 0; i < explorer->operation_count; i++) {
        if (!take_steps(explorer, (Step){.operation = (uint16_t)i}, 0))
            return false;
        if (batches && goes_into_batch(explorer, i) && !take_batches(explorer, i))
            return false;
    }
    return true;
}

static void show_progress(const Explorer *explorer)
{
    const States *states = &explorer->states;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%s: depth %u, %zu of %zu states, %.1f M transitions, %.0f s \033[K",
                explorer->scope->name, states->states[explorer->at].depth, explorer->at, states->count,
                (double)explorer->transitions / 1e6, seconds_since(&explorer->begin));
}

/* Breadth first: the states before the one that is next are done, and with them all shallower ones. */
static void report_open(const States *states, size_t next)
{
    unsigned depth = states->states[next].depth;
    size_t done = 0;
    while (done < next && states->states[next - done - 1].depth == depth)
        done++;
    printf("every sequence of up to %u operations", depth);
    if (done > 0)
        printf(", and those of one more from %zu of %zu states", done, states->count - (next - done));
    printf("\n");
}

static void report(const Explorer *explorer)
{
    const States *states = &explorer->states;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    printf("%s: %zu states, %llu transitions, %.1f s: ", explorer->scope->name, states->count,
           explorer->transitions, seconds_since(&explorer->begin));
    if (explorer->at < states->count)
        report_open(states, explorer->at);
    else
        printf("closed at depth %u: every sequence of any length\n",
               states->states[states->count - 1].depth);
    fflush(stdout);
}

/* False: a difference, at the step under way. */
static bool search(Explorer *explorer, const Limits *limits)
{
    for (; explorer->at < explorer->states.count; explorer->at++) {
        if (limits->depth != 0 && explorer->states.states[explorer->at].depth >= limits->depth)
            return true;
        if (explorer->at % 256 == 0)
            show_progress(explorer);
        if (limits->seconds != 0 && seconds_since(&explorer->begin) >= limits->seconds)
            return true;
        if (!go_to_state(explorer) || !leave_state(explorer))
            return false;
    }
    return true;
}

bool explore(const Scope *scope, const Limits *limits)
{
    Explorer *explorer = calloc(1, sizeof *explorer);
    if (explorer == NULL)
        abort();
    explorer->scope = scope;
    explorer->operations = operations_make(scope, &explorer->operation_count);
    clock_gettime(CLOCK_MONOTONIC, &explorer->begin);
    states_init(&explorer->states);
    pair_init(&explorer->pair, scope);
    key_make(&explorer->pair.now.vmap, &explorer->key);
    states_add(&explorer->states, &explorer->key, 0, (Step){0}, 0);
    watch(explorer);
    bool same = search(explorer, limits);
    running = NULL;
    if (same)
        report(explorer);
    else
        print_sequence(explorer, explorer->pair.difference);
    states_free(&explorer->states);
    free(explorer->operations);
    free(explorer);
    return same;
}
