/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/verbs-config.h"

#include "base/strv.h"
#include "config/cgroup-file.h"
#include "config/get.h"
#include "config/parse.h"
#include "container/config-file.h"
#include "container/configure.h"
#include "container/forward.h"
#include "container/manager.h"
#include "container/overrides.h"
#include "container/reply.h"

static int load_config(const Container *container, Config **ret, Error *reterr)
{
        char path[PATH_MAX];

        config_file_path(container, path);
        return config_load(path, ret, NULL, reterr);
}

int verb_get_config(Call *call, Container *container, Error *reterr)
{
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(free_p) char *value = NULL;
        int r;

        r = load_config(container, &config, reterr);
        if (r < 0)
                return r;
        r = config_get(config, call_string(call, "key"), &value, reterr);
        return r < 0 ? r : reply_pack(call, reterr, "{s:s}", "value", value);
}

int verb_list_config_keys(Call *call, Container *container, Error *reterr)
{
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(strv_free_p) char **keys = NULL;
        int r;

        r = load_config(container, &config, reterr);
        if (r < 0)
                return r;
        r = config_list_keys(config, call_string(call, "prefix"), &keys, reterr);
        return r < 0 ? r : reply_pack(call, reterr, "{s:o}", "keys", json_from_strv(keys));
}

/* Works on a broken one, too: to see what is wrong. */
int verb_read_config(Call *call, Container *container, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        char version[DOCUMENT_VERSION_SIZE];
        int r;

        r = config_file_read(container, &text, version, reterr);
        return r < 0 ? r : reply_pack(call, reterr, "{s:s,s:s}", "text", text, "version", version);
}

/* The control group file that the running container can be given the value of at once, or NULL. */
static const char *live_file(const Container *container, const char *key)
{
        const char *file = startswith(key, "lxc.cgroup2.");

        if (!file || !container_is_running(container))
                return NULL;
        return cgroup_file_check(file, NULL) == 0 && !startswith(file, "devices.") ? file : NULL;
}

int verb_set_config(Call *call, Container *container, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *settings = NULL;
        const char *key = call_string(call, "key"), *value = call_string(call, "value");
        int r;

        if (!*value || !live_file(container, key))
                return configure(call, container, "set", NULL, reterr);
        settings = json_pack("[{s:s,s:s}]", "key", key, "value", value);
        if (!settings)
                return error_oom(reterr);
        /* Before the running container has it. */
        r = overrides_check(settings, "SetConfig", reterr);
        return r < 0 ? r : configure(call, container, "set", live_file(container, key), reterr);
}

int verb_unset_config(Call *call, Container *container, Error *reterr)
{
        return configure(call, container, "unset", NULL, reterr);
}

int verb_write_config(Call *call, Container *container, Error *reterr)
{
        return configure(call, container, "write", NULL, reterr);
}

int verb_convert_config(Call *call, Container *container, Error *reterr)
{
        return configure(call, container, "convert", NULL, reterr);
}

int verb_cgroup(Call *call, Container *container, Error *reterr)
{
        int r = cgroup_file_check(call_string(call, "file"), reterr);

        return r < 0 ? r : forward(call, container, call->verb->member, reterr);
}
