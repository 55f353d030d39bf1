/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The id maps of a user namespace (user_namespaces(7)), from outside of it. */

#include <sys/types.h>

/* idmap_write() - the maps of the user namespace that process `pid`, an unreaped child of ours, was
 * born in, each as the text of the kernel's file: lines INSIDE OUTSIDE COUNT. `proc_fd` is a proc of
 * ours. Return: 0, -errno. */
int idmap_write(int proc_fd, pid_t pid, const char *users, const char *groups);

/* idmap_open() - the user namespace of `pid`. Return: fd, -errno. */
int idmap_open(int proc_fd, pid_t pid);
