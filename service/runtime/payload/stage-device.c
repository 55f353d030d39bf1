/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stages: /dev, its nodes, its terminals, and a boot id of the container's own. */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "kernel/mount.h"
#include "kernel/pty.h"
#include "runtime/payload/stage.h"
#include "runtime/payload/sync.h"

#define TTY_GROUP 5

typedef struct DeviceNode {
        const char *name;
        unsigned major, minor;
} DeviceNode;

static const DeviceNode nodes[] = {
        { "full", 1, 7 }, { "null", 1, 3 },    { "random", 1, 8 },
        { "tty", 5, 0 },  { "urandom", 1, 9 }, { "zero", 1, 5 },
};

static const struct {
        const char *name, *target;
} links[] = {
        { "fd", "/proc/self/fd" },
        { "stdin", "/proc/self/fd/0" },
        { "stdout", "/proc/self/fd/1" },
        { "stderr", "/proc/self/fd/2" },
};

static int device_failed(Error *reterr, int r, const char *name)
{
        if (r == -ELOOP)
                r = error_code(reterr, 0, ELOOP,
                               "Cannot make '/dev/%s': a symbolic link is in the way", name);
        else
                r = error_errno(reterr, -r, "Cannot make '/dev/%s'", name);
        return error_at(reterr, r, NULL, name);
}

/* /dev is looked up anew by every stage: an entry of the configuration may have mounted on it. */
static int open_dev(StageContext *context, Error *reterr)
{
        int fd = path_make_directory(context->root_fd, "dev");

        return fd < 0 ? device_failed(reterr, fd, "") : fd;
}

/* Puts a mount of what `source_fd` is on the file `name`. */
static int bind_on_file(int dev_fd, const char *name, int source_fd)
{
        _cleanup_(fd_close_p) int target_fd = -EBADF, tree_fd = -EBADF;

        target_fd = path_make_file(dev_fd, name);
        if (target_fd < 0)
                return target_fd;
        tree_fd = mount_clone(source_fd, "", false);
        return tree_fd < 0 ? tree_fd : mount_attach(tree_fd, target_fd);
}

static bool is_device(int fd, unsigned major, unsigned minor)
{
        struct stat st;

        return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(major, minor);
}

/* The host's own node, which must be what its name says. */
static int bind_host_node(int dev_fd, const DeviceNode *node)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        char path[32];

        (void) snprintf(path, sizeof(path), "/dev/%s", node->name);
        fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return is_device(fd, node->major, node->minor) ? bind_on_file(dev_fd, node->name, fd)
                                                       : -ENODEV;
}

static int make_node(int dev_fd, const DeviceNode *node)
{
        dev_t device = makedev(node->major, node->minor);
        int r;

        if (mknodat(dev_fd, node->name, S_IFCHR | 0666, device) == 0)
                return 0;
        /* One that a hook or a mount of the configuration has put there stays. */
        if (errno == EEXIST)
                return 0;
        if (errno != EPERM)
                return -errno;
        r = bind_host_node(dev_fd, node);
        return r < 0 ? r : 0;
}

static int make_nodes(int dev_fd, Error *reterr)
{
        mode_t mask = umask(0);
        int r = 0;

        for (size_t i = 0; i < ELEMENTS(nodes) && r == 0; i++) {
                r = make_node(dev_fd, &nodes[i]);
                if (r < 0)
                        r = device_failed(reterr, r, nodes[i].name);
        }
        (void) umask(mask);
        return r;
}

int stage_nodes(StageContext *context, Error *reterr)
{
        _cleanup_(fd_close_p) int dev_fd = -EBADF;
        int r;

        dev_fd = open_dev(context, reterr);
        if (dev_fd < 0)
                return dev_fd;
        r = context->plan->autodev ? make_nodes(dev_fd, reterr) : 0;
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(links); i++)
                if (symlinkat(links[i].target, dev_fd, links[i].name) < 0 && errno != EEXIST &&
                    context->plan->autodev)
                        return device_failed(reterr, -errno, links[i].name);
        return 0;
}

/* The container's devpts, with its multiplexer as /dev/ptmx. Return: its tree fd, -errno. */
static int mount_devpts(const Plan *plan, int dev_fd)
{
        const PlanTerminals *terminals = &plan->terminals;
        /* The group tty, where the container has it. */
        const char *group = plan_id_is_mapped(plan, true, TTY_GROUP) ? "gid=5" : NULL;
        char max[32];
        const char *options[] = { "source=devpts", "mode=0620", "ptmxmode=0666", max, group, NULL };
        _cleanup_(fd_close_p) int target_fd = -EBADF, tree_fd = -EBADF, ptmx_fd = -EBADF;
        int r;

        (void) snprintf(max, sizeof(max), "max=%u", terminals->pts_max);
        target_fd = path_make_directory(dev_fd, "pts");
        if (target_fd < 0)
                return target_fd;
        tree_fd = mount_file_system("devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        r = tree_fd < 0 ? tree_fd : mount_attach(tree_fd, target_fd);
        if (r < 0)
                return r;
        ptmx_fd = path_open_beneath(tree_fd, "ptmx", O_PATH, 0);
        r = ptmx_fd < 0 ? ptmx_fd : bind_on_file(dev_fd, "ptmx", ptmx_fd);
        /* A root file system with a /dev of its own may have made it a symlink to pts/ptmx. */
        return r < 0 && r != -ELOOP ? r : TAKE_FD(tree_fd);
}

/* A pty of the container's instance, or of the host's where it has none. */
static int new_pty(int pts_fd, int *ret_master, int *ret_slave)
{
        _cleanup_(fd_close_p) int master = -EBADF;
        int slave;

        if (pts_fd < 0)
                return pty_new(ret_master, ret_slave);
        master = pty_open_multiplexer(pts_fd, "ptmx");
        if (master < 0)
                return master;
        slave = pty_open_slave(master);
        if (slave < 0)
                return slave;
        *ret_master = TAKE_FD(master);
        *ret_slave = slave;
        return 0;
}

/* /dev/NAME, or with lxc.tty.dir /dev/DIRECTORY/NAME and a symlink to it. */
static int place_terminal(const PlanTerminals *terminals, int dev_fd, const char *name, int slave)
{
        _cleanup_(free_p) char *path = NULL;

        if (!terminals->directory)
                return bind_on_file(dev_fd, name, slave);
        path = string_format("%s/%s", terminals->directory, name);
        if (!path)
                return -ENOMEM;
        if (unlinkat(dev_fd, name, 0) < 0 && errno != ENOENT)
                return -errno;
        if (symlinkat(path, dev_fd, name) < 0)
                return -errno;
        return bind_on_file(dev_fd, path, slave);
}

/* Number 0 is the console. */
static int make_terminal(StageContext *context,
                         int dev_fd,
                         int pts_fd,
                         unsigned number,
                         int *ret_master,
                         Error *reterr)
{
        _cleanup_(fd_close_p) int master = -EBADF, slave = -EBADF;
        char name[16] = "console";
        int r;

        if (number > 0)
                (void) snprintf(name, sizeof(name), "tty%u", number);
        r = new_pty(pts_fd, &master, &slave);
        if (r == 0)
                r = place_terminal(&context->plan->terminals, dev_fd, name, slave);
        if (r < 0)
                return device_failed(reterr, r, name);
        if (number == 0)
                context->console_fd = TAKE_FD(slave);
        *ret_master = TAKE_FD(master);
        return 0;
}

/* What else has that name is not even opened: to open a device may do something. */
static int open_null(int dev_fd, Error *reterr)
{
        _cleanup_(fd_close_p) int path_fd = path_open_beneath(dev_fd, "null", O_PATH, 0);
        int fd;

        if (path_fd >= 0 && is_device(path_fd, 1, 3))
                fd = open(fd_path(path_fd).text, O_RDWR | O_NOCTTY | O_CLOEXEC);
        else
                fd = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
        return fd < 0 ? error_errno(reterr, errno, "Cannot open '/dev/null'") : fd;
}

static int make_terminals(StageContext *context, int dev_fd, int pts_fd, Error *reterr)
{
        const PlanTerminals *terminals = &context->plan->terminals;
        SyncMessage message = { .type = SYNC_MASTERS, .value = terminals->console ? 0 : 1 };
        int r = 0;

        for (unsigned i = terminals->console ? 0 : 1; i <= terminals->n_ttys && r == 0; i++) {
                r = make_terminal(context, dev_fd, pts_fd, i, &message.fds[message.n_fds], reterr);
                if (r == 0)
                        message.n_fds++;
        }
        if (r == 0 && message.n_fds > 0) {
                r = sync_send(context->sync_fd, &message);
                if (r < 0)
                        r = error_errno(reterr, -r, "Cannot hand over the terminals");
        }
        for (size_t i = 0; i < message.n_fds; i++)
                (void) fd_close(message.fds[i]);
        return r;
}

int stage_terminals(StageContext *context, Error *reterr)
{
        const PlanTerminals *terminals = &context->plan->terminals;
        _cleanup_(fd_close_p) int dev_fd = -EBADF, pts_fd = -EBADF;

        dev_fd = open_dev(context, reterr);
        if (dev_fd < 0)
                return dev_fd;
        if (terminals->pts_max > 0) {
                pts_fd = mount_devpts(context->plan, dev_fd);
                if (pts_fd < 0)
                        return device_failed(reterr, pts_fd, "pts");
        }
        if (!terminals->console) {
                context->console_fd = open_null(dev_fd, reterr);
                if (context->console_fd < 0)
                        return context->console_fd;
        }
        return make_terminals(context, dev_fd, pts_fd, reterr);
}

static int write_boot_id(int dev_fd, const char *name)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        uint8_t b[16];
        char text[40];
        int n;

        if (getrandom(b, sizeof(b), 0) != sizeof(b))
                return -EIO;
        b[6] = (uint8_t) ((b[6] & 0x0f) | 0x40); /* a random UUID, RFC 4122 */
        b[8] = (uint8_t) ((b[8] & 0x3f) | 0x80);
        n = snprintf(text, sizeof(text),
                     "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n", b[0],
                     b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                     b[13], b[14], b[15]);
        fd = path_open_beneath(dev_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0444);
        return fd < 0 ? fd : fd_write_all(fd, text, (size_t) n);
}

int stage_boot_id(StageContext *context, Error *reterr)
{
        static const char target[] = "proc/sys/kernel/random/boot_id";
        static const char name[] = ".lxc-boot-id";
        _cleanup_(fd_close_p) int dev_fd = -EBADF, tree_fd = -EBADF, target_fd = -EBADF;
        int r;

        if (!context->plan->autodev || context->plan->proc == AUTO_NONE)
                return 0;
        dev_fd = open_dev(context, reterr);
        if (dev_fd < 0)
                return dev_fd;
        r = write_boot_id(dev_fd, name);
        if (r == 0)
                r = tree_fd = mount_clone(dev_fd, name, false);
        if (r >= 0)
                r = target_fd = path_open_beneath(context->root_fd, target, O_PATH, 0);
        if (r >= 0)
                r = mount_change(tree_fd, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, 0,
                                 false);
        if (r >= 0)
                r = mount_attach(tree_fd, target_fd);
        return r < 0 ? stage_mount_failed(reterr, r, name, target) : 0;
}
