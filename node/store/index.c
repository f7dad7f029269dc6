#include "node/store/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/net/os.h"

_Static_assert(sizeof(struct index_entry) == 64, "the size that the file has");

void index_init(struct index *index, char *path)
{
    *index = (struct index){.path = path};
}

void index_clear(struct index *index)
{
    for (unsigned part = 0; part < GROWING_PARTS; part++) {
        void *entries = atomic_load(&index->entries.parts[part]);
        if (entries != NULL)
            (void)munmap(entries, (size_t)(INDEX_FIRST * sizeof(struct index_entry)) << part);
    }
    free(index->path);
}

/* Blocks are allocated when the part is made, so that a full disk is an error here and not a signal
 * later. */
static enum err map_part(struct index *index, const struct growing_place *place, struct why *why)
{
    size_t bytes = (size_t)place->count * sizeof(struct index_entry);
    off_t begin = (off_t)(place->begin * sizeof(struct index_entry));
    int fd = open(index->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return os_fail(why, "opening the index of a log", errno);
    struct stat status;
    int failed = fstat(fd, &status) == 0 ? 0 : errno;
    if (failed == 0 && status.st_size < begin + (off_t)bytes)
        failed = posix_fallocate(fd, begin, (off_t)bytes);
    void *entries = MAP_FAILED;
    if (failed == 0) {
        entries = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, begin);
        failed = entries == MAP_FAILED ? errno : 0;
    }
    (void)close(fd);
    if (failed != 0)
        return os_fail(why, "growing the index of a log", failed);
    atomic_store_explicit(&index->entries.parts[place->part], entries, memory_order_release);
    return OK;
}

enum err index_make_room(struct index *index, uint64_t at, struct why *why)
{
    struct growing_place place = growing_place(at, INDEX_FIRST);
    if (atomic_load_explicit(&index->entries.parts[place.part], memory_order_relaxed) != NULL)
        return OK;
    return map_part(index, &place, why);
}

struct index_entry *index_at(const struct index *index, uint64_t at)
{
    struct growing_place place = growing_place(at, INDEX_FIRST);
    struct index_entry *entries =
        atomic_load_explicit(&index->entries.parts[place.part], memory_order_acquire);
    return &entries[place.offset];
}

enum err index_sync(const struct index *index, uint64_t begin, uint64_t end)
{
    while (begin < end) {
        struct growing_place place = growing_place(begin, INDEX_FIRST);
        uint64_t stop = place.begin + place.count < end ? place.begin + place.count : end;
        uintptr_t first = (uintptr_t)index_at(index, begin) & ~(uintptr_t)4095;
        uintptr_t last = (uintptr_t)index_at(index, stop - 1) + sizeof(struct index_entry);
        if (msync((void *)first, last - first, MS_SYNC) != 0)
            return os_fail(NULL, "writing the index of a log", errno);
        begin = stop;
    }
    return OK;
}

void index_release(const struct index *index)
{
    for (unsigned part = 0; part < GROWING_PARTS; part++) {
        void *entries = atomic_load(&index->entries.parts[part]);
        if (entries != NULL)
            (void)madvise(entries, (size_t)(INDEX_FIRST * sizeof(struct index_entry)) << part,
                          MADV_DONTNEED);
    }
}
