/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The service manager's notification protocol (sd_notify(3)), without libsystemd. */

#include "base/cleanup.h"

/* Takes $NOTIFY_SOCKET out of the environment, so that no hook and no payload inherits it.
 * Called once, first thing in main(). */
void notify_setup(void);

/* Sends "NAME=value" lines; does nothing when not started by a service manager. Newlines in a
 * %s value would add lines: notify_status() is for text from elsewhere. */
void notify(const char *format, ...) _printf_(1, 2);

/* notify_store_fd() - the manager keeps a copy under that name until notify_drop_fd(), or until the
 * unit's clean-up is through: also when we are killed. The unit has to allow it
 * (FileDescriptorStoreMax=). notify_forget_fds() closes those that an earlier run of the unit left,
 * first thing in main(). */
void notify_store_fd(const char *name, int fd);
void notify_drop_fd(const char *name);
void notify_forget_fds(void);

/* STATUS= with control characters replaced. */
void notify_status(const char *sentence);
