/* SPDX-License-Identifier: MIT */
#include "tools/oracle/walk.h"

#include <string.h>

const OracleFormat *oracle_format(const char *name)
{
    static const OracleFormat *const all[] = {x86_oracle_formats, riscv_oracle_formats, ept_oracle_formats,
                                              aarch64_oracle_formats};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        for (const OracleFormat *format = all[i]; format->name; format++)
            if (strcmp(format->name, name) == 0)
                return format;
    return NULL;
}
