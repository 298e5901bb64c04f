/* SPDX-License-Identifier: MIT */
/* mem_vmap_format_describe: every format of the build, against what the manuals say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <mem/vmap.h>

#define STAGE2 (MEM_VMAP_USER | MEM_VMAP_GLOBAL)

/*
 * Levels from that of pages up: the size of an entry, the index bits of a table, `leaf` where there are leaves, and
 * the size of a contiguous run.
 */
typedef struct Row {
    const char *name;
    unsigned virt_bits, phys_bits;
    MemVmapHalf half;
    int lacks;
    const char *levels;
} Row;

/* Intel SDM volume 3A, 4.5; volume 3C, 29.3.2. */
#define X86_4 "4K/9 leaf, 2M/9 leaf, 1G/9 leaf, 512G/9"
#define X86_5 X86_4 ", 256T/9"

/* Privileged Architecture, "Sv39", "Sv48", "Sv57"; "Svnapot": 64 KiB only. */
#define SV39 "4K/9 leaf 64K, 2M/9 leaf, 1G/9 leaf"
#define SV48 SV39 ", 512G/9 leaf"
#define SV57 SV48 ", 256T/9 leaf"

/* DDI 0487, D8.2 (indices), D8.3 (blocks), D8.6.1 (the Contiguous bit). */
#define A4K       "4K/9 leaf 64K, 2M/9 leaf 32M, 1G/9 leaf, 512G/9"
#define A4K_LPA2  "4K/9 leaf 64K, 2M/9 leaf 32M, 1G/9 leaf, 512G/9 leaf, 256T/4"
#define A16K_3    "16K/11 leaf 2M, 32M/11 leaf 1G, 64G/11"
#define A16K      A16K_3 ", 128T/1"
#define A16K_LPA2 "16K/11 leaf 2M, 32M/11 leaf 1G, 64G/11 leaf, 128T/5"
#define A64K      "64K/13 leaf 2M, 512M/13 leaf 16G, 4T/6"
#define A64K_LPA  "64K/13 leaf 2M, 512M/13 leaf 16G, 4T/10 leaf"

#define A64(name, bits, phys, levels)                                                                      \
    {name, bits, phys, MEM_VMAP_LOWER, 0, levels},                                                         \
    {                                                                                                      \
        name "_upper", bits, phys, MEM_VMAP_UPPER, 0, levels                                               \
    }

static const Row rows[] = {
    {"x86_64_4level", 48, 52, MEM_VMAP_BOTH, 0, X86_4},
    {"x86_64_5level", 57, 52, MEM_VMAP_BOTH, 0, X86_5},
    {"ept_4level", 48, 52, MEM_VMAP_LOWER, STAGE2, X86_4},
    {"ept_5level", 57, 52, MEM_VMAP_LOWER, STAGE2, X86_5},
    {"riscv_sv39", 39, 56, MEM_VMAP_BOTH, 0, SV39},
    {"riscv_sv48", 48, 56, MEM_VMAP_BOTH, 0, SV48},
    {"riscv_sv57", 57, 56, MEM_VMAP_BOTH, 0, SV57},
    A64("aarch64_4k", 48, 48, A4K),
    {"aarch64_4k_stage2", 48, 48, MEM_VMAP_LOWER, STAGE2, A4K},
    A64("aarch64_4k_lpa2", 52, 52, A4K_LPA2),
    {"aarch64_4k_lpa2_stage2", 52, 52, MEM_VMAP_LOWER, STAGE2, A4K_LPA2},
    A64("aarch64_16k", 48, 48, A16K),
    {"aarch64_16k_stage2", 47, 48, MEM_VMAP_LOWER, STAGE2, A16K_3},
    A64("aarch64_16k_lpa2", 52, 52, A16K_LPA2),
    {"aarch64_16k_lpa2_stage2", 52, 52, MEM_VMAP_LOWER, STAGE2, A16K_LPA2},
    A64("aarch64_64k", 48, 48, A64K),
    {"aarch64_64k_stage2", 48, 48, MEM_VMAP_LOWER, STAGE2, A64K},
    A64("aarch64_64k_lpa", 52, 52, A64K_LPA),
    {"aarch64_64k_lpa_stage2", 52, 52, MEM_VMAP_LOWER, STAGE2, A64K_LPA},
};
#define ROWS (sizeof rows / sizeof *rows)

static const Row *row_of(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    fail_msg("no row for %s", name);
    return NULL;
}

#define TEXT_MAX 200

static void add_size(char text[TEXT_MAX], usize size)
{
    static const char units[] = "BKMGT";
    unsigned unit = 0;
    for (; size >= 1024 && unit < 4; unit++)
        size /= 1024;
    size_t length = strlen(text);
    snprintf(text + length, TEXT_MAX - length, "%zu%c", size, units[unit]);
}

static void add(char text[TEXT_MAX], const char *more)
{
    size_t length = strlen(text);
    snprintf(text + length, TEXT_MAX - length, "%s", more);
}

static void levels_text(const MemVmapFormatInfo *info, char text[TEXT_MAX])
{
    text[0] = '\0';
    for (unsigned i = 0; i < info->level_count; i++) {
        const MemVmapFormatLevel *level = &info->levels[i];
        char bits[16];
        add(text, i > 0 ? ", " : "");
        add_size(text, level->size);
        snprintf(bits, sizeof bits, "/%u", level->index_bits);
        add(text, bits);
        add(text, level->leaf ? " leaf" : "");
        if (level->run == 0)
            continue;
        add(text, " ");
        add_size(text, level->run);
    }
}

static void every_format_is_as_its_manual_says(void **state)
{
    const MemVmapFormat *format;
    (void)state;
    for (unsigned i = 0; (format = mem_vmap_format_at(i)) != NULL; i++) {
        MemVmapFormatInfo info;
        char text[TEXT_MAX];
        assert_int_equal(mem_vmap_format_describe(format, &info), 0);
        const Row *row = row_of(mem_vmap_format_name(format));
        assert_string_equal(info.name, row->name);
        levels_text(&info, text);
        if (strcmp(text, row->levels) != 0)
            fail_msg("%s: %s\n  expected: %s", row->name, text, row->levels);
        if (info.virt_bits != row->virt_bits || info.phys_bits != row->phys_bits ||
            info.half != row->half || info.lacks != row->lacks)
            fail_msg("%s: %u, %u, half %d, lacks %x", row->name, info.virt_bits, info.phys_bits,
                     (int)info.half, (unsigned)info.lacks);
    }
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* x86-64 alone has an MMU that always notes, RISC-V runs that are an extension, and few bits to count in. */
static void formats_differ_in_what_they_leave_to_cpus(void **state)
{
    const MemVmapFormat *format;
    (void)state;
    for (unsigned i = 0; (format = mem_vmap_format_at(i)) != NULL; i++) {
        MemVmapFormatInfo info;
        assert_int_equal(mem_vmap_format_describe(format, &info), 0);
        assert_int_equal(info.updates_optional, !begins(info.name, "x86_64"));
        assert_int_equal(info.runs_optional, begins(info.name, "riscv"));
        assert_int_equal(info.count_bits == 2, begins(info.name, "riscv"));
    }
}

static usize no_page(void *context, usize size)
{
    (void)context;
    (void)size;
    return MEM_VMAP_NO_PAGE;
}

/* An index that the CPU does not have is refused by init; one that it has gets as far as the root's page. */
static void types_are_those_that_init_accepts(void **state)
{
    const MemVmapFormat *format;
    const MemVmapPort port = {.page_get = no_page};
    (void)state;
    for (unsigned i = 0; (format = mem_vmap_format_at(i)) != NULL; i++) {
        MemVmapFormatInfo info;
        assert_int_equal(mem_vmap_format_describe(format, &info), 0);
        assert_int_equal(info.type_index[0] == MEM_VMAP_TYPE_NONE, false);
        for (uint8_t index = 0; index < 16; index++) {
            uint8_t types[MEM_VMAP_TYPES] = {index, index, index, index, index};
            MemVmapOptions options = {.type_index = types};
            MemVmap vmap;
            bool had = info.type_indices >> index & 1;
            assert_int_equal(mem_vmap_init(&vmap, &port, format, &options), had ? MEM_ENOMEM : MEM_ENOTSUP);
        }
    }
}

static void null_arguments_are_refused(void **state)
{
    MemVmapFormatInfo info = {.virt_bits = 7};
    (void)state;
    assert_int_equal(mem_vmap_format_describe(NULL, &info), MEM_EINVAL);
    assert_int_equal(mem_vmap_format_describe(mem_vmap_format_at(0), NULL), MEM_EINVAL);
    assert_int_equal(info.virt_bits, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_is_as_its_manual_says),
        cmocka_unit_test(formats_differ_in_what_they_leave_to_cpus),
        cmocka_unit_test(types_are_those_that_init_accepts),
        cmocka_unit_test(null_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
