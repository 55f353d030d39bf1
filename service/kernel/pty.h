/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Pseudo terminals (pty(7)), by fd only: no slave is ever opened by its name. All fds are CLOEXEC
 * and never become a controlling terminal. Return: fd, -errno, where nothing else is said. */

#include <stdint.h>

/* A fresh pair of the host's devpts. Return: 0, -errno. */
int pty_new(int *ret_master, int *ret_slave);

/* pty_open_multiplexer() - a fresh master, unlocked, from the devpts instance whose "ptmx" the path
 * below root_fd names. Anything but a multiplexer on a devpts is refused: -ENOTTY. */
int pty_open_multiplexer(int root_fd, const char *path);

/* The other end of a master. */
int pty_open_slave(int master);

/* No echo, no editing, no translation. Return: 0, -errno. */
int pty_make_raw(int fd);

/* Return: 0, -errno. */
int pty_resize(int fd, uint16_t columns, uint16_t rows);
