/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "base/file.h"
#include "config/document.h"
#include "config/parse.h"

int document_load(const char *path, Document **ret, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        int r;

        r = file_read(AT_FDCWD, path, CONFIG_FILE_MAX, &text, NULL);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read the configuration '%s'", path);
        return document_new(text, ret) < 0 ? error_oom(reterr) : 0;
}

int document_save(const Document *document, const char *path, mode_t mode, Error *reterr)
{
        _cleanup_(free_p) char *text = document_text(document);
        int r;

        if (!text)
                return error_oom(reterr);
        r = file_write_atomic(AT_FDCWD, path, text, mode, true);
        return r < 0 ? error_errno(reterr, -r, "Cannot write the configuration '%s'", path) : 0;
}

void document_version(const struct stat *st, char ret[static DOCUMENT_VERSION_SIZE])
{
        (void) snprintf(ret, DOCUMENT_VERSION_SIZE, "%llu-%lld-%lld.%09ld",
                        (unsigned long long) st->st_ino, (long long) st->st_size,
                        (long long) st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}
