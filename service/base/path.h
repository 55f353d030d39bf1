/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Paths into trees that others control. There is one resolver: openat2(2) below a directory fd.
 * A string path into a container is a bug. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* path_open_in_root() - open `path` as if `root_fd` were "/": absolute symlinks and ".." stay
 * inside; magic links are refused. Return: fd (O_CLOEXEC added), -errno. */
int path_open_in_root(int root_fd, const char *path, uint64_t flags, mode_t mode);

/* path_open_beneath() - the same without following any symlink. -ELOOP when one is met, -EXDEV
 * when ".." leaves. */
int path_open_beneath(int root_fd, const char *path, uint64_t flags, mode_t mode);

/* path_make_directory() - open the directory `path` (O_PATH), making what is missing (mode 0755).
 * No symlink is followed. Return: fd, -errno. */
int path_make_directory(int root_fd, const char *path);

/* path_make_file() - open the file `path` (O_PATH), making it (mode 0644, empty) and the
 * directories above it where missing. An existing directory: -EISDIR. */
int path_make_file(int root_fd, const char *path);

/* "/proc/self/fd/N", for system calls that take only a path. */
typedef struct FdPath {
        char text[32];
} FdPath;
FdPath fd_path(int fd);

/* Absolute, no empty, "." or ".." component, no trailing slash (except "/"), under PATH_MAX. */
bool path_is_normalized(const char *path);
