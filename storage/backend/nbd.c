/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A disk image, or a partition of one: "FILE[:PART]". Attached by qemu-nbd for as long as the container
 * runs; that is the only backend whose device is not let go of by itself. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/parse.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/feature.h"
#include "storage/backend/device.h"
#include "storage/backend/nbd.h"
#include "storage/backend/rootfs.h"
#include "storage/backend/tool.h"

#define DEVICES_MAX 256
#define PARTITIONS_MAX 128
#define PARTITION_USEC (5 * USEC_PER_SEC)

static int nbd_probe(char **ret_reason)
{
        int r = tool_need("qemu-nbd", "qemu-utils", ret_reason);

        return r > 0 ? feature_need_driver("nbd", ret_reason) : r;
}

static bool nbd_claims(const char *source)
{
        struct stat st;

        return stat(source, &st) == 0 && S_ISREG(st.st_mode);
}

/* By the name alone: what a raw image begins with was written in a container, and one that it could pass
 * for may name any file of the host as a part of itself. */
static const char *format_of(const char *file)
{
        static const char *const formats[][2] = {
                { ".qcow2", "qcow2" }, { ".qcow", "qcow" }, { ".vmdk", "vmdk" }, { ".vdi", "vdi" },
                { ".vhdx", "vhdx" },   { ".vhd", "vpc" },   { ".qed", "qed" },
        };

        for (size_t i = 0; i < ELEMENTS(formats); i++)
                if (endswith(file, formats[i][0]))
                        return formats[i][1];
        return "raw";
}

/* Return: 0, ERROR_INVALID_CONFIG. *ret_partition is 0 where the whole is meant. */
static int split(const char *source, char **ret_file, uint32_t *ret_partition, Error *reterr)
{
        const char *colon = strrchr(source, ':');

        *ret_partition = 0;
        if (colon && parse_u32(colon + 1, ret_partition) == 0 && *ret_partition > 0 &&
            *ret_partition <= PARTITIONS_MAX)
                *ret_file = strndup(source, (size_t) (colon - source));
        else if (colon)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "'%s' is neither FILE nor FILE:PARTITION", source);
        else
                *ret_file = strdup(source);
        return *ret_file ? 0 : error_oom(reterr);
}

static int check_file(const char *file, Error *reterr)
{
        struct stat st;

        if (lstat(file, &st) < 0)
                return error_errno(reterr, errno, "Cannot open the image '%s'", file);
        if (!S_ISREG(st.st_mode))
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The image '%s' is not a regular file", file);
        return 0;
}

static bool is_free(unsigned number)
{
        char pid[64];

        (void) snprintf(pid, sizeof(pid), "/sys/block/nbd%u/pid", number);
        return access(pid, F_OK) < 0;
}

/* Return: its number, -errno. */
static int find_free(Error *reterr)
{
        static const char *const modprobe[] = { "modprobe", "nbd", "max_part=16", NULL };

        if (access("/sys/block/nbd0", F_OK) < 0) {
                int r = tool_run(modprobe, NULL, reterr);

                if (r < 0)
                        return r;
        }
        for (unsigned i = 0; i < DEVICES_MAX; i++) {
                char path[64];

                (void) snprintf(path, sizeof(path), "/sys/block/nbd%u", i);
                if (access(path, F_OK) < 0)
                        break;
                if (is_free(i))
                        return (int) i;
        }
        return error_public(reterr, ERROR_BUSY, "There is no free network block device /dev/nbdN");
}

/* The kernel reads the table of partitions after qemu-nbd has returned, and tells nobody. */
static int await_partition(const char *path, const char *source, Error *reterr)
{
        uint64_t deadline = now_usec() + PARTITION_USEC;

        while (!device_is_block(path)) {
                if (now_usec() > deadline)
                        return error_public(reterr, ERROR_INVALID_CONFIG,
                                            "There is no such partition as '%s'", source);
                (void) nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
        }
        return 0;
}

int nbd_attach(const char *file, const char *device, Error *reterr)
{
        char connect[64], format[64];

        (void) snprintf(connect, sizeof(connect), "--connect=%s", device);
        (void) snprintf(format, sizeof(format), "--format=%s", format_of(file));
        return tool_run((const char *const[]){ "qemu-nbd", connect, format, "--", file, NULL },
                        NULL, reterr);
}

static int mount_attached(const char *source,
                          const char *device,
                          uint32_t partition,
                          const RootfsMount *mount,
                          int *ret_tree_fd,
                          Error *reterr)
{
        char path[64];
        int r = 0;

        (void) snprintf(path, sizeof(path), "%s", device);
        if (partition > 0) {
                (void) snprintf(path, sizeof(path), "%sp%u", device, partition);
                r = await_partition(path, source, reterr);
        }
        return r < 0 ? r : device_mount(path, source, mount, ret_tree_fd, reterr);
}

static int nbd_open(const char *source, const RootfsMount *mount, int *ret_tree_fd, Error *reterr)
{
        _cleanup_(free_p) char *file = NULL;
        uint32_t partition;
        char device[32];
        int r, number;

        if (!mount->attach)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "A network block device is only attached for a container that "
                                    "starts");
        r = split(source, &file, &partition, reterr);
        if (r == 0)
                r = check_file(file, reterr);
        if (r < 0)
                return r;
        number = find_free(reterr);
        if (number < 0)
                return number;
        (void) snprintf(device, sizeof(device), "/dev/nbd%d", number);
        r = mount->attach(device, mount->userdata, reterr);
        if (r == 0)
                r = nbd_attach(file, device, reterr);
        return r < 0 ? r : mount_attached(source, device, partition, mount, ret_tree_fd, reterr);
}

int nbd_detach(const char *device, Error *reterr)
{
        char disconnect[64];

        (void) snprintf(disconnect, sizeof(disconnect), "--disconnect=%s", device);
        return tool_run((const char *const[]){ "qemu-nbd", disconnect, NULL }, NULL, reterr);
}

static int nbd_rename(const char *source,
                      const char *from_directory,
                      const Volume *volume,
                      char **ret_rootfs_path,
                      Error *reterr)
{
        return backend_rename_path("nbd", source, from_directory, volume, ret_rootfs_path, reterr);
}

const Backend backend_nbd = {
        .name = "nbd",
        .summary = "A disk image, by a network block device",
        .slow = true,
        .probe = nbd_probe,
        .claims = nbd_claims,
        .open = nbd_open,
        .rename = nbd_rename,
};
