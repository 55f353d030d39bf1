/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/copy/meter.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/process.h"
#include "base/strv.h"

/* What is very deep or very much is not counted on. */
#define DEPTH_MAX 64
#define FILES_MAX 4000000
#define STAT_BLOCK 512 /* the unit of stx_blocks */
#define COUNT_NICE 10
/* Making a file takes as long as copying so many bytes. */
#define FILE_WORTH (16 * 1024)

static void add_bytes(Meter *meter, int dir_fd, const char *name)
{
        struct statx st;
        uint64_t held;

        if (statx(dir_fd, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
                  STATX_TYPE | STATX_NLINK | STATX_SIZE | STATX_BLOCKS, &st) < 0 ||
            !S_ISREG(st.stx_mode) || st.stx_nlink == 0)
                return;
        held = st.stx_blocks * STAT_BLOCK;
        /* Holes are not copied, and a file with several names only once. */
        meter->bytes += (held < st.stx_size ? held : st.stx_size) / st.stx_nlink;
}

static bool goes_on(Meter *meter)
{
        return meter->files < FILES_MAX &&
               !atomic_load_explicit(&meter->stop, memory_order_relaxed);
}

static void count(Meter *meter, int dir_fd, const char *name, unsigned depth)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;

        if (path_list(dir_fd, name, O_NOFOLLOW | O_NOATIME, &dir) < 0)
                return;
        while (goes_on(meter) && (entry = readdir(dir))) {
                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                meter->files++;
                if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
                        add_bytes(meter, dirfd(dir), entry->d_name);
                else if (entry->d_type == DT_DIR && depth < DEPTH_MAX)
                        count(meter, dirfd(dir), entry->d_name, depth + 1);
        }
}

static void *count_main(void *userdata)
{
        Meter *meter = userdata;

        /* Of this thread alone. */
        (void) setpriority(PRIO_PROCESS, (id_t) gettid(), COUNT_NICE);
        meter->files = 1;
        count(meter, meter->tree_fd, ".", 0);
        if (goes_on(meter))
                atomic_store(&meter->known, true);
        return NULL;
}

void meter_begin(Meter *meter, int tree_fd, uint64_t patience_usec, const Report *report)
{
        *meter = (Meter){
                .report = report,
                .tree_fd = tree_fd,
                .count_at = now_usec() + patience_usec,
        };
}

static double worth(uint64_t files, uint64_t bytes)
{
        return (double) files * FILE_WORTH + (double) bytes;
}

void meter_progress(const CopyStats *done, void *userdata)
{
        Meter *meter = userdata;
        Amount amount = { .files = done->files, .bytes = done->bytes };
        double part = -1;

        if (!meter->has_thread && now_usec() >= meter->count_at)
                meter->has_thread = pthread_create(&meter->thread, NULL, count_main, meter) == 0;
        if (atomic_load(&meter->known)) {
                amount.total_files = meter->files;
                amount.total_bytes = meter->bytes;
                part = worth(done->files, done->bytes) / worth(meter->files, meter->bytes);
        }
        report_copied(meter->report, part < 1 ? part : 1, &amount);
}

void meter_end(Meter *meter, const CopyStats *done)
{
        atomic_store(&meter->stop, true);
        if (meter->has_thread)
                (void) pthread_join(meter->thread, NULL);
        if (done)
                report_copied(meter->report, 1,
                              &(Amount){
                                      .files = done->files,
                                      .bytes = done->bytes,
                                      .total_files = done->files,
                                      .total_bytes = done->bytes,
                              });
}
