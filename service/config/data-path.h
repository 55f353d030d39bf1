/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Configurations written for LXC name files below /usr/share/lxc: common configs, seccomp profiles,
 * hooks, templates. Where LXC is not installed, ours of the same name stand in. */

/* data_path_resolve() - `path`, or when it is below /usr/share/lxc and not there, the same below
 * `data_dir` (DATA_DIR) if that is there. The caller frees. Return: 0, -ENOMEM. */
int data_path_resolve(const char *path, const char *data_dir, char **ret);
