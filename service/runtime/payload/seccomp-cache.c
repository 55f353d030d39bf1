/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Compiled profiles under CACHE_DIR/seccomp. A file is named by a hash and holds, before the
 * program, the whole text it was made from: what is used is always the program of exactly this
 * text, whatever the hash. The directory is root's alone. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/process.h"
#include "base/strv.h"
#include "config/data-path.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"
#include "runtime/payload/launch.h"

#define PROFILE_SIZE_MAX (1U << 20)
#define PROGRAM_SIZE_MAX (4096 * 8) /* BPF_MAXINSNS struct sock_filter */
#define CACHE_PATH CACHE_DIR "/seccomp"
#define COMPILER LIBEXEC_DIR "/nagaya-seccomp"

/* What a program depends on: our version, the machine, the profile. */
static char *make_key(const char *text)
{
        struct utsname host;

        /* Fails for a bad address only. */
        (void) uname(&host);
        return string_format("%s %s\n%s", VERSION, host.machine, text);
}

/* FNV-1a; only spreads the names. */
static uint64_t hash(const char *text)
{
        uint64_t h = UINT64_C(14695981039346656037);

        for (; *text; text++)
                h = (h ^ (unsigned char) *text) * UINT64_C(1099511628211);
        return h;
}

static int open_cache(void)
{
        struct stat st;
        int fd;

        if (mkdir(CACHE_DIR, 0755) < 0 && errno != EEXIST)
                return -errno;
        if (mkdir(CACHE_PATH, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = open(CACHE_PATH, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
                (void) fd_close(fd);
                return -EPERM;
        }
        return fd;
}

static int read_bytes(int fd, size_t limit, void **ret, size_t *ret_size)
{
        _cleanup_(free_p) char *data = NULL;
        struct stat st;
        ssize_t n;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t) st.st_size > limit)
                return -EINVAL;
        data = malloc((size_t) st.st_size);
        if (!data)
                return -ENOMEM;
        n = pread(fd, data, (size_t) st.st_size, 0);
        if (n != st.st_size)
                return n < 0 ? -errno : -EIO;
        *ret = TAKE_PTR(data);
        *ret_size = (size_t) n;
        return 0;
}

/* Return: 1 found, 0 not. */
static int cache_get(int dir_fd, const char *name, const char *key, void **ret, size_t *ret_size)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) void *data = NULL;
        size_t size, n = strlen(key) + 1;

        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 || read_bytes(fd, PROFILE_SIZE_MAX + PROGRAM_SIZE_MAX, &data, &size) < 0)
                return 0;
        if (size <= n || memcmp(data, key, n) != 0)
                return 0;
        *ret_size = size - n;
        memmove(data, (char *) data + n, *ret_size);
        *ret = TAKE_PTR(data);
        return 1;
}

/* A cache that cannot be written costs time only. */
static void cache_put(int dir_fd, const char *name, const char *key, const void *data, size_t size)
{
        size_t n = strlen(key) + 1;
        _cleanup_(free_p) char *whole = malloc(n + size);

        if (!whole)
                return;
        memcpy(whole, key, n);
        memcpy(whole + n, data, size);
        (void) file_write_atomic_data(dir_fd, name, whole, n + size, 0600, false);
}

static int compile_failed(const char *profile, int messages_fd, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;

        if (lseek(messages_fd, 0, SEEK_SET) < 0 ||
            file_read_fd(messages_fd, 65536, &text, NULL) < 0)
                text = NULL;
        return error_public(reterr, ERROR_INVALID_CONFIG, "Cannot compile seccomp profile '%s': %s",
                            profile, text && *text ? string_strip(text) : "the compiler died");
}

static int memory_file(const char *name, const char *text, Error *reterr)
{
        int fd = memfd_create(name, MFD_CLOEXEC);

        if (fd < 0)
                return error_errno(reterr, errno, "Cannot make a memory file");
        if (fd_write_all(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
                int errnum = errno;

                (void) fd_close(fd);
                return error_errno(reterr, errnum, "Cannot write a memory file");
        }
        return fd;
}

/* The program reads the text we have read, not the file again. */
static int compile(const char *profile,
                   const char *text,
                   void **ret,
                   size_t *ret_size,
                   char ***ret_warnings,
                   Error *reterr)
{
        char *argv[] = { (char[]){ COMPILER }, (char[]){ "-" }, NULL, NULL };
        _cleanup_(fd_close_p) int input = -EBADF, output = -EBADF, messages = -EBADF,
                                  pidfd = -EBADF;
        _cleanup_(free_p) char *name = strdup(profile), *said = NULL;
        Spawn spawn = { .argv = argv };
        int code, signal, r;

        argv[2] = name;
        if (!name)
                return error_oom(reterr);
        if ((input = memory_file("profile", text, reterr)) < 0)
                return input;
        if ((output = memory_file("filter", "", reterr)) < 0)
                return output;
        if ((messages = memory_file("messages", "", reterr)) < 0)
                return messages;
        spawn.stdin_fd = input;
        spawn.stdout_fd = output;
        spawn.stderr_fd = messages;
        r = process_spawn(&spawn, NULL, &pidfd, reterr);
        if (r < 0)
                return r;
        r = process_wait(pidfd, &code, &signal);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot wait for '%s'", COMPILER);
        if (code != 0 || signal != 0)
                return compile_failed(profile, messages, reterr);
        r = read_bytes(output, PROGRAM_SIZE_MAX, ret, ret_size);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read the filter of '%s'", profile);
        if (ret_warnings && lseek(messages, 0, SEEK_SET) == 0 &&
            file_read_fd(messages, 65536, &said, NULL) == 0)
                (void) strv_split(ret_warnings, said, "\n");
        return 0;
}

static int read_profile(const char *path, char **ret, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        r = fd < 0 ? -errno : file_read_fd(fd, PROFILE_SIZE_MAX - 256, ret, NULL);
        return r < 0 ? error_errno(reterr, -r, "Cannot read seccomp profile '%s'", path) : 0;
}

static int
get_filter(const char *path, void **ret, size_t *ret_size, char ***ret_warnings, Error *reterr)
{
        _cleanup_(fd_close_p) int cache_fd = -EBADF;
        _cleanup_(free_p) char *text = NULL, *key = NULL;
        char name[32];
        int r;

        r = read_profile(path, &text, reterr);
        if (r < 0)
                return r;
        key = make_key(text);
        if (!key)
                return error_oom(reterr);
        (void) snprintf(name, sizeof(name), "%016" PRIx64, hash(key));
        cache_fd = open_cache();
        if (cache_fd >= 0 && cache_get(cache_fd, name, key, ret, ret_size) > 0)
                return 0;
        r = compile(path, text, ret, ret_size, ret_warnings, reterr);
        if (r == 0 && cache_fd >= 0)
                cache_put(cache_fd, name, key, *ret, *ret_size);
        return r;
}

int seccomp_filter_get(
        const char *profile, void **ret, size_t *ret_size, char ***ret_warnings, Error *reterr)
{
        _cleanup_(free_p) char *path = NULL;
        int r;

        if (ret_warnings)
                *ret_warnings = NULL;
        if (data_path_resolve(profile, DATA_DIR, &path) < 0)
                return error_oom(reterr);
        r = get_filter(path, ret, ret_size, ret_warnings, reterr);
        return r < 0 ? error_at(reterr, r, "seccomp", "lxc.seccomp.profile") : 0;
}
