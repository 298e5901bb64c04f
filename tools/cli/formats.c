/* SPDX-License-Identifier: MIT */
#include "tools/cli/formats.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_JSON = 'j',
};

typedef enum FormatsOutput { FORMATS_TEXT, FORMATS_JSON } FormatsOutput;

typedef struct FormatsCall {
    FormatsOutput output;
    char **names;
    usize name_count;
} FormatsCall;

static const struct argp_option option_rows[] = {
    {"json", KEY_JSON, NULL, 0, "Print everything as JSON", 0},
    {0},
};

static const char doc[] = "Lists the page-table formats of this build, or describes those that are named. "
                          "Any of them is a NAME for "
                          "the option --format of other commands, and for 'space N format=NAME' in a trace."
                          "\v"
                          "VIRTUAL and PHYSICAL are the widths of addresses in bits. The half is that of "
                          "the addresses which can be "
                          "mapped: 'both' where the topmost bit is extended. INDEX is the index bits of "
                          "the tables, the root's first. "
                          "RUNS are contiguous runs of leaves that a TLB may hold as one; in brackets "
                          "where not every CPU has them. "
                          "COUNT is how many bits of an entry that links a table count that table's "
                          "entries; where it is fewer than the "
                          "index has, the library may have to look at a table to know that it is empty. "
                          "A/D: 'CPU' where the MMU always "
                          "sets accessed and dirty bits, 'either' where it may be left to software. TYPES "
                          "are the memory types that are "
                          "had without options. LACKS are the flags that are refused.";

static error_t parse(int key, char *argument, struct argp_state *state)
{
    FormatsCall *call = state->input;
    (void)argument;
    switch (key) {
    case KEY_JSON:
        call->output = FORMATS_JSON;
        return 0;
    case ARGP_KEY_ARGS:
        call->names = state->argv + state->next;
        call->name_count = (usize)(state->argc - state->next);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Which addresses it translates. */
static const char *half_name(const MemVmapFormatInfo *info)
{
    if (info->second_stage)
        return "guest";
    switch (info->half) {
    case MEM_VMAP_LOWER:
        return "lower";
    case MEM_VMAP_UPPER:
        return "upper";
    case MEM_VMAP_BOTH:
        return "both";
    }
    return "?";
}

/* The columns of the list. */
enum { NAME, VIRTUAL, PHYSICAL, LEVELS, INDEX, LEAVES, RUNS, COUNT, UPDATES, TYPES, LACKS, COLUMNS };
#define CELL_MAX 64

typedef struct Line {
    char cell[COLUMNS][CELL_MAX];
} Line;

static const Line header = {{"FORMAT", "VIRTUAL", "PHYSICAL", "LEVELS", "INDEX", "LEAVES", "RUNS", "COUNT",
                             "A/D", "TYPES", "LACKS"}};

/* Adds `word` to a cell behind `separator`, which the first one goes without. */
static void add_word(char cell[CELL_MAX], const char *separator, const char *word)
{
    usize length = strlen(cell);
    snprintf(cell + length, CELL_MAX - length, "%s%s", length > 0 ? separator : "", word);
}

static void list_levels(Line *line, const MemVmapFormatInfo *info)
{
    char text[TRACE_NAME_MAX];
    for (unsigned i = info->level_count; i-- > 0;) {
        snprintf(text, sizeof text, "%u", info->levels[i].index_bits);
        add_word(line->cell[INDEX], "+", text);
    }
    for (unsigned i = 0; i < info->level_count; i++) {
        if (info->levels[i].leaf)
            add_word(line->cell[LEAVES], " ", size_text(info->levels[i].size, text));
        if (info->levels[i].run > 0)
            add_word(line->cell[RUNS], " ", size_text(info->levels[i].run, text));
    }
    if (info->runs_optional && line->cell[RUNS][0]) {
        char runs[CELL_MAX];
        memcpy(runs, line->cell[RUNS], sizeof runs);
        snprintf(line->cell[RUNS], CELL_MAX, "[%.*s]", CELL_MAX - 3, runs);
    }
}

static const char *refused_text(int flags)
{
    if (flags & MEM_VMAP_USER)
        return flags & MEM_VMAP_GLOBAL ? "user, global" : "user";
    return flags & MEM_VMAP_GLOBAL ? "global" : "none";
}

static void list_flags(Line *line, const MemVmapFormatInfo *info)
{
    static const char *const types[MEM_VMAP_TYPES] = {"wb", "wt", "uc", "wc", "dev"};
    for (unsigned type = 0; type < MEM_VMAP_TYPES; type++)
        if (info->type_index[type] != MEM_VMAP_TYPE_NONE)
            add_word(line->cell[TYPES], " ", types[type]);
    add_word(line->cell[LACKS], "", refused_text(info->lacks));
}

static Line line_of(const MemVmapFormatInfo *info)
{
    Line line = {{{0}}};
    snprintf(line.cell[NAME], CELL_MAX, "%s", info->name);
    snprintf(line.cell[VIRTUAL], CELL_MAX, "%u %s", info->virt_bits, half_name(info));
    snprintf(line.cell[PHYSICAL], CELL_MAX, "%u", info->phys_bits);
    snprintf(line.cell[LEVELS], CELL_MAX, "%u", info->level_count);
    snprintf(line.cell[COUNT], CELL_MAX, "%u", info->count_bits);
    snprintf(line.cell[UPDATES], CELL_MAX, "%s", info->updates_optional ? "either" : "CPU");
    list_levels(&line, info);
    list_flags(&line, info);
    if (!line.cell[RUNS][0])
        add_word(line.cell[RUNS], "", "none");
    return line;
}

static void widen(int widths[COLUMNS], const Line *line)
{
    for (unsigned i = 0; i < COLUMNS; i++) {
        int length = (int)strlen(line->cell[i]);
        widths[i] = length > widths[i] ? length : widths[i];
    }
}

static void print_line(const int widths[COLUMNS], const Line *line)
{
    for (unsigned i = 0; i < COLUMNS - 1; i++)
        printf("%-*s  ", widths[i], line->cell[i]);
    printf("%s\n", line->cell[COLUMNS - 1]);
}

static void print_list(const FormatList *list)
{
    int widths[COLUMNS] = {0};
    widen(widths, &header);
    for (usize i = 0; i < list->count; i++) {
        Line line = line_of(&list->info[i]);
        widen(widths, &line);
    }
    print_line(widths, &header);
    for (usize i = 0; i < list->count; i++) {
        Line line = line_of(&list->info[i]);
        print_line(widths, &line);
    }
}

#define FACT "  %-22s"

static void print_ranges(const MemVmapFormatInfo *info)
{
    unsigned bits = info->half == MEM_VMAP_BOTH ? info->virt_bits - 1 : info->virt_bits;
    uint64_t last = UINT64_MAX >> (64 - bits);
    printf(FACT "%u bits: ", info->second_stage ? "guest addresses" : "virtual addresses", info->virt_bits);
    if (info->half != MEM_VMAP_UPPER)
        printf("0 to 0x%" PRIx64, last);
    if (info->half == MEM_VMAP_BOTH)
        printf(", and ");
    if (info->half != MEM_VMAP_LOWER)
        printf("0x%" PRIx64 " to 0x%" PRIx64, ~last, UINT64_MAX);
    printf("\n" FACT "%u bits at most\n", "physical addresses", info->phys_bits);
}

static void print_levels(const MemVmapFormatInfo *info)
{
    char size[TRACE_NAME_MAX];
    for (unsigned i = info->level_count; i-- > 0;) {
        const MemVmapFormatLevel *level = &info->levels[i];
        char name[TRACE_NAME_MAX];
        snprintf(name, sizeof name, "level %u%s", i, i + 1 == info->level_count ? ", the root" : "");
        printf(FACT "%5u entries of %5s: %s", name, 1u << level->index_bits, size_text(level->size, size),
               level->leaf ? "leaves" : "tables only");
        if (level->run > 0)
            printf(", contiguous runs of %s%s", size_text(level->run, size),
                   info->runs_optional ? " where the CPU has them" : "");
        printf("\n");
    }
}

static void print_types(const MemVmapFormatInfo *info)
{
    printf(FACT, "memory types");
    for (unsigned type = 0; type < MEM_VMAP_TYPES; type++) {
        const char *name = type_text((int)(type << MEM_VMAP_TYPE_SHIFT));
        if (info->type_index[type] == MEM_VMAP_TYPE_NONE)
            printf("%sno %s", type > 0 ? ", " : "", name);
        else
            printf("%s%s %u", type > 0 ? ", " : "", name, info->type_index[type]);
    }
    printf("\n" FACT, "  of the indices");
    const char *separator = "";
    for (unsigned index = 0; index < 16; index++) {
        if (!(info->type_indices >> index & 1))
            continue;
        printf("%s%u", separator, index);
        separator = ", ";
    }
    printf("\n");
}

static void print_format(const MemVmapFormatInfo *info)
{
    const unsigned index_bits = info->levels[0].index_bits;
    printf("%s\n", info->name);
    print_ranges(info);
    print_levels(info);
    print_types(info);
    printf(FACT "%s\n", "accessed and dirty",
           info->updates_optional ? "by the MMU, or preset where it leaves them to software"
                                  : "by the MMU");
    printf(FACT "%u bits of an entry that links a table%s\n", "entries counted in", info->count_bits,
           info->count_bits > index_bits ? "" : ": modulo, so that 0 is looked into");
    printf(FACT "%s\n", "refused flags", refused_text(info->lacks));
}

static void add_format(FormatList *list, const MemVmapFormat *format)
{
    list->info = must_realloc(list->info, (list->count + 1) * sizeof *list->info);
    mem_vmap_format_describe(format, &list->info[list->count++]);
}

/* Those that are named, or all. False, with a message: one is unknown. */
static bool choose(FormatList *list, const FormatsCall *call, const char *command)
{
    const MemVmapFormat *format;
    for (unsigned i = 0; call->name_count == 0 && (format = mem_vmap_format_at(i)); i++)
        add_format(list, format);
    for (usize i = 0; i < call->name_count; i++) {
        if (!format_check(command, call->names[i]))
            return false;
        add_format(list, mem_vmap_format_find(call->names[i]));
    }
    return true;
}

static void print(const FormatsCall *call, const FormatList *list)
{
    if (call->output == FORMATS_JSON) {
        print_formats_json(list);
        return;
    }
    if (call->name_count == 0) {
        print_list(list);
        return;
    }
    for (usize i = 0; i < list->count; i++) {
        printf("%s", i > 0 ? "\n" : "");
        print_format(&list->info[i]);
    }
}

int cli_formats(int argc, char **argv)
{
    const struct argp argp = {.options = option_rows, .parser = parse, .args_doc = "[NAME...]", .doc = doc};
    FormatsCall call = {0};
    FormatList list = {0};
    parse_arguments(&argp, argc, argv, 0, &call);
    bool known = choose(&list, &call, argv[0]);
    if (known)
        print(&call, &list);
    free(list.info);
    return known ? 0 : EXIT_BAD_CALL;
}
