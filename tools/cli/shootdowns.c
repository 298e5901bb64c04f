/* SPDX-License-Identifier: MIT */
#include "tools/cli/shootdowns.h"

#include <argp.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX  16
#define BATCH_MAX 65536

#define CPUS_DEFAULT (MEM_VMAP_CPUS < 4 ? MEM_VMAP_CPUS : 4)

enum {
    KEY_CPUS = 'p',
    KEY_BATCH = 'b',
    KEY_FORMAT = 'f',
    KEY_ADAPT = 'a',
    KEY_JSON = 'j',
};

/* The numbers of an option. */
typedef struct List {
    usize item[LIST_MAX];
    usize count;
} List;

typedef enum FlushOutput { FLUSH_TEXT, FLUSH_JSON } FlushOutput;

typedef struct FlushCall {
    const char *format;
    TraceFit fit;
    List cpus;
    List batches;
    FlushOutput output;
    char **files;
    usize file_count;
} FlushCall;

/* One replay of one file. */
typedef struct FlushRow {
    FlushOptions options;
    FlushCounts counts;
} FlushRow;

/* For each number of CPUs: as the trace says, the sizes of batches, and the baselines. */
#define ROWS_MAX (LIST_MAX * (1 + LIST_MAX + 2))

typedef struct FlushTable {
    FlushRow row[ROWS_MAX];
    usize count;
} FlushTable;

static const struct argp_option option_rows[] = {
    {"cpus", KEY_CPUS, "N[,N...]", 0, "So many CPUs run the program (4)", 0},
    {"batch", KEY_BATCH, "N[,N...]", 0, "Let so many calls in a row share a shootdown (8,64)", 0},
    {"format", KEY_FORMAT, "NAME", 0, "Page-table format of spaces that name none (" REPLAY_FORMAT ")", 0},
    {"adapt", KEY_ADAPT, NULL, 0, ADAPT_HELP, 0},
    {"json", KEY_JSON, NULL, 0, "Print totals as JSON", 0},
    {0},
};

static const char doc[] =
    "Replays each FILE ('-' is standard input; gzip is understood) on simulated CPUs and counts what they "
    "are told to forget: shootdowns, interrupts (one for each CPU that is interrupted), instructions that "
    "forget an address (INVLPG; SFENCE.VMA; TLBI, which may be about a range), and full flushes. They are "
    "exact numbers, sums over all CPUs, per 1000 calls of unmap, protect and collapse. The CPUs are those "
    "of --format. AArch64 has no interrupts: one CPU executes TLBI for all."
    "\v"
    "Every CPU runs the selected space all the time, as if the program had a thread on each; the "
    "first makes the calls, and what switching takes is not counted. 'engine' is the library as the "
    "trace uses it, with the trace's own batches. In 'batches of N' up to N calls in a row share one: "
    "a batch ends early before a map, which may use its frames and addresses again, and where another "
    "space is selected. Two policies are counted beside it, for those calls that it flushes for: "
    "'interrupt per page' interrupts every other CPU for each leaf of the range, and every CPU "
    "forgets its address; 'full flush per call' interrupts every other CPU for each call, and every "
    "CPU flushes everything.\n"
    "\n"
    "The exit status is 1 if an answer was not what a file expects. Traces that make allocations fail "
    "are refused.";

static void add_item(List *list, usize item, const char *option, const struct argp_state *state)
{
    for (usize i = 0; i < list->count; i++)
        if (list->item[i] == item)
            argp_error(state, "%zu is given twice for %s", item, option);
    if (list->count == LIST_MAX)
        argp_error(state, "more than %d numbers for %s", LIST_MAX, option);
    list->item[list->count++] = item;
}

static void parse_list(List *list, char *text, const char *option, usize most,
                       const struct argp_state *state)
{
    list->count = 0;
    while (text) {
        char *comma = strchr(text, ',');
        if (comma)
            *comma = 0;
        if (!*text)
            argp_error(state, "a number is missing for %s", option);
        add_item(list, parse_number(text, option, 1, most, state), option, state);
        text = comma ? comma + 1 : NULL;
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    FlushCall *call = state->input;
    switch (key) {
    case KEY_CPUS:
        parse_list(&call->cpus, argument, "--cpus", MEM_VMAP_CPUS, state);
        return 0;
    case KEY_BATCH:
        parse_list(&call->batches, argument, "--batch", BATCH_MAX, state);
        return 0;
    case KEY_ADAPT:
        call->fit = FIT_ADAPT;
        return 0;
    case KEY_FORMAT:
        call->format = argument;
        return 0;
    case KEY_JSON:
        call->output = FLUSH_JSON;
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

static void add_row(FlushTable *table, const char *format, usize cpus, FlushPolicy policy, usize batch)
{
    FlushOptions options = {format, (unsigned)cpus, policy, batch};
    table->row[table->count++] = (FlushRow){.options = options};
}

static void plan_rows(FlushTable *table, const FlushCall *call)
{
    table->count = 0;
    for (usize i = 0; i < call->cpus.count; i++) {
        usize cpus = call->cpus.item[i];
        add_row(table, call->format, cpus, POLICY_ENGINE, BATCHES_OF_TRACE);
        for (usize j = 0; j < call->batches.count; j++)
            add_row(table, call->format, cpus, POLICY_ENGINE, call->batches.item[j]);
        add_row(table, call->format, cpus, POLICY_LEAF, 1);
        add_row(table, call->format, cpus, POLICY_CALL, 1);
    }
}

static int fill_rows(FlushTable *table, const Trace *trace)
{
    int status = 0;
    progress_begin(trace->name, table->count * trace->count);
    for (usize i = 0; status == 0 && i < table->count; i++)
        status = flush_count(trace, &table->row[i].options, &table->row[i].counts);
    progress_end();
    return status;
}

#define POLICY_TEXT_MAX 48

static const char *policy_text(const FlushOptions *options, char text[POLICY_TEXT_MAX])
{
    switch (options->policy) {
    case POLICY_ENGINE:
        if (options->batch == BATCHES_OF_TRACE)
            return "engine";
        snprintf(text, POLICY_TEXT_MAX, "engine, batches of %zu", options->batch);
        return text;
    case POLICY_LEAF:
        return machine_broadcasts(machine_kind(options->format)) ? "broadcast per page"
                                                                 : "interrupt per page";
    case POLICY_CALL:
        return "full flush per call";
    }
    return "?";
}

static void print_row(const FlushRow *row)
{
    const FlushCounts *counts = &row->counts;
    char text[POLICY_TEXT_MAX];
    double factor = counts->calls > 0 ? 1000.0 / (double)counts->calls : 0;
    printf("%6u  %-24s %12.1f %12.1f %12.1f %12.1f\n", row->options.cpus, policy_text(&row->options, text),
           (double)counts->shootdowns * factor, (double)counts->interrupts * factor,
           (double)counts->addresses * factor, (double)counts->full * factor);
}

static void print_table(const FlushTable *table, const Trace *trace)
{
    const char *kind = machine_kind(table->row[0].options.format);
    printf("%s: %zu calls of unmap, protect and collapse; per 1000 of them:\n", trace->name,
           table->row[0].counts.calls);
    printf("%6s  %-24s %12s %12s %12s %12s\n", "CPUs", "policy", "shootdowns", "interrupts",
           machine_instruction(kind), "full flushes");
    for (usize i = 0; i < table->count; i++)
        print_row(&table->row[i]);
}

static cJSON *row_json(const FlushRow *row)
{
    static const char *const names[] = {[POLICY_ENGINE] = "engine",
                                        [POLICY_LEAF] = "interrupt_per_page",
                                        [POLICY_CALL] = "full_flush_per_call"};
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "cpus", row->options.cpus);
    cJSON_AddStringToObject(object, "policy", names[row->options.policy]);
    if (row->options.batch == BATCHES_OF_TRACE)
        cJSON_AddNullToObject(object, "batch");
    else
        cJSON_AddNumberToObject(object, "batch", (double)row->options.batch);
    cJSON_AddNumberToObject(object, "shootdowns", (double)row->counts.shootdowns);
    cJSON_AddNumberToObject(object, "interrupts", (double)row->counts.interrupts);
    cJSON_AddNumberToObject(object, "by_address", (double)row->counts.addresses);
    cJSON_AddNumberToObject(object, "full_flushes", (double)row->counts.full);
    return object;
}

static cJSON *table_json(const FlushTable *table, const Trace *trace)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "file", trace->name);
    cJSON_AddNumberToObject(object, "calls", (double)table->row[0].counts.calls);
    cJSON *rows = cJSON_AddArrayToObject(object, "rows");
    for (usize i = 0; i < table->count; i++)
        cJSON_AddItemToArray(rows, row_json(&table->row[i]));
    return object;
}

static void print_json(const cJSON *root)
{
    char *text = cJSON_Print(root);
    if (text)
        puts(text);
    free(text);
}

static int run(const FlushCall *call, const Traces *traces)
{
    FlushTable table;
    cJSON *root = cJSON_CreateObject();
    cJSON *files = cJSON_AddArrayToObject(root, "files");
    int status = 0;
    plan_rows(&table, call);
    for (usize i = 0; status == 0 && i < traces->count; i++) {
        status = fill_rows(&table, &traces->list[i]);
        if (status == 0 && call->output == FLUSH_TEXT)
            print_table(&table, &traces->list[i]);
        if (status == 0)
            cJSON_AddItemToArray(files, table_json(&table, &traces->list[i]));
    }
    if (status == 0 && call->output == FLUSH_JSON)
        print_json(root);
    cJSON_Delete(root);
    return status;
}

/* Whether there are simulated CPUs that can run spaces of the format; says so on stderr where there are none. */
static bool has_cpus(const char *command, const char *format)
{
    if (!format_check(command, format))
        return false;
    if (!machine_kind(format))
        fprintf(stderr, "%s: no CPU has %s as its own: there are those of x86-64, AArch64 and RISC-V\n",
                command, format);
    return machine_kind(format) != NULL;
}

int cli_shootdowns(int argc, char **argv)
{
    const struct argp argp = {.options = option_rows, .parser = parse, .args_doc = "FILE...", .doc = doc};
    FlushCall call = {.format = REPLAY_FORMAT, .cpus = {{CPUS_DEFAULT}, 1}, .batches = {{8, 64}, 2}};
    Traces traces;
    parse_arguments(&argp, argc, argv, 0, &call);
    if (!has_cpus(argv[0], call.format))
        return EXIT_BAD_CALL;
    const ReplayOptions options = {.format = call.format};
    int status = traces_load(&traces, call.files, call.file_count, &options, call.fit);
    if (status != 0)
        return status;
    for (usize i = 0; status == 0 && i < traces.count; i++)
        status = flush_validate(&traces.list[i], call.format);
    if (status == 0)
        status = run(&call, &traces);
    traces_free(&traces);
    return status;
}
