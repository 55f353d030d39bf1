/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* seccomp_install() - the filter of `size` bytes (struct sock_filter[]) binds this process and all
 * that come of it. Needs CAP_SYS_ADMIN or no_new_privs. Return: 0, -EINVAL (not a filter),
 * -errno. */
int seccomp_install(const void *filter, size_t size);

/* seccomp_install_listening() - the same; where the filter says so, a system call waits for what whoever
 * has the listener says of it. Return: the listener (CLOEXEC), -errno. */
int seccomp_install_listening(const void *filter, size_t size);
