/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The engines of the storage library on whole trees, without the service around them.
 *
 *      tree copy [--threads N] FROM TO     TO is made
 *      tree remove PATH */

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "storage/copy/copy.h"
#include "storage/copy/remove.h"

static int open_directory(const char *path)
{
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                err(1, "Cannot open '%s'", path);
        return fd;
}

static int copy(unsigned threads, const char *from, const char *to)
{
        Error error = ERROR_NULL;
        CopyStats stats;

        if (mkdir(to, 0700) < 0)
                err(1, "Cannot make '%s'", to);
        if (tree_copy(&(TreeCopy){ .from_fd = open_directory(from),
                                   .to_fd = open_directory(to),
                                   .from = from,
                                   .to = to,
                                   .threads = threads },
                      &stats, &error) < 0)
                errx(1, "%s", error_message(&error));
        (void) printf("%llu files, %llu bytes\n", (unsigned long long) stats.files,
                      (unsigned long long) stats.bytes);
        return 0;
}

static int removal(char *path)
{
        char *slash = strrchr(path, '/');
        Error error = ERROR_NULL;

        if (!slash || slash == path)
                errx(2, "'%s' is not a path of two components", path);
        *slash = '\0';
        if (remove_entry(open_directory(path), slash + 1, &error) < 0)
                errx(1, "%s", error_message(&error));
        return 0;
}

int main(int argc, char **argv)
{
        unsigned threads = 0;

        if (argc > 3 && strcmp(argv[2], "--threads") == 0) {
                threads = (unsigned) strtoul(argv[3], NULL, 10);
                argv[3] = argv[1];
                argv += 2;
                argc -= 2;
        }
        if (argc == 4 && strcmp(argv[1], "copy") == 0)
                return copy(threads, argv[2], argv[3]);
        if (argc == 3 && strcmp(argv[1], "remove") == 0)
                return removal(argv[2]);
        errx(2, "Usage: tree copy [--threads N] FROM TO | tree remove PATH");
}
