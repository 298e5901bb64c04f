/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

/*
 * Fuzzer inputs: one byte of options, then records of one operation each. Every sequence of bytes is a valid
 * trace; every trace of one x86-64 space, but for `wx` and what it expects, can be written as bytes. For other formats
 * the addresses are respelled (spelling.h).
 */

#include "tools/trace/trace.h"

#define INPUT_HEADER_SIZE 1
#define INPUT_RECORD_SIZE 28

/* More records are not read. */
#define INPUT_RECORDS_MAX 100

/* Which operations a fuzzer uses, and how often a random byte means each. */
typedef enum InputArea {
    AREA_MAP,     /* map and unmap */
    AREA_PROTECT, /* protect, collapse, and what they need */
    AREA_BATCH,   /* all of these, in batches */
} InputArea;

typedef struct InputHeader {
    bool write_exec;    /* the space accepts both at once */
    size_t cache_pages; /* free table pages that the space keeps */
} InputHeader;

/* An operation as it lies in the bytes, unpacked. */
typedef struct InputRecord {
    uint8_t verb;   /* modulo the verbs of the area */
    uint8_t rights; /* INPUT_* below */
    uint8_t more;   /* likewise */
    uint8_t number; /* the K of `fail` */
    uint64_t virt, phys, len;
} InputRecord;

enum {
    INPUT_WRITE = 1 << 0,
    INPUT_EXEC = 1 << 1,
    INPUT_USER = 1 << 2,
    INPUT_GLOBAL = 1 << 3,
    INPUT_TYPE = 7 << 4, /* modulo the memory types */

    INPUT_CAP_4K = 1 << 0,
    INPUT_CAP_2M = 1 << 1,
    INPUT_NO_RESERVE = 1 << 2,
    INPUT_RAW = 1 << 7, /* the addresses are meant as they stand */
};

InputHeader input_header(const uint8_t *data, size_t size);
size_t input_records(const uint8_t *data, size_t size, InputRecord records[INPUT_RECORDS_MAX]);

/* Writes header and records back; returns the bytes used, at most `capacity`. */
size_t input_write(uint8_t *data, size_t capacity, uint8_t header, const InputRecord *records,
                   size_t count);

/*
 * The trace that the bytes mean, with a space of `format`. Lengths are cut so that no operation takes more
 * than a few hundred table pages; batches are paired. To be freed with trace_free. False: memory is out, or the format
 * is unknown.
 */
bool input_decode(Trace *trace, InputArea area, const char *format, const uint8_t *data, size_t size);

/* The record of an operation; false where the area has no such verb. */
bool input_encode(InputRecord *record, InputArea area, const TraceOp *op);

TraceVerb input_verb(InputArea area, const InputRecord *record);
uint8_t input_verb_byte(InputArea area, TraceVerb verb);

#endif
