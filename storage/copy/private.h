/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Between the parts of the copy engine:
 *
 *      copy.c              the whole: begin, end, progress, errors
 *      copy-tree.c         a directory and what lies below it
 *      copy-file.c         regular files: reflink, ranges, holes
 *      copy-special.c      symlinks, devices, FIFOs, sockets
 *      copy-links.c        several names of one file
 *      copy-attributes.c   owner, mode, extended attributes, times, flags
 *
 * A part of the tree is independent of the rest as soon as its topmost entry was made: what happens below
 * it changes nothing of the directory above. So it is offered to other threads as a pair of open files,
 * and nobody waits for it. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "storage/copy/copy.h"
#include "storage/copy/crew.h"

#define COPY_DATA_SIZE ((size_t) 128 * 1024)
#define COPY_XATTR_SIZE ((size_t) 64 * 1024) /* XATTR_LIST_MAX, XATTR_SIZE_MAX */

/* What a thread needs room for, whichever task it does. */
typedef struct CopyBuffers {
        char data[COPY_DATA_SIZE];
        char names[COPY_XATTR_SIZE];
        char value[COPY_XATTR_SIZE];
} CopyBuffers;

/* A directory or regular file, open, and its copy. */
typedef struct Object {
        int from_fd; /* < 0: only `from` is known */
        int to_fd;
        struct statx from;
        mode_t made; /* the permissions that the copy was made with */
} Object;

#define OBJECT_NULL ((Object){ .from_fd = -EBADF, .to_fd = -EBADF })

void object_close(Object *object);

/* A directory that is being read. */
typedef struct Frame {
        struct Frame *up; /* the one it lies in; NULL: the task's */
        struct Frame *down;
        Object object; /* its fds are closed while it is suspended */
        struct statx to;
        off_t cookie; /* behind the last entry that was taken */
        size_t at, n; /* of the bytes in `entries` */
        char *entries;
        char name[];
} Frame;

typedef struct Copy {
        const TreeCopy *job;
        CopyBuffers *buffers[CREW_THREADS_MAX];
        uid_t uid; /* whom new files belong to */
        gid_t gid;
        bool is_owner_known;
        /* What was seen not to work on these file systems is not tried again. */
        atomic_bool no_reflink, no_noatime, no_flags;
        atomic_uint way; /* to copy bytes, of those in copy-file.c */
        /* Several names of one file. */
        pthread_mutex_t links_lock;
        atomic_int links_fd;
        char links_name[32];
        /* Progress. */
        atomic_uint_fast64_t files, bytes, shared, next_report;
        pthread_mutex_t report_lock;
        /* The first failure. */
        atomic_bool failed;
        pthread_mutex_t error_lock;
        int first;
        Error *reterr;
} Copy;

/* One thread with one task. */
typedef struct Hand {
        Copy *copy;
        Crew *crew;
        CopyBuffers *buffers;
        const char *prefix; /* where the task's entry lies in the tree */
        Frame *top;
        Frame *oldest; /* the outermost that is not suspended */
        unsigned n_open;
} Hand;

/* copy.c */

typedef enum CopySide {
        COPY_FROM,
        COPY_TO,
} CopySide;

/* copy_fail() - keeps the first failure: "Cannot WHAT 'PATH' in 'TREE': ERROR", where `name` lies in
 * the directory at hand; NULL: the task's entry itself. Return: r. */
int copy_fail(Hand *hand, int r, CopySide side, const char *what, const char *name);

/* The same for an entry that is not what it was a moment ago. Return: -ESTALE. */
int copy_fail_changed(Hand *hand, const char *name);

bool copy_has_failed(const Copy *copy);

/* Done are so many more; tells about it when it is time. */
void copy_account(Copy *copy, uint64_t files, uint64_t bytes);

/* The task is a heap object of its own. Return: is it taken, with its fds? */
bool copy_offer(Hand *hand, const Object *object, const char *name);

/* copy-tree.c */

/* Copies what is below the object's directory, and its attributes, except where the root's are left to
 * the caller. Takes the fds. */
void copy_tree_run(Hand *hand, const Object *object, bool is_root);

/* Opens one component, leaving no trace in its times where its owner allows that. Return: fd, -EXDEV a
 * mount point, -errno. */
int copy_open_quietly(Copy *copy, int dir_fd, const char *name, uint64_t flags);

/* Opens an entry of the directory at hand to be read. Return: fd, -ENOENT it is gone, -EXDEV a mount
 * point, -errno: told. */
int copy_open(Hand *hand, const char *name, uint64_t flags);

/* copy-file.c */

int copy_file(Hand *hand, const char *name);

/* The content and the attributes of a file that was made. Takes the fds. */
int copy_file_fill(Hand *hand, Object *object, const char *name);

/* copy-special.c */

int copy_special(Hand *hand, const char *name);

/* copy-links.c */

#define LINK_ID_SIZE 64

/* Where a file is made. */
typedef struct Place {
        int dir_fd;
        const char *name;
        char id[LINK_ID_SIZE]; /* of a file with several names */
} Place;

/* For a file with one name: in the directory at hand. Else in a directory of links, where the threads
 * meet. Return: 0, -errno: told. */
int copy_place(Hand *hand, const struct statx *from, const char *name, Place *ret);

bool place_is_shared(const Place *place);

/* Gives a shared file, just made or met before, its name in the directory at hand. Return: 0, -errno:
 * told. */
int copy_link(Hand *hand, const Place *place, const char *name);

/* At the end: removes the directory of links. */
int copy_links_end(Hand *hand);

/* copy-attributes.c */

/* What the copy needs to have before its content. */
void copy_early_flags(Hand *hand, const Object *object);

/* All else, after its content. Return: 0, -errno: told. */
int copy_attributes(Hand *hand, const Object *object, const char *name);

/* The same for what is not opened. */
int copy_special_attributes(Hand *hand,
                            const struct statx *from,
                            const Place *to,
                            const char *name);

/* The flags that forbid further changes, as `stx_attributes` tells them: nothing else may be left to do
 * to the file. Return: 0, -errno. */
#define ATTRIBUTES_FINAL (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)
int copy_final_flags(int fd, uint64_t attributes);
