/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, isatty */
#include "tools/cli/cli.h"

#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Shorter work than this needs no progress; then so often. */
#define PROGRESS_AFTER 1.0
#define PROGRESS_EVERY 0.2

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

Progress progress_begin(const char *what)
{
    double next = isatty(STDERR_FILENO) ? clock_seconds() + PROGRESS_AFTER : (double)INFINITY;
    return (Progress){.what = what, .next = next};
}

void progress_show(Progress *progress, usize done, usize all)
{
    double now = clock_seconds();
    if (now < progress->next)
        return;
    progress->next = now + PROGRESS_EVERY;
    progress->written = true;
    fprintf(stderr, "\r%s: operation %zu of %zu", progress->what, done, all);
}

void progress_end(Progress *progress)
{
    if (progress->written)
        fprintf(stderr, "\r\033[K");
}
