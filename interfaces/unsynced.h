/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A copied container may be used before its files are on the disk: to wait for hundreds of megabytes would
 * take longer than to copy them. Until they are, a mark in its directory says so. A mark of an earlier
 * boot means that the machine went down in between. */

#include "base/error.h"

/* The mark: a file with the boot id (random(4)). */
#define UNSYNCED_MARK ".nagaya-unsynced"

/* unsynced_mark() - durable, alone of all that is in the directory. Return: 0, -errno. */
int unsynced_mark(int dir_fd);

/* unsynced_settle() - what was marked in this boot is written to the disk (the whole file system is), and
 * the mark goes. Waits for the disk. Without a mark nothing happens. Return: 0, -errno (the mark
 * stays). */
int unsynced_settle(int dir_fd);

/* unsynced_check() - Return: 0, ERROR_CONTAINER_BROKEN (its files may not be whole), -errno. */
int unsynced_check(const char *directory, Error *reterr);
