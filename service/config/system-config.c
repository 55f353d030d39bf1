/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/system-config.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/strv.h"
#include "config/line.h"
#include "interfaces/errors.h"

#define FILE_MAX (1024 * 1024)

typedef enum SystemKey {
        KEY_DEFAULT_CONFIG,
        KEY_CONTAINER_PATH,
        KEY_LVM_VG,
        KEY_LVM_THIN_POOL,
        KEY_ZFS_ROOT,
        KEY_RBD_POOL,
        KEY_RBD_USER,
        KEY_CGROUP_USE,
        KEY_CGROUP_PATTERN,
        KEY_HOOK_TIMEOUT,
        _SYSTEM_KEY_MAX,
} SystemKey;

/* In the order of lxc-config -l; the last ones are ours alone. */
static const char *const names[_SYSTEM_KEY_MAX + 1] = {
        [KEY_DEFAULT_CONFIG] = "lxc.default_config",
        [KEY_CONTAINER_PATH] = "lxc.lxcpath",
        [KEY_LVM_VG] = "lxc.bdev.lvm.vg",
        [KEY_LVM_THIN_POOL] = "lxc.bdev.lvm.thin_pool",
        [KEY_ZFS_ROOT] = "lxc.bdev.zfs.root",
        [KEY_RBD_POOL] = "lxc.bdev.rbd.rbdpool",
        [KEY_RBD_USER] = "lxc.bdev.rbd.rbduser",
        [KEY_CGROUP_USE] = "lxc.cgroup.use",
        [KEY_CGROUP_PATTERN] = "lxc.cgroup.pattern",
        [KEY_HOOK_TIMEOUT] = "lxc.hook.timeout",
};

static const char *const defaults[_SYSTEM_KEY_MAX] = {
        [KEY_DEFAULT_CONFIG] = SYSCONF_DIR "/lxc/default.conf",
        [KEY_CONTAINER_PATH] = "/var/lib/lxc",
        [KEY_LVM_VG] = "lxc",
        [KEY_LVM_THIN_POOL] = "lxc",
        [KEY_ZFS_ROOT] = "lxc",
        [KEY_RBD_POOL] = "lxc",
        [KEY_RBD_USER] = "",
        [KEY_CGROUP_USE] = "",
        [KEY_CGROUP_PATTERN] = "",
        [KEY_HOOK_TIMEOUT] = "0",
};

struct SystemConfig {
        char *values[_SYSTEM_KEY_MAX]; /* NULL: the default */
        uint32_t hook_timeout;         /* seconds */
};

SystemConfig *system_config_free(SystemConfig *config)
{
        if (!config)
                return NULL;
        for (size_t i = 0; i < _SYSTEM_KEY_MAX; i++)
                free(config->values[i]);
        free(config);
        return NULL;
}

static int name_find(const char *name)
{
        for (int i = 0; i < _SYSTEM_KEY_MAX; i++)
                if (streq(names[i], name))
                        return i;
        return -ENOENT;
}

static int
parse_line(SystemConfig *config, char *line, unsigned number, const char *path, Error *reterr)
{
        char *key, *value;
        int i;

        switch (line_split(line, &key, &value)) {
        case LINE_OTHER:
                return 0;
        case LINE_BROKEN:
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "Line %u of '%s': The line begins with 'lxc.' and has no '=', "
                                    "expected KEY = VALUE",
                                    number, path);
        case LINE_SETTING:
                break;
        }
        i = name_find(key);
        if (i < 0 || config->values[i])
                return 0;
        config->values[i] = strdup(value);
        return config->values[i] ? 0 : error_oom(reterr);
}

static int parse_text(SystemConfig *config, char *text, const char *path, Error *reterr)
{
        unsigned number = 0;

        for (char *line = text, *end; line; line = end) {
                int r;

                end = strchr(line, '\n');
                if (end)
                        *end++ = '\0';
                r = parse_line(config, line, ++number, path, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* An absolute path without a slash at its end. */
static int check_container_path(SystemConfig *config, const char *path, Error *reterr)
{
        char *value = config->values[KEY_CONTAINER_PATH];
        size_t n;

        if (!value)
                return 0;
        if (value[0] != '/')
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The key 'lxc.lxcpath' in '%s' has the value '%.*s', expected "
                                    "an absolute path",
                                    path, text_shown_size(value), value);
        n = strlen(value);
        while (n > 1 && value[n - 1] == '/')
                value[--n] = '\0';
        return 0;
}

static int check_hook_timeout(SystemConfig *config, const char *path, Error *reterr)
{
        const char *value = config->values[KEY_HOOK_TIMEOUT];

        if (!value || !*value || parse_u32(value, &config->hook_timeout) == 0)
                return 0;
        return error_public(reterr, ERROR_INVALID_CONFIG,
                            "The key 'lxc.hook.timeout' in '%s' has the value '%.*s', expected "
                            "seconds, or 0 for no limit",
                            path, text_shown_size(value), value);
}

/* `path` NULL: nothing but defaults. */
static int load(const char *path, SystemConfig **ret, Error *reterr)
{
        _cleanup_(system_config_free_p) SystemConfig *config = calloc(1, sizeof(SystemConfig));
        _cleanup_(free_p) char *text = NULL;
        int r;

        if (!config)
                return error_oom(reterr);
        if (path) {
                r = file_read(AT_FDCWD, path, FILE_MAX, &text, NULL);
                if (r < 0)
                        return error_errno(reterr, -r, "Cannot read '%s'", path);
                r = parse_text(config, text, path, reterr);
                if (r == 0)
                        r = check_container_path(config, path, reterr);
                if (r == 0)
                        r = check_hook_timeout(config, path, reterr);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(config);
        return 0;
}

static const char *first_present(const char *const *paths)
{
        for (; *paths; paths++)
                if (access(*paths, F_OK) == 0 || errno != ENOENT)
                        return *paths;
        return NULL;
}

int system_config_load(SystemConfig **ret, Error *reterr)
{
        static const char *const paths[] = {
                SYSCONF_DIR "/nagaya/nagaya.conf",
                SYSCONF_DIR "/lxc/lxc.conf",
                NULL,
        };

        return load(first_present(paths), ret, reterr);
}

int system_config_load_file(const char *path, SystemConfig **ret, Error *reterr)
{
        return load(path, ret, reterr);
}

static const char *default_value(int key)
{
        static const char *const default_configs[] = {
                SYSCONF_DIR "/nagaya/default.conf",
                SYSCONF_DIR "/lxc/default.conf",
                NULL,
        };
        const char *present = key == KEY_DEFAULT_CONFIG ? first_present(default_configs) : NULL;

        return present ? present : defaults[key];
}

static const char *value_of(const SystemConfig *config, int key)
{
        return config->values[key] ? config->values[key] : default_value(key);
}

int system_config_get(const SystemConfig *config, const char *key, const char **ret, Error *reterr)
{
        int i = name_find(key);

        if (i < 0)
                return error_public(reterr, ERROR_NO_SUCH_KEY, "There is no key '%s' of the host",
                                    key);
        *ret = value_of(config, i);
        return 0;
}

const char *const *system_config_keys(void)
{
        return names;
}

const char *system_config_container_path(const SystemConfig *config)
{
        return value_of(config, KEY_CONTAINER_PATH);
}

const char *system_config_default_config(const SystemConfig *config)
{
        return value_of(config, KEY_DEFAULT_CONFIG);
}

uint64_t system_config_hook_timeout(const SystemConfig *config)
{
        return config->hook_timeout * USEC_PER_SEC;
}
