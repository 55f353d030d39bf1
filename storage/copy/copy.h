/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Copies of whole trees, by several threads over a queue of directories: by reflink where the file
 * system can, else within the kernel (copy_file_range(2)), holes staying holes. Kept are hard links,
 * extended attributes (security.capability and ACLs among them), owners, modes, times, devices, FIFOs,
 * sockets and the flags immutable and append-only. Every path is one component below a directory fd:
 * what is changed in the source meanwhile may be missed, but is never followed out of it. */

#include <stdint.h>

#include "base/error.h"

typedef struct CopyStats {
        uint64_t files;  /* of any type */
        uint64_t bytes;  /* of regular files, as they are read */
        uint64_t shared; /* of these, how many are the source's own blocks */
} CopyStats;

typedef struct TreeCopy {
        int from_fd;           /* a directory; mount points below it are not crossed */
        int to_fd;             /* a directory, empty; gets the attributes of the other one */
        const char *from, *to; /* their names, for errors */
        unsigned threads;      /* 0: by the number of processors, at least two */
        /* Now and then, from one thread at a time; may be NULL. */
        void (*progress)(const CopyStats *done, void *userdata);
        void *userdata;
} TreeCopy;

/* tree_copy() - the first failure ends it; what was made by then stays for the caller to remove. What
 * vanishes meanwhile is missed, what is replaced by something of another type ends it (-ESTALE). A mount
 * point becomes an empty file or directory. The process' umask is 0 meanwhile. Whoever copies a tree in use
 * gives it as a mount without devices: a file may become one at any time. Return: 0, -errno with the path in
 * the error. */
int tree_copy(const TreeCopy *copy, CopyStats *ret, Error *reterr);
