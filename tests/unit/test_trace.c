/* SPDX-License-Identifier: MIT */
/* The text form of operations: what is accepted, what is refused and where, and that print round-trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/trace/trace.h"

static Trace parse(const char *text)
{
    Trace trace;
    TraceError error;
    if (trace_parse_text(&trace, "test", text, strlen(text), &error) != 0)
        fail_msg("%zu:%zu: %s\nin: %s", error.line, error.column, error.message, text);
    return trace;
}

/* The text must hold exactly one operation, which must not own memory. */
static TraceOp parse_one(const char *text)
{
    Trace trace = parse(text);
    assert_int_equal(trace.count, 1);
    TraceOp op = trace.ops[0];
    assert_null(op.name);
    trace_free(&trace);
    return op;
}

static void assert_refused(const char *text, size_t len, size_t line, size_t column, const char *words)
{
    Trace trace = {.count = 99};
    TraceError error = {0};
    if (trace_parse_text(&trace, "test", text, len, &error) != -1)
        fail_msg("accepted: %s", text);
    if (error.line != line || error.column != column || !strstr(error.message, words))
        fail_msg("%s\nanswered %zu:%zu: %s\nexpected %zu:%zu: ...%s...", text, error.line, error.column,
                 error.message, line, column, words);
    assert_string_equal(error.file, "test");
    assert_int_equal(trace.count, 0);
    assert_null(trace.ops);
}

static const struct {
    const char *text;
    size_t line, column;
    const char *words;
} mistakes[] = {
    /* operations */
    {"mapp 0 0 4K r", 1, 1, "unknown operation 'mapp'"},
    {"verify\n\n  Map 0 0 4K r", 3, 3, "unknown operation 'Map'"},
    {"=> ok", 1, 1, "unexpected '=>'"},
    {"\x01\xff", 1, 1,
     "operation '?"
     "?'"},
    /* operands */
    {"map", 1, 4, "PHYS is missing"},
    {"map 0", 1, 6, "VIRT is missing"},
    {"map 0 0", 1, 8, "LEN is missing"},
    {"map 0 0 4K", 1, 11, "FLAGS is missing"},
    {"map 0 0 # 4K r", 1, 9, "LEN is missing"},
    {"map 0 0 => ok", 1, 9, "LEN is missing"},
    {"map 0 0 4K r w", 1, 14, "unexpected 'w'"},
    {"unmap 0 4K 1", 1, 12, "unexpected '1'"},
    {"verify now", 1, 8, "unexpected 'now'"},
    {"switch 1", 1, 8, "unexpected '1'"},
    {"select", 1, 7, "N is missing"},
    {"cpu", 1, 4, "N is missing"},
    {"space", 1, 6, "N is missing"},
    {"space 1 wx format=a", 1, 12, "unexpected 'format=a'"},
    {"space 1 wx wx", 1, 12, "unexpected 'wx'"},
    {"space 1 format=", 1, 16, "the name of the format is missing"},
    {"space 1 format=a/b", 1, 17, "letters, digits"},
    {"space 1 format=a format=b", 1, 18, "unexpected 'format=b'"},
    {"batch", 1, 6, "begin or end is missing"},
    {"batch stop", 1, 7, "batch begin, or batch end"},
    {"access 0", 1, 8, "an access is r, w or x"},
    {"access rw 0", 1, 8, "an access is r, w or x"},
    {"access r", 1, 9, "VIRT is missing"},
    {"fail", 1, 5, "K, from or never is missing"},
    {"fail from", 1, 10, "K is missing"},
    {"fail soon", 1, 6, "K: 'soon' is no number"},
    {"fail 0", 1, 6, "K counts from 1"},
    {"fail from 0", 1, 11, "K counts from 1"},
    {"fail never 1", 1, 12, "unexpected '1'"},
    /* numbers */
    {"translate -1", 1, 11, "VIRT: '-1' is no number"},
    {"translate +1", 1, 11, "is no number"},
    {"translate 0x", 1, 13, "is no number"},
    {"translate 0X1", 1, 12, "is no number"},
    {"translate x1", 1, 11, "is no number"},
    {"translate ff", 1, 11, "is no number"},
    {"translate 12z", 1, 13, "is no number"},
    {"translate 0x12g", 1, 15, "is no number"},
    {"translate 0x1K", 1, 14, "is no number"},
    {"translate 1k", 1, 12, "is no number"},
    {"translate 1KK", 1, 12, "is no number"},
    {"translate K", 1, 11, "is no number"},
    {"translate 1.5M", 1, 12, "is no number"},
    {"translate 010", 1, 11, "begins with 0"},
    {"translate 00", 1, 11, "begins with 0"},
    {"translate 18446744073709551616", 1, 11, "does not fit in 64 bits"},
    {"translate 0x10000000000000000", 1, 11, "does not fit in 64 bits"},
    {"translate 99999999999999999999999999", 1, 11, "does not fit in 64 bits"},
    {"translate 16777216T", 1, 11, "does not fit in 64 bits"},
    {"translate 18014398509481984K", 1, 11, "does not fit in 64 bits"},
    /* flags */
    {"protect 0 4K w", 1, 14, "must begin with r"},
    {"protect 0 4K ,uc", 1, 14, "must begin with r"},
    {"protect 0 4K rr", 1, 15, "'r' is unknown, repeated or in the wrong place"},
    {"protect 0 4K rww", 1, 16, "'w' is unknown"},
    {"protect 0 4K rxw", 1, 16, "'w' is unknown"},
    {"protect 0 4K rgu", 1, 16, "'u' is unknown"},
    {"protect 0 4K rz", 1, 15, "'z' is unknown"},
    {"protect 0 4K rW", 1, 15, "'W' is unknown"},
    {"protect 0 4K rw,", 1, 16, "',' is unknown"},
    {"protect 0 4K rw,wb", 1, 16, "',wb' is unknown"},
    {"protect 0 4K rw,wt,uc", 1, 19, "',uc' is unknown"},
    {"protect 0 4K rw,uc,uc", 1, 19, "',uc' is unknown"},
    {"protect 0 4K rw,4k,uc", 1, 19, "',uc' is unknown"},
    {"protect 0 4K rw,2m,4k", 1, 19, "',4k' is unknown"},
    {"protect 0 4K rw,2m,2m", 1, 19, "',2m' is unknown"},
    {"protect 0 4K r,noreserve,4k", 1, 25, "',4k' is unknown"},
    {"protect 0 4K r,noreserved", 1, 15, "',noreserved' is unknown"},
    {"protect 0 4K r,ucx", 1, 15, "',ucx' is unknown"},
    {"protect 0 4K r,devx", 1, 15, "',devx' is unknown"},
    /* expectations */
    {"map 0 0 4K r =>", 1, 16, "ok or a MEM_E code is missing"},
    {"map 0 0 4K r => OK", 1, 17, "'OK' is neither"},
    {"map 0 0 4K r => MEM_ENONE", 1, 17, "'MEM_ENONE' is neither"},
    {"map 0 0 4K r => ok ok", 1, 20, "unexpected 'ok'"},
    {"map 0 0 4K r => ok => ok", 1, 20, "unexpected '=>'"},
    {"unmap 0 4K => ok", 1, 11, "unmap answers nothing"},
    {"verify=> ok", 1, 7, "verify answers nothing"},
    {"translate 0 => ", 1, 16, "PHYS or miss is missing"},
    {"translate 0 => fault", 1, 16, "'fault' is no number"},
    {"access r 0 => miss", 1, 15, "'miss' is no number"},
    {"lookup 0 => 0", 1, 14, "SIZE is missing"},
    {"lookup 0 => 0 4K", 1, 17, "FLAGS is missing"},
    {"lookup 0 => 0 3K r", 1, 15, "'3K' is no power of two"},
    {"lookup 0 => 0 0 r", 1, 15, "'0' is no power of two"},
    {"lookup 0 => 0 4K w", 1, 18, "must begin with r"},
    {"lookup 0 => miss 4K", 1, 18, "unexpected '4K'"},
    {"tables => few", 1, 11, "'few' is no number"},
    /* line ends */
    {"verify\rverify", 1, 1, "unknown operation 'verify?verify'"},
    {"verify\r\r\n", 1, 1, "unknown operation 'verify?'"},
    {"verify\r\nverify\r\nbad\r\n", 3, 1, "unknown operation 'bad'"},
};

static void refuses_each_mistake_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        assert_refused(mistakes[i].text, strlen(mistakes[i].text), mistakes[i].line, mistakes[i].column,
                       mistakes[i].words);
}

static void refuses_a_zero_byte(void **state)
{
    (void)state;
    static const char inside[] = "verify\nver\0ify\n";
    static const char comment[] = "verify # a\0b";
    assert_refused(inside, sizeof inside - 1, 2, 4, "a zero byte");
    assert_refused(comment, sizeof comment - 1, 1, 11, "a zero byte");
    assert_refused("", 1, 1, 1, "a zero byte");
}

static void refuses_a_line_that_is_too_long(void **state)
{
    (void)state;
    char *text = malloc(TRACE_LINE_MAX + 2);
    memset(text, 'a', TRACE_LINE_MAX + 2);
    assert_refused(text, TRACE_LINE_MAX + 2, 1, TRACE_LINE_MAX + 1, "longer than 4096 bytes");
    assert_refused(text, TRACE_LINE_MAX + 1, 1, TRACE_LINE_MAX + 1, "longer than 4096 bytes");
    assert_refused(text, TRACE_LINE_MAX, 1, 1, "unknown operation 'aaaaa");

    text[0] = '#';
    Trace trace;
    TraceError error;
    assert_int_equal(trace_parse_text(&trace, "test", text, TRACE_LINE_MAX, &error), 0);
    assert_int_equal(trace.count, 0);
    trace_free(&trace);
    free(text);
}

static void accepts_blanks_comments_and_every_line_end(void **state)
{
    (void)state;
    Trace trace = parse("\n# comment\n  \t \n verify # what\r\n\tverify\t#\xc3\xa9\nverify#x\n\r\nverify");
    assert_int_equal(trace.count, 4);
    assert_int_equal(trace.ops[0].line, 4);
    assert_int_equal(trace.ops[1].line, 5);
    assert_int_equal(trace.ops[2].line, 6);
    assert_int_equal(trace.ops[3].line, 8);
    assert_string_equal(trace.name, "test");
    trace_free(&trace);
    assert_null(trace.ops);

    trace = parse("");
    assert_int_equal(trace.count, 0);
    trace_free(&trace);
}

static void reads_numbers_up_to_64_bits(void **state)
{
    static const struct {
        const char *text;
        uint64_t number;
    } cases[] = {
        {"translate 0", 0},
        {"translate 0K", 0},
        {"translate 0x0", 0},
        {"translate 0x00ff", 0xff},
        {"translate 0xABcdef", 0xabcdef},
        {"translate 19", 19},
        {"translate 4K", 4096},
        {"translate 3M", 3 * 1048576},
        {"translate 2G", 2147483648},
        {"translate 1T", 1099511627776},
        {"translate 16777215T", (uint64_t)16777215 << 40},
        {"translate 18014398509481983K", UINT64_MAX << 10},
        {"translate 18446744073709551615", UINT64_MAX},
        {"translate 0xffffffffffffffff", UINT64_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(parse_one(cases[i].text).virt == cases[i].number);
}

static void reads_every_operand_of_map(void **state)
{
    (void)state;
    TraceOp op = parse_one("map 0x1000 0x2000 12K rwxug,dev,4k,2m,noreserve=>MEM_EOVERLAP");
    assert_int_equal(op.verb, TRACE_MAP);
    assert_int_equal(op.phys, 0x1000);
    assert_int_equal(op.virt, 0x2000);
    assert_int_equal(op.len, 12288);
    assert_true(op.flags.write && op.flags.exec && op.flags.user && op.flags.global);
    assert_true(op.flags.cap_4k && op.flags.cap_2m && op.flags.noreserve);
    assert_int_equal(op.flags.type, TRACE_DEVICE);
    assert_int_equal(op.expect.kind, TRACE_EXPECT_RESULT);
    assert_int_equal(op.expect.result, TRACE_EOVERLAP);

    op = parse_one("map 0 0 0 r");
    assert_false(op.flags.write || op.flags.exec || op.flags.user || op.flags.global);
    assert_false(op.flags.cap_4k || op.flags.cap_2m || op.flags.noreserve);
    assert_int_equal(op.flags.type, TRACE_WRITE_BACK);
    assert_int_equal(op.expect.kind, TRACE_EXPECT_NONE);
}

static void reads_what_a_lookup_expects(void **state)
{
    (void)state;
    TraceOp op = parse_one("lookup 0x2000 => 0x1000 2M rx,wc");
    assert_int_equal(op.expect.kind, TRACE_EXPECT_LEAF);
    assert_int_equal(op.expect.phys, 0x1000);
    assert_int_equal(op.expect.size, 2 << 20);
    assert_true(op.expect.flags.exec && !op.expect.flags.write);
    assert_int_equal(op.expect.flags.type, TRACE_WRITE_COMBINING);

    assert_int_equal(parse_one("lookup 0 => miss").expect.kind, TRACE_EXPECT_MISS);
    assert_int_equal(parse_one("translate 0 => miss").expect.kind, TRACE_EXPECT_MISS);
    assert_int_equal(parse_one("translate 0 => 0").expect.kind, TRACE_EXPECT_PHYS);
    assert_int_equal(parse_one("access x 0 => fault").expect.kind, TRACE_EXPECT_MISS);
    assert_int_equal(parse_one("tables => 0").expect.kind, TRACE_EXPECT_COUNT);
}

static void reads_every_code(void **state)
{
    (void)state;
    char text[64];
    for (size_t result = 0; result < TRACE_RESULTS; result++) {
        snprintf(text, sizeof text, "collapse 0 1 => %s", trace_result_name((TraceResult)result));
        assert_int_equal(parse_one(text).expect.result, result);
    }
}

static void reads_a_space_with_its_options(void **state)
{
    (void)state;
    Trace trace = parse("space 1\nspace 2 wx\nspace 3 format=x86_64_5level\nspace 4 format=a-b.c wx # d");
    assert_int_equal(trace.count, 4);
    assert_true(!trace.ops[0].name && !trace.ops[0].write_exec && trace.ops[0].number == 1);
    assert_true(!trace.ops[1].name && trace.ops[1].write_exec);
    assert_string_equal(trace.ops[2].name, "x86_64_5level");
    assert_false(trace.ops[2].write_exec);
    assert_string_equal(trace.ops[3].name, "a-b.c");
    assert_true(trace.ops[3].write_exec && trace.ops[3].number == 4);
    trace_free(&trace);
}

static void print(const Trace *trace, char **text, size_t *len)
{
    FILE *out = open_memstream(text, len);
    for (size_t i = 0; i < trace->count; i++)
        trace_print_op(out, &trace->ops[i]);
    fclose(out);
}

/* Every verb and every kind of expectation, as print writes them. */
static const char canonical[] = "space 1\n"
                                "space 2 format=x86_64_4level wx\n"
                                "select 1\n"
                                "map 0x0 0x1000 4K r\n"
                                "map 0xffffffffff000 0xfffffffffffff000 4097 rwug,wt,2m => MEM_EFLAGS\n"
                                "map 0x1 0x1 1G rwx,uc,noreserve => ok\n"
                                "map 0x1 0x1 3T r,wc,4k,2m\n"
                                "unmap 0x0 18446744073709551615\n"
                                "protect 0x1000 6M rw,dev => MEM_EMISS\n"
                                "collapse 0x0 0 => MEM_EINVAL\n"
                                "translate 0x1000\n"
                                "translate 0x1000 => 0x0\n"
                                "translate 0x1000 => miss\n"
                                "lookup 0x1000\n"
                                "lookup 0x1000 => 0x0 64K rxu\n"
                                "lookup 0x1000 => miss\n"
                                "batch begin\n"
                                "batch end\n"
                                "cpu 3\n"
                                "switch\n"
                                "access r 0x1000\n"
                                "access w 0x1000 => fault\n"
                                "access x 0x1000 => 0x2000\n"
                                "fail 7\n"
                                "fail from 1\n"
                                "fail never\n"
                                "tables\n"
                                "tables => 4\n"
                                "verify\n";

static void print_writes_what_parse_reads(void **state)
{
    (void)state;
    char *text;
    size_t len;
    Trace trace = parse(canonical);
    print(&trace, &text, &len);
    assert_string_equal(text, canonical);
    trace_free(&trace);
    free(text);
}

static void print_knows_every_verb(void **state)
{
    (void)state;
    Trace trace = parse(canonical);
    for (size_t verb = 0; verb < TRACE_VERBS; verb++) {
        size_t i = 0;
        while (i < trace.count && trace.ops[i].verb != (TraceVerb)verb)
            i++;
        assert_true(i < trace.count); /* the canonical text above has this verb */
        assert_string_not_equal(trace_verb_name((TraceVerb)verb), "?");
    }
    assert_string_equal(trace_verb_name((TraceVerb)TRACE_VERBS), "?");
    assert_string_equal(trace_result_name((TraceResult)TRACE_RESULTS), "?");
    trace_free(&trace);
}

static void names_sizes_by_the_largest_exact_unit(void **state)
{
    (void)state;
    char text[TRACE_NAME_MAX];
    assert_string_equal(trace_size_name(0, text), "0");
    assert_string_equal(trace_size_name(1023, text), "1023");
    assert_string_equal(trace_size_name(4096, text), "4K");
    assert_string_equal(trace_size_name(65536, text), "64K");
    assert_string_equal(trace_size_name(2 << 20, text), "2M");
    assert_string_equal(trace_size_name(1 << 30, text), "1G");
    assert_string_equal(trace_size_name((uint64_t)1 << 63, text), "8388608T");
    assert_string_equal(trace_size_name(UINT64_MAX, text), "18446744073709551615");
}

static void print_error_names_the_place(void **state)
{
    (void)state;
    char *text;
    size_t len;
    TraceError error = {.file = "a.trace", .line = 3, .column = 5, .message = "wrong"};
    FILE *out = open_memstream(&text, &len);
    trace_print_error(out, &error);
    error.line = 0;
    trace_print_error(out, &error);
    fclose(out);
    assert_string_equal(text, "a.trace:3:5: wrong\na.trace: wrong\n");
    free(text);
}

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Replaces, removes or repeats a few bytes of the text. */
static size_t mutate(char *text, size_t len, uint64_t *seed)
{
    static const char bytes[] = "0123456789abcdefxrwug,=>#KMGT \t\n\r-+zZ\0\x80";
    for (uint64_t count = random_next(seed) % 4 + 1; count > 0; count--) {
        size_t at = random_next(seed) % len;
        switch (random_next(seed) % 3) {
        case 0:
            text[at] = bytes[random_next(seed) % (sizeof bytes - 1)];
            break;
        case 1:
            len -= len > 1;
            memmove(text + at, text + at + 1, len - at);
            break;
        default:
            memmove(text + at + 1, text + at, len - at);
            len++;
            break;
        }
    }
    return len;
}

/* A mutated text is refused with a place inside of it, or accepted and then print keeps it. */
static void assert_sane(const char *text, size_t len)
{
    Trace trace, again;
    TraceError error = {0};
    if (trace_parse_text(&trace, "test", text, len, &error) != 0) {
        assert_true(error.line >= 1 && error.line <= len + 1);
        assert_true(error.column >= 1 && error.column <= len + 1);
        assert_true(error.message[0] != '\0');
        return;
    }
    char *first, *second;
    size_t first_len, second_len;
    print(&trace, &first, &first_len);
    again = parse(first);
    print(&again, &second, &second_len);
    assert_string_equal(first, second);
    assert_int_equal(trace.count, again.count);
    trace_free(&trace);
    trace_free(&again);
    free(first);
    free(second);
}

static void survives_random_mutations(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15;
    for (int i = 0; i < 20000; i++) {
        /* In memory of the exact size, so that a read beyond it shows under a sanitizer. */
        char *text = malloc(sizeof canonical + 8);
        memcpy(text, canonical, sizeof canonical - 1);
        size_t len = mutate(text, sizeof canonical - 1, &seed);
        text = realloc(text, len);
        assert_sane(text, len);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_each_mistake_at_its_place),
        cmocka_unit_test(refuses_a_zero_byte),
        cmocka_unit_test(refuses_a_line_that_is_too_long),
        cmocka_unit_test(accepts_blanks_comments_and_every_line_end),
        cmocka_unit_test(reads_numbers_up_to_64_bits),
        cmocka_unit_test(reads_every_operand_of_map),
        cmocka_unit_test(reads_what_a_lookup_expects),
        cmocka_unit_test(reads_every_code),
        cmocka_unit_test(reads_a_space_with_its_options),
        cmocka_unit_test(print_writes_what_parse_reads),
        cmocka_unit_test(print_knows_every_verb),
        cmocka_unit_test(names_sizes_by_the_largest_exact_unit),
        cmocka_unit_test(print_error_names_the_place),
        cmocka_unit_test(survives_random_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
