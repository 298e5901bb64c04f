/* SPDX-License-Identifier: MIT */

/* What the compiler may call, and what the kernel has of memory, locks and chance. */

#include "common/kernel.h"

void *memcpy(void *to, const void *from, usize count);
void *memset(void *to, int byte, usize count);
void *memmove(void *to, const void *from, usize count);
int memcmp(const void *a, const void *b, usize count);

void *memcpy(void *to, const void *from, usize count)
{
    for (usize i = 0; i < count; i++)
        ((volatile unsigned char *)to)[i] = ((const unsigned char *)from)[i];
    return to;
}

void *memset(void *to, int byte, usize count)
{
    for (usize i = 0; i < count; i++)
        ((volatile unsigned char *)to)[i] = (unsigned char)byte;
    return to;
}

void *memmove(void *to, const void *from, usize count)
{
    if ((uintptr_t)to <= (uintptr_t)from)
        return memcpy(to, from, count);
    while (count-- > 0)
        ((volatile unsigned char *)to)[count] = ((const unsigned char *)from)[count];
    return to;
}

int memcmp(const void *a, const void *b, usize count)
{
    for (usize i = 0; i < count; i++) {
        int difference = ((const unsigned char *)a)[i] - ((const unsigned char *)b)[i];
        if (difference != 0)
            return difference;
    }
    return 0;
}

void spin_lock(void *lock)
{
    while (__atomic_exchange_n(&((SpinLock *)lock)->held, 1, __ATOMIC_ACQUIRE) != 0)
        machine_pause();
}

void spin_unlock(void *lock)
{
    __atomic_store_n(&((SpinLock *)lock)->held, 0, __ATOMIC_RELEASE);
}

/* xorshift64*, Marsaglia 2003 and Vigna 2016. */
uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1d;
}

/* Frames that came back are linked through their first word; those above `fresh` were never given. */
static struct {
    SpinLock lock;
    usize page_size, fresh, end, list, out;
    FailMode fail_mode;
    usize fail_in; /* allocations until one fails; 0: none does */
} frames;

/* Entries that a walker would follow into the dark: valid, and leading nowhere. */
#define POISON ((uint64_t)0xdbdbdbdbdbdbdbdb)

void frames_init(Region region, usize page_size)
{
    frames.page_size = page_size;
    frames.fresh = region.first;
    frames.end = region.end;
    frames.list = MEM_VMAP_NO_PAGE;
}

void frames_fail(FailMode mode, usize k)
{
    frames.fail_mode = mode;
    frames.fail_in = k;
}

static bool fails_now(void)
{
    if (frames.fail_in == 0 || (frames.fail_in == 1 && frames.fail_mode == FAIL_FROM))
        return frames.fail_in == 1;
    return --frames.fail_in == 0;
}

static usize take(void)
{
    usize phys = frames.list;
    if (phys != MEM_VMAP_NO_PAGE) {
        frames.list = *(usize *)phys;
    } else if (frames.fresh + frames.page_size <= frames.end) {
        phys = frames.fresh;
        frames.fresh += frames.page_size;
    }
    return phys;
}

static void poison(usize phys)
{
    for (usize at = 0; at < frames.page_size; at += 8)
        *(uint64_t *)(phys + at) = POISON;
}

usize frames_get(void *context, usize size)
{
    (void)context;
    if (size != frames.page_size)
        panic("a page of another size was asked for");
    spin_lock(&frames.lock);
    usize phys = fails_now() ? MEM_VMAP_NO_PAGE : take();
    frames.out += phys != MEM_VMAP_NO_PAGE;
    spin_unlock(&frames.lock);
    if (phys != MEM_VMAP_NO_PAGE)
        poison(phys);
    return phys;
}

void frames_put(void *context, usize phys, usize size)
{
    (void)context;
    (void)size;
    poison(phys);
    spin_lock(&frames.lock);
    *(usize *)phys = frames.list;
    frames.list = phys;
    frames.out--;
    spin_unlock(&frames.lock);
}

usize frames_out(void)
{
    return frames.out;
}
