/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include "fuzz/input.h"
#include "fuzz/spelling.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_WRITE_EXEC 1

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

/* A map that is so long is refused by every format, so its length costs nothing. */
#define LEN_ABSURD ((uint64_t)1 << 57)

/* The library's own number, one that a few operations overflow, and none. */
static const uint8_t cache_pages[] = {64, 3, 0, 0};

/* A verb that is listed twice is twice as likely. */
static const uint8_t map_verbs[] = {TRACE_MAP,       TRACE_UNMAP,      TRACE_MAP,       TRACE_UNMAP,
                                    TRACE_TRANSLATE, TRACE_LOOKUP,     TRACE_FAIL_ONCE, TRACE_FAIL_FROM,
                                    TRACE_MAP,       TRACE_FAIL_NEVER, TRACE_UNMAP};
static const uint8_t protect_verbs[] = {TRACE_MAP,     TRACE_PROTECT,   TRACE_COLLAPSE,  TRACE_UNMAP,
                                        TRACE_PROTECT, TRACE_FAIL_ONCE, TRACE_FAIL_FROM, TRACE_FAIL_NEVER,
                                        TRACE_MAP,     TRACE_COLLAPSE,  TRACE_LOOKUP};
static const uint8_t batch_verbs[] = {TRACE_MAP,   TRACE_UNMAP,     TRACE_BATCH_BEGIN, TRACE_PROTECT,
                                      TRACE_UNMAP, TRACE_BATCH_END, TRACE_COLLAPSE,    TRACE_FAIL_ONCE,
                                      TRACE_MAP,   TRACE_FAIL_FROM, TRACE_FAIL_NEVER,  TRACE_UNMAP,
                                      TRACE_LOOKUP};

static const uint8_t *verbs_of(InputArea area, size_t *count)
{
    switch (area) {
    case AREA_MAP:
        *count = sizeof map_verbs;
        return map_verbs;
    case AREA_PROTECT:
        *count = sizeof protect_verbs;
        return protect_verbs;
    case AREA_BATCH:
        *count = sizeof batch_verbs;
        return batch_verbs;
    }
    abort();
}

TraceVerb input_verb(InputArea area, const InputRecord *record)
{
    size_t count;
    const uint8_t *verbs = verbs_of(area, &count);
    return verbs[record->verb % count];
}

/* The first byte that means the verb, or UINT8_MAX where none does. */
uint8_t input_verb_byte(InputArea area, TraceVerb verb)
{
    size_t count;
    const uint8_t *verbs = verbs_of(area, &count);
    for (size_t i = 0; i < count; i++)
        if (verbs[i] == verb)
            return (uint8_t)i;
    return UINT8_MAX;
}

InputHeader input_header(const uint8_t *data, size_t size)
{
    uint8_t byte = size > 0 ? data[0] : 0;
    return (InputHeader){
        .write_exec = byte & HEADER_WRITE_EXEC,
        .cache_pages = cache_pages[(byte >> 1) % sizeof cache_pages],
    };
}

static InputRecord unpack(const uint8_t *bytes)
{
    InputRecord record = {bytes[0], bytes[1], bytes[2], bytes[3], 0, 0, 0};
    memcpy(&record.virt, bytes + 4, 8);
    memcpy(&record.phys, bytes + 12, 8);
    memcpy(&record.len, bytes + 20, 8);
    return record;
}

static void pack(uint8_t *bytes, const InputRecord *record)
{
    bytes[0] = record->verb;
    bytes[1] = record->rights;
    bytes[2] = record->more;
    bytes[3] = record->number;
    memcpy(bytes + 4, &record->virt, 8);
    memcpy(bytes + 12, &record->phys, 8);
    memcpy(bytes + 20, &record->len, 8);
}

size_t input_records(const uint8_t *data, size_t size, InputRecord records[INPUT_RECORDS_MAX])
{
    size_t count = 0;
    for (size_t at = INPUT_HEADER_SIZE; at + INPUT_RECORD_SIZE <= size && count < INPUT_RECORDS_MAX;
         at += INPUT_RECORD_SIZE)
        records[count++] = unpack(data + at);
    return count;
}

size_t input_write(uint8_t *data, size_t capacity, uint8_t header, const InputRecord *records, size_t count)
{
    size_t at = INPUT_HEADER_SIZE;
    if (capacity < INPUT_HEADER_SIZE)
        return 0;
    data[0] = header;
    for (size_t i = 0; i < count && at + INPUT_RECORD_SIZE <= capacity; i++, at += INPUT_RECORD_SIZE)
        pack(data + at, &records[i]);
    return at;
}

static TraceFlags decode_flags(const InputRecord *record)
{
    return (TraceFlags){
        .write = record->rights & INPUT_WRITE,
        .exec = record->rights & INPUT_EXEC,
        .user = record->rights & INPUT_USER,
        .global = record->rights & INPUT_GLOBAL,
        .type = (uint8_t)((record->rights & INPUT_TYPE) >> 4) % TRACE_TYPES,
        .cap_4k = record->more & INPUT_CAP_4K,
        .cap_2m = record->more & INPUT_CAP_2M,
        .noreserve = record->more & INPUT_NO_RESERVE,
    };
}

/* The level of the largest leaf that a map could use. */
static unsigned leaf_level(const TraceOp *op, const Spelling *spelling)
{
    uint64_t difference = op->phys ^ op->virt;
    bool pages_only = op->flags.cap_4k || (op->flags.cap_2m && spelling->page_shift > 12);
    if (pages_only || difference % (2 * MIB) != 0)
        return 0;
    if (op->flags.cap_2m || difference % GIB != 0 || spelling->leaf_levels < 3)
        return 1;
    return difference % (512 * GIB) != 0 || spelling->leaf_levels < 4 ? 2 : 3;
}

/* So long a map takes a moment, and its table pages and credits are few hundred of 4 KiB. */
static uint64_t len_limit(const TraceOp *op, const Spelling *spelling)
{
    unsigned level = leaf_level(op, spelling);
    if (level == 0)
        return 6 * MIB;
    if (level > 1 && op->flags.noreserve)
        return level == 2 ? 8 * GIB : 1024 * GIB + 8 * MIB;
    return level > 1 && spelling->page_shift == 12 ? GIB + 8 * MIB : 128 * MIB;
}

static void respell(TraceOp *op, const Spelling *spelling)
{
    op->virt = spell_virt(spelling, op->virt);
    op->phys = spell_phys(spelling, op->phys);
    op->len = spell_len(spelling, op->len);
    op->flags = spell_flags(spelling, op->flags);
}

/* As the record has it, in the addresses of an input. */
static TraceOp decode(InputArea area, const Spelling *spelling, const InputRecord *record)
{
    TraceOp op = {.verb = input_verb(area, record)};
    switch (op.verb) {
    case TRACE_MAP:
        op.phys = record->phys;
        op.virt = record->virt;
        op.flags = decode_flags(record);
        op.len = record->len < LEN_ABSURD ? record->len % (len_limit(&op, spelling) + 1) : record->len;
        break;
    case TRACE_PROTECT:
        op.flags = decode_flags(record);
        op.virt = record->virt;
        op.len = record->len;
        break;
    case TRACE_UNMAP:
    case TRACE_COLLAPSE:
        op.virt = record->virt;
        op.len = record->len;
        break;
    case TRACE_TRANSLATE:
    case TRACE_LOOKUP:
        op.virt = record->virt;
        break;
    case TRACE_FAIL_ONCE:
    case TRACE_FAIL_FROM:
        op.number = 1 + record->number;
        break;
    case TRACE_BATCH_BEGIN:
    case TRACE_BATCH_END:
    case TRACE_FAIL_NEVER:
    case TRACE_SPACE: /* no area has the rest */
    case TRACE_SELECT:
    case TRACE_CPU:
    case TRACE_SWITCH:
    case TRACE_ACCESS:
    case TRACE_TABLES:
    case TRACE_VERIFY:
        break;
    }
    return op;
}

/* Batches must be paired: whichever end comes, it is the one that is due. */
static bool pair_batches(TraceOp *op, bool open)
{
    if (op->verb != TRACE_BATCH_BEGIN && op->verb != TRACE_BATCH_END)
        return open;
    op->verb = open ? TRACE_BATCH_END : TRACE_BATCH_BEGIN;
    return !open;
}

bool input_decode(Trace *trace, InputArea area, const char *format, const uint8_t *data, size_t size)
{
    InputRecord records[INPUT_RECORDS_MAX];
    size_t count = input_records(data, size, records);
    bool open = false;
    Spelling spelling;
    *trace = (Trace){.capacity = count + 2};
    trace->ops = calloc(trace->capacity, sizeof *trace->ops);
    char *name = strdup(format);
    if (!trace->ops || !name || !spelling_of(format, &spelling)) {
        free(name);
        trace_free(trace);
        return false;
    }
    TraceOp space = {.verb = TRACE_SPACE, .number = 1, .name = name};
    space.write_exec = input_header(data, size).write_exec;
    trace->ops[trace->count++] = space;
    for (size_t i = 0; i < count; i++) {
        TraceOp op = decode(area, &spelling, &records[i]);
        if (!(records[i].more & INPUT_RAW))
            respell(&op, &spelling);
        open = pair_batches(&op, open);
        trace->ops[trace->count++] = op;
    }
    if (open)
        trace->ops[trace->count++] = (TraceOp){.verb = TRACE_BATCH_END};
    return true;
}

bool input_encode(InputRecord *record, InputArea area, const TraceOp *op)
{
    const TraceFlags *flags = &op->flags;
    uint8_t verb = input_verb_byte(area, op->verb);
    if (verb == UINT8_MAX)
        return false;
    *record = (InputRecord){.verb = verb, .virt = op->virt, .phys = op->phys, .len = op->len};
    record->rights =
        (uint8_t)((flags->write ? INPUT_WRITE : 0) | (flags->exec ? INPUT_EXEC : 0) |
                  (flags->user ? INPUT_USER : 0) | (flags->global ? INPUT_GLOBAL : 0) | flags->type << 4);
    record->more = (uint8_t)((flags->cap_4k ? INPUT_CAP_4K : 0) | (flags->cap_2m ? INPUT_CAP_2M : 0) |
                             (flags->noreserve ? INPUT_NO_RESERVE : 0));
    if (op->verb == TRACE_FAIL_ONCE || op->verb == TRACE_FAIL_FROM)
        record->number = (uint8_t)(op->number - 1);
    return true;
}
