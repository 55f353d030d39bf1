/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From text to a Config. The grammar: a line that begins with "lxc." is KEY = VALUE, a value in
 * matching quotes is unquoted, an empty one clears the key; all other lines are kept by the
 * document (config/document.h) and mean nothing here. Scalars: the last one wins; lists grow.
 * lxc.include is expanded in place; the *.conf files of a directory in the order of their names.
 *
 * Every error is ERROR_INVALID_CONFIG and names file, line, key and the expected form, except that
 * a file that cannot be read keeps its errno. */

#include <sys/stat.h>

#include "config/config.h"

#define CONFIG_FILE_MAX (1024 * 1024)       /* bytes of one file */
#define CONFIG_TOTAL_MAX (16 * 1024 * 1024) /* bytes of a configuration with its includes */
#define CONFIG_FILES_MAX 512                /* files of a configuration */
#define CONFIG_DEPTH_MAX 16                 /* includes in includes */
#define CONFIG_LIST_MAX 8192                /* items of one list */
#define CONFIG_NAME_MAX 255                 /* bytes of a key */

/* A file or directory that a loaded configuration depends on, as it was then. */
typedef struct ConfigStamp {
        char *path;
        dev_t device;
        ino_t inode; /* 0: it did not exist (an include directory) */
        struct timespec mtime;
        off_t size;
} ConfigStamp;

typedef struct ConfigTrace {
        char **warnings; /* sentences: legacy and removed keys, one per key */
        ConfigStamp *stamps;
        size_t n_stamps;
} ConfigTrace;

void config_trace_done(ConfigTrace *trace);

void config_stamps_free(ConfigStamp *stamps, size_t n);

/* Are all these files still what they were? A handful of stat(2). */
bool config_stamps_are_current(const ConfigStamp *stamps, size_t n);

/* config_load() - the file `path` and what it includes. A symlink in place of `path` is refused.
 * Ends with config_check(). ret_warnings may be NULL. Return: 0, -ENOENT, -ELOOP (a symlink),
 * -errno. */
int config_load(const char *path, Config **ret, char ***ret_warnings, Error *reterr);

/* config_load_traced() - the same, with what it depends on. *ret_trace is filled as far as the
 * loading came also on failure, so that a broken configuration need not be read again either. */
int config_load_traced(const char *path, Config **ret, ConfigTrace *ret_trace, Error *reterr);

/* config_parse_text() - the same from memory; `name` stands for the file in messages. */
int config_parse_text(
        const char *text, const char *name, Config **ret, char ***ret_warnings, Error *reterr);

/* config_set() - one KEY = VALUE on top of a configuration: overrides of a run, SetConfig. Legacy
 * names are taken without a warning. `origin` (may be NULL) begins messages: "Option 'config' of
 * Start". Does not check across keys: call config_check() (config/check.h) after the last one. */
int config_set(
        Config *config, const char *key, const char *value, const char *origin, Error *reterr);
