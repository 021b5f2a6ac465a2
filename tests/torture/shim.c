/* Preloaded into a process that works on an index: counts, over all its threads, the libc calls that touch the index
 * folder, and kills the process at the one that was asked for, or lets that one fail.
 *
 *     torture_arm(root, number, mode)   from now on; calls count from 1; number 0: only count
 *     torture_fail(error)               behind it: the call is not done, it fails with this errno
 *     torture_cell()                    what happened, in memory shared with the parent: it outlives the kill
 *
 * A call touches the folder if its path is `root` or below, or its descriptor is of such a file, whether that still
 * has a name or not. That is asked of /proc each time, so that nothing has to be kept up to date.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum mode { BEFORE, AFTER, HALF };
enum kind {
    OPEN = 1, CREAT, WRITE, FSYNC, RENAME, LINK, UNLINK, MKDIR, MMAP, FTRUNCATE, CLOSE, FLOCK, OPENDIR, READ
};
#define MOST 65536

struct cell {
    atomic_long count;         /* calls so far */
    atomic_long hit;           /* the one at which the process was killed; 0: none */
    unsigned char kinds[MOST]; /* of each call */
};

static struct cell *cell;
static char root[4096];
static size_t root_length;
static atomic_int armed;
static long target;
static enum mode when;
static int error; /* the call fails with this; 0: the process is killed at it */

__attribute__((constructor)) static void begin(void) {
    cell = mmap(NULL, sizeof *cell, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

struct cell *torture_cell(void) { return cell; }

void torture_arm(const char *path, long number, int mode) {
    snprintf(root, sizeof root, "%s", path);
    root_length = strlen(root);
    target = number;
    when = mode;
    error = 0;
    memset(cell, 0, sizeof *cell);
    atomic_store(&armed, 1);
}

void torture_fail(int with) { error = with; }

static int below(const char *path) {
    return strncmp(path, root, root_length) == 0 && (path[root_length] == 0 || path[root_length] == '/');
}

static int is_ours(int fd) {
    char link[64], path[4096];
    if (!atomic_load(&armed) || fd < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

static int is_our_path(int folder, const char *path) {
    if (!atomic_load(&armed) || !path) return 0;
    return path[0] == '/' ? below(path) : folder != AT_FDCWD && is_ours(folder);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

enum { DIES = 1, FAILS = 2 };

/* Count a call. DIES if the process is to die at it, and not before it; FAILS if the call is to fail. */
static int enter(enum kind kind) {
    long number = atomic_fetch_add(&cell->count, 1) + 1;
    if (number < MOST) cell->kinds[number] = kind;
    if (number != target) return 0;
    atomic_store(&cell->hit, number);
    if (error) return FAILS;
    if (when == BEFORE) die();
    return DIES;
}

/* `type name(parameters)`, calling the real one with `arguments`, counted if `ours`; `failed` is what tells of an error. */
#define WRAP_AS(type, failed, name, parameters, arguments, ours, kind) \
    type name parameters {                                  \
        static type(*real) parameters;                      \
        if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name); \
        int fate = (ours) ? enter(kind) : 0;                \
        if (fate == FAILS) return errno = error, failed;    \
        type value = real arguments;                        \
        if (fate == DIES) die();                            \
        return value;                                       \
    }
#define WRAP(type, ...) WRAP_AS(type, (type)-1, __VA_ARGS__)

WRAP(int, fsync, (int fd), (fd), is_ours(fd), FSYNC)
WRAP(int, fdatasync, (int fd), (fd), is_ours(fd), FSYNC)
WRAP(int, close, (int fd), (fd), is_ours(fd), CLOSE)
WRAP(int, flock, (int fd, int how), (fd, how), is_ours(fd), FLOCK)
WRAP(int, ftruncate, (int fd, off_t length), (fd, length), is_ours(fd), FTRUNCATE)
WRAP(int, ftruncate64, (int fd, off_t length), (fd, length), is_ours(fd), FTRUNCATE)
WRAP(ssize_t, read, (int fd, void *to, size_t most), (fd, to, most), is_ours(fd), READ)
WRAP(int, unlink, (const char *path), (path), is_our_path(AT_FDCWD, path), UNLINK)
WRAP(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), is_our_path(at, path), UNLINK)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), is_our_path(AT_FDCWD, path), MKDIR)
WRAP(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), is_our_path(at, path), MKDIR)
WRAP(int, rename, (const char *a, const char *b), (a, b), is_our_path(AT_FDCWD, b), RENAME)
WRAP(int, renameat, (int d, const char *a, int e, const char *b), (d, a, e, b), is_our_path(e, b), RENAME)
WRAP(int, renameat2, (int d, const char *a, int e, const char *b, unsigned f), (d, a, e, b, f), is_our_path(e, b),
     RENAME)
WRAP(int, link, (const char *a, const char *b), (a, b), is_our_path(AT_FDCWD, b), LINK)
WRAP(int, linkat, (int d, const char *a, int e, const char *b, int f), (d, a, e, b, f), is_our_path(e, b), LINK)
WRAP(int, creat, (const char *path, mode_t mode), (path, mode), is_our_path(AT_FDCWD, path), CREAT)
WRAP(int, creat64, (const char *path, mode_t mode), (path, mode), is_our_path(AT_FDCWD, path), CREAT)
WRAP_AS(DIR *, NULL, opendir, (const char *path), (path), is_our_path(AT_FDCWD, path), OPENDIR)
WRAP(void *, mmap, (void *at, size_t length, int protection, int flags, int fd, off_t offset),
     (at, length, protection, flags, fd, offset), is_ours(fd), MMAP)
WRAP(void *, mmap64, (void *at, size_t length, int protection, int flags, int fd, off_t offset),
     (at, length, protection, flags, fd, offset), is_ours(fd), MMAP)

/* Opening: a mode follows only if a file may be made. */
#define WRAP_OPEN(name, parameters, folder, ...)                        \
    int name parameters {                                               \
        static int(*real) parameters;                                   \
        if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name);           \
        mode_t mode = 0;                                                \
        if (flags & (O_CREAT | O_TMPFILE)) {                            \
            va_list rest;                                               \
            va_start(rest, flags);                                      \
            mode = va_arg(rest, mode_t);                                \
            va_end(rest);                                               \
        }                                                               \
        int fate = is_our_path(folder, path) ? enter(flags & O_CREAT ? CREAT : OPEN) : 0; \
        if (fate == FAILS) return errno = error, -1;                    \
        int value = real(__VA_ARGS__, mode);                            \
        if (fate == DIES) die();                                        \
        return value;                                                   \
    }

WRAP_OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path, flags)
WRAP_OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path, flags)
WRAP_OPEN(openat, (int at, const char *path, int flags, ...), at, at, path, flags)
WRAP_OPEN(openat64, (int at, const char *path, int flags, ...), at, at, path, flags)

/* Writing: there is a third moment, when half of the bytes are written. */
#define WRAP_WRITE(name, parameters, arguments)               \
    ssize_t name parameters {                                 \
        static ssize_t(*real) parameters;                     \
        if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name); \
        int fate = is_ours(fd) ? enter(WRITE) : 0;            \
        if (fate == FAILS) return errno = error, -1;          \
        if (fate == DIES && when == HALF) length /= 2;        \
        ssize_t value = real arguments;                       \
        if (fate == DIES) die();                              \
        return value;                                         \
    }

WRAP_WRITE(write, (int fd, const void *from, size_t length), (fd, from, length))
WRAP_WRITE(pwrite, (int fd, const void *from, size_t length, off_t at), (fd, from, length, at))
WRAP_WRITE(pwrite64, (int fd, const void *from, size_t length, off_t at), (fd, from, length, at))
