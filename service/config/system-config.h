/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The host's configuration, lxc.system.conf(5): SYSCONF_DIR/nagaya/nagaya.conf, where that is
 * absent SYSCONF_DIR/lxc/lxc.conf, where that is absent the defaults. The first of two lines with
 * the same key wins; unknown keys are passed over, as LXC does. */

#include <stdint.h>

#include "base/error.h"

typedef struct SystemConfig SystemConfig;

int system_config_load(SystemConfig **ret, Error *reterr);
/* From this file, which must exist; for tests. */
int system_config_load_file(const char *path, SystemConfig **ret, Error *reterr);
SystemConfig *system_config_free(SystemConfig *config);
DEFINE_CLEANUP(SystemConfig *, system_config_free)

/* The value or the default, borrowed ("" when there is none). Return: 0, ERROR_NO_SUCH_KEY. */
int system_config_get(const SystemConfig *config, const char *key, const char **ret, Error *reterr);

/* The keys in the order of lxc-config -l, then those of ours, NULL-terminated. */
const char *const *system_config_keys(void);

/* lxc.lxcpath without a trailing slash. */
const char *system_config_container_path(const SystemConfig *config);

/* lxc.default_config: as set, else SYSCONF_DIR/nagaya/default.conf, where that is absent
 * SYSCONF_DIR/lxc/default.conf (which may be absent, too). */
const char *system_config_default_config(const SystemConfig *config);

/* lxc.hook.timeout, a key of ours: how long a hook may run, in usec; 0: as long as it likes. */
uint64_t system_config_hook_timeout(const SystemConfig *config);
