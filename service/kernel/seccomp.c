/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

static int install(const void *filter, size_t size, unsigned flags)
{
        size_t n = size / sizeof(struct sock_filter);
        struct sock_fprog program = {
                .len = (unsigned short) n,
                /* The kernel's structure has no const; it only reads. */
                .filter = (struct sock_filter *) (uintptr_t) filter,
        };

        if (n == 0 || n > BPF_MAXINSNS || size % sizeof(struct sock_filter) != 0)
                return -EINVAL;
        n = (size_t) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
        return (int) n < 0 ? -errno : (int) n;
}

int seccomp_install(const void *filter, size_t size)
{
        return install(filter, size, 0);
}

int seccomp_install_listening(const void *filter, size_t size)
{
        return install(filter, size, SECCOMP_FILTER_FLAG_NEW_LISTENER);
}
