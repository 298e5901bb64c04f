/* SPDX-License-Identifier: MIT */
/* Traces from files: plain, compressed, from standard input, broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "tools/trace/trace.h"

/* A file of its own for one test. */
static int make_file(char path[32])
{
    static const char pattern[] = "/tmp/test_trace.XXXXXX";
    memcpy(path, pattern, sizeof pattern);
    int file = mkstemp(path);
    assert_true(file >= 0);
    return file;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

/* A text many times over, so that the reader's buffer must grow. */
#define COPIES 8000
#define LINES  2
static const char text[] = "map 0x1000 0x2000 4K rw => ok\nverify\n";

static void write_copies(const char *path, const char *mode)
{
    gzFile file = gzopen(path, mode);
    assert_non_null(file);
    for (int i = 0; i < COPIES; i++)
        assert_true(gzputs(file, text) > 0);
    assert_int_equal(gzclose(file), Z_OK);
}

static size_t count_of_file(const char *path)
{
    Trace trace;
    TraceError error;
    if (trace_parse_file(&trace, path, &error) != 0)
        fail_msg("%s: %s", path, error.message);
    size_t count = trace.count;
    trace_free(&trace);
    return count;
}

static void reads_files_plain_and_compressed(void **state)
{
    (void)state;
    char path[32];
    close(make_file(path));
    write_file(path, "", 0);
    assert_int_equal(count_of_file(path), 0);
    write_copies(path, "wbT"); /* T: not compressed */
    assert_int_equal(count_of_file(path), COPIES * LINES);
    write_copies(path, "wb9");
    assert_int_equal(count_of_file(path), COPIES * LINES);
    unlink(path);
}

static void reads_standard_input(void **state)
{
    (void)state;
    char path[32];
    int file = make_file(path);
    write_copies(path, "wb9");
    int saved = dup(STDIN_FILENO);
    assert_int_equal(dup2(file, STDIN_FILENO), STDIN_FILENO);
    size_t count = count_of_file("-");
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(file);
    unlink(path);
    assert_int_equal(count, COPIES * LINES);
}

static void assert_file_refused(const char *path, size_t line, const char *words)
{
    Trace trace = {.count = 99};
    TraceError error = {0};
    assert_int_equal(trace_parse_file(&trace, path, &error), -1);
    assert_int_equal(error.line, line);
    assert_non_null(strstr(error.message, words));
    assert_string_equal(error.file, path);
    assert_int_equal(trace.count, 0);
}

static void refuses_files_that_cannot_be_read(void **state)
{
    (void)state;
    assert_file_refused("/nowhere/at/all.trace", 0, "No such file");
    assert_file_refused("/", 0, "Is a directory");
}

static void refuses_broken_compressed_files(void **state)
{
    (void)state;
    char path[32];
    char bytes[4096];
    close(make_file(path));
    write_copies(path, "wb9");
    FILE *file = fopen(path, "rb");
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(len > 100 && len < sizeof bytes);

    write_file(path, bytes, len - 6);
    assert_file_refused(path, 0, "ends too early");
    write_file(path, bytes, len / 2);
    assert_file_refused(path, 0, "ends too early");
    bytes[len - 6] ^= 1; /* a byte of the check sum */
    write_file(path, bytes, len);
    assert_file_refused(path, 0, "incorrect data check");
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_files_plain_and_compressed),
        cmocka_unit_test(reads_standard_input),
        cmocka_unit_test(refuses_files_that_cannot_be_read),
        cmocka_unit_test(refuses_broken_compressed_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
