/* SPDX-License-Identifier: MIT */
#include "common/kernel.h"

#include <stdarg.h>

static void put_text(const char *text, usize limit)
{
    for (usize i = 0; i < limit && text[i] != '\0'; i++)
        machine_put(text[i]);
}

static void put_number(uint64_t number, unsigned base)
{
    char digits[24];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0)
        machine_put(digits[--count]);
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            machine_put(*format);
            continue;
        }
        usize limit = (usize)-1;
        if (*++format == '.') {
            limit = (usize)va_arg(arguments, int);
            format += 2;
        }
        while (*format == 'l')
            format++;
        if (*format == 's') {
            put_text(va_arg(arguments, const char *), limit);
        } else {
            if (*format == 'x')
                put_text("0x", 2);
            put_number(va_arg(arguments, unsigned long), *format == 'x' ? 16 : 10);
        }
    }
    va_end(arguments);
}

void panic(const char *what)
{
    print("PANIC: %s\n", what);
    machine_exit(EXIT_PANIC);
}
