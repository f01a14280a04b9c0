// What Linux offers for files beyond POSIX, and Swift's Glibc module leaves out (it is built without _GNU_SOURCE).
#pragma once
#include <linux/falloc.h>
#include <linux/magic.h>
#include <sys/types.h>
#include <sys/vfs.h>

// As declared in <fcntl.h> under _GNU_SOURCE; off_t has 64 bits on every machine served.
extern int fallocate(int descriptor, int mode, off_t offset, off_t length);

// Reserves blocks from `offset` without changing the file's size.
static inline int lathe_preallocate(int descriptor, off_t offset, off_t length) {
    return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, offset, length);
}

// Gives the whole blocks inside the range back; they read as zeros from then on.
static inline int lathe_punch_hole(int descriptor, off_t offset, off_t length) {
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

// The magic number of the file system that holds `path`, or -1 with errno.
static inline long lathe_file_system_magic(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (long)(status.f_type & 0xffffffff) : -1;
}

// The size of the file system that holds `path` and what is free on it, in bytes; -1 with errno on failure.
static inline int lathe_file_system_bytes(const char *path, long *total, long *available) {
    struct statfs status;
    if (statfs(path, &status) != 0) { return -1; }
    *total = (long)status.f_blocks * (long)status.f_frsize;
    *available = (long)status.f_bavail * (long)status.f_frsize;
    return 0;
}
