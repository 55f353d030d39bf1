/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stages: limits, kernel settings, and what the container may not do. */

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "base/path.h"
#include "base/strv.h"
#include "kernel/capability.h"
#include "kernel/label.h"
#include "kernel/namespace.h"
#include "kernel/seccomp.h"
#include "runtime/payload/stage.h"
#include "runtime/payload/sync.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Until init is executed: to load the filter, and to become init's user. */
#define CAPABILITIES_HELD (BIT(CAP_SYS_ADMIN) | BIT(CAP_SETUID) | BIT(CAP_SETGID))

/* The host's proc: what it shows of namespaces is what the reading process is in. */
static int open_proc(Error *reterr)
{
        int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? error_errno(reterr, errno, "Cannot open '/proc'") : fd;
}

/* Keys have dots for slashes, as in sysctl(8). */
static int write_setting(int proc_fd, const char *directory, const KeyValue *item)
{
        _cleanup_(free_p) char *path = NULL;
        _cleanup_(fd_close_p) int fd = -EBADF;
        size_t n = strlen(item->value);

        path = string_format("%s/%s", directory, item->key);
        if (!path)
                return -ENOMEM;
        for (char *p = path; (p = strchr(p, '.'));)
                *p = '/';
        fd = path_open_in_root(proc_fd, path, O_WRONLY | O_NOCTTY, 0);
        if (fd < 0)
                return fd;
        return write(fd, item->value, n) == (ssize_t) n ? 0 : -errno;
}

int stage_write_settings(int proc_fd,
                         const char *directory,
                         const char *key,
                         const KeyValueList *list,
                         Error *reterr)
{
        for (size_t i = 0; i < list->n; i++) {
                const KeyValue *item = &list->items[i];
                int r = write_setting(proc_fd, directory, item);

                if (r < 0)
                        return error_at(reterr,
                                        error_errno(reterr, -r, "Cannot set '%s.%s' to '%s'", key,
                                                    item->key, item->value),
                                        NULL, key);
        }
        return 0;
}

int stage_sysctl(StageContext *context, Error *reterr)
{
        const Plan *plan = context->plan;
        _cleanup_(fd_close_p) int proc_fd = -EBADF;
        int r;

        if (plan->sysctls.n == 0 && plan->proc_files.n == 0)
                return 0;
        proc_fd = open_proc(reterr);
        if (proc_fd < 0)
                return proc_fd;
        r = stage_write_settings(proc_fd, "sys", "lxc.sysctl", &plan->sysctls, reterr);
        if (r < 0 || stage_has_user_namespace(context))
                return r;
        return stage_write_settings(proc_fd, "self", "lxc.proc", &plan->proc_files, reterr);
}

int stage_time(StageContext *context, Error *reterr)
{
        return stage_has_user_namespace(context) ? 0 : stage_time_offsets(context, reterr);
}

int stage_time_offsets(StageContext *context, Error *reterr)
{
        _cleanup_(fd_close_p) int proc_fd = -EBADF;
        int r;

        if (!context->plan->time_offsets)
                return 0;
        proc_fd = open_proc(reterr);
        if (proc_fd < 0)
                return proc_fd;
        r = namespace_time(proc_fd, context->plan->time_offsets);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make a time namespace with the offsets");
        return 0;
}

static int separate_cores(Error *reterr)
{
        int r;

        /* Where no core runs two threads, there is nothing to be shared: ENODEV. */
        if (prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, PR_SCHED_CORE_SCOPE_THREAD_GROUP, 0) ==
                    0 ||
            errno == ENODEV)
                return 0;
        r = errno == EINVAL
                    ? error_code(reterr, 0, EINVAL,
                                 "Cannot honour 'lxc.sched.core = 1': this kernel has no core "
                                 "scheduling")
                    : error_errno(reterr, errno, "Cannot make a core scheduling domain");
        return error_at(reterr, r, NULL, "lxc.sched.core");
}

int stage_limits(StageContext *context, Error *reterr)
{
        const Plan *plan = context->plan;

        /* Hard limits are only raised by host root: user_namespace_finish() */
        for (size_t i = 0; i < plan->n_limits && !stage_has_user_namespace(context); i++) {
                const PlanLimit *limit = &plan->limits[i];

                if (setrlimit(limit->resource, &limit->value) < 0)
                        return error_at(reterr,
                                        error_errno(reterr, errno, "Cannot set 'lxc.prlimit.%s'",
                                                    plan_limit_name(limit->resource)),
                                        NULL, "lxc.prlimit");
        }
        return plan->security.core_scheduling ? separate_cores(reterr) : 0;
}

int stage_personality(StageContext *context, Error *reterr)
{
        if (context->plan->personality_set && personality(context->plan->personality) < 0)
                return error_errno(reterr, errno, "Cannot set the personality");
        return 0;
}

int stage_capabilities(StageContext *context, Error *reterr)
{
        int r = capability_limit(context->plan->security.capabilities, CAPABILITIES_HELD);

        return r < 0 ? error_errno(reterr, -r, "Cannot limit capabilities") : 0;
}

int stage_proc(StageContext *context, Error *reterr)
{
        if (!context->plan->security.label)
                return 0;
        context->proc_fd = open_proc(reterr);
        return context->proc_fd < 0 ? context->proc_fd : 0;
}

int stage_label(StageContext *context, Error *reterr)
{
        const PlanSecurity *security = &context->plan->security;
        int r;

        if (!security->label)
                return 0;
        r = label_set_at_exec(context->proc_fd, security->label_module, security->label);
        context->proc_fd = fd_close(context->proc_fd);
        if (r < 0)
                return error_at(
                        reterr,
                        error_errno(reterr, -r, "Cannot give init the label '%s'", security->label),
                        NULL,
                        security->label_module == LABEL_SELINUX ? "lxc.selinux.context"
                                                                : "lxc.apparmor.profile");
        return 0;
}

int stage_privileges(StageContext *context, Error *reterr)
{
        if (context->plan->security.no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return error_errno(reterr, errno, "Cannot set no_new_privs");
        return 0;
}

static int hand_over(StageContext *context, int listener)
{
        SyncMessage message = { .type = SYNC_LISTENER, .fds = { listener }, .n_fds = 1 };
        int r = sync_send(context->sync_fd, &message);

        (void) fd_close(listener);
        return r;
}

int stage_seccomp(StageContext *context, Error *reterr)
{
        const Launch *launch = context->launch;
        int r;

        if (!launch->seccomp)
                return 0;
        if (launch->seccomp_notify) {
                r = seccomp_install_listening(launch->seccomp, launch->seccomp_size);
                if (r >= 0)
                        r = hand_over(context, r);
        } else
                r = seccomp_install(launch->seccomp, launch->seccomp_size);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot load the system call filter of '%s'",
                                   context->plan->security.seccomp_profile);
        return 0;
}
