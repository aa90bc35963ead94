/*
 * A disk that refuses to be written, for one process and files under one folder. Loaded before the C library (LD_PRELOAD). While
 * the file named by SICK_DISK holds the name of an error, writes to files under the folder named by SICK_DISK_DIR fail with it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int sickness(int fd)
{
    const char *word_file = getenv("SICK_DISK"), *dir = getenv("SICK_DISK_DIR");
    char link[64], path[4096], word[16] = {0};
    int before = errno, found = 0, words;
    ssize_t length;

    if (!word_file || !dir)
        return 0;
    words = open(word_file, O_RDONLY | O_CLOEXEC);
    if (words >= 0) {
        length = read(words, word, sizeof word - 1);
        close(words);
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        length = length > 0 ? readlink(link, path, sizeof path - 1) : -1;
        if (length > 0) {
            path[length] = 0;
            if (!strncmp(path, dir, strlen(dir)))
                found = !strncmp(word, "EROFS", 5) ? EROFS : !strncmp(word, "ENOSPC", 6) ? ENOSPC : !strncmp(word, "EIO", 3) ? EIO : 0;
        }
    }
    errno = before;
    return found;
}

#define OR_SICK(fd) do { int error = sickness(fd); if (error) { errno = error; return -1; } } while (0)
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count)
{
    OR_SICK(fd);
    return REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    OR_SICK(fd);
    return REAL(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    OR_SICK(fd);
    return REAL(pwrite64)(fd, bytes, count, at);
}

int ftruncate(int fd, off_t length)
{
    OR_SICK(fd);
    return REAL(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    OR_SICK(fd);
    return REAL(ftruncate64)(fd, length);
}
