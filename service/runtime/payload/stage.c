/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/payload/stage.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "base/strv.h"
#include "config/hook-line.h"
#include "interfaces/errors.h"
#include "runtime/payload/sync.h"

bool stage_has_user_namespace(const StageContext *context)
{
        return context->plan->namespaces & CLONE_NEWUSER;
}

void stage_note(StageContext *context, int level, const char *format, ...)
{
        _cleanup_(free_p) char *text = NULL;
        SyncMessage message = { .type = SYNC_NOTE, .value = level };
        va_list ap;

        va_start(ap, format);
        text = string_vformat(format, ap);
        va_end(ap);
        message.text[0] = text;
        if (text)
                (void) sync_send(context->sync_fd, &message);
}

static void forward_output(HookType type, const char *line, void *userdata)
{
        StageContext *context = userdata;
        SyncMessage message = { .type = SYNC_LOG, .value = (int) type, .text = { line } };

        (void) sync_send(context->sync_fd, &message);
}

static int run_hooks(StageContext *context, HookType type, Error *reterr)
{
        const HookSet *set = context->plan->hooks;
        _cleanup_(strv_free_p) char **environment = NULL;
        HookCall call = { .set = set, .type = type, .output = forward_output, .userdata = context };
        const char *ttys;

        if (!set->lines[type])
                return 0;
        ttys = strv_env_get(context->plan->init.environment, "container_ttys");
        if (strv_copy(&environment, set->inside) < 0 ||
            (ttys && type == HOOK_START && strv_env_set(&environment, "container_ttys", ttys) < 0))
                return error_oom(reterr);
        call.environment = environment;
        return hooks_run(&call, reterr);
}

static int stage_hook_pre_mount(StageContext *context, Error *reterr)
{
        return run_hooks(context, HOOK_PRE_MOUNT, reterr);
}

static int stage_hook_mount(StageContext *context, Error *reterr)
{
        return run_hooks(context, HOOK_MOUNT, reterr);
}

static int stage_hook_autodev(StageContext *context, Error *reterr)
{
        return context->plan->autodev ? run_hooks(context, HOOK_AUTODEV, reterr) : 0;
}

/* While it can still be told from a program that fails to run. */
static int stage_hook_path(StageContext *context, Error *reterr)
{
        strv_foreach(line, context->plan->hooks->lines[HOOK_START]) {
                _cleanup_(strv_free_p) char **words = NULL;
                _cleanup_(fd_close_p) int fd = -EBADF;
                int r;

                r = hook_split(*line, &words);
                if (r == -ENOMEM)
                        return error_oom(reterr);
                if (r < 0)
                        continue; /* told when it is run */
                fd = words[0][0] == '/' ? path_open_in_root(context->root_fd, words[0], O_PATH, 0)
                                        : -ENOENT;
                if (fd < 0)
                        return error_at(reterr,
                                        error_code(reterr, ERROR_HOOK_FAILED, -fd,
                                                   "Start hook '%s' not found in container: %s",
                                                   words[0], strerror(-fd)),
                                        NULL, *line);
        }
        return 0;
}

static int stage_hook_start(StageContext *context, Error *reterr)
{
        return run_hooks(context, HOOK_START, reterr);
}

/* The network comes late: bringing an interface up waits for the kernel's lock on all networks, which the
 * supervisor holds while it makes the container's. */
static const Stage stages[] = {
        { "prepare", stage_prepare },
        { "user-namespace", stage_user },
        { "propagation", stage_propagation },
        { "hook-pre-mount", stage_hook_pre_mount },
        { "rootfs", stage_root },
        { "hostname", stage_hostname },
        { "keyring", stage_keyring },
        { "dev", stage_dev },
        { "mount-auto", stage_automounts },
        { "mount", stage_mounts },
        { "mount-cgroup", stage_cgroup },
        { "loopback", stage_loopback },
        { "network", stage_network },
        { "hook-mount", stage_hook_mount },
        { "hook-autodev", stage_hook_autodev },
        { "devices", stage_nodes },
        { "terminals", stage_terminals },
        { "boot-id", stage_boot_id },
        { "sysctl", stage_sysctl },
        { "time", stage_time },
        { "limits", stage_limits },
        { "hook-start-path", stage_hook_path },
        { "proc", stage_proc },
        { "pivot", stage_pivot },
        { "personality", stage_personality },
        { "stdio", stage_stdio },
        { "capabilities", stage_capabilities },
        { "label", stage_label },
        { "no-new-privs", stage_privileges },
        { "seccomp", stage_seccomp },
        { "hook-start", stage_hook_start },
        { "directory", stage_directory },
        { "wait", stage_wait },
        { "credentials", stage_credentials },
        { "exec", stage_exec },
};

const char *stage_name(size_t i)
{
        return i < ELEMENTS(stages) ? stages[i].name : NULL;
}

int stages_run(StageContext *context, Error *reterr)
{
        for (size_t i = 0; i < ELEMENTS(stages); i++) {
                int r = stages[i].run(context, reterr);

                if (r < 0)
                        return error_at(reterr, r, stages[i].name, NULL);
        }
        return error_at(reterr, error_errno(reterr, EPROTO, "Init was not executed"), "exec", NULL);
}
