/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sets of namespaces by name, and the namespaces to be shared with another. */

#include "base/strv.h"
#include "config/value.h"

static int namespace_from_name(const char *name)
{
        for (int i = 0; i < _NAMESPACE_TYPE_MAX; i++)
                if (streq(namespace_type_name((NamespaceType) i), name))
                        return i;
        return -EINVAL;
}

static int namespaces_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        _cleanup_(strv_free_p) char **words = NULL;
        unsigned set = 0;

        if (strv_split(&words, value, " \t") < 0)
                return -ENOMEM;
        strv_foreach(word, words) {
                int type = namespace_from_name(*word);

                if (type < 0)
                        return error_code(reterr, 0, EINVAL,
                                          "Unknown namespace '%s', expected user, mnt, pid, uts, "
                                          "ipc, net, cgroup or time",
                                          *word);
                set |= 1U << type;
        }
        *(unsigned *) field |= set;
        return 0;
}

static int namespaces_print(const void *field, const KeyRef *key, FILE *out)
{
        for (int i = 0; i < _NAMESPACE_TYPE_MAX; i++)
                if (*(const unsigned *) field & 1U << i)
                        (void) fprintf(out, "%s\n", namespace_type_name((NamespaceType) i));
        return 0;
}

static void namespaces_clear(void *field, const KeyRef *key)
{
        *(unsigned *) field = 0;
}

const ValueType type_namespaces = {
        .expected = "words of user, mnt, pid, uts, ipc, net, cgroup, time",
        .shape = SHAPE_LIST,
        .parse = namespaces_parse,
        .print = namespaces_print,
        .clear = namespaces_clear,
};

static bool namespace_is_known(const char *name)
{
        return namespace_from_name(name) >= 0;
}

static int share_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        int type = namespace_from_name(key->subkey);
        char **share = field;

        return string_set(&share[type], value);
}

static int share_print(const void *field, const KeyRef *key, FILE *out)
{
        char *const *share = field;

        if (*key->subkey) {
                int type = namespace_from_name(key->subkey);

                if (share[type])
                        (void) fputs(share[type], out);
                return 0;
        }
        for (int type = 0; type < _NAMESPACE_TYPE_MAX; type++)
                if (share[type])
                        value_write_line(out, key->row->name,
                                         namespace_type_name((NamespaceType) type), share[type]);
        return 0;
}

static void share_clear(void *field, const KeyRef *key)
{
        char **share = field;

        for (int type = 0; type < _NAMESPACE_TYPE_MAX; type++) {
                if (*key->subkey && !streq(key->subkey, namespace_type_name((NamespaceType) type)))
                        continue;
                free(share[type]);
                share[type] = NULL;
        }
}

const ValueType type_namespace_share = {
        .expected = "a pid, the name of a container, or the path of a namespace",
        .shape = SHAPE_FAMILY,
        .knows = namespace_is_known,
        .parse = share_parse,
        .print = share_print,
        .clear = share_clear,
};
