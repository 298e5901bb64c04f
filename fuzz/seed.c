/* SPDX-License-Identifier: MIT */

/*
 * fuzz_seed map|protect|batch DIRECTORY TRACE...: cuts traces into pieces that the fuzzers of that area begin
 * with, and writes each as a file in the directory.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz/input.h"

#define PIECE_RECORDS 30
#define PIECES_MAX    40

typedef struct Seeds {
    InputArea area;
    const char *directory;
    unsigned written;
} Seeds;

static bool area_of(const char *name, InputArea *area)
{
    static const char *const names[] = {
        [AREA_MAP] = "map", [AREA_PROTECT] = "protect", [AREA_BATCH] = "batch"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *area = (InputArea)i;
        return true;
    }
    return false;
}

/* The first byte is options: the library's own cache, and none; refusing write with execute, and not. */
static bool write_piece(Seeds *seeds, const InputRecord *records, size_t count)
{
    uint8_t bytes[INPUT_HEADER_SIZE + PIECE_RECORDS * INPUT_RECORD_SIZE];
    char path[4096];
    size_t size = input_write(bytes, sizeof bytes, (uint8_t)(seeds->written % 8), records, count);
    snprintf(path, sizeof path, "%s/seed-%u", seeds->directory, seeds->written++);
    FILE *out = fopen(path, "wb");
    if (!out)
        return false;
    bool written = fwrite(bytes, 1, size, out) == size;
    return fclose(out) == 0 && written;
}

/* Pieces from all over the trace; each begins in the middle of things. */
static bool write_pieces(Seeds *seeds, const Trace *trace)
{
    size_t stride = trace->count / PIECES_MAX + 1;
    for (size_t start = 0; start < trace->count; start += stride) {
        InputRecord records[PIECE_RECORDS];
        size_t count = 0;
        for (size_t i = start; i < trace->count && count < PIECE_RECORDS; i++)
            count += input_encode(&records[count], seeds->area, &trace->ops[i]);
        if (count > 0 && !write_piece(seeds, records, count))
            return false;
    }
    return true;
}

static bool write_seeds(Seeds *seeds, const char *path)
{
    Trace trace;
    TraceError error;
    if (trace_parse_file(&trace, path, &error) != 0) {
        trace_print_error(stderr, &error);
        return false;
    }
    bool written = write_pieces(seeds, &trace);
    trace_free(&trace);
    return written;
}

int main(int argc, char **argv)
{
    Seeds seeds = {.directory = argc > 2 ? argv[2] : NULL};
    if (argc < 4 || !area_of(argv[1], &seeds.area)) {
        fprintf(stderr, "usage: fuzz_seed map|protect|batch DIRECTORY TRACE...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        if (!write_seeds(&seeds, argv[i])) {
            fprintf(stderr, "fuzz_seed: %s: failed\n", argv[i]);
            return 1;
        }
    }
    return 0;
}
