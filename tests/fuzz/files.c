/* SPDX-License-Identifier: MIT */

/*
 * Feeds files, or all files of a directory, to a fuzzer in place of a fuzzing engine:
 *
 *     fuzz_NAME_corpus FILE|DIRECTORY...
 *
 * It aborts at the first input that breaks something.
 */

#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* No fuzzer reads more. */
#define SIZE_LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned inputs;

static int run_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    if (!in) {
        perror(path);
        return 1;
    }
    uint8_t *data = malloc(SIZE_LIMIT);
    size_t size = data ? fread(data, 1, SIZE_LIMIT, in) : 0;
    fclose(in);
    fprintf(stderr, "%s\n", path); /* the last line names the culprit */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    inputs++;
    return 0;
}

static int run_directory(const char *path)
{
    DIR *directory = opendir(path);
    int status = directory ? 0 : 1;
    if (!directory)
        perror(path);
    for (const struct dirent *entry; directory && (entry = readdir(directory)) != NULL;) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        status |= run_file(name);
    }
    if (directory)
        closedir(directory);
    return status;
}

int main(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc; i++) {
        struct stat about;
        bool is_directory = stat(argv[i], &about) == 0 && S_ISDIR(about.st_mode);
        status |= is_directory ? run_directory(argv[i]) : run_file(argv[i]);
    }
    printf("%u inputs\n", inputs);
    return inputs == 0 ? 1 : status;
}
