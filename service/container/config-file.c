/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/config-file.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/utf8.h"
#include "config/parse.h"
#include "interfaces/errors.h"

void config_file_path(const Container *container, char ret[static PATH_MAX])
{
        (void) snprintf(ret, PATH_MAX, "%s/config", container->directory);
}

/* The version first: when the file is replaced in between, it is older than the text, and a write
 * that relies on it is refused. */
int config_file_read(const Container *container,
                     char **ret,
                     char ret_version[static DOCUMENT_VERSION_SIZE],
                     Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        char path[PATH_MAX];
        struct stat st;
        int r;

        config_file_path(container, path);
        r = lstat(path, &st) < 0 ? -errno : file_read(AT_FDCWD, path, CONFIG_FILE_MAX, &text, NULL);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read '%s'", path);
        if (!utf8_is_valid(text))
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "'%s' is not in UTF-8 and cannot be told as text", path);
        document_version(&st, ret_version);
        *ret = TAKE_PTR(text);
        return 0;
}
