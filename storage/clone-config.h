/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The configuration of a clone, out of that of its source. Pure: text to text. Includes, comments and
 * the generation of the keys' names stay; the clone's own values go to the end, as LXC puts them. A path
 * in the source's directory becomes one in the clone's, so that no configuration but a layer of an
 * overlay names another container's files; what is to be copied along is told. */

#include <stdbool.h>
#include <stddef.h>

#include "config/document.h"

#define CLONE_TMPFS_HOOK "pre-mount-tmpfs"

typedef struct CloneConfig {
        const char *from;           /* the source's directory */
        const char *to;             /* the clone's */
        const char *name;           /* lxc.uts.name; NULL: as it is */
        const char *rootfs;         /* lxc.rootfs.path, with its type; NULL: a path like others */
        const char *rootfs_options; /* lxc.rootfs.options, also where it is ""; NULL: as it is */
        bool moved;    /* the source's directory has become the clone's, with all that is in it */
        bool keep_mac; /* else each address that a nic has becomes a fresh one */
        bool ephemeral;
        bool tmpfs;          /* CLONE_TMPFS_HOOK in its directory is a hook of its own */
        char *const *mounts; /* as `lxc-copy --mount`; may be NULL */
} CloneConfig;

typedef enum CloneItemKind {
        CLONE_FILE,      /* a regular file */
        CLONE_TEXT,      /* the same, with the source's directory in it replaced */
        CLONE_TREE,      /* a directory with all that is in it */
        CLONE_DIRECTORY, /* a directory, empty */
} CloneItemKind;

typedef struct CloneItem {
        CloneItemKind kind;
        char *from; /* below the source's directory */
        char *to;   /* below the clone's */
} CloneItem;

typedef struct CloneItems {
        CloneItem *items;
        size_t n;
} CloneItems;

void clone_items_done(CloneItems *items);

/* clone_config() - changes the document. Return: 0, ERROR_INVALID_ARGS (in `mounts`), -errno. */
int clone_config(Document *document, const CloneConfig *spec, CloneItems *ret, Error *reterr);

/* clone_config_text() - `text` with each path in (or at) the directory `from` as one in `to`. The
 * caller frees; NULL when out of memory. */
char *clone_config_text(const char *text, const char *from, const char *to);
