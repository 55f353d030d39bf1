/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A Config is freed by clearing every row of the table of keys: what no row reaches cannot be set
 * either. */

#include "config/config.h"

#include "base/strv.h"
#include "config/keys.h"
#include "config/value.h"
#include "interfaces/names.h"

static const char *const hook_type_names[_HOOK_TYPE_MAX] = {
        [HOOK_PRE_START] = "pre-start", [HOOK_PRE_MOUNT] = "pre-mount",   [HOOK_MOUNT] = "mount",
        [HOOK_AUTODEV] = "autodev",     [HOOK_START_HOST] = "start-host", [HOOK_START] = "start",
        [HOOK_STOP] = "stop",           [HOOK_POST_STOP] = "post-stop",   [HOOK_CLONE] = "clone",
        [HOOK_DESTROY] = "destroy",
};

static const char *const namespace_type_names[_NAMESPACE_TYPE_MAX] = {
        [NAMESPACE_USER] = "user",     [NAMESPACE_MNT] = "mnt",   [NAMESPACE_PID] = "pid",
        [NAMESPACE_UTS] = "uts",       [NAMESPACE_IPC] = "ipc",   [NAMESPACE_NET] = "net",
        [NAMESPACE_CGROUP] = "cgroup", [NAMESPACE_TIME] = "time",
};

const Config config_defaults = {
        .rootfs = { .managed = true },
        .autodev = true,
        .autodev_tmpfs_size = 500000,
        .security = { .keyring_session = true },
        .monitor = { .log_level = -1 },
};

const char *hook_type_name(HookType type)
{
        return hook_type_names[type];
}

const char *namespace_type_name(NamespaceType type)
{
        return namespace_type_names[type];
}

const char *config_rootfs_source(const Config *config)
{
        const char *backend;

        return config->rootfs.path ? rootfs_path_split(config->rootfs.path, &backend) : NULL;
}

const char *config_rootfs_mount(const Config *config)
{
        return config->rootfs.mount ? config->rootfs.mount : RUN_DIR "/rootfs";
}

Config *config_new(void)
{
        Config *config = malloc(sizeof(Config));

        if (config)
                *config = config_defaults;
        return config;
}

Config *config_free(Config *config)
{
        if (!config)
                return NULL;
        for (size_t i = 0; i < config_keys_n; i++) {
                KeyRef key = { .row = &config_keys[i], .subkey = "" };

                value_clear(config, &key);
        }
        free(config->rootfs.backend);
        free(config);
        return NULL;
}

void value_clear(Config *config, const KeyRef *key)
{
        const ValueType *type = key->row->type;
        void *field = value_field(config, key->row);

        if (type->clear)
                type->clear(field, key);
        else if (type->size > 0)
                memcpy(field, value_field_const(&config_defaults, key->row), type->size);
}

static bool needs_quotes(const char *value)
{
        static const char blanks[] = " \t\r";
        size_t n = strlen(value);

        if (n == 0)
                return false;
        if (strchr(blanks, value[0]) || strchr(blanks, value[n - 1]))
                return true;
        return n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0];
}

void value_write_line(FILE *out, const char *name, const char *subkey, const char *value)
{
        const char *quote = needs_quotes(value) ? "\"" : "";

        (void) fprintf(out, "%s%s%s = %s%s%s\n", name, subkey ? "." : "", subkey ? subkey : "",
                       quote, value, quote);
}

const NetConfig *config_net(const Config *config, unsigned index)
{
        for (size_t i = 0; i < config->n_nets; i++)
                if (config->nets[i].index == index)
                        return &config->nets[i];
        return NULL;
}

const char *key_value_get(const KeyValueList *list, const char *key)
{
        for (size_t i = list->n; i > 0; i--)
                if (streq(list->items[i - 1].key, key))
                        return list->items[i - 1].value;
        return NULL;
}

const char *net_config_get(const NetConfig *net, const char *subkey)
{
        return key_value_get(&net->keys, subkey);
}
