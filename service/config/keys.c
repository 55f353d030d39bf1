/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/keys.h"

#include <stddef.h>

#include "base/strv.h"
#include "config/legacy.h"
#include "config/owner-safe.h"
#include "config/parse.h"
#include "config/value.h"

#define AT(field) offsetof(Config, field)
#define ALL 0 /* the type works on the whole Config */
#define EXACT KEY_EXACT
#define PREFIX KEY_PREFIX
#define SAFE owner_safe_any
#define HOST NULL /* no value is safe: what it does reaches the host */

/* Sorted as by strcmp(). */
/* clang-format off */
const ConfigKey config_keys[] = {
        { "lxc.apparmor.allow_incomplete",  "lxc.aa_allow_incomplete", EXACT, AT(security.apparmor_allow_incomplete), &type_bool, HOST, "start although the kernel's AppArmor cannot mediate mounts" },
        { "lxc.apparmor.allow_nesting",     NULL, EXACT, AT(security.apparmor_allow_nesting), &type_bool, HOST, "allow containers in the container in the generated AppArmor profile" },
        { "lxc.apparmor.profile",           "lxc.aa_profile", EXACT, AT(security.apparmor_profile), &type_text, HOST, "AppArmor profile: a name, unconfined, unchanged or generated" },
        { "lxc.apparmor.raw",               NULL, EXACT, AT(security.apparmor_raw), &type_lines, HOST, "a line for the generated AppArmor profile" },
        { "lxc.arch",                       NULL, EXACT, AT(arch), &type_architecture, SAFE, "architecture that the container sees (personality)" },
        { "lxc.autodev",                    NULL, EXACT, AT(autodev), &type_bool, SAFE, "put a fresh tmpfs with the usual nodes on /dev" },
        { "lxc.autodev.tmpfs.size",         NULL, EXACT, AT(autodev_tmpfs_size), &type_bytes, owner_safe_dev_size, "size of the tmpfs on /dev in bytes" },
        { "lxc.cap.drop",                   NULL, EXACT, AT(security), &type_cap_drop, SAFE, "capabilities that the container does not have" },
        { "lxc.cap.keep",                   NULL, EXACT, AT(security), &type_cap_keep, SAFE, "the only capabilities that the container has" },
        { "lxc.cgroup",                     NULL, PREFIX, AT(cgroup.v1), &type_cgroup_files, HOST, "cgroup v1 file and its value, translated to v2" },
        { "lxc.cgroup.dir",                 NULL, EXACT, AT(cgroup.dir), &type_cgroup_directory, HOST, "directory of the container's cgroups" },
        { "lxc.cgroup.dir.container",       NULL, EXACT, AT(cgroup.dir_container), &type_cgroup_directory, HOST, "cgroup of the container's processes" },
        { "lxc.cgroup.dir.container.inner", NULL, EXACT, AT(cgroup.dir_container_inner), &type_cgroup_leaf, HOST, "cgroup below lxc.cgroup.dir.container that is the container's root" },
        { "lxc.cgroup.dir.monitor",         NULL, EXACT, AT(cgroup.dir_monitor), &type_cgroup_directory, HOST, "cgroup of the supervisor" },
        { "lxc.cgroup.dir.monitor.pivot",   NULL, EXACT, AT(cgroup.dir_monitor_pivot), &type_cgroup_directory, HOST, "cgroup that the supervisor moves to at the end" },
        { "lxc.cgroup.relative",            NULL, EXACT, AT(cgroup.relative), &type_bool, HOST, "put the container's cgroups below the caller's" },
        { "lxc.cgroup2",                    NULL, PREFIX, AT(cgroup.v2), &type_cgroup_files, HOST, "cgroup file and the value written to it" },
        { "lxc.console.buffer.size",        NULL, EXACT, AT(terminal.console_buffer_size), &type_buffer_size, owner_safe_buffer, "how much of the console's output is kept in memory" },
        { "lxc.console.logfile",            NULL, EXACT, AT(terminal.console_logfile), &type_text, HOST, "file that the console's output is appended to" },
        { "lxc.console.path",               "lxc.console", EXACT, AT(terminal.console_path), &type_text, HOST, "device or file of the console, or none" },
        { "lxc.console.rotate",             NULL, EXACT, AT(terminal.console_rotate), &type_bool, SAFE, "rename a full console log to logfile.1" },
        { "lxc.console.size",               NULL, EXACT, AT(terminal.console_size), &type_buffer_size, HOST, "limit of the console log" },
        { "lxc.environment",                NULL, EXACT, AT(environment.all), &type_environment, owner_safe_environment, "variable of init and of the hooks in the container" },
        { "lxc.environment.hooks",          NULL, EXACT, AT(environment.hooks), &type_environment, owner_safe_environment, "variable of the hooks only" },
        { "lxc.environment.runtime",        NULL, EXACT, AT(environment.runtime), &type_environment, owner_safe_environment, "variable of init only" },
        { "lxc.ephemeral",                  NULL, EXACT, AT(start.ephemeral), &type_bool, SAFE, "destroy the container when it has stopped" },
        { "lxc.execute.cmd",                NULL, EXACT, AT(init.execute), &type_text, SAFE, "command of an application container" },
        { "lxc.group",                      NULL, EXACT, AT(start.groups), &type_words, SAFE, "groups that the container belongs to" },
        { "lxc.hook",                       NULL, EXACT, AT(hook), &type_hooks_all, SAFE, "empty: remove all hooks" },
        { "lxc.hook.autodev",               NULL, EXACT, AT(hook.lines[HOOK_AUTODEV]), &type_lines, HOST, "command run while /dev is filled" },
        { "lxc.hook.clone",                 NULL, EXACT, AT(hook.lines[HOOK_CLONE]), &type_lines, HOST, "command run for the new container of a clone" },
        { "lxc.hook.destroy",               NULL, EXACT, AT(hook.lines[HOOK_DESTROY]), &type_lines, HOST, "command run on the host before the container is destroyed" },
        { "lxc.hook.mount",                 NULL, EXACT, AT(hook.lines[HOOK_MOUNT]), &type_lines, HOST, "command run after the mounts, before the root is changed" },
        { "lxc.hook.post-stop",             NULL, EXACT, AT(hook.lines[HOOK_POST_STOP]), &type_lines, HOST, "command run on the host after the container has stopped" },
        { "lxc.hook.pre-mount",             NULL, EXACT, AT(hook.lines[HOOK_PRE_MOUNT]), &type_lines, HOST, "command run before the root file system is mounted" },
        { "lxc.hook.pre-start",             NULL, EXACT, AT(hook.lines[HOOK_PRE_START]), &type_lines, HOST, "command run on the host before the container is built" },
        { "lxc.hook.start",                 NULL, EXACT, AT(hook.lines[HOOK_START]), &type_lines, HOST, "command run in the container before its init" },
        { "lxc.hook.start-host",            NULL, EXACT, AT(hook.lines[HOOK_START_HOST]), &type_lines, HOST, "command run on the host before the container's init" },
        { "lxc.hook.stop",                  NULL, EXACT, AT(hook.lines[HOOK_STOP]), &type_lines, HOST, "command run on the host when init has ended" },
        { "lxc.hook.version",               NULL, EXACT, AT(hook.version), &type_hook_version, SAFE, "how hooks are told what they run for: 0 arguments, 1 environment" },
        { "lxc.idmap",                      "lxc.id_map", EXACT, AT(namespace), &type_idmap, HOST, "range of user or group ids: u|g INSIDE OUTSIDE COUNT" },
        { "lxc.include",                    NULL, EXACT, ALL, &type_include, HOST, "file, or directory of *.conf files, read in place" },
        { "lxc.init.cmd",                   "lxc.init_cmd", EXACT, AT(init.command), &type_text, SAFE, "command of init (default /sbin/init)" },
        { "lxc.init.cwd",                   NULL, EXACT, AT(init.cwd), &type_text, SAFE, "working directory of init" },
        { "lxc.init.gid",                   "lxc.init_gid", EXACT, AT(init.gid), &type_id, SAFE, "group id of init" },
        { "lxc.init.groups",                NULL, EXACT, AT(init), &type_groups, SAFE, "supplementary group ids of init" },
        { "lxc.init.uid",                   "lxc.init_uid", EXACT, AT(init.uid), &type_id, SAFE, "user id of init" },
        { "lxc.keyring.session",            NULL, EXACT, AT(security.keyring_session), &type_bool, owner_safe_session, "give the container a session keyring of its own" },
        { "lxc.log.file",                   "lxc.logfile", EXACT, AT(monitor.log_file), &type_text, HOST, "log file" },
        { "lxc.log.level",                  "lxc.loglevel", EXACT, AT(monitor.log_level), &type_log_level, SAFE, "what is logged" },
        { "lxc.log.syslog",                 "lxc.syslog", EXACT, AT(monitor.log_syslog), &type_syslog, HOST, "syslog facility" },
        { "lxc.monitor.signal.pdeath",      NULL, EXACT, AT(monitor.signal_pdeath), &type_signal, SAFE, "signal that init gets when its supervisor dies" },
        { "lxc.monitor.unshare",            NULL, EXACT, AT(monitor.unshare), &type_bool, HOST, "run the supervisor in a mount namespace of its own" },
        { "lxc.mount.auto",                 NULL, EXACT, AT(mount.automatic), &type_mount_auto, owner_safe_mount_auto, "kernel file systems to mount" },
        { "lxc.mount.entry",                NULL, EXACT, AT(mount.entries), &type_mount_entry, owner_safe_mount_entry, "a line of fstab(5) to mount in the container" },
        { "lxc.mount.fstab",                "lxc.mount", EXACT, AT(mount.fstab), &type_fstab, HOST, "file of lines to mount in the container" },
        { "lxc.namespace.clone",            NULL, EXACT, AT(namespace.clone), &type_namespaces, HOST, "the only namespaces that the container gets" },
        { "lxc.namespace.keep",             NULL, EXACT, AT(namespace.keep), &type_namespaces, HOST, "namespaces that stay the host's" },
        { "lxc.namespace.share",            NULL, PREFIX, AT(namespace.share), &type_namespace_share, HOST, "namespace to take from a pid, container or path" },
        { "lxc.net",                        "lxc.network", PREFIX, ALL, &type_net, owner_safe_net, "network interfaces, lxc.net.N.KEY" },
        { "lxc.no_new_privs",               NULL, EXACT, AT(security.no_new_privs), &type_bool, SAFE, "programs in the container cannot gain privileges" },
        { "lxc.prlimit",                    "lxc.limit", PREFIX, AT(prlimit), &type_prlimit, HOST, "resource limit of init, SOFT:HARD" },
        { "lxc.proc",                       NULL, PREFIX, AT(proc), &type_proc, HOST, "file of init's /proc/PID and the value written to it" },
        { "lxc.pty.max",                    "lxc.pts", EXACT, AT(terminal.pty_max), &type_uint, SAFE, "pseudo-terminals the container may open" },
        { "lxc.rootfs.managed",             NULL, EXACT, AT(rootfs.managed), &type_bool, HOST, "0: the root file system is not ours to destroy" },
        { "lxc.rootfs.mount",               NULL, EXACT, AT(rootfs.mount), &type_text, HOST, "where hooks find the root file system" },
        { "lxc.rootfs.options",             NULL, EXACT, AT(rootfs.options), &type_text, HOST, "mount options of the root file system" },
        { "lxc.rootfs.path",                "lxc.rootfs", EXACT, AT(rootfs), &type_rootfs_path, HOST, "root file system: [BACKEND:]SOURCE" },
        { "lxc.sched.core",                 NULL, EXACT, AT(sched_core), &type_bool, HOST, "share no core with processes outside" },
        { "lxc.seccomp.allow_nesting",      NULL, EXACT, AT(security.seccomp_allow_nesting), &type_bool, HOST, "load the seccomp profile even if one is active" },
        { "lxc.seccomp.notify.cookie",      NULL, EXACT, AT(security.seccomp_notify_cookie), &type_text, HOST, "text sent along with seccomp notifications" },
        { "lxc.seccomp.notify.proxy",       NULL, EXACT, AT(security.seccomp_notify_proxy), &type_unix_address, HOST, "socket that seccomp notifications go to" },
        { "lxc.seccomp.profile",            "lxc.seccomp", EXACT, AT(security.seccomp_profile), &type_text, HOST, "file of the seccomp profile" },
        { "lxc.selinux.context",            "lxc.se_context", EXACT, AT(security.selinux_context), &type_text, HOST, "SELinux context of init" },
        { "lxc.selinux.context.keyring",    NULL, EXACT, AT(security.selinux_context_keyring), &type_text, HOST, "SELinux context of the session keyring" },
        { "lxc.signal.halt",                "lxc.haltsignal", EXACT, AT(signal.halt), &type_signal, SAFE, "signal that asks init to halt" },
        { "lxc.signal.reboot",              "lxc.rebootsignal", EXACT, AT(signal.reboot), &type_signal, SAFE, "signal that asks init to reboot" },
        { "lxc.signal.stop",                "lxc.stopsignal", EXACT, AT(signal.stop), &type_signal, SAFE, "signal that stops init at once" },
        { "lxc.start.auto",                 NULL, EXACT, AT(start.automatic), &type_bool, HOST, "start the container when the host boots" },
        { "lxc.start.delay",                NULL, EXACT, AT(start.delay), &type_seconds, HOST, "seconds to wait after it was started at boot" },
        { "lxc.start.order",                NULL, EXACT, AT(start.order), &type_integer, HOST, "place in the order of starts at boot, lower is earlier" },
        { "lxc.sysctl",                     NULL, PREFIX, AT(sysctl), &type_sysctl, HOST, "sysctl of the container's namespaces" },
        { "lxc.time.offset.boot",           NULL, EXACT, AT(namespace.time_boot), &type_time_offset, SAFE, "offset of the container's boot-time clock" },
        { "lxc.time.offset.monotonic",      NULL, EXACT, AT(namespace.time_monotonic), &type_time_offset, SAFE, "offset of the container's monotonic clock" },
        { "lxc.tty.dir",                    "lxc.devttydir", EXACT, AT(terminal.tty_dir), &type_device_directory, SAFE, "directory below /dev for console and ttys" },
        { "lxc.tty.max",                    "lxc.tty", EXACT, AT(terminal.tty_max), &type_uint, owner_safe_terminals, "number of ttys, /dev/tty1 and on" },
        { "lxc.uts.name",                   "lxc.utsname", EXACT, AT(uts_name), &type_host_name, SAFE, "host name of the container" },
};
/* clang-format on */
const size_t config_keys_n = ELEMENTS(config_keys);

/* Every row begins with it, which need not be compared. */
#define COMMON "lxc."
#define COMMON_SIZE (sizeof(COMMON) - 1)

static int key_compare(const char *name, size_t size, const ConfigKey *row)
{
        int c = strncmp(name + COMMON_SIZE, row->name + COMMON_SIZE, size - COMMON_SIZE);

        return c ? c : -(row->name[size] != '\0');
}

/* The row whose name is the first `size` bytes of `name`. */
static const ConfigKey *row_find(const char *name, size_t size)
{
        size_t low = 0, high = ELEMENTS(config_keys);

        if (size <= COMMON_SIZE || memcmp(name, COMMON, COMMON_SIZE) != 0)
                return NULL;
        while (low < high) {
                size_t middle = (low + high) / 2;
                int c = key_compare(name, size, &config_keys[middle]);

                if (c == 0)
                        return &config_keys[middle];
                if (c < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

/* The row of the whole name, else of the longest leading part of it that is a prefix key. */
bool config_key_find(const char *name, KeyRef *ret)
{
        size_t size = strlen(name);
        const ConfigKey *row;

        if (size > CONFIG_NAME_MAX)
                return false;
        row = row_find(name, size);
        if (row) {
                *ret = (KeyRef){ .row = row, .subkey = "" };
                return true;
        }
        while (size > 0) {
                const char *dot = memrchr(name, '.', size);

                if (!dot)
                        return false;
                size = (size_t) (dot - name);
                row = row_find(name, size);
                if (row) {
                        *ret = (KeyRef){ .row = row, .subkey = dot + 1 };
                        return row->match == KEY_PREFIX && row->type->knows(dot + 1);
                }
        }
        return false;
}

bool config_key_is_owner_safe(const char *name, const char *value)
{
        char current[CONFIG_NAME_MAX + 1];
        KeyRef key;

        /* Which nic an old name means does not matter here. */
        if (!config_key_find(name, &key)) {
                if (legacy_translate(name, 1, current, sizeof(current)) != LEGACY_RENAMED)
                        return false;
                if (!config_key_find(current, &key))
                        return false;
        }
        return key.row->owner_safe && key.row->owner_safe(key.subkey, value);
}
