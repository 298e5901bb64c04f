/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "tools/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The recorder of the source tree that this was built from, or the installed one. */
static const char *recorder_path(void)
{
    const char *chosen = getenv("MEM_VMAP_RECORDER");
    if (chosen && *chosen)
        return chosen;
    return access(VMAP_RECORDER_SOURCE, X_OK) == 0 ? VMAP_RECORDER_SOURCE : VMAP_RECORDER_INSTALLED;
}

int cli_record(int argc, char **argv)
{
    (void)argc;
    const char *path = recorder_path();
    setenv("MEM_VMAP_RECORD_NAME", argv[0], 1); /* a script is not told what it was called */
    execv(path, argv);
    fprintf(stderr, "%s: cannot run the recorder '%s': %s\n", argv[0], path, strerror(errno));
    fprintf(stderr, "%s: MEM_VMAP_RECORDER can name another one\n", argv[0]);
    return EXIT_BAD_CALL;
}
