/* SPDX-License-Identifier: MIT */
#ifndef TRACE_H
#define TRACE_H

/*
 * The text form of a sequence of operations: one operation a line, see docs/design.md. Fuzzers,
 * replays, tests and bug reports all read and write it.
 *
 * This room knows nothing of MemVmap: it includes none of its headers and shares no constant with it,
 * so that the model built on it stays an independent oracle.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A longer line is an error. */
#define TRACE_LINE_MAX 4096

/* A larger text (after decompression) is an error. */
#define TRACE_TEXT_MAX ((size_t)1 << 30)

typedef enum TraceVerb {
    TRACE_SPACE,     /* number, name (or null), write_exec */
    TRACE_SELECT,    /* number */
    TRACE_MAP,       /* phys, virt, len, flags; expects a result */
    TRACE_UNMAP,     /* virt, len */
    TRACE_PROTECT,   /* virt, len, flags; expects a result */
    TRACE_COLLAPSE,  /* virt, len; expects a result */
    TRACE_TRANSLATE, /* virt; expects a physical address or a miss */
    TRACE_LOOKUP,    /* virt; expects a leaf or a miss */
    TRACE_BATCH_BEGIN,
    TRACE_BATCH_END,
    TRACE_CPU, /* number */
    TRACE_SWITCH,
    TRACE_ACCESS,     /* access, virt; expects a physical address or a miss (written `fault`) */
    TRACE_FAIL_ONCE,  /* number: `fail K` */
    TRACE_FAIL_FROM,  /* number: `fail from K` */
    TRACE_FAIL_NEVER, /* `fail never` */
    TRACE_TABLES,     /* expects a count */
    TRACE_VERIFY,
} TraceVerb;
#define TRACE_VERBS ((size_t)TRACE_VERIFY + 1)

/* What an operation answered. The values are this room's own, not those of mem/errors.h. */
typedef enum TraceResult {
    TRACE_OK,
    TRACE_EINVAL,
    TRACE_EALIGN,
    TRACE_ERANGE,
    TRACE_EOVERLAP,
    TRACE_ENOMEM,
    TRACE_EFLAGS,
    TRACE_ENOTSUP,
    TRACE_EMISS,
    TRACE_ECORRUPT,
} TraceResult;
#define TRACE_RESULTS ((size_t)TRACE_ECORRUPT + 1)

typedef enum TraceType {
    TRACE_WRITE_BACK, /* the default: has no name in the text */
    TRACE_WRITE_THROUGH,
    TRACE_UNCACHED,
    TRACE_WRITE_COMBINING,
    TRACE_DEVICE,
} TraceType;
#define TRACE_TYPES ((size_t)TRACE_DEVICE + 1)

/* `r` is implied. All zero is the least: kernel, read-only, no execute, write-back. */
typedef struct TraceFlags {
    bool write, exec, user, global;
    bool cap_4k, cap_2m; /* no leaf larger than that; where both are given the smaller counts */
    bool noreserve;
    uint8_t type; /* a TraceType */
} TraceFlags;

typedef enum TraceAccess {
    TRACE_READ,
    TRACE_WRITE,
    TRACE_EXECUTE,
} TraceAccess;

typedef enum TraceExpectKind {
    TRACE_EXPECT_NONE,   /* the line has no `=>` */
    TRACE_EXPECT_RESULT, /* result */
    TRACE_EXPECT_MISS,   /* `miss`, and `fault` of an access */
    TRACE_EXPECT_PHYS,   /* phys */
    TRACE_EXPECT_LEAF,   /* phys, size, flags */
    TRACE_EXPECT_COUNT,  /* count */
} TraceExpectKind;

typedef struct TraceExpect {
    TraceExpectKind kind;
    TraceResult result;
    uint64_t phys;
    uint64_t size; /* of the leaf, in bytes: a power of two */
    uint64_t count;
    TraceFlags flags;
} TraceExpect;

/* One operation. Members that its verb does not name are zero. */
typedef struct TraceOp {
    TraceVerb verb;
    TraceAccess access;
    size_t line; /* in the file, from 1; 0: not from a file */
    uint64_t phys, virt, len;
    uint64_t number; /* of a space or CPU, or the K of `fail` */
    TraceFlags flags;
    bool write_exec; /* `space N wx` */
    char *name;      /* `space N format=NAME`, owned by the trace; null: not given */
    TraceExpect expect;
} TraceOp;

/* All zero is an empty trace. */
typedef struct Trace {
    char *name; /* of the file */
    TraceOp *ops;
    size_t count, capacity;
} Trace;

typedef struct TraceError {
    const char *file; /* as it was given to the parser, not copied */
    size_t line;      /* from 1; 0: the file itself is at fault */
    size_t column;    /* from 1, in bytes */
    char message[200];
} TraceError;

/*
 * Reads a file, which may be compressed with gzip; "-" is standard input. Fills `*trace`, which is not
 * read before. Returns 0, or -1 with `*error` filled and `*trace` empty.
 */
int trace_parse_file(Trace *trace, const char *path, TraceError *error);

/* The same from `len` bytes of memory, which need not end with a zero byte. `name` is for messages. */
int trace_parse_text(Trace *trace, const char *name, const char *text, size_t len, TraceError *error);

/* Frees what the trace owns and makes it empty. */
void trace_free(Trace *trace);

/* Writes "FILE:LINE:COLUMN: message" and a newline. */
void trace_print_error(FILE *out, const TraceError *error);

/* Writes the operation as one line that parses to the same operation. */
void trace_print_op(FILE *out, const TraceOp *op);

/* Room for the text of any flags or size. */
#define TRACE_NAME_MAX 32

/* "rwx,uc,4k": fills and returns `text`. */
const char *trace_flags_name(const TraceFlags *flags, char text[TRACE_NAME_MAX]);

/* "4K", "2M", "1G": the largest unit that divides `size` exactly. Fills and returns `text`. */
const char *trace_size_name(uint64_t size, char text[TRACE_NAME_MAX]);

/* "ok", "MEM_EINVAL" ...; "?" for a value that is none. */
const char *trace_result_name(TraceResult result);

/* "map", "batch begin" ...; "?" for a value that is none. */
const char *trace_verb_name(TraceVerb verb);

#ifdef __cplusplus
}
#endif

#endif
