/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* lxc.conf as a value (lxc.container.conf(5)). A Config is filled by the parser through the table
 * of keys (config/keys.h) and only read by everybody else. Unset strings are NULL, unset numbers
 * hold the default that is written beside them. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

typedef enum HookType {
        HOOK_PRE_START,
        HOOK_PRE_MOUNT,
        HOOK_MOUNT,
        HOOK_AUTODEV,
        HOOK_START_HOST,
        HOOK_START,
        HOOK_STOP,
        HOOK_POST_STOP,
        HOOK_CLONE,
        HOOK_DESTROY,
        _HOOK_TYPE_MAX,
} HookType;

const char *hook_type_name(HookType type); /* "pre-start" */

typedef enum NamespaceType {
        NAMESPACE_USER,
        NAMESPACE_MNT,
        NAMESPACE_PID,
        NAMESPACE_UTS,
        NAMESPACE_IPC,
        NAMESPACE_NET,
        NAMESPACE_CGROUP,
        NAMESPACE_TIME,
        _NAMESPACE_TYPE_MAX,
} NamespaceType;

const char *namespace_type_name(NamespaceType type);

/* "KEY = VALUE" pairs whose KEY part varies: cgroup2.*, cgroup.*, sysctl.*, proc.*, prlimit.*. */
typedef struct KeyValue {
        char *key;
        char *value;
} KeyValue;

typedef struct KeyValueList {
        KeyValue *items;
        size_t n;
} KeyValueList;

typedef struct IdMap {
        bool is_gid;
        uint32_t inside, outside, count;
} IdMap;

/* One lxc.net.N; subkeys are texts, checked when set. */
typedef struct NetConfig {
        unsigned index;
        KeyValueList keys; /* subkey ("type", "link", "ipv4.address" ...) -> value, in file order */
} NetConfig;

typedef struct RootfsConfig {
        char *path;    /* with its backend prefix if it had one; NULL: the host's root */
        char *mount;   /* lxc.rootfs.mount */
        char *options; /* lxc.rootfs.options */
        char *backend; /* legacy lxc.rootfs.backend: already put before `path`, read only `path` */
        bool managed;  /* default true */
} RootfsConfig;

typedef struct InitConfig {
        char *command; /* NULL: /sbin/init */
        char *execute; /* lxc.execute.cmd */
        char *cwd;
        uint32_t uid, gid; /* default 0 */
        uint32_t *groups;
        size_t n_groups;
} InitConfig;

typedef struct SignalConfig {
        int halt, reboot, stop; /* 0: unset (SIGPWR or SIGRTMIN+3, SIGINT, SIGKILL) */
} SignalConfig;

typedef struct MountConfig {
        char *fstab;
        char **entries;   /* fstab lines */
        char **automatic; /* words of lxc.mount.auto, in order */
} MountConfig;

typedef struct TerminalConfig {
        unsigned tty_max, pty_max;
        char *tty_dir;
        char *console_path, *console_logfile;
        bool console_rotate;
        uint64_t console_buffer_size, console_size; /* bytes, 0: off */
} TerminalConfig;

typedef struct SecurityConfig {
        uint64_t cap_drop; /* bit N = capability N */
        uint64_t cap_keep;
        bool cap_keep_set; /* lxc.cap.keep was given (`none` keeps nothing) */
        bool no_new_privs;
        char *apparmor_profile;
        bool apparmor_allow_incomplete, apparmor_allow_nesting;
        char **apparmor_raw;
        char *selinux_context, *selinux_context_keyring;
        bool keyring_session; /* default true */
        char *seccomp_profile;
        bool seccomp_allow_nesting;
        char *seccomp_notify_proxy, *seccomp_notify_cookie;
} SecurityConfig;

typedef struct CgroupConfig {
        KeyValueList v2; /* lxc.cgroup2.FILE */
        KeyValueList v1; /* lxc.cgroup.FILE */
        char *dir, *dir_container, *dir_monitor, *dir_monitor_pivot, *dir_container_inner;
        bool relative;
} CgroupConfig;

typedef struct NamespaceConfig {
        unsigned clone, keep; /* bit N = NamespaceType N; 0: not set */
        char *share[_NAMESPACE_TYPE_MAX];
        char *time_boot, *time_monotonic; /* as written */
        IdMap *idmaps;
        size_t n_idmaps;
} NamespaceConfig;

typedef struct StartConfig {
        bool automatic;
        int64_t delay, order;
        char **groups;
        bool ephemeral;
} StartConfig;

typedef struct MonitorConfig {
        bool unshare;
        int signal_pdeath; /* 0: unset (SIGKILL) */
        int log_level;     /* -1: unset */
        char *log_file, *log_syslog;
} MonitorConfig;

typedef struct HookConfig {
        char **lines[_HOOK_TYPE_MAX];
        unsigned version; /* 0 or 1 */
} HookConfig;

typedef struct Environment {
        char **all, **runtime, **hooks; /* "K=V", or "K": taken from our own environment */
} Environment;

typedef struct Config {
        char *arch; /* a word of lxc.arch as written; NULL: the host's */
        char *uts_name;
        RootfsConfig rootfs;
        InitConfig init;
        SignalConfig signal;
        MountConfig mount;
        bool autodev;                /* default true */
        uint64_t autodev_tmpfs_size; /* default 500000 */
        TerminalConfig terminal;
        SecurityConfig security;
        CgroupConfig cgroup;
        NamespaceConfig namespace;
        StartConfig start;
        MonitorConfig monitor;
        HookConfig hook;
        Environment environment;
        KeyValueList prlimit, sysctl, proc;
        bool sched_core;
        NetConfig *nets; /* sorted by index */
        size_t n_nets;
} Config;

/* What an omitted key means. */
extern const Config config_defaults;

/* All defaults. The caller frees. Return: NULL when out of memory. */
Config *config_new(void);
Config *config_free(Config *config);
DEFINE_CLEANUP(Config *, config_free)

/* The value of `key`, the last one wins, or NULL. */
const char *key_value_get(const KeyValueList *list, const char *key);

/* The nic with that index, or NULL. */
const NetConfig *config_net(const Config *config, unsigned index);

/* Splits "overlay:/low:/up" at the backend word it may begin with. *ret_backend: a static string
 * ("overlay"; the old "overlayfs" stays as it is), or NULL for a bare path. Return: the source. */
const char *rootfs_path_split(const char *path, const char **ret_backend);

/* Where lxc.rootfs.path points, without its backend (NULL: unset), and where the root file system is
 * mounted before it becomes the root. Both borrowed. */
const char *config_rootfs_source(const Config *config);
const char *config_rootfs_mount(const Config *config);

/* Is this arch word (lxc.arch) one of a 32-bit machine? Return: > 0 yes, 0 no, -EINVAL unknown. */
int arch_is_32bit(const char *arch);

/* The value of a nic's subkey ("type", "flags"), or NULL. */
const char *net_config_get(const NetConfig *net, const char *subkey);
