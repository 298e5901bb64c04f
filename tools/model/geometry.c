/* SPDX-License-Identifier: MIT */
#include "tools/model/model.h"

#include <string.h>

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

/* From the manuals, and on purpose from nowhere else. */
static const struct {
    const char *format;
    ModelGeometry geometry;
} rows[] = {
    /* Intel SDM vol. 3, 4.5: 4-level and 5-level paging. */
    {"x86_64_4level",
     {.va_bits = 48,
      .sign_extended = true,
      .phys_bits = 52,
      .size_count = 3,
      .sizes = {4 * KIB, 2 * MIB, 1 * GIB}}},
    {"x86_64_5level",
     {.va_bits = 57,
      .sign_extended = true,
      .phys_bits = 52,
      .size_count = 3,
      .sizes = {4 * KIB, 2 * MIB, 1 * GIB}}},
};

bool model_geometry(const char *format, ModelGeometry *geometry)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].format, format) == 0) {
            *geometry = rows[i].geometry;
            return true;
        }
    }
    return false;
}
