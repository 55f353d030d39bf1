/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A plan as text: one line a fact, "NAME: VALUE", about in the order of the stages. */

#include <inttypes.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mount.h>

#include "base/strv.h"
#include "runtime/plan/build.h"

static const struct {
        uint64_t flag;
        const char *name;
} namespace_names[] = {
        { CLONE_NEWUSER, "user" },     { CLONE_NEWNS, "mnt" },  { CLONE_NEWPID, "pid" },
        { CLONE_NEWUTS, "uts" },       { CLONE_NEWIPC, "ipc" }, { CLONE_NEWNET, "net" },
        { CLONE_NEWCGROUP, "cgroup" },
};

static const struct {
        unsigned long flag;
        const char *name;
} mount_flag_names[] = {
        { MS_RDONLY, "ro" },
        { MS_NOSUID, "nosuid" },
        { MS_NODEV, "nodev" },
        { MS_NOEXEC, "noexec" },
        { MS_SYNCHRONOUS, "sync" },
        { MS_MANDLOCK, "mand" },
        { MS_DIRSYNC, "dirsync" },
        { MS_NOATIME, "noatime" },
        { MS_NODIRATIME, "nodiratime" },
        { MS_RELATIME, "relatime" },
        { MS_STRICTATIME, "strictatime" },
        { MS_LAZYTIME, "lazytime" },
};

static const struct {
        unsigned long flag;
        const char *name;
} propagation_names[] = {
        { MS_SHARED, "shared" },
        { MS_SLAVE, "slave" },
        { MS_PRIVATE, "private" },
        { MS_UNBINDABLE, "unbindable" },
};

static void print_list(FILE *out, const char *name, char *const *list)
{
        for (; list && *list; list++)
                (void) fprintf(out, "%s: %s\n", name, *list);
}

static void print_pairs(FILE *out, const char *name, const KeyValueList *list)
{
        for (size_t i = 0; i < list->n; i++)
                (void) fprintf(out, "%s: %s = %s\n", name, list->items[i].key,
                               list->items[i].value);
}

static void print_namespaces(FILE *out, const Plan *plan)
{
        (void) fprintf(out, "namespaces:");
        for (size_t i = 0; i < ELEMENTS(namespace_names); i++)
                if (plan->namespaces & namespace_names[i].flag)
                        (void) fprintf(out, " %s", namespace_names[i].name);
        (void) fprintf(out, "\n");
        if (plan->time_offsets)
                (void) fprintf(out, "time namespace:\n%s", plan->time_offsets);
        for (NamespaceType type = 0; type < _NAMESPACE_TYPE_MAX; type++)
                if (plan->shares[type])
                        (void) fprintf(out, "share: %s of %s\n", namespace_type_name(type),
                                       plan->shares[type]);
        for (size_t i = 0; i < plan->n_id_maps; i++)
                (void) fprintf(out, "id map: %c %u %u %u\n", plan->id_maps[i].is_gid ? 'g' : 'u',
                               plan->id_maps[i].inside, plan->id_maps[i].outside,
                               plan->id_maps[i].count);
}

static void print_mount_options(FILE *out, const PlanMount *mount)
{
        for (size_t i = 0; i < ELEMENTS(mount_flag_names); i++) {
                if (mount->set & mount_flag_names[i].flag)
                        (void) fprintf(out, " +%s", mount_flag_names[i].name);
                if (mount->clear & mount_flag_names[i].flag)
                        (void) fprintf(out, " -%s", mount_flag_names[i].name);
        }
        for (size_t i = 0; i < ELEMENTS(propagation_names); i++)
                if (mount->propagation & propagation_names[i].flag)
                        (void) fprintf(out, " %s%s", mount->propagation & MS_REC ? "r" : "",
                                       propagation_names[i].name);
        if (mount->data)
                (void) fprintf(out, " data=%s", mount->data);
        if (mount->idmap)
                (void) fprintf(out, " idmap=%s", mount->idmap);
        if (mount->create != CREATE_NOTHING)
                (void) fprintf(out, " create=%s",
                               mount->create == CREATE_FILE ? "file" : "directory");
        if (mount->optional)
                (void) fprintf(out, " optional");
        (void) fprintf(out, "\n");
}

static void print_mount(FILE *out, const PlanMount *mount)
{
        const char *type = mount->type ? mount->type : mount->recursive ? "rbind" : "bind";

        if (mount->change)
                (void) fprintf(out, "mount: change on %s", mount->target);
        else
                (void) fprintf(out, "mount: %s %s%s on %s", type,
                               mount->source_in_root ? "(root)/" : "", mount->source,
                               mount->target);
        print_mount_options(out, mount);
}

static void print_mounts(FILE *out, const Plan *plan)
{
        static const char *const modes[] = {
                [AUTO_NONE] = "no",
                [AUTO_READ_WRITE] = "rw",
                [AUTO_READ_ONLY] = "ro",
                [AUTO_MIXED] = "mixed",
        };

        (void) fprintf(out, "root: %s on %s", plan->rootfs_path, plan->rootfs_mount);
        print_mount_options(out, &plan->rootfs_options);
        if (plan->hostname)
                (void) fprintf(out, "hostname: %s\n", plan->hostname);
        (void) fprintf(out, "session keyring: %s\n",
                       plan->security.session_keyring ? "new" : "kept");
        (void) fprintf(out, "loopback: %s\n", plan->loopback ? "up" : "the host's");
        for (size_t i = 0; i < plan->n_nets; i++)
                plan_print_net(out, &plan->nets[i]);
        if (plan->autodev)
                (void) fprintf(out, "dev: %" PRIu64 " bytes\n", plan->autodev_size);
        else
                (void) fprintf(out, "dev: of the root file system\n");
        (void) fprintf(out, "proc: %s\nsys: %s\n", modes[plan->proc], modes[plan->sys]);
        if (plan->shared_mounts)
                (void) fprintf(out, "shared mounts: %s\n", plan->shared_mounts);
        for (size_t i = 0; i < plan->n_mounts; i++)
                print_mount(out, &plan->mounts[i]);
        (void) fprintf(out, "cgroup: %s%s\n", modes[plan->cgroup],
                       plan->cgroup_whole ? ", the host's hierarchy" : "");
}

static void print_terminals(FILE *out, const PlanTerminals *terminals)
{
        (void) fprintf(out, "console: %s\nttys: %u\n", terminals->console ? "yes" : "no",
                       terminals->n_ttys);
        if (terminals->directory)
                (void) fprintf(out, "tty directory: %s\n", terminals->directory);
        if (terminals->pts_max)
                (void) fprintf(out, "devpts: at most %u\n", terminals->pts_max);
        else
                (void) fprintf(out, "devpts: none\n");
        if (terminals->console_logfile)
                (void) fprintf(out, "console log: %s\n", terminals->console_logfile);
        if (terminals->console_path)
                (void) fprintf(out, "console peer: %s\n", terminals->console_path);
}

static void print_limit(FILE *out, rlim_t value)
{
        if (value == RLIM_INFINITY)
                (void) fprintf(out, " unlimited");
        else
                (void) fprintf(out, " %ju", (uintmax_t) value);
}

static void print_number(FILE *out, const char *prefix, int64_t number)
{
        if (number < 0)
                (void) fprintf(out, "%s*", prefix);
        else
                (void) fprintf(out, "%s%jd", prefix, (intmax_t) number);
}

static void print_limits(FILE *out, const Plan *plan)
{
        for (size_t i = 0; i < plan->n_limits; i++) {
                (void) fprintf(out, "limit: %s", plan_limit_name(plan->limits[i].resource));
                print_limit(out, plan->limits[i].value.rlim_cur);
                print_limit(out, plan->limits[i].value.rlim_max);
                (void) fprintf(out, "\n");
        }
        print_pairs(out, "sysctl", &plan->sysctls);
        print_pairs(out, "proc file", &plan->proc_files);
        print_pairs(out, "cgroup file", &plan->cgroup_files);
        for (size_t i = 0; i < plan->devices.n_rules; i++) {
                const DeviceRule *rule = &plan->devices.rules[i];

                (void) fprintf(out, "device: %s %c", rule->allow ? "allow" : "deny", rule->type);
                print_number(out, " ", rule->major);
                print_number(out, ":", rule->minor);
                (void) fprintf(out, " %s%s%s\n", rule->access & DEVICE_READ ? "r" : "",
                               rule->access & DEVICE_WRITE ? "w" : "",
                               rule->access & DEVICE_MKNOD ? "m" : "");
        }
}

/* The shorter way round: what is left out of all, or what is there of none. */
static void print_capabilities(FILE *out, uint64_t set)
{
        bool most = __builtin_popcountll(set) > 32;

        if (set == 0 || set == UINT64_MAX) {
                (void) fprintf(out, "capabilities: %s\n", set ? "all" : "none");
                return;
        }
        (void) fprintf(out, "capabilities:%s", most ? " all but" : "");
        for (int i = 0; i < 64; i++) {
                char *name;

                if ((set >> i & 1) == most)
                        continue;
                name = i <= CAP_LAST_CAP ? cap_to_name(i) : NULL;
                if (name)
                        (void) fprintf(out, " %s", name + strlen("cap_"));
                else
                        (void) fprintf(out, " %d", i);
                (void) cap_free(name);
        }
        (void) fprintf(out, "\n");
}

static void print_security(FILE *out, const Plan *plan)
{
        const PlanSecurity *security = &plan->security;

        if (plan->personality_set)
                (void) fprintf(out, "personality: %#lx\n", plan->personality);
        print_capabilities(out, security->capabilities);
        (void) fprintf(out, "no new privileges: %s\n", security->no_new_privs ? "yes" : "no");
        if (security->core_scheduling)
                (void) fprintf(out, "core scheduling: own domain\n");
        if (security->label)
                (void) fprintf(out, "label: %s%s\n", security->label,
                               security->label_optional ? ", if it is loaded" : "");
        if (security->label_keys)
                (void) fprintf(out, "label of keys: %s\n", security->label_keys);
        if (security->apparmor_text)
                (void) fputs(security->apparmor_text, out);
        (void) fprintf(out, "seccomp: %s\n",
                       security->seccomp_profile ? security->seccomp_profile : "none");
}

static void print_init(FILE *out, const Plan *plan)
{
        const PlanInit *init = &plan->init;

        (void) fprintf(out, "directory: %s\nuser: %u:%u", init->cwd, init->uid, init->gid);
        for (size_t i = 0; i < init->n_groups; i++)
                (void) fprintf(out, " %u", init->groups[i]);
        (void) fprintf(out, "\nparent death signal: %d\n", init->parent_death_signal);
        print_list(out, "environment", init->environment);
        (void) fprintf(out, "init:");
        strv_foreach(word, init->command)
                (void) fprintf(out, " '%s'", *word);
        (void) fprintf(out, "\n");
}

static void print_hooks(FILE *out, const HookSet *hooks)
{
        for (HookType type = 0; type < _HOOK_TYPE_MAX; type++)
                strv_foreach(line, hooks->lines[type])
                        (void) fprintf(out, "hook %s: %s\n", hook_type_name(type), *line);
}

char *plan_print(const Plan *plan)
{
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        (void) fprintf(out, "container: %s\n", plan->name);
        if (plan->ephemeral)
                (void) fprintf(out, "ephemeral: yes\n");
        print_namespaces(out, plan);
        print_mounts(out, plan);
        print_terminals(out, &plan->terminals);
        print_limits(out, plan);
        print_security(out, plan);
        print_init(out, plan);
        print_hooks(out, plan->hooks);
        if (fclose(out) != 0) {
                free(text);
                return NULL;
        }
        return text;
}
