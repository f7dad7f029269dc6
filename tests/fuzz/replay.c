/* Runs a fuzz target over files and folders of inputs, without a fuzzer: the corpora are part of
 * every test run. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count;

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        printf("not ok %u - %s cannot be read\n", count + 1, path);
        exit(1);
    }
    size_t size = (size_t)status.st_size;
    uint8_t *data = malloc(size + 1); /* exactly as long as the input, but for an empty one */
    if (data == NULL || fread(data, 1, size, file) != size)
        exit(1);
    (void)fclose(file);
    uint8_t *exact = realloc(data, size == 0 ? 1 : size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    count++;
}

static void run(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        run_file(path);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char inner[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        run(inner);
    }
    (void)closedir(dir);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run(argv[i]);
    printf("ok 1 - %u inputs\n1..1\n", count);
    return 0;
}
