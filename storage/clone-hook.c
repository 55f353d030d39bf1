/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/clone-hook.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/strv.h"
#include "config/id-maps.h"
#include "interfaces/names.h"
#include "kernel/idmap.h"
#include "kernel/mount.h"
#include "storage/job/hook.h"
#include "storage/job/subprocess.h"

typedef struct Setup {
        const CloneHook *hook;
        int tree_fd;             /* what is mounted; < 0: nothing */
        const char *mount_point; /* LXC_ROOTFS_MOUNT */
} Setup;

static bool has_user_namespace(const Setup *setup)
{
        return setup->hook->config->namespace.n_idmaps > 0;
}

/* --- in the child ----------------------------------------------------------------------------- */

/* The maps are written from outside; by then nothing that needs host root is left to do. */
static int enter_user_namespace(int channel_fd, Error *reterr)
{
        char go;

        if (recv(channel_fd, &go, 1, 0) != 1)
                return error_errno(reterr, EPIPE, "The job is gone");
        if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return error_errno(reterr, errno, "Cannot become root of the user namespace");
        return 0;
}

static int child_main(int channel_fd, void *userdata, Error *reterr)
{
        const Setup *setup = userdata;
        const CloneHook *hook = setup->hook;
        _cleanup_(fd_close_p) int point_fd = -EBADF;
        char source[256];
        char *environment[] = { source, NULL };
        int r;

        (void) snprintf(source, sizeof(source), "LXC_SRC_NAME=%s", hook->source_name);
        if (setup->tree_fd >= 0) {
                point_fd = open(setup->mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (point_fd < 0)
                        return error_errno(reterr, errno, "Cannot open '%s', 'lxc.rootfs.mount'",
                                           setup->mount_point);
        }
        if (has_user_namespace(setup)) {
                r = enter_user_namespace(channel_fd, reterr);
                if (r < 0)
                        return r;
        }
        /* A change of credentials has cleared it: prctl(2). */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
            mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
                return error_errno(reterr, errno, "Cannot separate mounts from the host's");
        r = point_fd < 0 ? 0 : mount_attach(setup->tree_fd, point_fd);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot mount '%s' on '%s'", hook->rootfs_path,
                                   setup->mount_point);
        return job_hooks_run(
                &(JobHook){
                        .container = hook->container,
                        .config = hook->config,
                        .type = HOOK_CLONE,
                        .input = {
                                .name = hook->name,
                                .config_file = hook->config_file,
                                .rootfs_path = hook->rootfs_path,
                                .rootfs_mount = setup->mount_point,
                        },
                        .arguments = hook->arguments,
                        .environment = environment,
                        .report = hook->report,
                },
                reterr);
}

/* --- in the job ------------------------------------------------------------------------------- */

static bool shifts_owners(const Config *config)
{
        _cleanup_(strv_free_p) char **options = NULL;

        return config->rootfs.options && strv_split(&options, config->rootfs.options, ",") == 0 &&
               strv_contains(options, "idmap=container");
}

static int map_ids(const Setup *setup, pid_t pid, Error *reterr)
{
        const NamespaceConfig *namespace = &setup->hook->config->namespace;
        _cleanup_(fd_close_p) int proc_fd = -EBADF, user_fd = -EBADF;
        _cleanup_(free_p) char *users = NULL, *groups = NULL;
        int r;

        users = id_maps_text(namespace->idmaps, namespace->n_idmaps, false);
        groups = id_maps_text(namespace->idmaps, namespace->n_idmaps, true);
        if (!users || !groups)
                return error_oom(reterr);
        proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = proc_fd < 0 ? -errno : idmap_write(proc_fd, pid, users, groups);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot map the ids of 'lxc.idmap' for a hook");
        if (!shifts_owners(setup->hook->config))
                return 0;
        user_fd = idmap_open(proc_fd, pid);
        r = user_fd < 0 ? user_fd : mount_set_idmap(setup->tree_fd, user_fd, true);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot mount '%s' through 'lxc.idmap'",
                                   setup->hook->rootfs_path);
        return 0;
}

static int let_go(pid_t pid, int channel_fd, void *userdata, Error *reterr)
{
        const Setup *setup = userdata;
        int r;

        if (!has_user_namespace(setup))
                return 0;
        r = map_ids(setup, pid, reterr);
        if (r == 0)
                (void) send(channel_fd, "", 1, MSG_NOSIGNAL);
        return r;
}

int clone_hook_run(const CloneHook *hook, Error *reterr)
{
        _cleanup_(fd_close_p) int own_fd = -EBADF;
        Setup setup = { .hook = hook, .tree_fd = hook->tree_fd };
        const char *backend, *source = rootfs_path_split(hook->rootfs_path, &backend);
        int r;

        if (!hook->config->hook.lines[HOOK_CLONE])
                return 0;
        /* The container's directory is root's alone: the container's root does not come as far. */
        if (setup.tree_fd < 0 && has_user_namespace(&setup)) {
                own_fd = setup.tree_fd = mount_clone(AT_FDCWD, source, true);
                if (own_fd < 0)
                        return error_errno(reterr, -own_fd, "Cannot use root file system '%s'",
                                           source);
        }
        setup.mount_point = setup.tree_fd < 0 ? source : config_rootfs_mount(hook->config);
        if (setup.tree_fd >= 0 && startswith(setup.mount_point, RUN_DIR "/")) {
                r = mkdir_parents(setup.mount_point, 0755);
                if (r < 0)
                        return error_errno(reterr, -r, "Cannot make '%s'", setup.mount_point);
        }
        return subprocess_call(
                &(Subprocess){
                        .namespaces =
                                CLONE_NEWNS | (has_user_namespace(&setup) ? CLONE_NEWUSER : 0),
                        .main = child_main,
                        .made = let_go,
                        .userdata = &setup,
                },
                reterr);
}
