/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Labels of the security modules AppArmor and SELinux, through a proc of ours: what is written to or
 * read from a proc of a container says nothing. `proc_fd` is such a proc, open as a directory. All
 * return 0 or -errno without a sentence. */

#include <stdbool.h>
#include <sys/types.h>

typedef enum LabelModule {
        LABEL_NONE,
        LABEL_APPARMOR,
        LABEL_SELINUX,
} LabelModule;

/* label_module() - the one that the kernel enforces labels of; where there are both, SELinux. */
LabelModule label_module(void);

/* label_set_at_exec() - of the next program that this process executes. */
int label_set_at_exec(int proc_fd, LabelModule module, const char *label);

/* label_set_of_keys() - of the keyrings that this process makes: SELinux only. */
int label_set_of_keys(int proc_fd, const char *label);

/* label_read() - of a process, without AppArmor's mode; *ret is NULL when it is not confined. The
 * caller frees. */
int label_read(int proc_fd, LabelModule module, pid_t pid, char **ret);

/* label_parse() - what label_read() reads. Pure. Return: 0, -ENOMEM. */
int label_parse(const char *text, char **ret);

/* apparmor_profile_is_loaded() - Return: > 0 yes, 0 no, -errno. */
int apparmor_profile_is_loaded(const char *name);

/* apparmor_mediates_mounts() - can this kernel's AppArmor? */
bool apparmor_mediates_mounts(void);

/* apparmor_profile_remove() - Return: 0 (also when it is not loaded), -errno. */
int apparmor_profile_remove(const char *name);
