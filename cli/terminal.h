/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The terminal this command runs on, in raw mode while a program inside uses it. */

#include <stdbool.h>
#include <sys/ioctl.h>

#include "base/error.h"

/* terminal_raw() - every key is passed on as it is. The old mode is restored by terminal_restore(),
 * and at exit in any case. Return: 0, -errno. */
int terminal_raw(int fd, Error *reterr);
void terminal_restore(void);

/* After a stop and SIGCONT: the shell has set its own mode meanwhile. */
void terminal_resume(void);

/* Return: 0, -errno. */
int terminal_size(int fd, struct winsize *ret);
