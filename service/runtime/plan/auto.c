/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: the words of lxc.mount.auto. */

#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>

#include "base/path.h"
#include "base/strv.h"
#include "runtime/plan/build.h"

/* Where LXC puts them. */
#define SHARED_MOUNTS_TARGET "dev/.lxc-mounts"

typedef struct AutoWord {
        const char *prefix;
        size_t offset;
        AutoMount plain; /* without a mode */
        bool whole;
} AutoWord;

/* AUTO_NONE: as the container's capabilities say. */
static const AutoWord auto_words[] = {
        { "proc", offsetof(Plan, proc), AUTO_MIXED, false },
        { "sys", offsetof(Plan, sys), AUTO_MIXED, false },
        { "cgroup", offsetof(Plan, cgroup), AUTO_NONE, false },
        { "cgroup2", offsetof(Plan, cgroup), AUTO_NONE, false },
        { "cgroup-full", offsetof(Plan, cgroup), AUTO_NONE, true },
};

static const struct {
        const char *name;
        AutoMount mode;
} auto_modes[] = {
        { "mixed", AUTO_MIXED },
        { "ro", AUTO_READ_ONLY },
        { "rw", AUTO_READ_WRITE },
};

static AutoMount plain_mode(const PlanBuild *build, const AutoWord *word)
{
        uint64_t capabilities = plan_capabilities(build->config);

        if (word->plain != AUTO_NONE)
                return word->plain;
        return capabilities >> CAP_SYS_ADMIN & 1 ? AUTO_READ_WRITE : AUTO_MIXED;
}

/* In a namespace of its own the container's group is the root of the tree that it mounts, and its
 * own to write in: mixed is read-write, and the host's tree is there only if it is insisted on.
 * Unlike LXC's, the mount is made there, too: an init that would make it finds it made. */
static int take_cgroup(PlanBuild *build, const char *text, AutoMount mode, bool whole, bool force)
{
        Plan *plan = build->plan;
        bool namespace = plan->namespaces & CLONE_NEWCGROUP;

        plan->cgroup_whole = whole && (!namespace || force);
        plan->cgroup =
                mode == AUTO_MIXED && namespace && !plan->cgroup_whole ? AUTO_READ_WRITE : mode;
        if (whole && !plan->cgroup_whole)
                return plan_warn(build,
                                 "'lxc.mount.auto = %s' shows the container its own control "
                                 "group, the root of its cgroup namespace: the host's whole tree "
                                 "takes '%s:force' or 'lxc.namespace.keep = cgroup'",
                                 text, text);
        return 0;
}

/* PATH, or PATH:TARGET. */
static int take_shared_mounts(PlanBuild *build, const char *text)
{
        _cleanup_(strv_free_p) char **parts = NULL;
        Plan *plan = build->plan;
        PlanMount mount = {
                .propagation = MS_SLAVE | MS_REC,
                .recursive = true,
                .create = CREATE_DIRECTORY,
        };
        const char *target;

        if (strv_split(&parts, text, ":") < 0)
                return plan_oom(build);
        target = parts && parts[0] && parts[1] ? parts[1] : SHARED_MOUNTS_TARGET;
        target += strspn(target, "/");
        if (strv_length(parts) < 1 || strv_length(parts) > 2 || !path_is_normalized(parts[0]) ||
            streq(parts[0], "/") || !*target || strstr(target, ".."))
                return plan_invalid(build, "lxc.mount.auto",
                                    "'lxc.mount.auto = shmounts:%s' does not name a directory of "
                                    "the host, and behind a colon one of the container",
                                    text);
        /* The last word counts; nothing else is in the list yet. */
        for (size_t i = 0; i < plan->n_mounts; i++)
                plan_mount_done(&plan->mounts[i]);
        plan->n_mounts = 0;
        if (string_set(&plan->shared_mounts, parts[0]) < 0 ||
            string_set(&mount.source, parts[0]) < 0 || string_set(&mount.target, target) < 0) {
                plan_mount_done(&mount);
                return plan_oom(build);
        }
        return plan_add_mount(build, &mount);
}

static int take_auto_word(PlanBuild *build, const char *text)
{
        _cleanup_(strv_free_p) char **parts = NULL;
        const char *shared = startswith(text, "shmounts:");
        const AutoWord *word = NULL;
        AutoMount mode;

        if (shared)
                return take_shared_mounts(build, shared);
        if (strv_split(&parts, text, ":") < 0)
                return plan_oom(build);
        for (size_t i = 0; i < ELEMENTS(auto_words); i++)
                if (parts && streq(parts[0], auto_words[i].prefix))
                        word = &auto_words[i];
        if (!word)
                return plan_refuse(build, "lxc.mount.auto",
                                   "'lxc.mount.auto = %s' is not supported", text);
        mode = plain_mode(build, word);
        for (size_t i = 0; i < ELEMENTS(auto_modes); i++)
                if (strv_contains(parts + 1, auto_modes[i].name))
                        mode = auto_modes[i].mode;
        if (word->offset == offsetof(Plan, cgroup))
                return take_cgroup(build, text, mode, word->whole,
                                   strv_contains(parts + 1, "force"));
        *(AutoMount *) ((char *) build->plan + word->offset) = mode;
        return 0;
}

int plan_build_automounts(PlanBuild *build)
{
        build->plan->autodev = build->config->autodev;
        build->plan->autodev_size = build->config->autodev_tmpfs_size;
        strv_foreach(word, build->config->mount.automatic) {
                int r = take_auto_word(build, *word);

                if (r < 0)
                        return r;
        }
        return 0;
}
