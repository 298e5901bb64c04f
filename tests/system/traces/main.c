/* SPDX-License-Identifier: MIT */

/*
 * Writes what the test kernels replay, in the text form:
 *
 *     system_traces OUTPUT FORMAT recorded FILE...         recorded traces
 *     system_traces OUTPUT FORMAT map|protect|batch FILE...  inputs of that fuzzer
 *     system_traces OUTPUT FORMAT random SEED COUNT        inputs of random bytes
 *
 * Addresses are moved to where the machine has RAM (physical addresses count from 0 and stay below 2 GiB) and
 * the test kernel itself is not (virtual addresses; those of the lower half go to its upper half). What follows
 * from the flat model is written as `=>`: answers, and lookups at the ends of what an operation has changed.
 */

#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "fuzz/input.h"
#include "tests/system/traces/place.h"
#include "tools/model/model.h"

enum { SPACES_MAX = 16, INPUT_BYTES_MAX = INPUT_HEADER_SIZE + INPUT_RECORDS_MAX * INPUT_RECORD_SIZE };

typedef enum Failures { WITHOUT_FAILURES, WITH_FAILURES } Failures;

/* How a trace is written. */
typedef struct Writer {
    const Place *place;
    Failures failures;   /* allocations that fail are written; the model does not know what then happens */
    size_t looked_every; /* one of so many operations is looked at afterwards */
    size_t ops;
    Model *models[SPACES_MAX];
    uint64_t selected;
    bool in_batch;
} Writer;

static void fail(const char *what)
{
    fprintf(stderr, "system_traces: %s\n", what);
    exit(1);
}

static void make_model(Writer *writer, uint64_t number, bool write_exec)
{
    ModelGeometry geometry = writer->place->geometry;
    geometry.allow_write_exec = write_exec;
    if (number >= SPACES_MAX || writer->models[number])
        fail("too many spaces");
    writer->models[number] = model_new(&geometry);
    if (!writer->models[number])
        fail("out of memory");
    writer->selected = number;
}

static Writer writer_begin(const Place *place, Failures failures, size_t looked_every)
{
    Writer writer = {.place = place, .failures = failures, .looked_every = looked_every};
    make_model(&writer, 0, false);
    puts("# a trace begins");
    return writer;
}

static void writer_end(Writer *writer)
{
    for (size_t i = 0; i < SPACES_MAX; i++)
        model_free(writer->models[i]);
    puts("fail never\nverify");
}

static void expect_result(TraceOp *op, TraceResult result)
{
    op->expect = (TraceExpect){.kind = TRACE_EXPECT_RESULT, .result = result};
}

/* Does to the model what the operation does, and notes its answer. */
static void predict(Writer *writer, TraceOp *op)
{
    Model *model = writer->models[writer->selected];
    if (op->verb == TRACE_MAP)
        expect_result(op, model_map(model, op->phys, op->virt, op->len, op->flags));
    if (op->verb == TRACE_PROTECT)
        expect_result(op, model_protect(model, op->virt, op->len, op->flags));
    if (op->verb == TRACE_COLLAPSE)
        expect_result(op, model_collapse(model, op->virt, op->len));
    if (op->verb == TRACE_UNMAP)
        model_unmap(model, op->virt, op->len);
}

static void write_lookup(const Writer *writer, uint64_t virt)
{
    TraceOp op = {.verb = TRACE_LOOKUP, .virt = virt};
    ModelLeaf leaf;
    op.expect.kind = TRACE_EXPECT_MISS;
    if (model_lookup(writer->models[writer->selected], virt, &leaf) == TRACE_OK)
        op.expect = (TraceExpect){
            .kind = TRACE_EXPECT_LEAF, .phys = leaf.phys, .size = leaf.size, .flags = leaf.flags};
    trace_print_op(stdout, &op);
}

static bool changes(TraceVerb verb)
{
    return verb == TRACE_MAP || verb == TRACE_UNMAP || verb == TRACE_PROTECT || verb == TRACE_COLLAPSE;
}

static void write_lookups(const Writer *writer, const TraceOp *op)
{
    uint64_t page = writer->place->geometry.sizes[0];
    if (!changes(op->verb) || writer->in_batch || op->len == 0 || writer->ops % writer->looked_every != 0)
        return;
    uint64_t end = op->virt + op->len;
    const uint64_t places[] = {op->virt, op->virt - page, end - 1, end, op->virt + op->len / 2};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!place_is_kernel(places[i]))
            write_lookup(writer, places[i]);
}

static bool is_failure(TraceVerb verb)
{
    return verb == TRACE_FAIL_ONCE || verb == TRACE_FAIL_FROM || verb == TRACE_FAIL_NEVER;
}

static void write_op(Writer *writer, TraceOp op)
{
    if (is_failure(op.verb) && writer->failures == WITHOUT_FAILURES)
        return;
    place_op(writer->place, &op);
    op.name = NULL;
    op.expect.kind = TRACE_EXPECT_NONE;
    writer->ops++;
    if (op.verb == TRACE_SPACE)
        make_model(writer, op.number, op.write_exec);
    if (op.verb == TRACE_SELECT)
        writer->selected = op.number;
    if (op.verb == TRACE_BATCH_BEGIN || op.verb == TRACE_BATCH_END)
        writer->in_batch = op.verb == TRACE_BATCH_BEGIN;
    if (writer->failures == WITHOUT_FAILURES)
        predict(writer, &op);
    trace_print_op(stdout, &op);
    if (writer->failures == WITHOUT_FAILURES)
        write_lookups(writer, &op);
}

static void write_trace(const Trace *trace, const Place *place, Failures failures, size_t looked_every)
{
    Writer writer = writer_begin(place, failures, looked_every);
    for (size_t i = 0; i < trace->count; i++)
        write_op(&writer, trace->ops[i]);
    writer_end(&writer);
}

static void write_recorded(const Place *place, const char *path)
{
    Trace trace;
    TraceError error;
    if (trace_parse_file(&trace, path, &error) != 0) {
        trace_print_error(stderr, &error);
        exit(1);
    }
    printf("# %s\n", strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    write_trace(&trace, place, WITHOUT_FAILURES, 16);
    trace_free(&trace);
}

/* Once with the allocations that it lets fail and once with the answers that the model predicts. */
static void write_input(const Place *place, InputArea area, const uint8_t *data, size_t size)
{
    Trace trace;
    if (!input_decode(&trace, area, place->format, data, size))
        fail("out of memory");
    write_trace(&trace, place, WITH_FAILURES, 1);
    write_trace(&trace, place, WITHOUT_FAILURES, 1);
    trace_free(&trace);
}

static void write_file(const Place *place, InputArea area, const char *path)
{
    uint8_t data[INPUT_BYTES_MAX];
    FILE *in = fopen(path, "rb");
    if (!in) {
        perror(path);
        exit(1);
    }
    write_input(place, area, data, fread(data, 1, sizeof data, in));
    fclose(in);
}

static InputArea area_of(const char *name)
{
    if (strcmp(name, "map") == 0)
        return AREA_MAP;
    if (strcmp(name, "protect") == 0)
        return AREA_PROTECT;
    if (strcmp(name, "batch") != 0)
        fail("no such mode");
    return AREA_BATCH;
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Addresses near each other and aligned now and then: operations that do not meet show little. */
static uint64_t random_address(uint64_t *state, unsigned bits)
{
    static const uint64_t bases[] = {0, 0x40000000, 0x7fffc0000000, 0xffff800000000000, 0xffffffffc0000000};
    static const unsigned aligned[] = {12, 12, 12, 21, 21, 30};
    uint64_t base = bits > 30 ? bases[random_next(state) % 5] : 0;
    uint64_t offset = random_next(state) % ((uint64_t)1 << 31);
    return base +
           (offset >> aligned[random_next(state) % 6] << aligned[random_next(state) % 3]) % 0x80000000;
}

static void write_random_input(const Place *place, uint64_t *state)
{
    static const uint64_t lens[] = {4096, 8192, 65536, 2 << 20, 4 << 20, 1 << 30};
    uint8_t data[INPUT_BYTES_MAX];
    InputRecord records[INPUT_RECORDS_MAX];
    for (size_t i = 0; i < INPUT_RECORDS_MAX; i++) {
        uint64_t bits = random_next(state);
        records[i] =
            (InputRecord){.verb = (uint8_t)bits,
                          .rights = (uint8_t)(bits >> 8),
                          .more = (uint8_t)(bits >> 16 & bits >> 24),
                          .number = (uint8_t)(bits >> 32) % 8,
                          .virt = random_address(state, 64),
                          .len = lens[bits >> 40 & 3] * (1 + (bits >> 48) % 3) - (bits >> 60 == 0)};
        bool alike = bits >> 50 & 1;
        records[i].phys = (alike ? records[i].virt : random_address(state, 30)) % ((uint64_t)1 << 30);
        if ((bits >> 52 & 15) == 0)
            records[i].len = lens[4 + (bits >> 56 & 1)];
    }
    size_t size = input_write(data, sizeof data, (uint8_t)random_next(state), records, INPUT_RECORDS_MAX);
    write_input(place, (InputArea)(random_next(state) % 3), data, size);
}

/* All of them: two numbers, or names of files. */
static void write_all(const Place *place, const char *mode, char **arguments, int count)
{
    if (strcmp(mode, "random") == 0) {
        uint64_t state = strtoull(arguments[0], NULL, 10) * 2 + 1;
        for (unsigned long i = strtoul(count > 1 ? arguments[1] : "1", NULL, 10); i > 0; i--)
            write_random_input(place, &state);
        return;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(mode, "recorded") == 0)
            write_recorded(place, arguments[i]);
        else
            write_file(place, area_of(mode), arguments[i]);
    }
}

int main(int argc, char **argv)
{
    Place place;
    if (argc < 5 || !place_find(&place, argv[2]))
        fail("usage: system_traces OUTPUT FORMAT recorded|map|protect|batch FILE... | random SEED COUNT");
    if (!freopen(argv[1], "w", stdout)) {
        perror(argv[1]);
        return 1;
    }
    write_all(&place, argv[3], argv + 4, argc - 4);
    if (fclose(stdout) == 0)
        return 0;
    perror(argv[1]);
    return 1;
}
