/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"
#include "config/loader.h"

int trace_add(ConfigTrace *trace, const char *path, const struct stat *st)
{
        ConfigStamp stamp = { .path = strdup(path) };
        ConfigStamp *grown;

        if (!stamp.path)
                return -ENOMEM;
        if (st) {
                stamp.device = st->st_dev;
                stamp.inode = st->st_ino;
                stamp.mtime = st->st_mtim;
                stamp.size = st->st_size;
        }
        grown = reallocarray(trace->stamps, trace->n_stamps + 1, sizeof(ConfigStamp));
        if (!grown) {
                free(stamp.path);
                return -ENOMEM;
        }
        grown[trace->n_stamps++] = stamp;
        trace->stamps = grown;
        return 0;
}

static bool stamp_is_current(const ConfigStamp *stamp)
{
        struct stat st;

        if (stat(stamp->path, &st) < 0)
                return stamp->inode == 0;
        return st.st_ino == stamp->inode && st.st_dev == stamp->device &&
               st.st_size == stamp->size && st.st_mtim.tv_sec == stamp->mtime.tv_sec &&
               st.st_mtim.tv_nsec == stamp->mtime.tv_nsec;
}

bool config_stamps_are_current(const ConfigStamp *stamps, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!stamp_is_current(&stamps[i]))
                        return false;
        return true;
}

void config_stamps_free(ConfigStamp *stamps, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(stamps[i].path);
        free(stamps);
}

void config_trace_done(ConfigTrace *trace)
{
        (void) strv_free(trace->warnings);
        config_stamps_free(trace->stamps, trace->n_stamps);
        *trace = (ConfigTrace){ 0 };
}
