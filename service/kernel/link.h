/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Network interfaces of our own network namespace. */

/* Return: 0, -errno. */
int link_loopback_up(void);
