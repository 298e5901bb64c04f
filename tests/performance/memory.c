/* SPDX-License-Identifier: MIT */

/*
 * The four functions that compilers call, as a kernel without SIMD has them. The C library picks its own by what the
 * CPU can do: instruction counts would differ from machine to machine.
 */

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

typedef uint64_t __attribute__((may_alias, aligned(1))) Word;

void *memcpy(void *to, const void *from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    size_t done = 0;
    for (; done + sizeof(Word) <= size; done += sizeof(Word))
        *(Word *)(out + done) = *(const Word *)(in + done);
    for (; done < size; done++)
        out[done] = in[done];
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    if ((uintptr_t)to <= (uintptr_t)from)
        return memcpy(to, from, size);
    while (size-- > 0)
        out[size] = in[size];
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    unsigned char *out = to;
    uint64_t word = 0x0101010101010101 * (unsigned char)byte;
    size_t done = 0;
    for (; done + sizeof(Word) <= size; done += sizeof(Word))
        *(Word *)(out + done) = word;
    for (; done < size; done++)
        out[done] = (unsigned char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a, *right = b;
    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i])
            return left[i] - right[i];
    }
    return 0;
}
