/* SPDX-License-Identifier: MIT */
#include "tools/cli/replay.h"

#include <argp.h>
#include <stdlib.h>

#define REPEAT_MAX 1000000
#define CACHE_MAX  REPLAY_PAGES

enum {
    KEY_CHECK = 'c',
    KEY_CACHE = 'k',
    KEY_FORMAT = 'f',
    KEY_ADAPT = 'a',
    KEY_REPEAT = 'n',
    KEY_JSON = 'j',
};

static const struct argp_option option_rows[] = {
    {"check", KEY_CHECK, NULL, 0, "Compare with a flat model and a naive walker after every operation", 0},
    {"cache", KEY_CACHE, "N", 0, "Free table pages that a space keeps; 0: none", 0},
    {"format", KEY_FORMAT, "NAME", 0, "Page-table format of spaces that name none (" REPLAY_FORMAT ")", 0},
    {"adapt", KEY_ADAPT, NULL, 0, ADAPT_HELP, 0},
    {"repeat", KEY_REPEAT, "N", 0, "Replay N times, each in fresh spaces; print minimum and median", 0},
    {"json", KEY_JSON, NULL, 0, "Print the results as JSON", 0},
    {0},
};

static const char doc[] =
    "Applies every operation of each FILE ('-' is standard input; gzip is understood) to the library. "
    "What a line expects after '=>' is always checked, and that every table page comes back at the end."
    "\v"
    "With --check every operation is also compared with a flat model that shares no code with the "
    "library: its result; lookup and translate at the first and last page of its range and their "
    "neighbours; and the runs and leaf sizes of the range, widened to blocks of the largest leaf (of "
    "level 1, 2M, where the model has more than 64 extents). The whole space is compared as well "
    "(mem_vmap_verify, "
    "every run, the numbers of leaves, tables and credits): with T tables (one of 64K counts as 16) and E "
    "extents after "
    "every "
    "1 + (T + E/8)/8 changes, so after each one while the space is small, and always at the end. "
    "MEM_ENOMEM is accepted where the host really had no page, and nothing may have changed then.\n"
    "\n"
    "A naive walker, written from the manual of the format, also reads the raw tables as a CPU would, and "
    "what it finds is compared with the model: the library is not asked. After every change it walks to "
    "the addresses above. After every 1 + (T + E/8)/24 changes and at the end it reads the whole tree: "
    "each leaf's address, size, effective rights and memory type, reserved bits, empty tables, whether a "
    "failed call has changed a byte, and whether every table page is accounted for.\n"
    "\n"
    "The host has 16G of memory for table pages; a map that needs more than is left is refused. Times are "
    "those of the operations without 'verify' and "
    "'tables' lines, and include about 10 ns per operation that the replay itself takes; with --check "
    "they include the comparison, and no time per operation is given. The exit status is 1 if there was "
    "any mismatch.";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    ReplayCall *call = state->input;
    switch (key) {
    case KEY_CHECK:
        call->options.checks = REPLAY_ORACLES;
        return 0;
    case KEY_CACHE:
        call->options.cache_pages = parse_number(argument, "--cache", 0, CACHE_MAX, state);
        if (call->options.cache_pages == 0)
            call->options.cache_pages = MEM_VMAP_NO_CACHE;
        return 0;
    case KEY_ADAPT:
        call->fit = FIT_ADAPT;
        return 0;
    case KEY_FORMAT:
        call->options.format = argument;
        return 0;
    case KEY_REPEAT:
        call->repeat = parse_number(argument, "--repeat", 1, REPEAT_MAX, state);
        return 0;
    case KEY_JSON:
        call->output = OUTPUT_JSON;
        return 0;
    case ARGP_KEY_ARGS:
        call->files = state->argv + state->next;
        call->file_count = (usize)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a file is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static usize count_mismatches(const Outcome *outcomes, usize count)
{
    usize mismatches = 0;
    for (usize i = 0; i < count; i++)
        mismatches += outcomes[i].mismatches;
    return mismatches;
}

static int run(const ReplayCall *call, const Traces *traces)
{
    Outcome *outcomes = must_realloc(NULL, traces->count * sizeof *outcomes);
    int status = 0;
    for (usize i = 0; status == 0 && i < traces->count; i++)
        status = measure(call, &traces->list[i], &outcomes[i]);
    if (status == 0) {
        if (call->output == OUTPUT_JSON)
            print_outcomes_json(outcomes, traces->count);
        else
            print_outcomes(outcomes, traces->count);
        status = count_mismatches(outcomes, traces->count) ? EXIT_MISMATCH : 0;
    }
    free(outcomes);
    return status;
}

int cli_replay(int argc, char **argv)
{
    const struct argp argp = {.options = option_rows, .parser = parse, .args_doc = "FILE...", .doc = doc};
    ReplayCall call = {.repeat = 1, .options = {.format = REPLAY_FORMAT}};
    Traces traces;
    parse_arguments(&argp, argc, argv, 0, &call);
    if (!format_check(argv[0], call.options.format))
        return EXIT_BAD_CALL;
    int status = traces_load(&traces, call.files, call.file_count, &call.options, call.fit);
    if (status != 0)
        return status;
    status = run(&call, &traces);
    traces_free(&traces);
    return status;
}
