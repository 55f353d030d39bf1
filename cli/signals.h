/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Signals by name, and as events. */

#include "base/error.h"

/* signal_parse() - "TERM", "SIGTERM", "15", "RTMIN+3". Return: 0, -EINVAL. */
int signal_parse(const char *text, int *ret);

/* signals_block() - from now on these (ended by 0) are read from the fd that is returned, as struct
 * signalfd_siginfo, non-blocking. Return: the fd, -errno. */
int signals_block(const int *signals, Error *reterr);

/* Return: the next one, 0 when there is none. */
int signals_read(int fd);
