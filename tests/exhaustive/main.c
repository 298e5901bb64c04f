/* SPDX-License-Identifier: MIT */
#include "tests/exhaustive/explore.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void help(FILE *file)
{
    fprintf(file,
            "Usage: exhaustive [--depth N] [--seconds N] [SCOPE]...\n"
            "\n"
            "Tries every sequence of operations of a scope, with every pattern of failing allocations, on\n"
            "the engine and on the flat model, and compares them after each operation.\n"
            "\n"
            "  --depth N     sequences of at most N operations; default: no limit\n"
            "  --seconds N   stop after N seconds for each scope; default: no limit\n"
            "  --help        this text\n"
            "\n"
            "Scopes; default: all:\n");
    for (unsigned i = 0; scope_at(i) != NULL; i++)
        fprintf(file, "  %-10s %s\n", scope_at(i)->name, scope_at(i)->what);
    fprintf(file, "\nExit status: 0, 1 at a difference, 2 for a bad option.\n");
}

static int bad_option(void)
{
    fprintf(stderr, "Try exhaustive --help\n");
    return 2;
}

static bool number(const char *text, unsigned *value)
{
    char *end;
    unsigned long parsed = strtoul(text, &end, 10);
    *value = (unsigned)parsed;
    return *text >= '0' && *text <= '9' && *end == 0 && parsed < 1u << 30;
}

static int explore_named(char **names, const Limits *limits)
{
    for (; *names != NULL; names++) {
        const Scope *scope = scope_find(*names);
        if (scope == NULL)
            return bad_option();
        if (!explore(scope, limits))
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"depth", required_argument, NULL, 'd'},
        {"seconds", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    Limits limits = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'h') {
            help(stdout);
            return 0;
        }
        if (option == '?' || !number(optarg, option == 'd' ? &limits.depth : &limits.seconds))
            return bad_option();
    }
    if (optind < argc)
        return explore_named(argv + optind, &limits);
    for (unsigned i = 0; scope_at(i) != NULL; i++)
        if (!explore(scope_at(i), &limits))
            return 1;
    return 0;
}
