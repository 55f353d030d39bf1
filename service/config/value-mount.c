/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The root file system's source, lines of lxc.mount.entry and words of lxc.mount.auto. */

#include "base/strv.h"
#include "config/list.h"
#include "config/value.h"

static const char *const backends[] = {
        "dir", "btrfs", "lvm", "loop", "zfs", "overlay", "overlayfs", "aufs", "nbd", "rbd",
};

static const char *backend_find(const char *name, size_t size)
{
        for (size_t i = 0; i < ELEMENTS(backends); i++)
                if (strlen(backends[i]) == size && memcmp(backends[i], name, size) == 0)
                        return backends[i];
        return NULL;
}

const char *rootfs_path_split(const char *path, const char **ret_backend)
{
        const char *colon = strchr(path, ':');

        *ret_backend = colon ? backend_find(path, (size_t) (colon - path)) : NULL;
        return *ret_backend ? colon + 1 : path;
}

/* A backend given apart (lxc.rootfs.backend of LXC 2.0, in either order) goes before the path. */
static int rootfs_fold(RootfsConfig *rootfs)
{
        const char *backend;
        char *whole;

        if (!rootfs->path || !rootfs->backend)
                return 0;
        (void) rootfs_path_split(rootfs->path, &backend);
        if (backend)
                return 0;
        whole = string_format("%s:%s", rootfs->backend, rootfs->path);
        if (!whole)
                return -ENOMEM;
        free(rootfs->path);
        rootfs->path = whole;
        return 0;
}

int rootfs_set_backend(RootfsConfig *rootfs, const char *backend)
{
        if (*backend && !backend_find(backend, strlen(backend)))
                return -EINVAL;
        if (string_set(&rootfs->backend, *backend ? backend : NULL) < 0)
                return -ENOMEM;
        return rootfs_fold(rootfs);
}

static int rootfs_path_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        RootfsConfig *rootfs = field;
        const char *backend;

        if (!*rootfs_path_split(value, &backend))
                return -EINVAL;
        if (string_set(&rootfs->path, value) < 0)
                return -ENOMEM;
        return rootfs_fold(rootfs);
}

static int rootfs_path_print(const void *field, const KeyRef *key, FILE *out)
{
        const RootfsConfig *rootfs = field;
        const char *backend;

        if (rootfs->path)
                (void) fputs(rootfs_path_split(rootfs->path, &backend), out);
        return 0;
}

static int rootfs_path_write(const void *field, const KeyRef *key, FILE *out)
{
        const RootfsConfig *rootfs = field;

        if (rootfs->path)
                (void) fputs(rootfs->path, out);
        return 0;
}

static void rootfs_path_clear(void *field, const KeyRef *key)
{
        RootfsConfig *rootfs = field;

        free(rootfs->path);
        rootfs->path = NULL;
}

const ValueType type_rootfs_path = {
        .expected = "a path, or BACKEND:SOURCE",
        .parse = rootfs_path_parse,
        .print = rootfs_path_print,
        .write = rootfs_path_write,
        .clear = rootfs_path_clear,
};

static size_t count_words(const char *text)
{
        size_t n = 0;

        for (;;) {
                text += strspn(text, " \t");
                if (!*text)
                        return n;
                text += strcspn(text, " \t");
                n++;
        }
}

static int mount_entry_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        size_t n = count_words(value);

        return n >= 3 && n <= 6 ? list_add(field, value) : -EINVAL;
}

const ValueType type_mount_entry = {
        .expected = "a line of fstab(5): SOURCE TARGET TYPE OPTIONS DUMP PASS",
        .shape = SHAPE_LIST,
        .parse = mount_entry_parse,
        .print = value_list_print,
        .clear = value_list_clear,
};

typedef struct AutoMount {
        const char *word;
        const char *const *modes;
        bool can_force;
} AutoMount;

static const char *const proc_modes[] = { "mixed", "rw", NULL };
static const char *const sys_modes[] = { "mixed", "ro", "rw", NULL };
static const char *const cgroup_modes[] = { "mixed", "ro", "rw", NULL };

static const AutoMount auto_mounts[] = {
        { "proc", proc_modes, false },         { "sys", sys_modes, false },
        { "cgroup", cgroup_modes, true },      { "cgroup-full", cgroup_modes, true },
        { "cgroup2", cgroup_modes + 1, true },
};

static bool mode_is_known(const AutoMount *row, const char *mode, size_t size)
{
        for (const char *const *p = row->modes; *p; p++)
                if (strlen(*p) == size && memcmp(*p, mode, size) == 0)
                        return true;
        return false;
}

/* What follows the word: "", ":MODE", and ":force" behind either. */
static bool auto_mount_matches(const AutoMount *row, const char *rest)
{
        size_t n = strlen(rest);

        if (row->can_force && endswith(rest, ":force"))
                n -= strlen(":force");
        if (n == 0)
                return true;
        return rest[0] == ':' && mode_is_known(row, rest + 1, n - 1);
}

static bool auto_mount_is_valid(const char *word)
{
        const char *shared = startswith(word, "shmounts:");

        if (shared)
                return shared[0] == '/';
        for (size_t i = 0; i < ELEMENTS(auto_mounts); i++) {
                const char *rest = startswith(word, auto_mounts[i].word);

                if (rest && auto_mount_matches(&auto_mounts[i], rest))
                        return true;
        }
        return false;
}

static int mount_auto_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return list_add_words(field, value, auto_mount_is_valid);
}

const ValueType type_mount_auto = {
        .expected =
                "words of proc[:mixed|rw], sys[:mixed|ro|rw], cgroup[:mixed|ro|rw][:force], "
                "cgroup-full[:mixed|ro|rw][:force], cgroup2[:ro|rw][:force], shmounts:PATH[:PATH]",
        .shape = SHAPE_LIST,
        .parse = mount_auto_parse,
        .print = value_list_print,
        .clear = value_list_clear,
};
