/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L /* _exit */
#include "tools/cli/cli.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *argp_program_version = "vmap " VMAP_VERSION;

typedef struct Command {
    const char *name;
    char *full_name; /* what its messages and its --help call it */
    int (*run)(int argc, char **argv);
} Command;

static const Command commands[] = {
    {"replay", "vmap replay", cli_replay},    {"dump", "vmap dump", cli_dump},
    {"stats", "vmap stats", cli_stats},       {"shootdowns", "vmap shootdowns", cli_shootdowns},
    {"formats", "vmap formats", cli_formats}, {"record", "vmap record", cli_record},
};

static const char doc[] =
    "Replays, inspects and records traces of address-space operations with the MemVmap library."
    "\v"
    "Commands:\n"
    "  replay      apply traces to the library, check its answers, and time it\n"
    "  dump        show what is mapped after a trace, as runs and as a tree of tables\n"
    "  stats       show how many leaves, tables and operations a trace makes\n"
    "  shootdowns  count the interrupts and invalidations that a trace costs the CPUs\n"
    "  formats     list the page-table formats, or describe some\n"
    "  record      record the address space of a running program as a trace\n"
    "\n"
    "'vmap COMMAND --help' tells more. The exit status is 0, 1 when an answer was wrong, or 2 when "
    "an option or a file is bad (nothing has been done then), memory is out, or the output cannot be "
    "written.";

typedef struct Call {
    const Command *command;
    int at; /* index of the command in argv */
} Call;

static const Command *find_command(const char *name)
{
    for (usize i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

/* Stops at the command: what follows is its own to parse. */
static error_t parse(int key, char *argument, struct argp_state *state)
{
    Call *call = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        call->command = find_command(argument);
        if (!call->command)
            argp_error(state, "unknown command '%s'", argument);
        call->at = state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a command is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* On every way out: argp prints --help and --version, and exits by itself. */
static void finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    perror("vmap: standard output");
    _exit(EXIT_BAD_CALL);
}

int main(int argc, char **argv)
{
    const struct argp argp = {.parser = parse, .args_doc = "COMMAND [ARGUMENT...]", .doc = doc};
    Call call = {0};
    argp_err_exit_status = EXIT_BAD_CALL;
    argv[0] = "vmap";
    atexit(finish_output);
    parse_arguments(&argp, argc, argv, ARGP_IN_ORDER, &call);
    argv[call.at] = call.command->full_name;
    return call.command->run(argc - call.at, argv + call.at);
}
