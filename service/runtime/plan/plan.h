/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A start as data: everything the launcher must know, resolved. plan_make() is a pure function of
 * the configuration and PlanInput: it needs no rights and touches nothing, so `nagaya-run --plan`
 * and the tests print what a start would do. What a configuration asks for and cannot be honoured
 * is refused here, with ERROR_NOT_SUPPORTED and the name of the key. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/config.h"
#include "config/hook.h"
#include "config/subid.h"
#include "kernel/device-filter.h"
#include "kernel/label.h"
#include "runtime/plan/net.h"

typedef struct PlanInput {
        const char *id;          /* as in the unit's name */
        const char *name;        /* the container's */
        const char *directory;   /* LXCPATH/NAME */
        const char *config_file; /* LXC_CONFIG_FILE of hooks */
        const char *lxcpath;
        const char *fstab;        /* text of lxc.mount.fstab's file, NULL: none (plan_read_fstab) */
        char *const *environment; /* our own: inherited by hooks, source of "K" entries */
        LabelModule labels;       /* which the kernel enforces */
        bool apparmor_mounts;     /* and AppArmor sees mounts */
        const SubIds *subids;     /* what the container's owner may map; NULL: anything */
        uint64_t hook_timeout_usec; /* 0: none */
        const char *config_text;    /* of config_file, to tell a line by its number; or NULL */
} PlanInput;

/* What a plan with lxc.idmap must know of the host. */
typedef struct PlanIdMapInput {
        SubIds subids;
        char *config_text;
        bool given; /* the configuration has an lxc.idmap */
} PlanIdMapInput;

/* plan_idmap_read() - *ret is empty when the configuration has no lxc.idmap. */
int plan_idmap_read(const Config *config,
                    const PlanInput *input,
                    PlanIdMapInput *ret,
                    Error *reterr);
void plan_idmap_input_done(PlanIdMapInput *input);

/* Fills in what depends on this host: environment, apparmor. */
void plan_input_host(PlanInput *input);

/* plan_read_fstab() - the text of the file lxc.mount.fstab names; *ret is NULL when it is unset.
 */
int plan_read_fstab(const Config *config, char **ret, Error *reterr);

/* What hooks of a run are told; borrows from the input. */
HookInput plan_hook_input(const PlanInput *input);

/* One mount below the container's root. */
typedef struct PlanMount {
        char *source; /* absolute path, device or word; with source_in_root below the root */
        char *target; /* below the root, no leading slash */
        char *type;   /* NULL: a bind mount */
        char *data;   /* options of the file system, or NULL */
        unsigned long set, clear;  /* MS_* */
        unsigned long propagation; /* MS_SHARED, MS_PRIVATE ..., with MS_REC; 0: as it comes */
        bool recursive;            /* rbind */
        bool change;               /* only attributes and propagation of the mount on target */
        bool optional;             /* a failure is passed over */
        bool source_in_root;
        char *idmap; /* owners through the maps of this user namespace: "container" or a path */
        enum {
                CREATE_NOTHING,
                CREATE_DIRECTORY,
                CREATE_FILE
        } create;
} PlanMount;

typedef enum AutoMount {
        AUTO_NONE, /* not mounted */
        AUTO_READ_WRITE,
        AUTO_READ_ONLY,
        AUTO_MIXED, /* read-only but for what is the container's own */
} AutoMount;

typedef struct PlanLimit {
        int resource; /* RLIMIT_* */
        struct rlimit value;
} PlanLimit;

typedef struct PlanDevices {
        DeviceRule *rules;
        size_t n_rules;
        bool filter; /* any rule was given */
} PlanDevices;

typedef struct PlanTerminals {
        bool console;          /* false: lxc.console.path = none, init's stdio is /dev/null */
        unsigned n_ttys;       /* /dev/tty1 ... */
        unsigned pts_max;      /* of the private devpts instance; 0: no instance of its own */
        char *directory;       /* lxc.tty.dir, below /dev; or NULL */
        char *console_logfile; /* for the supervisor */
        char *console_path;    /* likewise: file or device; NULL: none */
} PlanTerminals;

typedef struct PlanInit {
        char **command; /* [0] is absolute */
        char *cwd;      /* never NULL */
        uid_t uid;
        gid_t gid;
        gid_t *groups;
        size_t n_groups;
        char **environment; /* whole */
        int parent_death_signal;
} PlanInit;

typedef struct PlanSecurity {
        uint64_t capabilities; /* what the container may ever have: bit N = capability N */
        bool no_new_privs;
        bool session_keyring;
        char *seccomp_profile; /* path, NULL: no filter */
        bool core_scheduling;
        LabelModule label_module;
        char *label;         /* of init; NULL: that of the supervisor */
        bool label_optional; /* a profile that is not loaded is done without */
        char *label_keys;    /* of its session keyring, or NULL */
        char *apparmor_text; /* of a profile of this run's own, which `label` names; or NULL */
} PlanSecurity;

/* "nofile" of RLIMIT_NOFILE. */
const char *plan_limit_name(int resource);

typedef struct Plan {
        char *id, *name, *directory, *config_file, *lxcpath;

        uint64_t namespaces; /* CLONE_NEW* of clone3(2) */
        /* Whose namespace of a type is joined: a pid, a container, a path; NULL: nobody's. */
        char *shares[_NAMESPACE_TYPE_MAX];
        char *time_offsets; /* text for timens_offsets, NULL: no time namespace */
        IdMap *id_maps;     /* of the user namespace; empty: none */
        size_t n_id_maps;

        char *rootfs_path;         /* what becomes the root, TYPE:SOURCE or SOURCE */
        char *rootfs;              /* the source */
        char **rootfs_directories; /* that the container writes in, as the host sees them */
        char *rootfs_mount;        /* where it is mounted before the pivot */
        PlanMount rootfs_options;

        char *hostname; /* NULL: the host's stays */
        unsigned long personality;
        bool personality_set;
        bool loopback; /* a network namespace of its own, lo up */
        PlanNet *nets; /* in the order of their numbers */
        size_t n_nets;

        bool autodev;
        uint64_t autodev_size; /* bytes */
        AutoMount proc, sys, cgroup;
        bool cgroup_whole;   /* the host's hierarchy, not only the container's group */
        char *shared_mounts; /* a directory of the host, made a shared mount; NULL: none */
        PlanMount *mounts;
        size_t n_mounts;

        PlanTerminals terminals;
        PlanLimit *limits;
        size_t n_limits;
        KeyValueList sysctls;      /* "net.ipv4.ip_forward" */
        KeyValueList proc_files;   /* "oom_score_adj" */
        KeyValueList cgroup_files; /* files of payload/, without devices.* */
        PlanDevices devices;
        PlanSecurity security;
        PlanInit init;
        HookSet *hooks;
        bool ephemeral; /* removed at its end */
} Plan;

/* plan_make() - `ret_warnings` (owned by the caller, may be NULL in and out) are sentences about
 * keys that have no effect. Return: 0, -errno: ERROR_NOT_SUPPORTED or ERROR_INVALID_CONFIG, with
 * the key as the error's object. */
int plan_make(const Config *config,
              const PlanInput *input,
              Plan **ret,
              char ***ret_warnings,
              Error *reterr);
Plan *plan_free(Plan *plan);
DEFINE_CLEANUP(Plan *, plan_free)

/* plan_id_is_mapped() - has the container such an id (always without a user namespace)?
 * plan_id_belongs() - does this id of the host lie in one of its ranges? */
bool plan_id_is_mapped(const Plan *plan, bool group, uint32_t inside);
bool plan_id_belongs(const Plan *plan, bool group, uint32_t outside);

/* plan_print() - the plan as text, in the order of the stages. Return: NULL when out of memory. */
char *plan_print(const Plan *plan);
