/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lxc-update-config: a configuration in the names of today, without the service and as whoever calls
 * it. */

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strv.h"
#include "config/document.h"
#include "config/parse.h"

#define BACKUP_SUFFIX ".backup"

static int print_help(FILE *stream)
{
        (void) fputs(
                "Usage: lxc-update-config -c FILE\n"
                "\n"
                "Gives the keys in a container's configuration, as LXC 1.x and 2.0 named them,\n"
                "their names of today. The file as it was is kept as FILE" BACKUP_SUFFIX
                ". A file\n"
                "without old names is left alone.\n"
                "\n"
                "  -c, --config=FILE  the file to convert\n"
                "  -h, --help         print this and exit\n"
                "      --version      print the version and exit\n",
                stream);
        return stream == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Whoever may write the directory may have put a link there: none is followed, neither to read nor to
 * write. */
static int write_as_owner(const char *path, const char *text, const struct stat *st, Error *reterr)
{
        int r = file_write_atomic(AT_FDCWD, path, text, st->st_mode & 07777, true);

        if (r < 0)
                return error_errno(reterr, -r, "Cannot write '%s'", path);
        /* Anybody else's new file is his own. */
        if (geteuid() != 0)
                return 0;
        if (fchownat(AT_FDCWD, path, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(reterr, errno, "Cannot give '%s' to its owner", path);
        return 0;
}

static int read_text(const char *path, char **ret, struct stat *ret_st, Error *reterr)
{
        int r = file_read(AT_FDCWD, path, CONFIG_FILE_MAX, ret, NULL);

        if (r == 0 && lstat(path, ret_st) < 0)
                r = -errno;
        if (r == -ELOOP)
                return error_code(reterr, 0, ELOOP,
                                  "'%s' is a symbolic link: convert the file that it leads to",
                                  path);
        if (r == -EBADMSG)
                return error_code(reterr, 0, EBADMSG, "'%s' has a NUL byte in it", path);
        return r < 0 ? error_errno(reterr, -r, "Cannot read '%s'", path) : 0;
}

static int convert(const char *path, const char *text, char **ret, Error *reterr)
{
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(config_free_p) Config *config = NULL;
        int r;

        /* What is no configuration is left as it is. */
        r = config_load(path, &config, NULL, reterr);
        if (r < 0)
                return r;
        if (document_new(text, &document) < 0 || document_convert(document) < 0)
                return error_oom(reterr);
        *ret = document_text(document);
        return *ret ? 0 : error_oom(reterr);
}

static int update(const char *path, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL, *converted = NULL, *backup = NULL;
        struct stat st;
        int r;

        r = read_text(path, &text, &st, reterr);
        if (r == 0)
                r = convert(path, text, &converted, reterr);
        if (r < 0)
                return r;
        if (streq(text, converted))
                return 0;
        backup = string_format("%s" BACKUP_SUFFIX, path);
        if (!backup)
                return error_oom(reterr);
        r = write_as_owner(backup, text, &st, reterr);
        return r < 0 ? r : write_as_owner(path, converted, &st, reterr);
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' },
                { "help", no_argument, NULL, 'h' },
                { "usage", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'v' },
                { NULL, 0, NULL, 0 },
        };
        _cleanup_(error_done) Error error = ERROR_NULL;
        const char *path = NULL;
        int c;

        while ((c = getopt_long(argc, argv, "c:h", options, NULL)) >= 0)
                switch (c) {
                case 'c':
                        path = optarg;
                        break;
                case 'h':
                        return print_help(stdout);
                case 'v':
                        return puts(VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
                default:
                        return print_help(stderr);
                }
        if (!path || optind != argc)
                return print_help(stderr);
        if (update(path, &error) == 0)
                return EXIT_SUCCESS;
        (void) fprintf(stderr, "lxc-update-config: %s\n", error_message(&error));
        return EXIT_FAILURE;
}
