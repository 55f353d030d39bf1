/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Control groups, version 2 only, by directory fd. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* cgroup_path_parse() - the "0::" line of a /proc/PID/cgroup text. Pure. The caller frees *ret.
 * Return: 0, -ENOENT (no such line: no version 2 hierarchy), -EBADMSG (not an absolute path, or one
 * outside of our view of the hierarchy, "/../x"), -ENOMEM. */
int cgroup_path_parse(const char *text, char **ret);

/* Where the version 2 hierarchy is mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified on a host
 * that still has version 1 beside it. Return: NULL when neither is. */
const char *cgroup_mount_point(void);

/* cgroup_open_own() - the group this process is in. *ret_path is its path in the hierarchy (the
 * caller frees). Return: fd, -errno. */
int cgroup_open_own(char **ret_path, Error *reterr);

/* cgroup_open_path() - the group with this path in the hierarchy. Return: fd, -errno (-ENOENT: it
 * is gone), without a sentence. */
int cgroup_open_path(const char *path);

/* cgroup_make() - the child group `name`, made where it is missing. Return: fd, -errno. */
int cgroup_make(int parent_fd, const char *name, Error *reterr);

/* Moves this process. */
int cgroup_enter(int group_fd, Error *reterr);

/* Are there controllers that could be given to the groups below? */
bool cgroup_has_controllers(int group_fd);

/* cgroup_enable_controllers() - all that are available to the group, for its children. One that
 * cannot be enabled stays off: whoever writes an attribute of it is told then. */
void cgroup_enable_controllers(int group_fd);

/* cgroup_write() - one attribute file. The sentence tells a missing controller from a refusal. */
int cgroup_write(int group_fd, const char *file, const char *value, Error *reterr);

/* Return: 0, -errno (-ENOENT: the group is gone). */
int cgroup_freeze(int group_fd, bool frozen);
int cgroup_kill(int group_fd); /* every process in it and below, frozen ones too */

typedef struct CgroupEvents {
        bool populated;
        bool frozen;
} CgroupEvents;

/* The text of cgroup.events. Pure. Return: 0, -EBADMSG. */
int cgroup_events_parse(const char *text, CgroupEvents *ret);

/* cgroup_events_open() - an fd to wait on: EPOLLPRI when it changed since the last
 * cgroup_events_read(). Return: fd, -errno. */
int cgroup_events_open(int group_fd);
int cgroup_events_read(int events_fd, CgroupEvents *ret);

/* The text of memory.events. Pure. Return: 0, -EBADMSG. */
int cgroup_oom_kills_parse(const char *text, uint64_t *ret);

/* How many processes of the group and the groups below the kernel has killed for want of memory; 0
 * also where the controller is not available. */
uint64_t cgroup_oom_kills(int group_fd);

/* cgroup_remove() - the child group `name` and all groups below. Return: 0 (also when absent),
 * -EBUSY (a process is in it), -errno. */
int cgroup_remove(int parent_fd, const char *name);

/* cgroup_reap() - kill what is in the child group `name`, wait until it is empty, at most until
 * `deadline_usec` (monotonic), remove it. Blocks: for clean-up. Return: 0 (also when absent),
 * -ETIMEDOUT, -errno. */
int cgroup_reap(int parent_fd, const char *name, uint64_t deadline_usec);
