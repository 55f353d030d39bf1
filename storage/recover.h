/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* recover() - after a worker was killed, or all of them: renames that were under way are brought to their
 * end, what was being made in the containers (snapshots) is removed, and clones are brought to the disk.
 * What somebody works on is left alone. path_fd: the container path, readable. begun_fd (or -EBADF) is
 * closed when no rename is under way any more: the rest is in no job's way. */
void recover(int path_fd, const char *container_path, const char *lock_dir, int begun_fd);
