/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The child side of a start: a table of named stages, run in order by the process that becomes
 * init. Each stage does one thing that the plan asks for; the error of one names itself. Nothing
 * here logs or writes to stdio: what there is to say goes through the sync socket.
 *
 * Before the pivot the host's root is "/" and the container's tree is only reached from root_fd.
 * A user namespace comes before everything else: its maps are the parent's first work, and all
 * mounts below are then its own; what only host root may set is set from outside
 * (user-namespace.h). */

#include <sys/mount.h>

#include "runtime/payload/launch.h"
#include "runtime/payload/tree.h"

typedef struct StageContext {
        const Launch *launch;
        const Plan *plan;
        int sync_fd;
        const Trees *trees; /* from outside */
        int mount_point_fd; /* opened before the process became the container's root; or -EBADF */
        int root_fd;        /* the root of the container's tree, until the pivot */
        int console_fd;     /* what becomes stdin, stdout and stderr */
        int proc_fd;        /* the host's proc, for labels; or -EBADF */
} StageContext;

typedef struct Stage {
        const char *name;
        int (*run)(StageContext *context, Error *reterr);
} Stage;

/* stages_run() - does not return when all went well: the process is init then. Return: -errno, with
 * the stage in the error. */
int stages_run(StageContext *context, Error *reterr);

/* Names of the stages, for tests and documentation; NULL past the end. */
const char *stage_name(size_t i);

bool stage_has_user_namespace(const StageContext *context);

/* stage_write_settings() - each KEY (dots for slashes) of the list below `directory` of a proc.
 * `name` is what the list is called in the configuration. */
int stage_write_settings(int proc_fd,
                         const char *directory,
                         const char *name,
                         const KeyValueList *list,
                         Error *reterr);

/* A remark for the supervisor's log. */
void stage_note(StageContext *context, int level, const char *format, ...) _printf_(3, 4);

int stage_prepare(StageContext *context, Error *reterr);
int stage_user(StageContext *context, Error *reterr);
int stage_propagation(StageContext *context, Error *reterr);
int stage_root(StageContext *context, Error *reterr);
int stage_hostname(StageContext *context, Error *reterr);
int stage_keyring(StageContext *context, Error *reterr);
int stage_loopback(StageContext *context, Error *reterr);
int stage_pivot(StageContext *context, Error *reterr);

#define ATTRIBUTES_SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* stage_mount_on() - a new file system on a directory below the root, which is made where it is
 * missing. Return: its tree fd, -errno (raised).
 * stage_mount_failed() - raise what kept a mount from being made. Return: -errno. */
int stage_mount_on(StageContext *context,
                   const char *type,
                   const char *const *options,
                   unsigned attributes,
                   const char *target,
                   Error *reterr);
int stage_mount_failed(Error *reterr, int r, const char *what, const char *target);

int stage_network(StageContext *context, Error *reterr);

int stage_dev(StageContext *context, Error *reterr);
int stage_automounts(StageContext *context, Error *reterr);
int stage_mounts(StageContext *context, Error *reterr);
int stage_cgroup(StageContext *context, Error *reterr);

int stage_nodes(StageContext *context, Error *reterr);
int stage_terminals(StageContext *context, Error *reterr);
int stage_boot_id(StageContext *context, Error *reterr);

int stage_time(StageContext *context, Error *reterr);
int stage_time_offsets(StageContext *context, Error *reterr);
int stage_sysctl(StageContext *context, Error *reterr);
int stage_limits(StageContext *context, Error *reterr);
int stage_personality(StageContext *context, Error *reterr);
int stage_proc(StageContext *context, Error *reterr);
int stage_label(StageContext *context, Error *reterr);
int stage_capabilities(StageContext *context, Error *reterr);
int stage_privileges(StageContext *context, Error *reterr);
int stage_seccomp(StageContext *context, Error *reterr);

int stage_stdio(StageContext *context, Error *reterr);
int stage_directory(StageContext *context, Error *reterr);
int stage_wait(StageContext *context, Error *reterr);
int stage_credentials(StageContext *context, Error *reterr);
int stage_exec(StageContext *context, Error *reterr);
