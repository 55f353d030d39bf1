/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* In place of a fuzzing engine: runs the target on every file given, and on every file of the
 * directories given, whole and cut short at 64 places. */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "fuzz.h"

#define INPUT_MAX (16 * 1024 * 1024)
#define CUTS 64

static unsigned n_inputs;

static int read_input(int dir_fd, const char *name, char **ret, size_t *ret_size)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *data = NULL;
        struct stat st;

        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size > INPUT_MAX)
                return -EINVAL;
        data = malloc((size_t) st.st_size + 1);
        if (!data)
                return -ENOMEM;
        if (read(fd, data, (size_t) st.st_size) != st.st_size)
                return -EIO;
        *ret_size = (size_t) st.st_size;
        *ret = TAKE_PTR(data);
        return 0;
}

static int run_file(int dir_fd, const char *name)
{
        _cleanup_(free_p) char *data = NULL;
        size_t size = 0;
        int r;

        r = read_input(dir_fd, name, &data, &size);
        if (r < 0) {
                (void) fprintf(stderr, "Cannot read '%s': %s\n", name, strerror(-r));
                return r;
        }
        for (size_t i = 0; i <= CUTS; i++)
                (void) LLVMFuzzerTestOneInput((const uint8_t *) data, size * i / CUTS);
        n_inputs++;
        return 0;
}

static int run_directory(const char *path)
{
        _cleanup_(closedir_p) DIR *dir = opendir(path);
        struct dirent *entry;

        if (!dir)
                return -errno;
        while ((entry = readdir(dir))) {
                int r;

                if (entry->d_name[0] == '.')
                        continue;
                r = run_file(dirfd(dir), entry->d_name);
                if (r < 0)
                        return r;
        }
        return 0;
}

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                struct stat st;
                int r = stat(argv[i], &st) < 0 ? -errno : 0;

                if (r == 0)
                        r = S_ISDIR(st.st_mode) ? run_directory(argv[i])
                                                : run_file(AT_FDCWD, argv[i]);
                if (r < 0) {
                        (void) fprintf(stderr, "Cannot run '%s': %s\n", argv[i], strerror(-r));
                        return EXIT_FAILURE;
                }
        }
        if (n_inputs == 0) {
                (void) fprintf(stderr, "There is no input\n");
                return EXIT_FAILURE;
        }
        (void) printf("%u inputs\n", n_inputs);
        return EXIT_SUCCESS;
}
