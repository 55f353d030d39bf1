/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Kinds of values. A row of config/keys.h names one of these; rows that are alike share it. */

#include <stdio.h>

#include "config/keys.h"

typedef enum ValueShape {
        SHAPE_SCALAR, /* one value */
        SHAPE_LIST, /* print gives one item a line, each of which is a line KEY = ITEM of a file */
        SHAPE_FAMILY, /* print and write of the bare key give whole lines KEY.SUBKEY = VALUE */
        SHAPE_ACTION, /* does something and holds nothing */
} ValueShape;

struct ValueType {
        const char *expected; /* the form of a value, for messages: "expected %s" */
        ValueShape shape;
        size_t size;        /* of a scalar without `clear`: cleared by copying the default */
        bool refuses_empty; /* an empty value is an error, not the default */

        /* For a prefix key: is there such a subkey (not empty)? Nothing else is asked about others. */
        bool (*knows)(const char *subkey);

        /* `field` lies in a Config; `value` is not empty. Return: 0; -EINVAL or -ERANGE, with or
         * without a sentence in *reterr; -ENOMEM. */
        int (*parse)(void *field, const KeyRef *key, const char *value, Error *reterr);

        /* The getter's text. Errors of `out` are the caller's to check. Return: 0, -ENOENT (there is
         * no such thing in this Config). */
        int (*print)(const void *field, const KeyRef *key, FILE *out);

        /* What a file needs, where the getter's text says less; NULL: print. */
        int (*write)(const void *field, const KeyRef *key, FILE *out);

        /* Back to the default. Cannot fail; also frees. NULL: see size. */
        void (*clear)(void *field, const KeyRef *key);
};

/* The field of a row. */
static inline void *value_field(Config *config, const ConfigKey *row)
{
        return (char *) config + row->offset;
}

static inline const void *value_field_const(const Config *config, const ConfigKey *row)
{
        return (const char *) config + row->offset;
}

void value_clear(Config *config, const KeyRef *key);

/* "NAME.SUBKEY = VALUE" and a newline (subkey NULL: "NAME = VALUE"); the value in quotes where the
 * parser would else strip something of it. */
void value_write_line(FILE *out, const char *name, const char *subkey, const char *value);

/* value-scalar.c */
extern const ValueType type_bool;
extern const ValueType type_hook_version;
extern const ValueType type_uint;
extern const ValueType type_id;
extern const ValueType type_seconds;
extern const ValueType type_integer;
extern const ValueType type_log_level;

/* value-text.c */
extern const ValueType type_text;
extern const ValueType type_host_name;
extern const ValueType type_fstab;
extern const ValueType type_device_directory;
extern const ValueType type_cgroup_directory;
extern const ValueType type_cgroup_leaf;
extern const ValueType type_syslog;
extern const ValueType type_unix_address;
extern const ValueType type_architecture;

/* value-size.c */
extern const ValueType type_bytes;
extern const ValueType type_buffer_size;
extern const ValueType type_time_offset;

/* value-list.c */
extern const ValueType type_lines;
extern const ValueType type_words;
extern const ValueType type_environment;
extern const ValueType type_groups;
extern const ValueType type_hooks_all;
extern const ValueType type_include;

/* print and clear of a field char **. */
int value_list_print(const void *field, const KeyRef *key, FILE *out);
void value_list_clear(void *field, const KeyRef *key);
/* print and clear of a field char *. */
int value_text_print(const void *field, const KeyRef *key, FILE *out);
void value_text_clear(void *field, const KeyRef *key);

/* value-mount.c */
extern const ValueType type_mount_entry;
extern const ValueType type_mount_auto;
extern const ValueType type_rootfs_path;

/* The legacy key lxc.rootfs.backend; "" forgets it. Return: 0, -EINVAL, -ENOMEM. */
int rootfs_set_backend(RootfsConfig *rootfs, const char *backend);

/* value-signal.c, value-capability.c, value-idmap.c, value-namespace.c */
extern const ValueType type_signal;
extern const ValueType type_cap_drop;
extern const ValueType type_cap_keep;
extern const ValueType type_idmap;
extern const ValueType type_namespaces;
extern const ValueType type_namespace_share;

/* value-pairs.c */
extern const ValueType type_cgroup_files;
extern const ValueType type_prlimit;
extern const ValueType type_sysctl;
extern const ValueType type_proc;

/* value-net.c */
extern const ValueType type_net;
