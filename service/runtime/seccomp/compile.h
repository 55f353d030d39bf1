/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runtime/seccomp/profile.h"

/* seccomp_compile() - the profile as a BPF program (struct sock_filter[]) for this machine and the
 * architectures it also runs, written to `fd`. A system call the library does not know is left out
 * and named in *ret_warnings. */
int seccomp_compile(const SeccompProfile *profile,
                    const char *file,
                    int fd,
                    char ***ret_warnings,
                    Error *reterr);
