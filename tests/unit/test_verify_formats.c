/* SPDX-License-Identifier: MIT */
/*
 * White box: rules of mem_vmap_verify that x86-64 has not: tables larger than 4 KiB, and contiguous runs; and each
 * part of what writers remember of a table. The spaces are spoilt by hand, found out, and mended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/host/host.h"

#define K    ((usize)1 << 10)
#define VIRT ((usize)3 << 30)
#define PHYS ((usize)9 << 30)

enum { RUN = 16 };

/* How entries of a format are read: the bits of an address, and how far up they stand. */
typedef struct shape {
    const char *format;
    unsigned levels, page_shift, index_bits, address_shift;
    uint64_t address;
} Shape;

static const Shape arm_4k = {"aarch64_4k", 4, 12, 9, 0, 0x0000fffffffff000};
static const Shape arm_16k = {"aarch64_16k", 4, 14, 11, 0, 0x0000ffffffffc000};
static const Shape sv39 = {"riscv_sv39", 3, 12, 9, 2, 0x003ffffffffffc00};

typedef struct spoilt {
    const Shape *shape;
    Host *host;
    MemVmap vmap;
} Spoilt;

static void begin(Spoilt *s, const Shape *shape)
{
    *s = (Spoilt){.shape = shape, .host = host_new(64)};
    assert_non_null(s->host);
    MemVmapPort port = host_port(s->host);
    assert_int_equal(mem_vmap_init(&s->vmap, &port, mem_vmap_format_find(shape->format), NULL), 0);
}

static void end(Spoilt *s)
{
    assert_int_equal(mem_vmap_verify(&s->vmap, NULL), 0);
    mem_vmap_destroy(&s->vmap);
    host_free(s->host);
}

static void must_map(Spoilt *s, usize len)
{
    assert_int_equal(mem_vmap_map(&s->vmap, PHYS, VIRT, len, 0), 0);
}

/* The entry of `level` on the way to VIRT. */
static uint64_t *entry_of(Spoilt *s, unsigned level)
{
    const Shape *shape = s->shape;
    usize direct_map = host_port(s->host).direct_map, table = mem_vmap_root(&s->vmap);
    for (unsigned at = shape->levels - 1;; at--) {
        usize index =
            VIRT >> (shape->page_shift + at * shape->index_bits) & ((1u << shape->index_bits) - 1);
        uint64_t *entry = (uint64_t *)(direct_map + table) + index;
        if (at == level)
            return entry;
        table = (*entry & shape->address) << shape->address_shift;
    }
}

static void assert_broken(Spoilt *s, const char *rule)
{
    MemVmapDefect defect = {0};
    assert_int_equal(mem_vmap_verify(&s->vmap, &defect), MEM_ECORRUPT);
    assert_string_equal(defect.rule, rule);
}

static void a_run_that_begins_at_no_multiple_of_its_size(void **state)
{
    (void)state;
    Spoilt s;
    begin(&s, &arm_4k);
    must_map(&s, 64 * K);
    uint64_t *entry = entry_of(&s, 0);
    for (unsigned i = 0; i < RUN; i++)
        entry[i] += 4 * K;
    assert_broken(&s, "a contiguous run is whole, and its leaves agree");
    for (unsigned i = 0; i < RUN; i++)
        entry[i] -= 4 * K;
    end(&s);
}

/* Sound in itself, with N and 1000 in the lowest address bits, in a space that was made without Svnapot. */
static void a_run_where_the_cpu_has_none(void **state)
{
    (void)state;
    Spoilt s;
    uint64_t kept[RUN];
    begin(&s, &sv39);
    must_map(&s, 64 * K);
    uint64_t *entry = entry_of(&s, 0);
    for (unsigned i = 0; i < RUN; i++) {
        kept[i] = entry[i];
        entry[i] = entry[0] | (uint64_t)1 << 63 | 1 << 13;
    }
    assert_broken(&s, "a contiguous run is whole, and its leaves agree");
    for (unsigned i = 0; i < RUN; i++)
        entry[i] = kept[i];
    end(&s);
}

/* One of 16 KiB, at an address that only one of 4 KiB could have. */
static void a_table_that_is_not_aligned_to_its_size(void **state)
{
    (void)state;
    Spoilt s;
    begin(&s, &arm_16k);
    must_map(&s, 16 * K);
    for (unsigned level = 1; level < 4; level++) {
        *entry_of(&s, level) ^= 0x1000;
        assert_broken(&s, "a table is aligned and within the physical width");
        *entry_of(&s, level) ^= 0x1000;
    }
    end(&s);
}

static void a_way_of_which_one_part_leads_elsewhere(void **state)
{
    (void)state;
    Spoilt s;
    begin(&s, &arm_4k);
    must_map(&s, 4 * K);
    assert_int_equal(mem_vmap_map(&s.vmap, PHYS, VIRT + 4 * K, 4 * K, 0), 0);
    MemVmapWay *way = &s.vmap.ways[(VIRT >> 21) % MEM_VMAP_WAYS];
    uint64_t **parts[] = {&way->table, &way->parent, &way->grandparent};
    for (unsigned i = 0; i < 3; i++) {
        ++*parts[i];
        assert_broken(&s, "a way that is remembered leads to its table");
        --*parts[i];
    }
    end(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_begins_at_no_multiple_of_its_size),
        cmocka_unit_test(a_run_where_the_cpu_has_none),
        cmocka_unit_test(a_table_that_is_not_aligned_to_its_size),
        cmocka_unit_test(a_way_of_which_one_part_leads_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
