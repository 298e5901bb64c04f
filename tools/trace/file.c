/* SPDX-License-Identifier: MIT */
#include "tools/trace/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* First size of the buffer; it doubles. */
#define TEXT_START ((size_t)64 << 10)

/* What a file holds, decompressed. */
typedef struct Text {
    char *bytes;
    size_t len, capacity;
} Text;

static int fail(TraceError *error, const char *path, const char *message)
{
    *error = (TraceError){.file = path};
    snprintf(error->message, sizeof error->message, "%s", message);
    return -1;
}

/* What went wrong with the stream: zlib's words, or the system's. */
static const char *stream_message(gzFile file)
{
    int code = Z_OK;
    const char *message = gzerror(file, &code);
    return code == Z_ERRNO ? strerror(errno) : message;
}

static int make_room(Text *text)
{
    if (text->len < text->capacity)
        return 0;
    size_t capacity = text->capacity ? text->capacity * 2 : TEXT_START;
    char *bytes = realloc(text->bytes, capacity);
    if (!bytes)
        return -1;
    text->bytes = bytes;
    text->capacity = capacity;
    return 0;
}

static int read_stream(gzFile file, Text *text, const char *path, TraceError *error)
{
    for (;;) {
        if (make_room(text) != 0)
            return fail(error, path, "out of memory");
        int got = gzread(file, text->bytes + text->len, (unsigned)(text->capacity - text->len));
        if (got < 0)
            return fail(error, path, stream_message(file));
        if (got == 0)
            return 0;
        text->len += (size_t)got;
        if (text->len > TRACE_TEXT_MAX)
            return fail(error, path, "the trace is larger than 1 GiB");
    }
}

static gzFile open_stream(const char *path)
{
    if (strcmp(path, "-") != 0)
        return gzopen(path, "rb");
    /* A copy, so that closing the stream leaves standard input open. */
    int input = dup(STDIN_FILENO);
    if (input < 0)
        return NULL;
    gzFile file = gzdopen(input, "rb");
    if (!file)
        close(input);
    return file;
}

static int read_file(const char *path, Text *text, TraceError *error)
{
    errno = 0;
    gzFile file = open_stream(path);
    if (!file)
        return fail(error, path, errno ? strerror(errno) : "out of memory");
    int result = read_stream(file, text, path, error);
    /* Only closing tells that a compressed file ends too early. */
    if (gzclose(file) != Z_OK && result == 0)
        result = fail(error, path, "the compressed file ends too early");
    return result;
}

int trace_parse_file(Trace *trace, const char *path, TraceError *error)
{
    Text text = {0};
    *trace = (Trace){0};
    int result = read_file(path, &text, error);
    if (result == 0)
        result = trace_parse_text(trace, path, text.bytes, text.len, error);
    free(text.bytes);
    return result;
}
