/* SPDX-License-Identifier: MIT */
#include "tools/cli/cli.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#define KEY_HELP 'h'

static const struct argp_option help_rows[] = {
    {NULL, KEY_HELP, NULL, 0, "The same as --help", -1}, /* -1: listed beside it */
    {0},
};

static error_t parse_help(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    if (key != KEY_HELP)
        return ARGP_ERR_UNKNOWN;
    argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
    return 0;
}

void parse_arguments(const struct argp *argp, int argc, char **argv, unsigned flags, void *input)
{
    static const struct argp help = {.options = help_rows, .parser = parse_help};
    static const struct argp_child children[] = {{.argp = &help}, {0}};
    struct argp with_help = *argp;
    with_help.children = children;
    argp_parse(&with_help, argc, argv, flags, NULL, input);
}

usize parse_number(const char *text, const char *option, usize least, usize most,
                   const struct argp_state *state)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value < least || value > most)
        argp_error(state, "bad number '%s' for %s: %zu to %zu", text, option, least, most);
    return value;
}
