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

/* STATUS= with control characters replaced. */
void notify_status(const char *sentence);
