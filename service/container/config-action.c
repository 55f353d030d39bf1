/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/config-action.h"

#include "base/strv.h"
#include "config/document.h"
#include "config/keys.h"
#include "config/parse.h"
#include "container/config-file.h"
#include "container/manager.h"

Action host_unless_unprivileged(const Call *call)
{
        const char *id = call_string(call, "container");
        const Container *container = id ? manager_container(call->manager, id) : NULL;

        return container && container->summary.unprivileged ? ACTION_NONE : ACTION_HOST;
}

/* An owner may give it this value, and may take it away again. */
static bool is_free(const char *key, const char *value)
{
        return config_key_is_owner_safe(key, value) && config_key_is_owner_safe(key, "");
}

static Action by_setting(const Call *call, const char *key, const char *value)
{
        return key && value && is_free(key, value) ? host_unless_unprivileged(call) : ACTION_HOST;
}

Action config_action_set(const Call *call)
{
        return by_setting(call, call_string(call, "key"), call_string(call, "value"));
}

Action config_action_unset(const Call *call)
{
        return by_setting(call, call_string(call, "key"), "");
}

Action config_action_cgroup(const Call *call)
{
        const char *file = call_string(call, "file");
        char key[CONFIG_NAME_MAX + 1];

        if (!file || snprintf(key, sizeof(key), "lxc.cgroup2.%s", file) >= (int) sizeof(key))
                return ACTION_HOST;
        return by_setting(call, key, call_string(call, "value"));
}

/* The next setting that is not an owner's to make. */
static bool
next_granted(const Document *document, size_t *position, const char **ret_key, const char **ret)
{
        while (document_next(document, position, ret_key, ret))
                if (!is_free(*ret_key, *ret))
                        return true;
        return false;
}

/* Free settings may come and go anywhere; the others must be the same ones in the same order. */
bool config_change_is_owner_safe(const char *before, const char *after)
{
        _cleanup_(document_free_p) Document *old = NULL, *new = NULL;
        const char *old_key, *old_value, *new_key, *new_value;
        size_t old_position = 0, new_position = 0;

        if (document_new(before, &old) < 0 || document_new(after, &new) < 0)
                return false;
        for (;;) {
                bool in_old = next_granted(old, &old_position, &old_key, &old_value);
                bool in_new = next_granted(new, &new_position, &new_key, &new_value);

                if (!in_old || !in_new)
                        return in_old == in_new;
                if (!streq(old_key, new_key) || !streq(old_value, new_value))
                        return false;
        }
}

/* Without a version the text compared here might not be the one that is replaced. */
Action config_action_write(const Call *call)
{
        const char *id = call_string(call, "container"), *version = call_string(call, "version");
        const Container *container = id ? manager_container(call->manager, id) : NULL;
        const char *text = call_string(call, "text");
        _cleanup_(free_p) char *before = NULL;
        char present[DOCUMENT_VERSION_SIZE];

        if (!container || !text || !version ||
            config_file_read(container, &before, present, NULL) < 0 || !streq(version, present))
                return ACTION_HOST;
        return config_change_is_owner_safe(before, text) ? host_unless_unprivileged(call)
                                                         : ACTION_HOST;
}
