/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Paths into trees that others control. There is one resolver: openat2(2) below a directory fd.
 * A string path into a container is a bug. */

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* path_open_in_root() - open `path` as if `root_fd` were "/": absolute symlinks and ".." stay
 * inside; magic links are refused. Return: fd (O_CLOEXEC added), -errno. */
int path_open_in_root(int root_fd, const char *path, uint64_t flags, mode_t mode);

/* path_open_beneath() - the same without following any symlink. -ELOOP when one is met, -EXDEV
 * when ".." leaves. */
int path_open_beneath(int root_fd, const char *path, uint64_t flags, mode_t mode);

/* path_open_on_mount() - as path_open_beneath(), and -EXDEV at a mount point, too. */
int path_open_on_mount(int root_fd, const char *path, uint64_t flags);

/* path_is_open() - is what is called `path` (a symlink is not followed) that which is open as fd? Return: > 0
 * yes, 0 no, or nothing is, -errno. */
int path_is_open(int dir_fd, const char *path, int fd);

/* path_list() - a directory to be read, opened as by path_open_on_mount(). "." is dir_fd itself, in a
 * description of its own. Return: 0, -errno. */
int path_list(int dir_fd, const char *path, uint64_t flags, DIR **ret);

/* path_make_directory() - open the directory `path` (O_PATH), making what is missing (mode 0755).
 * No symlink is followed. Return: fd, -errno. */
int path_make_directory(int root_fd, const char *path);

/* path_make_file() - open the file `path` (O_PATH), making it (mode 0644, empty) and the
 * directories above it where missing. An existing directory: -EISDIR. */
int path_make_file(int root_fd, const char *path);

/* path_open_trusted() - open an absolute path, following symlinks, when nobody but root (or
 * ourselves) could have put anything else there: every component belongs to root and is not
 * writable by others, but for sticky directories. Return: fd (O_CLOEXEC added), -EPERM (*ret_culprit,
 * which may be NULL, is the component that is not to be trusted; the caller frees), -errno. */
int path_open_trusted(const char *path, int flags, char **ret_culprit);

/* "/proc/self/fd/N", for system calls that take only a path. */
typedef struct FdPath {
        char text[32];
} FdPath;
FdPath fd_path(int fd);

/* Absolute, no empty, "." or ".." component, no trailing slash (except "/"), under PATH_MAX. */
bool path_is_normalized(const char *path);
