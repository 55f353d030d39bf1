/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whole files by (directory fd, path): read with a limit, write atomically, write attributes of
 * kernel file systems. dir_fd may be AT_FDCWD. All return -errno without a sentence: the caller
 * knows what the file means. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* file_read() - the file as a NUL-terminated string. Does not follow a symlink in the last
 * component, and only regular files (and those of proc, sysfs, cgroup, which say they are) are
 * read. Return: 0, -EFBIG over `limit` bytes, -EBADMSG with a NUL inside, -ELOOP, -EINVAL (not
 * a regular file), -errno. */
int file_read(int dir_fd, const char *path, size_t limit, char **ret, size_t *ret_size);

/* file_read_fd() - from an open file, from its present offset. */
int file_read_fd(int fd, size_t limit, char **ret, size_t *ret_size);

/* file_write_atomic() - a temporary file beside it, fsync, rename, fsync of the directory. The old
 * file stays whole when anything fails. `durable` false (for /run) leaves out the fsyncs. */
int file_write_atomic(int dir_fd, const char *path, const char *text, mode_t mode, bool durable);
int file_write_atomic_data(
        int dir_fd, const char *path, const void *data, size_t size, mode_t mode, bool durable);

/* file_write_attribute() - one write(2) to an existing file (proc, sysfs, cgroup). */
int file_write_attribute(int dir_fd, const char *path, const char *value);

/* Writes all of it. Return: 0, -errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Return: 0, -errno. */
int fd_set_nonblock(int fd, bool on);

/* A directory and its missing parents, mode 0755 & ~umask for parents. Return: 0 (also when it is
 * there), -errno. */
int mkdir_parents(const char *path, mode_t mode);

/* Removes what `path` names and everything below, without following symlinks or leaving the file
 * system's tree through them. Return: 0 (also when absent), -errno of the first failure. */
int remove_tree(int dir_fd, const char *path);
