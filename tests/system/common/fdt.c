/* SPDX-License-Identifier: MIT */

/* Devicetree Specification 0.4, chapter 5. */

#include "common/fdt.h"

enum { MAGIC = (int)0xd00dfeed, BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4 };
enum { MAGIC_AT = 0, STRUCTURE_AT = 8, STRINGS_AT = 12 };

static uint32_t cell(usize at)
{
    return __builtin_bswap32(*(const volatile uint32_t *)at);
}

static uint64_t two_cells(usize at)
{
    return (uint64_t)cell(at) << 32 | cell(at + 4);
}

static bool begins_with(usize at, const char *text)
{
    for (usize i = 0; text[i] != '\0'; i++)
        if (((const volatile char *)at)[i] != text[i])
            return false;
    return true;
}

static usize text_size(usize at)
{
    usize size = 1;
    while (((const volatile char *)at)[size - 1] != '\0')
        size++;
    return size;
}

Region fdt_memory(usize blob)
{
    if (blob == 0 || cell(blob + MAGIC_AT) != (uint32_t)MAGIC)
        return (Region){0, 0};
    usize at = blob + cell(blob + STRUCTURE_AT), strings = blob + cell(blob + STRINGS_AT);
    bool in_memory = false;
    for (;;) {
        uint32_t token = cell(at);
        at += 4;
        if (token == BEGIN_NODE) {
            in_memory = begins_with(at, "memory@");
            at += (text_size(at) + 3) & ~(usize)3;
        } else if (token == PROPERTY) {
            usize size = cell(at), name = strings + cell(at + 4);
            at += 8;
            if (in_memory && size >= 16 && begins_with(name, "reg") && text_size(name) == 4)
                return (Region){two_cells(at), two_cells(at) + two_cells(at + 8)};
            at += (size + 3) & ~(usize)3;
        } else if (token != END_NODE && token != NOP) {
            return (Region){0, 0};
        }
    }
}
