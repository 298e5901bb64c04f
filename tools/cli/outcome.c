/* SPDX-License-Identifier: MIT */
#include "tools/cli/replay.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "812 ns", "1.25 ms": three digits are as much as a clock deserves. */
static const char *time_text(double seconds, char text[TRACE_NAME_MAX])
{
    static const char *const units[] = {"s", "ms", "us", "ns"};
    unsigned unit = 0;
    while (unit < 3 && seconds < 1) {
        seconds *= 1000;
        unit++;
    }
    int decimals = seconds >= 100 ? 0 : seconds >= 10 ? 1 : 2;
    snprintf(text, TRACE_NAME_MAX, "%.*f %s", decimals, seconds, units[unit]);
    return text;
}

/* Of one operation, in the unit that suits it. Fills and returns `text`. */
static const char *per_operation(const Outcome *outcome, double seconds, char text[TRACE_NAME_MAX])
{
    return time_text(outcome->timed > 0 ? seconds / (double)outcome->timed : 0, text);
}

static void print_times(const Outcome *outcome)
{
    char least[TRACE_NAME_MAX], median[TRACE_NAME_MAX];
    bool several = outcome->passes > 1;
    if (several)
        printf("  min %9s  median %9s", time_text(outcome->least, least),
               time_text(outcome->median, median));
    else
        printf("  %9s", time_text(outcome->least, least));
    if (outcome->checks == REPLAY_ORACLES)
        printf("  checked");
    else if (several)
        printf("  min %9s/op  median %9s/op", per_operation(outcome, outcome->least, least),
               per_operation(outcome, outcome->median, median));
    else
        printf("  %9s/op", per_operation(outcome, outcome->least, least));
}

void print_outcomes(const Outcome *outcomes, usize count)
{
    int width = 0;
    usize operations = 0, mismatches = 0;
    for (usize i = 0; i < count; i++) {
        int length = (int)strlen(outcomes[i].file);
        width = length > width ? length : width;
        operations += outcomes[i].operations;
        mismatches += outcomes[i].mismatches;
    }
    for (usize i = 0; i < count; i++) {
        const Outcome *outcome = &outcomes[i];
        printf("%-*s  %8zu operations", width, outcome->file, outcome->operations);
        print_times(outcome);
        printf("  %9zu pages mapped  %6zu table pages at peak  mismatches: %zu\n", outcome->pages_mapped,
               outcome->peak_pages, outcome->mismatches);
    }
    if (count > 1)
        printf("%-*s  %8zu operations  mismatches: %zu\n", width, "total", operations, mismatches);
}

/* The least and the median time, in a unit of which a second has `factor`. */
static void add_times(cJSON *object, const char *name, const Outcome *outcome, double factor)
{
    cJSON *times = cJSON_AddObjectToObject(object, name);
    cJSON_AddNumberToObject(times, "min", outcome->least * factor);
    cJSON_AddNumberToObject(times, "median", outcome->median * factor);
}

static cJSON *outcome_json(const Outcome *outcome)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "file", outcome->file);
    cJSON_AddBoolToObject(object, "checked", outcome->checks == REPLAY_ORACLES);
    cJSON_AddNumberToObject(object, "operations", (double)outcome->operations);
    cJSON_AddNumberToObject(object, "passes", (double)outcome->passes);
    add_times(object, "seconds", outcome, 1);
    if (outcome->checks == REPLAY_ORACLES || outcome->timed == 0)
        cJSON_AddNullToObject(object, "ns_per_operation");
    else
        add_times(object, "ns_per_operation", outcome, 1e9 / (double)outcome->timed);
    cJSON_AddNumberToObject(object, "pages_mapped", (double)outcome->pages_mapped);
    cJSON_AddNumberToObject(object, "peak_table_pages", (double)outcome->peak_pages);
    cJSON_AddNumberToObject(object, "mismatches", (double)outcome->mismatches);
    return object;
}

void print_outcomes_json(const Outcome *outcomes, usize count)
{
    usize mismatches = 0;
    cJSON *root = cJSON_CreateObject();
    cJSON *files = cJSON_AddArrayToObject(root, "files");
    for (usize i = 0; i < count; i++) {
        cJSON_AddItemToArray(files, outcome_json(&outcomes[i]));
        mismatches += outcomes[i].mismatches;
    }
    cJSON_AddNumberToObject(root, "mismatches", (double)mismatches);
    char *text = cJSON_Print(root);
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(root);
}
