/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* clock_gettime, isatty, setitimer, sigaction */
#include "tools/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Shorter work than this needs no progress; then so often. */
#define AFTER_SEC  1
#define EVERY_USEC 200000

#define TEXT_MAX 200

/*
 * A timer's signal writes it, because one operation alone may take a minute. So it is one of what a signal
 * handler may do: the words around the number are made before.
 */
static struct {
    char before[TEXT_MAX], after[TEXT_MAX];
    size_t before_len, after_len;
} words;

static bool ticking;
static volatile sig_atomic_t written;
_Atomic usize progress_done;

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The decimal digits of a number, at the end of `text`. */
static const char *digits(usize number, char text[TRACE_NAME_MAX], size_t *len)
{
    char *at = text + TRACE_NAME_MAX;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *len = (size_t)(text + TRACE_NAME_MAX - at);
    return at;
}

static void tick(int number)
{
    int saved = errno;
    char line[2 * TEXT_MAX + TRACE_NAME_MAX], text[TRACE_NAME_MAX];
    size_t len;
    (void)number;
    const char *done = digits(atomic_load_explicit(&progress_done, memory_order_relaxed), text, &len);
    memcpy(line, words.before, words.before_len);
    memcpy(line + words.before_len, done, len);
    memcpy(line + words.before_len + len, words.after, words.after_len);
    if (write(STDERR_FILENO, line, words.before_len + len + words.after_len) > 0)
        written = 1;
    errno = saved;
}

/* The signal every so often; never again where `first` is 0. */
static void set_timer(time_t first)
{
    struct itimerval timer = {.it_value = {.tv_sec = first}};
    if (first > 0)
        timer.it_interval.tv_usec = EVERY_USEC;
    setitimer(ITIMER_REAL, &timer, NULL);
}

void progress_begin(const char *what, usize all)
{
    ticking = isatty(STDERR_FILENO);
    atomic_store(&progress_done, 0);
    if (!ticking)
        return;
    snprintf(words.before, TEXT_MAX, "\r%.*s: ", TEXT_MAX / 2, what);
    snprintf(words.after, TEXT_MAX, " of %zu operations", all);
    words.before_len = strlen(words.before);
    words.after_len = strlen(words.after);
    written = 0;
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    set_timer(AFTER_SEC);
}

void progress_end(void)
{
    if (!ticking)
        return;
    set_timer(0);
    if (written)
        fprintf(stderr, "\r\033[K");
}
