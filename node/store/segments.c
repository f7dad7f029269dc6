#include "node/store/segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "node/net/os.h"

#define PARTS_FIRST 16u
#define SUFFIX ".seg"
#define PATH_BYTES_MAX 4096u
#define IOV_MAX_HERE 64

static void make_path(const struct segments *segments, uint64_t first, char out[PATH_BYTES_MAX])
{
    (void)snprintf(out, PATH_BYTES_MAX, "%s/%020llu" SUFFIX, segments->dir,
                   (unsigned long long)first);
}

struct segment *segments_at(const struct segments *segments, uint32_t ordinal)
{
    struct growing_place place = growing_place(ordinal, PARTS_FIRST);
    struct segment *part =
        atomic_load_explicit(&segments->parts.parts[place.part], memory_order_acquire);
    return &part[place.offset];
}

void segments_release(const struct segments *segments, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        (void)madvise(segments_at(segments, i)->map, segments_at(segments, i)->map_bytes,
                      MADV_DONTNEED);
}

uint64_t segments_bytes(const struct segments *segments)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < segments->count; i++)
        bytes += segments_at(segments, i)->bytes;
    return bytes;
}

static struct segment *new_segment(struct segments *segments)
{
    struct growing_place place = growing_place(segments->count, PARTS_FIRST);
    if (atomic_load(&segments->parts.parts[place.part]) == NULL) {
        void *part = calloc(place.count, sizeof(struct segment));
        if (part == NULL)
            return NULL;
        atomic_store(&segments->parts.parts[place.part], part);
    }
    return segments_at(segments, segments->count);
}

/* Maps the file with the room that it may grow into: pages beyond its end are never touched, since
 * readers stay below what is committed. */
static enum err map_segment(struct segments *segments, int fd, uint64_t first, uint64_t bytes,
                            struct why *why)
{
    struct segment *segment = new_segment(segments);
    if (segment == NULL)
        return ERR_NO_MEMORY;
    uint64_t room = segments->segment_bytes > bytes ? segments->segment_bytes : bytes;
    size_t map_bytes = (size_t)(room + SEGMENT_GROUP_BYTES_MAX);
    void *map = mmap(NULL, map_bytes, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (map == MAP_FAILED)
        return os_fail(why, "mapping a segment", errno);
    *segment = (struct segment){.first = first, .map = map, .map_bytes = map_bytes, .bytes = bytes};
    segments->count++;
    return OK;
}

static int open_segment(const struct segments *segments, uint64_t first, int flags)
{
    char path[PATH_BYTES_MAX];
    make_path(segments, first, path);
    return open(path, flags | O_CLOEXEC, 0600);
}

static enum err open_existing(struct segments *segments, uint64_t first, struct why *why)
{
    int fd = open_segment(segments, first, O_RDWR);
    if (fd < 0)
        return os_fail(why, "opening a segment", errno);
    struct stat status;
    enum err err = fstat(fd, &status) != 0
                       ? os_fail(why, "opening a segment", errno)
                       : map_segment(segments, fd, first, (uint64_t)status.st_size, why);
    (void)close(fd);
    return err;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static enum err list(const struct segments *segments, uint64_t **numbers_out, size_t *count_out,
                     struct why *why)
{
    DIR *dir = opendir(segments->dir);
    if (dir == NULL)
        return os_fail(why, "reading a log's folder", errno);
    uint64_t *numbers = NULL;
    size_t count = 0;
    enum err err = OK;
    const struct dirent *entry;
    while (err == OK && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);
        if (len < sizeof(SUFFIX) || strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) != 0)
            continue;
        char *end;
        uint64_t *grown = realloc(numbers, (count + 1) * sizeof(*numbers));
        if (grown == NULL) {
            err = ERR_NO_MEMORY;
            break;
        }
        numbers = grown;
        numbers[count++] = strtoull(entry->d_name, &end, 10);
        if (strcmp(end, SUFFIX) != 0)
            err = why_set(why, ERR_DAMAGED, "segments are named by their first entry", 0, NULL,
                          entry->d_name);
    }
    (void)closedir(dir);
    if (err == OK && count > 0)
        qsort(numbers, count, sizeof(*numbers), by_number);
    *numbers_out = numbers;
    *count_out = count;
    return err;
}

enum err segments_open(struct segments *segments, char *dir, uint64_t segment_bytes,
                       struct why *why)
{
    *segments = (struct segments){.dir = dir, .segment_bytes = segment_bytes};
    uint64_t *numbers = NULL;
    size_t count = 0;
    enum err err = list(segments, &numbers, &count, why);
    for (size_t i = 0; i < count && err == OK; i++)
        err = open_existing(segments, numbers[i], why);
    free(numbers);
    return err;
}

void segments_clear(struct segments *segments)
{
    for (uint32_t i = 0; i < segments->count; i++)
        (void)munmap(segments_at(segments, i)->map, segments_at(segments, i)->map_bytes);
    for (unsigned part = 0; part < GROWING_PARTS; part++)
        free(atomic_load(&segments->parts.parts[part]));
    free(segments->dir);
}

enum err segments_add(struct segments *segments, uint64_t first, struct why *why)
{
    int fd = open_segment(segments, first, O_RDWR | O_CREAT | O_TRUNC);
    if (fd < 0)
        return os_fail(why, "making a segment", errno);
    enum err err = os_sync_dir(segments->dir, why);
    if (err == OK)
        err = map_segment(segments, fd, first, 0, why);
    (void)close(fd);
    return err;
}

/* All bytes, or an errno. */
static int write_all(int fd, const struct span *parts, size_t count, uint64_t offset)
{
    size_t part = 0;
    size_t done = 0; /* of that part */
    while (part < count) {
        struct iovec list_here[IOV_MAX_HERE];
        int n = 0;
        for (size_t i = part; i < count && n < IOV_MAX_HERE; i++) {
            size_t skip = i == part ? done : 0;
            list_here[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)(parts[i].data + skip),
                                            .iov_len = parts[i].len - skip};
        }
        ssize_t written = pwritev(fd, list_here, n, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        offset += (uint64_t)written;
        for (size_t left = (size_t)written; part < count;) {
            size_t rest = parts[part].len - done;
            if (left < rest) {
                done += left;
                break;
            }
            left -= rest;
            part++;
            done = 0;
        }
    }
    return 0;
}

enum err segments_append(struct segments *segments, const struct span *parts, size_t count,
                         struct why *why)
{
    struct segment *segment = segments_at(segments, segments->count - 1);
    int fd = open_segment(segments, segment->first, O_RDWR);
    if (fd < 0)
        return os_fail(why, "opening a segment", errno);
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += parts[i].len;
    enum err err = OK;
    int failed = write_all(fd, parts, count, segment->bytes);
    if (failed != 0) {
        err = os_fail(why, "appending to a segment", failed);
        if (ftruncate(fd, (off_t)segment->bytes) != 0)
            err = ERR_DAMAGED;
    } else if (fdatasync(fd) != 0) {
        /* What the kernel still holds of it may be lost without another error: believe nothing. */
        (void)os_fail(why, "making a segment durable", errno);
        err = ERR_DAMAGED;
    } else {
        segment->bytes += bytes;
    }
    (void)close(fd);
    return err;
}

enum err segments_overwrite(struct segments *segments, uint32_t ordinal, uint64_t offset,
                            struct span bytes, struct why *why)
{
    int fd = open_segment(segments, segments_at(segments, ordinal)->first, O_RDWR);
    if (fd < 0)
        return os_fail(why, "opening a segment", errno);
    int failed = write_all(fd, &bytes, 1, offset);
    if (failed == 0 && fdatasync(fd) != 0)
        failed = errno;
    (void)close(fd);
    return failed == 0 ? OK : os_fail(why, "destroying an erased line", failed);
}

enum err segments_cut(struct segments *segments, uint64_t bytes, struct why *why)
{
    struct segment *segment = segments_at(segments, segments->count - 1);
    int fd = open_segment(segments, segment->first, O_RDWR);
    if (fd < 0)
        return os_fail(why, "opening a segment", errno);
    int failed = ftruncate(fd, (off_t)bytes) != 0 || fdatasync(fd) != 0 ? errno : 0;
    (void)close(fd);
    if (failed != 0)
        return os_fail(why, "cutting a torn tail", failed);
    segment->bytes = bytes;
    return OK;
}
